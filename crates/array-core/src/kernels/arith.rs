//! The operations on single elements: what each ufunc means, for each type it has.
//!
//! **One body for two types** wrapping addition, subtraction, multiplication, equality and bit operations do not know signs,
//! so signed integers use the bodies of the unsigned integers of their size ([`Ring`]); what knows signs is in
//! [`Real`]. Complex numbers are in [`super::complex`].

use super::{convert::Truth, power};

/// An operation of one element.
pub(crate) trait Op1<T> {
    type Out;
    fn call(a: T) -> Self::Out;
}

/// An operation of two elements.
pub(crate) trait Op2<T> {
    type Out;
    fn call(a: T, b: T) -> Self::Out;
}

/// Addition and multiplication. Integers wrap.
pub(crate) trait Ring: Copy {
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn neg(self) -> Self;
}

/// Numbers on a line. Comparisons are false for NaN.
pub(crate) trait Real: Copy + PartialOrd {
    fn abs(self) -> Self;
    fn floor_div(self, other: Self) -> Self;
    fn rem(self, other: Self) -> Self;
    /// What is left of division cut towards zero: C's `%` and `fmod`.
    fn fmod(self, other: Self) -> Self;
    /// The lesser, NaN if either is; of equal ones (zeros) `other`, as NumPy and the processor take.
    fn min(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
    /// -1, 0 or 1; NaN of NaN.
    fn sign(self) -> Self;
    fn is_nan(self) -> bool;
}

macro_rules! rings {
    ($($t:ty)*) => {$(
        impl Ring for $t {
            #[inline(always)] fn add(self, other: Self) -> Self { self.wrapping_add(other) }
            #[inline(always)] fn sub(self, other: Self) -> Self { self.wrapping_sub(other) }
            #[inline(always)] fn mul(self, other: Self) -> Self { self.wrapping_mul(other) }
            #[inline(always)] fn neg(self) -> Self { self.wrapping_neg() }
        }
    )*};
}
rings! { u8 u16 u32 u64 }

macro_rules! integers {
    ($($t:ty: $abs:expr, $floor:expr, $rem:expr;)*) => {$(
        impl Real for $t {
            #[inline(always)] fn abs(self) -> Self { $abs(self) }
            #[inline(always)] fn floor_div(self, other: Self) -> Self { if other == 0 { 0 } else { $floor(self, other) } }
            #[inline(always)] fn rem(self, other: Self) -> Self { if other == 0 { 0 } else { $rem(self, other) } }
            #[inline(always)] fn fmod(self, other: Self) -> Self { if other == 0 { 0 } else { self.wrapping_rem(other) } }
            #[inline(always)] fn min(self, other: Self) -> Self { Ord::min(self, other) }
            #[inline(always)] fn max(self, other: Self) -> Self { Ord::max(self, other) }
            #[inline(always)] fn sign(self) -> Self { self.cmp(&0) as i8 as Self }
            #[inline(always)] fn is_nan(self) -> bool { false }
        }
    )*};
}

macro_rules! signed {
    ($($t:ident)*) => {
        $(
            /// Python's floor division and remainder: towards minus infinity, and with the sign of the divisor. The least
            /// integer by -1 wraps.
            mod $t {
                #[inline(always)]
                pub(super) fn floor_div(a: $t, b: $t) -> $t {
                    let q = a.wrapping_div(b);
                    if a.wrapping_rem(b) != 0 && ((a < 0) != (b < 0)) { q - 1 } else { q }
                }
                #[inline(always)]
                pub(super) fn rem(a: $t, b: $t) -> $t {
                    let r = a.wrapping_rem(b);
                    if r != 0 && ((r < 0) != (b < 0)) { r + b } else { r }
                }
            }
        )*
        integers! { $($t: $t::wrapping_abs, self::$t::floor_div, self::$t::rem;)* }
    };
}
signed! { i8 i16 i32 i64 }

macro_rules! unsigned {
    ($($t:ty)*) => { integers! { $($t: |a| a, |a: $t, b: $t| a / b, |a: $t, b: $t| a % b;)* } };
}
unsigned! { u8 u16 u32 u64 }

macro_rules! floats {
    ($($t:ident $fmod:path, $floor:path;)*) => {$(
        impl Ring for $t {
            #[inline(always)] fn add(self, other: Self) -> Self { self + other }
            #[inline(always)] fn sub(self, other: Self) -> Self { self - other }
            #[inline(always)] fn mul(self, other: Self) -> Self { self * other }
            #[inline(always)] fn neg(self) -> Self { -self }
        }
        impl Real for $t {
            #[inline(always)] fn abs(self) -> Self { <$t>::abs(self) }
            fn floor_div(self, other: Self) -> Self { floor_divmod::$t(self, other).0 }
            fn rem(self, other: Self) -> Self { floor_divmod::$t(self, other).1 }
            fn fmod(self, other: Self) -> Self { $fmod(self, other) }
            #[inline(always)] fn min(self, other: Self) -> Self { if self < other || self.is_nan() { self } else { other } }
            #[inline(always)] fn max(self, other: Self) -> Self { if self > other || self.is_nan() { self } else { other } }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 { 1.0 } else if self < 0.0 { -1.0 } else if self == 0.0 { 0.0 } else { self }
            }
            #[inline(always)] fn is_nan(self) -> bool { <$t>::is_nan(self) }
        }
    )*
        /// Floor division and remainder of floats by NumPy's (Python's) definition: the remainder has the sign of `b` and is
        /// exact.
        mod floor_divmod {$(
            pub(super) fn $t(a: $t, b: $t) -> ($t, $t) {
                let mut rem = $fmod(a, b);
                if b == 0.0 {
                    return (a / b, rem);
                }
                let mut div = (a - rem) / b;
                if rem != 0.0 {
                    if (b < 0.0) != (rem < 0.0) {
                        rem += b;
                        div -= 1.0;
                    }
                } else {
                    rem = <$t>::copysign(0.0, b);
                }
                if div == 0.0 {
                    return (<$t>::copysign(0.0, a / b), rem);
                }
                let floor = $floor(div);
                (if div - floor > 0.5 { floor + 1.0 } else { floor }, rem)
            }
        )*}
    };
}
floats! { f32 libm::fmodf, libm::floorf; f64 libm::fmod, libm::floor; }

