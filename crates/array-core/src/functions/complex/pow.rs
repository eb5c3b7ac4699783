//! Powers of complex numbers.
//!
//! **How** whole real exponents below 100 by repeated squaring, as NumPy does it, here always in f64; else z^w = e^(w ln z) with
//! ln z, the product and the angle in two parts, so that neither the size of w ln z nor an angle near a multiple of pi/2 costs
//! digits. **Promise** beside 1 ulp for each of exponential, sine and cosine the error is that of w ln z, about 2^-60 of
//! |w| |ln z|; by squaring it grows with the exponent n, up to n ulp of the greater part.
//! **Special cases** are NumPy's: anything to the power 0 is 1; 0 to a power with positive real part is 0, else NaN.

use super::{E700, INF, LARGE, sqrt::squares};
use crate::functions::{
    double::{Double, fast_sum, product, sum},
    exp::exp_all,
    inverse::atan2,
    lanes::{Lanes, MAGIC},
    log::ln_double,
    trig::turned_sine,
};

/// A function of two complex arguments, for all lanes at once.
pub(crate) trait Complex2: 'static {
    fn call<V: Lanes>(a: (V, V), b: (V, V)) -> (V, V);
}

/// `pow`.
pub(crate) struct ComplexPow;
impl Complex2 for ComplexPow {
    #[inline(always)]
    fn call<V: Lanes>(a: (V, V), b: (V, V)) -> (V, V) {
        let (zero, one, nan) = (V::splat(0.0), V::splat(1.0), V::splat(f64::NAN));
        let magic = V::splat(MAGIC);
        let size = b.0.abs();
        let whole = b.1.eq(zero) & size.lt(V::splat(100.0)) & ((size + magic) - magic).eq(size);
        let mut power = (zero, zero);
        if V::any(whole) {
            power = by_squaring(a, V::select(whole, b.0, zero));
        }
        if V::any(!whole) {
            let other = exp_log(a, b);
            power = pick(whole, power, other);
        }
        let nothing = a.0.eq(zero) & a.1.eq(zero);
        let of_nothing = V::select(zero.lt(b.0), zero, nan);
        let power = pick(nothing, (of_nothing, of_nothing), power);
        pick(b.0.eq(zero) & b.1.eq(zero), (one, zero), power)
    }
}

#[inline(always)]
fn pick<V: Lanes>(mask: V::Mask, yes: (V, V), no: (V, V)) -> (V, V) {
    (V::select(mask, yes.0, no.0), V::select(mask, yes.1, no.1))
}

/// The plain four products.
#[inline(always)]
fn times<V: Lanes>(a: (V, V), b: (V, V)) -> (V, V) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// a^n for whole n, |n| < 100.
#[inline(always)]
fn by_squaring<V: Lanes>(a: (V, V), n: V) -> (V, V) {
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let size = n.abs();
    let mut bits = size + V::splat(MAGIC);
    let mut left = size;
    let (mut base, mut out) = (a, (one, zero));
    // Nothing has been multiplied yet: a product with 1 would make NaN of an infinity.
    let mut fresh = zero.le(size);
    loop {
        let odd = one.or(bits.shl::<63>()).lt(zero);
        let product = pick(fresh, base, times(out, base));
        out = pick(odd, product, out);
        fresh = fresh & !odd;
        left = left * V::splat(0.5);
        if !V::any(one.le(left)) {
            break;
        }
        bits = bits.shr::<1>();
        base = times(base, base);
    }
    pick(n.lt(zero), reciprocal(out), out)
}

/// 1 / a (Smith 1962).
#[inline(always)]
fn reciprocal<V: Lanes>(a: (V, V)) -> (V, V) {
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let flat = a.1.abs().le(a.0.abs());
    let (p, q) = (V::select(flat, a.0, a.1), V::select(flat, a.1, a.0));
    let ratio = q / p;
    let scale = one / (p + q * ratio);
    let out = pick(flat, (scale, -(ratio * scale)), (ratio * scale, -scale));
    // As NumPy's 1 / 0.
    pick(a.0.eq(zero) & a.1.eq(zero), (V::splat(INF), V::splat(f64::NAN)), out)
}

