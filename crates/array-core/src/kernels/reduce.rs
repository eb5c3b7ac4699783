//! Reductions of a dense block: the leaves and lower branches of the reduction tree.
//!
//! **Sums** of floats follow NumPy's pairwise tree to the last bit: below 8 elements in order, up to 128 with eight
//! accumulators folded `((0+1)+(2+3))+((4+5)+(6+7))` and the rest in order, above that split at half, rounded down to a
//! multiple of 8. Successive leaves are independent, so the processor overlaps their chains of additions.
//! **Extremes** are independent of order: NaN wins, and of zeros the positive is the greater.

use super::{Isa, arith::Ring, complex};
use crate::{
    dtype::{DType, Scalar},
    expr::ReduceOp,
};
use num_complex::Complex;
use std::marker::PhantomData;

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

/// The shape of the reduction tree over elements of a type. NumPy counts the parts of complex numbers one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    parts: usize,
}

impl Tree {
    /// The tree over elements of `dtype`.
    pub(crate) const fn of(dtype: DType) -> Tree {
        Tree { parts: if dtype.is_complex() { 2 } else { 1 } }
    }

    /// Where NumPy splits `n` elements, more than a leaf.
    #[inline(always)]
    pub(crate) const fn split(self, n: usize) -> usize {
        let half = n * self.parts / 2;
        (half - half % 8) / self.parts
    }

    /// Elements of the largest leaf.
    #[inline(always)]
    pub(crate) const fn leaf(self) -> usize {
        128 / self.parts
    }
}

/// What is summed: numbers, or the parts of complex ones.
trait Summand: Copy {
    type Sum: Copy;
    const TREE: Tree;
    fn plus(a: Self::Sum, b: Self::Sum) -> Self::Sum;
    /// The sum of a leaf.
    fn leaf(a: &[Self]) -> Self::Sum;
    fn scalar(sum: Self::Sum) -> Scalar;
}

