//! Distinct worker indices, handed out and taken back without a lock.
//!
//! **Invariants** S1: an index is held by at most one holder. S2: the number of free bits is at least `idle` plus the
//! claims that have reserved but not yet found theirs, so a claim that reserved will find one. S3: `idle` equals the
//! number of slots exactly when nobody holds one and nobody is about to.
//! **Orderings** `release` (AcqRel on the bit) pairs with `claim` (AcqRel on the bit): a holder sees all that the
//! earlier holders of its index did. `release` on `idle` (AcqRel) pairs with [`Slots::all_idle`] (Acquire): who sees
//! all idle sees all that any holder did.
//! **Progress** lock-free: a claim that misses its bit lost it to another claim that succeeded.
//! **Trade-off** asking when nothing is free is one load of a word that changes only when somebody comes or goes, so
//! workers may ask after every task.
//! **Checked by** tests/loom_slots.rs.

mod calls;
mod lounge;
mod roster;

pub use calls::Calls;
#[cfg(loom)]
pub use calls::Weakness as CallsWeakness;
pub use lounge::Lounge;
#[cfg(loom)]
pub use lounge::Weakness as LoungeWeakness;
#[cfg(loom)]
pub use roster::Weakness as RosterWeakness;
pub use roster::{Recruit, Roster};

use crossbeam_utils::CachePadded;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::sched_point;

const BITS: usize = usize::BITS as usize;

/// A fixed set of indices `0..len`, each free or held.
///
/// ```
/// use tx_runtime::slots::Slots;
/// let slots = Slots::new(2);
/// assert_eq!((slots.claim(), slots.claim(), slots.claim()), (Some(0), Some(1), None));
/// assert!(!slots.release(0), "index 1 is still held");
/// assert_eq!(slots.claim(), Some(0));
/// ```
#[derive(Debug)]
pub struct Slots {
    /// Slots that are free and not reserved by a claim on its way.
    idle: CachePadded<AtomicUsize>,
    /// A set bit is a free slot; the lowest are taken first.
    free: Box<[AtomicUsize]>,
    len: usize,
    #[cfg(loom)]
    weakness: Weakness,
}

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the algorithm as it runs.
    None,
    /// The bit is read and then written back, not taken in one step.
    TornClaim,
    /// `release` orders nothing before it.
    RelaxedRelease,
}

impl Slots {
    /// All of `0..len` free.
    ///
    /// ```
    /// assert!(tx_runtime::slots::Slots::new(3).all_idle());
    /// ```
    pub fn new(len: usize) -> Self {
        let word = |index: usize| match len - index * BITS {
            BITS.. => usize::MAX,
            rest => (1 << rest) - 1,
        };
        Self {
            idle: CachePadded::new(AtomicUsize::new(len)),
            free: (0..len.div_ceil(BITS)).map(|index| AtomicUsize::new(word(index))).collect(),
            len,
            #[cfg(loom)]
            weakness: Weakness::None,
        }
    }

    /// All of `0..len` held, by nobody yet: a slot is free once it is released.
    ///
    /// ```
    /// let slots = tx_runtime::slots::Slots::all_held(2);
    /// assert_eq!(slots.claim(), None);
    /// assert!(!slots.release(1));
    /// assert_eq!(slots.claim(), Some(1));
    /// ```
    pub fn all_held(len: usize) -> Self {
        Self {
            idle: CachePadded::new(AtomicUsize::new(0)),
            free: (0..len.div_ceil(BITS)).map(|_| AtomicUsize::new(0)).collect(),
            ..Self::new(len)
        }
    }

    /// The same with one step weakened, which a model must notice.
    #[cfg(loom)]
    #[must_use]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// How many indices there are, free or held.
    ///
    /// ```
    /// assert_eq!(tx_runtime::slots::Slots::new(3).len(), 3);
    /// ```
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no index at all.
    ///
    /// ```
    /// assert!(tx_runtime::slots::Slots::new(0).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Take a free index, the lowest that is found; `None`, after one load, if all are held.
    ///
    /// ```
    /// let slots = tx_runtime::slots::Slots::new(1);
    /// assert_eq!(slots.claim(), Some(0));
    /// assert_eq!(slots.claim(), None);
    /// ```
    pub fn claim(&self) -> Option<usize> {
        sched_point();
        let mut idle = self.idle.load(Ordering::Relaxed);
        loop {
            // ORDER: Acquire, pairs with the AcqRel in `release`: the bit that made `idle` grow is visible (S2).
            let lower = idle.checked_sub(1)?;
            match self.idle.compare_exchange_weak(idle, lower, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => idle = now,
            }
        }
        loop {
            for (index, word) in self.free.iter().enumerate() {
                if let Some(bit) = self.take_lowest(word) {
                    return Some(index * BITS + bit);
                }
            }
            // S2: a bit is there; a claim of the same round took the one this scan was about to reach.
            crate::sync::thread::yield_now();
        }
    }

