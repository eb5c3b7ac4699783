//! `exp`, `log`, `sin`, `cos`, `sqrt`, `pow` and absolute values of complex numbers, from the real functions.
//!
//! **Promise** special values as C99's Annex G; the same bits on every instruction set. A part is a product or sum of real functions
//! that are within 1 ulp, so it is within 3 ulp; the real part of a logarithm keeps that near |z| = 1 too, where the sum of squares
//! is taken in two parts, until it has lost all but 2^-105. Products whose factor alone would overflow are scaled.

pub(crate) mod pow;
pub(crate) mod sqrt;

use super::{
    double::{Double, fast_sum, product},
    exp::Exp,
    guard::Guard,
    hyperbolic::{Cosh, Sinh},
    inverse::Atan2,
    lanes::{Function1, Function2, Lanes},
    log::{Log, ln_double},
    roots::Hypot,
    trig::{Cos, Sin},
};

/// A function of one complex argument, for all lanes at once.
pub(crate) trait Complex1: 'static {
    /// Whether the result is real, without an imaginary part.
    const REAL: bool = false;
    fn call<V: Lanes>(re: V, im: V) -> (V, V);
}

const INF: f64 = f64::INFINITY;
/// From here on e^x is taken as e^(x - 700) e^700.
const LARGE: f64 = 705.0;
const E700: f64 = 1.014_232_054_735_004_5e304;

/// e^x times a and times b, without overflow where the products have none.
#[inline(always)]
fn exp_times<V: Lanes>(x: V, a: V, b: V) -> (V, V) {
    let large = V::splat(LARGE).lt(x);
    let e = Guard::<Exp>::call(V::select(large, x - V::splat(700.0), x));
    let (a, b) = (e * a, e * b);
    let up = V::splat(E700);
    (V::select(large, a * up, a), V::select(large, b * up, b))
}

/// `abs`.
pub(crate) struct Abs;
impl Complex1 for Abs {
    const REAL: bool = true;
    #[inline(always)]
    fn call<V: Lanes>(re: V, im: V) -> (V, V) {
        (Hypot::call(re, im), im)
    }
}

/// `exp`.
pub(crate) struct ComplexExp;
impl Complex1 for ComplexExp {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> (V, V) {
        let (zero, inf) = (V::splat(0.0), V::splat(INF));
        let (re, im) = exp_times(x, Guard::<Cos>::call(y), Guard::<Sin>::call(y));
        // Nothing and infinity have a size without a direction.
        let nowhere = !y.abs().lt(inf);
        let (nothing, infinite) = (nowhere & x.eq(-inf), nowhere & x.eq(inf));
        let re = V::select(nothing, zero, V::select(infinite, inf, re));
        let im = V::select(nothing, zero, im);
        let real = y.eq(zero);
        (V::select(real, Guard::<Exp>::call(x), re), V::select(real, y, im))
    }
}

/// `log`.
pub(crate) struct ComplexLog;
impl Complex1 for ComplexLog {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> (V, V) {
        let (a, b) = (x.abs(), y.abs());
        let swap = a.lt(b);
        let (a, b) = (V::select(swap, b, a), V::select(swap, a, b));
        // Where squares stay normal, or do not matter.
        let ordinary = V::splat(1e-100).lt(a) & a.lt(V::splat(1e100)) & b.lt(V::splat(1e100));
        let one = V::splat(1.0);
        let (c, d) = (V::select(ordinary, a, one), V::select(ordinary, b, one));
        let (cc, dd) = (product(c, c), product(d, d));
        let s = fast_sum(cc.hi, dd.hi);
        let s: Double<V> = fast_sum(s.hi, s.lo + (cc.lo + dd.lo));
        let half = V::splat(0.5);
        let near = ln_double::<V, false>(s.hi, Some(s.lo), V::splat(0.0)).round() * half;
        // Far from 1: by the absolute value, halved where it could overflow.
        let large = V::splat(1e300).lt(a);
        let scale = V::select(large, half, one);
        let far = Log::call(Hypot::call(a * scale, b * scale));
        let far = V::select(large, far + V::splat(std::f64::consts::LN_2), far);
        (V::select(ordinary, near, far), Atan2::call(y, x))
    }
}

/// cosh y times a and sinh y times b, without overflow where the products have none.
#[inline(always)]
fn hyperbolic_times<V: Lanes>(y: V, a: V, b: V) -> (V, V) {
    let t = y.abs();
    let large = V::splat(LARGE).lt(t);
    let half = V::splat(0.5);
    let (p, q) = exp_times(V::select(large, t, V::splat(0.0)), a * half, b * half);
    let q = q.xor(y.sign());
    (V::select(large, p, Guard::<Cosh>::call(y) * a), V::select(large, q, Guard::<Sinh>::call(y) * b))
}

/// `sin`: sin x cosh y + i cos x sinh y.
pub(crate) struct ComplexSin;
impl Complex1 for ComplexSin {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> (V, V) {
        let (zero, inf) = (V::splat(0.0), V::splat(INF));
        let (re, im) = hyperbolic_times(y, Guard::<Sin>::call(x), Guard::<Cos>::call(x));
        let undirected = y.abs().eq(inf) & !x.abs().lt(inf);
        (V::select(x.eq(zero), x, re), V::select(y.eq(zero) | undirected, y, im))
    }
}

/// `cos`: cos x cosh y - i sin x sinh y.
pub(crate) struct ComplexCos;
impl Complex1 for ComplexCos {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> (V, V) {
        let (zero, inf) = (V::splat(0.0), V::splat(INF));
        let (re, im) = hyperbolic_times(y, Guard::<Cos>::call(x), Guard::<Sin>::call(x));
        let undirected = y.abs().eq(inf) & !x.abs().lt(inf);
        let none = x.eq(zero) | y.eq(zero);
        let im = V::select(none, x.sign().xor(y.sign()), im);
        (V::select(undirected, inf, re), -im)
    }
}
