//! A bounded queue: a ring of places, each a variable, and two running numbers.
//!
//! **Invariants** B1: `first <= end <= first + capacity`. B2: the places of the numbers `first..end` hold an item, all
//! others hold none; number `n` has place `n % capacity`.
//!
//! **Conflicts** a push reads and writes `end` and one place, a pop `first` and one place. By B2 it is the same place
//! only where the queue is full or empty: there one waits for the other. Elsewhere they do not meet.
//! **Trade-offs** full and empty show in the place itself, so neither reads the other's number. The memory of all
//! places is taken at once; a number of 64 bits does not come to its end.
//! **Checked by** tests/queues.rs, tests/loom_queues.rs.

use std::fmt;

use tx_runtime::sync::Arc;

use crate::engine::Engine;
use crate::error::Abort;
use crate::tvar::TVar;
use crate::txn::Txn;

struct Ring<T> {
    places: Box<[TVar<Option<T>>]>,
    /// The number of the item that is popped next.
    first: TVar<u64>,
    /// The number of the item that is pushed next.
    end: TVar<u64>,
}

impl<T> Ring<T> {
    fn place(&self, number: u64) -> &TVar<Option<T>> {
        &self.places[(number % self.places.len() as u64) as usize]
    }
}

/// A first-in-first-out queue of limited length that takes part in transactions: who pops waits while it is empty,
/// who pushes waits while it is full.
///
/// Any number of threads push and pop. As part of a transaction, an item can move between two queues, or together
/// with other variables, at once; what is undone leaves no trace. A push and a pop do not conflict unless the queue
/// is full or empty; two pushes do, and two pops do, and then one of them runs again.
///
/// An item is cloned once, when it is popped: put what is large into an `Arc`. It is dropped when no transaction can
/// read it any more, as an old version of a [`TVar`]. Clone makes another handle to the same queue.
///
/// Every operation is O(1). Each place takes a `TVar` from the start, about 100 bytes; for a bound that is only a
/// last resort, take a [`TQueue`](crate::TQueue) and a [`TSemaphore`](crate::TSemaphore).
///
/// ```
/// use stm_engine::{atomically, TBoundedQueue};
/// let queue = TBoundedQueue::new(2);
/// std::thread::scope(|s| {
///     s.spawn(|| (1..=9).for_each(|n| atomically(|tx| queue.push(tx, n)))); // never more than two ahead
///     let sum: i32 = (0..9).map(|_| atomically(|tx| queue.pop(tx))).sum();
///     assert_eq!(sum, 45);
/// });
/// ```
pub struct TBoundedQueue<T> {
    ring: Arc<Ring<T>>,
}

