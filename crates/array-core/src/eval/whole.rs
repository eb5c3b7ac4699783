//! Evaluation of operations on whole arrays.

use super::{arg, axes, scan};
use crate::{
    array::Array,
    buffer::{BlockPool, TileBuf},
    dtype::{DType, Scalar},
    error::ArrayError,
    expr::Whole,
    kernels::Isa,
    layout::Layout,
};

/// Computes an operation whose operands are each one pass.
pub(super) fn eval(
    op: &Whole,
    dtype: DType,
    shape: &[usize],
    args: &[Array],
    isa: Isa,
) -> Result<Array, ArrayError> {
    let layout = Layout::contiguous(shape)?;
    let len = layout.len();
    let mut out = BlockPool::shared().take(dtype, len)?;
    if len > 0 {
        match op {
            Whole::Reduce { op, axes } => axes::reduce(*op, axes, &args[0], &mut out, isa)?,
            Whole::Arg { max, axis } => arg::find(*max, *axis, &args[0], &mut out, isa)?,
            Whole::Scan { op, axis } => scan::scan(*op, *axis, &args[0], &mut out, isa)?,
        }
    }
    // SAFETY: each operation writes every element.
    Ok(Array::from_layout(unsafe { out.freeze() }, layout))
}

/// Writes `value` to every element from `start` on, `n` of them.
pub(super) fn fill(out: &mut TileBuf, value: Scalar, start: usize, n: usize) {
    assert!(start + n <= out.len() && value.dtype() == out.dtype());
    let at = out.as_mut_ptr();
    for i in start..start + n {
        // SAFETY: the element exists, and is ours.
        unsafe { value.write(at, i) };
    }
}
