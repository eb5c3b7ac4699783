//! A pool of exactly the budgeted number of threads: the caller and `threads - 1` helpers.
//!
//! Work is a *worker loop*: [`Pool::run`] runs it on the calling thread as worker 0, and the loop itself asks for more
//! hands with [`Crew::enlist`] when it sees work for them. A loop that finds nothing to do returns, and its index may
//! be enlisted again, worker 0's too; `run` returns when all loops have.
//!
//! **Promises** T1: at a budget of 1 no pool object is ever built, no thread started, nothing waits. T2: no thread is
//! started before the first [`run`](Pool::run) of a larger budget, and never more than `threads - 1`. T3: at most
//! `threads` loops of a run are active at once, with distinct indices below `threads`. T4: `run` returns after all its
//! loops, also when one panics; the first panic goes on from there. T5: what a loop did happens before any later loop
//! with its index, and before `run` returns. T6: dropping the pool waits until its threads are gone.
//!
//! **A run is serial** (worker 0 alone, `enlist` is `false`) where more hands would be wrong or are not to be had: at a
//! budget of 1; while the pool is busy with another run, of another thread or this one; on a thread of any rayon pool,
//! which would pick up foreign work while it waits; after `fork()`, since threads do not survive it (a fork *during* a
//! run is outside the promise); if no thread can be started; without the feature `parallel`. The same loop gets the
//! same work done there.
//!
//! **A thread that cannot be started** (`ulimit -u`, memory): the pool goes on with those it got and says so in one line
//! on standard error, once; [`Pool::shortage`] tells it to the program.
//!
//! **Trade-offs** the caller sleeps while helpers work and its own loop has nothing to do; it is the first to be called
//! back. Who has nothing to do stays awake for a tenth of a millisecond before it sleeps, the caller in a run and helpers
//! after it (`pool/patience.rs`): a run that follows soon has its helpers at once. Then a helper is rayon's again, and sleeps.
//! A loop that knows that all is done takes back what was enlisted and is still waking up ([`Crew::call_off`]), and so does a panic.
//! A helper that the system has put on its caller's core moves to another (`pool/seat.rs`); nothing stays bound.
//!
//! This is the one door to rayon. **Checked by** tests/pool.rs, one_thread.rs, exact_threads.rs, fork.rs,
//! thread_shortage.rs; the protocols below it by tests/loom_slots.rs and loom_park.rs.

mod crew;
#[cfg(feature = "parallel")]
mod helpers;
mod patience;
#[cfg(feature = "parallel")]
mod seat;

pub use crew::Crew;
pub use patience::Patience;

use std::fmt;

use crate::budget::Budget;

/// Threads for worker loops; see the module's head. Sharing it between threads is fine: one run at a time is parallel.
///
/// ```
/// use tx_runtime::{budget::Budget, pool::Pool};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// let pool = Pool::new(&Budget::exactly(4)?);
/// let (next, sum) = (AtomicU64::new(1), AtomicU64::new(0));
/// pool.run(|crew, worker| {
///     assert!(worker < pool.threads());
///     loop {
///         let n = next.fetch_add(1, Relaxed);
///         if n > 100 {
///             break;
///         }
///         crew.enlist(); // there may be more to do: one load if everybody is at work
///         sum.fetch_add(n, Relaxed);
///     }
/// });
/// assert_eq!(sum.into_inner(), 5050);
/// # Ok::<(), tx_runtime::budget::BudgetError>(())
/// ```
pub struct Pool {
    threads: usize,
    #[cfg(feature = "parallel")]
    team: helpers::Team,
}

impl Pool {
    /// A pool for `budget`. Starts nothing. Without the feature `parallel`, a pool of one.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// let pool = Pool::new(&Budget::single_thread());
    /// assert_eq!(pool.threads(), 1);
    /// ```
    pub fn new(budget: &Budget) -> Self {
        Self {
            threads: if cfg!(feature = "parallel") { budget.threads() } else { 1 },
            #[cfg(feature = "parallel")]
            team: helpers::Team::new(budget.threads()),
        }
    }

    /// The most worker loops a run can have, so the bound of their indices. At least 1; fixed, also after a shortage.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// let threads = Pool::new(&Budget::exactly(3)?).threads();
    /// assert_eq!(threads, if cfg!(feature = "parallel") { 3 } else { 1 });
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Run `work` as worker 0 on this thread, and as workers `1..threads` wherever [`Crew::enlist`] asks for one;
    /// return when all have returned. `work` is called again for an index whose earlier call has returned.
    ///
    /// # Panics
    /// With the first panic of a worker loop, after all loops have returned. From then on `enlist` is `false` and
    /// [`Crew::has_failed`] is `true`, so that the others can stop early. The pool stays usable.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// let pool = Pool::new(&Budget::exactly(2)?);
    /// let result = std::panic::catch_unwind(|| pool.run(|_, _| panic!("no more")));
    /// assert_eq!(result.unwrap_err().downcast_ref(), Some(&"no more"));
    /// pool.run(|_, worker| assert_eq!(worker, 0));
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn run<F>(&self, work: F)
    where
        F: Fn(&Crew<'_>, usize) + Sync,
    {
        #[cfg(feature = "parallel")]
        if self.team.run(&work) {
            return;
        }
        work(&Crew::alone(), 0);
    }

    /// What could not be had of the budget; `None` before the first parallel run and where nothing was missing.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// let pool = Pool::new(&Budget::exactly(2)?);
    /// pool.run(|_, _| {});
    /// assert!(pool.shortage().is_none());
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn shortage(&self) -> Option<&Shortage> {
        #[cfg(feature = "parallel")]
        return self.team.shortage();
        #[cfg(not(feature = "parallel"))]
        None
    }
}

// A loop that panics leaves the pool as any other loop does (T4), so there is nothing broken to see through a reference.
impl std::panic::UnwindSafe for Pool {}
impl std::panic::RefUnwindSafe for Pool {}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// That the system did not start all threads of a budget; `Display` is the line to print.
///
/// ```
/// use tx_runtime::{budget::Budget, pool::Pool};
/// let pool = Pool::new(&Budget::single_thread());
/// assert!(pool.shortage().is_none(), "one thread is always there");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("only {obtained} of {wanted} threads could be started ({reason}); going on with {obtained}")]
#[non_exhaustive]
pub struct Shortage {
    /// The budget.
    pub wanted: usize,
    /// Threads there are, the caller included.
    pub obtained: usize,
    /// The system's words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    #[test]
    fn every_task_is_done_once_at_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(&Budget::exactly(threads).unwrap());
            for tasks in [0, 1, 7, 1000] {
                let done: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                let next = AtomicUsize::new(0);
                pool.run(|crew, worker| {
                    assert!(worker < pool.threads() && pool.threads() <= threads);
                    while let Some(task) = done.get(next.fetch_add(1, Relaxed)) {
                        crew.enlist();
                        task.fetch_add(1, Relaxed);
                    }
                });
                assert!(done.iter().all(|task| task.load(Relaxed) == 1), "{tasks} tasks, {threads} threads");
            }
        }
    }

    #[test]
    fn a_panic_at_one_thread_is_the_same_panic() {
        let panic =
            catch_unwind(|| Pool::new(&Budget::single_thread()).run(|_, _| panic!("alone"))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"alone"));
    }
}
