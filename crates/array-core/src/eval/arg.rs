//! Positions of extremes, of all elements or along an axis.

use super::stream::Stream;
use crate::{
    array::Array,
    buffer::TileBuf,
    error::ArrayError,
    expr::ReduceOp,
    kernels::{Isa, arg},
    layout::Dims,
    plan::BLOCK,
};

/// Finds the first greatest (`max`) or least elements of `arg`, which has some, along `axis`, or in C order of all.
pub(super) fn find(
    max: bool,
    axis: Option<usize>,
    arg: &Array,
    out: &mut TileBuf,
    isa: Isa,
) -> Result<(), ArrayError> {
    let (shape, dtype) = (arg.shape(), arg.dtype());
    let kernels = arg::kernels(max, dtype, isa);
    let op = if max { ReduceOp::Max } else { ReduceOp::Min };
    let places: *mut i64 = out.as_mut_ptr().cast();
    // Rows before the axis, the axis, elements after it.
    let (outer, length, inner) = match axis {
        None => (1, arg.len(), 1),
        Some(axis) => {
            (shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product::<usize>())
        }
    };
    let walk: Dims = (0..shape.len()).collect();
    let size = dtype.size();
    // The best of each column; as cells of 16 bytes, aligned for every type.
    let mut best = vec![0u128; (inner * size).div_ceil(16)];
    let best: *mut u8 = best.as_mut_ptr().cast();
    Stream::open(arg, &walk, op, isa, |stream| {
        for o in 0..outer {
            if inner == 1 {
                let (mut at, mut place) = (0, 0);
                while at < length {
                    let (src, n) = stream.most(length - at);
                    // SAFETY: `n` elements, and the one cell of the best.
                    if let Some(i) = unsafe { (kernels.find)(src, n, best, at == 0) } {
                        place = at + i;
                    }
                    at += n;
                }
                // SAFETY: one result for each row.
                unsafe { places.add(o).write(place as i64) };
                continue;
            }
            for position in 0..length {
                let mut from = 0;
                while from < inner {
                    let n = (inner - from).min(BLOCK);
                    let src = stream.next(n);
                    // SAFETY: a row has `inner` results and as many cells; the piece lies within.
                    unsafe {
                        let (best, places) = (best.add(from * size), places.add(o * inner + from));
                        if position == 0 {
                            best.copy_from_nonoverlapping(src, n * size);
                            (0..n).for_each(|i| places.add(i).write(0));
                        } else {
                            (kernels.columns)(src, n, best, places, position as i64);
                        }
                    }
                    from += n;
                }
            }
        }
    })
}
