//! What can be wrong with an array expression.
//!
//! **Promise** facts, not prose: each variant carries what a caller needs to decide, and `Display` is one line. An error found
//! while an expression is built rides in the expression, wrapped in [`ArrayError::Located`] with the line of the operator that
//! made it, and comes out of evaluation.

use crate::dtype::DType;
use std::{fmt, panic::Location, sync::Arc};

/// What went wrong while an array expression was built, bound or evaluated.
///
/// ```
/// use array_core::{Array, ArrayError};
/// let sum = Array::zeros([3, 4]) + Array::zeros([4, 3]);          // never panics
/// let error = sum.eval().unwrap_err();
/// assert_eq!(error.root().to_string(), "shapes (3, 4) and (4, 3) do not broadcast: axis 1 has lengths 4 and 3");
/// assert!(error.location().unwrap().file().ends_with(".rs"));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// Two shapes that do not broadcast; `axis` counts in the longer shape.
    #[error(
        "shapes {} and {} do not broadcast: axis {axis} has lengths {left} and {right}",
        Shape(lhs),
        Shape(rhs)
    )]
    Broadcast {
        /// Shape of the left operand.
        lhs: Vec<usize>,
        /// Shape of the right operand.
        rhs: Vec<usize>,
        /// Axis of the result where they disagree.
        axis: usize,
        /// Length on the left.
        left: usize,
        /// Length on the right.
        right: usize,
    },
    /// A shape that cannot be stretched to another.
    #[error("shape {} does not broadcast to {}", Shape(from), Shape(to))]
    BroadcastTo {
        /// Shape there is.
        from: Vec<usize>,
        /// Shape asked for.
        to: Vec<usize>,
    },
    /// An integer index outside its axis.
    #[error("index {index} is out of bounds for axis {axis} with length {length}")]
    IndexOutOfBounds {
        /// The index as written.
        index: isize,
        /// Axis of the indexed array.
        axis: usize,
        /// Length of that axis.
        length: usize,
    },
    /// An axis that the array does not have.
    #[error("axis {axis} is out of bounds for an array of {ndim} dimensions")]
    Axis {
        /// The axis as written.
        axis: isize,
        /// Axes there are.
        ndim: usize,
    },
    /// An axis named twice.
    #[error("axis {axis} is named twice")]
    RepeatedAxis {
        /// The axis.
        axis: usize,
    },
    /// A mask that does not fit the axes it indexes.
    #[error("the mask has length {mask} where axis {axis} of the array has length {length}")]
    MaskShape {
        /// Axis of the indexed array.
        axis: usize,
        /// Length of that axis.
        length: usize,
        /// Length of the mask there.
        mask: usize,
    },
    /// Values for what a mask selects, of which there are more or fewer.
    #[error("{given} values cannot go into the {selected} elements where the mask is true")]
    MaskValues {
        /// Values there are.
        given: usize,
        /// Elements that the mask selects.
        selected: usize,
    },
    /// More indices than axes.
    #[error("too many indices: the array has {ndim} dimensions, but {given} were indexed")]
    TooManyIndices {
        /// Axes there are.
        ndim: usize,
        /// Axes the index names.
        given: usize,
    },
    /// Fewer indices than axes, where one element was asked for.
    #[error("too few indices for one element: the array has {ndim} dimensions, but {given} were indexed")]
    TooFewIndices {
        /// Axes there are.
        ndim: usize,
        /// Axes the index names.
        given: usize,
    },
    /// More than one `...` in an index.
    #[error("an index can only have a single ellipsis ('...')")]
    TwoEllipses,
    /// A slice with step zero.
    #[error("slice step cannot be zero")]
    ZeroStep,
    /// A shape whose number of elements or bytes does not fit the address space.
    #[error("shape {} has too many elements", Shape(shape))]
    TooLarge {
        /// The shape asked for.
        shape: Vec<usize>,
    },
    /// The system has no memory for a block.
    #[error("out of memory: no room for {bytes} bytes")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// Elements that do not fill a shape.
    #[error("{len} elements do not fill shape {}", Shape(shape))]
    Length {
        /// Elements given.
        len: usize,
        /// The shape asked for.
        shape: Vec<usize>,
    },
    /// A reshape that changes the number of elements.
    #[error("cannot reshape array of size {} into shape {}", from.iter().product::<usize>(), Shape(to))]
    Reshape {
        /// Shape there is.
        from: Vec<usize>,
        /// Shape asked for.
        to: Vec<usize>,
    },
    /// A typed door was opened with the wrong type.
    #[error("the array holds {have}, not {asked}")]
    WrongType {
        /// Type of the array.
        have: DType,
        /// Type asked for.
        asked: DType,
    },
    /// A result that its target's type does not take.
    #[error("cannot cast the result of {operation} from {from} to {to} with casting rule 'same_kind'")]
    Casting {
        /// Name of the operation.
        operation: &'static str,
        /// Type of the result.
        from: DType,
        /// Type of the target.
        to: DType,
    },
    /// An operation that these element types do not have.
    #[error("{operation} is not supported for {}: {reason}", Types(dtypes))]
    Unsupported {
        /// Name of the operation.
        operation: &'static str,
        /// Types of the operands.
        dtypes: Vec<DType>,
        /// Why, and what to write instead where there is something.
        reason: &'static str,
    },
    /// A Python integer that the type of the other operand cannot hold.
    #[error("Python integer {value} out of bounds for {dtype}")]
    IntegerBounds {
        /// The integer.
        value: i64,
        /// The type it should take.
        dtype: DType,
    },
    /// A plain float whose whole part the integers of an array cannot hold, or that has none.
    #[error("float {value} has no whole part that is an {dtype}")]
    FloatBounds {
        /// The float.
        value: f64,
        /// The type it should take.
        dtype: DType,
    },
    /// `int ** negative int`.
    #[error("Integers to negative integer powers are not allowed.")]
    NegativePower,
    /// `max` or `min` of nothing.
    #[error("zero-size array to reduction operation {operation} which has no identity")]
    EmptyReduction {
        /// NumPy's name of the reduction.
        operation: &'static str,
    },
    /// One element was asked of an array that has another number of them.
    #[error("only an array with one element is a single value; shape {} has {}", Shape(shape), shape.iter().product::<usize>())]
    NotOneElement {
        /// Shape of the array.
        shape: Vec<usize>,
    },
    /// `arange` with a step of zero or bounds that are not finite.
    #[error("arange: {reason}")]
    Range {
        /// What is wrong.
        reason: &'static str,
    },
    /// A view was asked of an array that is still to be computed.
    #[error("the array is not evaluated: call eval first")]
    NotEvaluated,
    /// The expression reads data that only its session can supply.
    #[error("the expression reads an array of a session; let the session evaluate it")]
    Unbound,
    /// A source was exchanged for an array of another shape or type.
    #[error("a source was replaced by an array of another shape or type")]
    Replaced,
    /// An expression that must be split ([`split_reductions`](crate::split_reductions)) before it is bound.
    #[error("the expression has inner reductions; split it first")]
    NotSplit,
    /// The error, with the line that built the wrong operation.
    #[error("{location}: {error}")]
    Located {
        /// Line of the operator or method call.
        location: &'static Location<'static>,
        /// What is wrong there.
        error: Arc<ArrayError>,
    },
}

