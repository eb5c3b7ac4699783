//! Evaluation of operations on whole arrays.

use super::{SCRATCH, direct::dense, map_into, pointers, scan, select, tiles, turns};
use crate::{
    array::Array,
    buffer::{BlockPool, TileBuf},
    dtype::{DType, Scalar},
    error::ArrayError,
    expr::{ReduceOp, Whole},
    kernels::{Isa, reduce},
    layout::Layout,
    plan::{AxisReduction, bind_for},
    source::Lend,
};
use std::convert::Infallible;

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
    if let Whole::Reduce { op, axes, start } = op
        && plain((*op, *start), axes, arg, (out.dtype(), out.len(), out.as_mut_ptr()), (isa, None)).is_some()
    {
        return Ok(());
    }
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

/// Reduces data in C order along its first or its last axes: the kernels at once, in the order of a plan's, so with its bits.
///
/// The output is its type, how many results there are, and where they go.
pub(super) fn plain(
    (op, start): (ReduceOp, Option<Scalar>),
    axes: &[usize],
    arg: &Array,
    (to, results, at): (DType, usize, *mut u8),
    (isa, lend): (Isa, Option<Lend<'_>>),
) -> Option<()> {
    /// Results of a row that starting a plan counts for, and that are worth the addresses of their rows.
    const ROW: std::ops::RangeInclusive<usize> = 32..=4096;
    let (shape, dtype) = (arg.shape(), arg.dtype());
    if !isa.runs_here() || arg.is_empty() || to != dtype {
        return None;
    }
    let src = dense(arg, shape, lend)?;
    let kernels = reduce::kernels(op, dtype, isa);
    let (first, size) = (*axes.first()?, dtype.size());
    if axes.iter().copied().eq(first..shape.len()) {
        let row = arg.len() / results;
        let piece = turns::piece(arg.len(), size).map_or(results, |elems| (elems / row).max(1));
        let _ = turns::turn(results.div_ceil(piece), |i| {
            let (first, count) = (i * piece, piece.min(results - i * piece));
            // SAFETY: as many rows as results, of as many elements as are left for each, lie one behind another.
            unsafe { (kernels.rows)(src.add(first * row * size), row, count, at.add(first * size)) };
            Ok::<(), Infallible>(())
        });
        return Some(());
    }
    if !axes.iter().copied().eq(0..axes.len()) || !ROW.contains(&results) {
        return None;
    }
    let rows = arg.len() / results;
    // SAFETY: `rows` rows of as many elements as results lie one behind another; the results are ours.
    unsafe {
        let row = |i: usize| src.add(i * results * size);
        let mut from = 0;
        match (op, start) {
            (_, Some(start)) => (0..results).for_each(|i| start.write(at, i)),
            // Zero of every type is zeros.
            (ReduceOp::Sum, None) => at.write_bytes(0, results * size),
            (ReduceOp::Prod, None) => (0..results).for_each(|i| op.identity(dtype).write(at, i)),
            _ => {
                at.copy_from_nonoverlapping(src, results * size);
                from = 1;
            }
        }
        while from < rows {
            let count = (rows - from).min(8);
            let next: [*const u8; 8] = std::array::from_fn(|i| row(from + i.min(count - 1)));
            (kernels.columns)(at, next.as_ptr(), count, results);
            from += count;
        }
    }
    Some(())
}

/// Computes `array` into `out`, which has as many elements and its type, in C order.
pub(super) fn copy(array: &Array, out: &mut TileBuf, isa: Isa) -> Result<(), ArrayError> {
    let mut bound = bind_for(array, isa)?;
    let layout = Layout::contiguous(array.shape())?;
    assert!(out.len() == layout.len() && out.dtype() == array.dtype());
    map_into(&mut bound, &layout, out)
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
