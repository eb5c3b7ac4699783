//! Reclamation by the clock: what was superseded at time `dead` is freed when every slot is at `dead` or later.
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
//! the loop comes to it in its next round, so a chain of a million variables needs no deep stack.
//! *Threads.* One that exits works off what it can and hands the rest over to whoever reclaims next.
//! **Checked by** tests/loom_reclaim.rs.

use std::collections::VecDeque;
use std::ptr::NonNull;

use tx_runtime::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::engine::Inner;
use crate::node::{Header, VTable};
use crate::pool::Pool;
use crate::tvar::{self, Core};

/// Work the limbo off when it has grown by this many entries ...
const BATCH: usize = if cfg!(any(loom, miri)) { 2 } else { 64 };
/// ... or by this many bytes of nodes.
const BATCH_BYTES: usize = 1 << 20;
/// Room for this many entries is kept when there are few.
const KEEP: usize = 4096;

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

/// What one thread has to free.
pub(crate) struct Limbo {
    dead: VecDeque<(u64, Garbage)>,
    /// Without a time yet.
    undated: Vec<Garbage>,
    bytes: usize,
    /// What the engine knows of `bytes`.
    told: usize,
    next_at: usize,
    next_at_bytes: usize,
}

impl Limbo {
    pub(crate) const fn new() -> Self {
        Self {
            dead: VecDeque::new(),
            undated: Vec::new(),
            bytes: 0,
            told: 0,
            next_at: BATCH,
            next_at_bytes: BATCH_BYTES,
        }
    }

    fn len(&self) -> usize {
        self.dead.len() + self.undated.len()
    }

    /// A version that the commit at `time` replaced.
    pub(crate) fn superseded(&mut self, time: u64, node: NonNull<Header>, table: &'static VTable) {
        debug_assert!(self.dead.back().is_none_or(|(last, _)| *last <= time), "times decrease");
        self.bytes += table.bytes();
        self.dead.push_back((time, Garbage::Node(node, table)));
    }

    /// A variable whose last handle is gone.
    pub(crate) fn bury(&mut self, core: NonNull<Core>) {
        self.bytes += size_of::<Core>();
        self.undated.push(Garbage::Core(core));
    }

    /// What can go as soon as somebody has time for it.
    pub(crate) fn add_undated(&mut self, garbage: impl Iterator<Item = Garbage>) {
        for garbage in garbage {
            self.bytes += garbage.bytes();
            self.undated.push(garbage);
        }
        // At the next opportunity.
        self.next_at = 0;
    }

    pub(crate) fn into_garbage(self) -> impl Iterator<Item = Garbage> {
        self.dead.into_iter().map(|(_, garbage)| garbage).chain(self.undated)
    }

    /// Take over what somebody left. Its times may lie before ours, so it is dated anew: later is safe.
    fn adopt(&mut self, other: Limbo) {
        self.bytes += other.bytes;
        self.told += other.told;
        self.undated.extend(other.into_garbage());
    }

    /// Whether it has grown enough to be worth a scan.
    pub(crate) fn is_due(&self) -> bool {
        self.len() >= self.next_at || self.bytes >= self.next_at_bytes
    }

    /// Free what may be freed now and needs no destructor; move the rest of it, whose destructors are user code,
    /// into `free`.
    pub(crate) fn ripe(&mut self, inner: &Inner, pool: &mut Pool, free: &mut Vec<Garbage>) {
        while let Some(left) = inner.orphans.take() {
            self.adopt(left);
        }
        if !self.undated.is_empty() {
            // ORDER: SeqCst, before the fence F of `horizon`: see the head of slots.rs.
            let time = inner.clock.0.fetch_add(1, Ordering::SeqCst) + 1;
            self.dead.extend(self.undated.drain(..).map(|garbage| (time, garbage)));
        }
        if !self.dead.is_empty() {
            let horizon = inner.slots.horizon(inner);
            // Their times do not decrease (R2).
            let ripe = self.dead.partition_point(|(time, _)| *time <= horizon);
            let mut bytes = 0;
            for (_, garbage) in self.dead.drain(..ripe) {
                bytes += garbage.bytes();
                match garbage {
                    // SAFETY: no slot protects it any more, and nothing runs when it goes.
                    Garbage::Node(node, table) if table.is_plain() => unsafe {
                        crate::node::free_plain(node, table, pool);
                    },
                    garbage => free.push(garbage),
                }
            }
            self.bytes -= bytes;
            // What a long snapshot, or a thread that lost its processor in a transaction, made of it.
            if self.dead.capacity() > KEEP && self.dead.len() < self.dead.capacity() / 8 {
                self.dead.shrink_to(KEEP.max(2 * self.dead.len()));
            }
        }
        if self.told != self.bytes {
            inner.limbo_changed(self.told, self.bytes);
            self.told = self.bytes;
        }
        // What a long snapshot holds back is not scanned for again at every commit.
        self.next_at = self.len() + BATCH;
        self.next_at_bytes = self.bytes + BATCH_BYTES;
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
        if limbo.len() == 0 {
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
