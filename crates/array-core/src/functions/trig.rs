//! `sin`, `cos`, `tan`.
//!
//! **How** x = n pi/16 + r with |r| <= pi/32, r in two parts; sin and cos of n pi/16 from tables of 16 in two parts, of r by short
//! polynomials, and the addition theorem with its leading product split, so that the result is rounded once to within a few
//! hundredths. The sign is n's bit 4. Up to 2^20 steps three parts of pi/16 are enough (Cody & Waite 1980; with a fused
//! multiply-add only the second needs to be short), above that the quotient is taken from the bits of 1 / 2 pi (`payne_hanek`).

use super::{
    constants::*,
    double::{Double, fast_sum, sum},
    exp::beyond,
    guard::Guarded,
    lanes::{Lanes, MAGIC},
    payne_hanek,
};

/// x = n pi/16 + r + r_lo; n plus an offset, modulo 32 at least, in the lowest bits.
pub(super) struct Turned<V> {
    pub(super) n: V,
    pub(super) r: V,
    pub(super) r_lo: V,
}

/// Up to this the three parts of pi/16 are enough: 2^20 steps and less.
const FEW: f64 = 2e5;

#[inline(always)]
fn few<V: Lanes>(x: V, offset: u32) -> Turned<V> {
    // The offset rides on the constant.
    let magic = V::splat(MAGIC + f64::from(offset));
    let bits = x.fma(V::splat(TRIG_STEPS), magic);
    let n = bits - magic;
    // Exact: multiples of 2^-56 below 1/8.
    let t = n.nfma(V::splat(STEP_1), x);
    // n times part 2 is exact; r is rounded, and the next line says by how much.
    let r = n.nfma(V::splat(STEP_2), t);
    let lost = n.nfma(V::splat(STEP_2), t - r);
    Turned { n: bits, r, r_lo: n.nfma(V::splat(STEP_3), lost) }
}

#[inline(always)]
fn turned<V: Lanes, const HUGE: bool>(x: V, offset: u32) -> Turned<V> {
    let near = few(x, offset);
    if !HUGE {
        return near;
    }
    let far = payne_hanek::turned(x);
    let is_near = x.abs().le(V::splat(FEW));
    Turned {
        n: V::select(is_near, near.n, far.n.add_bits(V::bits(u64::from(offset)))),
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

/// The sine of `offset` steps more than x.
#[inline(always)]
fn sine<V: Lanes, const HUGE: bool>(x: V, offset: u32) -> V {
    rounded(turned::<V, HUGE>(x, offset))
}

/// The sine of `offset` steps more than a sum in two parts.
#[inline(always)]
pub(super) fn turned_sine<V: Lanes>(x: Double<V>, offset: u32) -> V {
    let turned = if beyond(x.hi, FEW) { turned::<V, true>(x.hi, offset) } else { few(x.hi, offset) };
    // The rest may be smaller than the small part of a large sum.
    let r = sum(turned.r, x.lo);
    rounded(Turned { n: turned.n, r: r.hi, r_lo: turned.r_lo + r.lo })
}

#[inline(always)]
fn rounded<V: Lanes>(Turned { n, r, r_lo }: Turned<V>) -> V {
    let (sin_r, cos_r) = small(r, r_lo);
    let (s, c) = (n.lookup(&SIN_HI), n.lookup(&COS_HI));
    let y = c.fma(r, s);
    let lost = c.fma(r, s - y);
    let rest = s.fma(cos_r, c.fma(sin_r, n.lookup(&SIN_LO)));
    (y + (rest + lost)).xor(n.shl::<59>().sign())
}

#[inline(always)]
fn sin<V: Lanes, const HUGE: bool>(x: V) -> V {
    sine::<V, HUGE>(x, 0)
}

#[inline(always)]
fn cos<V: Lanes, const HUGE: bool>(x: V) -> V {
    sine::<V, HUGE>(x, 8)
}

/// tan = (s + c t) / (c - s t) with each side in two parts.
#[inline(always)]
fn tan<V: Lanes, const HUGE: bool>(x: V) -> V {
    let Turned { n, r, r_lo } = turned::<V, HUGE>(x, 0);
    let (sin_r, cos_r) = small(r, r_lo);
    let (s, c) = (n.lookup(&SIN_HI), n.lookup(&COS_HI));
    let (s_lo, c_lo) = (n.lookup(&SIN_LO), n.lookup(&COS_LO));
    let above = c.fma(r, s);
    let above_lo = c.fma(r, s - above) + s.fma(cos_r, c.fma(sin_r, c_lo.fma(r, s_lo)));
    let below = s.nfma(r, c);
    let below_lo = s.nfma(r, c - below) + c.fma(cos_r, s.nfma(sin_r, s_lo.nfma(r, c_lo)));
    // The period is 16 steps: signs of table entries beyond that cancel.
    fast_sum(above, above_lo).over(fast_sum(below, below_lo)).round()
}

macro_rules! trigonometric {
    ($($(#[$doc:meta])* $name:ident $f:ident |$x:ident| $tiny:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Guarded for $name {
            const MOST: f64 = FEW;
            #[inline(always)]
            fn fast<V: Lanes>(x: V) -> V {
                $f::<V, false>(x)
            }
            #[inline(always)]
            fn every<V: Lanes>(x: V) -> V {
                if beyond(x, FEW) { $f::<V, true>(x) } else { $f::<V, false>(x) }
            }
            #[inline(always)]
            fn tiny<V: Lanes>($x: V) -> V {
                $tiny
            }
        }
    )*};
}

trigonometric! {
    /// `sin`.
    Sin sin |x| x;
    /// `cos`.
    Cos cos |_x| V::splat(1.0);
    /// `tan`.
    Tan tan |x| x;
}
