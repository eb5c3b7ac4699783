//! One operation on dense data: its kernel at once, without a plan.
//!
//! **Why** binding and starting a plan costs some hundred nanoseconds, many times the arithmetic of a few elements and a good part of
//! that of some thousand. The kernel is the one that the plan would run, on the same elements, so the bits are the same.

use crate::{
    array::Array,
    buffer::{BlockPool, Buffer, FEW_BYTES},
    dtype::DType,
    error::ArrayError,
    expr::{Kind, Op},
    kernels::{Isa, Kernel, select},
    layout::{Layout, alike},
};

/// Bytes of a result up to which starting a plan counts where a larger one may take the memory of an operand instead.
pub(super) const MOST: usize = 64 << 10;

/// A kernel and what it reads.
pub(super) struct Call {
    kernel: Kernel,
    /// Addresses of data; the constants stand in for those that are none.
    sources: [*const u8; 3],
    consts: [u128; 3],
    len: usize,
}

impl Call {
    /// The call that computes `array`, which takes at most so many bytes, if it is one operation whose operands are dense data of its shape or constants.
    #[inline]
    pub(super) fn of(array: &Array, isa: Isa, most: usize) -> Option<Call> {
        let mut call = Call { kernel: none, sources: [std::ptr::null(); 3], consts: [0; 3], len: 0 };
        call.set(array, isa, most).map(|()| call)
    }

    /// Becomes that call.
    #[inline(always)]
    fn set(&mut self, array: &Array, isa: Isa, most: usize) -> Option<()> {
        let Kind::Map { op, shape, args, .. } = &array.0.kind else { return None };
        let (op, len) = (*op, shape.iter().product::<usize>());
        // Powers of integers may fail, which needs a flag.
        if len == 0 || len * array.dtype().size() > most || op == Op::Power || !isa.runs_here() {
            return None;
        }
        self.len = len;
        let mut mask = 0;
        for (k, arg) in args.iter().enumerate() {
            if let Kind::Const { value, .. } = &arg.0.kind {
                self.consts[k] = value.bits();
                mask |= u8::from(len > 1) << k;
            } else {
                self.sources[k] = dense(arg, shape)?;
            }
        }
        if mask == 0b01 && args.len() == 2 && op.commutes() {
            self.sources.swap(0, 1);
            self.consts.swap(0, 1);
            mask = 0b10;
        }
        self.kernel = select::op(isa, op, args.last()?.dtype(), array.dtype(), mask)?;
        Some(())
    }

    /// # Safety
    /// The array that the call is of lives; `out` has room for its elements, which nobody else touches.
    #[inline(always)]
    pub(super) unsafe fn run(&self, out: *mut u8) {
        let mut locs = [out; 4];
        for ((loc, source), value) in locs[1..].iter_mut().zip(self.sources).zip(&self.consts) {
            *loc = if source.is_null() { (&raw const *value).cast_mut().cast() } else { source.cast_mut() };
        }
        // SAFETY: every source has `len` elements, or one where the kernel's mask says so; kernels only read them. The rest is
        // the caller's.
        unsafe { (self.kernel)(locs.as_ptr(), [0, 1, 2, 3, 0, 0, 0, 0].as_ptr(), self.len) }
    }
}

/// The first element of data that has some, of this shape and in C order.
#[inline]
pub(super) fn dense(array: &Array, shape: &[usize]) -> Option<*const u8> {
    match &array.0.kind {
        Kind::Buffer { data, layout } if alike(&layout.shape, shape) && layout.is_contiguous() => {
            // SAFETY: the first element of a leaf that has elements lies in its buffer (L1).
            Some(unsafe { data.as_ptr().offset(layout.offset * array.dtype().size() as isize) })
        }
        _ => None,
    }
}

/// In the place of a kernel that is still looked for.
unsafe fn none(_: *const *mut u8, _: *const u16, _: usize) {}

/// The result of `array`, of at most so many bytes, if a call computes it.
pub(super) fn map(array: &Array, isa: Isa, most: usize) -> Option<Result<Array, ArrayError>> {
    let mut call = Call { kernel: none, sources: [std::ptr::null(); 3], consts: [0; 3], len: 0 };
    call.set(array, isa, most)?;
    Some(result(&call, array.dtype(), array.shape()))
}

#[inline(always)]
fn result(call: &Call, dtype: DType, shape: &[usize]) -> Result<Array, ArrayError> {
    let layout = Layout::packed(shape);
    let data = if call.len * dtype.size() <= FEW_BYTES {
        // SAFETY: the kernel writes every element.
        unsafe { Buffer::few(dtype, call.len, |out| call.run(out)) }
    } else {
        let mut out = BlockPool::shared().take(dtype, call.len)?;
        // SAFETY: as above.
        unsafe {
            call.run(out.as_mut_ptr());
            out.freeze()
        }
    };
    Ok(Array::from_layout(data, layout))
}
