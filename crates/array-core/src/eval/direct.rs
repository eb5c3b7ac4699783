//! One operation on a handful of elements: its kernel at once, without a plan.
//!
//! **Why** binding and starting a plan costs some hundred nanoseconds, many times the arithmetic of a few elements. The kernel is
//! the one that the plan would run, so the bits are the same.

use crate::{
    array::Array,
    buffer::BlockPool,
    dtype::DType,
    error::ArrayError,
    expr::{Kind, Op},
    kernels::{Isa, select},
    layout::Layout,
};

/// Elements below which starting a plan is most of its cost.
const FEW: usize = 64;

/// The result of `op`, if its operands are dense data of `shape` or constants, all of them few.
pub(super) fn map(
    op: Op,
    dtype: DType,
    shape: &[usize],
    args: &[Array],
    isa: Isa,
) -> Option<Result<Array, ArrayError>> {
    let len: usize = shape.iter().product();
    // Powers of integers may fail, which needs a flag.
    if len == 0 || len > FEW || op == Op::Power || !isa.is_available() {
        return None;
    }
    let mut consts = [0u128; 3];
    let mut sources = [std::ptr::null::<u8>(); 3];
    let mut mask = 0;
    for (k, arg) in args.iter().enumerate() {
        sources[k] = match &arg.0.kind {
            Kind::Buffer { data, layout } if layout.shape[..] == *shape && layout.is_contiguous() => {
                // SAFETY: the first element of a leaf lies in its buffer (L1).
                unsafe { data.as_ptr().offset(layout.offset * arg.dtype().size() as isize) }
            }
            Kind::Const { value, .. } => {
                consts[k] = value.bits();
                mask |= u8::from(len > 1) << k;
                (&raw const consts[k]).cast()
            }
            _ => return None,
        };
    }
    if mask == 0b01 && args.len() == 2 && op.commutes() {
        sources.swap(0, 1);
        mask = 0b10;
    }
    let input = args.last()?.dtype();
    let kernel = select::op(isa, op, input, dtype, mask)?;
    Some((|| {
        let mut out = BlockPool::shared().take(dtype, len)?;
        let locs = [out.as_mut_ptr(), sources[0].cast_mut(), sources[1].cast_mut(), sources[2].cast_mut()];
        // SAFETY: every source has `len` elements, or one where the mask says so; kernels only read them. The output is a
        // fresh block, all of which is written.
        let data = unsafe {
            kernel(locs.as_ptr(), [0, 1, 2, 3, 0, 0, 0, 0].as_ptr(), len);
            out.freeze()
        };
        Ok(Array::from_layout(data, Layout::contiguous(shape)?))
    })())
}
