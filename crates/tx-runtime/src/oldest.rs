//! Numbered items that wait, taken lowest number first by whoever is free.
//!
//! **Invariants** O1: an item that was put in is taken once, and who takes it sees what was done before it was put in. O2: who takes
//! gets the lowest number of those that wait, and only if that is below its limit. O3: once nobody is at work on it, the
//! count is the number of items that wait; so who sees none and sleeps is woken by a [`Sleeper`](crate::front::Sleeper) that is told
//! after an item was put in.
//!
//! **Orderings** the lock orders all but the glance at the count, which is Relaxed: it decides nothing but whether to take the lock. It is
//! stored under the lock, so that stores come in the order of what they count (O3).
//! **Trade-offs** one lock: items are few and long (thousands of nanoseconds each), and whoever finds nothing pays one load.
//! **Checked by** tests/loom_oldest.rs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::park::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::sched_point;

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weakness {
    /// Nothing: the protocol as it runs.
    #[default]
    None,
    /// The count is stored after the lock was given back (against O3).
    LateCount,
    /// Putting an item in does not count it (against O3).
    ForgetCount,
    /// Who takes looks at the number under one lock and takes the lowest under another (against O2).
    LookThenTake,
}

/// The items.
///
/// ```
/// use tx_runtime::oldest::Oldest;
/// let waiting = Oldest::default();
/// [7, 3, 5].into_iter().for_each(|item| waiting.push(item));
/// assert_eq!(waiting.take_before(3), None);
/// assert_eq!((waiting.take_before(u64::MAX), waiting.take_before(6), waiting.len()), (Some(3), Some(5), 1));
/// ```
#[derive(Debug, Default)]
pub struct Oldest {
    waiting: Mutex<BinaryHeap<Reverse<u64>>>,
    /// How many: looked at by every worker that has nothing to do, and mostly zero.
    count: AtomicUsize,
    #[cfg(loom)]
    weakness: Weakness,
}

impl Oldest {
    /// With a part left out.
    #[cfg(loom)]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// Put an item in. O(log n).
    ///
    /// ```
    /// let waiting = tx_runtime::oldest::Oldest::default();
    /// waiting.push(4);
    /// assert_eq!(waiting.len(), 1);
    /// ```
    pub fn push(&self, item: u64) {
        let mut waiting = self.waiting.lock();
        waiting.push(Reverse(item));
        #[cfg(loom)]
        match self.weakness {
            Weakness::ForgetCount => return,
            Weakness::LateCount => {
                let count = waiting.len();
                drop(waiting);
                sched_point();
                return self.count.store(count, Ordering::Relaxed);
            }
            _ => {}
        }
        // ORDER: Relaxed, under the lock; who looks without it is told to look again by `Sleeper::wake` (O3).
        self.count.store(waiting.len(), Ordering::Relaxed);
    }

    /// The lowest, if it is below `limit`. O(log n); one load if nothing waits.
    ///
    /// ```
    /// let waiting = tx_runtime::oldest::Oldest::default();
    /// assert_eq!(waiting.take_before(u64::MAX), None);
    /// ```
    pub fn take_before(&self, limit: u64) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        let mut waiting = self.waiting.lock();
        #[cfg(loom)]
        if self.weakness == Weakness::LookThenTake {
            waiting.peek().filter(|item| item.0 < limit)?;
            drop(waiting);
            waiting = self.waiting.lock();
            return waiting.pop().map(|Reverse(item)| item);
        }
        let lowest = waiting.peek_mut().filter(|item| item.0 < limit)?;
        let Reverse(item) = PeekMut::pop(lowest);
        #[cfg(loom)]
        if self.weakness == Weakness::LateCount {
            let count = waiting.len();
            drop(waiting);
            sched_point();
            self.count.store(count, Ordering::Relaxed);
            return Some(item);
        }
        // ORDER: Relaxed, as in `push`.
        self.count.store(waiting.len(), Ordering::Relaxed);
        Some(item)
    }

    /// How many wait, at a glance: exact when nobody puts in or takes meanwhile.
    ///
    /// ```
    /// assert_eq!(tx_runtime::oldest::Oldest::default().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        sched_point();
        self.count.load(Ordering::Relaxed)
    }

    /// Whether none waits, at a glance.
    ///
    /// ```
    /// assert!(tx_runtime::oldest::Oldest::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Take all out.
    ///
    /// ```
    /// let mut waiting = tx_runtime::oldest::Oldest::default();
    /// waiting.push(4);
    /// waiting.clear();
    /// assert!(waiting.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.waiting.lock().clear();
        self.count.store(0, Ordering::Relaxed);
    }
}
