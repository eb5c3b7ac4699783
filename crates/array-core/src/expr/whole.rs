//! Operations that need their operands as wholes: what stands in one element of the result may come from anywhere.

use super::ReduceOp;
use crate::layout::Dims;

/// An operation on whole arrays; it is evaluated with its operands at hand, not as part of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whole {
    /// A reduction along some axes of operand 0, ascending, not all of them.
    Reduce { op: ReduceOp, axes: Dims },
    /// The position of the first greatest (least) element along an axis; without one, in C order.
    Arg { max: bool, axis: Option<usize> },
    /// Running sums or products along an axis.
    Scan { op: ReduceOp, axis: usize },
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
        }
    }
}
