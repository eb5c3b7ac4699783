//! `sinh`, `cosh`, `tanh` and their inverses.
//!
//! **How** |x| = n ln 2 / 16 + r as for `exp`. With A = 2^(n/16) / 2 and B = 2^(-n/16) / 2 from its table in two parts, sinh x =
//! (A - B) cosh r + (A + B) sinh r and cosh x the same with the sums exchanged: the addition theorem, whose leading product is
//! split, so nothing cancels for small x. tanh is (e^2x - 1) / (e^2x + 1), each side in two parts. The inverses are logarithms of
//! arguments in two parts.

use super::{
    constants::*,
    double::{Double, fast_sum, product, sum},
    exp::{Steps, clamp, expm1_parts, exponent, mantissa, scale, steps},
    guard::Guarded,
    lanes::{Function1, Lanes},
    log::{Log, ln_double},
};

/// 2^(n/16) / 2 in two parts.
#[inline(always)]
fn half_power<V: Lanes>(bits: V) -> (V, V) {
    let scale = exponent(bits).sub_bits(V::bits(1 << 52));
    (bits.lookup(&POW2_HI).add_bits(scale), bits.lookup(&POW2_LO) * V::splat(1.0).add_bits(scale))
}

/// sinh |x| or, with `COSH`, cosh x, for |x| <= 708.
#[inline(always)]
fn half_sum<V: Lanes, const COSH: bool>(x: V) -> V {
    let Steps { bits, r, r_lo } = steps(x.abs());
    let ((a, a_lo), (b, b_lo)) = (half_power(bits), half_power(V::splat(0.0).sub_bits(bits)));
    let (plus, minus) = (fast_sum(a, b), fast_sum(a, -b));
    let (plus_lo, minus_lo) = (plus.lo + (a_lo + b_lo), minus.lo + (a_lo - b_lo));
    let z = r * r;
    let (sinh_r, cosh_r) = ((z * r).fma(z.horner(&SINH_Q), r_lo), z * z.horner(&COSH_Q));
    let (s, s_lo, c, c_lo) =
        if COSH { (plus.hi, plus_lo, minus.hi, minus_lo) } else { (minus.hi, minus_lo, plus.hi, plus_lo) };
    let y = c.fma(r, s);
    let lost = c.fma(r, s - y);
    y + (s.fma(cosh_r, c.fma(sinh_r, c_lo.fma(r, s_lo))) + lost)
}

/// e^|x| / 2, for what is beyond 708.
#[inline(always)]
fn half_exp<V: Lanes>(x: V) -> V {
    let Steps { bits, r, .. } = steps(clamp(x.abs(), 0.0, 711.0));
    scale(mantissa(bits, r) * V::splat(0.5), bits)
}

/// `sinh`.
pub(crate) struct Sinh;
impl Guarded for Sinh {
    const MOST: f64 = 708.0;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        half_sum::<V, false>(x).or(x.sign())
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        let near = half_sum::<V, false>(clamp(x, -708.0, 708.0));
        V::select(V::splat(708.0).lt(x.abs()), half_exp(x), near).or(x.sign())
    }
    #[inline(always)]
    fn tiny<V: Lanes>(x: V) -> V {
        x
    }
}

/// `cosh`.
pub(crate) struct Cosh;
impl Guarded for Cosh {
    const MOST: f64 = 708.0;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        half_sum::<V, true>(x)
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        let near = half_sum::<V, true>(clamp(x, -708.0, 708.0));
        V::select(V::splat(708.0).lt(x.abs()), half_exp(x), near)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(_: V) -> V {
        V::splat(1.0)
    }
}

/// `tanh`.
pub(crate) struct Tanh;
impl Guarded for Tanh {
    const MOST: f64 = f64::INFINITY;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        // From 19.1 on it rounds to 1.
        let a = x.abs().min(V::splat(20.0));
        let (hi, lo) = expm1_parts::<V, true>(a + a);
        let above = fast_sum(hi, lo);
        let below = sum(above.hi, V::splat(2.0));
        let y = above.over(Double { hi: below.hi, lo: below.lo + above.lo });
        y.round().or(x.sign())
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        Self::fast(x)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(x: V) -> V {
        x
    }
}

