//! The operations on single elements: what each ufunc means, for each type it has.

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

/// What numbers share. Integers wrap; comparisons are false for NaN.
pub(crate) trait Number: Copy + PartialOrd {
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn floor_div(self, other: Self) -> Self;
    fn rem(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
}

macro_rules! integers {
    ($($t:ty: $abs:expr, $floor:expr, $rem:expr;)*) => {$(
        impl Number for $t {
            #[inline(always)] fn add(self, other: Self) -> Self { self.wrapping_add(other) }
            #[inline(always)] fn sub(self, other: Self) -> Self { self.wrapping_sub(other) }
            #[inline(always)] fn mul(self, other: Self) -> Self { self.wrapping_mul(other) }
            #[inline(always)] fn neg(self) -> Self { self.wrapping_neg() }
            #[inline(always)] fn abs(self) -> Self { $abs(self) }
            #[inline(always)] fn floor_div(self, other: Self) -> Self { if other == 0 { 0 } else { $floor(self, other) } }
            #[inline(always)] fn rem(self, other: Self) -> Self { if other == 0 { 0 } else { $rem(self, other) } }
            #[inline(always)] fn min(self, other: Self) -> Self { Ord::min(self, other) }
            #[inline(always)] fn max(self, other: Self) -> Self { Ord::max(self, other) }
        }
    )*};
}

/// Towards minus infinity; the least integer by -1 wraps.
#[inline(always)]
fn floor_div_i64(a: i64, b: i64) -> i64 {
    let q = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && ((a < 0) != (b < 0)) { q - 1 } else { q }
}

/// With the sign of the divisor.
#[inline(always)]
fn floor_rem_i64(a: i64, b: i64) -> i64 {
    let r = a.wrapping_rem(b);
    if r != 0 && ((r < 0) != (b < 0)) { r + b } else { r }
}

integers! {
    u8: |a| a, |a: u8, b: u8| a / b, |a: u8, b: u8| a % b;
    u64: |a| a, |a: u64, b: u64| a / b, |a: u64, b: u64| a % b;
    i64: i64::wrapping_abs, floor_div_i64, floor_rem_i64;
}

impl Number for f64 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self - other
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }
    #[inline(always)]
    fn neg(self) -> Self {
        -self
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    fn floor_div(self, other: Self) -> Self {
        floor_divmod(self, other).0
    }
    fn rem(self, other: Self) -> Self {
        floor_divmod(self, other).1
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self <= other || self.is_nan() { self } else { other }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self >= other || self.is_nan() { self } else { other }
    }
}

/// Floor division and remainder of floats by NumPy's (Python's) definition: the remainder has the sign of `b` and is exact.
fn floor_divmod(a: f64, b: f64) -> (f64, f64) {
    let mut rem = libm::fmod(a, b);
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
        rem = 0f64.copysign(b);
    }
    if div == 0.0 {
        return (0f64.copysign(a / b), rem);
    }
    let floor = libm::floor(div);
    (if div - floor > 0.5 { floor + 1.0 } else { floor }, rem)
}

macro_rules! op2 {
    ($($name:ident $method:ident;)*) => {$(
        pub(crate) struct $name;
        impl<T: Number> Op2<T> for $name {
            type Out = T;
            #[inline(always)] fn call(a: T, b: T) -> T { a.$method(b) }
        }
    )*};
}
op2! { Add add; Sub sub; Mul mul; FloorDiv floor_div; Rem rem; Min min; Max max; }

/// `b - a`.
pub(crate) struct RSub;
impl<T: Number> Op2<T> for RSub {
    type Out = T;
    #[inline(always)]
    fn call(a: T, b: T) -> T {
        b.sub(a)
    }
}

macro_rules! comparisons {
    ($($name:ident $op:tt;)*) => {$(
        pub(crate) struct $name;
        impl<T: PartialOrd> Op2<T> for $name {
            type Out = Truth;
            #[inline(always)] fn call(a: T, b: T) -> Truth { Truth((a $op b) as u8) }
        }
    )*};
}
comparisons! { Eq ==; Ne !=; Lt <; Le <=; Gt >; Ge >=; }