    fn take_lowest(&self, word: &AtomicUsize) -> Option<usize> {
        sched_point();
        let mut bits = word.load(Ordering::Relaxed);
        while bits != 0 {
            let lowest = bits & bits.wrapping_neg();
            #[cfg(loom)]
            if self.weakness == Weakness::TornClaim {
                sched_point();
                word.store(bits & !lowest, Ordering::Release);
                return Some(lowest.trailing_zeros() as usize);
            }
            // ORDER: AcqRel, pairs with `release`: this holder sees what the last one did.
            bits = word.fetch_and(!lowest, Ordering::AcqRel);
            if bits & lowest != 0 {
                return Some(lowest.trailing_zeros() as usize);
            }
        }
        None
    }

    /// Give `index` back; whether nobody holds any index any more.
    ///
    /// # Panics
    /// When `index` is not held.
    ///
    /// ```
    /// let slots = tx_runtime::slots::Slots::new(2);
    /// let (a, b) = (slots.claim().unwrap(), slots.claim().unwrap());
    /// assert!(!slots.release(a));
    /// assert!(slots.release(b), "the last one");
    /// ```
    pub fn release(&self, index: usize) -> bool {
        assert!(index < self.len, "slot {index} of {} does not exist", self.len);
        #[cfg(loom)]
        let order =
            if self.weakness == Weakness::RelaxedRelease { Ordering::Relaxed } else { Ordering::AcqRel };
        #[cfg(not(loom))]
        let order = Ordering::AcqRel;
        sched_point();
        let bit = 1 << (index % BITS);
        // ORDER: AcqRel, pairs with `take_lowest`. The bit comes before `idle`, for S2.
        let before = self.free[index / BITS].fetch_or(bit, order);
        assert!(before & bit == 0, "slot {index} is not held");
        sched_point();
        // ORDER: AcqRel, pairs with `claim` (S2) and `all_idle`.
        self.idle.fetch_add(1, order) + 1 == self.len
    }

    /// Whether `index` is free at this moment.
    ///
    /// ```
    /// let slots = tx_runtime::slots::Slots::new(2);
    /// slots.claim();
    /// assert!(!slots.is_free(0) && slots.is_free(1));
    /// ```
    pub fn is_free(&self, index: usize) -> bool {
        sched_point();
        // ORDER: Acquire, pairs with `claim` and `release`.
        index < self.len && self.free[index / BITS].load(Ordering::Acquire) & 1 << (index % BITS) != 0
    }

    /// Whether nobody holds an index at this moment.
    ///
    /// ```
    /// let slots = tx_runtime::slots::Slots::new(2);
    /// slots.claim();
    /// assert!(!slots.all_idle());
    /// ```
    pub fn all_idle(&self) -> bool {
        sched_point();
        // ORDER: Acquire, pairs with `release`: all that the holders did is visible.
        self.idle.load(Ordering::Acquire) == self.len
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_handed_out_once_across_words() {
        for len in [1, 63, 64, 65, 128, 200] {
            let slots = Slots::new(len);
            let held: Vec<_> = std::iter::from_fn(|| slots.claim()).collect();
            assert_eq!(held, (0..len).collect::<Vec<_>>());
            let last: Vec<_> = held.iter().map(|&index| slots.release(index)).collect();
            assert_eq!(last.iter().position(|&last| last), Some(len - 1));
        }
    }

    #[test]
    fn a_slot_that_is_not_held_cannot_be_released() {
        let slots = Slots::new(2);
        for index in [0, 5] {
            let released = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| slots.release(index)));
            assert!(released.is_err(), "{index}");
        }
        assert!(slots.all_idle());
    }

    #[test]
    fn many_threads_never_hold_the_same_index() {
        let slots = Slots::new(3);
        let held: Vec<_> = (0..3).map(|_| std::sync::atomic::AtomicBool::new(false)).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let Some(index) = slots.claim() else { continue };
                        assert!(!held[index].swap(true, std::sync::atomic::Ordering::Relaxed));
                        assert!(held[index].swap(false, std::sync::atomic::Ordering::Relaxed));
                        slots.release(index);
                    }
                });
            }
        });
        assert!(slots.all_idle());
    }
}
