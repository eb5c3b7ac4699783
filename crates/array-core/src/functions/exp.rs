//! `exp`, `exp2`, `expm1`.
//!
//! **How** x = n ln 2 / 16 + r with |r| <= ln 2 / 32; e^x = 2^(n div 16) · T[n mod 16] · e^r, T a table of 2^(j/16) in two parts and
//! e^r a polynomial (Tang, ACM TOMS 15 (1989), with a smaller table, so that a lookup is one permutation of two registers).
//! What is near overflow, subnormal or not a number goes the cold way, which scales in two steps.

use super::{
    constants::*,
    double::{fast_sum, sum},
    guard::Guarded,
    lanes::{Lanes, MAGIC},
};

/// x as n steps and a rest: the bits of `MAGIC + n`, and r.
pub(super) struct Steps<V> {
    pub(super) bits: V,
    pub(super) r: V,
    /// What r lost to rounding.
    pub(super) r_lo: V,
}

/// x = n ln 2 / 16 + r, for |x| < 2^20.
#[inline(always)]
pub(super) fn steps<V: Lanes>(x: V) -> Steps<V> {
    let bits = x.fma(V::splat(EXP_STEPS), V::splat(MAGIC));
    let n = bits - V::splat(MAGIC);
    // Exact: the first part has no more bits than x, and most of them cancel.
    let t = n.nfma(V::splat(LN2_16_1), x);
    let r = n.nfma(V::splat(LN2_16_2), t);
    Steps { bits, r, r_lo: n.nfma(V::splat(LN2_16_2), t - r) }
}

/// 2^(n div 16) as it is added to the bits of a number.
#[inline(always)]
pub(super) fn exponent<V: Lanes>(bits: V) -> V {
    bits.shr::<4>().shl::<52>()
}

/// e^r · 2^((n mod 16)/16), between 0.97 and 2.
#[inline(always)]
pub(super) fn mantissa<V: Lanes>(bits: V, r: V) -> V {
    let p = (r * r).fma(r.horner(&EXP_Q), r);
    let t = bits.lookup(&POW2_HI);
    t + t.fma(p, bits.lookup(&POW2_LO))
}

/// `m · 2^(n div 16)` where that may be subnormal or overflow: rounded once.
#[inline(always)]
pub(super) fn scale<V: Lanes>(m: V, bits: V) -> V {
    let sixteens = bits.sub_bits(bits.and(V::bits(15))) - V::splat(MAGIC);
    let k = sixteens * V::splat(0.0625);
    let half = k.fma(V::splat(0.5), V::splat(MAGIC)) - V::splat(MAGIC);
    m * half.pow2() * (k - half).pow2()
}

/// x within lo..=hi; NaN stays.
#[inline(always)]
pub(super) fn clamp<V: Lanes>(x: V, lo: f64, hi: f64) -> V {
    let x = V::select(x.lt(V::splat(lo)), V::splat(lo), x);
    V::select(V::splat(hi).lt(x), V::splat(hi), x)
}

/// Which lanes are below or above the arguments that have values.
struct Ends<V: Lanes> {
    below: V::Mask,
    above: V::Mask,
}

/// x, or 0 where it is not within lo..=hi: multiplying until it underflows would cost more than all the rest.
#[inline(always)]
fn ends<V: Lanes>(x: V, lo: f64, hi: f64) -> (V, Ends<V>) {
    let ends = Ends { below: x.lt(V::splat(lo)), above: V::splat(hi).lt(x) };
    (V::select(ends.below | ends.above, V::splat(0.0), x), ends)
}

impl<V: Lanes> Ends<V> {
    /// y, and at the ends 0 and infinity.
    #[inline(always)]
    fn put(self, y: V) -> V {
        V::select(self.above, V::splat(f64::INFINITY), V::select(self.below, V::splat(0.0), y))
    }
}