/// Below this the function is its argument, to within 2^-57.
const TINY: f64 = 1.0 / 268_435_456.0;
/// Above this asinh and acosh are ln 2x, to within 2^-57 of them.
const LARGE: f64 = 268_435_456.0;

/// ln of a sum in two parts, or of 2x where x is large.
#[inline(always)]
fn ln_of_sum<V: Lanes>(x: V, sum: Double<V>) -> V {
    let (zero, large) = (V::splat(0.0), V::splat(LARGE).lt(x));
    let (hi, lo) = (V::select(large, x, sum.hi), V::select(large, zero, sum.lo));
    ln_double::<V, false>(hi, Some(lo), V::select(large, V::splat(1.0), zero)).round()
}

/// `asinh`.
pub(crate) struct Asinh;
impl Guarded for Asinh {
    const LEAST: f64 = TINY;
    const MOST: f64 = 1e300;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        let a = x.abs();
        let square = product(a, a);
        let v = sum(V::splat(1.0), square.hi);
        let root = Double { hi: v.hi, lo: v.lo + square.lo }.sqrt();
        let w = fast_sum(root.hi, a);
        ln_of_sum(a, Double { hi: w.hi, lo: w.lo + root.lo }).or(x.sign())
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        let a = x.abs();
        let y =
            V::select(V::splat(1e300).lt(a), ln_twice(a).or(x.sign()), Self::fast(clamp(x, -1e300, 1e300)));
        V::select(x.eq(x), y, x)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(x: V) -> V {
        x
    }
}

/// ln 2 + ln x, beyond 2^996.
#[inline(always)]
fn ln_twice<V: Lanes>(x: V) -> V {
    // ln x = ln (x / 16) + 4 ln 2.
    let y = ln_double::<V, false>(x * V::splat(0.0625), None, V::splat(5.0)).round();
    V::select(x.eq(V::splat(f64::INFINITY)), x, y)
}

/// `acosh`.
pub(crate) struct Acosh;
impl Function1 for Acosh {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        if V::any(!(V::splat(1.0).le(x) & x.le(V::splat(1e300)))) {
            return V::cold::<AcoshAll>(x);
        }
        acosh(x)
    }
    #[inline(always)]
    fn single<V: Lanes>(x: V) -> V {
        // x² - 1 is exact, and the sum no further from it than 2^-40 of the logarithm.
        let one = V::splat(1.0);
        V::select(one.le(x), Log::call(x + x.fma(x, -one).sqrt()), V::splat(f64::NAN))
    }
}

#[inline(always)]
fn acosh<V: Lanes>(x: V) -> V {
    let square = product(x, x);
    let v = fast_sum(square.hi, V::splat(-1.0));
    let root = Double { hi: v.hi, lo: v.lo + square.lo }.sqrt();
    // sqrt divides by itself: 0 has no low part. x is not less than the root.
    let lo = V::select(v.hi.eq(V::splat(0.0)), V::splat(0.0), root.lo);
    let w = fast_sum(x, root.hi);
    ln_of_sum(x, Double { hi: w.hi, lo: w.lo + lo })
}

struct AcoshAll;
impl Function1 for AcoshAll {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        let y = V::select(V::splat(1e300).lt(x), ln_twice(x), acosh(clamp(x, 1.0, 1e300)));
        V::select(V::splat(1.0).le(x), y, V::splat(f64::NAN))
    }
}

/// `atanh`: half the logarithm of (1 + x) / (1 - x).
pub(crate) struct Atanh;
impl Guarded for Atanh {
    const LEAST: f64 = TINY;
    /// The last number below 1.
    const MOST: f64 = 1.0 - f64::EPSILON / 2.0;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        let a = x.abs();
        let one = V::splat(1.0);
        let q = fast_sum(one, a).over(fast_sum(one, -a));
        let y = ln_double::<V, false>(q.hi, Some(q.lo), V::splat(0.0)).round() * V::splat(0.5);
        y.or(x.sign())
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        let (a, one) = (x.abs(), V::splat(1.0));
        let inside = a.lt(one);
        let y = V::select(a.eq(one), V::splat(f64::INFINITY).or(x.sign()), V::splat(f64::NAN));
        V::select(inside, Self::fast(V::select(inside, x, V::splat(0.0))), y)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(x: V) -> V {
        x
    }
}
