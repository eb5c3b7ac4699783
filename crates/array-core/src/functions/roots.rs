//! `cbrt`, `hypot`. (`sqrt` is the machine's instruction: nothing that is rounded as exactly is twice as fast. From AVX-512's estimate,
//! two of Newton's steps and a proof of the result by its residue it takes 0.6 of the time, measured.)
//!
//! **How** cbrt: x = 2^3k v with v in 1..8; v^(-1/3) from a polynomial of degree 6 and a step of third order
//! (Householder's), the root from it, and its residue in two parts. hypot: the sum of squares and its root in two parts; for f32
//! the sum in f64 and its root to 2^-40 from a table, as the instruction for f64 is what the time would go to.

use super::{
    constants::*,
    double::{Double, fast_sum, product},
    lanes::{Function1, Function2, Lanes, MAGIC},
};

/// `cbrt`.
pub(crate) struct Cbrt;
impl Function1 for Cbrt {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        if x.any_outside(f64::MIN_POSITIVE, f64::MAX) {
            return V::cold::<CbrtAll>(x);
        }
        cbrt(x.abs()).or(x.sign())
    }
}

/// For positive normal numbers.
#[inline(always)]
fn cbrt<V: Lanes>(x: V) -> V {
    const TWO52: f64 = 4_503_599_627_370_496.0;
    // The exponent field e = 3 k + j; 1023, its excess, is 3 · 341.
    let e = x.shr::<52>().or(V::splat(TWO52)) - V::splat(TWO52);
    let thirds = (e - V::splat(1.0)).fma(V::splat(1.0 / 3.0), V::splat(MAGIC));
    let k = thirds - V::splat(MAGIC);
    let j = k.fma(V::splat(-3.0), e) + V::splat(MAGIC);
    let m = x.and(V::bits((1 << 52) - 1)).or(V::splat(1.0));
    let v = m.add_bits(j.shl::<52>());
    let r = m.horner(&CBRT_Q) * j.lookup(&CBRT_T);
    // With h = 1 - v r³: v^(-1/3) = r (1 + h/3 + 2h²/9 + …).
    let h = (v * r).nfma(r * r, V::splat(1.0));
    let r = (r * h).fma(h.fma(V::splat(2.0 / 9.0), V::splat(1.0 / 3.0)), r);
    let y = v * r * r;
    // y³ - v, over 3 y² = 3 / r².
    let square = product(y, y);
    let cube = product(square.hi, y);
    let residue = (cube.hi - v) + square.lo.fma(y, cube.lo);
    let y = (residue * (r * r)).fma(V::splat(-1.0 / 3.0), y);
    y.add_bits(thirds.shl::<52>()).sub_bits(V::bits(341 << 52))
}

struct CbrtAll;
impl Function1 for CbrtAll {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        let a = x.abs();
        let small = a.lt(V::splat(f64::MIN_POSITIVE));
        // 2^1074 in, 2^358 out.
        let y = cbrt(V::select(small, a.lifted(), a));
        let y = V::select(small, y * V::splat(2f64.powi(-358)), y).or(x.sign());
        let itself = a.eq(V::splat(0.0)) | !a.le(V::splat(f64::MAX));
        V::select(itself, x, y)
    }
}

/// `hypot`.
pub(crate) struct Hypot;
impl Function2 for Hypot {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> V {
        let (x, y) = (x.abs(), y.abs());
        let s = x + y;
        if V::any(!(V::splat(1e-100).lt(s) & s.lt(V::splat(1e150)))) {
            return V::cold2::<HypotAll>(x, y);
        }
        hypot(x, y)
    }
    #[inline(always)]
    fn single<V: Lanes>(x: V, y: V) -> V {
        // Squares of f32 are exact and far from the ends of f64.
        let inf = V::splat(f64::INFINITY);
        let infinite = x.abs().eq(inf) | y.abs().eq(inf);
        V::select(infinite, inf, short_root(x.fma(x, y * y)))
    }
}

/// sqrt s to 2^-40, for 0 and 2^-400 < s < 2^400.
#[inline(always)]
fn short_root<V: Lanes>(s: V) -> V {
    // s = 2^2k m with m in 1/2..2; r = T 2^-k, and with h = 1 - s r²: s^(-1/2) = r (1 - h)^(-1/2).
    let r = s.shr::<49>().lookup(&ROOT_T).sub_bits(s.shr::<53>().shl::<52>());
    let h = (s * r).nfma(r, V::splat(1.0));
    let r = (r * h).fma(h.horner(&ROOT_Q), r);
    let y = s * r;
    y.nfma(y, s).fma(r * V::splat(0.5), y)
}

#[inline(always)]
fn hypot<V: Lanes>(x: V, y: V) -> V {
    let swap = x.lt(y);
    let (x, y) = (V::select(swap, y, x), V::select(swap, x, y));
    let (xx, yy) = (product(x, x), product(y, y));
    let s = fast_sum(xx.hi, yy.hi);
    Double { hi: s.hi, lo: s.lo + (xx.lo + yy.lo) }.sqrt().round()
}

/// x · scale; of subnormal x, 2^600 x: it matters only beside what is scaled so.
#[inline(always)]
fn scaled<V: Lanes>(x: V, scale: V) -> V {
    let small = x.lt(V::splat(f64::MIN_POSITIVE));
    V::select(small, x.lifted(), x) * V::select(small, V::splat(2f64.powi(600 - 1074)), scale)
}

struct HypotAll;
impl Function2 for HypotAll {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> V {
        let (inf, up, down) = (V::splat(f64::INFINITY), V::splat(2f64.powi(600)), V::splat(2f64.powi(-600)));
        let s = x + y;
        let (large, small) = (!s.lt(V::splat(1e150)), s.le(V::splat(1e-100)));
        let one = V::splat(1.0);
        let scale = V::select(large, down, V::select(small, up, one));
        let back = V::select(large, up, V::select(small, down, one));
        // A side below 2^-60 of the other changes nothing, but its square may be subnormal.
        let (c, d, zero) = (scaled(x, scale), scaled(y, scale), V::splat(0.0));
        let least = V::select(c.lt(d), d, c) * V::splat(2f64.powi(-60));
        let (c, d) = (V::select(c.lt(least), zero, c), V::select(d.lt(least), zero, d));
        let y0 = hypot(c, d) * back;
        let y0 = V::select(s.eq(V::splat(0.0)), s, y0);
        V::select(x.eq(inf) | y.eq(inf), inf, y0)
    }
}
