//! Asking a session to stop: a token that any thread may pull, and a deadline.
//!
//! A run looks between tasks. It stops as one whose goal is reached does: what has run has run, what has not stays recorded. So
//! nothing has to be undone, and the session goes on from there when the token or the deadline is taken away.

use std::time::Instant;

use tx_runtime::sync::Arc;
use tx_runtime::sync::atomic::{AtomicBool, Ordering};

use crate::error::SessionError;

/// A request to stop, shared by who asks and who obeys. Clone is another handle.
///
/// ```
/// use array_core::Array;
/// use tx_scheduler::{CancelToken, Config, Session, SessionError};
///
/// let mut session = Session::new(Config::single_thread());
/// let u = session.array(Array::zeros([3]))?;
/// session.assign(&u, 1.0)?;
/// let token = CancelToken::new();
/// session.set_cancel(Some(token.clone()));
/// token.cancel(); // from any thread, or from a signal handler: it only stores
/// assert!(matches!(session.assign(&u, 2.0), Err(SessionError::Cancelled)));
/// session.set_cancel(None);
/// assert_eq!(session.eval(&u)?.to_vec::<f64>()?, [1.0; 3]); // the last statement that was recorded
/// # Ok::<(), SessionError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that nobody has pulled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ask to stop. Cannot be taken back.
    pub fn cancel(&self) {
        // ORDER: Relaxed, nothing else is told with it.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a session has been told about stopping.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    pub(crate) token: Option<CancelToken>,
    pub(crate) deadline: Option<Instant>,
}

impl Limits {
    /// Whether there is anything to look at.
    pub(crate) fn are_set(&self) -> bool {
        self.token.is_some() || self.deadline.is_some()
    }

    /// Whether it is time to stop.
    #[inline]
    pub(crate) fn reached(&self) -> bool {
        self.token.as_ref().is_some_and(CancelToken::is_cancelled)
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The error of whoever wants something now.
    pub(crate) fn check(&self) -> Result<(), SessionError> {
        if self.token.as_ref().is_some_and(CancelToken::is_cancelled) {
            return Err(SessionError::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(SessionError::DeadlinePassed),
            _ => Ok(()),
        }
    }
}
