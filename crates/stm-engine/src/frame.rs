//! What a transaction runs in: a slot, a snapshot time, a mode and the logs. Reused from one to the next.
//!
//! **Invariants** F1: `slot` is claimed by this frame as long as it lives, and the engine outlives it. F2: the
//! logs are opened only around code that calls nobody. F3: `rv` is at or after the slot's time, and moves
//! forward only over a log whose every read was current at the new time. F4: a frame that is not in use has no token,
//! no level, no end of its time, and nothing asked of it.

mod rights;

pub(crate) use rights::Asked;

use std::cell::{Cell, UnsafeCell};
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Instant;

use tx_runtime::sync::atomic::Ordering;

use crate::commute::Operation;
use crate::engine::{EngineRef, Inner};
use crate::error::{Abort, Cause, Conflict, Reason};
use crate::local::Local;
use crate::logs::{Logs, Mark};
use crate::mutant::mutant;
use crate::node::{Header, LOCK, WAIT, is_locked, previous, strip, version, writer};
use crate::precedence::{self, Rights, Shown};
use crate::slots::{Slot, Stay};
use crate::stats::Count;
use crate::tvar::Core;
use crate::wait;

type Site = &'static Location<'static>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads are logged and current; writes are allowed.
    Update,
    /// Reads come from the versions of `rv`, logged no more; writes are refused.
    Snapshot,
    /// The attempt has lost: nothing is read or written any more, and it cannot commit.
    Doomed,
}

/// Why an attempt is doomed, with the label of the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It lost against another transaction.
    Conflict(Conflict),
    /// What a detached computation started from has been replaced.
    Moved(Conflict),
    /// It used a variable of another engine.
    Foreign(Option<&'static str>),
}

pub(crate) struct Frame {
    slot: NonNull<Slot>,
    stay: Stay,
    pub(crate) rv: Cell<u64>,
    /// `rv + 1` while nothing is written and reads are logged, else 0: one comparison for the common read.
    fast: Cell<u64>,
    pub(crate) mode: Cell<Mode>,
    /// Whether a read that is too new may turn the attempt into a snapshot.
    may_fall_back: Cell<bool>,
    /// Where the transaction starts.
    pub(crate) site: Cell<Option<Site>>,
    /// When the attempt began, while conflicts are recorded.
    started: Cell<Option<Instant>>,
    /// What the attempt may do that others may not.
    pub(crate) rights: Cell<Rights>,
    /// Where it has shown what it reads, on a level above 0.
    shown: Cell<Shown>,
    /// Whether the body has asked to become irrevocable.
    pub(crate) asked: Cell<Asked>,
    /// When the transaction's time is over.
    pub(crate) until: Cell<Option<Instant>>,
    /// Why the attempt is doomed, when it is.
    loss: Cell<Loss>,
    logs: UnsafeCell<Logs>,
}

// SAFETY: a frame that changes threads is owned by a `Prepared`, whose logs hold values that are Send and Sync.
unsafe impl Send for Frame {}

impl Frame {
    pub(crate) fn new(engine: &EngineRef) -> Self {
        let slot = engine.slots.claim();
        // SAFETY: slots live as long as the engine, which outlives us (F1).
        let bit = precedence::bit(unsafe { slot.as_ref() }.number);
        Self {
            slot,
            stay: Stay::default(),
            rv: Cell::new(0),
            fast: Cell::new(0),
            mode: Cell::new(Mode::Update),
            may_fall_back: Cell::new(true),
            site: Cell::new(None),
            started: Cell::new(None),
            rights: Cell::new(Rights { bit, ..Rights::default() }),
            shown: Cell::default(),
            asked: Cell::new(Asked::No),
            until: Cell::new(None),
            loss: Cell::new(Loss::Foreign(None)),
            logs: UnsafeCell::default(),
        }
    }

    #[inline(always)]
    pub(crate) fn slot(&self) -> &Slot {
        // SAFETY: slots live as long as the engine, which outlives us (F1).
        unsafe { self.slot.as_ref() }
    }

    #[inline(always)]
    pub(crate) fn count(&self, event: Count) {
        self.slot().counts.add(event);
    }

    /// Open the logs. `f` must not call user code or open them again.
    #[inline(always)]
    pub(crate) fn logs<R>(&self, f: impl FnOnce(&mut Logs) -> R) -> R {
        // SAFETY: one thread has the frame, and no two calls overlap (F2).
        f(unsafe { &mut *self.logs.get() })
    }

