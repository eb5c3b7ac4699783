//! Where helpers stay awake a while after a run: whoever needs one soon hands it an index without waking anybody.
//!
//! Waking a sleeping thread takes tens of microseconds, and the next run often begins sooner than that.
//!
//! **Invariants** L1: `idle` counts the helpers that wait and are not promised an index; a helper is promised one, or
//! leaves, by the same step that takes it out of `idle`. L2: every promise is followed by one index, and the number of
//! indices handed over and not yet taken never exceeds that of the promised helpers that wait. So an index handed over is
//! taken, and a helper that is refused its leave gets one.
//! **Orderings** [`hand`](Lounge::hand) (AcqRel in [`Slots::release`]) pairs with [`wait`](Lounge::wait) (AcqRel in
//! [`Slots::claim`]): the helper sees what was done before.
//! **Checked by** tests/loom_slots.rs.

use crossbeam_utils::CachePadded;

use super::Slots;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{sched_point, thread};

/// The helpers that wait, and the indices meant for them.
///
/// ```
/// use tx_runtime::slots::Lounge;
/// let lounge = Lounge::new(2);
/// assert!(!lounge.hand(1), "nobody waits");
/// assert_eq!(lounge.wait(|| false), None, "nobody comes");
/// ```
#[derive(Debug)]
pub struct Lounge {
    /// L1.
    idle: CachePadded<AtomicUsize>,
    /// A free slot is an index handed over.
    handed: Slots,
    #[cfg(loom)]
    weakness: Weakness,
}

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the algorithm as it runs.
    None,
    /// Who loses patience leaves although it was promised an index (against L1).
    BrokenPromise,
    /// The count is read and then written back, not lowered in one step (against L1).
    TornPromise,
}

impl Lounge {
    /// For indices below `len`; nobody waits.
    ///
    /// ```
    /// assert!(!tx_runtime::slots::Lounge::new(4).hand(3));
    /// ```
    pub fn new(len: usize) -> Self {
        Self {
            idle: CachePadded::new(AtomicUsize::new(0)),
            handed: Slots::all_held(len),
            #[cfg(loom)]
            weakness: Weakness::None,
        }
    }

    /// The same with one step weakened, which a model must notice.
    #[cfg(loom)]
    #[must_use]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// Hand `index` to a helper that waits; `false`, after one load, if none does.
    ///
    /// # Panics
    /// When `index` has been handed over and not yet taken.
    ///
    /// ```
    /// let lounge = tx_runtime::slots::Lounge::new(2);
    /// std::thread::scope(|scope| {
    ///     let helper = scope.spawn(|| lounge.wait(|| true));
    ///     while !lounge.hand(1) {} // until it has come
    ///     assert_eq!(helper.join().unwrap(), Some(1));
    /// });
    /// ```
    pub fn hand(&self, index: usize) -> bool {
        if !self.take_one() {
            return false;
        }
        self.handed.release(index);
        true
    }

    /// Wait for an index for as long as `patience` says so; it is asked again and again, and should pause a little.
    ///
    /// ```
    /// let lounge = tx_runtime::slots::Lounge::new(2);
    /// let mut looks = 3;
    /// let left = lounge.wait(|| {
    ///     looks -= 1;
    ///     looks > 0
    /// });
    /// assert_eq!((left, looks), (None, 0));
    /// ```
    pub fn wait(&self, mut patience: impl FnMut() -> bool) -> Option<usize> {
        sched_point();
        // ORDER: Relaxed, the count orders nothing: an index comes through `handed`.
        self.idle.fetch_add(1, Ordering::Relaxed);
        loop {
            if let Some(index) = self.handed.claim() {
                return Some(index);
            }
            if patience() {
                continue;
            }
            let released = self.take_one();
            #[cfg(loom)]
            let released = released || self.weakness == Weakness::BrokenPromise;
            if released {
                return None;
            }
            // L2: an index is on its way.
            thread::yield_now();
        }
    }

    /// Take one out of `idle`.
    fn take_one(&self) -> bool {
        sched_point();
        #[cfg(loom)]
        if self.weakness == Weakness::TornPromise {
            let idle = self.idle.load(Ordering::Relaxed);
            sched_point();
            if idle > 0 {
                self.idle.store(idle - 1, Ordering::Relaxed);
            }
            return idle > 0;
        }
        // ORDER: Relaxed, as in `wait`.
        self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| idle.checked_sub(1)).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_index_handed_over_is_taken_however_impatient_the_helpers() {
        const LEN: usize = 4;
        let lounge = Lounge::new(LEN);
        let over = std::sync::atomic::AtomicBool::new(false);
        let (mut handed, mut taken) = (0, 0);
        std::thread::scope(|scope| {
            let helpers: Vec<_> = (0..LEN)
                .map(|_| {
                    scope.spawn(|| {
                        let mut taken = 0;
                        while !over.load(Ordering::SeqCst) {
                            let mut looks = 20;
                            let patience = || {
                                looks -= 1;
                                looks > 0
                            };
                            taken += usize::from(lounge.wait(patience).is_some());
                        }
                        taken
                    })
                })
                .collect();
            let held = Slots::new(LEN);
            while handed < 2000 {
                let Some(index) = held.claim() else {
                    // All are on their way: begin again once they have been taken.
                    while lounge.handed.is_free(0) || (1..LEN).any(|index| lounge.handed.is_free(index)) {
                        thread::yield_now();
                    }
                    (0..LEN).for_each(|index| _ = held.release(index));
                    continue;
                };
                while !lounge.hand(index) {
                    thread::yield_now();
                }
                handed += 1;
            }
            over.store(true, Ordering::SeqCst);
            taken = helpers.into_iter().map(|helper| helper.join().unwrap()).sum();
        });
        assert_eq!(taken, handed);
    }
}
