//! Quotients by multiplication, with the bits of the machine's division.
//!
//! **Why** one unit of the machine makes roots and quotients, and takes 24 and 16 cycles for those of eight f64, while the units that
//! multiply wait for it. Every other quotient of a strip is left to these: for eight f64 in the first-level cache `sqrt(a) / b` takes
//! 11.5 ns, by the divider alone 14.1; the roots of a quadratic 11.4 to 14.3, and 14.5. Where all quotients are multiplied, so much
//! waits for a root that the machine, whose window is short where two threads share a core, does not see the next one:
//! 12.4 to 15, and 9.3 where nothing else is done.
//!
//! **How** as Markstein does, from AVX-512's estimate of 1/b to 2^-14: two of Newton's steps make that y, within an ulp of 1/b. A third
//! makes it 1/b rounded: 1 - by is exact then (where the significand of b is all ones it would be off). q = ay is corrected by its residue
//! twice, q + (a - bq)y: once, and it is one of the two neighbours of a/b; now the residue is exact, and q becomes a/b rounded. No
//! step may overflow or lose bits to underflow, and none does while the magnitudes of a and b are in 2^-255..2^257. All other
//! vectors are left to the divider.
//!
//! P. Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", IBM J. Res. Dev. 34 (1990); J.-M. Muller
//! et al., "Handbook of Floating-Point Arithmetic", on Newton-Raphson division with an FMA.

use std::arch::x86_64::*;

/// a / b of each lane, for the `k`-th vectors of a strip: of every other one by multiplication.
///
/// # Safety
/// As [`quotient`].
#[inline(always)]
pub(super) unsafe fn half(a: __m512d, b: __m512d, k: usize) -> __m512d {
    // SAFETY: the caller's.
    unsafe { if k % 2 == 1 { quotient(a, b) } else { _mm512_div_pd(a, b) } }
}