macro_rules! op1 {
    ($($name:ident $bound:ident $method:ident;)*) => {$(
        pub(crate) struct $name;
        impl<T: $bound> Op1<T> for $name {
            type Out = T;
            #[inline(always)] fn call(a: T) -> T { a.$method() }
        }
    )*};
}
op1! { Neg Ring neg; }

/// `|a|`; of a complex number a real one, so not for all types at once.
pub(crate) struct Abs;
/// -1, 0 or 1; NaN of NaN.
pub(crate) struct Sign;
macro_rules! absolutes {
    ($($t:ty)*) => {$(
        impl Op1<$t> for Abs { type Out = $t; #[inline(always)] fn call(a: $t) -> $t { Real::abs(a) } }
    )*};
}
absolutes! { i8 i16 i32 i64 f32 f64 }
macro_rules! signs {
    ($($t:ty)*) => {$(
        impl Op1<$t> for Sign { type Out = $t; #[inline(always)] fn call(a: $t) -> $t { Real::sign(a) } }
    )*};
}
signs! { i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

/// `a * a`.
pub(crate) struct Square;
impl<T: Ring> Op1<T> for Square {
    type Out = T;
    #[inline(always)]
    fn call(a: T) -> T {
        a.mul(a)
    }
}

macro_rules! op2 {
    ($($name:ident $bound:ident $method:ident;)*) => {$(
        pub(crate) struct $name;
        impl<T: $bound> Op2<T> for $name {
            type Out = T;
            #[inline(always)] fn call(a: T, b: T) -> T { a.$method(b) }
        }
    )*};
}
op2! { Add Ring add; Sub Ring sub; Mul Ring mul; }
op2! { FloorDiv Real floor_div; Rem Real rem; Fmod Real fmod; Min Real min; Max Real max; }

/// `b - a`.
pub(crate) struct RSub;
impl<T: Ring> Op2<T> for RSub {
    type Out = T;
    #[inline(always)]
    fn call(a: T, b: T) -> T {
        b.sub(a)
    }
}

/// The lesser, and a number rather than NaN.
pub(crate) struct Fmin;
/// The greater, and a number rather than NaN.
pub(crate) struct Fmax;
macro_rules! prefer_numbers {
    ($($name:ident $op:tt;)*) => {$(
        impl<T: Real> Op2<T> for $name {
            type Out = T;
            #[inline(always)] fn call(a: T, b: T) -> T { if a $op b || b.is_nan() { a } else { b } }
        }
    )*};
}
// Of equal ones (zeros) the second, as NumPy's vectors; what its loops leave over takes the first.
prefer_numbers! { Fmin <; Fmax >; }

macro_rules! comparisons {
    ($($name:ident $bound:ident $op:tt;)*) => {$(
        pub(crate) struct $name;
        impl<T: $bound> Op2<T> for $name {
            type Out = Truth;
            #[inline(always)] fn call(a: T, b: T) -> Truth { Truth((a $op b) as u8) }
        }
    )*};
}
comparisons! { Eq PartialEq ==; Ne PartialEq !=; Lt Real <; Le Real <=; Gt Real >; Ge Real >=; }

macro_rules! bits {
    ($($name:ident $op:tt;)*) => {$(
        pub(crate) struct $name;
        bits!(@ $name $op u8 u16 u32 u64);
    )*};
    (@ $name:ident $op:tt $($t:ty)*) => {$(
        impl Op2<$t> for $name { type Out = $t; #[inline(always)] fn call(a: $t, b: $t) -> $t { a $op b } }
    )*};
}
bits! { And &; Or |; Xor ^; }

/// `a << b`; distances of the width or more, and negative ones, shift everything out.
pub(crate) struct Shl;
/// `a >> b`, copying the sign; distances of the width or more, and negative ones, leave the sign alone.
pub(crate) struct Shr;
macro_rules! shifts {
    ($($t:ty, $unsigned:ty;)*) => {$(
        impl Op2<$t> for Shl {
            type Out = $t;
            #[inline(always)]
            fn call(a: $t, b: $t) -> $t { if (b as $unsigned) < <$t>::BITS as $unsigned { a << b } else { 0 } }
        }
        impl Op2<$t> for Shr {
            type Out = $t;
            #[inline(always)]
            fn call(a: $t, b: $t) -> $t {
                let all = <$t>::BITS as $unsigned;
                // Twice, so that the sign alone is left of a signed integer and nothing of an unsigned one.
                if (b as $unsigned) < all { a >> b } else { a >> (all - 1) >> 1 }
            }
        }
    )*};
}
shifts! { i8, u8; i16, u16; i32, u32; i64, u64; u8, u8; u16, u16; u32, u32; u64, u64; }

macro_rules! each1 {
    ($($name:ident: { $($t:ty => $out:ty, |$a:ident| $e:expr;)* })*) => {$(
        pub(crate) struct $name;
        $(impl Op1<$t> for $name { type Out = $out; #[inline(always)] fn call($a: $t) -> $out { $e } })*
    )*};
}
each1! {
    Sqrt: { f64 => f64, |a| a.sqrt(); f32 => f32, |a| a.sqrt(); }
    Reciprocal: { f64 => f64, |a| 1.0 / a; f32 => f32, |a| 1.0 / a; }
    Invert: { u8 => u8, |a| !a; u16 => u16, |a| !a; u32 => u32, |a| !a; u64 => u64, |a| !a; }
    Not: { u8 => u8, |a| a ^ 1; }
    Floor: { f64 => f64, |a| a.floor(); f32 => f32, |a| a.floor(); }
    Ceil: { f64 => f64, |a| a.ceil(); f32 => f32, |a| a.ceil(); }
    Trunc: { f64 => f64, |a| a.trunc(); f32 => f32, |a| a.trunc(); }
    Rint: { f64 => f64, |a| a.round_ties_even(); f32 => f32, |a| a.round_ties_even(); }
    IsNan: { f64 => Truth, |a| Truth(a.is_nan().into()); f32 => Truth, |a| Truth(a.is_nan().into()); }
    IsInf: { f64 => Truth, |a| Truth(a.is_infinite().into()); f32 => Truth, |a| Truth(a.is_infinite().into()); }
    IsFinite: { f64 => Truth, |a| Truth(a.is_finite().into()); f32 => Truth, |a| Truth(a.is_finite().into()); }
    SignBit: { f64 => Truth, |a| Truth(a.is_sign_negative().into()); f32 => Truth, |a| Truth(a.is_sign_negative().into()); }
}

/// `a / b` of what divides.
pub(crate) struct Div;
/// `a ** b`.
pub(crate) struct Pow;
macro_rules! each2 {
    ($($name:ident $t:ty => |$a:ident, $b:ident| $e:expr;)*) => {$(
        impl Op2<$t> for $name { type Out = $t; #[inline(always)] fn call($a: $t, $b: $t) -> $t { $e } }
    )*};
}
each2! {
    Div f64 => |a, b| a / b;
    Div f32 => |a, b| a / b;
    Pow u8 => |a, b| power::integer(a, b.into());
    Pow u16 => |a, b| power::integer(a, b.into());
    Pow u32 => |a, b| power::integer(a, b.into());
    Pow u64 => |a, b| power::integer(a, b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division_is_pythons() {
        for (a, b, q, r) in
            [(7i64, 2i64, 3i64, 1i64), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (5, 0, 0, 0)]
        {
            assert_eq!((Real::floor_div(a, b), Real::rem(a, b)), (q, r), "{a} by {b}");
            assert_eq!((Real::floor_div(a as i8, b as i8), Real::rem(a as i8, b as i8)), (q as i8, r as i8));
        }
        assert_eq!(Real::floor_div(i64::MIN, -1), i64::MIN);
        assert_eq!(Real::floor_div(i8::MIN, -1), i8::MIN);
        assert_eq!(floor_divmod::f64(-7.5, 2.0), (-4.0, 0.5));
        assert_eq!(floor_divmod::f32(-7.5, 2.0), (-4.0, 0.5));
        assert_eq!(floor_divmod::f64(1.0, f64::INFINITY), (0.0, 1.0));
        assert_eq!(floor_divmod::f64(-1.0, f64::INFINITY).1, f64::INFINITY);
        assert!(floor_divmod::f64(1.0, 0.0).0.is_infinite() && floor_divmod::f64(1.0, 0.0).1.is_nan());
    }

    #[test]
    fn shifts_beyond_the_width_leave_nothing_but_the_sign() {
        let (left, right) = (<Shl as Op2<i8>>::call, <Shr as Op2<i8>>::call);
        assert_eq!(
            [left(1, 7), left(1, 8), left(1, -1), right(-128, 7), right(-5, 100), right(5, -1)],
            [-128, 0, 0, -1, -1, 0]
        );
        assert_eq!([<Shr as Op2<u8>>::call(200, 8), <Shr as Op2<u8>>::call(200, 7)], [0, 1]);
    }

    #[test]
    fn nan_wins_from_either_side() {
        assert!(Real::max(f64::NAN, 1.0).is_nan() && Real::max(1.0, f64::NAN).is_nan());
        assert!(Real::min(f64::NAN, 1.0).is_nan() && Real::min(1.0, f64::NAN).is_nan());
        assert_eq!((Fmax::call(f64::NAN, 1.0), Fmin::call(1.0, f64::NAN)), (1.0, 1.0));
    }
}
