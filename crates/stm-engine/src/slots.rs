//! Slots: where each running transaction says how old a version it may still read.
//!
//! **Invariants** S1: a slot holds `IDLE` or a time at or before the snapshots of the transactions of its owner, now and next.
//! S2: it moves forward or to `IDLE` only while no reference into a version is out.
//! S3: a chunk of slots, once linked, stays until the engine dies.
//!
//! **Why the scan is sound.** A reader publishes its slot, passes a sequentially consistent point P and reads
//! the clock (`rv`). A reclaimer has ticked or seen ticked the clock to `dead` for all that it holds, passes a
//! fence F and scans. If P comes before F in the one order of such points, the scan sees the slot (and the
//! chunk it is in). If F comes before P, the reader's `rv` is at least every `dead` the reclaimer holds, and a
//! reader with `rv >= dead` finds the newer version, never the dead one.
//!
//! **Lingering.** Where the kernel has a cheap way to fence other threads (`tx_runtime::fence`), a slot keeps its time when
//! its transaction ends, so that the next few of the same owner begin without P: the slot has said all along that
//! they may read. `busy` says whether one runs. The owner takes it back when it reclaims, and after [`TURNS`] uses.
//! A thread that goes away to do something else would keep versions alive for ever, so who finds much held back
//! *evicts* lingering slots: it marks them ASKED, makes every other thread pass a barrier B, and marks them TOLD. S4: an owner
//! that begins says so in `busy`, then looks for a mark, and does not begin under a marked time. If its look comes
//! before B, `busy` is seen by all who see TOLD; if it comes after, it sees ASKED. So a slot that is TOLD and not busy
//! protects nothing. One thread at a time evicts: a time that is published anew never meets a mark meant for its predecessor.
//!
//! **Orderings** P is an `xchg` (one locked instruction instead of a fence after a store; `clock` is then read
//! sequentially consistently too), and under loom, which treats such accesses as acquire-release, a real fence.
//! `idle` (Release) pairs with the scan (Acquire): what was read under the slot happened before the free.
//! **Measured** without P an increment of one thread takes 5 of 40 ns less. With B at every scan, and no lingering, two threads
//! interrupted each other: a small transaction took 524 ns instead of 192.
//! **Checked by** tests/loom_reclaim.rs.

use std::cell::Cell;
use std::ptr::NonNull;

use tx_runtime::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

use crate::engine::Inner;
use crate::mutant::mutant;
use crate::stats::Counts;
use crate::wait;

/// Nothing is or will be read under this slot as it is.
pub(crate) const IDLE: u64 = u64::MAX;

/// A mark on the time of a slot that lingers: somebody wants it to be idle ...
const ASKED: u64 = 1 << 62;
/// ... and its owner will know when it begins again.
const TOLD: u64 = 1 << 63;
const MARKS: u64 = ASKED | TOLD;
/// After every time.
#[cfg(loom)]
pub(crate) const FOREVER: u64 = ASKED;

/// So many more transactions begin under a time that lingers.
const TURNS: u32 = if cfg!(loom) { 1 } else { 63 };

const CHUNK: usize = if cfg!(any(loom, miri)) { 2 } else { 16 };

