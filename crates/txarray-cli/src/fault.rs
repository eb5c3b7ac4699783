//! What went wrong, where, and with which exit code the process ends.
//!
//! **Promise** a [`Fault`] is one pointer wide, so that `Result<Value>` costs the interpreter nothing beside the
//! value. Whoever finds an error says *what*; the innermost expression being evaluated adds *where* ([`Located`]).

use ruff_text_size::TextRange;

/// A stretch of the script, in bytes.
pub(crate) type Span = TextRange;

/// Result of everything that can go wrong in a script.
pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// The families of errors a run can end with; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Usage, configuration, syntax, or a construct outside the language: nothing has run.
    Refused,
    /// The computation failed.
    Failed,
    /// A result could not be written.
    Output,
    /// A defect of ours: a panic in a statement.
    Internal,
}

impl Kind {
    /// The process's exit code.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Kind::Refused => 2,
            Kind::Failed => 1,
            Kind::Output => 74,
            Kind::Internal => 70,
        }
    }
}

/// One error: kind, one-line message and, once known, the place in the script.
#[derive(Debug)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    span: Option<Span>,
}

impl Fault {
    /// An error of any kind whose place is not known yet.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Fault(Box::new(Inner { kind, message: message.into(), span: None }))
    }

    /// The computation failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The script, the command line or the configuration asks for something we refuse before running.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// The same error at `span`, unless a more precise place is already known.
    #[must_use]
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn span(&self) -> Option<Span> {
        self.0.span
    }
}

/// Adds the place to an error on its way up.
pub(crate) trait Located<T> {
    fn at(self, span: Span) -> Result<T>;
}

impl<T, E: Into<Fault>> Located<T> for Result<T, E> {
    #[inline]
    fn at(self, span: Span) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().at(span)),
        }
    }
}

/// `Err(Fault::failed(format!(…)))`, for the many places that check an argument.
macro_rules! fail {
    ($($text:tt)*) => { return Err($crate::fault::Fault::failed(format!($($text)*))) };
}
pub(crate) use fail;
