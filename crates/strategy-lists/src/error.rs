//! What can be wrong with a request to a list: facts, from which the sentence is made.

/// Why a list did not do what it was asked. The list is as it was.
///
/// The kind of each error is Python's: `IndexError`, `ValueError`, `TypeError`, `OverflowError`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// An index past an end (`IndexError`).
    #[error("index {index} is out of range for a list of {len} items")]
    Index {
        /// The index as it was given; negative ones count from the end.
        index: isize,
        /// The length of the list.
        len: usize,
    },
    /// `pop`, `min` or `max` of a list without items (`IndexError` for `pop`, else `ValueError`).
    #[error("{operation}() of an empty list")]
    Empty {
        /// What was asked for.
        operation: &'static str,
    },
    /// The item to find or remove is not there (`ValueError`).
    #[error("{item} is not in the list")]
    Absent {
        /// The item, as Python writes it.
        item: String,
    },
    /// A step of zero, in a slice or a range (`ValueError`).
    #[error("{what} step cannot be zero")]
    ZeroStep {
        /// `slice` or `range`.
        what: &'static str,
    },
    /// More items than a list can count (`OverflowError`).
    #[error("a list of {len} items is longer than any can be")]
    TooLong {
        /// The length asked for.
        len: u128,
    },
    /// A sum or an unsigned element that does not fit `i64` (`OverflowError`).
    #[error("{value} does not fit a 64-bit integer")]
    Overflow {
        /// The exact number.
        value: i128,
    },
    /// Two items that have no order (`TypeError`).
    #[error("'<' is not defined between {left} and {right}")]
    Unordered {
        /// The type of the item on the left.
        left: &'static str,
        /// The type of the item on the right.
        right: &'static str,
    },
    /// An item that is not a number where numbers are added (`TypeError`).
    #[error("item {index} is a {type_name}, not a number")]
    NotANumber {
        /// Where it stands.
        index: usize,
        /// Its type.
        type_name: &'static str,
    },
    /// Lists inside a list that are no axis of an array (`ValueError`).
    #[error("item {index} is not of shape {expected:?}, as the first one is")]
    Ragged {
        /// Where it stands in its list.
        index: usize,
        /// The shape of the first item there; none for a number.
        expected: Vec<usize>,
    },
    /// Lists inside lists deeper than an array has axes (`ValueError`).
    #[error("lists nested deeper than the {most} axes of an array")]
    TooDeep {
        /// How deep they may be.
        most: usize,
    },
    /// A 0-d array, which is a number and no list (`TypeError`).
    #[error("a 0-d array is not a list")]
    NoAxis,
    /// An array whose elements no item can hold (`TypeError`).
    #[error("a list cannot hold the elements of a {dtype} array")]
    Dtype {
        /// The array's type.
        dtype: &'static str,
    },
    /// The array itself is wrong.
    #[error(transparent)]
    Array(#[from] array_core::ArrayError),
}
