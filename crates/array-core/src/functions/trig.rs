//! `sin`, `cos`, `tan`.
//!
//! **How** |x| = n pi/16 + r with |r| <= pi/32, r in two parts; sin and cos of n pi/16 from tables of 16 in two parts, of r by short
//! polynomials, and the addition theorem with its leading product split, so that the result is rounded once to within a few
//! hundredths. The sign is n's bit 4. Up to 2^20 steps three parts of pi/16 are enough (Cody & Waite 1980; with a fused
//! multiply-add only the second needs to be short), above that the quotient is taken from the bits of 1 / 2 pi (`payne_hanek`).

use super::{
    constants::*,
    double::fast_sum,
    exp::beyond,
    lanes::{Function1, Lanes, MAGIC},
    payne_hanek,
};

/// x = n pi/16 + r + r_lo, for x >= 0; n, modulo 32 at least, in the lowest bits.
pub(super) struct Turned<V> {
    pub(super) n: V,
    pub(super) r: V,
    pub(super) r_lo: V,
}

/// Up to this the three parts of pi/16 are enough: 2^20 steps and less.
const FEW: f64 = 2e5;

#[inline(always)]
fn few<V: Lanes>(x: V) -> Turned<V> {
    let bits = x.fma(V::splat(TRIG_STEPS), V::splat(MAGIC));
    let n = bits - V::splat(MAGIC);
    // Exact: multiples of 2^-56 below 1/8.
    let t = n.nfma(V::splat(STEP_1), x);
    // n times part 2 is exact; r is rounded, and the next line says by how much.
    let r = n.nfma(V::splat(STEP_2), t);
    let lost = n.nfma(V::splat(STEP_2), t - r);
    Turned { n: bits, r, r_lo: n.nfma(V::splat(STEP_3), lost) }
}

#[inline(always)]
fn turned<V: Lanes, const HUGE: bool>(x: V) -> Turned<V> {
    let near = few(x);
    if !HUGE {
        return near;
    }
    let far = payne_hanek::turned(x);
    let is_near = x.le(V::splat(FEW));
    Turned {
        n: V::select(is_near, near.n, far.n),
        r: V::select(is_near, near.r, far.r),
        r_lo: V::select(is_near, near.r_lo, far.r_lo),
    }
}

/// sin r - r and cos r - 1.
#[inline(always)]
fn small<V: Lanes>(r: V, r_lo: V) -> (V, V) {
    let z = r * r;
    ((z * r).fma(z.horner(&SIN_Q), r_lo), z * z.horner(&COS_Q))
}

/// sin(x), or with `quarter` = 8 cos(x), for x >= 0, without the sign of n.
#[inline(always)]
fn sine<V: Lanes, const HUGE: bool>(x: V, quarter: u64) -> (V, V) {
    let Turned { n, r, r_lo } = turned::<V, HUGE>(x);
    let n = if quarter == 0 { n } else { n.add_bits(V::bits(quarter)) };
    let (sin_r, cos_r) = small(r, r_lo);
    let (s, c) = (n.lookup(&SIN_HI), n.lookup(&COS_HI));
    let y = c.fma(r, s);
    let lost = c.fma(r, s - y);
    let rest = s.fma(cos_r, c.fma(sin_r, n.lookup(&SIN_LO)));
    (y + (rest + lost), n)
}

#[inline(always)]
fn sin<V: Lanes, const HUGE: bool>(x: V) -> V {
    let (y, n) = sine::<V, HUGE>(x.abs(), 0);
    y.xor(n.shl::<59>().xor(x).sign())
}

#[inline(always)]
fn cos<V: Lanes, const HUGE: bool>(x: V) -> V {
    let (y, n) = sine::<V, HUGE>(x.abs(), 8);
    y.xor(n.shl::<59>().sign())
}

/// tan = (s + c t) / (c - s t) with each side in two parts.
#[inline(always)]
fn tan<V: Lanes, const HUGE: bool>(x: V) -> V {
    let Turned { n, r, r_lo } = turned::<V, HUGE>(x.abs());
    let (sin_r, cos_r) = small(r, r_lo);
    let (s, c) = (n.lookup(&SIN_HI), n.lookup(&COS_HI));
    let (s_lo, c_lo) = (n.lookup(&SIN_LO), n.lookup(&COS_LO));
    let above = c.fma(r, s);
    let above_lo = c.fma(r, s - above) + s.fma(cos_r, c.fma(sin_r, c_lo.fma(r, s_lo)));
    let below = s.nfma(r, c);
    let below_lo = s.nfma(r, c - below) + c.fma(cos_r, s.nfma(sin_r, s_lo.nfma(r, c_lo)));
    let y = fast_sum(above, above_lo).over(fast_sum(below, below_lo));
    // The period is 16 steps, so only the sign of x counts.
    y.round().xor(x.sign())
}

macro_rules! trigonometric {
    ($($(#[$doc:meta])* $name:ident $huge:ident $f:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        struct $huge;
        impl Function1 for $name {
            #[inline(always)]
            fn call<V: Lanes>(x: V) -> V {
                if beyond(x, FEW) {
                    return V::cold::<$huge>(x);
                }
                $f::<V, false>(x)
            }
        }
        impl Function1 for $huge {
            #[inline(always)]
            fn call<V: Lanes>(x: V) -> V {
                $f::<V, true>(x)
            }
        }
    )*};
}

trigonometric! {
    /// `sin`.
    Sin SinHuge sin;
    /// `cos`.
    Cos CosHuge cos;
    /// `tan`.
    Tan TanHuge tan;
}
