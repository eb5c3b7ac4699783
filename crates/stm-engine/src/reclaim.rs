//! Reclamation by the clock: what was superseded at time `dead` is freed when no slot protects a time before `dead`.
//!
//! **Invariants** R1: an entry of `dead` was unreachable for snapshots at or after its time when it was queued.
//! R2: the times of one limbo do not decrease. R3: no user code runs while a limbo is borrowed.
//!
//! *Versions.* The commit at `wv` replaces a version that was current until then: a transaction reading at
//! `rv < wv` may need it, and its slot says so. *Variables.* A core whose last handle is gone has no time of its
//! own; it gets one when the limbo is next worked off (later is always safe), from a tick of the clock: the slot
//! of every transaction that met a handle was published before that tick, with an older time.
//!
//! *Chains.* Dropping a value may drop the last handle of another variable. That one only joins the limbo, and
//! the loop comes to it in its next round (`local.rs`), so a chain of a million variables needs no deep stack.
//! *Threads.* One that exits works off what it can and hands the rest over to whoever reclaims next.
//! **Checked by** tests/loom_reclaim.rs.

use std::collections::VecDeque;
use std::ptr::NonNull;

use tx_runtime::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::engine::Inner;
use crate::node::{Header, VTable};
use crate::pool::Pool;
use crate::tvar::{self, Core};

/// Work the limbo off when it has grown by this many entries, or fewer heavy ones.
const BATCH: isize = if cfg!(any(loom, miri)) { 2 } else { 64 };
/// So many bytes of a node weigh as much as an entry: 1 MiB is a batch.
pub(crate) const BYTES_PER_ENTRY: usize = 1 << 14;
/// When more than this is held back, slots that linger are evicted ...
const EVICT: usize = 256;
const EVICT_BYTES: usize = 4 << 20;
/// ... and when the same is held back at so many scans: it may be the first link of a long chain.
const EVICT_SCANS: u32 = 4;
/// Room for this many entries is kept when there are few.
const KEEP: usize = 4096;

/// Whether whatever is held back is worth interrupting other threads for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thorough {
    Yes,
    No,
}

/// Something that nobody new can reach.
pub(crate) enum Garbage {
    Node(NonNull<Header>, &'static VTable),
    Core(NonNull<Core>),
}

impl Garbage {
    fn bytes(&self) -> usize {
        match self {
            Self::Node(_, table) => table.bytes(),
            Self::Core(_) => size_of::<Core>(),
        }
    }

    /// Drop it. User code runs; its panics end here.
    ///
    /// # Safety
    /// No transaction can read it any more.
    pub(crate) unsafe fn destroy(self, pool: &std::cell::RefCell<Pool>) {
        match self {
            // SAFETY: the caller's promise.
            Self::Node(node, table) => unsafe {
                crate::node::destroy(node.as_ptr(), table, |memory, layout| {
                    pool.borrow_mut().free(memory, layout)
                });
            },
            // SAFETY: the caller's promise.
            Self::Core(core) => unsafe { tvar::destroy(core, pool) },
        }
    }
}

/// A version that nobody new can reach since a time.
struct Superseded {
    time: u64,
    node: NonNull<Header>,
    table: &'static VTable,
}

/// What one thread has to free.
pub(crate) struct Limbo {
    /// Since the last scan. Most is freed by the next one, straight from here.
    fresh: Vec<Superseded>,
    /// What a scan has left, all of it before `fresh`.
    dead: VecDeque<(u64, Garbage)>,
    /// Without a time yet.
    undated: Vec<Garbage>,
    /// Of all but `fresh`.
    bytes: usize,
    /// What the engine knows of that.
    told: usize,
    /// The oldest of `dead` after the last scan, and at how many it was.
    oldest: (u64, u32),
    /// How much more may come before the next scan, by [`VTable::weight`].
    room: isize,
}

impl Limbo {
    pub(crate) const fn new() -> Self {
        Self {
            fresh: Vec::new(),
            dead: VecDeque::new(),
            undated: Vec::new(),
            bytes: 0,
            told: 0,
            oldest: (0, 0),
            room: BATCH,
        }
    }

    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.dead.is_empty() && self.undated.is_empty()
    }

