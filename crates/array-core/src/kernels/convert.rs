//! Casts between element types, as NumPy's on x86-64: integers wrap, floats are cut towards zero and then wrap, a complex
//! number loses its imaginary part.
//!
//! **Few kernels** of the 156 pairs of types a third have a kernel of their own, pairs that differ in the sign alone share one,
//! the others go by way of one or two types in between ([`via`]). That changes no value: what comes between holds every
//! value exactly, and a conversion that rounds is done once.

use crate::dtype::DType;
use num_complex::Complex;

/// Towards zero; what `i64` cannot hold, and NaN, give the least `i64` (x86's indefinite integer).
#[inline(always)]
pub(crate) fn f64_to_i64(v: f64) -> i64 {
    // `as` saturates: only the upper bound and NaN differ from the processor's own answer.
    if v < 9_223_372_036_854_775_808.0 { v as i64 } else { i64::MIN }
}

/// Towards zero; negative values wrap as the `i64` would, what is beyond both is 2^63 as gcc's conversion gives.
#[inline(always)]
pub(crate) fn f64_to_u64(v: f64) -> u64 {
    if v < 9_223_372_036_854_775_808.0 {
        f64_to_i64(v) as u64
    } else if v < 18_446_744_073_709_551_616.0 {
        v as u64
    } else if v.is_nan() {
        1 << 63
    } else {
        0
    }
}

/// Towards zero; what `i32` cannot hold, and NaN, give the least `i32`.
#[inline(always)]
pub(crate) fn f64_to_i32(v: f64) -> i32 {
    if v > -2_147_483_649.0 && v < 2_147_483_648.0 { v as i32 } else { i32::MIN }
}

/// Conversion from one element type to another; `Truth` is the byte of a `bool`.
pub(crate) trait To<U> {
    fn to(self) -> U;
}

/// The byte of a `bool`: 0 or 1.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Truth(pub(crate) u8);

macro_rules! conversions {
    ($($from:ty => $($to:ty),*: |$v:ident| $e:expr;)*) => {$($(
        impl To<$to> for $from { #[inline(always)] fn to(self) -> $to { let $v = self; $e as _ } }
    )*)*};
}
conversions! {
    u8 => u16, u32, u64, f32, f64: |v| v;
    i8 => u16, u32, u64: |v| v;
    u16 => u8, u32, u64: |v| v;
    i16 => u32, u64: |v| v;
    u32 => u8, u16, u64, f64: |v| v;
    i32 => u64, f32, f64: |v| v;
    u64 => u8, u16, u32, f32, f64: |v| v;
    i64 => f32, f64: |v| v;
    f32 => f64: |v| v;
    f64 => f32: |v| v;
    f64 => u8, i32: |v| f64_to_i32(v);
    f64 => i64: |v| f64_to_i64(v);
    f64 => u64: |v| f64_to_u64(v);
}

macro_rules! truth {
    ($($t:ty: $zero:expr),*) => {$(
        impl To<Truth> for $t { #[inline(always)] fn to(self) -> Truth { Truth(u8::from(self != $zero)) } }
    )*};
}
truth!(u8: 0, u16: 0, u32: 0, u64: 0, f32: 0.0, f64: 0.0, Complex<f32>: Complex::new(0.0, 0.0), Complex<f64>: Complex::new(0.0, 0.0));

macro_rules! complexes {
    ($($t:ty, $wide:ty;)*) => {$(
        impl To<Complex<$t>> for $t { #[inline(always)] fn to(self) -> Complex<$t> { Complex::new(self, 0.0) } }
        impl To<$t> for Complex<$t> { #[inline(always)] fn to(self) -> $t { self.re } }
        impl To<Complex<$wide>> for Complex<$t> {
            #[inline(always)]
            fn to(self) -> Complex<$wide> { Complex::new(self.re as $wide, self.im as $wide) }
        }
    )*};
}
complexes! { f32, f64; f64, f32; }

/// The type to cast to first where no kernel casts `from` to `to` at once.
pub(crate) fn via(from: DType, to: DType) -> DType {
    use DType::{F32, F64, I8, I16, I32, I64, U16, U32};
    match (from, to) {
        // The real part, in its own precision.
        _ if from.is_complex() => from.real(),
        // To the type of the parts first, so that there is one rounding.
        _ if to.is_complex() => {
            if to.size() == 8 {
                F32
            } else {
                F64
            }
        }
        (F32, _) => F64,
        (F64, U32) => I64,
        (F64, _) => I32,
        (I8 | I16, _) | (U16, F32) => I32,
        (U16, _) => U32,
        _ => I64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Isa, select};

    #[test]
    fn every_pair_of_types_has_a_short_way() {
        for &from in DType::ALL {
            for &to in DType::ALL.iter().filter(|to| **to != from) {
                let (mut at, mut steps) = (from, 0);
                while select::cast(Isa::Baseline, at, to).is_none() {
                    at = via(at, to);
                    steps += 1;
                    assert!(steps < 4, "{from} to {to}");
                }
            }
        }
    }
}
