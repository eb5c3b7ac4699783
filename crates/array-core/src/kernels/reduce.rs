//! Reductions of dense blocks: the leaves and lower branches of the reduction tree, rows at a time, and whole rows into a row.
//!
//! **Sums and products** of floats follow NumPy's pairwise tree to the last bit: below 8 elements in order, up to 128 with eight
//! accumulators folded `((0+1)+(2+3))+((4+5)+(6+7))` and the rest in order, above that split at half, rounded down to a
//! multiple of 8. Successive leaves are independent, so the processor overlaps their chains of operations. (NumPy
//! multiplies in order; the tree is ours for products, so that they too may be cut and computed in parallel.)
//! **Extremes** are independent of order: NaN wins, and of zeros the positive is the greater.

use super::{Isa, arith::Ring, complex, eight};
use crate::{
    dtype::{DType, Element, Scalar},
    expr::ReduceOp,
};
use num_complex::Complex;
use std::marker::PhantomData;

/// Reduces `n` dense elements to one. They are a piece of a pass over `of` elements, which says how far away they may be.
pub(crate) type Fold = unsafe fn(src: *const u8, n: usize, of: usize) -> Scalar;
/// Reduces `rows` rows of `n` dense elements, one after another, to an element each.
pub(crate) type Rows = unsafe fn(src: *const u8, n: usize, rows: usize, out: *mut u8);
/// Takes rows of `n` elements into the row at `acc`, one after another.
pub(crate) type Columns = unsafe fn(acc: *mut u8, rows: *const *const u8, count: usize, n: usize);

/// Takes `n` dense elements, one after another, into each of `count <= 8` accumulators; eight chains of operations at a time.
pub(crate) type Chains = unsafe fn(acc: *mut u8, rows: *const *const u8, count: usize, n: usize);

const EIGHT: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

/// The kernels of a reduction of one type on one instruction set.
///
/// All need their memory readable (or writable) for the elements named, aligned, and the outputs apart from the sources;
/// extremes need `n > 0`.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) fold: Fold,
    pub(crate) rows: Rows,
    pub(crate) columns: Columns,
    pub(crate) chains: Chains,
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

/// How elements of a type become one.
trait Reducer {
    type T: Element;
    /// The result of a block, without what NumPy starts from.
    fn block(a: &[Self::T]) -> Self::T;
    fn pair(a: Self::T, b: Self::T) -> Self::T;
    /// The result of a whole row: the block with what NumPy starts from.
    #[inline(always)]
    fn row(a: &[Self::T]) -> Self::T {
        Self::block(a)
    }
}

/// An associative operation whose blocks are folded by the tree.
trait Linked: Copy {
    /// Changes nothing, not even the sign of zero.
    const NEUTRAL_SUM: Self;
    const ZERO: Self;
    const ONE: Self;
    const TREE: Tree;
    /// Accumulators of a leaf.
    const LANES: usize;
}

macro_rules! linked {
    ($($t:ty: $neutral:expr, $zero:expr, $one:expr, $parts:literal;)*) => {$(
        impl Linked for $t {
            const NEUTRAL_SUM: Self = $neutral;
            const ZERO: Self = $zero;
            const ONE: Self = $one;
            const TREE: Tree = Tree { parts: $parts };
            const LANES: usize = 8 / $parts;
        }
    )*};
}
linked! {
    f32: -0.0, 0.0, 1.0, 1;
    f64: -0.0, 0.0, 1.0, 1;
    Complex<f32>: Complex::new(-0.0, -0.0), Complex::new(0.0, 0.0), Complex::new(1.0, 0.0), 2;
    Complex<f64>: Complex::new(-0.0, -0.0), Complex::new(0.0, 0.0), Complex::new(1.0, 0.0), 2;
}

/// A leaf of the tree. `N` is the type's number of accumulators.
#[inline(always)]
fn leaf<T: Linked, const N: usize>(a: &[T], neutral: T, op: impl Fn(T, T) -> T) -> T {
    let (lanes, rest) = a.as_chunks::<N>();
    let Some((first, lanes)) = lanes.split_first() else {
        return rest.iter().fold(neutral, |sum, x| op(sum, *x));
    };
    let mut r = *first;
    for chunk in lanes {
        for (r, x) in r.iter_mut().zip(chunk) {
            *r = op(*r, *x);
        }
    }
    let four = |i: usize| op(op(r[i], r[i + 1]), op(r[i + 2], r[i + 3]));
    let sum = if N == 8 { op(four(0), four(N - 4)) } else { four(0) };
    rest.iter().fold(sum, |sum, x| op(sum, *x))
}