    /// Start an attempt at a new snapshot. Its rights have been set.
    #[inline(always)]
    pub(crate) fn begin(&self, inner: &Inner, may_fall_back: bool) {
        self.mode.set(Mode::Update);
        self.may_fall_back.set(may_fall_back);
        self.started.set(inner.record.is_on().then(Instant::now));
        let rv = self.slot().publish(inner, &self.stay);
        self.move_to(rv, true);
    }

    /// Read nothing more under the slot.
    #[inline(always)]
    pub(crate) fn idle(&self, inner: &Inner) {
        self.slot().idle(inner, &self.stay);
    }

    /// Let nothing be kept alive for the transactions to come; none is under way.
    pub(crate) fn rest(&self) {
        self.slot().rest(&self.stay);
    }

    /// Read at `rv` from now on.
    #[inline(always)]
    fn move_to(&self, rv: u64, nothing_written: bool) {
        self.rv.set(rv);
        // Who reads visibly has more to do at each read.
        self.fast.set(if nothing_written && !self.rights.get().visible { rv + 1 } else { 0 });
    }

    /// Give the attempt up.
    #[cold]
    pub(crate) fn doom(&self, loss: Loss) -> Abort {
        self.mode.set(Mode::Doomed);
        self.fast.set(0);
        self.loss.set(loss);
        Abort::new(Reason::Conflict)
    }

    /// Give the attempt up against another transaction.
    #[cold]
    pub(crate) fn lose(&self, conflict: Conflict) -> Abort {
        self.doom(Loss::Conflict(conflict))
    }

    /// Put a loss on the record, if one is kept.
    #[cold]
    pub(crate) fn record(&self, inner: &Inner, conflict: Conflict) {
        if let (Some(started), Some(site)) = (self.started.take(), self.site.get())
            && inner.record.is_on()
        {
            inner.record.add(site, conflict, started.elapsed());
        }
    }

    /// Why the attempt is doomed, if it is.
    #[inline(always)]
    pub(crate) fn loss(&self) -> Option<Loss> {
        (self.mode.get() == Mode::Doomed).then(|| self.loss.get())
    }

    /// The version of `core` that this attempt sees. It lives until the attempt ends.
    #[inline(always)]
    pub(crate) fn read(&self, local: &Local, core: &Core) -> Result<*mut Header, Abort> {
        match self.read_simply(local, core) {
            Some(head) => Ok(head),
            None => self.read_beside_writes(local, core),
        }
    }

    /// `read`, where nothing is written yet and the variable is at rest.
    #[inline(always)]
    pub(crate) fn read_simply(&self, local: &Local, core: &Core) -> Option<*mut Header> {
        // No version is below 0, which `fast` is where there is more to do than this: the test below would do for both. But
        // loom would explore every order of a load that decides nothing.
        #[cfg(loom)]
        if self.fast.get() == 0 {
            return None;
        }
        local.engine.point();
        // ORDER: Acquire, pairs with the publication in `commit`: who sees a node sees its content.
        let head = core.head.load(Ordering::Acquire);
        // SAFETY: an unlocked head is current; current after our slot was published, so alive.
        if head.addr() & (LOCK | WAIT) != 0 || unsafe { version(head) } >= self.fast.get() {
            return None;
        }
        // Current now and not newer than our snapshot: it is the version of the snapshot. A commit between would have
        // locked it before it ticked, and `rv` was read after that tick.
        self.logs(|logs| logs.read(NonNull::from(core), head));
        Some(head)
    }

    /// `read`, and whether the version is our own.
    #[inline(never)]
    pub(crate) fn read_to_write(&self, local: &Local, core: &Core) -> Result<(*mut Header, bool), Abort> {
        if self.mode.get() == Mode::Update
            && let Some((own, apply)) = self.own(core)
        {
            let own = apply.map_or(Ok(own.as_ptr()), |apply| self.resolve(local, core, (own, apply)))?;
            return Ok((own, true));
        }
        Ok((self.read_committed(&local.engine, core)?, false))
    }

    /// Our own version of `core`, and how it is applied if that is still to be done.
    #[inline]
    pub(crate) fn own(&self, core: &Core) -> Option<(NonNull<Header>, Option<&'static Operation>)> {
        self.logs(|logs| logs.written(NonNull::from(core)))
    }

