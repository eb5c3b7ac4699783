//! The default engine, and the functions that use it. Not built under loom, where nothing may be static.

use std::panic::Location;
use std::sync::LazyLock;

use crate::engine::Engine;
use crate::error::{Abort, TxError};
use crate::options::Options;
use crate::run;
use crate::snapshot::Snapshot;
use crate::tvar::TVar;
use crate::txn::Txn;

static DEFAULT: LazyLock<Engine> = LazyLock::new(Engine::immortal);

impl Engine {
    /// The default engine: that of [`TVar::new`], [`atomically`](crate::atomically()) and the other free
    /// functions. It lives as long as the program.
    pub fn global() -> &'static Engine {
        &DEFAULT
    }
}

impl<T: Send + Sync + 'static> TVar<T> {
    /// A variable of the default engine.
    pub fn new(value: T) -> Self {
        Self::in_engine(&DEFAULT.inner, None, value)
    }

    /// A variable of the default engine that errors and reports call by a name.
    pub fn labelled(label: &'static str, value: T) -> Self {
        Self::in_engine(&DEFAULT.inner, Some(label), value)
    }
}

impl<T: Default + Send + Sync + 'static> Default for TVar<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Send + Sync + 'static> From<T> for TVar<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// [`Engine::atomically`] on the default engine.
///
/// # Panics
/// As [`Engine::atomically`].
///
/// ```
/// use stm_engine::{atomically, TVar};
/// let (a, b) = (TVar::new(100), TVar::new(0));
/// let moved = atomically(|tx| {
///     if *tx.get(&a)? < 30 {
///         return tx.retry(); // sleeps until `a` changes
///     }
///     tx.modify(&a, |x| x - 30)?;
///     tx.modify(&b, |x| x + 30)?;
///     Ok(30)
/// });
/// assert_eq!((a.load(), b.load(), moved), (70, 30, 30));
/// ```
#[track_caller]
pub fn atomically<R>(body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>) -> R {
    run::atomically(&DEFAULT.inner, Location::caller(), body)
}

/// [`Engine::try_atomically`] on the default engine.
///
/// # Errors
/// As [`Engine::try_atomically`].
///
/// ```
/// use stm_engine::{try_atomically, Options, TVar, TxError};
/// let account = TVar::new(10);
/// let drawn = try_atomically(&Options::new(), |tx| {
///     if *tx.get(&account)? < 30 {
///         return tx.abort("not enough money");
///     }
///     tx.modify(&account, |x| x - 30)
/// });
/// assert_eq!(drawn.unwrap_err().to_string(), "the transaction ended itself: not enough money");
/// ```
#[track_caller]
pub fn try_atomically<R>(
    options: &Options,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<R, TxError> {
    run::try_atomically(&DEFAULT.inner, options, Location::caller(), body)
}

/// [`Engine::snapshot`] on the default engine.
///
/// # Panics
/// As [`Engine::snapshot`].
///
/// ```
/// use stm_engine::{snapshot, TVar};
/// let (a, b) = (TVar::new(1), TVar::new(2));
/// assert_eq!(snapshot(|s| s.get(&a) + s.get(&b)), 3);
/// ```
#[track_caller]
pub fn snapshot<R>(read: impl for<'s> FnOnce(&Snapshot<'s>) -> R) -> R {
    run::snapshot(&DEFAULT.inner, Location::caller(), read)
}