macro_rules! summands {
    ($($t:ty => $real:ident, $complex:ident;)*) => {$(
        impl Summand for $t {
            type Sum = $t;
            const TREE: Tree = Tree { parts: 1 };
            #[inline(always)]
            fn plus(a: $t, b: $t) -> $t { a + b }
            #[inline(always)]
            fn leaf(a: &[$t]) -> $t {
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
            fn scalar(sum: $t) -> Scalar { Scalar::$real(sum) }
        }
        impl Summand for Complex<$t> {
            type Sum = Complex<$t>;
            const TREE: Tree = Tree { parts: 2 };
            #[inline(always)]
            fn plus(a: Complex<$t>, b: Complex<$t>) -> Complex<$t> { a.add(b) }
            #[inline(always)]
            fn leaf(a: &[Complex<$t>]) -> Complex<$t> {
                let (fours, rest) = a.as_chunks::<4>();
                let Some((first, fours)) = fours.split_first() else {
                    return rest.iter().fold(Complex::new(-0.0, -0.0), |sum, x| sum.add(*x));
                };
                let mut r = *first;
                for chunk in fours {
                    for (r, x) in r.iter_mut().zip(chunk) {
                        *r = r.add(*x);
                    }
                }
                let sum = r[0].add(r[1]).add(r[2].add(r[3]));
                rest.iter().fold(sum, |sum, x| sum.add(*x))
            }
            fn scalar(sum: Complex<$t>) -> Scalar { Scalar::$complex(sum) }
        }
    )*};
}
summands! { f32 => F32, C64; f64 => F64, C128; }

/// NumPy's pairwise sum of any length, for blocks of a few thousand elements.
#[inline(always)]
fn pairwise<T: Summand>(a: &[T]) -> T::Sum {
    // The tree with its branches kept on a stack of partial sums: always inlined, so it is compiled for each instruction set.
    let zero = T::leaf(&[]);
    let mut pending: [(usize, usize, T::Sum, bool); 64] = [(0, 0, zero, false); 64];
    let mut depth = 0;
    let (mut start, mut n) = (0, a.len());
    loop {
        while n > T::TREE.leaf() {
            let left = T::TREE.split(n);
            pending[depth] = (start + left, n - left, zero, false);
            depth += 1;
            n = left;
        }
        let mut value = T::leaf(&a[start..start + n]);
        loop {
            if depth == 0 {
                return value;
            }
            let (right, len, sum, has_left) = pending[depth - 1];
            if has_left {
                value = T::plus(sum, value);
                depth -= 1;
            } else {
                pending[depth - 1] = (right, len, value, true);
                (start, n) = (right, len);
                break;
            }
        }
    }
}

struct Sum<T>(PhantomData<T>);
impl<T: Summand> Fold for Sum<T> {
    #[inline(always)]
    unsafe fn fold(src: *const u8, n: usize) -> Scalar {
        // SAFETY: the caller's.
        T::scalar(pairwise::<T>(unsafe { std::slice::from_raw_parts(src.cast(), n) }))
    }
}

/// Greatest (least) of a block, and of two results.
trait Extreme: Copy {
    fn of<const MAX: bool>(a: &[Self]) -> Self;
    fn pair<const MAX: bool>(a: Self, b: Self) -> Self;
}

struct Best<T, const MAX: bool>(PhantomData<T>);
impl<T: Extreme + Into<Scalar>, const MAX: bool> Fold for Best<T, MAX> {
    #[inline(always)]
    unsafe fn fold(src: *const u8, n: usize) -> Scalar {
        // SAFETY: the caller's.
        T::of::<MAX>(unsafe { std::slice::from_raw_parts(src.cast(), n) }).into()
    }
}

macro_rules! float_extremes {
    ($($t:ty, $key:ty;)*) => {$(
        impl Extreme for $t {
            #[inline(always)]
            fn of<const MAX: bool>(a: &[$t]) -> $t {
                // The order of floats as integers: -inf … -0, +0 … inf. NaN lies outside. Its own inverse.
                let flip = |bits: $key| bits ^ ((bits >> (<$key>::BITS - 1)) & <$key>::MAX);
                let key = |x: $t| flip(x.to_bits() as $key);
                let (mut best, mut nan) = (key(a[0]), 0);
                for &x in a {
                    let k = key(x);
                    best = if MAX { best.max(k) } else { best.min(k) };
                    nan |= <$key>::from(x.is_nan());
                }
                if nan != 0 { <$t>::NAN } else { <$t>::from_bits(flip(best) as _) }
            }
            #[inline(always)]
            fn pair<const MAX: bool>(a: $t, b: $t) -> $t { Self::of::<MAX>(&[a, b]) }
        }
    )*};
}
float_extremes! { f32, i32; f64, i64; }

macro_rules! complex_extremes {
    ($($t:ty)*) => {$(
        /// The first of equals, and the first with a NaN part: so the leftmost, however the tree is cut.
        impl Extreme for Complex<$t> {
            fn of<const MAX: bool>(a: &[Self]) -> Self { a.iter().fold(a[0], |m, x| Self::pair::<MAX>(m, *x)) }
            fn pair<const MAX: bool>(a: Self, b: Self) -> Self { complex::extreme::<$t, MAX>(a, b) }
        }
    )*};
}
complex_extremes! { f32 f64 }

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Extreme for $t {
            #[inline(always)]
            fn of<const MAX: bool>(a: &[$t]) -> $t { a.iter().fold(a[0], |m, x| Self::pair::<MAX>(m, *x)) }
            #[inline(always)]
            fn pair<const MAX: bool>(a: $t, b: $t) -> $t { if MAX { a.max(b) } else { a.min(b) } }
        }
    )*};
}
integers! { bool i8 i16 i32 i64 u8 u16 u32 u64 }

macro_rules! integer_sums {
    ($($name:ident $t:ty => $variant:ident;)*) => {$(
        struct $name;
        impl Fold for $name {
            #[inline(always)]
            unsafe fn fold(src: *const u8, n: usize) -> Scalar {
                // SAFETY: the caller's.
                let a: &[$t] = unsafe { std::slice::from_raw_parts(src.cast(), n) };
                Scalar::$variant(a.iter().fold(0, |s: $t, &x| s.wrapping_add(x)))
            }
        }
    )*};
}
integer_sums! { SumI64 i64 => I64; SumU64 u64 => U64; }

