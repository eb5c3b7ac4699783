//! Complex numbers: NumPy's formulas, each operation rounded on its own.
//!
//! Multiplication is the plain four products, without C99's repair of infinities. Division scales by the greater part of the
//! divisor (Smith 1962), as NumPy's does. Order is by real, then imaginary part; a number with a NaN part is not ordered.

use super::{
    arith::{self, Op1, Op2, Ring},
    convert::Truth,
};
use num_complex::Complex;

/// A part of a complex number: `f32` or `f64`.
pub(crate) trait Part: Copy + PartialOrd + Ring {
    fn div(self, other: Self) -> Self;
    fn magnitude(self) -> Self;
    fn nan() -> Self;
    fn is_nan(self) -> bool;
    fn is_inf(self) -> bool;
    fn hypot(self, other: Self) -> Self;
    fn rint(self) -> Self;
    fn from_small(value: i32) -> Self;
}

macro_rules! parts {
    ($($t:ty, $hypot:path;)*) => {$(
        impl Part for $t {
            #[inline(always)] fn div(self, other: Self) -> Self { self / other }
            #[inline(always)] fn magnitude(self) -> Self { self.abs() }
            #[inline(always)] fn nan() -> Self { <$t>::NAN }
            #[inline(always)] fn is_nan(self) -> bool { <$t>::is_nan(self) }
            #[inline(always)] fn is_inf(self) -> bool { <$t>::is_infinite(self) }
            fn hypot(self, other: Self) -> Self { $hypot(self, other) }
            #[inline(always)] fn rint(self) -> Self { self.round_ties_even() }
            #[inline(always)] fn from_small(value: i32) -> Self { value as $t }
        }
    )*};
}
parts! { f32, libm::hypotf; f64, libm::hypot; }

#[inline(always)]
pub(crate) fn mul<T: Part>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    Complex::new(a.re.mul(b.re).sub(a.im.mul(b.im)), a.re.mul(b.im).add(a.im.mul(b.re)))
}

#[inline(always)]
pub(crate) fn div<T: Part>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    let (zero, one) = (T::from_small(0), T::from_small(1));
    let (re, im) = (b.re.magnitude(), b.im.magnitude());
    if re >= im {
        if re == zero && im == zero {
            return Complex::new(a.re.div(re), a.im.div(re));
        }
        let ratio = b.im.div(b.re);
        let scale = one.div(b.re.add(b.im.mul(ratio)));
        Complex::new(a.re.add(a.im.mul(ratio)).mul(scale), a.im.sub(a.re.mul(ratio)).mul(scale))
    } else {
        let ratio = b.re.div(b.im);
        let scale = one.div(b.im.add(b.re.mul(ratio)));
        Complex::new(a.re.mul(ratio).add(a.im).mul(scale), a.im.mul(ratio).sub(a.re).mul(scale))
    }
}

#[inline(always)]
fn reciprocal<T: Part>(a: Complex<T>) -> Complex<T> {
    let one = T::from_small(1);
    if a.im.magnitude() <= a.re.magnitude() {
        let ratio = a.im.div(a.re);
        let d = a.re.add(a.im.mul(ratio));
        Complex::new(one.div(d), ratio.neg().div(d))
    } else {
        let ratio = a.re.div(a.im);
        let d = a.re.mul(ratio).add(a.im);
        Complex::new(ratio.div(d), one.neg().div(d))
    }
}

/// The number of absolute value 1 in its direction; of zero, zero.
fn sign<T: Part>(a: Complex<T>) -> Complex<T> {
    let (zero, one) = (T::from_small(0), T::from_small(1));
    let unit = |x: T| if x > zero { one } else { one.neg() };
    match a.re.hypot(a.im) {
        size if size.is_nan() => Complex::new(T::nan(), T::nan()),
        size if size == zero => a,
        size if !size.is_inf() => Complex::new(a.re.div(size), a.im.div(size)),
        _ if a.re.is_inf() && a.im.is_inf() => Complex::new(T::nan(), T::nan()),
        _ if a.re.is_inf() => Complex::new(unit(a.re), zero),
        _ if a.im.is_inf() => Complex::new(zero, unit(a.im)),
        // Finite parts whose absolute value is not: half of them have one.
        _ => {
            let half = one.div(T::from_small(2));
            sign(Complex::new(a.re.mul(half), a.im.mul(half)))
        }
    }
}

/// Whether `a` comes before `b` (or is `b`, if `EQUAL`).
#[inline(always)]
pub(crate) fn before<T: Part, const EQUAL: bool>(a: Complex<T>, b: Complex<T>) -> bool {
    (a.re < b.re && !a.im.is_nan() && !b.im.is_nan())
        || (a.re == b.re && (a.im < b.im || EQUAL && a.im == b.im))
}