    /// Turn a pending commutative write into an ordinary one: it is about to be read.
    #[cold]
    fn resolve(
        &self,
        local: &Local,
        core: &Core,
        pending: (NonNull<Header>, &Operation),
    ) -> Result<*mut Header, Abort> {
        let now = self.read_committed(&local.engine, core)?;
        // SAFETY: both nodes are alive and of the operation's type; the copy is ours alone.
        let node = unsafe {
            let node = pending.1.copy(pending.0, &mut local.pool.borrow_mut());
            pending.1.apply(node, now);
            node
        };
        self.write(core, node, None);
        Ok(node.as_ptr())
    }

    /// Undo every write since the mark.
    pub(crate) fn back_to(&self, inner: &Inner, mark: Mark) {
        let clean = self.logs(|logs| {
            logs.back_to(mark);
            #[cfg(any(loom, feature = "faults"))]
            if mutant!(inner, ForgetBranchReads) {
                logs.reads.truncate(mark.reads);
            }
            let _ = inner;
            logs.writes.is_empty()
        });
        if clean && self.mode.get() == Mode::Update {
            self.move_to(self.rv.get(), true);
        }
    }

    /// How many variables it has written.
    #[inline]
    pub(crate) fn writes(&self) -> usize {
        self.logs(|logs| logs.writes.len())
    }

    /// The same where something may have been written.
    fn read_beside_writes(&self, local: &Local, core: &Core) -> Result<*mut Header, Abort> {
        if self.mode.get() == Mode::Update {
            match self.own(core) {
                Some((own, None)) => return Ok(own.as_ptr()),
                Some((own, Some(apply))) => return self.resolve(local, core, (own, apply)),
                None => {}
            }
        }
        self.read_committed(&local.engine, core)
    }

    /// The committed version of `core` that this attempt sees, whatever it has written.
    #[inline]
    fn read_committed(&self, inner: &Inner, core: &Core) -> Result<*mut Header, Abort> {
        if self.mode.get() == Mode::Update {
            self.show(inner, core);
            inner.point();
            // ORDER: Acquire, as in `read`.
            let head = core.head.load(Ordering::Acquire);
            // SAFETY: as in `read`.
            if !is_locked(head) && unsafe { version(strip(head)) } <= self.rv.get() {
                self.logs(|logs| logs.read(NonNull::from(core), strip(head)));
                return Ok(strip(head));
            }
        }
        self.read_slowly(inner, core)
    }

    /// Make `node` this attempt's version of `core`, or what is to be applied to the version of then.
    pub(crate) fn write(&self, core: &Core, node: NonNull<Header>, apply: Option<&'static Operation>) {
        self.fast.set(0);
        self.logs(|logs| logs.write(NonNull::from(core), node, apply, core.table));
    }

    /// `write`, where nothing has been written to it yet.
    #[inline(always)]
    pub(crate) fn write_new(&self, core: &Core, node: NonNull<Header>, apply: Option<&'static Operation>) {
        self.fast.set(0);
        self.logs(|logs| logs.write_new(NonNull::from(core), node, apply));
    }

    #[cold]
    fn read_slowly(&self, inner: &Inner, core: &Core) -> Result<*mut Header, Abort> {
        let mut turn = 0;
        loop {
            match self.mode.get() {
                Mode::Doomed => return Err(Abort::new(Reason::Conflict)),
                Mode::Snapshot => return Ok(self.read_at_snapshot(inner, core)),
                Mode::Update => {}
            }
            inner.point();
            // ORDER: Acquire, as in `read`.
            let head = core.head.load(Ordering::Acquire);
            let node = strip(head);
            if is_locked(head) && !mutant!(inner, ReadUnderLock) {
                // Whoever has the lock gives way to the irrevocable, and to one that reads visibly or will not be long.
                let rights = self.rights.get();
                if turn >= wait::LOCK_TURNS && !rights.token && !rights.passes && rights.level == 0 {
                    return Err(self.lose(conflict(Cause::ReadLocked, core)));
                }
                wait::relax(&mut turn);
                continue;
            }
            // SAFETY: current after our slot was published, so alive.
            if unsafe { version(node) } <= self.rv.get() {
                self.logs(|logs| logs.read(NonNull::from(core), node));
                return Ok(node);
            }
            if self.extend(inner) {
                self.count(Count::Extensions);
                continue;
            }
            if self.may_fall_back.get() && self.logs(|logs| logs.writes.is_empty()) {
                self.count(Count::Fallbacks);
                self.mode.set(Mode::Snapshot);
                self.fast.set(0);
                continue;
            }
            return Err(self.lose(conflict(Cause::ReadTooNew, core)));
        }
    }