impl<T: Send + Sync + 'static> TBoundedQueue<T> {
    /// An empty queue of the default engine for at most `capacity` items.
    ///
    /// # Panics
    /// As [`in_engine`](Self::in_engine).
    #[cfg(not(loom))]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self::in_engine(Engine::global(), capacity)
    }

    /// An empty queue of this engine for at most `capacity` items.
    ///
    /// # Panics
    /// When `capacity` is 0: nothing could ever be pushed.
    ///
    /// ```
    /// use stm_engine::{Engine, TBoundedQueue};
    /// let engine = Engine::new();
    /// let queue = TBoundedQueue::in_engine(&engine, 1);
    /// engine.atomically(|tx| queue.push(tx, 7));
    /// assert_eq!(engine.atomically(|tx| queue.pop(tx)), 7);
    /// ```
    #[track_caller]
    pub fn in_engine(engine: &Engine, capacity: usize) -> Self {
        assert!(capacity > 0, "a bounded queue needs room for at least one item, its capacity is 0");
        let places = (0..capacity).map(|_| engine.tvar(None)).collect();
        Self { ring: Arc::new(Ring { places, first: engine.tvar(0), end: engine.tvar(0) }) }
    }

    /// How many items there may be at once.
    pub fn capacity(&self) -> usize {
        self.ring.places.len()
    }

    /// Put an item at the end; [`retry`](Txn::retry), that is wait, while the queue is full.
    ///
    /// # Errors
    /// As [`Txn::get`], and that of the `retry`, which [`or_else`](Txn::or_else) understands.
    pub fn push(&self, tx: &Txn<'_>, item: T) -> Result<(), Abort> {
        self.try_push(tx, item)?.or_else(|_full| tx.retry())
    }

    /// Put an item at the end, or give it back where the queue is full.
    ///
    /// # Errors
    /// As [`Txn::get`].
    ///
    /// ```
    /// use stm_engine::{atomically, TBoundedQueue};
    /// let queue = TBoundedQueue::new(1);
    /// assert_eq!(atomically(|tx| Ok((queue.try_push(tx, 'a')?, queue.try_push(tx, 'b')?))), (Ok(()), Err('b')));
    /// ```
    pub fn try_push(&self, tx: &Txn<'_>, item: T) -> Result<Result<(), T>, Abort> {
        let ring = &*self.ring;
        let end = *tx.get(&ring.end)?;
        let place = ring.place(end);
        if tx.get(place)?.is_some() {
            return Ok(Err(item));
        }
        tx.set(place, Some(item))?;
        tx.set(&ring.end, end + 1)?;
        Ok(Ok(()))
    }

    /// The item that is first, without taking it. The reference is good until the body returns.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn peek<'tx>(&self, tx: &Txn<'tx>) -> Result<Option<&'tx T>, Abort> {
        let first = *tx.get(&self.ring.first)?;
        Ok(tx.get(self.ring.place(first))?.as_ref())
    }

    /// How many items there are. Reads what both ends write: a transaction that asks conflicts with every push and
    /// every pop, where [`is_empty`](Self::is_empty), [`try_push`](Self::try_push) and [`try_pop`](Self::try_pop)
    /// look at one end.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn len(&self, tx: &Txn<'_>) -> Result<usize, Abort> {
        Ok((tx.get(&self.ring.end)? - tx.get(&self.ring.first)?) as usize)
    }

    /// Whether there is no item.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn is_empty(&self, tx: &Txn<'_>) -> Result<bool, Abort> {
        Ok(self.peek(tx)?.is_none())
    }
}

impl<T: Clone + Send + Sync + 'static> TBoundedQueue<T> {
    /// Take the first item; [`retry`](Txn::retry), that is wait, while there is none.
    ///
    /// # Errors
    /// As [`Txn::get`], and that of the `retry`, which [`or_else`](Txn::or_else) understands.
    pub fn pop(&self, tx: &Txn<'_>) -> Result<T, Abort> {
        self.try_pop(tx)?.map_or_else(|| tx.retry(), Ok)
    }

    /// Take the first item, if there is one.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn try_pop(&self, tx: &Txn<'_>) -> Result<Option<T>, Abort> {
        let ring = &*self.ring;
        let first = *tx.get(&ring.first)?;
        let place = ring.place(first);
        let Some(item) = tx.get(place)? else { return Ok(None) };
        tx.set(place, None)?;
        tx.set(&ring.first, first + 1)?;
        Ok(Some(item.clone()))
    }
}

impl<T> Clone for TBoundedQueue<T> {
    fn clone(&self) -> Self {
        Self { ring: Arc::clone(&self.ring) }
    }
}

/// Says about how many items there are: both ends are looked at one after the other, outside any transaction.
impl<T> fmt::Debug for TBoundedQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ring { places, first, end } = &*self.ring;
        // In this order: `end` never falls behind an earlier `first`, but may have run ahead of its bound.
        let first = first.load();
        let len = (end.load() - first).min(places.len() as u64);
        f.debug_struct("TBoundedQueue")
            .field("capacity", &places.len())
            .field("len", &len)
            .finish_non_exhaustive()
    }
}
