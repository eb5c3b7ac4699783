//! What can go wrong in a session.

use array_core::ArrayError;

use crate::site::Site;

/// Why a session refused a statement or failed to run one.
///
/// `Internal` is a fault of this library, everything else is for the program.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Shapes, dtypes or indices that do not fit, found when the statement was recorded.
    #[error(transparent)]
    Array(#[from] ArrayError),
    /// A view of another session: private arrays belong to the session that made them.
    #[error("the array belongs to another session")]
    ForeignView,
    /// A closure touched a private array that its statement did not declare.
    #[error(
        "{site}: the closure touches a private array of shape {shape:?} that its statement does not declare"
    )]
    Undeclared {
        /// Where the closure was recorded.
        site: Site,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A closure gave up with an error of its own.
    #[error("{site}: {message}")]
    Closure {
        /// Where the closure was recorded.
        site: Site,
        /// What it said.
        message: String,
    },
    /// A closure waits for a change that no statement before it can make.
    #[error("{site}: the closure retries, and no earlier statement is left that could wake it")]
    WaitsForever {
        /// Where the closure was recorded.
        site: Site,
    },
    /// A closure panicked. Its statement and those after it left no trace; the session goes on.
    #[error("{site}: the closure panicked: {message}")]
    Panicked {
        /// Where the closure was recorded.
        site: Site,
        /// The panic's message.
        message: String,
    },
    /// The array was made after a statement that failed, and went with it.
    #[error("the array was made after a statement that failed, and undone with it")]
    Undone,
    /// The session's [`CancelToken`](crate::CancelToken) was pulled. What was recorded stays recorded.
    #[error("the session was cancelled")]
    Cancelled,
    /// The session's deadline has passed. What was recorded stays recorded.
    #[error("the session's deadline has passed")]
    DeadlinePassed,
    /// A panic inside an array statement: a fault of this library. The session can do no more.
    #[error("{site}: internal error: {message}")]
    Internal {
        /// The statement that was running.
        site: Site,
        /// The panic's message.
        message: String,
    },
}
