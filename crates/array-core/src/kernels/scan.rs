//! Running sums and products: each result is the one before it combined with the next element, in order, as NumPy's.

use super::arith::Ring;
use crate::{dtype::DType, expr::ReduceOp};
use num_complex::Complex;

/// `out[i] = before[i] ∘ src[i]` for `n` dense elements. Where `before` is `out` minus one element, that is the running
/// result along a row.
pub(crate) type Scan = unsafe fn(out: *mut u8, before: *const u8, src: *const u8, n: usize);

/// # Safety
/// `before` and `src` are readable and `out` is writable for `n` elements, aligned. `out` is apart from `src`, and either apart
/// from `before` or one element after it.
unsafe fn run<T: Ring>(out: *mut u8, before: *const u8, src: *const u8, n: usize, op: impl Fn(T, T) -> T) {
    let (out, before, src) = (out.cast::<T>(), before.cast::<T>(), src.cast::<T>());
    // SAFETY: the caller's. Elements are read and written through pointers, one by one and in order.
    unsafe {
        if std::ptr::eq(before.add(1), out) && n > 0 {
            let mut running = before.read();
            for i in 0..n {
                running = op(running, src.add(i).read());
                out.add(i).write(running);
            }
        } else {
            for i in 0..n {
                out.add(i).write(op(before.add(i).read(), src.add(i).read()));
            }
        }
    }
}

/// # Safety
/// As [`run`].
unsafe fn sum<T: Ring>(out: *mut u8, before: *const u8, src: *const u8, n: usize) {
    // SAFETY: the caller's.
    unsafe { run::<T>(out, before, src, n, T::add) }
}

/// # Safety
/// As [`run`].
unsafe fn product<T: Ring>(out: *mut u8, before: *const u8, src: *const u8, n: usize) {
    // SAFETY: the caller's.
    unsafe { run::<T>(out, before, src, n, T::mul) }
}

/// The kernel for a type that sums are computed in; one version, for a chain of operations has no width.
pub(crate) fn kernel(op: ReduceOp, dtype: DType) -> Scan {
    macro_rules! typed {
        ($t:ty) => {
            if op == ReduceOp::Prod { product::<$t> } else { sum::<$t> }
        };
    }
    match dtype {
        DType::F32 => typed!(f32),
        DType::F64 => typed!(f64),
        DType::C64 => typed!(Complex<f32>),
        DType::C128 => typed!(Complex<f64>),
        // Wrapping: the same bits for both signs.
        _ => typed!(u64),
    }
}