/// One transaction at a time publishes here. On lines of its own: the owner writes it at every transaction.
#[repr(C, align(128))]
pub(crate) struct Slot {
    /// `IDLE`, or a time with at most one mark.
    since: AtomicU64,
    /// Whether a transaction runs under a time that lingers.
    busy: AtomicUsize,
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
            busy: AtomicUsize::new(0),
            claimed: AtomicUsize::new(usize::from(claimed)),
            number,
            counts: Counts::default(),
        }
    }

    /// Protect every version that is current from now on, and return the time of a snapshot.
    #[inline(always)]
    pub(crate) fn publish(&self, inner: &Inner, stay: &Stay) -> u64 {
        let turns = stay.turns.get();
        if turns > 0 {
            inner.point();
            // ORDER: Relaxed, before the look at the mark by the light side of B (S4).
            self.busy.store(1, Ordering::Relaxed);
            if !mutant!(inner, NoLight) {
                inner.light();
            }
            if self.since.load(Ordering::Relaxed) == stay.since.get() {
                stay.turns.set(turns - 1);
                // ORDER: Acquire, pairs with the tick in `commit`.
                return inner.clock.0.load(Ordering::Acquire);
            }
        }
        self.publish_anew(inner, stay)
    }

    #[inline(never)]
    fn publish_anew(&self, inner: &Inner, stay: &Stay) -> u64 {
        let clock = &inner.clock.0;
        inner.point();
        // An old time is safe, it only keeps more alive.
        let since = clock.load(Ordering::Relaxed);
        // Before the time, so that whoever marks that sees this.
        self.busy.store(1, Ordering::Relaxed);
        stay.since.set(since);
        stay.turns.set(if inner.lets_linger() { TURNS } else { 0 });
        #[cfg(not(loom))]
        {
            // ORDER: SeqCst, the point P of the module's head; Release half: as `idle`.
            self.since.swap(since, Ordering::SeqCst);
            // ORDER: SeqCst, so that P orders it after the ticks before F; Acquire half: pairs with the
            // tick in `commit`, whoever sees the time sees the locks taken before it.
            clock.load(Ordering::SeqCst)
        }
        #[cfg(loom)]
        {
            if mutant!(inner, SlotAfterClock) {
                let rv = clock.load(Ordering::Acquire);
                self.say(since, Ordering::Release);
                fence(Ordering::SeqCst);
                return rv;
            }
            self.say(since, Ordering::Release);
            if !mutant!(inner, NoSlotFence) {
                fence(Ordering::SeqCst);
            }
            inner.point();
            clock.load(Ordering::Acquire)
        }
    }

    /// Nothing is read under this slot any more, until the next transaction.
    #[inline(always)]
    pub(crate) fn idle(&self, inner: &Inner, stay: &Stay) {
        // ORDER: Release, pairs with the Acquire of the scan.
        let release = if mutant!(inner, RelaxedIdle) { Ordering::Relaxed } else { Ordering::Release };
        if stay.turns.get() > 0 {
            self.busy.store(0, release);
        } else {
            self.say(IDLE, release);
        }
    }

    /// Replace what the slot says. The marks of others are exchanges, which leave no room between themselves and what they
    /// mark; loom keeps a store out of there only if it is an exchange too.
    #[inline(always)]
    fn say(&self, word: u64, order: Ordering) {
        #[cfg(not(loom))]
        self.since.store(word, order);
        #[cfg(loom)]
        self.since.swap(word, order);
    }

    /// Linger no more; no transaction runs under this slot.
    pub(crate) fn rest(&self, stay: &Stay) {
        if stay.turns.replace(0) > 0 {
            // ORDER: Release, as `idle`.
            self.say(IDLE, Ordering::Release);
        }
    }

    /// The oldest time that may be read at under this slot; `IDLE` when there is none.
    fn protects(&self, inner: &Inner) -> u64 {
        // ORDER: Acquire, pairs with `idle`, with the Release half of `publish` and with the mark in `evict`.
        let since = self.since.load(Ordering::Acquire);
        let told = if mutant!(inner, TrustAsked) { MARKS } else { TOLD };
        // ORDER: Acquire, pairs with `idle`.
        let is_busy = || self.busy.load(Ordering::Acquire) != 0 && !mutant!(inner, EvictBusy);
        if since == IDLE || (since & told != 0 && !is_busy()) {
            return IDLE;
        }
        since & !MARKS
    }

    /// Give the slot back. The caller has claimed it and made it idle.
    pub(crate) fn release(&self) {
        // ORDER: Release, pairs with the Acquire in `claim`: the next owner continues our counts.
        self.claimed.store(0, Ordering::Release);
    }
}

/// What the owner of a slot knows of its lingering.
#[derive(Debug, Default)]
pub(crate) struct Stay {
    /// The time that the slot shows, if it lingers.
    since: Cell<u64>,
    /// How many more transactions may begin under it.
    turns: Cell<u32>,
}

