//! Powers: portable, so that they have the same bits everywhere.

use super::complex::{self, Part};
use num_complex::Complex;

/// Integers that multiply with wrap-around.
pub(crate) trait Wrapping: Copy {
    const ONE: Self;
    fn times(self, other: Self) -> Self;
}

macro_rules! wrapping {
    ($($t:ty)*) => {$(impl Wrapping for $t {
        const ONE: Self = 1;
        #[inline(always)] fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
    })*};
}
wrapping!(u8 u16 u32 u64);

/// `base ** exponent` modulo the type's range, by squaring.
#[inline(always)]
pub(crate) fn integer<T: Wrapping>(mut base: T, mut exponent: u64) -> T {
    let mut out = T::ONE;
    while exponent != 0 {
        if exponent & 1 == 1 {
            out = out.times(base);
        }
        base = base.times(base);
        exponent >>= 1;
    }
    out
}

/// `a ** b` of complex numbers as NumPy: by squaring for small whole exponents, else `exp(b * log(a))`.
pub(crate) fn complex64(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> {
    by_squaring(a, b).unwrap_or_else(|| complex::exp_log(a, b))
}

/// As [`complex64`]; what is not by squaring is computed in double precision.
pub(crate) fn complex32(a: Complex<f32>, b: Complex<f32>) -> Complex<f32> {
    by_squaring(a, b).unwrap_or_else(|| {
        let wide = |z: Complex<f32>| Complex::new(f64::from(z.re), f64::from(z.im));
        let out = complex::exp_log(wide(a), wide(b));
        Complex::new(out.re as f32, out.im as f32)
    })
}

/// The exponents that NumPy treats apart, all in the precision of the operands.
fn by_squaring<T: Part>(a: Complex<T>, b: Complex<T>) -> Option<Complex<T>> {
    let (zero, one) = (T::from_small(0), T::from_small(1));
    if b.re == zero && b.im == zero {
        return Some(Complex::new(one, zero));
    }
    if a.re == zero && a.im == zero {
        let nan = T::nan();
        return Some(if b.re > zero { Complex::new(zero, zero) } else { Complex::new(nan, nan) });
    }
    let whole = b.re.to_small();
    if b.im != zero || whole.unsigned_abs() >= 100 || T::from_small(whole) != b.re {
        return None;
    }
    let power = match whole {
        1 => a,
        2 => complex::mul(a, a),
        3 => complex::mul(a, complex::mul(a, a)),
        _ => {
            let (mut out, mut base, mut n) = (Complex::new(one, zero), a, whole.unsigned_abs());
            loop {
                if n & 1 == 1 {
                    out = complex::mul(out, base);
                }
                n >>= 1;
                if n == 0 {
                    break;
                }
                base = complex::mul(base, base);
            }
            if whole < 0 { complex::div(Complex::new(one, zero), out) } else { out }
        }
    };
    Some(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_powers_wrap() {
        assert_eq!(integer(3u64, 40) as i64, 3i64.wrapping_pow(40));
        assert_eq!(integer(3u64, 41) as i64, 3i64.wrapping_pow(41));
        assert_eq!(integer(2u64, 63) as i64, i64::MIN);
        assert_eq!(integer(2u64, 64), 0);
        assert_eq!(integer(0u8, 0), 1);
        assert_eq!(integer(-3i8 as u8, 3) as i8, -27);
    }

    #[test]
    fn complex_powers() {
        let z = Complex::new(1.0, 2.0);
        assert_eq!(complex64(z, Complex::new(2.0, 0.0)), Complex::new(-3.0, 4.0));
        assert_eq!(complex64(z, Complex::new(0.0, 0.0)), Complex::new(1.0, 0.0));
        let root = complex64(Complex::new(-4.0, 0.0), Complex::new(0.5, 0.0));
        assert!(root.re.abs() < 1e-15 && (root.im - 2.0).abs() < 1e-15);
    }
}
