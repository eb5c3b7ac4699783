//! `pow`.
//!
//! **How** x^y = e^(y ln x) with ln x and the product in two parts: ln x to 2^-68, so that the product is good to 2^-58 even where it
//! is 708. Negative bases, powers of two that leave the normal range, and every case of Annex F go the cold way.

use super::{
    double::product,
    exp::{beyond, exp_all, exp_fast},
    lanes::{Function2, Lanes},
    log::{ln, ln_double, unusual},
};

/// y ln x, in two parts; with `SHORT`, for f32, in one.
#[inline(always)]
fn exponent<V: Lanes, const SHORT: bool>(x: V, y: V, extra: V) -> (V, V) {
    if SHORT {
        return (ln(x, extra) * y, V::splat(0.0));
    }
    let ln = ln_double::<V, true>(x, None, extra);
    let e = product(ln.hi, y);
    (e.hi, ln.lo.fma(y, e.lo))
}

#[inline(always)]
fn pow<V: Lanes, const SHORT: bool>(x: V, y: V) -> V {
    let (e, e_lo) = exponent::<V, SHORT>(x, y, V::splat(0.0));
    if unusual(x) || beyond(e, 708.0) {
        return V::cold2::<PowAll<SHORT>>(x, y);
    }
    exp_fast(e, if SHORT { None } else { Some(e_lo) })
}

/// `pow`.
pub(crate) struct Pow;
impl Function2 for Pow {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> V {
        pow::<V, false>(x, y)
    }
    /// The exponent is below 104 where the result is one of f32, so that it is good to 2^-45.
    #[inline(always)]
    fn single<V: Lanes>(x: V, y: V) -> V {
        pow::<V, true>(x, y)
    }
}

struct PowAll<const SHORT: bool>;
impl<const SHORT: bool> Function2 for PowAll<SHORT> {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> V {
        let (zero, one, inf) = (V::splat(0.0), V::splat(1.0), V::splat(f64::INFINITY));
        let (a, b) = (x.abs(), y.abs());
        let small = a.lt(V::splat(f64::MIN_POSITIVE));
        let scaled = V::select(small, a.lifted(), a);
        let (e, e_lo) = exponent::<V, SHORT>(scaled, y, V::select(small, V::splat(-1074.0), zero));
        // ln 0 and ln of infinity; 1 to any power.
        let e = V::select(a.eq(zero), -inf * y, V::select(a.eq(inf), inf * y, e));
        let e = V::select(a.eq(one), zero, e);
        let within = e.abs().lt(V::splat(1000.0));
        let result = exp_all(e, if SHORT { None } else { Some(V::select(within & !a.eq(one), e_lo, zero)) });
        // Whole numbers: all from 2^52 on; odd ones: none from 2^53 on.
        let (two52, two53) = (V::splat(4_503_599_627_370_496.0), V::splat(9_007_199_254_740_992.0));
        let whole = two52.le(b) | ((b + two52) - two52).eq(b);
        let half = b * V::splat(0.5);
        let odd = whole & b.lt(two53) & !((half + two52) - two52).eq(half);
        let result = V::select(odd, result.xor(x.sign()), result);
        let nowhere = x.lt(zero) & a.lt(inf) & !whole;
        let result = V::select(nowhere | !x.eq(x) | !y.eq(y), V::splat(f64::NAN), result);
        V::select(y.eq(zero) | x.eq(one), one, result)
    }
}