/// All slots of an engine: a chunk inside it and as many more as there ever were transactions at once.
pub(crate) struct Slots {
    first: Chunk,
    /// Whether somebody evicts.
    evicting: AtomicUsize,
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
        Self { first: Chunk::new(0, false), evicting: AtomicUsize::new(0) }
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

    /// The oldest time that any transaction may read at; `IDLE` when there is no limit.
    ///
    /// Whatever died at or before it, and was stamped before this call, can be freed.
    pub(crate) fn horizon(&self, inner: &Inner) -> u64 {
        // ORDER: SeqCst, the point F of the module's head.
        fence(Ordering::SeqCst);
        let mut oldest = IDLE;
        let mut chunk = Some(&self.first);
        while let Some(here) = chunk {
            for slot in &here.slots {
                oldest = oldest.min(slot.protects(inner));
            }
            chunk = if mutant!(inner, ScanFirstChunk) { None } else { here.next() };
        }
        oldest
    }

    /// Let slots that linger at a time before `dead` protect nothing while no transaction runs under them. False when that was
    /// not done: there are none, it cannot be had, or somebody else is at it and did not finish soon.
    #[cold]
    pub(crate) fn evict(&self, inner: &Inner, dead: u64) -> bool {
        let mut turn = 0;
        // ORDER: Acquire, pairs with the Release below: one at a time.
        while self.evicting.swap(1, Ordering::Acquire) != 0 {
            if turn >= wait::LOCK_TURNS {
                return false;
            }
            wait::relax(&mut turn);
        }
        // Under the lock, so that nobody goes on after somebody else's barrier was refused.
        if !inner.lets_linger() {
            self.evicting.store(0, Ordering::Release);
            return false;
        }
        let mut found = false;
        self.each(|slot| {
            let since = slot.since.load(Ordering::Relaxed);
            // One that is marked and was not told then: the barrier was refused.
            if since < dead || (since & ASKED != 0 && since != IDLE) {
                // Where its owner moves, there is nothing to evict.
                found |= slot
                    .since
                    .compare_exchange(since, since | ASKED, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
            }
        });
        // The barrier B of the module's head.
        let told = found && (mutant!(inner, NoHeavy) || inner.heavy());
        if told {
            self.each(|slot| {
                let since = slot.since.load(Ordering::Relaxed);
                if since & ASKED != 0 && since != IDLE {
                    // ORDER: Release, pairs with the Acquire in `protects`: who sees it scans after B.
                    let _ = slot.since.compare_exchange(
                        since,
                        since & !ASKED | TOLD,
                        Ordering::Release,
                        Ordering::Relaxed,
                    );
                }
            });
        }
        self.evicting.store(0, Ordering::Release);
        told
    }

    fn each(&self, mut f: impl FnMut(&Slot)) {
        let mut chunk = Some(&self.first);
        while let Some(here) = chunk {
            here.slots.iter().for_each(&mut f);
            chunk = here.next();
        }
    }

    /// Call `f` with the counts of every slot.
    pub(crate) fn each_counts(&self, mut f: impl FnMut(&Counts)) {
        self.each(|slot| f(&slot.counts));
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

#[cfg(all(test, not(any(loom, miri))))]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::IDLE;
    use crate::engine::Engine;

    #[test]
    fn after_a_refused_barrier_nothing_lingers() {
        let engine = Engine::new();
        let inner = &*engine.inner;
        if !inner.lets_linger() {
            return;
        }
        engine.snapshot(|_| ());
        assert_ne!(inner.slots.horizon(inner), IDLE, "it lingers");
        // Marked while that was possible, so that the next transaction begins anew.
        assert!(inner.slots.evict(inner, super::ASKED));
        assert_eq!(inner.slots.horizon(inner), IDLE);
        inner.linger.store(false, Relaxed);
        engine.snapshot(|_| assert_ne!(inner.slots.horizon(inner), IDLE, "it is protected"));
        assert_eq!(inner.slots.horizon(inner), IDLE, "it does not linger");
    }
}