/// a / b of each lane, by multiplication.
///
/// # Safety
/// The machine has AVX-512 with DQ; this is for functions compiled for it.
#[inline(always)]
unsafe fn quotient(a: __m512d, b: __m512d) -> __m512d {
    // With this added, exponents from -255 to 256 and no others have their two highest bits set.
    const EXCESS: i64 = (0x600 - (1023 - 255)) << 52;
    const HIGHEST: i64 = 3 << 61;
    const SIGNIFICAND: i64 = (1 << 52) - 1;
    // What `ternarylogic` does for each of the bits of three operands.
    const NOT_BOTH: i32 = 0x3f;

    // SAFETY: the caller's; nothing here reads or writes memory.
    unsafe {
        let (a_bits, b_bits) = (_mm512_castpd_si512(a), _mm512_castpd_si512(b));
        let excess = _mm512_set1_epi64(EXCESS);
        let (a_moved, b_moved) = (_mm512_add_epi64(a_bits, excess), _mm512_add_epi64(b_bits, excess));
        let beyond = _mm512_ternarylogic_epi64::<NOT_BOTH>(a_moved, b_moved, b_moved);
        let fits = _mm512_testn_epi64_mask(beyond, _mm512_set1_epi64(HIGHEST));
        // One more than all ones carries through, and leaves zeros.
        let next = _mm512_add_epi64(b_bits, _mm512_set1_epi64(1));
        let fits = _mm512_mask_test_epi64_mask(fits, next, _mm512_set1_epi64(SIGNIFICAND));
        if fits != 0xff {
            std::hint::cold_path();
            return _mm512_div_pd(a, b);
        }

        let one = _mm512_set1_pd(1.0);
        let y = _mm512_rcp14_pd(b);
        let y = _mm512_fmadd_pd(y, _mm512_fnmadd_pd(b, y, one), y);
        let y = _mm512_fmadd_pd(y, _mm512_fnmadd_pd(b, y, one), y);
        let q = _mm512_mul_pd(a, y);
        let y = _mm512_fmadd_pd(y, _mm512_fnmadd_pd(b, y, one), y);
        let q = _mm512_fmadd_pd(_mm512_fnmadd_pd(b, q, a), y, q);
        _mm512_fmadd_pd(_mm512_fnmadd_pd(b, q, a), y, q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Isa;
    use proptest::prelude::*;

    /// Compares the quotients of eight pairs with those of the scalar division, bit for bit but for NaN.
    fn check(pairs: [(f64, f64); 8]) {
        #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
        fn eight(a: [f64; 8], b: [f64; 8]) -> [f64; 8] {
            let mut out = [0.0; 8];
            // SAFETY: this function's features; eight elements are read and written.
            unsafe {
                let q = quotient(_mm512_loadu_pd(a.as_ptr()), _mm512_loadu_pd(b.as_ptr()));
                _mm512_storeu_pd(out.as_mut_ptr(), q);
            }
            out
        }
        if !Isa::Avx512.runs_here() {
            return;
        }
        let (a, b) = (pairs.map(|pair| pair.0), pairs.map(|pair| pair.1));
        // SAFETY: the machine has the instructions.
        let quotients = unsafe { eight(a, b) };
        for ((a, b), q) in pairs.into_iter().zip(quotients) {
            let expected = a / b;
            let same = q.to_bits() == expected.to_bits() || q.is_nan() && expected.is_nan();
            assert!(same, "{a:e} / {b:e} is {expected:e}, not {q:e}");
        }
    }

    const HIDDEN: u64 = 1 << 52;

    /// A significand as a number, with a sign and an exponent.
    fn number(significand: u64, negative: bool, exponent: i32) -> f64 {
        let magnitude = f64::from_bits((significand & (HIDDEN - 1)) | ((1023 + exponent) as u64) << 52);
        if negative { -magnitude } else { magnitude }
    }

    /// A significand A whose quotient by B, odd, is next to the middle M + 1/2 of two numbers: B (2M + 1) = A 2^shift + d.
    fn beside_a_middle(b: u64, d: u64, shift: u32) -> Option<u64> {
        // Newton's iteration for the inverse modulo 2^64.
        let inverse = (0..6).fold(b, |x, _| x.wrapping_mul(2u64.wrapping_sub(b.wrapping_mul(x))));
        let middle = inverse.wrapping_mul(d) & ((1 << shift) - 1);
        let middle = if shift == 53 { middle | 1 << 53 } else { middle };
        let a = ((u128::from(b) * u128::from(middle) + (1 << (shift - 1))) >> shift) as u64;
        (middle > 1 << 53 && (HIDDEN..2 * HIDDEN).contains(&a)).then_some(a)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]

        #[test]
        fn quotients_are_rounded_as_the_machine_rounds_them(
            lanes in prop::array::uniform8((0..HIDDEN, 0..HIDDEN, any::<(bool, bool)>(), -255..257i32, -255..257i32)),
        ) {
            check(lanes.map(|(a, b, (s, t), i, j)| (number(a, s, i), number(b, t, j))));
        }

        #[test]
        fn quotients_beside_the_middle_of_two_numbers_are_rounded_to_their_side(
            lanes in prop::array::uniform8((0..HIDDEN / 2, any::<bool>(), -4..4i64, 53..55u32, any::<(bool, bool)>())),
        ) {
            check(lanes.map(|(b, end, d, shift, (s, t))| {
                let b = HIDDEN + 2 * if end { HIDDEN / 2 - 1 - b % (HIDDEN >> 9) } else { b } + 1;
                let a = beside_a_middle(b, (2 * d + 1) as u64, shift).unwrap_or(HIDDEN);
                (number(a, s, 0), number(b, t, 0))
            }));
        }

        #[test]
        fn any_bits_have_the_quotient_of_the_machine(lanes in prop::array::uniform8(any::<(u64, u64)>())) {
            check(lanes.map(|(a, b)| (f64::from_bits(a), f64::from_bits(b))));
        }
    }

    /// Found by search among quotients 2^-107 beside a middle: 3 and 0.3 in a million of those.
    #[test]
    fn no_step_and_no_correction_is_one_too_many() {
        let a_step_less = [
            (6_238_764_670_091_965.0, 8_823_090_955_800_621.0),
            (7_920_272_896_372_003.0, 8_821_498_731_142_939.0),
            (7_523_826_245_335_611.0, 8_883_980_049_684_229.0),
        ];
        let a_correction_less = [
            (8_805_107_163_489_268.0, 8_808_833_881_043_741.0),
            (8_606_992_534_077_626.0, 8_744_538_637_918_053.0),
            (8_730_178_257_693_737.0, 8_805_407_920_274_877.0),
        ];
        for pair in a_step_less.into_iter().chain(a_correction_less) {
            check([pair; 8]);
        }
    }

    #[test]
    fn significands_of_few_zeros_or_ones_are_rounded_as_the_machine_rounds_them() {
        let few = || (0..16).map(|k| HIDDEN + k).chain((1..=16).map(|k| 2 * HIDDEN - k));
        for a in few() {
            let pairs: Vec<(f64, f64)> =
                few().map(|b| (number(a, false, 0), number(b, b % 3 == 0, 0))).collect();
            pairs.as_chunks::<8>().0.iter().for_each(|&eight| check(eight));
        }
    }

    #[test]
    fn borders_zeros_and_what_is_not_finite_have_the_quotient_of_the_machine() {
        let odd =
            [0.0, f64::INFINITY, f64::NAN, 5e-324, f64::MIN_POSITIVE / 2.0, f64::MIN_POSITIVE, 1.0, f64::MAX];
        let borders = [-1022, -800, -767, -512, -257, -256, -255, -254, 255, 256, 257, 512, 767, 1023];
        let significands = |e| [0, HIDDEN - 1, HIDDEN / 3, HIDDEN / 7].map(|s| number(s, false, e));
        let numbers: Vec<f64> =
            odd.into_iter().chain(borders.into_iter().flat_map(significands)).flat_map(|x| [x, -x]).collect();
        for &b in &numbers {
            for &a in &numbers {
                // Beside seven that need nothing, and at every place.
                for k in 0..8 {
                    let mut pairs = [(1.5, -3.0); 8];
                    pairs[k] = (a, b);
                    check(pairs);
                }
            }
        }
    }
}
