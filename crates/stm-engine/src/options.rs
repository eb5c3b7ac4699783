//! What a caller may ask of one transaction.

use std::panic::Location;
use std::time::Duration;

/// What a transaction does when it has lost against another one, until [`Options::irrevocable_after`] ends it.
///
/// All of them lock late and move their snapshot forward where they can; they differ in what follows a loss. Names
/// as in the literature (Scherer and Scott, PODC 2005; Spear, Dalessandro, Marathe, Scott, PPoPP 2009).
///
/// ```
/// use stm_engine::{Engine, Options, Policy};
/// let engine = Engine::new();
/// let n = engine.tvar(0);
/// let options = Options::new().policy(Policy::Backoff);
/// engine.try_atomically(&options, |tx| tx.modify(&n, |n| n + 1)).unwrap();
/// assert_eq!(n.load(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Policy {
    /// Run again at once.
    Suicide,
    /// Keep away for a random time that doubles with each loss in a row, up to some 65 µs.
    Backoff,
    /// As `Backoff`; and with every 16 losses in a row rise one level. Above level 0 a transaction shows what it
    /// reads, and whoever would overwrite it from a lower level gives way.
    #[default]
    Priority,
}

/// Limits, a policy and a name for one transaction; the default is no limit, [`Policy::Priority`] and no name.
///
/// ```
/// use std::time::Duration;
/// use stm_engine::Options;
/// const TRANSFER: Options = Options::new().label("transfer").max_attempts(100);
/// assert_eq!(TRANSFER.deadline(Duration::from_millis(5)), TRANSFER.deadline(Duration::from_millis(5)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) label: Option<&'static str>,
    pub(crate) policy: Policy,
    pub(crate) irrevocable_after: u32,
    /// Start as if it had lost so often for its priority.
    #[cfg(loom)]
    pub(crate) level: u32,
    pub(crate) site: Option<&'static Location<'static>>,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// No limit, no name.
    pub const fn new() -> Self {
        Self {
            max_attempts: None,
            deadline: None,
            label: None,
            // A model that is not about priority does not pay for it.
            policy: if cfg!(loom) { Policy::Backoff } else { Policy::Priority },
            irrevocable_after: 64,
            #[cfg(loom)]
            level: 0,
            site: None,
        }
    }

    /// Give up with [`TxError::Attempts`](crate::TxError::Attempts) when this many attempts have lost.
    /// Zero counts as one. An attempt that ends in `retry` and waits is not a loss.
    pub const fn max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: Some(if attempts == 0 { 1 } else { attempts }), ..self }
    }

    /// Give up with [`TxError::Deadline`](crate::TxError::Deadline) when this much time has passed since the
    /// call. A running body is not interrupted: the time is looked at between attempts and while waiting. An attempt that
    /// commits late has committed.
    pub const fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// What to do after a loss.
    pub const fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// After so many losses in a row, or when half of the deadline has passed, run *irrevocably*: others go on
    /// reading and computing but do not commit, so the next attempt cannot lose. So nobody starves. 64 unless told;
    /// with 0 the first attempt runs so. [`u32::MAX`]: only when the deadline presses.
    ///
    /// A body must not wait for the commit of another thread; one that does would now wait for ever.
    pub const fn irrevocable_after(self, losses: u32) -> Self {
        Self { irrevocable_after: losses, ..self }
    }

    /// Start on this level of priority: a model cannot lose 16 times first.
    #[cfg(loom)]
    pub const fn at_level(self, level: u32) -> Self {
        Self { level, ..self }
    }

    /// The name by which errors speak of the transaction.
    pub const fn label(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }

    /// The line by which errors and conflict reports know the transaction, instead of the one that starts it: for those who
    /// run the bodies of others.
    pub const fn at(self, site: &'static Location<'static>) -> Self {
        Self { site: Some(site), ..self }
    }
}
