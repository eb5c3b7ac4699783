//! Where the extremes are: the first position of the greatest or least element. The first NaN counts as both.

use super::{Isa, complex, eight, reduce::Extreme};
use crate::dtype::DType;
use num_complex::Complex;

/// The position of the extreme of `n` dense elements, if it beats `*best` (or if `fresh`); it is written there.
pub(crate) type Find = unsafe fn(src: *const u8, n: usize, best: *mut u8, fresh: bool) -> Option<usize>;
/// Compares `n` elements with the best of their columns; where they beat them they take their place, and `position` stands
/// in `places`.
pub(crate) type Columns = unsafe fn(src: *const u8, n: usize, best: *mut u8, places: *mut i64, position: i64);

/// The kernels of a type on an instruction set. Memory is readable or writable for the elements named, aligned, and apart.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) find: Find,
    pub(crate) columns: Columns,
}

/// Order with NaN at the top of both directions.
trait Rank: Extreme {
    /// Whether `self` is strictly better.
    fn beats<const MAX: bool>(self, other: Self) -> bool;
}

macro_rules! ranks {
    ($($t:ty),*) => {$(
        impl Rank for $t {
            #[inline(always)]
            fn beats<const MAX: bool>(self, other: Self) -> bool { if MAX { self > other } else { self < other } }
        }
    )*};
}
ranks! { bool, i8, i16, i32, i64, u8, u16, u32, u64 }

macro_rules! float_ranks {
    ($($t:ty),*) => {$(
        impl Rank for $t {
            #[inline(always)]
            fn beats<const MAX: bool>(self, other: Self) -> bool {
                let better = if MAX { self > other } else { self < other };
                better | (self.is_nan() & !other.is_nan())
            }
        }
        impl Rank for Complex<$t> {
            fn beats<const MAX: bool>(self, other: Self) -> bool {
                match (complex::is_nan(self), complex::is_nan(other)) {
                    (_, true) => false,
                    (true, false) => true,
                    _ if MAX => complex::before::<$t, false>(other, self),
                    _ => complex::before::<$t, false>(self, other),
                }
            }
        }
    )*};
}
float_ranks! { f32, f64 }

/// # Safety
/// As [`Kernels`]; `n > 0`.
#[inline(always)]
unsafe fn find<T: Rank, const MAX: bool>(
    src: *const u8,
    n: usize,
    best: *mut u8,
    fresh: bool,
) -> Option<usize> {
    // SAFETY: the caller's.
    let (a, best) = unsafe { (std::slice::from_raw_parts(src.cast::<T>(), n), &mut *best.cast::<T>()) };
    // The extreme by vectors first; the place is looked up only where it is new.
    let top = T::of::<MAX>(a);
    if !fresh && !top.beats::<MAX>(*best) {
        return None;
    }
    *best = top;
    // Not beaten by the extreme: equal to it (of zeros, either), or NaN as it is.
    a.iter().position(|x| !top.beats::<MAX>(*x))
}

/// # Safety
/// As [`Kernels`].
#[inline(always)]
unsafe fn columns<T: Rank, const MAX: bool>(
    src: *const u8,
    n: usize,
    best: *mut u8,
    places: *mut i64,
    position: i64,
) {
    // SAFETY: the caller's.
    let (a, best, places) = unsafe {
        (
            std::slice::from_raw_parts(src.cast::<T>(), n),
            std::slice::from_raw_parts_mut(best.cast::<T>(), n),
            std::slice::from_raw_parts_mut(places, n),
        )
    };
    for ((x, best), place) in a.iter().zip(best).zip(places) {
        let better = x.beats::<MAX>(*best);
        *best = if better { *x } else { *best };
        *place = if better { position } else { *place };
    }
}

macro_rules! versions {
    ($module:ident $(, $feature:literal)?) => {
        mod $module {
            use super::Rank;
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn find<T: Rank, const MAX: bool>(
                src: *const u8, n: usize, best: *mut u8, fresh: bool,
            ) -> Option<usize> {
                // SAFETY: the caller's.
                unsafe { super::find::<T, MAX>(src, n, best, fresh) }
            }
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn columns<T: Rank, const MAX: bool>(
                src: *const u8, n: usize, best: *mut u8, places: *mut i64, position: i64,
            ) {
                // SAFETY: the caller's.
                unsafe { super::columns::<T, MAX>(src, n, best, places, position) }
            }
        }
    };
}
versions!(baseline);
#[cfg(target_arch = "x86_64")]
versions!(avx2, "avx2");
#[cfg(target_arch = "x86_64")]
versions!(avx512, "avx2,avx512f,avx512bw,avx512dq,avx512vl");

fn pick<T: Rank, const MAX: bool>(isa: Isa) -> Kernels {
    macro_rules! version {
        ($module:ident) => {
            Kernels { find: $module::find::<T, MAX>, columns: $module::columns::<T, MAX> }
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

/// The kernels that find the greatest (`max`) or least elements of a type.
pub(crate) fn kernels(max: bool, dtype: DType, isa: Isa) -> Kernels {
    let general = general(max, dtype, isa);
    match dtype {
        DType::F64 | DType::F32 => Kernels { find: eight::finds(isa, dtype == DType::F32, max), ..general },
        _ => general,
    }
}

fn general(max: bool, dtype: DType, isa: Isa) -> Kernels {
    macro_rules! table {
        ($($variant:ident $t:ty),*) => {
            match dtype {
                $(DType::$variant => if max { pick::<$t, true>(isa) } else { pick::<$t, false>(isa) },)*
            }
        };
    }
    table! {
        Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64,
        C64 Complex<f32>, C128 Complex<f64>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_extreme_is_found_and_nan_is_one() {
        let first = |a: &[f64], max| {
            let mut best = 0.0f64;
            // SAFETY: a slice, not empty.
            unsafe {
                (kernels(max, DType::F64, Isa::Baseline).find)(
                    a.as_ptr().cast(),
                    a.len(),
                    (&raw mut best).cast(),
                    true,
                )
            }
        };
        assert_eq!(first(&[1.0, 3.0, 3.0, 2.0], true), Some(1));
        assert_eq!(first(&[-0.0, 0.0], true), Some(0));
        assert_eq!(first(&[0.0, -0.0, 1.0], false), Some(0));
        assert_eq!(first(&[1.0, f64::NAN, 9.0, f64::NAN], true), Some(1));
        assert_eq!(first(&[1.0, f64::NAN, -9.0], false), Some(1));
    }
}
