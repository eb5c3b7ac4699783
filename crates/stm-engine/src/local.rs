//! One thread's part in one engine: frames to run transactions in, its limbo, its pool.
//!
//! **Invariants** L1: no borrow of a field is held while user code runs. L2: a frame is owned by the list here,
//! by a transaction that runs on this thread, or by a `Prepared`.
//!
//! Reached through a thread-local, so that transactions need no handle. While and after that is torn down (a
//! destructor of another thread-local may still use variables) a part made for the occasion does the same work.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::ptr::NonNull;
use std::rc::Rc;

#[cfg(not(loom))]
use crate::engine::Engine;
use crate::engine::EngineRef;
use crate::frame::{Frame, Reading};
use crate::hooks::Hooks;
use crate::mutant::mutant;
use crate::open;
use crate::pool::Pool;
use crate::reclaim::{Garbage, Limbo, Thorough};
use crate::tvar::{self, Core};

/// Frames kept per thread; more are needed only by destructors that start transactions.
const FRAMES: usize = 4;

pub(crate) struct Local {
    // Before `engine`: a frame gives its slot back when it is dropped.
    #[expect(clippy::vec_box, reason = "a frame moves once per transaction; its box is one word")]
    frames: RefCell<Vec<Box<Frame>>>,
    /// The one that is used over and over.
    spare: Cell<Option<Box<Frame>>>,
    pub(crate) limbo: RefCell<Limbo>,
    pub(crate) pool: RefCell<Pool>,
    reclaiming: Cell<bool>,
    random: Cell<u64>,
    /// When the last transaction of this thread took effect.
    #[cfg(feature = "faults")]
    pub(crate) committed: Cell<u64>,
    /// What prepared transactions that were dropped inside an open one have left to be called.
    deferred: RefCell<Vec<Hooks>>,
    pub(crate) engine: EngineRef,
}

impl Local {
    fn new(engine: &EngineRef) -> Self {
        engine.join();
        Self {
            frames: RefCell::default(),
            spare: Cell::new(None),
            limbo: RefCell::new(Limbo::new()),
            pool: RefCell::default(),
            reclaiming: Cell::new(false),
            random: Cell::new(0x9E37_79B9_7F4A_7C15),
            #[cfg(feature = "faults")]
            committed: Cell::new(0),
            deferred: RefCell::default(),
            engine: engine.clone(),
        }
    }