/// The logarithm of a, each part in two parts; of what is infinite, its first parts.
#[inline(always)]
fn ln<V: Lanes>(a: (V, V)) -> (Double<V>, Double<V>) {
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let (x, y) = (a.0.abs(), a.1.abs());
    let most = V::select(x.lt(y), y, x);
    let infinite = x.eq(V::splat(INF)) | y.eq(V::splat(INF));
    let usual = zero.lt(most) & !infinite;
    let (x, y) = (V::select(usual, x, one), V::select(usual, y, one));
    let (large, small) = (V::splat(2f64.powi(400)).lt(most), most.lt(V::splat(2f64.powi(-400))));
    let scale = V::select(large, V::splat(2f64.powi(-600)), V::select(small, V::splat(2f64.powi(600)), one));
    let extra = V::select(large, V::splat(1200.0), V::select(small, V::splat(-1200.0), zero));
    let s = squares(x * scale, y * scale);
    let ln = ln_double::<V, true>(s.hi, Some(s.lo), extra);
    let half = V::splat(0.5);
    let size = Double { hi: ln.hi * half, lo: ln.lo * half };
    let nan = !(a.0.eq(a.0) & a.1.eq(a.1));
    let hi = V::select(nan, V::splat(f64::NAN), size.hi);
    let hi = V::select(infinite, V::splat(INF), hi);
    let size = Double { hi, lo: V::select(infinite | nan, zero, size.lo) };
    (size, atan2(a.1, a.0))
}

/// a c - b d with its error, `a` and `b` in two parts. Where it is not finite it is in one.
#[inline(always)]
fn difference<V: Lanes>(a: Double<V>, c: V, b: Double<V>, d: V) -> Double<V> {
    let (p, q) = (product(a.hi, c), product(b.hi, d));
    let s = sum(p.hi, -q.hi);
    let lo = s.lo + (p.lo - q.lo) + (a.lo * c - b.lo * d);
    let precise = s.hi.abs().lt(V::splat(1e290)) & p.hi.abs().lt(V::splat(1e290));
    // Products of which one is below the normal range have no exact error, and need none.
    let t = fast_sum(s.hi, V::select(precise & lo.eq(lo), lo, V::splat(0.0)));
    Double { hi: V::select(precise, t.hi, s.hi), lo: V::select(precise, t.lo, V::splat(0.0)) }
}

/// e^(b ln a), `a` not zero.
#[inline(always)]
fn exp_log<V: Lanes>(a: (V, V), b: (V, V)) -> (V, V) {
    let (zero, inf, nan) = (V::splat(0.0), V::splat(INF), V::splat(f64::NAN));
    let (size, angle) = ln(a);
    let e = difference(size, b.0, angle, b.1);
    let f = difference(angle, b.0, size, -b.1);
    let large = V::splat(LARGE).lt(e.hi);
    let size = exp_all(V::select(large, e.hi - V::splat(700.0), e.hi), Some(e.lo));
    // Where there is no angle to speak of the sine is the angle; where it has no value, neither has the sine.
    let tiny = f.hi.abs().lt(V::splat(2f64.powi(-300)));
    let at = Double { hi: V::select(tiny, zero, f.hi), lo: V::select(tiny, zero, f.lo) };
    let (cos, sin) = (turned_sine(at, 8), V::select(tiny, f.hi, turned_sine(at, 0)));
    let up = V::select(large, V::splat(E700), V::splat(1.0));
    let (re, im) = (size * cos * up, size * sin * up);
    // C99: nothing and infinity have a size without a direction.
    let nowhere = !f.hi.abs().lt(inf);
    let (none, all) = (nowhere & size.eq(zero), nowhere & size.eq(inf));
    let re = V::select(none, zero, V::select(all, inf, V::select(nowhere, nan, re)));
    let im = V::select(none, zero, V::select(nowhere, nan, im));
    let real = f.hi.eq(zero);
    (V::select(real, size * up, re), V::select(real, f.hi, im))
}
