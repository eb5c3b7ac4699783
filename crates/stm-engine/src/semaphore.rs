//! A counting semaphore: one variable, the permits that nobody holds.
//!
//! **Invariant** S1: available = the first number + released - acquired, counted over what has committed, and is never
//! below zero.
//! **Trade-offs** everybody who acquires or releases writes the one variable, so they conflict: it is meant to
//! guard something that takes longer than a transaction. Who waits is woken when permits come back and looks again;
//! there is no line, so one who wants many may be overtaken by those who want few.
//! **Checked by** tests/queues.rs, tests/loom_queues.rs.

use std::fmt;

use crate::engine::Engine;
use crate::error::Abort;
use crate::tvar::TVar;
use crate::txn::Txn;

/// A number of permits that transactions take and give back.
///
/// A permit belongs to nobody: any thread may release, also more than was acquired. One that was acquired and is
/// not released, say because a panic came between, is gone. Acquiring in a transaction that does not commit takes
/// nothing. Clone makes another handle to the same semaphore.
///
/// Every operation is O(1).
///
/// ```
/// use stm_engine::{atomically, TSemaphore};
/// let seats = TSemaphore::new(2);
/// std::thread::scope(|s| {
///     for _ in 0..8 {
///         s.spawn(|| {
///             atomically(|tx| seats.acquire(tx)); // sleeps while both are taken
///             // two threads at most are here
///             atomically(|tx| seats.release(tx));
///         });
///     }
/// });
/// assert_eq!(atomically(|tx| seats.available(tx)), 2);
/// ```
pub struct TSemaphore {
    free: TVar<usize>,
}

impl TSemaphore {
    /// A semaphore of the default engine with so many permits.
    #[cfg(not(loom))]
    pub fn new(permits: usize) -> Self {
        Self::in_engine(Engine::global(), permits)
    }

    /// A semaphore of this engine with so many permits.
    ///
    /// ```
    /// use stm_engine::{Engine, TSemaphore};
    /// let engine = Engine::new();
    /// let seats = TSemaphore::in_engine(&engine, 1);
    /// engine.atomically(|tx| seats.acquire(tx));
    /// assert!(!engine.atomically(|tx| seats.try_acquire(tx)));
    /// ```
    pub fn in_engine(engine: &Engine, permits: usize) -> Self {
        Self { free: engine.tvar(permits) }
    }

    /// Take a permit; [`retry`](Txn::retry), that is wait, while there is none.
    ///
    /// # Errors
    /// As [`Txn::get`], and that of the `retry`, which [`or_else`](Txn::or_else) understands.
    pub fn acquire(&self, tx: &Txn<'_>) -> Result<(), Abort> {
        self.acquire_many(tx, 1)
    }

    /// Take so many permits at once, or wait until there are as many. For ever, where there never will be.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// use stm_engine::{atomically, TSemaphore};
    /// let seats = TSemaphore::new(5);
    /// atomically(|tx| seats.acquire_many(tx, 3));
    /// assert_eq!(atomically(|tx| seats.available(tx)), 2);
    /// ```
    pub fn acquire_many(&self, tx: &Txn<'_>, permits: usize) -> Result<(), Abort> {
        if self.try_acquire_many(tx, permits)? { Ok(()) } else { tx.retry() }
    }

    /// Take a permit if there is one, and say whether there was.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn try_acquire(&self, tx: &Txn<'_>) -> Result<bool, Abort> {
        self.try_acquire_many(tx, 1)
    }

    /// Take so many permits if there are as many, else none, and say which.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn try_acquire_many(&self, tx: &Txn<'_>, permits: usize) -> Result<bool, Abort> {
        match tx.get(&self.free)?.checked_sub(permits) {
            Some(left) => tx.set(&self.free, left).map(|()| true),
            None => Ok(false),
        }
    }

    /// Give a permit back, or add one.
    ///
    /// # Errors
    /// As [`Txn::get`].
    ///
    /// # Panics
    /// When there would be more than `usize::MAX` permits.
    pub fn release(&self, tx: &Txn<'_>) -> Result<(), Abort> {
        self.release_many(tx, 1)
    }

    /// Give so many permits back, or add them.
    ///
    /// # Errors
    /// As [`Txn::get`].
    ///
    /// # Panics
    /// As [`release`](Self::release).
    pub fn release_many(&self, tx: &Txn<'_>, permits: usize) -> Result<(), Abort> {
        let free = *tx.get(&self.free)?;
        let Some(sum) = free.checked_add(permits) else {
            panic!(
                "a semaphore with {free} permits cannot take {permits} more: a usize does not count that far"
            );
        };
        tx.set(&self.free, sum)
    }

    /// How many permits there are to take.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn available(&self, tx: &Txn<'_>) -> Result<usize, Abort> {
        tx.get(&self.free).copied()
    }
}

impl Clone for TSemaphore {
    fn clone(&self) -> Self {
        Self { free: self.free.clone() }
    }
}

/// Says how many permits there are to take; outside any transaction, as [`TVar::load`].
impl fmt::Debug for TSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TSemaphore").field("available", &self.free.load()).finish()
    }
}