/// The tree over any length, for blocks of a few thousand elements.
#[inline(always)]
fn pairwise<T: Linked>(a: &[T], neutral: T, op: impl Fn(T, T) -> T + Copy) -> T {
    let leaf = |a: &[T]| match T::LANES {
        8 => leaf::<T, 8>(a, neutral, op),
        _ => leaf::<T, 4>(a, neutral, op),
    };
    if a.len() <= T::TREE.leaf() {
        return leaf(a);
    }
    // The tree with its branches kept on a stack of partial sums: always inlined, so it is compiled for each instruction set.
    let mut pending: [(usize, usize, T, bool); 64] = [(0, 0, neutral, false); 64];
    let mut depth = 0;
    let (mut start, mut n) = (0, a.len());
    loop {
        while n > T::TREE.leaf() {
            let left = T::TREE.split(n);
            pending[depth] = (start + left, n - left, neutral, false);
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
                value = op(sum, value);
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
struct Product<T>(PhantomData<T>);
struct Best<T, const MAX: bool>(PhantomData<T>);

macro_rules! inexact {
    ($($t:ty)*) => {$(
        impl Reducer for Sum<$t> {
            type T = $t;
            #[inline(always)]
            fn block(a: &[$t]) -> $t { pairwise(a, <$t>::NEUTRAL_SUM, Ring::add) }
            #[inline(always)]
            fn pair(a: $t, b: $t) -> $t { a.add(b) }
            // The sum of negative zeros is positive.
            #[inline(always)]
            fn row(a: &[$t]) -> $t { <$t>::ZERO.add(Self::block(a)) }
        }
        impl Reducer for Product<$t> {
            type T = $t;
            #[inline(always)]
            fn block(a: &[$t]) -> $t { pairwise(a, <$t>::ONE, Ring::mul) }
            #[inline(always)]
            fn pair(a: $t, b: $t) -> $t { a.mul(b) }
        }
    )*};
}
inexact! { f32 f64 Complex<f32> Complex<f64> }

macro_rules! whole {
    ($($t:ty)*) => {$(
        impl Reducer for Sum<$t> {
            type T = $t;
            #[inline(always)]
            fn block(a: &[$t]) -> $t { a.iter().fold(0, |s, x| s.wrapping_add(*x)) }
            #[inline(always)]
            fn pair(a: $t, b: $t) -> $t { a.wrapping_add(b) }
        }
        impl Reducer for Product<$t> {
            type T = $t;
            #[inline(always)]
            fn block(a: &[$t]) -> $t { a.iter().fold(1, |s, x| s.wrapping_mul(*x)) }
            #[inline(always)]
            fn pair(a: $t, b: $t) -> $t { a.wrapping_mul(b) }
        }
    )*};
}
whole! { i64 u64 }

impl<T: Extreme, const MAX: bool> Reducer for Best<T, MAX> {
    type T = T;
    #[inline(always)]
    fn block(a: &[T]) -> T {
        T::of::<MAX>(a)
    }
    #[inline(always)]
    fn pair(a: T, b: T) -> T {
        T::pair::<MAX>(a, b)
    }
}

/// Greatest (least) of a block, and of two results.
pub(super) trait Extreme: Element {
    fn of<const MAX: bool>(a: &[Self]) -> Self;
    fn pair<const MAX: bool>(a: Self, b: Self) -> Self;
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
            fn pair<const MAX: bool>(a: $t, b: $t) -> $t {
                Self::of::<MAX>(&[a, b])
            }
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

/// # Safety
/// As [`Kernels`].
#[inline(always)]
unsafe fn fold<R: Reducer>(src: *const u8, n: usize) -> Scalar {
    // SAFETY: the caller's.
    R::block(unsafe { std::slice::from_raw_parts(src.cast(), n) }).to_scalar()
}

/// # Safety
/// As [`Kernels`].
#[inline(always)]
unsafe fn rows<R: Reducer>(src: *const u8, n: usize, rows: usize, out: *mut u8) {
    let (src, out) = (src.cast::<R::T>(), out.cast::<R::T>());
    for row in 0..rows {
        // SAFETY: the caller's.
        unsafe { out.add(row).write(R::row(std::slice::from_raw_parts(src.add(row * n), n))) };
    }
}

/// # Safety
/// As [`Kernels`].
#[inline(always)]
unsafe fn columns<R: Reducer>(acc: *mut u8, rows: *const *const u8, count: usize, n: usize) {
    // SAFETY: the caller's; rows and accumulators are apart.
    unsafe {
        let acc = std::slice::from_raw_parts_mut(acc.cast::<R::T>(), n);
        let row = |i: usize| std::slice::from_raw_parts((*rows.add(i)).cast::<R::T>(), n);
        let mut done = 0;
        // Eight rows at a time, so that the accumulators are loaded and stored once for all of them.
        while done + 8 <= count {
            let r: [&[R::T]; 8] = EIGHT.map(|i| row(done + i));
            for (j, a) in acc.iter_mut().enumerate() {
                *a = r.iter().fold(*a, |a, r| R::pair(a, r[j]));
            }
            done += 8;
        }
        for i in done..count {
            for (a, x) in acc.iter_mut().zip(row(i)) {
                *a = R::pair(*a, *x);
            }
        }
    }
}

/// One version: each chain is one operation at a time.
///
/// # Safety
/// As [`Kernels`].
unsafe fn chains<R: Reducer>(acc: *mut u8, rows: *const *const u8, count: usize, n: usize) {
    // SAFETY: the caller's; rows and accumulators are apart. A missing row is the first one again.
    unsafe {
        let acc = std::slice::from_raw_parts_mut(acc.cast::<R::T>(), count);
        let row = |i: usize| {
            std::slice::from_raw_parts((*rows.add(if i < count { i } else { 0 })).cast::<R::T>(), n)
        };
        let r: [&[R::T]; 8] = EIGHT.map(row);
        let mut a: [R::T; 8] = EIGHT.map(|i| acc[if i < count { i } else { 0 }]);
        for i in 0..n {
            for (a, r) in a.iter_mut().zip(&r) {
                *a = R::pair(*a, r[i]);
            }
        }
        acc.copy_from_slice(&a[..count]);
    }
}

macro_rules! versions {
    ($module:ident $(, $feature:literal)?) => {
        mod $module {
            use super::{Reducer, Scalar};
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn fold<R: Reducer>(src: *const u8, n: usize, _of: usize) -> Scalar {
                // SAFETY: the caller's.
                unsafe { super::fold::<R>(src, n) }
            }
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn rows<R: Reducer>(src: *const u8, n: usize, rows: usize, out: *mut u8) {
                // SAFETY: the caller's.
                unsafe { super::rows::<R>(src, n, rows, out) }
            }
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn columns<R: Reducer>(acc: *mut u8, rows: *const *const u8, count: usize, n: usize) {
                // SAFETY: the caller's.
                unsafe { super::columns::<R>(acc, rows, count, n) }
            }
        }
    };
}
versions!(baseline);
#[cfg(target_arch = "x86_64")]
versions!(avx2, "avx2");
#[cfg(target_arch = "x86_64")]
versions!(avx512, "avx2,avx512f,avx512bw,avx512dq,avx512vl");

fn pick<R: Reducer>(isa: Isa) -> Kernels {
    macro_rules! version {
        ($module:ident) => {
            Kernels {
                fold: $module::fold::<R>,
                rows: $module::rows::<R>,
                columns: $module::columns::<R>,
                chains: chains::<R>,
            }
        };
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => version!(avx2),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => version!(avx512),
        _ => version!(baseline),
    }
}

/// The kernels that reduce elements of `dtype`, which is a type that [`ReduceOp::result`] gives.
pub(crate) fn kernels(op: ReduceOp, dtype: DType, isa: Isa) -> Kernels {
    let general = general(op, dtype, isa);
    if !matches!(dtype, DType::F64 | DType::F32) {
        return general;
    }
    let single = dtype == DType::F32;
    let (fold, rows) = match op {
        ReduceOp::Sum | ReduceOp::Mean => eight::sums(isa, single),
        ReduceOp::Max | ReduceOp::Min => eight::extremes(isa, single, op == ReduceOp::Max),
        ReduceOp::Prod => return general,
    };
    Kernels { fold, rows, ..general }
}

fn general(op: ReduceOp, dtype: DType, isa: Isa) -> Kernels {
    macro_rules! table {
        ([$($variant:ident $t:ty),*] [$($sum:ident $u:ty),*]) => {
            match (op, dtype) {
                $(
                    (ReduceOp::Max, DType::$variant) => pick::<Best<$t, true>>(isa),
                    (ReduceOp::Min, DType::$variant) => pick::<Best<$t, false>>(isa),
                )*
                $(
                    (ReduceOp::Sum | ReduceOp::Mean, DType::$sum) => pick::<Sum<$u>>(isa),
                    (ReduceOp::Prod, DType::$sum) => pick::<Product<$u>>(isa),
                )*
                _ => unreachable!("{op:?} is not computed in {dtype}"),
            }
        };
    }
    table! {
        [Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64,
         C64 Complex<f32>, C128 Complex<f64>]
        [I64 i64, U64 u64, F32 f32, F64 f64, C64 Complex<f32>, C128 Complex<f64>]
    }
}

/// Two results of the tree as one; `left` stands before `right`.
pub(crate) fn combine(op: ReduceOp, left: Scalar, right: Scalar) -> Scalar {
    macro_rules! table {
        ([$($variant:ident),*] [$($sum:ident $t:ty),*]) => {
            match (op, left, right) {
                $(
                    (ReduceOp::Max, Scalar::$variant(a), Scalar::$variant(b)) => Scalar::$variant(Extreme::pair::<true>(a, b)),
                    (ReduceOp::Min, Scalar::$variant(a), Scalar::$variant(b)) => Scalar::$variant(Extreme::pair::<false>(a, b)),
                )*
                $(
                    (ReduceOp::Prod, Scalar::$sum(a), Scalar::$sum(b)) => Scalar::$sum(Product::<$t>::pair(a, b)),
                    (_, Scalar::$sum(a), Scalar::$sum(b)) => Scalar::$sum(Sum::<$t>::pair(a, b)),
                )*
                _ => unreachable!("partial results of one reduction have one type"),
            }
        };
    }
    table! {
        [Bool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128]
        [I64 i64, U64 u64, F32 f32, F64 f64, C64 Complex<f32>, C128 Complex<f64>]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree written as NumPy's source reads: by recursion.
    fn recursive<T: Linked + Ring>(a: &[T]) -> T {
        if a.len() <= T::TREE.leaf() {
            return pairwise(a, T::NEUTRAL_SUM, Ring::add);
        }
        let n = T::TREE.split(a.len());
        recursive(&a[..n]).add(recursive(&a[n..]))
    }

    #[test]
    fn the_stack_walks_the_same_tree_as_recursion() {
        let a: Vec<f64> = (0..5000).map(|i| (i as f64 * 0.7).sin() * 1e3).collect();
        for n in (0..600).chain([1000, 1023, 1024, 1025, 2048, 4999, 5000]) {
            assert_eq!(<Sum<f64>>::block(&a[..n]).to_bits(), recursive(&a[..n]).to_bits(), "{n}");
            let z: Vec<_> = a[..n].iter().map(|x| Complex::new(*x, -x * x)).collect();
            assert_eq!(<Sum<Complex<f64>>>::block(&z), recursive(&z), "{n}");
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

    #[test]
    fn columns_take_rows_in_their_order() {
        let rows: Vec<Vec<f64>> =
            (0..19).map(|r| (0..37).map(|c| (r * 41 + c) as f64 * 0.1).collect()).collect();
        let pointers: Vec<*const u8> = rows.iter().map(|r| r.as_ptr().cast()).collect();
        for isa in Isa::available() {
            let mut acc = vec![0.0; 37];
            // SAFETY: nineteen rows of 37 elements.
            unsafe {
                (kernels(ReduceOp::Sum, DType::F64, isa).columns)(
                    acc.as_mut_ptr().cast(),
                    pointers.as_ptr(),
                    19,
                    37,
                );
            }
            for (c, a) in acc.iter().enumerate() {
                assert_eq!(*a, rows.iter().fold(0.0, |s, r| s + r[c]));
            }
        }
    }
}
