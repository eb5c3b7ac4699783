//! Where a statement stands in the user's program.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A source position: of the Rust call that recorded a statement, or of a script's line.
///
/// ```
/// use tx_scheduler::Site;
/// let site = Site::script("plate.py".into(), 7, 5);
/// assert_eq!(site.to_string(), "plate.py:7:5");
/// assert!(Site::caller().line() > 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site(Place);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Rust(&'static Location<'static>),
    Script { file: Arc<str>, line: u32, column: u32 },
}

impl Site {
    /// A position in a script; lines and columns count from one.
    pub fn script(file: Arc<str>, line: u32, column: u32) -> Self {
        Self(Place::Script { file, line, column })
    }

    /// The position of the call.
    #[track_caller]
    pub fn caller() -> Self {
        Self::rust(Location::caller())
    }

    pub(crate) fn rust(location: &'static Location<'static>) -> Self {
        Self(Place::Rust(location))
    }

    /// Equality without looking into text: never true for two positions, may be false for one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Place::Rust(a), Place::Rust(b)) => std::ptr::eq(*a, *b),
            (
                Place::Script { file: a, line: i, column: j },
                Place::Script { file: b, line: k, column: l },
            ) => (i, j) == (k, l) && Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// The position of a Rust call.
    pub(crate) fn location(&self) -> Option<&'static Location<'static>> {
        match &self.0 {
            Place::Rust(location) => Some(location),
            Place::Script { .. } => None,
        }
    }

    /// The file.
    pub fn file(&self) -> &str {
        match &self.0 {
            Place::Rust(location) => location.file(),
            Place::Script { file, .. } => file,
        }
    }

    /// The line, from one.
    pub fn line(&self) -> u32 {
        match &self.0 {
            Place::Rust(location) => location.line(),
            Place::Script { line, .. } => *line,
        }
    }

    /// The column, from one.
    pub fn column(&self) -> u32 {
        match &self.0 {
            Place::Rust(location) => location.column(),
            Place::Script { column, .. } => *column,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file(), self.line(), self.column())
    }
}