#[inline(always)]
pub(crate) fn is_nan<T: Part>(a: Complex<T>) -> bool {
    a.re.is_nan() || a.im.is_nan()
}

/// The lesser (greater, if `MAX`); the first one with a NaN part wins.
#[inline(always)]
pub(crate) fn extreme<T: Part, const MAX: bool>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    let first = if MAX { before::<T, true>(b, a) } else { before::<T, true>(a, b) };
    if first || is_nan(a) { a } else { b }
}

impl<T: Part> Ring for Complex<T> {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Complex::new(self.re.add(other.re), self.im.add(other.im))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Complex::new(self.re.sub(other.re), self.im.sub(other.im))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        mul(self, other)
    }
    #[inline(always)]
    fn neg(self) -> Self {
        Complex::new(self.re.neg(), self.im.neg())
    }
}

macro_rules! ops1 {
    ($($name:path => $out:ty, |$a:ident| $e:expr;)*) => {$(
        impl<T: Part> Op1<Complex<T>> for $name {
            type Out = $out;
            #[inline(always)]
            fn call($a: Complex<T>) -> $out { $e }
        }
    )*};
}
/// The number mirrored at the real axis.
pub(crate) struct Conjugate;
/// The real part.
pub(crate) struct RealPart;
/// The imaginary part.
pub(crate) struct ImagPart;
ops1! {
    Conjugate => Complex<T>, |a| Complex::new(a.re, a.im.neg());
    RealPart => T, |a| a.re;
    ImagPart => T, |a| a.im;
    arith::Abs => T, |a| a.re.hypot(a.im);
    arith::Reciprocal => Complex<T>, |a| reciprocal(a);
    arith::Rint => Complex<T>, |a| Complex::new(a.re.rint(), a.im.rint());
    arith::Sign => Complex<T>, |a| sign(a);
    arith::IsNan => Truth, |a| Truth(is_nan(a).into());
    arith::IsInf => Truth, |a| Truth((a.re.is_inf() || a.im.is_inf()).into());
    arith::IsFinite => Truth, |a| Truth((!is_nan(a) && !a.re.is_inf() && !a.im.is_inf()).into());
}

macro_rules! ops2 {
    ($($name:path => $out:ty, |$a:ident, $b:ident| $e:expr;)*) => {$(
        impl<T: Part> Op2<Complex<T>> for $name {
            type Out = $out;
            #[inline(always)]
            fn call($a: Complex<T>, $b: Complex<T>) -> $out { $e }
        }
    )*};
}
/// Comparisons and extremes by real, then imaginary part.
pub(crate) struct Less;
pub(crate) struct LessEqual;
pub(crate) struct Least;
pub(crate) struct Greatest;
pub(crate) struct FLeast;
pub(crate) struct FGreatest;
ops2! {
    arith::Div => Complex<T>, |a, b| div(a, b);
    Less => Truth, |a, b| Truth(before::<T, false>(a, b).into());
    LessEqual => Truth, |a, b| Truth(before::<T, true>(a, b).into());
    Least => Complex<T>, |a, b| extreme::<T, false>(a, b);
    Greatest => Complex<T>, |a, b| extreme::<T, true>(a, b);
    FLeast => Complex<T>, |a, b| if before::<T, true>(a, b) || is_nan(b) { a } else { b };
    FGreatest => Complex<T>, |a, b| if before::<T, true>(b, a) || is_nan(b) { a } else { b };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_zero_is_infinite_or_nan() {
        let q = div(Complex::new(1.0f64, 0.0), Complex::new(0.0, 0.0));
        assert!(q.re.is_infinite() && q.im.is_nan());
        assert_eq!(div(Complex::new(-3.0, 4.0), Complex::new(1.0, 2.0)), Complex::new(1.0, 2.0));
    }

    #[test]
    fn order_is_lexicographic_and_nan_has_none() {
        let z = |re, im| Complex::<f64>::new(re, im);
        assert!(
            before::<f64, false>(z(1.0, 2.0), z(1.0, 3.0)) && before::<f64, false>(z(1.0, 9.0), z(2.0, 0.0))
        );
        assert!(!before::<f64, true>(z(1.0, f64::NAN), z(2.0, 0.0)));
        assert!(is_nan(extreme::<f64, true>(z(0.0, f64::NAN), z(5.0, 0.0))));
        assert_eq!(extreme::<f64, true>(z(1.0, 2.0), z(1.0, 3.0)), z(1.0, 3.0));
    }
}
