//! Evaluation of operations on whole arrays.

use super::{SCRATCH, map_into, pointers, scan, select, tiles};
use crate::{
    array::Array,
    buffer::{BlockPool, TileBuf},
    dtype::{DType, Scalar},
    error::ArrayError,
    expr::Whole,
    kernels::Isa,
    layout::Layout,
    plan::{AxisReduction, bind_for},
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
    // Positions are checked even where nothing is picked.
    if len > 0 || matches!(op, Whole::Take { .. } | Whole::Put { .. }) {
        match op {
            Whole::Reduce { .. } | Whole::Arg { .. } => reduce(op, &args[0], &mut out, isa)?,
            Whole::Take { axes } => select::take(&args[0], axes, &args[1..], &mut out, isa)?,
            Whole::Put { op, view, axes } => {
                select::put(*op, view, axes, &args[0], &args[1..], &mut out, isa)?;
            }
            Whole::Scan { op, axis } => scan::scan(*op, *axis, &args[0], &mut out, isa)?,
        }
    }
    // SAFETY: each operation writes every element.
    Ok(Array::from_layout(unsafe { out.freeze() }, layout))
}

/// Computes a reduction along axes, or positions of extremes, of some results.
fn reduce(op: &Whole, arg: &Array, out: &mut TileBuf, isa: Isa) -> Result<(), ArrayError> {
    let (bound, axes) = AxisReduction::bind(op, arg, isa).expect("it is one")?;
    let pointers = pointers(&bound)?;
    let (tiles, len) = (tiles(&bound, &pointers), out.len());
    let (plan, consts, shape) = (&bound.plan, &bound.consts, &bound.shape);
    SCRATCH.with_borrow_mut(|scratch| {
        // SAFETY: the operands are whole buffers kept by `bound`, whose leaves' layouts stay inside (L1); the output is a fresh block
        // of as many results as there are.
        let done = unsafe { axes.results(plan, consts, shape, &tiles, 0..len, out.as_mut_ptr(), scratch) };
        done.map_err(|error| bound.locate(error))
    })
}

/// Computes `array` into `out`, which has as many elements and its type, in C order.
pub(super) fn copy(array: &Array, out: &mut TileBuf, isa: Isa) -> Result<(), ArrayError> {
    let bound = bind_for(array, isa)?;
    let layout = Layout::contiguous(array.shape())?;
    assert!(out.len() == layout.len() && out.dtype() == array.dtype());
    map_into(bound, &layout, out)
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
