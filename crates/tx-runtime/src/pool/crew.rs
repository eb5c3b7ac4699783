//! What a worker loop knows of the others.

use std::fmt;

/// The worker loops of one run, as one of them sees it: a way to get more hands.
///
/// ```
/// use tx_runtime::{budget::Budget, pool::Pool};
/// Pool::new(&Budget::single_thread()).run(|crew, worker| {
///     assert_eq!((worker, crew.threads(), crew.enlist()), (0, 1, false));
/// });
/// ```
#[derive(Clone, Copy)]
pub struct Crew<'a> {
    mates: Option<&'a dyn Mates>,
}

/// A run with helpers.
pub(super) trait Mates {
    fn enlist(&self) -> bool;
    fn call_off(&self);
    fn threads(&self) -> usize;
    fn has_failed(&self) -> bool;
}

impl<'a> Crew<'a> {
    pub(super) fn alone() -> Self {
        Self { mates: None }
    }

    #[cfg(feature = "parallel")]
    pub(super) fn of(mates: &'a dyn Mates) -> Self {
        Self { mates: Some(mates) }
    }

    /// Ask for one more worker loop if fewer than [`threads`](Self::threads) are running or asked for; whether it was. It begins soon,
    /// unless another loop panics or [calls it off](Self::call_off) before.
    ///
    /// Cheap when none is free (one load), so it may be asked for every task that becomes ready. The new loop may find
    /// that others were faster; then it returns. Ask only where work for it is in sight: loops that always start another
    /// before they return pass the run on for ever.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// let pool = Pool::new(&Budget::exactly(2)?);
    /// let loops = AtomicUsize::new(0);
    /// pool.run(|crew, worker| {
    ///     loops.fetch_add(1, Relaxed);
    ///     if worker == 0 && crew.enlist() {
    ///         // worker 1 runs now, or soon; nobody else is free
    ///     }
    /// });
    /// assert_eq!(loops.into_inner(), pool.threads());
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    #[inline]
    pub fn enlist(&self) -> bool {
        self.mates.is_some_and(Mates::enlist)
    }

    /// Do without the worker loops that were [enlisted](Self::enlist), by whomever, and have not begun: for the end of a run, so that it
    /// need not wait until a helper is awake only to find nothing. One load an index.
    ///
    /// Not for loops that wait for those they enlisted.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// let pool = Pool::new(&Budget::exactly(2)?);
    /// pool.run(|crew, worker| {
    ///     if worker == 0 {
    ///         crew.enlist(); // there may be work for two
    ///         crew.call_off(); // but all is done: worker 1 has begun by now, or it does not come
    ///     }
    /// });
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn call_off(&self) {
        if let Some(mates) = self.mates {
            mates.call_off();
        }
    }

    /// The most worker loops this run can have; 1 where it is serial.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// let pool = Pool::new(&Budget::exactly(2)?);
    /// pool.run(|crew, _| {
    ///     assert_eq!(crew.threads(), pool.threads());
    ///     pool.run(|inner, _| assert_eq!(inner.threads(), 1)); // busy: the inner run is serial
    /// });
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn threads(&self) -> usize {
        self.mates.map_or(1, Mates::threads)
    }

    /// Whether a worker loop of this run has panicked, so that the others may stop early.
    ///
    /// ```
    /// use tx_runtime::{budget::Budget, pool::Pool};
    /// Pool::new(&Budget::exactly(2)?).run(|crew, _| assert!(!crew.has_failed()));
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn has_failed(&self) -> bool {
        self.mates.is_some_and(Mates::has_failed)
    }
}

impl fmt::Debug for Crew<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("threads", &self.threads())
            .field("has_failed", &self.has_failed())
            .finish()
    }
}
