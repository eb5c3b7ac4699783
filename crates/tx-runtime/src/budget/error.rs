//! Bad values: why a text is no number of threads, and where it stood.

use super::{MAX_THREADS, Source};

/// Why a text is not a number of threads. Facts only; [`BudgetError`] adds where it stood and what was expected.
///
/// ```
/// use tx_runtime::budget::BadNumber;
/// assert_eq!(BadNumber::List.to_string(), "a list, not one whole number");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BadNumber {
    /// `0`.
    #[error("zero threads cannot run anything; use 1 for single-threaded")]
    Zero,
    /// `-1`.
    #[error("a negative number")]
    Negative,
    /// `+4`.
    #[error("a number with a sign; write it without")]
    Signed,
    /// `2.5`.
    #[error("a fraction, not a whole number")]
    Fraction,
    /// `1e9`.
    #[error("exponent notation, not a plain whole number")]
    Exponent,
    /// `0x4`.
    #[error("hexadecimal, not a plain whole number")]
    Hexadecimal,
    /// `4,2`.
    #[error("a list, not one whole number")]
    List,
    /// Nothing, or blanks only.
    #[error("no value given")]
    Empty,
    /// Bytes that are no text.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// More than [`MAX_THREADS`].
    #[error("too many threads")]
    TooMany,
    /// Anything else.
    #[error("not a whole number")]
    NotANumber,
}

/// The number of threads could not be resolved; the message names the place, the value and what was expected.
///
/// ```
/// use tx_runtime::budget::{Machine, resolve_from};
/// let env = |name: &str| (name == "TXARRAY_NUM_THREADS").then(|| "abc".to_owned());
/// assert_eq!(
///     resolve_from(None, &env, &Machine::new(8)).unwrap_err().to_string(),
///     "TXARRAY_NUM_THREADS=\"abc\": not a whole number; expected 1 to 65535, or 'auto'"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// The flag or one of our variables holds no number of threads.
    #[error("{place}={value:?}: {problem}{}", expected(*problem, *auto_allowed))]
    Number {
        /// Where the value stood.
        place: Source,
        /// The value as it stood there, blanks included.
        value: String,
        /// Why it is no number of threads.
        problem: BadNumber,
        /// Whether `auto` would have been accepted there.
        auto_allowed: bool,
    },
    /// `TXARRAY_SINGLE_THREAD` is neither on nor off.
    #[error("TXARRAY_SINGLE_THREAD={value:?}: not a switch; expected 1 (on) or 0 (off)")]
    Switch {
        /// The value as it stood there.
        value: String,
    },
    /// The program asked for a number that cannot be.
    #[error("threads({threads}): {problem}{}", expected(*problem, false))]
    Program {
        /// The number asked for.
        threads: usize,
        /// Why it cannot be.
        problem: BadNumber,
    },
}

/// The end of a message: what would have been accepted. Zero's own text already says it.
fn expected(problem: BadNumber, auto_allowed: bool) -> String {
    match (problem, auto_allowed) {
        (BadNumber::Zero, _) => String::new(),
        (_, true) => format!("; expected 1 to {MAX_THREADS}, or 'auto'"),
        (_, false) => format!("; expected 1 to {MAX_THREADS}"),
    }
}