/// The kernel that reduces blocks of `dtype`, which is a type that [`ReduceOp::result`] gives.
pub(crate) fn kernel(op: ReduceOp, dtype: DType, isa: Isa) -> ReduceKernel {
    macro_rules! extremes {
        ($($variant:ident $t:ty),*) => {
            match (op, dtype) {
                $(
                    (ReduceOp::Max, DType::$variant) => pick::<Best<$t, true>>(isa),
                    (ReduceOp::Min, DType::$variant) => pick::<Best<$t, false>>(isa),
                )*
                (ReduceOp::Max, DType::I32) => pick::<BestI32<true>>(isa),
                (ReduceOp::Min, DType::I32) => pick::<BestI32<false>>(isa),
                (_, DType::F32) => pick::<Sum<f32>>(isa),
                (_, DType::F64) => pick::<Sum<f64>>(isa),
                (_, DType::C64) => pick::<Sum<Complex<f32>>>(isa),
                (_, DType::C128) => pick::<Sum<Complex<f64>>>(isa),
                (_, DType::U64) => pick::<SumU64>(isa),
                _ => pick::<SumI64>(isa),
            }
        };
    }
    extremes! {
        Bool bool, I8 i8, I16 i16, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64, C64 Complex<f32>,
        C128 Complex<f64>
    }
}

/// Apart from [`Best`]: a plain `i32` is an `int64` as a scalar.
struct BestI32<const MAX: bool>;
impl<const MAX: bool> Fold for BestI32<MAX> {
    #[inline(always)]
    unsafe fn fold(src: *const u8, n: usize) -> Scalar {
        // SAFETY: the caller's.
        Scalar::I32(i32::of::<MAX>(unsafe { std::slice::from_raw_parts(src.cast(), n) }))
    }
}

/// Two results of the tree as one; `left` stands before `right`.
pub(crate) fn combine(op: ReduceOp, left: Scalar, right: Scalar) -> Scalar {
    macro_rules! extremes {
        ($($variant:ident),*) => {
            match (op, left, right) {
                $(
                    (ReduceOp::Max, Scalar::$variant(a), Scalar::$variant(b)) => Scalar::$variant(Extreme::pair::<true>(a, b)),
                    (ReduceOp::Min, Scalar::$variant(a), Scalar::$variant(b)) => Scalar::$variant(Extreme::pair::<false>(a, b)),
                )*
                (_, Scalar::F32(a), Scalar::F32(b)) => Scalar::F32(a + b),
                (_, Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(a + b),
                (_, Scalar::C64(a), Scalar::C64(b)) => Scalar::C64(a.add(b)),
                (_, Scalar::C128(a), Scalar::C128(b)) => Scalar::C128(a.add(b)),
                (_, Scalar::I64(a), Scalar::I64(b)) => Scalar::I64(a.wrapping_add(b)),
                (_, Scalar::U64(a), Scalar::U64(b)) => Scalar::U64(a.wrapping_add(b)),
                _ => unreachable!("partial results of one reduction have one type"),
            }
        };
    }
    extremes! { Bool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree written as NumPy's source reads: by recursion.
    fn recursive<T: Summand>(a: &[T]) -> T::Sum {
        if a.len() <= T::TREE.leaf() {
            return T::leaf(a);
        }
        let n = T::TREE.split(a.len());
        T::plus(recursive(&a[..n]), recursive(&a[n..]))
    }

    #[test]
    fn the_stack_walks_the_same_tree_as_recursion() {
        let a: Vec<f64> = (0..5000).map(|i| (i as f64 * 0.7).sin() * 1e3).collect();
        for n in (0..600).chain([1000, 1023, 1024, 1025, 2048, 4999, 5000]) {
            assert_eq!(pairwise(&a[..n]).to_bits(), recursive(&a[..n]).to_bits(), "{n}");
            let z: Vec<_> = a[..n].iter().map(|x| Complex::new(*x, -x * x)).collect();
            assert_eq!(pairwise(&z), recursive(&z), "{n}");
        }
    }

    #[test]
    fn extremes_do_not_depend_on_order() {
        let max = |a: &[f64]| f64::of::<true>(a);
        assert!(max(&[-0.0, 0.0]).is_sign_positive() && max(&[0.0, -0.0]).is_sign_positive());
        assert!(max(&[-0.0, -1.0]).is_sign_negative());
        assert!(max(&[1.0, f64::NAN, 2.0]).is_nan());
        assert_eq!(max(&[f64::NEG_INFINITY, -1e300]), -1e300);
    }
}
