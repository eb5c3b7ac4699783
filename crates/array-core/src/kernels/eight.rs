//! Sums and extremes of real floats, eight elements at a time.
//!
//! **Sums** follow the tree of [`super::reduce`] to the last bit: a leaf's eight accumulators are one [`Eight`], and the processor
//! overlaps the chains of successive leaves. What is summed may be computed on the way ([`Values`]): products, squares of
//! distances; each operation is rounded on its own, so the bits are those of a sum of stored values.

mod extreme;
mod lanes;
mod tree;
mod values;

use super::Isa;
use crate::dtype::{Element, Scalar};
use extreme::{SIDE, extreme, find, side_by_side};
use lanes::{Eight, Float};
#[cfg(target_arch = "x86_64")]
use lanes::{F32x8, F64x8, TwoF64x4};
use std::marker::PhantomData;
use tree::{LEAF, leaf, split, twins};
use values::{Ahead, Plain, Products, Reach, Spread, Squares, Values, is_vast};

/// Elements from which on stretches are worth being read side by side.
const STRETCH: usize = 512;

/// A kernel of a sum whose values are computed: addresses by number, as a [`super::Kernel`] has them; `of` as in
/// [`super::reduce::Fold`].
pub(crate) type Fused = unsafe fn(locs: *const *mut u8, ix: *const u16, n: usize, of: usize) -> Scalar;

/// What a fused sum computes of its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `x * y`.
    Products,
    /// `(x - y)²`.
    Squares,
    /// `(x - s)²`, `s` one value.
    Spread,
}

