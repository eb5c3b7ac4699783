//! What a transaction body sees.
//!
//! `'tx` is the life of one attempt. `Txn` is invariant in it and the body is generic over it, so a `&'tx T`
//! can leave neither through the body's result nor through a captured place (tests/ui). Versions it may point
//! into live until the attempt ends: committed ones because the slot says so, own ones because a second write
//! keeps the first (see logs.rs).

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use crate::commute::{Commute, Integer};
use crate::error::{Abort, Cause, Conflict, Reason};
use crate::frame::{Frame, Loss, Mode};
use crate::local::Local;
use crate::node::Node;
use crate::tvar::{Core, TVar};

/// A running transaction: the only way to read and write variables inside it.
///
/// Everything read belongs to one moment, also when the attempt is going to lose. Pass the `&Txn` on to
/// functions that take part; it cannot leave its thread or its body.
///
/// ```compile_fail
/// # use stm_engine::{atomically, TVar};
/// let n = TVar::new(1);
/// atomically(|tx| {
///     std::thread::scope(|s| s.spawn(|| tx.set(&n, 2)).join().unwrap()) // `Txn` is not `Sync`
/// });
/// ```
pub struct Txn<'tx> {
    pub(crate) frame: &'tx Frame,
    pub(crate) local: &'tx Local,
    brand: PhantomData<Cell<&'tx ()>>,
}

impl fmt::Debug for Txn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reads, writes) = self.frame.logs(|logs| (logs.reads.len(), logs.writes.len()));
        f.debug_struct("Txn")
            .field("time", &self.frame.rv.get())
            .field("mode", &self.frame.mode.get())
            .field("reads", &reads)
            .field("writes", &writes)
            .finish()
    }
}

impl<'tx> Txn<'tx> {
    #[inline(always)]
    pub(crate) fn new(local: &'tx Local, frame: &'tx Frame) -> Self {
        Self { frame, local, brand: PhantomData }
    }

    pub(crate) fn parts(&self) -> (&'tx Local, &'tx Frame) {
        (self.local, self.frame)
    }

    /// The value of a variable: this transaction's own if it has written it, else that of its moment.
    /// No copy and no reference count: the reference is good until the body returns.
    ///
    /// Costs a load and a log entry, where nobody has written meanwhile.
    ///
    /// # Errors
    /// The [`Abort`] must be passed up with `?`. A body that swallows it cannot commit and runs again; every later call of
    /// the same attempt fails too, so there is no point in trying again inside the body.
    #[inline]
    pub fn get<T: Send + Sync + 'static>(&self, var: &TVar<T>) -> Result<&'tx T, Abort> {
        let core = self.ours(var.core())?;
        let node = self.frame.read(self.local, core)?;
        // SAFETY: a live version of this variable; it lives until the attempt ends, and 'tx is inside that.
        Ok(unsafe { Node::<T>::value(node) })
    }

