//! What a caller may ask of one transaction.

use std::panic::Location;
use std::time::Duration;

/// Limits and a name for one transaction; the default is no limit and no name.
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
    pub(crate) turn_after: u32,
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
        Self { max_attempts: None, deadline: None, label: None, turn_after: 64, site: None }
    }

    /// Give up with [`TxError::Attempts`](crate::TxError::Attempts) when this many attempts have lost.
    /// Zero counts as one. An attempt that ends in `retry` and waits is not a loss.
    pub const fn max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: Some(if attempts == 0 { 1 } else { attempts }), ..self }
    }

    /// Give up with [`TxError::Deadline`](crate::TxError::Deadline) when this much time has passed since the
    /// call. A running body is not interrupted: the time is looked at between attempts and while waiting.
    pub const fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// After so many attempts in a row have lost, take the engine's turn: until this transaction has got through,
    /// others go on reading and computing but wait to commit (a tenth of a second at most). So nobody starves: 64
    /// unless told, and also when half of the deadline has passed. With 0 it takes the turn at once.
    pub const fn turn_after(self, losses: u32) -> Self {
        Self { turn_after: losses, ..self }
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
