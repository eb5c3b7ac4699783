//! Huge angles: x / 2 pi modulo 1 from the bits of 1 / 2 pi that matter.
//!
//! **How** x = M 2^e with M of 53 bits. Bits of 1 / 2 pi up to place e make whole turns with M; the 192 after them times M, modulo
//! 2^192, are the fraction of a turn, wrong by less than 2^53 in the last place, which is 2^-139 of a turn. No f64 is nearer than
//! 2^-62 to a multiple of pi/16 other than 0, so more than 64 bits of the rest are right.
//! **Source** Payne & Hanek, SIGNUM Newsletter 18 (1983); the integer form as in Muller, Elementary Functions, 3rd ed., ch. 11.4.

use super::{
    constants::{TURN, TWO_PI_1, TWO_PI_2},
    double::product,
    lanes::{Lanes, MAX_LANES},
    trig::Turned,
};

/// x = n pi/16 + r + r_lo for |x| >= 2^16, in integers for each lane; NaN for infinities and NaN. 0 for smaller x.
#[inline(always)]
pub(super) fn turned<V: Lanes>(x: V) -> Turned<V> {
    let (mut n, mut hi, mut lo) = ([0.0; MAX_LANES], [0.0; MAX_LANES], [0.0; MAX_LANES]);
    // SAFETY: the arrays have room for the widest vector.
    unsafe { x.store(hi.as_mut_ptr()) };
    for i in 0..V::N {
        let (steps, a, b) = turn(hi[i]);
        (n[i], hi[i], lo[i]) = (f64::from_bits(steps), a, b);
    }
    // SAFETY: as above.
    let (n, hi, lo) = unsafe { (V::load(n.as_ptr()), V::load(hi.as_ptr()), V::load(lo.as_ptr())) };
    let r = product(hi, V::splat(TWO_PI_1));
    Turned { n, r: r.hi, r_lo: hi.fma(V::splat(TWO_PI_2), lo.fma(V::splat(TWO_PI_1), r.lo)) }
}

/// The nearest 32nd of a turn, of 32 and as bits, and what is left as a fraction of a turn, in two parts.
fn turn(x: f64) -> (u64, f64, f64) {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as usize;
    if exponent == 0x7ff {
        return (0, f64::NAN, f64::NAN);
    }
    if exponent < 1023 + 16 {
        return (0, 0.0, 0.0);
    }
    let m = x.to_bits() & ((1 << 52) - 1) | 1 << 52;
    // x = m 2^(exponent - 1075); the table begins with 64 zeros.
    let first = exponent + 64 - 1075;
    let (word, shift) = (first / 64, first % 64);
    let bits = |i: usize| {
        let both = u128::from(TURN[word + i]) << 64 | u128::from(TURN[word + i + 1]);
        (both << shift >> 64) as u64
    };
    let (w0, w1, w2) = (bits(0), bits(1), bits(2));
    let (p1, p2) = (u128::from(m) * u128::from(w1), u128::from(m) * u128::from(w2));
    let low = p1 + (p2 >> 64);
    let top = m.wrapping_mul(w0).wrapping_add((low >> 64) as u64);
    // The fraction of a turn: `top`, `low`, and the low half of p2.
    let fraction = u128::from(top) << 64 | u128::from(low as u64);
    let steps = fraction.wrapping_add(1 << 122) >> 123;
    let rest = fraction.wrapping_sub(steps << 123) as i128;
    let (negative, rest) = (rest < 0, rest.unsigned_abs());
    // A negative rest borrows from its tail.
    let tail = if negative { (p2 as u64).wrapping_neg() } else { p2 as u64 };
    let rest = rest - u128::from(negative && tail != 0);
    // Never 0, and at least 5: the rest is at most half a step.
    let shift = rest.leading_zeros().clamp(1, 127);
    let digits = rest << shift | u128::from(tail) << 64 >> (128 - shift);
    let flip = x.is_sign_negative();
    let unit = f64::from_bits(u64::from(1023 - 53 - shift) << 52) * if negative != flip { -1.0 } else { 1.0 };
    let steps = if flip { (steps as u64).wrapping_neg() } else { steps as u64 };
    let (high, low) = ((digits >> 75) as u64, (digits << 53 >> 75) as u64);
    const DOWN: f64 = 1.0 / 9_007_199_254_740_992.0;
    (steps, high as f64 * unit, low as f64 * unit * DOWN)
}
