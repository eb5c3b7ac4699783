//! The helper threads: started by the first run that can use them, lent to one run at a time.
//!
//! A helper that has ended its loop waits in the lounge for the next, for a while; a thread is woken only where nobody waits. Either is
//! a call, which is called off where the helper does not come in time: it may still be waking up, or have lost its core to somebody else.
//!
//! **Invariants** H1: `busy` is held by at most one run, and only it touches the roster. H2: a helper looks at a run only
//! while it holds an index of it, and the run is not over before all indices have been given back, so run and work
//! outlive every look. H3: who enlists a helper calls it; who answers gives the index back, whether the loop returns or panics, and so does
//! who calls off. H4: the message of a call is an index handed to a helper that waits, or a job.
//! **Orderings** `Shared::run` is stored before any index is called and read by holders of one: the call orders the two.
//! **Progress** is the roster's: the caller sleeps there.
//! **Why not rayon's scope**, which would need no `unsafe`: its end is a lock and a condition variable, on which the caller
//! slept for some 40 µs a run although its helpers had ended, and its jobs cannot wait for the next run.

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::Shortage;
use super::crew::{Crew, Mates};
use super::patience::Patience;
use super::seat::Seat;
use crate::park::Mutex;
use crate::slots::{Calls, Lounge, Recruit, Roster};

type Work<'w> = dyn Fn(&Crew<'_>, usize) + Sync + 'w;

/// The helpers of a pool, there or not yet.
pub(super) struct Team {
    threads: usize,
    /// The process that may use them.
    pid: u32,
    busy: AtomicBool,
    helpers: OnceLock<Helpers>,
}

impl Team {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, pid: std::process::id(), busy: AtomicBool::new(false), helpers: OnceLock::new() }
    }

    pub(super) fn shortage(&self) -> Option<&Shortage> {
        self.helpers.get()?.shortage.as_ref()
    }

    /// Run `work` with helpers; `false`, and nothing done, where it has to run on its caller alone.
    pub(super) fn run(&self, work: &Work<'_>) -> bool {
        // A budget of 1 is out before anything shared is touched.
        if self.threads == 1 || rayon::current_thread_index().is_some() || std::process::id() != self.pid {
            return false;
        }
        // ORDER: Acquire, pairs with the Release in `Lent`: the roster is as the last run left it (H1).
        if self.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        let lent = Lent(&self.busy);
        let helpers = self.helpers.get_or_init(|| Helpers::start(self.threads));
        let Some(threads) = &helpers.threads else { return false };

        let run = Run {
            work,
            threads,
            shared: &helpers.shared,
            failed: AtomicBool::new(false),
            panic: Mutex::new(None),
        };
        run.lead();
        let panic = run.panic.lock().take();
        drop(lent);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        true
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        // After a fork the threads are not there: waiting for them would not end, so what is left of them is left alone.
        if std::process::id() != self.pid {
            std::mem::forget(self.helpers.take());
        }
    }
}

/// `busy`, held.
struct Lent<'a>(&'a AtomicBool);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // ORDER: Release, pairs with the Acquire in `Team::run`.
        self.0.store(false, Ordering::Release);
    }
}

struct Helpers {
    /// `None` if not one could be started.
    threads: Option<Threads>,
    shortage: Option<Shortage>,
    shared: Arc<Shared>,
}

impl Helpers {
    /// Start `wanted - 1` threads, or as many as the system allows.
    fn start(wanted: usize) -> Self {
        let mut helpers = wanted - 1;
        let mut refusal = None;
        let threads = loop {
            if helpers == 0 {
                break None;
            }
            match Threads::start(helpers) {
                Ok(threads) => break Some(threads),
                Err((started, reason)) => {
                    // The next try asks for what was just possible, and for less if others have taken it meanwhile.
                    helpers = started.min(helpers - 1);
                    refusal = Some(reason);
                }
            }
        };
        let obtained = helpers + 1;
        let shortage = refusal.map(|reason| Shortage { wanted, obtained, reason });
        if let Some(shortage) = &shortage {
            // Not `eprintln!`, which panics where standard error is closed.
            let _ = writeln!(std::io::stderr(), "txarray: {shortage}");
        }
        Self { threads, shortage, shared: Arc::new(Shared::new(obtained)) }
    }
}

/// A rayon pool whose threads are waited for when it is dropped.
struct Threads {
    pool: ThreadPool,
    _handles: Handles,
}

