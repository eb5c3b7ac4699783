//! Items of NumPy's full index, and how an index with arrays is taken apart.
//!
//! A full index is done in three steps: its slices, new axes and ellipsis make a view in which every axis that an array or an
//! integer indexes is still whole; those axes are moved to the front; and arrays of positions, stretched to one shape, pick
//! from them. A mask counts as the arrays of positions of what is true in it.

use super::Index;
use crate::{
    array::Array,
    dtype::DType,
    error::ArrayError,
    layout::{Dims, broadcast_shapes},
};
use smallvec::SmallVec;

/// One item of a full index: what stands in a basic one, an array of positions, or a mask. See [`Array::pick`].
///
/// ```
/// use array_core::{pick, Array, Select};
/// let rows = Array::from_vec(vec![0, 2i64], [2]);
/// assert!(matches!(pick![.., &rows, -1], [Select::Basic(_), Select::Array(_), Select::Basic(_)]));
/// ```
#[derive(Debug, Clone)]
pub enum Select {
    /// A slice, an integer, an ellipsis or a new axis.
    Basic(Index),
    /// Positions (integers), or a mask (`bool`).
    Array(Array),
}

impl Select {
    /// The same slice with another step; other items stay. What `pick![a..b; step]` uses.
    #[must_use]
    pub fn step(self, step: isize) -> Select {
        match self {
            Select::Basic(index) => Select::Basic(index.step(step)),
            array => array,
        }
    }
}

impl From<Array> for Select {
    fn from(array: Array) -> Select {
        Select::Array(array)
    }
}

impl From<&Array> for Select {
    fn from(array: &Array) -> Select {
        Select::Array(array.clone())
    }
}

macro_rules! basic {
    ($($t:ty)*) => {$(
        impl From<$t> for Select { fn from(item: $t) -> Select { Select::Basic(Index::from(item)) } }
    )*};
}
basic! { Index isize i32 usize std::ops::RangeFull std::ops::Range<isize> std::ops::RangeFrom<isize> std::ops::RangeTo<isize> }

/// A full index: as [`s!`](crate::s), with arrays of positions and masks among the items. Gives an array `[Select; N]`.
///
/// ```
/// use array_core::{pick, Array};
/// let a = Array::arange(0, 12, 1).reshape([3, 4]);
/// let columns = Array::from_vec(vec![3, 0i64], [2]);
/// assert_eq!(a.pick(pick![1.., &columns]).to_vec::<i64>()?, [7, 4, 11, 8]);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[macro_export]
macro_rules! pick {
    // Internal: [done items] rest of the tokens. A step belongs to the item before it.
    (@ [$($done:expr,)*]) => { [$($done),*] };
    (@ [$($done:expr,)*] $item:expr; $step:expr, $($rest:tt)*) => {
        $crate::pick!(@ [$($done,)* $crate::Select::from($item).step($step),] $($rest)*)
    };
    (@ [$($done:expr,)*] $item:expr; $step:expr) => {
        $crate::pick!(@ [$($done,)* $crate::Select::from($item).step($step),])
    };
    (@ [$($done:expr,)*] $item:expr, $($rest:tt)*) => {
        $crate::pick!(@ [$($done,)* $crate::Select::from($item),] $($rest)*)
    };
    (@ [$($done:expr,)*] $item:expr) => { $crate::pick!(@ [$($done,)* $crate::Select::from($item),]) };
    () => { [] as [$crate::Select; 0] };
    ($($tokens:tt)+) => {{
        // `1..-1` is no empty range here: -1 counts from the end.
        #[allow(clippy::reversed_empty_ranges, reason = "negative bounds count from the end")]
        let index = $crate::pick!(@ [] $($tokens)+);
        index
    }};
}

/// An index taken apart.
pub(crate) struct Parts {
    /// The basic index that makes the view.
    pub(crate) basic: SmallVec<[Index; 6]>,
    /// The view's axes that positions index, each with the axis of the array that it was (a mask of no axes has none).
    pub(crate) axes: SmallVec<[(usize, usize); 4]>,
    /// Positions on those axes, all of shape `shape`, `int64`.
    pub(crate) positions: SmallVec<[Array; 4]>,
    pub(crate) shape: Dims,
    /// Where the axes of `shape` stand in the result.
    pub(crate) at: usize,
}

