//! What can go wrong in a session.

use array_core::ArrayError;

use crate::site::Site;

/// Why a session refused a statement or failed to run one.
///
/// `Array` and `Closure` are the program's errors; `Internal` is ours.
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
    /// A panic inside a statement. The session can do no more.
    #[error("{site}: internal error: {message}")]
    Internal {
        /// The statement that was running.
        site: Site,
        /// The panic's message.
        message: String,
    },
}
