//! Counts kept per worker and summed when read, so that counting does not make cores take turns at a cache line.
//!
//! **Promises** C1: workers never share a cache line. C2: no count is lost, even if two threads use the same worker
//! index at once ([`Pool::run`](crate::pool::Pool::run) from two threads gives both the index 0). C3: [`Counter::sum`]
//! includes everything that happened before the call; what happens during it may or may not be included, and the sum
//! is not a snapshot.
//!
//! **Trade-off** an uncontended `fetch_add` costs about 5 ns, a plain add would cost 1 but lose counts under C2's case.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Index;

use crossbeam_utils::CachePadded;

use crate::sync::atomic::{AtomicU64, Ordering};

/// One `T` per worker index, each on cache lines of its own.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use tx_runtime::counters::PerWorker;
///
/// #[derive(Default)]
/// struct Stats { commits: AtomicU64, aborts: AtomicU64 }
///
/// let stats = PerWorker::new(2, |_| Stats::default());
/// stats[0].commits.fetch_add(2, Relaxed);
/// stats[1].commits.fetch_add(1, Relaxed);
/// stats[1].aborts.fetch_add(1, Relaxed);
/// assert_eq!(stats.iter().map(|s| s.commits.load(Relaxed)).sum::<u64>(), 3);
/// ```
pub struct PerWorker<T> {
    workers: Box<[CachePadded<T>]>,
}

impl<T> PerWorker<T> {
    /// `make(worker)` for each worker in `0..threads`.
    ///
    /// ```
    /// let names = tx_runtime::counters::PerWorker::new(3, |worker| format!("worker {worker}"));
    /// assert_eq!(names[2], "worker 2");
    /// ```
    pub fn new(threads: usize, make: impl FnMut(usize) -> T) -> Self {
        Self { workers: (0..threads).map(make).map(CachePadded::new).collect() }
    }

    /// How many workers there are.
    ///
    /// ```
    /// assert_eq!(tx_runtime::counters::PerWorker::new(3, |_| ()).len(), 3);
    /// ```
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there is no worker at all.
    ///
    /// ```
    /// assert!(tx_runtime::counters::PerWorker::new(0, |_| ()).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// The value of `worker`, if there is such a worker.
    ///
    /// ```
    /// let values = tx_runtime::counters::PerWorker::new(2, |worker| worker * 10);
    /// assert_eq!((values.get(1), values.get(2)), (Some(&10), None));
    /// ```
    pub fn get(&self, worker: usize) -> Option<&T> {
        self.workers.get(worker).map(|value| &**value)
    }

    /// The values by worker index.
    ///
    /// ```
    /// let values = tx_runtime::counters::PerWorker::new(3, |worker| worker);
    /// assert_eq!(values.iter().sum::<usize>(), 3);
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator + FusedIterator {
        self.workers.iter().map(|value| &**value)
    }

    /// The values by worker index, for changing between runs.
    ///
    /// ```
    /// let mut values = tx_runtime::counters::PerWorker::new(2, |_| 1);
    /// values.iter_mut().for_each(|v| *v += 1);
    /// assert_eq!(values.iter().sum::<i32>(), 4);
    /// ```
    pub fn iter_mut(
        &mut self,
    ) -> impl ExactSizeIterator<Item = &mut T> + DoubleEndedIterator + FusedIterator {
        self.workers.iter_mut().map(|value| &mut **value)
    }
}

impl<T> Index<usize> for PerWorker<T> {
    type Output = T;

    /// # Panics
    /// When there is no such worker.
    fn index(&self, worker: usize) -> &T {
        &self.workers[worker]
    }
}

impl<T: fmt::Debug> fmt::Debug for PerWorker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One count, kept per worker.
///
/// ```
/// use tx_runtime::{budget::Budget, counters::Counter, pool::Pool};
/// let pool = Pool::new(&Budget::exactly(2)?);
/// let tasks = Counter::new(pool.threads());
/// pool.run(|crew, worker| {
///     if worker == 0 {
///         crew.enlist();
///     }
///     tasks.add(worker, 1);
/// });
/// assert!(tasks.sum() >= pool.threads() as u64);
/// # Ok::<(), tx_runtime::budget::BudgetError>(())
/// ```
#[derive(Debug)]
pub struct Counter {
    counts: PerWorker<AtomicU64>,
}

impl Counter {
    /// Zero for each worker in `0..threads`.
    ///
    /// ```
    /// assert_eq!(tx_runtime::counters::Counter::new(4).sum(), 0);
    /// ```
    pub fn new(threads: usize) -> Self {
        Self { counts: PerWorker::new(threads, |_| AtomicU64::new(0)) }
    }

    /// Count `amount` for `worker`; wraps beyond `u64`.
    ///
    /// # Panics
    /// When there is no such worker.
    ///
    /// ```
    /// let bytes = tx_runtime::counters::Counter::new(2);
    /// bytes.add(1, 4096);
    /// assert_eq!(bytes.of(1), 4096);
    /// ```
    #[inline]
    pub fn add(&self, worker: usize, amount: u64) {
        // ORDER: Relaxed; a count publishes nothing but itself.
        self.counts[worker].fetch_add(amount, Ordering::Relaxed);
    }

    /// The count of one worker.
    ///
    /// # Panics
    /// When there is no such worker.
    ///
    /// ```
    /// assert_eq!(tx_runtime::counters::Counter::new(2).of(0), 0);
    /// ```
    pub fn of(&self, worker: usize) -> u64 {
        self.counts[worker].load(Ordering::Relaxed)
    }

    /// The sum over all workers; see C3 in the module's head. Linear in the number of workers.
    ///
    /// ```
    /// let tasks = tx_runtime::counters::Counter::new(2);
    /// tasks.add(0, 1);
    /// tasks.add(1, 2);
    /// assert_eq!(tasks.sum(), 3);
    /// ```
    pub fn sum(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.wrapping_add(count.load(Ordering::Relaxed)))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn workers_are_at_least_a_cache_line_apart() {
        let values = PerWorker::new(2, |_| 0_u8);
        let distance = std::ptr::from_ref(&values[1]).addr() - std::ptr::from_ref(&values[0]).addr();
        assert!(distance >= 64, "{distance}");
    }

    #[test]
    fn two_threads_on_one_index_lose_no_count() {
        let counter = Counter::new(1);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..10_000).for_each(|_| counter.add(0, 1)));
            }
        });
        assert_eq!(counter.sum(), 20_000);
    }
}