    /// A frame to run one transaction in.
    #[inline]
    pub(crate) fn lease(&self) -> Lease<'_> {
        Lease { local: self, frame: Some(self.spare.take().unwrap_or_else(|| self.another_frame())) }
    }

    #[cold]
    fn another_frame(&self) -> Box<Frame> {
        let frame = self.frames.borrow_mut().pop();
        frame.unwrap_or_else(|| Box::new(Frame::new(&self.engine)))
    }

    /// Keep a frame that is not in use, or give its slot back.
    #[inline]
    pub(crate) fn give_back(&self, frame: Box<Frame>) {
        if let Some(other) = self.spare.replace(Some(frame)) {
            self.keep(other);
        }
    }

    #[cold]
    fn keep(&self, frame: Box<Frame>) {
        let mut frames = self.frames.borrow_mut();
        if frames.len() < FRAMES {
            frames.push(frame);
        }
    }

    /// Free what nobody can read any more, if enough has come together. User code runs.
    #[inline]
    pub(crate) fn tidy(&self) {
        if self.limbo.borrow().is_due() && !open::is_open() {
            self.work_off(Thorough::No);
        }
    }

    /// Free what nobody can read any more, also what is held back for transactions that have not begun. User code runs.
    #[cold]
    pub(crate) fn reclaim(&self) {
        self.work_off(Thorough::Yes);
    }

    #[inline(never)]
    fn work_off(&self, thorough: Thorough) {
        if self.reclaiming.replace(true) {
            // A destructor below us on the stack: its garbage joins the limbo, and the loop comes to it.
            return;
        }
        let mut free = Vec::new();
        loop {
            while let Some(hooks) = { self.deferred.borrow_mut().pop() } {
                hooks.rolled_back();
            }
            self.rest();
            self.limbo.borrow_mut().ripe(&self.engine, thorough, &mut self.pool.borrow_mut(), &mut free);
            if free.is_empty() {
                break;
            }
            // SAFETY: `ripe` moved here what no slot protects.
            open::suspended(|| free.drain(..).for_each(|garbage| unsafe { garbage.destroy(&self.pool) }));
        }
        self.reclaiming.set(false);
    }

    /// Hold nothing back for transactions of this thread that have not begun.
    fn rest(&self) {
        self.frames.borrow().iter().for_each(|frame| frame.rest());
        let spare = self.spare.take();
        spare.iter().for_each(|frame| frame.rest());
        self.spare.set(spare);
    }

    /// See to what an attempt has left when no transaction is open any more: its hooks, and versions that nobody else has
    /// seen.
    pub(crate) fn defer(&self, hooks: Hooks, garbage: impl Iterator<Item = Garbage>) {
        if !hooks.is_empty() {
            self.deferred.borrow_mut().push(hooks);
        }
        self.limbo.borrow_mut().add_undated(garbage);
    }

    /// Free at once what only this thread has ever seen. User code runs, and may start transactions.
    pub(crate) fn discard(&self, garbage: impl Iterator<Item = Garbage>) {
        open::suspended(|| {
            for garbage in garbage {
                // SAFETY: never published.
                unsafe { garbage.destroy(&self.pool) };
            }
        });
    }

    /// A random number below `bound`, for pacing only (xorshift, Marsaglia 2003).
    pub(crate) fn random(&self, bound: u64) -> u64 {
        let mut x = self.random.get() ^ (std::ptr::from_ref(self).addr() as u64);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        x % bound.max(1)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.engine.leave();
        // Before anybody is told to look again: what others free must not wait for frames that are about to go.
        self.rest();
        for hooks in std::mem::take(&mut *self.deferred.borrow_mut()) {
            hooks.rolled_back();
        }
        let limbo = std::mem::replace(&mut *self.limbo.borrow_mut(), Limbo::new());
        if mutant!(self.engine, ExitFreesLimbo) {
            for garbage in limbo.into_garbage() {
                // SAFETY: none; this is a mistake for the model to find.
                unsafe { garbage.destroy(&self.pool) };
            }
            return;
        }
        self.engine.orphans.push(&self.engine, limbo);
        drain(self);
    }
}

/// Work off what is on the stack of orphans, by means of a part that is about to go.
///
/// Whatever the destructors throw away meanwhile goes to that stack (there is no thread-local any more, or it
/// leads to another part), and the loop in `reclaim` comes to it: a long chain needs no deep stack.
fn drain(local: &Local) {
    let orphans = &local.engine.orphans;
    // Destructors wait for the end of a transaction that is open on this thread.
    if open::is_open() || !orphans.start_draining() {
        return;
    }
    loop {
        local.reclaim();
        let rest = std::mem::replace(&mut *local.limbo.borrow_mut(), Limbo::new());
        orphans.push(&local.engine, rest);
        if orphans.stop_draining() {
            return;
        }
    }
}

/// A frame in use; it goes back to its thread's list.
pub(crate) struct Lease<'a> {
    local: &'a Local,
    frame: Option<Box<Frame>>,
}

impl Lease<'_> {
    /// Take the frame away for good.
    pub(crate) fn into_frame(mut self) -> Box<Frame> {
        self.frame.take().expect("a lease holds a frame until it ends")
    }

    /// Publish the slot, for reads that belong to no transaction.
    pub(crate) fn reading<'a>(&'a self, engine: &'a EngineRef) -> Reading<'a> {
        Reading::begin(self, engine)
    }
}

impl Deref for Lease<'_> {
    type Target = Frame;
    #[inline(always)]
    fn deref(&self) -> &Frame {
        self.frame.as_deref().expect("a lease holds a frame until it ends")
    }
}

impl Drop for Lease<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            frame.give_token_back(&self.local.engine);
            frame.reset();
            self.local.give_back(frame);
        }
    }
}

#[derive(Default)]
struct Parts {
    list: RefCell<Vec<Rc<Local>>>,
}

tx_runtime::sync::thread_local! {
    static PARTS: Parts = Parts::default();
}