macro_rules! bits {
    ($($name:ident $op:tt;)*) => {$(
        pub(crate) struct $name;
        bits!(@ $name $op u8 i64 u64);
    )*};
    (@ $name:ident $op:tt $($t:ty)*) => {$(
        impl Op2<$t> for $name { type Out = $t; #[inline(always)] fn call(a: $t, b: $t) -> $t { a $op b } }
    )*};
}
bits! { And &; Or |; Xor ^; }

macro_rules! op1 {
    ($($name:ident $t:ty => $out:ty, |$a:ident| $e:expr;)*) => {$(
        impl Op1<$t> for $name { type Out = $out; #[inline(always)] fn call($a: $t) -> $out { $e } }
    )*};
}
pub(crate) struct Neg;
pub(crate) struct Abs;
pub(crate) struct Sqrt;
pub(crate) struct Square;
pub(crate) struct Reciprocal;
pub(crate) struct Invert;
pub(crate) struct Not;
impl<T: Number> Op1<T> for Neg {
    type Out = T;
    #[inline(always)]
    fn call(a: T) -> T {
        a.neg()
    }
}
impl<T: Number> Op1<T> for Abs {
    type Out = T;
    #[inline(always)]
    fn call(a: T) -> T {
        a.abs()
    }
}
impl<T: Number> Op1<T> for Square {
    type Out = T;
    #[inline(always)]
    fn call(a: T) -> T {
        a.mul(a)
    }
}
op1! {
    Sqrt f64 => f64, |a| a.sqrt();
    Reciprocal f64 => f64, |a| 1.0 / a;
    Invert u8 => u8, |a| !a;
    Invert i64 => i64, |a| !a;
    Invert u64 => u64, |a| !a;
    Not u8 => u8, |a| a ^ 1;
}

pub(crate) struct Div;
impl Op2<f64> for Div {
    type Out = f64;
    #[inline(always)]
    fn call(a: f64, b: f64) -> f64 {
        a / b
    }
}
pub(crate) struct Hypot;
impl Op2<f64> for Hypot {
    type Out = f64;
    #[inline(always)]
    fn call(a: f64, b: f64) -> f64 {
        libm::hypot(a, b)
    }
}
pub(crate) struct Pow;
impl Op2<f64> for Pow {
    type Out = f64;
    #[inline(always)]
    fn call(a: f64, b: f64) -> f64 {
        power::float(a, b)
    }
}
macro_rules! integer_power {
    ($($t:ty)*) => {$(
        impl Op2<$t> for Pow { type Out = $t; #[inline(always)] fn call(a: $t, b: $t) -> $t { power::integer(a, b as u64) } }
    )*};
}
integer_power!(u8 i64 u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division_is_pythons() {
        for (a, b, q, r) in
            [(7i64, 2i64, 3i64, 1i64), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (5, 0, 0, 0)]
        {
            assert_eq!((Number::floor_div(a, b), Number::rem(a, b)), (q, r), "{a} by {b}");
        }
        assert_eq!(Number::floor_div(i64::MIN, -1), i64::MIN);
        assert_eq!(floor_divmod(-7.5, 2.0), (-4.0, 0.5));
        assert_eq!(floor_divmod(1.0, f64::INFINITY), (0.0, 1.0));
        assert_eq!(floor_divmod(-1.0, f64::INFINITY).1, f64::INFINITY);
        assert!(floor_divmod(1.0, 0.0).0.is_infinite() && floor_divmod(1.0, 0.0).1.is_nan());
    }

    #[test]
    fn nan_wins_from_either_side() {
        assert!(Number::max(f64::NAN, 1.0).is_nan() && Number::max(1.0, f64::NAN).is_nan());
        assert!(Number::min(f64::NAN, 1.0).is_nan() && Number::min(1.0, f64::NAN).is_nan());
    }
}