/// The steps of a sum: its small part goes into r, whose rounding is worth a hundredth of an ulp.
#[inline(always)]
fn steps_of_sum<V: Lanes>(x: V, x_lo: Option<V>) -> (V, V) {
    let Steps { bits, r, r_lo: _ } = steps(x);
    match x_lo {
        Some(x_lo) => (bits, r + x_lo),
        None => (bits, r),
    }
}

/// e^(x + x_lo), with every case of x that has a value in f64; |x_lo| is far below 2^-40.
#[inline(always)]
pub(super) fn exp_all<V: Lanes>(x: V, x_lo: Option<V>) -> V {
    let (x, ends) = ends(x, -745.2, 709.8);
    let (bits, r) = steps_of_sum(x, x_lo);
    ends.put(scale(mantissa(bits, r), bits))
}

/// The same where |x| <= 708.
#[inline(always)]
pub(super) fn exp_fast<V: Lanes>(x: V, x_lo: Option<V>) -> V {
    let (bits, r) = steps_of_sum(x, x_lo);
    mantissa(bits, r).add_bits(exponent(bits))
}

/// Whether some lane is not within ±bound: also if it is NaN.
#[inline(always)]
pub(super) fn beyond<V: Lanes>(x: V, bound: f64) -> bool {
    V::any(!x.abs().le(V::splat(bound)))
}

/// `exp`.
pub(crate) struct Exp;
impl Guarded for Exp {
    const MOST: f64 = 708.0;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        exp_fast(x, None)
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        exp_all(x, None)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(_: V) -> V {
        V::splat(1.0)
    }
}

/// 2^x as its steps.
#[inline(always)]
fn steps2<V: Lanes>(x: V) -> (V, V) {
    let bits = x.fma(V::splat(16.0), V::splat(MAGIC));
    let n = bits - V::splat(MAGIC);
    (bits, n.fma(V::splat(-0.0625), x) * V::splat(LN2_EXP2))
}

/// `exp2`.
pub(crate) struct Exp2;
impl Guarded for Exp2 {
    const MOST: f64 = 1021.0;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        let (bits, r) = steps2(x);
        mantissa(bits, r).add_bits(exponent(bits))
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        let (x, ends) = ends(x, -1075.0, 1024.0);
        let (bits, r) = steps2(x);
        ends.put(scale(mantissa(bits, r), bits))
    }
    #[inline(always)]
    fn tiny<V: Lanes>(_: V) -> V {
        V::splat(1.0)
    }
}

/// e^x - 1 as a sum whose second part is small, for |x| <= 708; `POSITIVE`: no x is below 0.
#[inline(always)]
pub(super) fn expm1_parts<V: Lanes, const POSITIVE: bool>(x: V) -> (V, V) {
    let Steps { bits, r, r_lo } = steps(x);
    let scale = exponent(bits);
    let t = bits.lookup(&POW2_HI).add_bits(scale);
    let t_lo = bits.lookup(&POW2_LO) * V::splat(1.0).add_bits(scale);
    let base = if POSITIVE { fast_sum(t, V::splat(-1.0)) } else { sum(t, V::splat(-1.0)) };
    // t (1 + r + …) - 1 = base + t r + t (…); t r is split, as it may be as large as the result.
    let hi = t.fma(r, base.hi);
    let lost = t.fma(r, base.hi - hi);
    let rest = (r * r).fma(r.horner(&EXPM1_Q), r_lo);
    (hi, t.fma(rest, t_lo.fma(r, t_lo + base.lo)) + lost)
}

/// `expm1`.
pub(crate) struct Expm1;
impl Guarded for Expm1 {
    const MOST: f64 = 708.0;
    #[inline(always)]
    fn fast<V: Lanes>(x: V) -> V {
        let (hi, lo) = expm1_parts::<V, false>(x.max(V::splat(-50.0)));
        hi + lo
    }
    #[inline(always)]
    fn every<V: Lanes>(x: V) -> V {
        let y = Self::fast(x.min(V::splat(708.0)));
        V::select(V::splat(708.0).lt(x), exp_all(x, None), y)
    }
    #[inline(always)]
    fn tiny<V: Lanes>(x: V) -> V {
        x
    }
}
