//! Why a transaction stopped: one opaque type inside the body, one enum for its caller.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// Why an attempt lost against another transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// A variable it wanted to read stayed locked by a committer.
    ReadLocked,
    /// A variable it wanted to read is newer than its snapshot, which could not be moved forward.
    ReadTooNew,
    /// A variable it wanted to write stayed locked by another committer.
    WriteLocked,
    /// A value it had read changed before its commit.
    StaleRead,
    /// It wrote, or asked to become irrevocable, after it had gone on at an older snapshot, which only a reader may.
    LateWrite,
    /// A transaction of higher priority was reading a variable that it wanted to write.
    Priority,
    /// Another transaction stayed irrevocable until its time was over.
    Irrevocable,
}

impl Cause {
    /// Every cause, in the order of declaration.
    pub const ALL: [Cause; 7] = [
        Self::ReadLocked,
        Self::ReadTooNew,
        Self::WriteLocked,
        Self::StaleRead,
        Self::LateWrite,
        Self::Priority,
        Self::Irrevocable,
    ];
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadLocked => "a variable it reads stayed locked",
            Self::ReadTooNew => "a variable is newer than its snapshot",
            Self::WriteLocked => "a variable it writes stayed locked",
            Self::StaleRead => "a value it read changed before its commit",
            Self::LateWrite => "it wrote after falling back to an older snapshot",
            Self::Priority => "a variable it writes was being read with priority",
            Self::Irrevocable => "another transaction stayed irrevocable",
        })
    }
}

/// Why a transaction body stopped: passed up with `?`, made and handled by the engine alone.
///
/// Any type that implements `Error` turns into one with `?` (strings and boxed errors by [`Txn::abort`](crate::Txn::abort)), and comes out of
/// [`try_atomically`](crate::Engine::try_atomically) as [`TxError::Aborted`]. A conflict never comes out: the
/// body runs again, also when it swallowed the `Abort`.
///
/// ```
/// use stm_engine::{Engine, Options, TxError};
/// let engine = Engine::new();
/// let n = engine.tvar(0);
/// let parsed = engine.try_atomically(&Options::new(), |tx| {
///     tx.set(&n, "seven".parse::<i32>()?)
/// });
/// assert!(matches!(parsed, Err(TxError::Aborted(e)) if e.to_string().contains("invalid digit")));
/// assert_eq!(n.load(), 0);
/// ```
// One word, so that `Result<&T, Abort>` travels in two registers.
pub struct Abort(pub(crate) Box<Reason>);

#[derive(Debug)]
pub(crate) enum Reason {
    /// The attempt is doomed; the frame knows why.
    Conflict,
    Retry,
    User(Box<dyn Error + Send + Sync>),
}

impl Abort {
    #[cold]
    pub(crate) fn new(reason: Reason) -> Self {
        Self(Box::new(reason))
    }
}

impl fmt::Debug for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Abort").field(&self.0).finish()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Abort {
    fn from(error: E) -> Self {
        Self::new(Reason::User(error.into()))
    }
}

