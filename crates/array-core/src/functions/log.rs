//! Logarithms.
//!
//! **How** x = 2^k m with m between 0.734 and 1.469; c is a short reciprocal of the middle of m's bucket, one of 16 of equal length
//! in the bit pattern; r = m c - 1 and ln x = k ln 2 - ln c + ln(1 + r), the last a polynomial. The bucket around 1 has c = 1, so
//! that nothing cancels there (Tang, ACM TOMS 16 (1990), with a smaller table). Zero, negatives, subnormals, infinities and NaN go
//! the cold way.

use super::{
    constants::*,
    double::{Double, fast_sum, product, sum},
    lanes::{Function1, Lanes},
};

const TWO52: u64 = 0x4330_0000_0000_0000;
const ONE: u64 = 0x3ff0_0000_0000_0000;

/// x = 2^k m.
struct Split<V> {
    k: V,
    m: V,
    /// Its lowest bits name the bucket.
    bucket: V,
    /// Subtracted from the bits of a number, divides it by 2^k.
    scale: V,
}

/// For positive normal x.
#[inline(always)]
fn split<V: Lanes>(x: V) -> Split<V> {
    // Counted from the first bucket: the exponent field is then k, in excess of 1023.
    let bits = x.add_bits(V::bits(ONE.wrapping_sub(LOG_FIRST)));
    let k = bits.shr::<52>().or(V::bits(TWO52)) - V::splat(4_503_599_627_370_496.0 + 1023.0);
    let scale = bits.and(V::bits(0xfff << 52)).sub_bits(V::bits(ONE));
    Split { k, m: x.sub_bits(scale), bucket: bits.shr::<48>(), scale }
}

/// Whether some lane is not a positive normal number.
#[inline(always)]
pub(super) fn unusual<V: Lanes>(x: V) -> bool {
    V::any(!(V::splat(f64::MIN_POSITIVE).le(x) & x.le(V::splat(f64::MAX))))
}

/// ln x + extra ln 2, rounded.
#[inline(always)]
pub(super) fn ln<V: Lanes>(x: V, extra: V) -> V {
    let Split { k, m, bucket, .. } = split(x);
    let k = k + extra;
    let r = m.fma(bucket.lookup(&LOG_C), V::splat(-1.0));
    // Exact: both have zeros below 2^-42.
    let whole = k.fma(V::splat(LN2_1), bucket.lookup(&LOG_T_HI));
    let lo = k.fma(V::splat(LN2_2), bucket.lookup(&LOG_T_LO));
    let s = fast_sum(whole, r);
    s.hi + (r * r).fma(r.horner(&LOG_Q), s.lo + lo)
}

/// ln(x + x_lo) + extra ln 2 to about 2^-62, relatively; with `FINE`, to 2^-68. x is positive and normal; below 2^1022 if there is
/// an `x_lo`.
#[inline(always)]
pub(super) fn ln_double<V: Lanes, const FINE: bool>(x: V, x_lo: Option<V>, extra: V) -> Double<V> {
    let Split { k, m, bucket, scale } = split(x);
    let k = k + extra;
    let c = bucket.lookup(&LOG_C);
    let p = product(m, c);
    let r_lo = match x_lo {
        // x_lo / 2^k, which may be far below it: by multiplication.
        Some(x_lo) => (x_lo * V::bits(ONE).sub_bits(scale)).fma(c, p.lo),
        None => p.lo,
    };
    let r = fast_sum(p.hi - V::splat(1.0), r_lo);
    let whole = k.fma(V::splat(LN2_1), bucket.lookup(&LOG_T_HI));
    let lo = k.fma(V::splat(LN2_2), bucket.lookup(&LOG_T_LO));
    let s = fast_sum(whole, r.hi);
    // - r²/2, exactly.
    let square = product(r.hi, r.hi * V::splat(-0.5));
    let t = fast_sum(s.hi, square.hi);
    let lows = r.lo.nfma(r.hi, square.lo + r.lo) + (lo + (s.lo + t.lo));
    let cube = r.hi * r.hi * r.hi;
    if FINE {
        // r³/3 = -(2/3) r (-r²/2) in two parts, then r⁴ and on.
        let third = product(square.hi, r.hi * V::splat(-2.0));
        let third_lo = square.lo * r.hi * V::splat(-2.0) + third.lo;
        let u = product(third.hi, V::splat(THIRD_1));
        let u_lo = third.hi.fma(V::splat(THIRD_2), third_lo.fma(V::splat(THIRD_1), u.lo));
        let v = fast_sum(t.hi, u.hi);
        let rest = (cube * r.hi).fma(r.hi.horner(&LOG_POW_Q), (r.hi * r.hi).fma(r.lo, u_lo));
        return fast_sum(v.hi, v.lo + (lows + rest));
    }
    fast_sum(t.hi, cube.fma(r.hi.horner(&LOG_DD_Q), lows))
}