impl Parts {
    /// Takes an index of an array of the shape `lengths` apart; nothing if it is a basic one.
    pub(crate) fn of(items: &[Select], lengths: &[usize]) -> Result<Option<Parts>, ArrayError> {
        if items.iter().all(|item| matches!(item, Select::Basic(_))) {
            return Ok(None);
        }
        let ndim = lengths.len();
        let named = |item: &Select| match item {
            Select::Basic(Index::At(_) | Index::Slice { .. }) => 1,
            Select::Basic(_) => 0,
            Select::Array(a) if a.dtype() == DType::Bool => a.ndim(),
            Select::Array(_) => 1,
        };
        let given: usize = items.iter().map(named).sum();
        if given > ndim {
            return Err(ArrayError::TooManyIndices { ndim, given });
        }
        let mut parts = Parts {
            basic: SmallVec::new(),
            axes: SmallVec::new(),
            positions: SmallVec::new(),
            shape: Dims::new(),
            at: 0,
        };
        // Axes of the array and of the view that have been passed.
        let (mut from, mut to) = (0, 0);
        // Items with positions that follow each other keep their place; else their axes come first.
        let (mut first, mut last, mut together) = (None, 0, true);
        for (i, item) in items.iter().enumerate() {
            let positions =
                !matches!(item, Select::Basic(Index::Slice { .. } | Index::Ellipsis | Index::NewAxis));
            if positions {
                together &= first.is_none() || last + 1 == i;
                last = i;
                first.get_or_insert(to);
            }
            match item {
                Select::Basic(index @ Index::Slice { .. }) => {
                    parts.basic.push(*index);
                    (from, to) = (from + 1, to + 1);
                }
                Select::Basic(Index::NewAxis) => {
                    parts.basic.push(Index::NewAxis);
                    to += 1;
                }
                Select::Basic(Index::Ellipsis) => {
                    if parts.basic.contains(&Index::Ellipsis) {
                        return Err(ArrayError::TwoEllipses);
                    }
                    parts.basic.push(Index::Ellipsis);
                    (from, to) = (from + ndim - given, to + ndim - given);
                }
                Select::Basic(Index::At(index)) => {
                    // Known at once, and wrong even where nothing is picked.
                    let length = lengths[from];
                    let at = if *index < 0 { index.wrapping_add_unsigned(length) } else { *index };
                    if usize::try_from(at).map_or(true, |at| at >= length) {
                        return Err(ArrayError::IndexOutOfBounds { index: *index, axis: from, length });
                    }
                    parts.whole_axis(&mut from, &mut to, Array::scalar(*index as i64));
                }
                Select::Array(array) if array.error().is_some() => {
                    return Err(array.error().expect("just seen").clone());
                }
                Select::Array(mask) if mask.dtype() == DType::Bool => {
                    for (k, (&length, &own)) in lengths[from..].iter().zip(mask.shape()).enumerate() {
                        if length != own {
                            return Err(ArrayError::MaskShape { axis: from + k, length, mask: own });
                        }
                    }
                    let found = mask.nonzero()?;
                    if mask.ndim() == 0 {
                        // One new axis, with or without its element.
                        parts.basic.push(Index::NewAxis);
                        parts.axes.push((to, from));
                        parts.positions.push(found.into_iter().next().expect("of a value: one array"));
                        to += 1;
                        continue;
                    }
                    for positions in found {
                        parts.whole_axis(&mut from, &mut to, positions);
                    }
                }
                Select::Array(positions) if positions.dtype().is_integer() => {
                    // What an `int64` cannot hold is no position of anything.
                    let positions = match positions.dtype() {
                        DType::U64 => positions.minimum(Array::scalar(i64::MAX as u64)),
                        _ => positions.clone(),
                    };
                    parts.whole_axis(&mut from, &mut to, positions.cast(DType::I64));
                }
                Select::Array(other) => {
                    return Err(ArrayError::Unsupported {
                        operation: "indexing",
                        dtypes: vec![other.dtype()],
                        reason: "positions are integers, masks are bool",
                    });
                }
            }
        }
        let shapes: SmallVec<[&[usize]; 4]> = parts.positions.iter().map(Array::shape).collect();
        let shape = broadcast_shapes(&shapes)?;
        drop(shapes);
        parts.shape = shape;
        if parts.shape.contains(&0) {
            parts.check_single(lengths)?;
        }
        for positions in &mut parts.positions {
            *positions = positions.broadcast_to(&parts.shape);
        }
        parts.at = if together { first.unwrap_or(0) } else { 0 };
        Ok(Some(parts))
    }

    /// That single positions, which no element of an empty selection looks at, are positions: as integers, they are wrong all the same.
    /// Those that only a session can tell are not looked at.
    fn check_single(&self, lengths: &[usize]) -> Result<(), ArrayError> {
        for (positions, &(_, axis)) in self.positions.iter().zip(&self.axes).filter(|p| p.0.ndim() == 0) {
            let length = lengths[axis];
            if let Ok(index) = positions.item::<i64>()
                && usize::try_from(if index < 0 { index.wrapping_add_unsigned(length as u64) } else { index })
                    .map_or(true, |at| at >= length)
            {
                return Err(ArrayError::IndexOutOfBounds { index: index as isize, axis, length });
            }
        }
        Ok(())
    }

    /// An axis that `positions` index.
    fn whole_axis(&mut self, from: &mut usize, to: &mut usize, positions: Array) {
        self.basic.push(Index::ALL);
        self.axes.push((*to, *from));
        self.positions.push(positions);
        (*from, *to) = (*from + 1, *to + 1);
    }

    /// The order of the view's axes that has those with positions first.
    pub(crate) fn front(&self, ndim: usize) -> Dims {
        let front: Dims = self.axes.iter().map(|a| a.0).collect();
        let rest = (0..ndim).filter(|a| !front.contains(a));
        front.iter().copied().chain(rest).collect()
    }

    /// The order of axes that takes the shape of the positions, first, to its place in the result of `ndim` axes.
    pub(crate) fn place(&self, ndim: usize) -> Dims {
        let (own, before) = (self.shape.len(), self.at);
        (own..own + before).chain(0..own).chain(own + before..ndim).collect()
    }
}
