//! A transaction that has run but not committed: its read log, its write buffer and its slot, kept.
//!
//! **Invariants** P1: the slot stays published at the time of the run, so every logged node and core is alive.
//! P2: no reference into a version is out: the body has returned, and its result cannot hold one.
//!
//! It may change threads: memory and slot belong to no thread, and what has to be freed goes to the limbo of
//! whoever ends it. Versions superseded meanwhile stay alive, so one kept for long holds memory.

use std::fmt;

use crate::attempt::{Attempt, CommitLost};
use crate::commit::Check;
use crate::engine::EngineRef;
use crate::error::Stale;
use crate::frame::{Frame, Loss, first_stale};
use crate::local;
use crate::open;
use crate::stats::Count;

/// A transaction that has run on a committed snapshot and waits for its turn to commit; made by
/// [`Engine::prepare`](crate::Engine::prepare). Dropping it leaves no trace.
///
/// ```
/// use stm_engine::Engine;
/// let engine = Engine::new();
/// let (x, y) = (engine.labelled("x", 1), engine.tvar(0));
/// let copy = engine.prepare(|tx| tx.set(&y, *tx.get(&x)?)).unwrap();
/// engine.atomically(|tx| tx.set(&x, 2));
/// assert!(!copy.is_current());
/// assert_eq!(copy.commit().unwrap_err().variable, Some("x"));
/// assert_eq!(y.load(), 0);
/// ```
#[must_use = "a prepared transaction does nothing until `commit`"]
pub struct Prepared<R> {
    /// `Some` until it has ended.
    frame: Option<Box<Frame>>,
    value: Option<R>,
    engine: EngineRef,
}

impl<R> fmt::Debug for Prepared<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("read_only", &self.is_read_only()).finish_non_exhaustive()
    }
}

impl<R> Prepared<R> {
    pub(crate) fn new(engine: EngineRef, frame: Box<Frame>, value: R) -> Self {
        // The run's deadline is not the commit's.
        frame.until.set(None);
        Self { frame: Some(frame), value: Some(value), engine }
    }

    fn frame(&self) -> &Frame {
        self.frame.as_deref().expect("not ended")
    }

    /// Publish what the body wrote, if everything that it read is still current and no other commit holds on to a variable
    /// that it writes, and return its result.
    ///
    /// Never runs the body, and never waits but for a few turns where another commit is in progress and for the end of
    /// an irrevocable transaction. A read that another commit holds locked counts as stale.
    ///
    /// # Errors
    /// [`Stale`] when it cannot commit as it ran; it has then left no trace.
    ///
    /// # Panics
    /// When a transaction is open on this thread: its roll-back could not take this commit back.
    pub fn commit(mut self) -> Result<R, Stale> {
        if let Some(outer) = open::where_open() {
            panic!("a prepared transaction commits while the one of {outer} is open on this thread");
        }
        let frame = self.frame.take().expect("not ended");
        let local = local::of(&self.engine);
        let result = Attempt::resume(&local, &frame).commit(Check::Always);
        if result.is_err() {
            frame.count(Count::Stale);
        }
        let loss = frame.loss();
        frame.reset();
        local.give_back(frame);
        local.tidy();
        match result {
            Ok(hooks) => {
                hooks.run();
                Ok(self.value.take().expect("kept until the commit"))
            }
            Err(CommitLost) => match loss {
                Some(Loss::Conflict(conflict)) => Err(conflict.into()),
                _ => unreachable!("a commit loses against another transaction only"),
            },
        }
    }

    /// Whether `commit` would succeed if nothing else happened before it.
    pub fn is_current(&self) -> bool {
        self.frame().logs(|logs| first_stale(&self.engine, logs, false).is_none())
    }

    /// Whether it has written nothing.
    pub fn is_read_only(&self) -> bool {
        self.frame().logs(|logs| logs.writes.is_empty())
    }

    /// The result of the body, as if it had committed.
    pub fn peek(&self) -> &R {
        self.value.as_ref().expect("kept until the commit")
    }
}

impl<R> Drop for Prepared<R> {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            let local = local::of(&self.engine);
            let attempt = Attempt::resume(&local, &frame);
            if open::is_open() {
                attempt.roll_back_later()
            } else {
                attempt.roll_back()
            }
            frame.reset();
            local.give_back(frame);
            local.tidy();
        }
    }
}
