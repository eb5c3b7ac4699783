//! `asin`, `acos`, `atan`, `atan2`.
//!
//! **How** asin is a polynomial up to 1/2, and pi/2 - 2 asin sqrt((1 - x) / 2) above, the root in two parts (as in fdlibm's
//! e_asin.c; acos likewise). atan takes c, the middle of x's half binade, and atan x = atan c + atan((x - c) / (1 + x c)), the
//! quotient in two parts; below 1/16 c is 0, above 16 infinity. atan2 does the same with numerator and denominator.

use super::{
    constants::*,
    double::{Double, fast_sum, product, sum},
    guard::Guarded,
    lanes::{Function2, Lanes},
};

/// asin t = t + t_lo + (t + t_lo)·…: t, the small rest, and whether t stands for sqrt((1 - |x|) / 2).
#[inline(always)]
fn arcsine<V: Lanes>(x: V) -> (V, V, V::Mask) {
    let half = V::splat(0.5);
    let a = x.abs();
    let large = half.lt(a);
    let reflected = a.nfma(half, half);
    let z = V::select(large, reflected, a * a);
    let root = reflected.sqrt();
    // The root of 0 has no low part, and dividing by this little more changes no other.
    let root_lo = root.nfma(root, reflected) / (root + root + V::splat(1e-300));
    let t = V::select(large, root, a);
    let t_lo = V::select(large, root_lo, V::splat(0.0));
    (t, (t * z).fma(z.horner(&ASIN_Q), t_lo), large)
}

/// `asin`.
pub(crate) struct Asin;
impl Guarded for Asin {
    const MOST: f64 = f64::INFINITY;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        let (t, rest, large) = arcsine(x);
        let far = fast_sum(V::splat(HALF_PI_1), -(t + t));
        let far = far.hi + (far.lo + rest.fma(V::splat(-2.0), V::splat(HALF_PI_2)));
        V::select(large, far, t + rest).or(x.sign())
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

/// `acos`: base ± t, with base pi/2, 0 or pi.
pub(crate) struct Acos;
impl Guarded for Acos {
    const MOST: f64 = f64::INFINITY;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        let (t, rest, large) = arcsine(x);
        let zero = V::splat(0.0);
        let negative = x.lt(zero);
        let base = V::select(negative, V::splat(PI_1), zero);
        let base = V::select(large, base, V::splat(HALF_PI_1));
        let base_lo = V::select(negative, V::splat(PI_2), zero);
        let base_lo = V::select(large, base_lo, V::splat(HALF_PI_2));
        // Far: +2t, or -2t from pi. Near: -asin x.
        let factor = V::select(large, V::splat(2.0), V::splat(-1.0)).xor(x.sign());
        let y = fast_sum(base, t * factor);
        y.hi + (y.lo + rest.fma(factor, base_lo))
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        Self::fast(x)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(_: V) -> V {
        V::splat(HALF_PI_1)
    }
}

/// Where a ratio lies.
#[derive(Clone, Copy)]
struct Bucket<V: Lanes> {
    /// Below 1/16: c = 0.
    low: V::Mask,
    /// From 16 on: c is infinity.
    high: V::Mask,
    /// Its lowest bits name the half binade between.
    bits: V,
}

#[inline(always)]
fn bucket<V: Lanes>(q: V) -> Bucket<V> {
    let bits = q.sub_bits(V::splat(0.0625)).shr::<51>();
    Bucket { low: q.lt(V::splat(0.0625)), high: V::splat(16.0).le(q), bits }
}

impl<V: Lanes> Bucket<V> {
    #[inline(always)]
    fn pick(self, table: &'static [f64; 16], high: f64) -> V {
        let inner = V::select(self.low, V::splat(0.0), self.bits.lookup(table));
        V::select(self.high, V::splat(high), inner)
    }

