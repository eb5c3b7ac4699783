//! Reductions of a dense block: the leaves and lower branches of the reduction tree.
//!
//! **Sums** of floats follow NumPy's pairwise tree to the last bit: below 8 elements in order, up to 128 with eight
//! accumulators folded `((0+1)+(2+3))+((4+5)+(6+7))` and the rest in order, above that split at half, rounded down to a
//! multiple of 8. Successive leaves are independent, so the processor overlaps their chains of additions.
//! **Extremes** are independent of order: NaN wins, and of zeros the positive is the greater.

use super::Isa;
use crate::{
    dtype::{DType, Scalar},
    expr::ReduceOp,
};

/// Reduces `n` dense elements to one.
pub(crate) type ReduceKernel = unsafe fn(*const u8, usize) -> Scalar;

/// The body of a reduction, written once for all instruction sets.
trait Fold {
    /// # Safety
    /// `src` is readable for `n` elements of the kernel's type and aligned; `n > 0` for extremes.
    unsafe fn fold(src: *const u8, n: usize) -> Scalar;
}

unsafe fn baseline<K: Fold>(src: *const u8, n: usize) -> Scalar {
    // SAFETY: the caller's.
    unsafe { K::fold(src, n) }
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2<K: Fold>(src: *const u8, n: usize) -> Scalar {
    // SAFETY: the caller's.
    unsafe { K::fold(src, n) }
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn avx512<K: Fold>(src: *const u8, n: usize) -> Scalar {
    // SAFETY: the caller's.
    unsafe { K::fold(src, n) }
}

fn pick<K: Fold>(isa: Isa) -> ReduceKernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<K>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::<K>,
        _ => baseline::<K>,
    }
}

/// Where NumPy splits `n > 128` elements.
#[inline(always)]
pub(crate) const fn split(n: usize) -> usize {
    let half = n / 2;
    half - half % 8
}

/// Largest leaf of the tree.
pub(crate) const LEAF: usize = 128;

/// NumPy's pairwise sum of any length, for blocks of a few thousand elements (it recurses, to a depth of the logarithm).
#[inline(always)]
fn pairwise(a: &[f64]) -> f64 {
    // The tree with its branches kept on a stack of partial sums: always inlined, so it is compiled for each instruction set.
    let mut pending: [(usize, usize, f64, bool); 64] = [(0, 0, 0.0, false); 64];
    let mut depth = 0;
    let (mut start, mut n) = (0, a.len());
    loop {
        while n > LEAF {
            let left = split(n);
            pending[depth] = (start + left, n - left, 0.0, false);
            depth += 1;
            n = left;
        }
        let mut value = leaf(&a[start..start + n]);
        loop {
            if depth == 0 {
                return value;
            }
            let (right, len, sum, has_left) = pending[depth - 1];
            if has_left {
                value += sum;
                depth -= 1;
            } else {
                pending[depth - 1] = (right, len, value, true);
                (start, n) = (right, len);
                break;
            }
        }
    }
}

/// A leaf of at most 128 elements.
#[inline(always)]
fn leaf(a: &[f64]) -> f64 {
    let (eights, rest) = a.as_chunks::<8>();
    let Some((first, eights)) = eights.split_first() else {
        // -0.0 keeps the sum of negative zeros negative, as NumPy does.
        return rest.iter().fold(-0.0, |sum, x| sum + x);
    };
    let mut r = *first;
    for chunk in eights {
        for (r, x) in r.iter_mut().zip(chunk) {
            *r += x;
        }
    }
    let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    rest.iter().fold(sum, |sum, x| sum + x)
}

struct SumF64;
impl Fold for SumF64 {
    #[inline(always)]
    unsafe fn fold(src: *const u8, n: usize) -> Scalar {
        // SAFETY: the caller's.
        Scalar::F64(pairwise(unsafe { std::slice::from_raw_parts(src.cast(), n) }))
    }
}

