//! Slots: where each running transaction says how old a version it may still read.
//!
//! **Invariants** S1: a slot holds `IDLE` or a time at or before the snapshot of the transaction that owns it.
//! S2: it moves forward or to `IDLE` only while no reference into a version is out.
//! S3: a chunk of slots, once linked, stays until the engine dies.
//!
//! **Why the scan is sound.** A reader publishes its slot, passes a sequentially consistent point P and reads
//! the clock (`rv`). A reclaimer has ticked or seen ticked the clock to `dead` for all that it holds, passes a
//! fence F and scans. If P comes before F in the one order of such points, the scan sees the slot (and the
//! chunk it is in). If F comes before P, the reader's `rv` is at least every `dead` the reclaimer holds, and a
//! reader with `rv >= dead` finds the newer version, never the dead one.
//!
//! **Orderings** P is an `xchg` (one locked instruction instead of a fence after a store; `clock` is then read
//! sequentially consistently too), and under loom, which treats such accesses as acquire-release, a real fence.
//! **Tried** F for both by `membarrier(2)`, P for nothing: 2 to 4 ns less for a transaction of one thread, but beside a second
//! thread each scan interrupts it, and a small transaction took 524 ns instead of 192.
//! `idle` (Release) pairs with the scan (Acquire): what was read under the slot happened before the free.
//! **Checked by** tests/loom_reclaim.rs.

use std::ptr::NonNull;

use tx_runtime::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

use crate::engine::Inner;
use crate::mutant::mutant;
use crate::stats::Counts;

/// No transaction runs under this slot.
pub(crate) const IDLE: u64 = u64::MAX;

const CHUNK: usize = if cfg!(any(loom, miri)) { 2 } else { 16 };

/// One transaction at a time publishes here. On lines of its own: the owner writes it at every transaction.
#[repr(C, align(128))]
pub(crate) struct Slot {
    since: AtomicU64,
    claimed: AtomicUsize,
    /// Which one of the engine's it is.
    pub(crate) number: usize,
    /// Written by the owner only, so that counting costs no locked instruction.
    pub(crate) counts: Counts,
}

impl Slot {
    fn new(number: usize, claimed: bool) -> Self {
        Self {
            since: AtomicU64::new(IDLE),
            claimed: AtomicUsize::new(usize::from(claimed)),
            number,
            counts: Counts::default(),
        }
    }

    /// Protect every version that is current from now on, and return the time of a snapshot.
    #[inline(always)]
    pub(crate) fn publish(&self, inner: &Inner) -> u64 {
        let clock = &inner.clock.0;
        inner.point();
        #[cfg(not(loom))]
        {
            // An old time is safe, it only keeps more alive.
            let since = clock.load(Ordering::Relaxed);
            // ORDER: SeqCst, the point P of the module's head; Release half: as `idle`.
            self.since.swap(since, Ordering::SeqCst);
            // ORDER: SeqCst, so that P orders it after the ticks before F; Acquire half: pairs with the
            // tick in `commit`, whoever sees the time sees the locks taken before it.
            clock.load(Ordering::SeqCst)
        }
        #[cfg(loom)]
        {
            let since = clock.load(Ordering::Relaxed);
            if mutant!(inner, SlotAfterClock) {
                let rv = clock.load(Ordering::Acquire);
                self.since.store(since, Ordering::Release);
                fence(Ordering::SeqCst);
                return rv;
            }
            self.since.store(since, Ordering::Release);
            if !mutant!(inner, NoSlotFence) {
                fence(Ordering::SeqCst);
            }
            inner.point();
            clock.load(Ordering::Acquire)
        }
    }

    /// Nothing is read under this slot any more.
    #[inline(always)]
    pub(crate) fn idle(&self, inner: &Inner) {
        if mutant!(inner, RelaxedIdle) {
            return self.since.store(IDLE, Ordering::Relaxed);
        }
        // ORDER: Release, pairs with the Acquire of the scan.
        self.since.store(IDLE, Ordering::Release);
    }

    /// Give the slot back. The caller has claimed it and made it idle.
    pub(crate) fn release(&self) {
        // ORDER: Release, pairs with the Acquire in `claim`: the next owner continues our counts.
        self.claimed.store(0, Ordering::Release);
    }
}

/// All slots of an engine: a chunk inside it and as many more as there ever were transactions at once.
pub(crate) struct Slots {
    first: Chunk,
}

struct Chunk {
    slots: [Slot; CHUNK],
    next: AtomicPtr<Chunk>,
}

impl Chunk {
    fn new(first: usize, claimed: bool) -> Self {
        Self {
            slots: std::array::from_fn(|i| Slot::new(first + i, claimed && i == 0)),
            next: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    fn next(&self) -> Option<&Chunk> {
        // ORDER: Acquire, pairs with the link in `claim`.
        // SAFETY: null or a chunk that lives as long as the engine (S3).
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self { first: Chunk::new(0, false) }
    }

    /// A slot of the caller's own, until `release`. It lives as long as the engine.
    pub(crate) fn claim(&self) -> NonNull<Slot> {
        let slot = NonNull::from(self.find());
        // ORDER: SeqCst: from here on a scan whose fence comes later sees the chunk of this slot.
        fence(Ordering::SeqCst);
        slot
    }

    fn find(&self) -> &Slot {
        let mut chunk = &self.first;
        loop {
            for slot in &chunk.slots {
                // ORDER: Acquire, pairs with `release`.
                if slot.claimed.load(Ordering::Relaxed) == 0
                    && slot.claimed.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
                {
                    return slot;
                }
            }
            if let Some(next) = chunk.next() {
                chunk = next;
                continue;
            }
            let fresh = Box::into_raw(Box::new(Chunk::new(chunk.slots[0].number + CHUNK, true)));
            // ORDER: Release publishes the chunk's content; Acquire sees the winner's.
            match chunk.next.compare_exchange(
                std::ptr::null_mut(),
                fresh,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                // SAFETY: linked, so it lives as long as the engine (S3).
                Ok(_) => return unsafe { &(*fresh).slots[0] },
                Err(winner) => {
                    // SAFETY: ours, never linked.
                    drop(unsafe { Box::from_raw(fresh) });
                    // SAFETY: linked by somebody else (S3).
                    chunk = unsafe { &*winner };
                }
            }
        }
    }

    /// The oldest time that any running transaction may read at; `IDLE` when none runs.
    ///
    /// Whatever died at or before it, and was stamped before this call, can be freed.
    pub(crate) fn horizon(&self, inner: &Inner) -> u64 {
        // ORDER: SeqCst, the point F of the module's head.
        fence(Ordering::SeqCst);
        let mut oldest = IDLE;
        let mut chunk = Some(&self.first);
        while let Some(here) = chunk {
            for slot in &here.slots {
                // ORDER: Acquire, pairs with `idle` and with the Release half of `publish`.
                oldest = oldest.min(slot.since.load(Ordering::Acquire));
            }
            chunk = if mutant!(inner, ScanFirstChunk) { None } else { here.next() };
        }
        oldest
    }

    /// Call `f` with the counts of every slot.
    pub(crate) fn each_counts(&self, mut f: impl FnMut(&Counts)) {
        let mut chunk = Some(&self.first);
        while let Some(here) = chunk {
            here.slots.iter().for_each(|slot| f(&slot.counts));
            chunk = here.next();
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        let mut next = self.first.next.load(Ordering::Relaxed);
        while !next.is_null() {
            // SAFETY: made by `claim`, and the engine is ours alone now.
            let chunk = unsafe { Box::from_raw(next) };
            next = chunk.next.load(Ordering::Relaxed);
        }
    }
}
