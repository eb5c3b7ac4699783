//! Computing a result in the memory of an operand that dies with the expression.
//!
//! **Invariant** D1: an operand lends its block only to who holds the last reference of the buffer (`TileBuf::try_from`, which
//! takes the `Arc` apart), so nobody can look at it afterwards: neither another array nor another operand of the same plan,
//! for each would be a reference.
//! **Order** kernels do not write where they read. A block is computed aside and copied over the operand's elements after all of
//! it was read ([`Plan::map_over`](crate::plan::Plan)); element `i` of the result needs no other element of that operand than `i`, for
//! its layout is the result's. Plain stores, whatever the size: the lines have just been read, so none is fetched for them.

use super::{pointers, tiles};
use crate::{
    array::Array,
    buffer::{Buffer, TileBuf},
    error::ArrayError,
    layout::Layout,
    plan::{Bound, OperandData, Scratch, TileMut, normalise},
};

/// Bytes below which a result is not worth the search.
const LEAST: usize = 64 << 10;

/// The number and the block of an operand that lies as the result `layout` will, has its type, and is seen by nobody else. The
/// operand keeps its place in `bound`, but not its data.
fn dying(bound: &mut Bound, layout: &Layout) -> Option<(usize, TileBuf)> {
    let dtype = bound.plan.dtype();
    for (k, operand) in bound.operands.iter_mut().enumerate() {
        let OperandData::Buffer(buffer) = &mut operand.data else { continue };
        let own = &operand.layout;
        let alike = operand.dtype == dtype
            && buffer.len() == layout.len()
            && own.offset == 0
            && own.shape == layout.shape
            && own.is_contiguous();
        if !alike || !buffer.is_unique() {
            continue;
        }
        let taken = std::mem::replace(buffer, Buffer::from_vec(Vec::<bool>::new()));
        match TileBuf::try_from(taken) {
            Ok(block) => return Some((k, block)),
            // A user's `Vec`: it is not ours to write.
            Err(back) => *buffer = back,
        }
    }
    None
}

/// Computes a map into the block of an operand that dies, if there is one.
pub(super) fn map(
    bound: &mut Bound,
    layout: &Layout,
    scratch: &mut Scratch,
) -> Option<Result<Array, ArrayError>> {
    let size = bound.plan.dtype().size();
    if layout.len() * size <= LEAST {
        return None;
    }
    let (lent, block) = dying(bound, layout)?;
    Some(run(bound, lent, block, layout, scratch))
}

fn run(
    bound: &mut Bound,
    lent: usize,
    mut block: TileBuf,
    layout: &Layout,
    scratch: &mut Scratch,
) -> Result<Array, ArrayError> {
    let target = block.as_mut_ptr();
    let mut pointers = pointers(bound)?;
    pointers[lent] = target;
    let (mut shape, mut out) = (bound.shape.clone(), layout.clone());
    normalise(&mut shape, &mut out, &mut bound.operands);
    let tile = [target];
    let out = TileMut { layout: &out, tile_elems: usize::MAX, first: 0, tiles: &tile };
    // SAFETY: the operands are whole buffers kept by `bound`, or the block, whose layouts stay inside (L1); the block is read as
    // the one operand it was, whose layout was the output's and has been normalised with it, and is ours alone (D1).
    unsafe {
        let tiles = tiles(bound, &pointers);
        let done = bound.plan.map_over(&bound.consts, &shape, &tiles, &out, 0..layout.len(), scratch);
        done.map_err(|error| bound.locate(error))?;
    }
    // SAFETY: every element has been written; nothing is written afterwards.
    Ok(Array::from_layout(unsafe { block.freeze() }, layout.clone()))
}