/// Why a transaction did not commit. Whatever the reason, it left no trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TxError {
    /// The body ended itself with an error of its own: [`Txn::abort`](crate::Txn::abort) or `?`.
    #[error("the transaction ended itself: {0}")]
    Aborted(#[source] Box<dyn Error + Send + Sync>),
    /// A transaction was started while another one is open on this thread. Pass the outer `&Txn` on instead.
    #[error(
        "a transaction starts at {inner} while the one of {outer} is open on this thread; pass its `&Txn` on"
    )]
    Nested {
        /// Where the refused transaction starts.
        inner: &'static Location<'static>,
        /// Where the open one started.
        outer: &'static Location<'static>,
    },
    /// [`Options::max_attempts`](crate::Options::max_attempts) attempts lost against others.
    #[error("{} lost all of its {attempts} attempts; the last because {cause}{}{}", Label(*.label), On(*.variable), To(*.winner))]
    Attempts {
        /// Of the options.
        label: Option<&'static str>,
        /// How many were made.
        attempts: u32,
        /// Why the last one lost.
        cause: Cause,
        /// The label of the variable it lost on, if it has one.
        variable: Option<&'static str>,
        /// Where the transaction starts that it lost to; unknown where that was still committing.
        winner: Option<&'static Location<'static>>,
    },
    /// [`Options::deadline`](crate::Options::deadline) passed.
    #[error("{} did not commit within {deadline:?}, having lost {attempts} times{}", Label(*.label), if *.waiting { "; it was waiting in `retry`" } else { "" })]
    Deadline {
        /// Of the options.
        label: Option<&'static str>,
        /// The time it had.
        deadline: Duration,
        /// How many attempts were lost against others.
        attempts: u32,
        /// Whether it was waiting in `retry` when the time was over.
        waiting: bool,
    },
    /// `retry` in a prepared body: it cannot go on until something that it read changes.
    #[error("{} waits for a change of what it read", Label(*.label))]
    Blocked {
        /// Of the options.
        label: Option<&'static str>,
    },
    /// `retry` in a body that has read nothing: nothing could ever wake it.
    #[error("{} asked to wait for a change but has read no variable", Label(*.label))]
    WaitsForever {
        /// Of the options.
        label: Option<&'static str>,
    },
    /// `retry` after [`Txn::become_irrevocable`](crate::Txn::become_irrevocable): what the body has done since cannot
    /// be done again, and it holds up everybody whom it would wait for.
    #[error("{} asked to wait for a change after it had become irrevocable", Label(*.label))]
    IrrevocableRetry {
        /// Of the options.
        label: Option<&'static str>,
    },
    /// [`Txn::become_irrevocable`](crate::Txn::become_irrevocable) in a prepared body, whose commit may still be
    /// refused.
    #[error("{} asked to become irrevocable while it is only being prepared", Label(*.label))]
    IrrevocablePrepare {
        /// Of the options.
        label: Option<&'static str>,
    },
    /// A variable belongs to another engine.
    #[error("a variable{} belongs to another engine than the transaction", Named(*.variable))]
    ForeignEngine {
        /// The label of the variable, if it has one.
        variable: Option<&'static str>,
    },
}

struct Label(Option<&'static str>);
struct On(Option<&'static str>);
struct Named(Option<&'static str>);
struct To(Option<&'static Location<'static>>);

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |winner| write!(f, ", by the transaction of {winner}"))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(label) => write!(f, "the transaction `{label}`"),
            None => f.write_str("the transaction"),
        }
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |label| write!(f, " (variable `{label}`)"))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |label| write!(f, " `{label}`"))
    }
}

/// How an attempt lost, on which variable, and to the transaction of which line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) cause: Cause,
    pub(crate) variable: Option<&'static str>,
    pub(crate) winner: Option<&'static Location<'static>>,
}

/// A prepared transaction cannot commit: something it read has changed since. It left no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the prepared transaction is stale: {cause}{}{}", On(*.variable), To(*.winner))]
#[non_exhaustive]
pub struct Stale {
    /// What stood in its way.
    pub cause: Cause,
    /// The label of the variable, if it has one.
    pub variable: Option<&'static str>,
    /// Where the transaction starts that was faster; unknown where it is still committing.
    pub winner: Option<&'static Location<'static>>,
}

impl From<Conflict> for Stale {
    fn from(Conflict { cause, variable, winner }: Conflict) -> Self {
        Self { cause, variable, winner }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abort_is_one_word() {
        assert_eq!(size_of::<Result<&u8, Abort>>(), 2 * size_of::<usize>());
    }

    #[test]
    fn the_causes_are_numbered_in_order() {
        assert!(Cause::ALL.into_iter().enumerate().all(|(i, cause)| cause as usize == i));
    }

    #[test]
    fn errors_name_transaction_and_variable() {
        let error = TxError::Attempts {
            label: Some("transfer"),
            attempts: 3,
            cause: Cause::WriteLocked,
            variable: Some("balance"),
            winner: None,
        };
        assert_eq!(
            error.to_string(),
            "the transaction `transfer` lost all of its 3 attempts; the last because a variable it writes \
             stayed locked (variable `balance`)"
        );
        let stale = Stale { cause: Cause::StaleRead, variable: None, winner: None };
        assert_eq!(
            stale.to_string(),
            "the prepared transaction is stale: a value it read changed before its commit"
        );
    }
}