impl ArrayError {
    /// The error without its source line.
    pub fn root(&self) -> &ArrayError {
        match self {
            ArrayError::Located { error, .. } => error.root(),
            other => other,
        }
    }

    /// The line of Rust that built the wrong operation, where it is known.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        match self {
            ArrayError::Located { location, .. } => Some(location),
            _ => None,
        }
    }

    /// The error with the line it stems from; one that has a line keeps it.
    pub(crate) fn at(self, location: &'static Location<'static>) -> ArrayError {
        match self {
            located @ ArrayError::Located { .. } => located,
            error => ArrayError::Located { location, error: Arc::new(error) },
        }
    }
}

/// A shape as NumPy writes it: `()`, `(3,)`, `(3, 4)`.
pub(crate) struct Shape<'a>(pub(crate) &'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [n] => write!(f, "({n},)"),
            dims => {
                f.write_str("(")?;
                for (i, n) in dims.iter().enumerate() {
                    write!(f, "{}{n}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

struct Types<'a>(&'a [DType]);

impl fmt::Display for Types<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.0.iter().enumerate() {
            write!(f, "{}{d}", if i > 0 { " with " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_read_as_numpys() {
        assert_eq!(Shape(&[]).to_string(), "()");
        assert_eq!(Shape(&[3]).to_string(), "(3,)");
        assert_eq!(Shape(&[3, 4]).to_string(), "(3, 4)");
    }

    #[test]
    fn the_first_line_stays() {
        let here = Location::caller();
        let error = ArrayError::Unbound.at(here);
        assert_eq!(error.clone().at(Location::caller()), error);
        assert_eq!(error.root(), &ArrayError::Unbound);
    }
}