/// A logarithm of positive normal x, and of a power of two to be added. A trait, as closures are not always compiled for the
/// instruction set of their caller.
trait Logarithm: 'static {
    fn usual<V: Lanes>(x: V, extra: V) -> V;
}

/// The logarithm of x in every case.
#[inline(always)]
fn every_case<V: Lanes, L: Logarithm>(x: V) -> V {
    let zero = V::splat(0.0);
    let small = x.lt(V::splat(f64::MIN_POSITIVE));
    let scaled = V::select(small, x.lifted(), x);
    let y = L::usual(scaled, V::select(small, V::splat(-1074.0), zero));
    let y = V::select(zero.lt(x), y, V::splat(f64::NAN));
    let y = V::select(x.eq(zero), V::splat(f64::NEG_INFINITY), y);
    V::select(x.eq(V::splat(f64::INFINITY)), x, y)
}

/// A logarithm by its usual way; out of line it is called in every case.
macro_rules! logarithm {
    ($(#[$doc:meta])* $name:ident, $all:ident, |$x:ident, $extra:ident| $usual:expr $(, $single:ident)?) => {
        $(#[$doc])*
        pub(crate) struct $name;
        struct $all;
        impl Logarithm for $name {
            #[inline(always)]
            fn usual<V: Lanes>($x: V, $extra: V) -> V {
                $usual
            }
        }
        impl Function1 for $name {
            #[inline(always)]
            fn call<V: Lanes>(x: V) -> V {
                if unusual(x) {
                    return V::cold::<$all>(x);
                }
                $name::usual(x, V::splat(0.0))
            }
            $(#[inline(always)]
            fn single<V: Lanes>(x: V) -> V {
                $single::call(x)
            })?
        }
        impl Function1 for $all {
            #[inline(always)]
            fn call<V: Lanes>(x: V) -> V {
                every_case::<V, $name>(x)
            }
        }
    };
}

logarithm!(
    /// `log`.
    Log, LogAll, |x, extra| ln(x, extra)
);
logarithm!(
    /// `log2`.
    Log2, Log2All, |x, extra| based(x, extra, INV_LN2_1, INV_LN2_2), ShortLog2
);
logarithm!(
    /// `log10`.
    Log10, Log10All, |x, extra| based(x, extra, INV_LN10_1, INV_LN10_2), ShortLog10
);
logarithm!(
    /// `log2` of f32.
    ShortLog2, ShortLog2All, |x, extra| ln(x, extra) * V::splat(INV_LN2_1)
);
logarithm!(
    /// `log10` of f32.
    ShortLog10, ShortLog10All, |x, extra| ln(x, extra) * V::splat(INV_LN10_1)
);

/// To the base whose 1 / ln is given in two parts.
#[inline(always)]
fn based<V: Lanes>(x: V, extra: V, hi: f64, lo: f64) -> V {
    ln_double::<V, false>(x, None, extra).times(V::splat(hi), V::splat(lo)).round()
}

/// `log1p`: the logarithm of 1 + x in two parts.
pub(crate) struct Log1p;
impl Function1 for Log1p {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        let least = V::splat(LOG1P_LEAST);
        if V::any(!(V::splat(-1.0).lt(x) & x.le(V::splat(1e300)) & least.le(x.abs()))) {
            return V::cold::<Log1pAll>(x);
        }
        log1p(x)
    }
}

/// Below this it is its argument.
const LOG1P_LEAST: f64 = 1.0 / 18_014_398_509_481_984.0;

#[inline(always)]
fn log1p<V: Lanes>(x: V) -> V {
    let u = sum(V::splat(1.0), x);
    ln_double::<V, false>(u.hi, Some(u.lo), V::splat(0.0)).round()
}

struct Log1pAll;
impl Function1 for Log1pAll {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        let tiny = x.abs().lt(V::splat(LOG1P_LEAST));
        if !V::any(!tiny) {
            return x;
        }
        let usual = V::splat(-1.0).lt(x) & x.le(V::splat(1e300)) & !tiny;
        let near = log1p(V::select(usual, x, V::splat(0.0)));
        let far = every_case::<V, Log>(V::select(tiny, V::splat(0.0), x) + V::splat(1.0));
        V::select(tiny, x, V::select(usual, near, far))
    }
}
