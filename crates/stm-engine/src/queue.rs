//! An unbounded queue: a chain of cells from `head` to `tail`, each a variable.
//!
//! ```text
//! head ──> [a, ·]──> [b, ·]──> [hole] <── tail
//! ```
//!
//! **Invariants** Q1: following the cells from the one that `head` names leads to the one that `tail` names.
//! Q2: that one is a hole, all before it hold an item; a cell is written once, when its hole is filled.
//!
//! **Conflicts** a push reads and writes `tail` and fills the hole; a pop reads and writes `head` and reads the
//! first cell. They meet only in the hole of an empty queue, which is the case where the pop has to wait.
//! **Trade-offs** two stacks would need half the memory per item, but turning the one into the other is a step of
//! O(n) that loses to every push meanwhile. Here every operation is O(1), and an item costs a variable.
//! There is no count of items: each push and each pop would have to write it.
//! **Drop** a cell holds the handle of the next; the engine frees such chains in a loop (see reclaim.rs).
//! **Checked by** tests/queues.rs, tests/loom_queues.rs.

use std::fmt;

use crate::engine::Engine;
use crate::error::Abort;
use crate::tvar::TVar;
use crate::txn::Txn;

/// A place in the chain; `None` is the hole at its end, which the next push fills.
type Cell<T> = TVar<Option<Link<T>>>;

struct Link<T> {
    item: T,
    next: Cell<T>,
}

/// An unbounded first-in-first-out queue that takes part in transactions.
///
/// Any number of threads push and pop. As part of a transaction, an item can move between two queues, or together
/// with other variables, at once; what is undone leaves no trace. A push and a pop do not conflict unless the queue
/// is empty; two pushes do, and two pops do, and then one of them runs again.
///
/// An item is cloned once, when it is popped: put what is large into an `Arc`. It is dropped when no transaction can
/// read it any more, as an old version of a [`TVar`]. Clone makes another handle to the same queue.
///
/// Every operation is O(1). An item takes a `TVar` and a version of it: about 100 bytes beside its own.
///
/// ```
/// use stm_engine::{atomically, TQueue};
/// let jobs = TQueue::new();
/// std::thread::scope(|s| {
///     s.spawn(|| (1..=3).for_each(|n| atomically(|tx| jobs.push(tx, n))));
///     let sum: i32 = (0..3).map(|_| atomically(|tx| jobs.pop(tx))).sum(); // sleeps while there is none
///     assert_eq!(sum, 6);
/// });
/// ```
pub struct TQueue<T> {
    head: TVar<Cell<T>>,
    tail: TVar<Cell<T>>,
}

impl<T: Send + Sync + 'static> TQueue<T> {
    /// An empty queue of the default engine.
    #[cfg(not(loom))]
    pub fn new() -> Self {
        Self::in_engine(Engine::global())
    }

    /// An empty queue of this engine.
    ///
    /// ```
    /// use stm_engine::{Engine, TQueue};
    /// let engine = Engine::new();
    /// let queue = TQueue::in_engine(&engine);
    /// engine.atomically(|tx| queue.push(tx, 7));
    /// assert_eq!(engine.atomically(|tx| queue.pop(tx)), 7);
    /// ```
    pub fn in_engine(engine: &Engine) -> Self {
        let hole = engine.tvar(None);
        Self { head: engine.tvar(hole.clone()), tail: engine.tvar(hole) }
    }

    /// Put an item at the end.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn push(&self, tx: &Txn<'_>, item: T) -> Result<(), Abort> {
        let hole = tx.get(&self.tail)?;
        let end = TVar::in_engine(&self.tail.core().engine, None, None);
        tx.set(hole, Some(Link { item, next: end.clone() }))?;
        tx.set(&self.tail, end)
    }

    /// The item that is first, without taking it. The reference is good until the body returns.
    ///
    /// # Errors
    /// As [`Txn::get`].
    ///
    /// ```
    /// use stm_engine::{atomically, TQueue};
    /// let queue = TQueue::new();
    /// atomically(|tx| {
    ///     assert_eq!(queue.peek(tx)?, None);
    ///     queue.push(tx, "a")?;
    ///     assert_eq!(queue.peek(tx)?, Some(&"a"));
    ///     Ok(())
    /// });
    /// ```
    pub fn peek<'tx>(&self, tx: &Txn<'tx>) -> Result<Option<&'tx T>, Abort> {
        Ok(self.first(tx)?.map(|link| &link.item))
    }

    /// Whether there is no item.
    ///
    /// # Errors
    /// As [`Txn::get`].
    pub fn is_empty(&self, tx: &Txn<'_>) -> Result<bool, Abort> {
        Ok(self.first(tx)?.is_none())
    }

    fn first<'tx>(&self, tx: &Txn<'tx>) -> Result<Option<&'tx Link<T>>, Abort> {
        Ok(tx.get(tx.get(&self.head)?)?.as_ref())
    }
}

impl<T: Clone + Send + Sync + 'static> TQueue<T> {
    /// Take the first item; [`retry`](Txn::retry), that is wait, while there is none.
    ///
    /// # Errors
    /// As [`Txn::get`], and that of the `retry`, which [`or_else`](Txn::or_else) understands.
    ///
    /// ```
    /// use stm_engine::{atomically, TQueue};
    /// let (urgent, normal) = (TQueue::new(), TQueue::new());
    /// atomically(|tx| normal.push(tx, 1));
    /// assert_eq!(atomically(|tx| tx.or_else(|tx| urgent.pop(tx), |tx| normal.pop(tx))), 1);
    /// ```
    pub fn pop(&self, tx: &Txn<'_>) -> Result<T, Abort> {
        self.try_pop(tx)?.map_or_else(|| tx.retry(), Ok)
    }

    /// Take the first item, if there is one.
    ///
    /// # Errors
    /// As [`Txn::get`].
    ///
    /// ```
    /// use stm_engine::{atomically, TQueue};
    /// let queue = TQueue::new();
    /// atomically(|tx| queue.push(tx, 1));
    /// assert_eq!(atomically(|tx| Ok((queue.try_pop(tx)?, queue.try_pop(tx)?))), (Some(1), None));
    /// ```
    pub fn try_pop(&self, tx: &Txn<'_>) -> Result<Option<T>, Abort> {
        let Some(Link { item, next }) = self.first(tx)? else { return Ok(None) };
        tx.set(&self.head, next.clone())?;
        Ok(Some(item.clone()))
    }
}

#[cfg(not(loom))]
impl<T: Send + Sync + 'static> Default for TQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for TQueue<T> {
    fn clone(&self) -> Self {
        Self { head: self.head.clone(), tail: self.tail.clone() }
    }
}

/// Says whether the queue was empty a moment ago; outside any transaction, as [`TVar::load`].
impl<T: Send + Sync + 'static> fmt::Debug for TQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let empty = self.head.load().with_newest(Option::is_none);
        f.debug_struct("TQueue").field("empty", &empty).finish_non_exhaustive()
    }
}