    /// Move the snapshot to now, if everything read so far is still current. The slot stays where it is:
    /// references into older versions may be out.
    fn extend(&self, inner: &Inner) -> bool {
        inner.point();
        // ORDER: Acquire, before the reads are looked at: a commit at or before `now` holds its locks by then.
        let now = inner.clock.0.load(Ordering::Acquire);
        // What the irrevocable has read, nobody replaces.
        let all = self.rights.get().token
            || mutant!(inner, ExtendBlindly)
            || self.logs(|logs| first_stale(inner, logs, false).is_none());
        if all {
            self.move_to(now, self.logs(|logs| logs.writes.is_empty()));
        }
        all
    }

    /// The version of `core` at `rv`. Waits while a committer has it, and never fails.
    pub(crate) fn read_at_snapshot(&self, inner: &Inner, core: &Core) -> *mut Header {
        let mut node = newest(inner, core);
        // SAFETY: current after our slot was published, so alive. Each step goes to the version that was
        // replaced at `version(node) > rv`, which is later than our slot: alive too. Version 0 ends the walk.
        unsafe {
            while version(node) > self.rv.get() && !mutant!(inner, NewestInSnapshot) {
                node = previous(node);
            }
        }
        node
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.rest();
        self.slot().release();
    }
}

/// A conflict on this variable, which a slot protects.
pub(crate) fn conflict(cause: Cause, core: &Core) -> Conflict {
    // ORDER: Acquire, as in `Frame::read`.
    let head = core.head.load(Ordering::Acquire);
    let winner = match cause {
        // SAFETY: an unlocked head is current; current after our slot was published, so alive.
        Cause::ReadTooNew | Cause::StaleRead if !is_locked(head) => unsafe { writer(strip(head)) },
        // Against somebody who is committing, or has not begun to.
        _ => None,
    };
    Conflict { cause, variable: core.label, winner }
}

/// The current version of a variable, waiting for a committer that has it. Protected by a published slot.
pub(crate) fn newest(inner: &Inner, core: &Core) -> *mut Header {
    let mut turn = 0;
    loop {
        inner.point();
        // ORDER: Acquire, as in `Frame::read`.
        let head = core.head.load(Ordering::Acquire);
        if !is_locked(head) || mutant!(inner, ReadUnderLock) {
            return strip(head);
        }
        // A committer never waits while it holds locks, so this ends as soon as it gets a processor.
        wait::relax(&mut turn);
    }
}

/// The first logged read that is not current any more. With `held`, our own locks are no obstacle.
///
/// A stranger's lock is one, whatever is under it: its owner may have ticked before the time we validate for.
pub(crate) fn first_stale(inner: &Inner, logs: &Logs, held: bool) -> Option<NonNull<Core>> {
    let stale = logs.reads.iter().find(|read| {
        inner.point();
        // SAFETY: cores met by this attempt live until its slot is idle.
        // ORDER: Acquire, as in `Frame::read`.
        let head = unsafe { read.core.as_ref() }.head.load(Ordering::Acquire);
        if head == read.node {
            return false;
        }
        strip(head) != read.node
            || (is_locked(head) && !(held && logs.owns(read.core)) && !mutant!(inner, TrustForeignLocks))
    });
    stale.map(|read| read.core)
}

/// A published slot for reads outside transactions; idle again when dropped, also by a panic.
pub(crate) struct Reading<'a> {
    frame: &'a Frame,
    inner: &'a Inner,
}

impl<'a> Reading<'a> {
    pub(crate) fn begin(frame: &'a Frame, inner: &'a Inner) -> Self {
        frame.begin(inner, false);
        Self { frame, inner }
    }

    /// The newest version, alive until this ends.
    pub(crate) fn newest(&self, core: &Core) -> *mut Header {
        newest(self.inner, core)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.frame.idle(self.inner);
    }
}
