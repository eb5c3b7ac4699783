//! Casts between element types, as NumPy's on x86-64: integers wrap, floats are cut towards zero and then wrap.

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

/// Towards zero, then the low byte (of a 32-bit conversion: beyond `i32` and NaN give 0).
#[inline(always)]
pub(crate) fn f64_to_u8(v: f64) -> u8 {
    if v > -2_147_483_649.0 && v < 2_147_483_648.0 { v as i32 as u8 } else { 0 }
}

/// Conversion from one element type to another; `Truth` is the byte of a `bool`.
pub(crate) trait To<U> {
    fn to(self) -> U;
}

/// The byte of a `bool`: 0 or 1.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Truth(pub(crate) u8);

macro_rules! as_casts {
    ($($from:ty => $($to:ty),*;)*) => {$($(
        impl To<$to> for $from { #[inline(always)] fn to(self) -> $to { self as $to } }
    )*)*};
}
as_casts! {
    u8 => i64, u64, f64;
    i64 => u8, u64, f64;
    u64 => u8, i64, f64;
}
macro_rules! truth {
    ($($t:ty: $zero:literal),*) => {$(
        impl To<Truth> for $t { #[inline(always)] fn to(self) -> Truth { Truth(u8::from(self != $zero)) } }
        impl To<$t> for Truth { #[inline(always)] fn to(self) -> $t { self.0 as $t } }
    )*};
}
truth!(u8: 0, i64: 0, u64: 0, f64: 0.0);
impl To<u8> for f64 {
    #[inline(always)]
    fn to(self) -> u8 {
        f64_to_u8(self)
    }
}
impl To<i64> for f64 {
    #[inline(always)]
    fn to(self) -> i64 {
        f64_to_i64(self)
    }
}
impl To<u64> for f64 {
    #[inline(always)]
    fn to(self) -> u64 {
        f64_to_u64(self)
    }
}
