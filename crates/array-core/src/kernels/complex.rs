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
    /// Cut towards zero; saturates, NaN gives 0.
    fn to_small(self) -> i32;
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
            #[inline(always)] fn to_small(self) -> i32 { self as i32 }
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

impl Op1<Complex<f64>> for arith::Sqrt {
    type Out = Complex<f64>;
    #[inline(always)]
    fn call(a: Complex<f64>) -> Complex<f64> {
        sqrt(a)
    }
}
/// In double precision, rounded once more.
impl Op1<Complex<f32>> for arith::Sqrt {
    type Out = Complex<f32>;
    #[inline(always)]
    fn call(a: Complex<f32>) -> Complex<f32> {
        let root = sqrt(Complex::new(a.re.into(), a.im.into()));
        Complex::new(root.re as f32, root.im as f32)
    }
}

/// The root in the right half-plane, with C99's special values and its sign of the imaginary part.
fn sqrt(z: Complex<f64>) -> Complex<f64> {
    let (a, b) = (z.re, z.im);
    if a == 0.0 && b == 0.0 {
        return Complex::new(0.0, b);
    }
    if b.is_infinite() {
        return Complex::new(f64::INFINITY, b);
    }
    if a.is_nan() {
        return Complex::new(a, f64::NAN);
    }
    if a.is_infinite() {
        let zero = if b.is_nan() { b } else { 0.0 };
        return if a < 0.0 {
            Complex::new(zero, a.abs().copysign(b))
        } else {
            Complex::new(a, zero.copysign(b))
        };
    }
    if b.is_nan() {
        return Complex::new(b, b);
    }
    // Scaled by a power of four so that neither the sum overflows nor the halves underflow.
    let big = a.abs().max(b.abs());
    let (up, down) = if big >= 1e307 {
        (0.25, 2.0)
    } else if big < 1e-290 {
        (2f64.powi(108), 2f64.powi(-54))
    } else {
        (1.0, 1.0)
    };
    let (a, b) = (a * up, b * up);
    let root = if a >= 0.0 {
        let t = ((a + libm::hypot(a, b)) * 0.5).sqrt();
        Complex::new(t, b / (2.0 * t))
    } else {
        let t = ((-a + libm::hypot(a, b)) * 0.5).sqrt();
        Complex::new(b.abs() / (2.0 * t), t.copysign(b))
    };
    Complex::new(root.re * down, root.im * down)
}

/// `exp(b * log(a))`, `a` not zero.
pub(super) fn exp_log(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> {
    let log = Complex::new(libm::log(libm::hypot(a.re, a.im)), libm::atan2(a.im, a.re));
    let power = mul(b, log);
    let size = libm::exp(power.re);
    if power.im == 0.0 {
        return Complex::new(size, power.im);
    }
    // C99: nothing and infinity have a size without a direction.
    if !power.im.is_finite() {
        return match size {
            0.0 => Complex::new(0.0, 0.0),
            f64::INFINITY => Complex::new(size, f64::NAN),
            _ => Complex::new(f64::NAN, f64::NAN),
        };
    }
    Complex::new(size * libm::cos(power.im), size * libm::sin(power.im))
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
    fn roots_square_to_their_argument() {
        for (re, im) in [(3.0, 4.0), (-3.0, 4.0), (-3.0, -4.0), (1e308, 1e308), (5e-324, 0.0), (0.0, -2.0)] {
            let root = sqrt(Complex::new(re, im));
            let square = mul(root, root);
            let near = |x: f64, y: f64| (x - y).abs() <= 1e-15 * re.hypot(im) || (x - y).abs() < 1e-320;
            assert!(root.re >= 0.0 && near(square.re, re) && near(square.im, im), "{re} {im}: {root}");
        }
        assert_eq!(sqrt(Complex::new(-4.0, -0.0)), Complex::new(0.0, -2.0));
        assert_eq!(sqrt(Complex::new(f64::NEG_INFINITY, 1.0)), Complex::new(0.0, f64::INFINITY));
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