/// The order of floats as integers: -inf … -0, +0 … inf. NaN lies outside.
#[inline(always)]
pub(crate) fn key(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

struct ExtremeF64<const MAX: bool>;
impl<const MAX: bool> Fold for ExtremeF64<MAX> {
    #[inline(always)]
    unsafe fn fold(src: *const u8, n: usize) -> Scalar {
        // SAFETY: the caller's.
        let a: &[f64] = unsafe { std::slice::from_raw_parts(src.cast(), n) };
        let (mut best, mut nan) = (key(a[0]), 0u64);
        for &x in a {
            let k = key(x);
            best = if MAX { best.max(k) } else { best.min(k) };
            nan |= u64::from(x.is_nan());
        }
        // `key` is its own inverse.
        Scalar::F64(if nan != 0 { f64::NAN } else { f64::from_bits(key(f64::from_bits(best as u64)) as u64) })
    }
}

macro_rules! integers {
    ($($sum:ident $extreme:ident $variant:ident $t:ty;)*) => {$(
        struct $sum;
        impl Fold for $sum {
            #[inline(always)]
            unsafe fn fold(src: *const u8, n: usize) -> Scalar {
                // SAFETY: the caller's.
                let a: &[$t] = unsafe { std::slice::from_raw_parts(src.cast(), n) };
                Scalar::$variant(a.iter().fold(0, |s: $t, &x| s.wrapping_add(x)))
            }
        }
        struct $extreme<const MAX: bool>;
        impl<const MAX: bool> Fold for $extreme<MAX> {
            #[inline(always)]
            unsafe fn fold(src: *const u8, n: usize) -> Scalar {
                // SAFETY: the caller's.
                let a: &[$t] = unsafe { std::slice::from_raw_parts(src.cast(), n) };
                Scalar::$variant(a.iter().fold(a[0], |m, &x| if MAX { m.max(x) } else { m.min(x) }))
            }
        }
    )*};
}
integers! { SumU8 ExtremeU8 U8 u8; SumI64 ExtremeI64 I64 i64; SumU64 ExtremeU64 U64 u64; }

struct ExtremeBool<const MAX: bool>;
impl<const MAX: bool> Fold for ExtremeBool<MAX> {
    #[inline(always)]
    unsafe fn fold(src: *const u8, n: usize) -> Scalar {
        // SAFETY: the caller's.
        match unsafe { ExtremeU8::<MAX>::fold(src, n) } {
            Scalar::U8(v) => Scalar::Bool(v != 0),
            other => other,
        }
    }
}

/// The kernel that reduces blocks of `dtype`, which is a type that [`ReduceOp::result`] gives.
pub(crate) fn kernel(op: ReduceOp, dtype: DType, isa: Isa) -> ReduceKernel {
    match (op, dtype) {
        (ReduceOp::Sum | ReduceOp::Mean, DType::F64) => pick::<SumF64>(isa),
        (ReduceOp::Sum | ReduceOp::Mean, DType::I64) => pick::<SumI64>(isa),
        (ReduceOp::Sum | ReduceOp::Mean, DType::U64) => pick::<SumU64>(isa),
        (ReduceOp::Sum | ReduceOp::Mean, _) => pick::<SumU8>(isa),
        (ReduceOp::Max, DType::F64) => pick::<ExtremeF64<true>>(isa),
        (ReduceOp::Max, DType::I64) => pick::<ExtremeI64<true>>(isa),
        (ReduceOp::Max, DType::U64) => pick::<ExtremeU64<true>>(isa),
        (ReduceOp::Max, DType::U8) => pick::<ExtremeU8<true>>(isa),
        (ReduceOp::Max, DType::Bool) => pick::<ExtremeBool<true>>(isa),
        (ReduceOp::Min, DType::F64) => pick::<ExtremeF64<false>>(isa),
        (ReduceOp::Min, DType::I64) => pick::<ExtremeI64<false>>(isa),
        (ReduceOp::Min, DType::U64) => pick::<ExtremeU64<false>>(isa),
        (ReduceOp::Min, DType::U8) => pick::<ExtremeU8<false>>(isa),
        (ReduceOp::Min, DType::Bool) => pick::<ExtremeBool<false>>(isa),
    }
}

/// Two results of the tree as one; `left` stands before `right`.
pub(crate) fn combine(op: ReduceOp, left: Scalar, right: Scalar) -> Scalar {
    use ReduceOp::{Max, Mean, Min, Sum};
    match (op, left, right) {
        (Sum | Mean, Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(a + b),
        (Sum | Mean, Scalar::I64(a), Scalar::I64(b)) => Scalar::I64(a.wrapping_add(b)),
        (Sum | Mean, Scalar::U64(a), Scalar::U64(b)) => Scalar::U64(a.wrapping_add(b)),
        (Max | Min, Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(if a.is_nan() || b.is_nan() {
            f64::NAN
        } else if (key(a) >= key(b)) == (op == Max) {
            a
        } else {
            b
        }),
        (Max, Scalar::I64(a), Scalar::I64(b)) => Scalar::I64(a.max(b)),
        (Min, Scalar::I64(a), Scalar::I64(b)) => Scalar::I64(a.min(b)),
        (Max, Scalar::U64(a), Scalar::U64(b)) => Scalar::U64(a.max(b)),
        (Min, Scalar::U64(a), Scalar::U64(b)) => Scalar::U64(a.min(b)),
        (Max, Scalar::U8(a), Scalar::U8(b)) => Scalar::U8(a.max(b)),
        (Min, Scalar::U8(a), Scalar::U8(b)) => Scalar::U8(a.min(b)),
        (Max, Scalar::Bool(a), Scalar::Bool(b)) => Scalar::Bool(a | b),
        (Min, Scalar::Bool(a), Scalar::Bool(b)) => Scalar::Bool(a & b),
        _ => unreachable!("partial results of one reduction have one type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree written as NumPy's source reads: by recursion.
    fn recursive(a: &[f64]) -> f64 {
        if a.len() <= LEAF {
            return leaf(a);
        }
        let n = split(a.len());
        recursive(&a[..n]) + recursive(&a[n..])
    }

    #[test]
    fn the_stack_walks_the_same_tree_as_recursion() {
        let a: Vec<f64> = (0..5000).map(|i| (i as f64 * 0.7).sin() * 1e3).collect();
        for n in (0..600).chain([1000, 1023, 1024, 1025, 2048, 4999, 5000]) {
            assert_eq!(pairwise(&a[..n]).to_bits(), recursive(&a[..n]).to_bits(), "{n}");
        }
    }

    #[test]
    fn extremes_do_not_depend_on_order() {
        let max = |a: &[f64]| {
            // SAFETY: a slice, not empty.
            match unsafe { ExtremeF64::<true>::fold(a.as_ptr().cast(), a.len()) } {
                Scalar::F64(v) => v,
                _ => unreachable!(),
            }
        };
        assert!(max(&[-0.0, 0.0]).is_sign_positive() && max(&[0.0, -0.0]).is_sign_positive());
        assert!(max(&[-0.0, -1.0]).is_sign_negative());
        assert!(max(&[1.0, f64::NAN, 2.0]).is_nan());
        assert_eq!(max(&[f64::NEG_INFINITY, -1e300]), -1e300);
    }
}