    /// atan c + atan of num / den.
    #[inline(always)]
    fn angle(self, num: Double<V>, den: Double<V>) -> Double<V> {
        let r = num.over(den);
        let s = fast_sum(self.pick(&ATAN_T_HI, HALF_PI_1), r.hi);
        let z = r.hi * r.hi;
        let rest = (r.hi * z).fma(z.horner(&ATAN_Q), r.lo);
        Double { hi: s.hi, lo: s.lo + (self.pick(&ATAN_T_LO, HALF_PI_2) + rest) }
    }
}

/// `atan`.
pub(crate) struct Atan;
impl Guarded for Atan {
    const MOST: f64 = f64::INFINITY;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        // Beyond, it is pi/2 to within 2^-60.
        let a = x.abs().min(V::splat(1_152_921_504_606_846_976.0));
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let at = bucket(a);
        let c = at.pick(&ATAN_C, 0.0);
        // a - c is exact: c is within a factor of two of a, or 0. Of the sum's rounding, too: 1 is a multiple of its last place.
        let p = product(a, c);
        let den = fast_sum(one, p.hi);
        let num = V::select(at.high, V::splat(-1.0), a - c);
        let den = Double { hi: V::select(at.high, a, den.hi), lo: den.lo + p.lo };
        at.angle(Double { hi: num, lo: zero }, den).round().or(x.sign())
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

/// `atan2(y, x)`.
pub(crate) struct Atan2;
impl Function2 for Atan2 {
    #[inline(always)]
    fn call<V: Lanes>(y: V, x: V) -> V {
        // Neither too large nor too small for the parts of products.
        let (a, b) = (y.abs(), x.abs());
        let (least, most) = (V::splat(1e-120), V::splat(1e120));
        if V::any(!(least.lt(a) & least.lt(b) & a.lt(most) & b.lt(most))) {
            return V::cold2::<Atan2All>(y, x);
        }
        in_quadrant(angle(a, b), y, x)
    }
}

/// The angle in the first quadrant.
#[inline(always)]
fn angle<V: Lanes>(y: V, x: V) -> Double<V> {
    let at = bucket(y / x);
    let c = at.pick(&ATAN_C, 0.0);
    let (cx, cy) = (product(c, x), product(c, y));
    // y and c x are within a factor of two of each other, or c is 0.
    let num = fast_sum(y - cx.hi, -cx.lo);
    let den = sum(x, cy.hi);
    let num = Double { hi: V::select(at.high, -x, num.hi), lo: num.lo };
    let den = Double { hi: V::select(at.high, y, den.hi), lo: den.lo + cy.lo };
    at.angle(num, den)
}

/// The angle in the half plane of x's sign.
#[inline(always)]
fn in_half<V: Lanes>(angle: Double<V>, x: V) -> Double<V> {
    let left = fast_sum(V::splat(PI_1), -angle.hi);
    let left_lo = left.lo + (V::splat(PI_2) - angle.lo);
    let negative = V::splat(1.0).or(x.sign()).lt(V::splat(0.0));
    Double { hi: V::select(negative, left.hi, angle.hi), lo: V::select(negative, left_lo, angle.lo) }
}

/// The angle in the quadrant of the signs.
#[inline(always)]
fn in_quadrant<V: Lanes>(angle: Double<V>, y: V, x: V) -> V {
    in_half(angle, x).round().or(y.sign())
}

struct Atan2All;
impl Function2 for Atan2All {
    #[inline(always)]
    fn call<V: Lanes>(y: V, x: V) -> V {
        let nan = !(y.eq(y) & x.eq(x));
        V::select(nan, V::splat(f64::NAN), in_quadrant(angle_all(y, x), y, x))
    }
}

/// `atan2(y, x)` to about 2^-60 of it, in two parts; of a NaN, NaN.
#[inline(always)]
pub(super) fn atan2<V: Lanes>(y: V, x: V) -> Double<V> {
    let angle = in_half(angle_all(y, x), x);
    let angle = fast_sum(angle.hi, angle.lo);
    let nan = !(y.eq(y) & x.eq(x));
    Double { hi: V::select(nan, V::splat(f64::NAN), angle.hi).xor(y.sign()), lo: angle.lo.xor(y.sign()) }
}

/// The angle in the first quadrant, of any arguments but NaN.
#[inline(always)]
fn angle_all<V: Lanes>(y0: V, x0: V) -> Double<V> {
    let (zero, one, inf) = (V::splat(0.0), V::splat(1.0), V::splat(f64::INFINITY));
    let (y, x) = (y0.abs(), x0.abs());
    // Infinities and zeros by finite stand-ins: an infinite side is 1 beside 0, or beside 1 if both are.
    let (y_inf, x_inf) = (y.eq(inf), x.eq(inf));
    let infinite = y_inf | x_inf;
    let y = V::select(infinite, V::select(y_inf, one, zero), y);
    let x = V::select(infinite, V::select(x_inf, one, zero), x);
    let x = V::select(x.eq(zero) & y.eq(zero), one, x);
    // What is below 2^-100 of the other side is 0 beside it, except that the quotient itself is then the angle.
    let (x_tiny, y_tiny) = (x.lt(y * V::splat(1e-30)), y.lt(x * V::splat(1e-30)));
    let quotient = y / x;
    let large = V::splat(1e100).lt(x) | V::splat(1e100).lt(y);
    let scale = V::select(large, V::splat(2f64.powi(-600)), V::splat(2f64.powi(600)));
    let (ys, xs) = (y * scale, x * scale);
    let usual = !(x_tiny | y_tiny);
    let (ys, xs) = (V::select(usual, ys, one), V::select(usual, xs, one));
    let ordinary = angle(ys, xs);
    let hi = V::select(x_tiny, V::splat(HALF_PI_1), V::select(y_tiny, quotient, ordinary.hi));
    let lo = V::select(x_tiny, V::splat(HALF_PI_2), V::select(y_tiny, zero, ordinary.lo));
    Double { hi, lo }
}