macro_rules! versions {
    ($module:ident, $f64:ty, $f32:ty $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            /// The kernels over one type of eight.
            pub(super) struct Of<E>(PhantomData<E>);

            impl<E: Eight> Of<E> where E::Item: Element {
                /// # Safety
                /// As [`leaf`], without its limit.
                $(#[target_feature(enable = $feature)])?
                unsafe fn tree<V: Values<E>>(values: V, n: usize) -> E::Item {
                    // SAFETY: the caller's: both sides have their elements.
                    unsafe {
                        if n <= LEAF {
                            return leaf::<E, V>(values, n);
                        }
                        let left = split(n);
                        if n - left <= LEAF {
                            return twins::<E, V>(values, left, n - left);
                        }
                        Self::tree(values, left) + Self::tree(values.skip(left), n - left)
                    }
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn fold(src: *const u8, n: usize, of: usize) -> Scalar {
                    // SAFETY: the caller's.
                    unsafe { Self::sum(Plain(src.cast()), n, Reach::of::<E::Item>(of)) }.to_scalar()
                }

                /// As `tree`, of values that are so far away.
                $(#[target_feature(enable = $feature)])?
                unsafe fn sum<V: Values<E>>(values: V, n: usize, reach: Reach) -> E::Item {
                    // SAFETY: the caller's.
                    unsafe {
                        match reach {
                            Reach::Near => Self::tree(values, n),
                            Reach::Far => Self::tree(Ahead::<_, false>(values), n),
                            Reach::Remote => Self::tree(Ahead::<_, true>(values), n),
                        }
                    }
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn rows(src: *const u8, n: usize, rows: usize, out: *mut u8) {
                    let (src, out) = (src.cast::<E::Item>(), out.cast::<E::Item>());
                    let reach = Reach::of::<E::Item>(n * rows);
                    for row in 0..rows {
                        // SAFETY: the caller's. The sum of negative zeros is positive.
                        unsafe { out.add(row).write(E::Item::ZERO + Self::sum(Plain(src.add(row * n)), n, reach)) };
                    }
                }

                $(#[target_feature(enable = $feature)])?
                unsafe fn sources(locs: *const *mut u8, ix: *const u16) -> (*const E::Item, *const E::Item) {
                    // SAFETY: the caller's.
                    unsafe { ((*locs.add(usize::from(*ix))).cast(), (*locs.add(usize::from(*ix.add(1)))).cast()) }
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn products(
                    locs: *const *mut u8, ix: *const u16, n: usize, of: usize,
                ) -> Scalar {
                    // SAFETY: the caller's.
                    unsafe {
                        let (x, y) = Self::sources(locs, ix);
                        Self::sum(Products(x, y), n, Reach::of_operands::<E::Item>(of)).to_scalar()
                    }
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn squares(
                    locs: *const *mut u8, ix: *const u16, n: usize, of: usize,
                ) -> Scalar {
                    // SAFETY: the caller's.
                    unsafe {
                        let (x, y) = Self::sources(locs, ix);
                        Self::sum(Squares(x, y), n, Reach::of_operands::<E::Item>(of)).to_scalar()
                    }
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn spread(
                    locs: *const *mut u8, ix: *const u16, n: usize, of: usize,
                ) -> Scalar {
                    // SAFETY: the caller's.
                    unsafe {
                        let (x, s) = Self::sources(locs, ix);
                        Self::sum(Spread(x, *s), n, Reach::of_operands::<E::Item>(of)).to_scalar()
                    }
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn extreme<const MAX: bool>(src: *const u8, n: usize, of: usize) -> Scalar {
                    let src = src.cast::<E::Item>();
                    if !is_vast::<E::Item>(of) || n < SIDE * STRETCH {
                        // SAFETY: the caller's.
                        return unsafe { extreme::<E, MAX>(src, n, Reach::of::<E::Item>(of)) }.to_scalar();
                    }
                    // Stretches side by side, what is left over, and the best of them all.
                    let stretch = n / SIDE;
                    let mut tops = [E::Item::ZERO; SIDE + 1];
                    // SAFETY: the caller's; the stretches lie within, and there is room for their extremes.
                    unsafe {
                        side_by_side::<E, MAX>(src, stretch, Reach::of::<E::Item>(of), tops.as_mut_ptr());
                        let over = n - SIDE * stretch;
                        tops[SIDE] = if over == 0 { tops[0] } else { extreme::<E, MAX>(src.add(n - over), over, Reach::Near) };
                        extreme::<E, MAX>(tops.as_ptr(), SIDE + 1, Reach::Near)
                    }
                    .to_scalar()
                }

                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn extreme_rows<const MAX: bool>(src: *const u8, n: usize, rows: usize, out: *mut u8) {
                    let (src, out) = (src.cast::<E::Item>(), out.cast::<E::Item>());
                    let reach = Reach::of::<E::Item>(n * rows);
                    let sides = if is_vast::<E::Item>(n * rows) && n >= STRETCH { rows / SIDE } else { 0 };
                    for side in (0..sides).map(|side| side * SIDE) {
                        // SAFETY: the caller's: so many rows lie there, and there is room for their results.
                        unsafe { side_by_side::<E, MAX>(src.add(side * n), n, reach, out.add(side)) };
                    }
                    for row in sides * SIDE..rows {
                        // SAFETY: the caller's.
                        unsafe { out.add(row).write(extreme::<E, MAX>(src.add(row * n), n, reach)) };
                    }
                }

                /// As [`super::super::arg::Find`].
                $(#[target_feature(enable = $feature)])?
                pub(super) unsafe fn find<const MAX: bool>(
                    src: *const u8, n: usize, best: *mut u8, fresh: bool,
                ) -> Option<usize> {
                    // SAFETY: the caller's.
                    unsafe { find::<E, MAX>(src.cast(), n, &mut *best.cast::<E::Item>(), fresh) }
                }
            }

            pub(super) type Double = Of<$f64>;
            pub(super) type Single = Of<$f32>;
        }
    };
}
versions!(baseline, [f64; 8], [f32; 8]);
#[cfg(target_arch = "x86_64")]
versions!(avx2, TwoF64x4, F32x8, "avx2,fma");
#[cfg(target_arch = "x86_64")]
versions!(avx512, F64x8, F32x8, "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl");

macro_rules! choose {
    ($isa:expr, $single:expr, $method:ident $(::<$max:literal>)?) => {
        match ($isa, $single) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, false) => avx512::Double::$method $(::<$max>)?,
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, true) => avx512::Single::$method $(::<$max>)?,
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, false) => avx2::Double::$method $(::<$max>)?,
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, true) => avx2::Single::$method $(::<$max>)?,
            (_, false) => baseline::Double::$method $(::<$max>)?,
            (_, true) => baseline::Single::$method $(::<$max>)?,
        }
    };
}

/// The sums of f64, or of f32: of a run, and of rows.
pub(super) fn sums(isa: Isa, single: bool) -> (super::reduce::Fold, super::reduce::Rows) {
    (choose!(isa, single, fold), choose!(isa, single, rows))
}

/// The extremes of f64, or of f32.
pub(super) fn extremes(isa: Isa, single: bool, max: bool) -> (super::reduce::Fold, super::reduce::Rows) {
    if max {
        (choose!(isa, single, extreme::<true>), choose!(isa, single, extreme_rows::<true>))
    } else {
        (choose!(isa, single, extreme::<false>), choose!(isa, single, extreme_rows::<false>))
    }
}

/// The search for the extreme of f64, or of f32.
pub(super) fn finds(isa: Isa, single: bool, max: bool) -> super::arg::Find {
    if max { choose!(isa, single, find::<true>) } else { choose!(isa, single, find::<false>) }
}

/// The sum of what a form computes of f64, or of f32.
pub(crate) fn fused(isa: Isa, single: bool, form: Form) -> Fused {
    match form {
        Form::Products => choose!(isa, single, products),
        Form::Squares => choose!(isa, single, squares),
        Form::Spread => choose!(isa, single, spread),
    }
}
