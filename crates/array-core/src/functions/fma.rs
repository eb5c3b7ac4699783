//! Fused multiply-add where the machine has none.
//!
//! **Promise** [`fma`] is `a * b + c` rounded once, to nearest, ties to even, for all arguments: the bits of the instruction.
//!
//! **How** product and sums are split without error (Dekker 1971; Knuth, TAOCP 2, 4.2.2), the two low parts are added with
//! rounding to odd, and the last addition then rounds the exact value (Boldo & Melquiond, "Emulation of FMA and correctly rounded
//! sums: proved algorithms using rounding to odd", IEEE Trans. Computers 57 (2008), algorithm Fmadd). That is proved where
//! nothing under- or overflows on the way; elsewhere the `libm` crate's integer code answers.
//! **Why not** that code always: it takes 5 to 10 times as long, and a polynomial is a dozen of these.

/// `a * b + c`, rounded once.
#[inline(always)]
pub(crate) fn fma(a: f64, b: f64, c: f64) -> f64 {
    #[cfg(any(target_arch = "aarch64", target_feature = "fma"))]
    return a.mul_add(b, c);
    #[cfg(not(any(target_arch = "aarch64", target_feature = "fma")))]
    emulated(a, b, c)
}

/// The biased exponent.
#[inline(always)]
fn exponent(x: f64) -> u64 {
    x.to_bits() >> 52 & 0x7ff
}

#[cfg_attr(
    any(target_arch = "aarch64", target_feature = "fma"),
    allow(dead_code, reason = "only tests call it")
)]
#[inline(always)]
fn emulated(a: f64, b: f64, c: f64) -> f64 {
    // |a|, |b| within 2^±400 and |c| within 2^±800: every part below is a normal number or an exact subnormal sum.
    let usual = |x: f64, reach: u64| exponent(x).wrapping_sub(1023 - reach) <= 2 * reach;
    if !(usual(a, 400) && usual(b, 400) && usual(c, 800)) {
        // With a zero factor or summand there is one rounding at most, unless the product leaves the normal range.
        if a == 0.0 || b == 0.0 || (c == 0.0 && usual(a, 400) && usual(b, 400)) {
            return a * b + c;
        }
        return libm::fma(a, b, c);
    }
    let (high, low) = product(a, b);
    let (t, t_low) = sum(c, low);
    let (v, v_low) = sum(high, t);
    v + odd_sum(t_low, v_low)
}

/// `a + b` and its error.
#[inline(always)]
fn sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let bb = s - a;
    (s, (a - (s - bb)) + (b - bb))
}

/// `a * b` and its error.
#[inline(always)]
fn product(a: f64, b: f64) -> (f64, f64) {
    let halves = |x: f64| {
        let t = x * 134_217_729.0;
        let high = t - (t - x);
        (high, x - high)
    };
    let p = a * b;
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

/// `a + b` rounded to odd: where it is not exact, the neighbour with the odd significand.
#[inline(always)]
fn odd_sum(a: f64, b: f64) -> f64 {
    let (s, error) = sum(a, b);
    let bits = s.to_bits();
    if error == 0.0 || bits & 1 == 1 {
        return s;
    }
    // One step towards the exact value: up in magnitude if the error has the sign of the sum.
    let away = (error > 0.0) == (s > 0.0);
    f64::from_bits(if away { bits + 1 } else { bits - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_emulation_has_the_bits_of_integer_arithmetic(a in any::<f64>(), b in any::<f64>(), c in any::<f64>()) {
            let (ours, theirs) = (emulated(a, b, c), libm::fma(a, b, c));
            prop_assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{a:e} {b:e} {c:e}");
        }

        #[test]
        fn also_where_product_and_summand_nearly_cancel(
            a in -4.0..4.0_f64, b in -4.0..4.0_f64, scale in -60..60, near in 0_u64..4, flip: bool,
        ) {
            let c = if flip { -(a * b) } else { a * b * 2f64.powi(scale) };
            let c = f64::from_bits(c.to_bits() ^ near);
            prop_assert_eq!(emulated(a, b, c).to_bits(), libm::fma(a, b, c).to_bits(), "{:e} {:e} {:e}", a, b, c);
        }
    }

    #[test]
    fn zeros_and_infinities_have_their_signs() {
        let odd = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
        ];
        for a in odd {
            for b in odd {
                for c in odd {
                    let (ours, theirs) = (emulated(a, b, c), libm::fma(a, b, c));
                    assert!(
                        ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(),
                        "{a:e} {b:e} {c:e}"
                    );
                }
            }
        }
    }
}