impl Threads {
    /// All of `helpers` threads, or none: then how many the system allowed, and its words.
    fn start(helpers: usize) -> Result<Self, (usize, String)> {
        let mut handles = Handles(Vec::with_capacity(helpers));
        let built = ThreadPoolBuilder::new()
            .num_threads(helpers)
            .spawn_handler(|thread| {
                let name = format!("txarray-{}", thread.index() + 1);
                handles.0.push(thread::Builder::new().name(name).spawn(|| thread.run())?);
                Ok(())
            })
            .build();
        match built {
            // Fields are dropped in order: first the pool tells its threads to end, then they are waited for.
            Ok(pool) => Ok(Self { pool, _handles: handles }),
            // rayon has told those it had to end; they are waited for here, so that they do not count against the next try.
            Err(error) => Err((handles.0.len(), reason(&error))),
        }
    }
}

/// The system's words behind rayon's.
fn reason(error: &rayon::ThreadPoolBuildError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

struct Handles(Vec<JoinHandle<()>>);

impl Drop for Handles {
    fn drop(&mut self) {
        for handle in self.0.drain(..) {
            // A helper cannot panic outside a loop, and there it is caught; nothing is lost here.
            let _ = handle.join();
        }
    }
}

/// What helpers know beyond a run.
struct Shared {
    roster: Roster,
    lounge: Lounge,
    calls: Calls,
    /// Where its caller is.
    seat: Seat,
    /// The run that is under way, with its lifetime erased (H2).
    run: AtomicPtr<()>,
}

impl Shared {
    fn new(threads: usize) -> Self {
        Self {
            roster: Roster::new(threads),
            seat: Seat::new(),
            lounge: Lounge::new(threads),
            calls: Calls::new(threads),
            run: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// A helper's life: the loop that it was called for with `index`, and those that it is handed soon after; each unless it comes too
    /// late.
    fn attend(&self, mut index: usize) {
        loop {
            self.seat.give_way();
            if self.calls.answer(index) {
                // ORDER: Relaxed, see the module's head.
                let run = self.run.load(Ordering::Relaxed).cast::<Run<'_>>();
                // SAFETY: this thread holds `index`, so the run is not over (H2). The reference ends before the index is given
                // back.
                unsafe { (*run).labour(index) };
                self.roster.leave(index);
                self.seat.give_way();
            }
            let mut patience = Patience::default();
            match self.lounge.wait(|| patience.pause()) {
                Some(next) => index = next,
                None => return,
            }
        }
    }
}

/// One run.
struct Run<'w> {
    work: &'w Work<'w>,
    threads: &'w Threads,
    shared: &'w Arc<Shared>,
    failed: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// Helpers reach a run through a pointer, which does not ask.
const _: () = {
    const fn shared_between_threads<T: Sync>() {}
    shared_between_threads::<Run<'_>>();
};

impl Run<'_> {
    /// The caller's part: its own loop as often as index 0 is claimed, and waiting in between. Does not unwind; when it
    /// returns, nobody holds an index (H2).
    fn lead(&self) {
        let Shared { roster, run, .. } = &**self.shared;
        roster.begin();
        self.shared.seat.take();
        // ORDER: Relaxed, see the module's head.
        run.store(std::ptr::from_ref(self).cast_mut().cast(), Ordering::Relaxed);
        loop {
            self.labour(0);
            roster.leave(0);
            let mut patience = Patience::default();
            while !roster.has_news() && patience.pause() {}
            if !roster.wait_for_recall() {
                return;
            }
        }
    }

    /// One loop with `index`.
    fn labour(&self, index: usize) {
        // Unwind safety: the panic goes on from `run`, where the caller sees what it would see of a panic of its own.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.work)(&Crew::of(self), index))) {
            self.failed.store(true, Ordering::Relaxed);
            self.call_off();
            let mut first = self.panic.lock();
            match &*first {
                None => *first = Some(panic),
                // Not dropped: its destructor is foreign code, which could panic again before the worker has left.
                Some(_) => std::mem::forget(panic),
            }
        }
    }
}

impl Mates for Run<'_> {
    fn enlist(&self) -> bool {
        if self.has_failed() {
            return false;
        }
        match self.shared.roster.enlist() {
            None => return false,
            Some(Recruit::Caller) => {}
            Some(Recruit::Helper(index)) => {
                if self.shared.calls.call(index) && !self.shared.lounge.hand(index) {
                    let shared = Arc::clone(self.shared);
                    self.threads.pool.spawn(move || shared.attend(index));
                }
            }
        }
        true
    }

    fn call_off(&self) {
        for index in 1..self.threads() {
            if self.shared.calls.call_off(index) {
                self.shared.roster.leave(index);
            }
        }
    }

    fn threads(&self) -> usize {
        self.shared.roster.threads()
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}