    /// Replace the value of a variable. Others see it when the transaction commits, this one at once.
    ///
    /// References that `get` gave out before still show the value of then.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    #[inline]
    pub fn set<T: Send + Sync + 'static>(&self, var: &TVar<T>, value: T) -> Result<(), Abort> {
        let node = Node::alloc(&mut self.local.pool.borrow_mut(), value);
        let core = match self.ours(var.core()) {
            Ok(core) if self.frame.mode.get() == Mode::Update => core,
            refused => {
                // Its destructor, which may start transactions, runs when the attempt is over.
                self.frame.logs(|logs| logs.keep(node, Node::<T>::vtable()));
                return Err(refused.map_or_else(|abort| abort, |core| self.refuse_write(core)));
            }
        };
        self.frame.write(core, node, None);
        Ok(())
    }

    /// Replace the value of a variable by `f` of it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    #[inline]
    pub fn modify<T: Send + Sync + 'static>(
        &self,
        var: &TVar<T>,
        f: impl FnOnce(&T) -> T,
    ) -> Result<(), Abort> {
        let core = self.ours(var.core())?;
        let (before, own) = match self.frame.read_simply(self.local, core) {
            Some(before) => (before, false),
            None => self.frame.read_to_write(self.local, core)?,
        };
        let writes = self.frame.writes();
        // SAFETY: as in `get`.
        let value = f(unsafe { Node::<T>::value(before) });
        let node = Node::alloc(&mut self.local.pool.borrow_mut(), value);
        if self.frame.mode.get() != Mode::Update {
            self.frame.logs(|logs| logs.keep(node, Node::<T>::vtable()));
            return Err(self.refuse_write(core));
        }
        // `f` is user code and may have written through a `Txn` of its own.
        if !own && writes == self.frame.writes() {
            self.frame.write_new(core, node, None);
        } else {
            self.frame.write(core, node, None);
        }
        Ok(())
    }

    /// Replace the value of a variable and return what it was.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// use stm_engine::{atomically, TVar};
    /// let n = TVar::new(1);
    /// assert_eq!(atomically(|tx| Ok(*tx.replace(&n, 2)?)), 1);
    /// assert_eq!(n.load(), 2);
    /// ```
    #[inline]
    pub fn replace<T: Send + Sync + 'static>(&self, var: &TVar<T>, value: T) -> Result<&'tx T, Abort> {
        let before = self.get(var)?;
        self.set(var, value)?;
        Ok(before)
    }

    /// Write an integer variable by an operation whose order does not matter, without reading it: two transactions
    /// that only commute on a variable never make each other stale. (One whose commit meets the other's may still run again.)
    ///
    /// The operation is applied at the commit, to whatever the variable holds by then. Reading the variable later in
    /// the same transaction makes it an ordinary write.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// use stm_engine::{atomically, Commute, TVar};
    /// let (hits, longest) = (TVar::new(0_u64), TVar::new(0_u64));
    /// for len in [3, 9, 4] {
    ///     atomically(|tx| {
    ///         tx.commute(&hits, Commute::Add(1))?;
    ///         tx.commute(&longest, Commute::Max(len))
    ///     });
    /// }
    /// assert_eq!((hits.load(), longest.load()), (3, 9));
    /// ```
    #[inline]
    pub fn commute<T: Integer>(&self, var: &TVar<T>, operation: Commute<T>) -> Result<(), Abort> {
        let core = self.ours(var.core())?;
        if self.frame.mode.get() != Mode::Update {
            return Err(self.refuse_write(core));
        }
        let (operand, apply) = operation.pending();
        let node = match self.frame.own(core) {
            None => {
                let node = Node::alloc(&mut self.local.pool.borrow_mut(), operand);
                self.frame.write_new(core, node, Some(apply));
                return Ok(());
            }
            Some((node, Some(before))) if before.is(apply) => node,
            Some(_) => return self.modify(var, |value| operation.of(*value)),
        };
        let both = Node::alloc(&mut self.local.pool.borrow_mut(), operand);
        // SAFETY: both are ours, of this type, and given out to nobody (M1). The operations are associative.
        unsafe { apply.apply(both, node.as_ptr()) };
        self.frame.write(core, both, Some(apply));
        Ok(())
    }

    /// From here on this transaction cannot lose: others go on reading and computing, and wait to commit until it
    /// has ended. The place for input and output that belongs to the transaction; it may still end itself with an
    /// error or a panic, and then leaves no trace in variables.
    ///
    /// One transaction of an engine at a time is irrevocable; this waits for another one. The body must not wait for
    /// the commit of another thread, which waits for this one.
    ///
    /// # Errors
    /// A conflict when something read before has changed: the next attempt is irrevocable from its start. In a
    /// [prepared](crate::Engine::prepare) body, always: [`TxError::IrrevocablePrepare`](crate::TxError::IrrevocablePrepare).
    ///
    /// ```
    /// use stm_engine::{atomically, TVar};
    /// let tickets = TVar::new(3);
    /// let number = atomically(|tx| {
    ///     tx.become_irrevocable()?;
    ///     let number = *tx.get(&tickets)?;
    ///     println!("printing ticket {number}"); // once
    ///     tx.set(&tickets, number - 1)?;
    ///     Ok(number)
    /// });
    /// assert_eq!((number, tickets.load()), (3, 2));
    /// ```
    #[cold]
    pub fn become_irrevocable(&self) -> Result<(), Abort> {
        self.frame.become_irrevocable(&self.local.engine)
    }

    /// Give up this attempt and wait until something that it has read changes, then run again.
    ///
    /// # Errors
    /// Always: `return tx.retry()`, or `tx.retry()?`. It has no effect unless it is passed up: a body that swallows it
    /// commits what it has written.
    #[cold]
    pub fn retry<R>(&self) -> Result<R, Abort> {
        Err(Abort::new(Reason::Retry))
    }

    /// End the transaction with an error, without a trace: it comes out of
    /// [`try_atomically`](crate::Engine::try_atomically) as [`TxError::Aborted`](crate::TxError::Aborted).
    /// An error type of your own also becomes an `Abort` with `?`.
    ///
    /// # Errors
    /// Always: `return tx.abort("no such account")`. It has no effect unless it is passed up.
    #[cold]
    pub fn abort<R>(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Result<R, Abort> {
        Err(Abort::new(Reason::User(error.into())))
    }

    /// Call `hook` once, after this transaction has committed and is closed, on the thread that commits it; never
    /// if it does not, or if the nested part that asked for it is undone. The place for output. Hooks run in the
    /// order in which they were given, outside of any transaction. A panic in one passes to the caller when all have
    /// run; the transaction has committed.
    ///
    /// ```
    /// use stm_engine::{atomically, TVar};
    /// let n = TVar::new(1);
    /// atomically(|tx| {
    ///     tx.modify(&n, |n| n + 1)?;
    ///     tx.on_commit(|| println!("counted"));
    ///     Ok(())
    /// });
    /// ```
    pub fn on_commit(&self, hook: impl FnOnce() + Send + 'static) {
        let hook = Box::new(hook);
        self.frame.logs(|logs| logs.hooks.on_commit(hook));
    }

    /// Call `hook` once if this attempt, or the nested part that asked for it, is undone: by a conflict, an error, a
    /// `retry`, a panic, or a prepared transaction that is not committed. The place to give back what the body took
    /// from outside. Hooks run in the order in which they were given, when the attempt has ended, outside of any
    /// transaction; those of a prepared transaction that is dropped inside an open one, when that has ended. A panic in one
    /// is reported and goes no further.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// use stm_engine::{Engine, Options};
    /// static UNDONE: AtomicU32 = AtomicU32::new(0);
    /// let refused = Engine::global().try_atomically(&Options::new(), |tx| {
    ///     tx.on_abort(|| { UNDONE.fetch_add(1, Relaxed); });
    ///     tx.abort::<()>("changed its mind")
    /// });
    /// assert!(refused.is_err());
    /// assert_eq!(UNDONE.load(Relaxed), 1);
    /// ```
    pub fn on_abort(&self, hook: impl FnOnce() + Send + 'static) {
        let hook = Box::new(hook);
        self.frame.logs(|logs| logs.hooks.on_abort(hook));
    }

    /// Run `hook` at the end of the body, as a part of it: it may read and write, and its error ends the transaction.
    /// The place for what must hold of the whole transaction, asked for where it is first touched. Hooks run in the
    /// order in which they were given; one may give more.
    ///
    /// ```
    /// use stm_engine::{Engine, Options, TVar};
    /// let (spent, budget) = (TVar::new(0), TVar::new(10));
    /// let check = |tx: &stm_engine::Txn<'_>| {
    ///     let (spent, budget) = (spent.clone(), budget.clone());
    ///     tx.before_commit(move |tx| if tx.get(&spent)? > tx.get(&budget)? { tx.abort("over budget") } else { Ok(()) });
    /// };
    /// let result = Engine::global().try_atomically(&Options::new(), |tx| {
    ///     check(tx);
    ///     tx.modify(&spent, |n| n + 8)?;
    ///     tx.modify(&spent, |n| n + 8)
    /// });
    /// assert!(result.unwrap_err().to_string().contains("over budget"));
    /// assert_eq!(spent.load(), 0);
    /// ```
    pub fn before_commit(&self, hook: impl FnOnce(&Txn<'_>) -> Result<(), Abort> + Send + 'static) {
        let hook = Box::new(hook);
        self.frame.logs(|logs| logs.hooks.before_commit(hook));
    }

    /// Run `first`; if it retries, undo its writes and run `second` instead. If that retries too, the whole
    /// transaction waits, for a change of anything that either of them has read.
    ///
    /// # Errors
    /// Those of the branch that ran last, and conflicts.
    ///
    /// ```
    /// use stm_engine::{atomically, Abort, TVar, Txn};
    /// fn take(tx: &Txn<'_>, from: &TVar<Option<u32>>) -> Result<u32, Abort> {
    ///     tx.replace(from, None)?.map_or_else(|| tx.retry(), Ok)
    /// }
    /// let (left, right) = (TVar::new(None), TVar::new(Some(7)));
    /// assert_eq!(atomically(|tx| tx.or_else(|tx| take(tx, &left), |tx| take(tx, &right))), 7);
    /// ```
    pub fn or_else<R>(
        &self,
        first: impl FnOnce(&Self) -> Result<R, Abort>,
        second: impl FnOnce(&Self) -> Result<R, Abort>,
    ) -> Result<R, Abort> {
        let mark = self.frame.logs(|logs| logs.mark());
        match first(self) {
            Err(Abort(reason)) if matches!(*reason, Reason::Retry) && self.frame.loss().is_none() => {
                self.frame.back_to(&self.local.engine, mark);
                let second = second(self);
                if second.as_ref().is_err_and(|abort| matches!(*abort.0, Reason::Retry)) {
                    // Should the body keep this from the caller: neither branch has happened.
                    self.frame.back_to(&self.local.engine, mark);
                }
                second
            }
            other => other,
        }
    }

    /// Run `child` as a transaction inside this one: if it ends in an error of its own, its writes are undone
    /// and this one goes on with the error in hand. If it succeeds, its writes are this one's.
    ///
    /// # Errors
    /// Conflicts and `retry` concern the whole transaction and must be passed up.
    ///
    /// ```
    /// use stm_engine::{atomically, TVar};
    /// let (orders, failures) = (TVar::new(0), TVar::new(0));
    /// atomically(|tx| {
    ///     let order = tx.nested(|tx| {
    ///         tx.modify(&orders, |n| n + 1)?;
    ///         tx.abort::<()>("out of stock")
    ///     })?;
    ///     if order.is_err() { tx.modify(&failures, |n| n + 1) } else { Ok(()) }
    /// });
    /// assert_eq!((orders.load(), failures.load()), (0, 1));
    /// ```
    pub fn nested<R>(
        &self,
        child: impl FnOnce(&Self) -> Result<R, Abort>,
    ) -> Result<Result<R, Box<dyn Error + Send + Sync>>, Abort> {
        let mark = self.frame.logs(|logs| logs.mark());
        match child(self).map_err(|abort| *abort.0) {
            Ok(value) => Ok(Ok(value)),
            Err(Reason::User(error)) if self.frame.loss().is_none() => {
                self.frame.back_to(&self.local.engine, mark);
                Ok(Err(error))
            }
            Err(_) if self.frame.loss().is_some() => Err(Abort::new(Reason::Conflict)),
            Err(reason) => {
                // Should the body keep this `retry` from the caller: the child has not happened.
                self.frame.back_to(&self.local.engine, mark);
                Err(Abort::new(reason))
            }
        }
    }

    #[inline(always)]
    pub(crate) fn ours<'a>(&self, core: &'a Core) -> Result<&'a Core, Abort> {
        if core.engine.same(&self.local.engine) {
            Ok(core)
        } else {
            Err(self.frame.doom(Loss::Foreign(core.label)))
        }
    }

    #[cold]
    fn refuse_write(&self, core: &Core) -> Abort {
        match self.frame.mode.get() {
            Mode::Doomed => Abort::new(Reason::Conflict),
            _ => {
                let conflict = Conflict { cause: Cause::LateWrite, variable: core.label, winner: None };
                self.frame.doom(Loss::Conflict(conflict))
            }
        }
    }
}