impl Parts {
    fn find(&self, engine: &EngineRef) -> Option<Rc<Local>> {
        self.list.borrow().iter().find(|local| local.engine.same(engine)).cloned()
    }

    #[cold]
    fn join(&self, engine: &EngineRef) -> Rc<Local> {
        self.forget_the_dead();
        // Destructors may have come here before us.
        if let Some(local) = self.find(engine) {
            return local;
        }
        let local = Rc::new(Local::new(engine));
        self.list.borrow_mut().push(Rc::clone(&local));
        local
    }

    /// Leave the engines that nobody else uses, so that a thread that meets many keeps few.
    fn forget_the_dead(&self) {
        // Destructors wait for the end of a transaction that is open on this thread.
        if open::is_open() {
            return;
        }
        let all: Vec<_> = self.list.borrow().iter().filter(|l| !l.engine.is_immortal()).cloned().collect();
        for local in &all {
            local.reclaim();
        }
        drop(all);
        let mut dead = Vec::new();
        self.list.borrow_mut().retain(|local| {
            let keep = local.engine.is_in_use() || Rc::strong_count(local) > 1;
            if !keep {
                dead.push(Rc::clone(local));
            }
            keep
        });
        // User code may run here; the list is free.
        drop(dead);
    }
}

// This thread's part in the default engine, which most programs use alone: found without a search or a count.
#[cfg(not(loom))]
tx_runtime::sync::thread_local! {
    static HOME: Local = Local::new(&Engine::global().inner);
}

/// This thread's part in an engine, in use.
pub(crate) struct Part {
    local: NonNull<Local>,
    /// Keeps it alive, where it is not that of the thread-local.
    _shared: Option<Rc<Local>>,
}

impl Deref for Part {
    type Target = Local;

    #[inline(always)]
    fn deref(&self) -> &Local {
        // SAFETY: kept alive by `_shared`, or in a thread-local. That is destroyed when nothing of its thread is on the stack
        // any more but the destructors of thread-locals, one after the other; a `Part` cannot leave its thread (it holds a
        // pointer), is dropped by whoever made it, and none is made of a `HOME` that is being destroyed.
        unsafe { self.local.as_ref() }
    }
}

/// This thread's part in the engine.
#[inline]
pub(crate) fn of(engine: &EngineRef) -> Part {
    #[cfg(not(loom))]
    if engine.is_immortal()
        && let Ok(home) = HOME.try_with(|home| Part { local: NonNull::from(home), _shared: None })
    {
        return home;
    }
    let shared = shared(engine);
    Part { local: NonNull::from(&*shared), _shared: Some(shared) }
}

#[inline(never)]
fn shared(engine: &EngineRef) -> Rc<Local> {
    PARTS
        .try_with(|parts| parts.find(engine).unwrap_or_else(|| parts.join(engine)))
        .unwrap_or_else(|_| Rc::new(Local::new(engine)))
}

/// Call `f` with this thread's part in the engine.
#[inline]
pub(crate) fn with<R>(engine: &EngineRef, f: impl FnOnce(&Local) -> R) -> R {
    f(&of(engine))
}

/// The last handle of a variable is gone.
pub(crate) fn bury(core: NonNull<Core>) {
    // SAFETY: freed by nobody before it went through a limbo, which is the last thing that happens here.
    let engine = &unsafe { core.as_ref() }.engine;
    if mutant!(engine, DropFreesCore) {
        // SAFETY: none; this is a mistake for the model to find.
        return with(&engine.clone(), |local| unsafe { tvar::destroy(core, &local.pool) });
    }
    #[cfg(not(loom))]
    if engine.is_immortal() {
        let buried = HOME.try_with(|local| {
            local.limbo.borrow_mut().bury(core);
            local.tidy();
        });
        if buried.is_ok() {
            return;
        }
    }
    match PARTS.try_with(|parts| parts.find(engine).unwrap_or_else(|| parts.join(engine))) {
        Ok(local) => {
            local.limbo.borrow_mut().bury(core);
            local.tidy();
        }
        Err(_) => {
            let local = Local::new(engine);
            let mut limbo = Limbo::new();
            limbo.bury(core);
            local.engine.orphans.push(&local.engine, limbo);
            drain(&local);
        }
    }
}