    /// A version that the commit at `time` replaced.
    #[inline(always)]
    pub(crate) fn superseded(&mut self, time: u64, node: NonNull<Header>, table: &'static VTable) {
        debug_assert!(self.fresh.last().is_none_or(|last| last.time <= time), "times decrease");
        debug_assert!(self.dead.back().is_none_or(|(last, _)| *last <= time), "times decrease");
        self.room -= table.weight();
        self.fresh.push(Superseded { time, node, table });
    }

    /// A variable whose last handle is gone.
    pub(crate) fn bury(&mut self, core: NonNull<Core>) {
        self.room -= 1;
        self.put_undated(Garbage::Core(core));
    }

    /// What can go as soon as somebody has time for it.
    pub(crate) fn add_undated(&mut self, garbage: impl Iterator<Item = Garbage>) {
        garbage.for_each(|garbage| self.put_undated(garbage));
        // At the next opportunity.
        self.room = 0;
    }

    fn put_undated(&mut self, garbage: Garbage) {
        self.bytes += garbage.bytes();
        self.undated.push(garbage);
    }

    pub(crate) fn into_garbage(self) -> impl Iterator<Item = Garbage> {
        let fresh = self.fresh.into_iter().map(|old| Garbage::Node(old.node, old.table));
        self.dead.into_iter().map(|(_, garbage)| garbage).chain(fresh).chain(self.undated)
    }

    /// Take over what somebody left. Its times may lie before ours, so it is dated anew: later is safe.
    fn adopt(&mut self, other: Limbo) {
        self.told += other.told;
        other.into_garbage().for_each(|garbage| self.put_undated(garbage));
    }

    /// Whether it has grown enough to be worth a scan.
    #[inline(always)]
    pub(crate) fn is_due(&self) -> bool {
        self.room <= 0
    }

    /// Free what may be freed now and needs no destructor; move the rest of it, whose destructors are user code,
    /// into `free`.
    pub(crate) fn ripe(
        &mut self,
        inner: &Inner,
        thorough: Thorough,
        pool: &mut Pool,
        free: &mut Vec<Garbage>,
    ) {
        while let Some(left) = inner.orphans.take() {
            self.adopt(left);
        }
        // ORDER: SeqCst, before the fence F of `horizon`: see the head of slots.rs.
        let tick = || inner.clock.0.fetch_add(1, Ordering::SeqCst) + 1;
        let now = if self.undated.is_empty() { None } else { Some(tick()) };
        if !self.is_empty() {
            let horizon = inner.slots.horizon(inner);
            self.free_until(horizon, now, pool, free);
            if self.is_held_back(thorough)
                // Where nobody was to be evicted, somebody else may just have seen to it.
                && (inner.slots.evict(inner, self.oldest.0) || thorough == Thorough::Yes)
            {
                self.free_until(inner.slots.horizon(inner), None, pool, free);
            }
            // What a long snapshot, or a thread that lost its processor in a transaction, made of it.
            if self.dead.capacity() > KEEP && self.dead.len() < self.dead.capacity() / 8 {
                self.dead.shrink_to(KEEP.max(2 * self.dead.len()));
            }
            // And what a transaction of many writes did.
            if self.fresh.capacity() > KEEP {
                self.fresh.shrink_to(KEEP);
            }
        }
        if self.told != self.bytes {
            inner.limbo_changed(self.told, self.bytes);
            self.told = self.bytes;
        }
        // What a long snapshot holds back is not scanned for again at every commit.
        self.room = BATCH;
    }

    /// Whether what a scan has left is worth interrupting other threads for.
    fn is_held_back(&mut self, thorough: Thorough) -> bool {
        let Some((oldest, _)) = self.dead.front() else { return false };
        let scans = if self.oldest.0 == *oldest { self.oldest.1 + 1 } else { 1 };
        let worth = scans >= EVICT_SCANS || self.dead.len() >= EVICT || self.bytes >= EVICT_BYTES;
        self.oldest = (*oldest, if worth { 0 } else { scans });
        worth || thorough == Thorough::Yes
    }

