//! Running sums and products along an axis.

use super::{SCRATCH, pointers, tiles};
use crate::{
    array::Array,
    buffer::TileBuf,
    error::ArrayError,
    expr::ReduceOp,
    kernels::{Isa, scan},
    plan::{BLOCK, Stream, bind_reading, coalesce},
};

/// Writes the running results of `arg` along `axis`; `out` has its shape, in C order, and its type.
pub(super) fn scan(
    op: ReduceOp,
    axis: usize,
    arg: &Array,
    out: &mut TileBuf,
    isa: Isa,
) -> Result<(), ArrayError> {
    let shape = arg.shape();
    let kernel = scan::kernel(op, arg.dtype());
    // An element and the one before it along the axis are `inner` apart; the first `inner` of every `whole` have none.
    let inner: usize = shape[axis + 1..].iter().product();
    let whole = inner * shape[axis];
    let (at, len) = (out.as_mut_ptr(), out.len());
    let mut bound = bind_reading(arg, op, isa)?;
    coalesce(&mut bound.shape, None, &mut bound.operands);
    let pointers = pointers(&bound)?;
    let tiles = tiles(&bound, &pointers);
    let read = |stream: &mut Stream<'_>| {
        let size = stream.size;
        let mut done = 0;
        while done < len {
            let place = done % whole;
            let first = place < inner;
            let room = if first { inner - place } else { whole - place };
            // A piece longer than the distance would read what it has not written yet, unless element by element.
            let n = if inner == 1 { room } else { room.min(inner) }.min(BLOCK);
            let src = stream.next(n);
            // SAFETY: `n` elements of the output from `done` on; those `inner` before them have been written.
            unsafe {
                let dst = at.add(done * size);
                if first {
                    dst.copy_from_nonoverlapping(src, n * size);
                } else {
                    kernel(dst, dst.sub(inner * size), src, n);
                }
            }
            done += n;
        }
    };
    SCRATCH.with_borrow_mut(|scratch| {
        // SAFETY: the operands are whole buffers kept by `bound`, whose leaves' layouts stay inside (L1), merged together with the
        // shape.
        let done = unsafe {
            Stream::open(&bound.plan.program, &bound.consts, &bound.shape, &tiles, scratch, |stream| {
                read(stream)
            })
        };
        done.map_err(|error| bound.locate(error))
    })
}
