//! Operations that need their operands as wholes: what stands in one element of the result may come from anywhere.

use super::{Op, ReduceOp};
use crate::{
    dtype::Scalar,
    layout::{Dims, Layout},
};
use std::fmt;

/// An operation on whole arrays; it is evaluated with its operands at hand, not as part of a pass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Whole {
    /// A reduction along some axes of operand 0, ascending, not all of them. A start is of the result's type, for what begins with
    /// it (only a sum or a product whose axes are not just the last ones); the others have what changes nothing.
    Reduce { op: ReduceOp, axes: Dims, start: Option<Scalar> },
    /// The position of the first greatest (least) element along an axis; without one, in C order.
    Arg { max: bool, axis: Option<usize> },
    /// Running sums or products along an axis.
    Scan { op: ReduceOp, axis: usize },
    /// What positions (operands 1 and on, of one shape) pick from the first axes of operand 0; those are `axes` in errors.
    Take { axes: Dims },
    /// Operand 0 with what positions (the last operands) pick from the first axes of `view`, a view of it in C order, replaced
    /// by operand 1, or by what `op` makes of it (and of operand 1).
    Put { op: Option<Op>, view: Layout, axes: Dims },
}

impl Whole {
    /// NumPy's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Whole::Reduce { op, .. } => op.name(),
            Whole::Arg { max: true, .. } => "argmax",
            Whole::Arg { .. } => "argmin",
            Whole::Scan { op: ReduceOp::Prod, .. } => "cumprod",
            Whole::Scan { .. } => "cumsum",
            Whole::Take { .. } => "take",
            Whole::Put { op: Some(op), .. } => op.name(),
            Whole::Put { .. } => "put",
        }
    }
}

/// The name with what distinguishes the operation: `add.reduce[0, 2]`, `cumsum[1]`, `argmax`.
impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Whole::Reduce { axes, start, .. } => {
                write!(f, ".reduce{:?}", &axes[..])?;
                start.map_or(Ok(()), |start| write!(f, " from {start}"))
            }
            Whole::Arg { axis: Some(axis), .. } | Whole::Scan { axis, .. } => write!(f, "[{axis}]"),
            Whole::Put { op: Some(_), .. } => f.write_str(".at"),
            Whole::Arg { .. } | Whole::Take { .. } | Whole::Put { .. } => Ok(()),
        }
    }
}