    /// Free, as `ripe`, what died at or before `horizon`, and date the undated; the rest joins `dead`.
    fn free_until(&mut self, horizon: u64, now: Option<u64>, pool: &mut Pool, free: &mut Vec<Garbage>) {
        // Times do not decrease (R2), so what is ripe comes before what is not, in each of the three.
        while let Some((_, garbage)) = self.dead.pop_front_if(|(time, _)| *time <= horizon) {
            self.bytes -= garbage.bytes();
            release(garbage, pool, free);
        }
        for Superseded { time, node, table } in self.fresh.drain(..) {
            let garbage = Garbage::Node(node, table);
            if time <= horizon {
                release(garbage, pool, free);
            } else {
                self.bytes += garbage.bytes();
                self.dead.push_back((time, garbage));
            }
        }
        if let Some(now) = now {
            for garbage in self.undated.drain(..) {
                if now <= horizon {
                    self.bytes -= garbage.bytes();
                    release(garbage, pool, free);
                } else {
                    self.dead.push_back((now, garbage));
                }
            }
        }
    }
}

/// Free what no slot protects any more, or put it on the list of what has a destructor.
#[inline(always)]
fn release(garbage: Garbage, pool: &mut Pool, free: &mut Vec<Garbage>) {
    match garbage {
        // SAFETY: no slot protects it any more, and nothing runs when it goes.
        Garbage::Node(node, table) if table.is_plain() => unsafe {
            crate::node::free_plain(node, table, pool);
        },
        garbage => free.push(garbage),
    }
}

/// What exited threads left, as a stack: pushed one by one, taken one by one by the taker of the whole.
pub(crate) struct Orphans {
    head: AtomicPtr<Orphan>,
    /// Whether somebody who has no thread-local (any more) is working the stack off; see `local::drain`.
    drain: AtomicUsize,
}

const NOBODY: usize = 0;
const ONE: usize = 1;
/// Somebody is, and has been asked to look again before they stop.
const AGAIN: usize = 2;

struct Orphan {
    next: *mut Orphan,
    limbo: Limbo,
}

impl Orphans {
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(std::ptr::null_mut()), drain: AtomicUsize::new(NOBODY) }
    }

    pub(crate) fn push(&self, inner: &Inner, limbo: Limbo) {
        if limbo.is_empty() {
            return;
        }
        let orphan = Box::into_raw(Box::new(Orphan { next: std::ptr::null_mut(), limbo }));
        self.link(inner, orphan, orphan);
    }

    /// Put a chain of orphans back or in.
    fn link(&self, inner: &Inner, first: *mut Orphan, last: *mut Orphan) {
        inner.point();
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: ours until the exchange succeeds.
            unsafe { (*last).next = head };
            // ORDER: Release, pairs with the Acquire in `take`.
            match self.head.compare_exchange(head, first, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    fn take(&self) -> Option<Limbo> {
        // The common case costs a load of a line that nobody writes.
        if self.head.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // ORDER: Acquire, pairs with `link`. Taking all at once leaves no room for ABA.
        let first = self.head.swap(std::ptr::null_mut(), Ordering::Acquire);
        let mut all: Option<Limbo> = None;
        let mut next = first;
        while !next.is_null() {
            // SAFETY: pushed by `push`, and the whole stack is ours.
            let orphan = *unsafe { Box::from_raw(next) };
            next = orphan.next;
            all.get_or_insert_with(Limbo::new).adopt(orphan.limbo);
        }
        all
    }

    /// Claim the work on the stack for this thread. Where somebody, perhaps ourselves, is at it: false, and
    /// they will go over it once more.
    pub(crate) fn start_draining(&self) -> bool {
        let mut state = self.drain.load(Ordering::Relaxed);
        loop {
            let next = if state == NOBODY { ONE } else { AGAIN };
            // ORDER: Release, so that who sees AGAIN sees what was pushed before; Acquire, pairs with it.
            match self.drain.compare_exchange(state, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return state == NOBODY,
                Err(now) => state = now,
            }
        }
    }

    /// Whether the work is over; false when somebody pushed meanwhile and left it to us.
    pub(crate) fn stop_draining(&self) -> bool {
        // ORDER: as in `start_draining`.
        if self.drain.compare_exchange(ONE, NOBODY, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return true;
        }
        // Nobody but us leaves AGAIN.
        self.drain.swap(ONE, Ordering::AcqRel);
        false
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        // The engine dies: nobody runs a transaction, no handle is left.
        let pool = std::cell::RefCell::default();
        while let Some(limbo) = self.take() {
            for garbage in limbo.into_garbage() {
                // SAFETY: as above.
                unsafe { garbage.destroy(&pool) };
            }
        }
    }
}
