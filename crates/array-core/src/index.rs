//! Basic indices, as written between NumPy's brackets, and the [`s!`](crate::s) macro that writes them.

pub(crate) mod select;

pub use select::Select;

/// One item of a NumPy basic index.
///
/// ```
/// use array_core::{s, Index};
/// assert_eq!(s![0, 1..-1], [Index::At(0), Index::Slice { start: Some(1), stop: Some(-1), step: 1 }]);
/// assert_eq!(s![..; 2], [Index::Slice { start: None, stop: None, step: 2 }]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// One position; the axis goes away. Negative counts from the end.
    At(isize),
    /// `start:stop:step`; bounds outside the axis are cut to it, as in NumPy.
    Slice {
        /// First position; none is the first in the direction of `step`.
        start: Option<isize>,
        /// Position to stop before; none runs to the end.
        stop: Option<isize>,
        /// Distance between positions; negative runs backwards, zero is an error when used.
        step: isize,
    },
    /// `...`: as many full slices as the array has axes left.
    Ellipsis,
    /// `np.newaxis`: a new axis of length 1.
    NewAxis,
}

impl Index {
    /// The whole axis, `:`.
    pub const ALL: Index = Index::Slice { start: None, stop: None, step: 1 };

    /// The same slice with another step; other indices stay. What `s![a..b; step]` uses.
    #[must_use]
    pub const fn step(self, step: isize) -> Index {
        match self {
            Index::Slice { start, stop, .. } => Index::Slice { start, stop, step },
            other => other,
        }
    }
}

impl From<isize> for Index {
    fn from(position: isize) -> Self {
        Index::At(position)
    }
}

impl From<i32> for Index {
    fn from(position: i32) -> Self {
        Index::At(position as isize)
    }
}

/// A position; one beyond `isize::MAX` cannot exist in any array and saturates, which is out of bounds when used.
impl From<usize> for Index {
    fn from(position: usize) -> Self {
        Index::At(isize::try_from(position).unwrap_or(isize::MAX))
    }
}

impl From<std::ops::RangeFull> for Index {
    fn from(_: std::ops::RangeFull) -> Self {
        Index::ALL
    }
}

impl From<std::ops::Range<isize>> for Index {
    fn from(r: std::ops::Range<isize>) -> Self {
        Index::Slice { start: Some(r.start), stop: Some(r.end), step: 1 }
    }
}

impl From<std::ops::RangeFrom<isize>> for Index {
    fn from(r: std::ops::RangeFrom<isize>) -> Self {
        Index::Slice { start: Some(r.start), stop: None, step: 1 }
    }
}

impl From<std::ops::RangeTo<isize>> for Index {
    fn from(r: std::ops::RangeTo<isize>) -> Self {
        Index::Slice { start: None, stop: Some(r.end), step: 1 }
    }
}

/// A NumPy basic index: `s![0, 1..-1, .., 2..; -1]`.
///
/// Items are integers, ranges (`..` is the whole axis; bounds may be negative), a range with a step after `;`, and any
/// [`Index`] value, as [`Index::Ellipsis`] and [`Index::NewAxis`]. Gives an array `[Index; N]`.
///
/// ```
/// use array_core::{s, Array, Index};
/// let a = Array::arange(0, 10, 1);
/// assert_eq!(a.slice(s![1..-1; 3]).to_vec::<i64>()?, [1, 4, 7]);
/// assert_eq!(a.slice(s![..; -4]).to_vec::<i64>()?, [9, 5, 1]);
/// assert_eq!(a.slice(s![Index::NewAxis, 2]).shape(), [1]);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[macro_export]
macro_rules! s {
    // Internal: [done items] rest of the tokens. A step belongs to the item before it.
    (@ [$($done:expr,)*]) => { [$($done),*] };
    (@ [$($done:expr,)*] $item:expr; $step:expr, $($rest:tt)*) => {
        $crate::s!(@ [$($done,)* $crate::Index::from($item).step($step),] $($rest)*)
    };
    (@ [$($done:expr,)*] $item:expr; $step:expr) => {
        $crate::s!(@ [$($done,)* $crate::Index::from($item).step($step),])
    };
    (@ [$($done:expr,)*] $item:expr, $($rest:tt)*) => { $crate::s!(@ [$($done,)* $crate::Index::from($item),] $($rest)*) };
    (@ [$($done:expr,)*] $item:expr) => { $crate::s!(@ [$($done,)* $crate::Index::from($item),]) };
    () => { [] as [$crate::Index; 0] };
    ($($tokens:tt)+) => {{
        // `1..-1` is no empty range here: -1 counts from the end.
        #[allow(clippy::reversed_empty_ranges, reason = "negative bounds count from the end")]
        let index = $crate::s!(@ [] $($tokens)+);
        index
    }};
}

#[cfg(test)]
mod tests {
    use super::Index::{self, At, Ellipsis, NewAxis, Slice};

    #[test]
    fn the_macro_reads_as_numpys_brackets() {
        assert_eq!(crate::s![], [] as [Index; 0]);
        assert_eq!(crate::s![-1], [At(-1)]);
        let i: usize = 3;
        assert_eq!(
            crate::s![i, 1..-1, .., 2.., ..5; 2, ..; -1, Ellipsis, NewAxis,],
            [
                At(3),
                Slice { start: Some(1), stop: Some(-1), step: 1 },
                Index::ALL,
                Slice { start: Some(2), stop: None, step: 1 },
                Slice { start: None, stop: Some(5), step: 2 },
                Slice { start: None, stop: None, step: -1 },
                Ellipsis,
                NewAxis,
            ]
        );
    }
}
