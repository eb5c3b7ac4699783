//! Eight floats, in as many registers as the machine needs.
//!
//! **Invariant** a machine's type is made only inside functions compiled for it, on a machine that has it.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

/// f64 or f32.
pub(super) trait Float:
    Copy + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// Changes nothing, not even the sign of zero.
    const NEUTRAL: Self;
    const ZERO: Self;
    const NAN: Self;
    /// The zero that is the greater (less) of the two.
    #[inline(always)]
    fn zero<const MAX: bool>() -> Self {
        if MAX { Self::ZERO } else { Self::NEUTRAL }
    }
    fn is_nan(self) -> bool;
    fn has_bits_of(self, other: Self) -> bool;

    #[inline(always)]
    fn is_zero(self) -> bool {
        self == Self::ZERO
    }
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
    #[inline(always)]
    fn beats<const MAX: bool>(self, other: Self) -> bool {
        if MAX { self > other } else { self < other }
    }
    /// As [`Eight::better`].
    #[inline(always)]
    fn better<const MAX: bool>(self, other: Self) -> Self {
        if self.beats::<MAX>(other) { self } else { other }
    }
}

macro_rules! floats {
    ($($t:ident)*) => {$(
        impl Float for $t {
            const NEUTRAL: $t = -0.0;
            const ZERO: $t = 0.0;
            const NAN: $t = $t::NAN;
            #[inline(always)] fn is_nan(self) -> bool { $t::is_nan(self) }
            #[inline(always)] fn has_bits_of(self, other: Self) -> bool { self.to_bits() == other.to_bits() }
        }
    )*};
}
floats! { f64 f32 }

/// Eight floats. Operations act on each alone, rounded once.
pub(super) trait Eight: Copy {
    type Item: Float;
    type Mask: Copy;

    fn splat(x: Self::Item) -> Self;
    /// # Safety
    /// `from` is valid for reads of eight elements; it need not be aligned to more than an element.
    unsafe fn load(from: *const Self::Item) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))`.
    fn sum(self) -> Self::Item;
    /// The greater (less) of two; the other where they are equal or not ordered.
    fn better<const MAX: bool>(self, other: Self) -> Self;
    /// The best of the eight; any of equals.
    fn best<const MAX: bool>(self) -> Self::Item;
    /// Where either is NaN.
    fn unordered(self, other: Self) -> Self::Mask;
    /// Where it equals the other, or is NaN.
    fn matches(self, other: Self) -> Self::Mask;
    /// Where the bits are those of the other.
    fn same(self, other: Self) -> Self::Mask;
    fn nothing() -> Self::Mask;
    fn either(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn any(mask: Self::Mask) -> bool;

    #[inline(always)]
    fn square(self) -> Self {
        self.mul(self)
    }
}

/// `((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))`.
#[inline(always)]
fn folded<T: Float>(a: &[T; 8]) -> T {
    ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]))
}

#[inline(always)]
fn best_of<T: Float, const MAX: bool>(a: &[T; 8]) -> T {
    let (p, q) = (a[0].better::<MAX>(a[1]), a[2].better::<MAX>(a[3]));
    let (r, s) = (a[4].better::<MAX>(a[5]), a[6].better::<MAX>(a[7]));
    p.better::<MAX>(q).better::<MAX>(r.better::<MAX>(s))
}

macro_rules! plain {
    ($($t:ty)*) => {$(
        /// In plain Rust, for any machine.
        impl Eight for [$t; 8] {
            type Item = $t;
            type Mask = bool;
            #[inline(always)] fn splat(x: $t) -> Self { [x; 8] }
            // SAFETY: the caller's.
            #[inline(always)] unsafe fn load(from: *const $t) -> Self { unsafe { *from.cast() } }
            #[inline(always)] fn add(self, o: Self) -> Self { plain!(k => self[k] + o[k]) }
            #[inline(always)] fn sub(self, o: Self) -> Self { plain!(k => self[k] - o[k]) }
            #[inline(always)] fn mul(self, o: Self) -> Self { plain!(k => self[k] * o[k]) }
            #[inline(always)] fn sum(self) -> $t { folded(&self) }
            #[inline(always)]
            fn better<const MAX: bool>(self, o: Self) -> Self { plain!(k => self[k].better::<MAX>(o[k])) }
            #[inline(always)] fn best<const MAX: bool>(self) -> $t { best_of::<$t, MAX>(&self) }
            #[inline(always)]
            fn unordered(self, o: Self) -> bool {
                plain!(k => if self[k].is_nan() | o[k].is_nan() { 1.0 } else { 0.0 }) != [0.0; 8]
            }
            #[inline(always)]
            fn matches(self, o: Self) -> bool {
                plain!(k => if (self[k] == o[k]) | self[k].is_nan() { 1.0 } else { 0.0 }) != [0.0; 8]
            }
            #[inline(always)]
            fn same(self, o: Self) -> bool {
                plain!(k => if self[k].to_bits() == o[k].to_bits() { 1.0 } else { 0.0 }) != [0.0; 8]
            }
            #[inline(always)] fn nothing() -> bool { false }
            #[inline(always)] fn either(a: bool, b: bool) -> bool { a | b }
            #[inline(always)] fn any(mask: bool) -> bool { mask }
        }
    )*};
    ($k:ident => $e:expr) => {{
        let mut out = [0.0; 8];
        let mut $k = 0;
        while $k < 8 {
            out[$k] = $e;
            $k += 1;
        }
        out
    }};
}
plain! { f64 f32 }

#[cfg(target_arch = "x86_64")]
macro_rules! machine {
    ($e:expr) => {
        // SAFETY: the invariant of this file; addresses are the caller's.
        unsafe { $e }
    };
}

/// One register of AVX-512.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct F64x8(__m512d);

#[cfg(target_arch = "x86_64")]
impl Eight for F64x8 {
    type Item = f64;
    type Mask = __mmask8;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(machine!(_mm512_set1_pd(x)))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(machine!(_mm512_loadu_pd(from)))
    }
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self(machine!(_mm512_add_pd(self.0, o.0)))
    }
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self(machine!(_mm512_sub_pd(self.0, o.0)))
    }
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self(machine!(_mm512_mul_pd(self.0, o.0)))
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        machine!({
            let pairs = _mm512_add_pd(self.0, _mm512_permute_pd::<0x55>(self.0));
            let fours = _mm512_add_pd(pairs, _mm512_permutex_pd::<0x4e>(pairs));
            let high = _mm512_extractf64x4_pd::<1>(fours);
            _mm256_cvtsd_f64(_mm256_add_pd(_mm512_castpd512_pd256(fours), high))
        })
    }
    #[inline(always)]
    fn better<const MAX: bool>(self, o: Self) -> Self {
        // The machine gives the second where the two are equal or not ordered.
        Self(machine!(if MAX { _mm512_max_pd(self.0, o.0) } else { _mm512_min_pd(self.0, o.0) }))
    }
    #[inline(always)]
    fn best<const MAX: bool>(self) -> f64 {
        let swapped = self.better::<MAX>(Self(machine!(_mm512_permute_pd::<0x55>(self.0))));
        let fours = swapped.better::<MAX>(Self(machine!(_mm512_permutex_pd::<0x4e>(swapped.0))));
        machine!({
            let (low, high) = (_mm512_castpd512_pd256(fours.0), _mm512_extractf64x4_pd::<1>(fours.0));
            _mm256_cvtsd_f64(if MAX { _mm256_max_pd(high, low) } else { _mm256_min_pd(high, low) })
        })
    }
    #[inline(always)]
    fn unordered(self, o: Self) -> __mmask8 {
        machine!(_mm512_cmp_pd_mask::<_CMP_UNORD_Q>(self.0, o.0))
    }
    #[inline(always)]
    fn matches(self, o: Self) -> __mmask8 {
        machine!(_mm512_cmp_pd_mask::<_CMP_EQ_UQ>(self.0, o.0))
    }
    #[inline(always)]
    fn same(self, o: Self) -> __mmask8 {
        machine!(_mm512_cmpeq_epi64_mask(_mm512_castpd_si512(self.0), _mm512_castpd_si512(o.0)))
    }
    #[inline(always)]
    fn nothing() -> __mmask8 {
        0
    }
    #[inline(always)]
    fn either(a: __mmask8, b: __mmask8) -> __mmask8 {
        a | b
    }
    #[inline(always)]
    fn any(mask: __mmask8) -> bool {
        mask != 0
    }
}

/// Two registers of AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct TwoF64x4(__m256d, __m256d);

#[cfg(target_arch = "x86_64")]
macro_rules! halves {
    ($f:ident($a:ident, $b:ident)) => {
        machine!(Self($f($a.0, $b.0), $f($a.1, $b.1)))
    };
}

#[cfg(target_arch = "x86_64")]
impl TwoF64x4 {
    #[inline(always)]
    fn array(self) -> [f64; 8] {
        let mut a = [0.0; 8];
        machine!({
            _mm256_storeu_pd(a.as_mut_ptr(), self.0);
            _mm256_storeu_pd(a.as_mut_ptr().add(4), self.1);
        });
        a
    }
}

#[cfg(target_arch = "x86_64")]
impl Eight for TwoF64x4 {
    type Item = f64;
    type Mask = __m256d;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        machine!(Self(_mm256_set1_pd(x), _mm256_set1_pd(x)))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        machine!(Self(_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(4))))
    }
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        halves!(_mm256_add_pd(self, o))
    }
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        halves!(_mm256_sub_pd(self, o))
    }
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        halves!(_mm256_mul_pd(self, o))
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        machine!({
            // Pairs of both halves side by side: 0+1, 4+5, 2+3, 6+7.
            let pairs = _mm256_hadd_pd(self.0, self.1);
            let fours = _mm_add_pd(_mm256_castpd256_pd128(pairs), _mm256_extractf128_pd::<1>(pairs));
            _mm_cvtsd_f64(_mm_add_sd(fours, _mm_unpackhi_pd(fours, fours)))
        })
    }
    #[inline(always)]
    fn better<const MAX: bool>(self, o: Self) -> Self {
        if MAX { halves!(_mm256_max_pd(self, o)) } else { halves!(_mm256_min_pd(self, o)) }
    }
    #[inline(always)]
    fn best<const MAX: bool>(self) -> f64 {
        best_of::<f64, MAX>(&self.array())
    }
    #[inline(always)]
    fn unordered(self, o: Self) -> __m256d {
        machine!(_mm256_or_pd(
            _mm256_cmp_pd::<_CMP_UNORD_Q>(self.0, o.0),
            _mm256_cmp_pd::<_CMP_UNORD_Q>(self.1, o.1)
        ))
    }
    #[inline(always)]
    fn matches(self, o: Self) -> __m256d {
        machine!(_mm256_or_pd(
            _mm256_cmp_pd::<_CMP_EQ_UQ>(self.0, o.0),
            _mm256_cmp_pd::<_CMP_EQ_UQ>(self.1, o.1)
        ))
    }
    #[inline(always)]
    fn same(self, o: Self) -> __m256d {
        machine!({
            let first = _mm256_cmpeq_epi64(_mm256_castpd_si256(self.0), _mm256_castpd_si256(o.0));
            let second = _mm256_cmpeq_epi64(_mm256_castpd_si256(self.1), _mm256_castpd_si256(o.1));
            _mm256_castsi256_pd(_mm256_or_si256(first, second))
        })
    }
    #[inline(always)]
    fn nothing() -> __m256d {
        machine!(_mm256_setzero_pd())
    }
    #[inline(always)]
    fn either(a: __m256d, b: __m256d) -> __m256d {
        machine!(_mm256_or_pd(a, b))
    }
    #[inline(always)]
    fn any(mask: __m256d) -> bool {
        machine!(_mm256_movemask_pd(mask)) != 0
    }
}

/// One register of AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct F32x8(__m256);

#[cfg(target_arch = "x86_64")]
impl F32x8 {
    #[inline(always)]
    fn array(self) -> [f32; 8] {
        let mut a = [0.0; 8];
        machine!(_mm256_storeu_ps(a.as_mut_ptr(), self.0));
        a
    }
}

#[cfg(target_arch = "x86_64")]
impl Eight for F32x8 {
    type Item = f32;
    type Mask = __m256;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(machine!(_mm256_set1_ps(x)))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(machine!(_mm256_loadu_ps(from)))
    }
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self(machine!(_mm256_add_ps(self.0, o.0)))
    }
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self(machine!(_mm256_sub_ps(self.0, o.0)))
    }
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self(machine!(_mm256_mul_ps(self.0, o.0)))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        machine!({
            let pairs = _mm_hadd_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let fours = _mm_hadd_ps(pairs, pairs);
            _mm_cvtss_f32(_mm_hadd_ps(fours, fours))
        })
    }
    #[inline(always)]
    fn better<const MAX: bool>(self, o: Self) -> Self {
        Self(machine!(if MAX { _mm256_max_ps(self.0, o.0) } else { _mm256_min_ps(self.0, o.0) }))
    }
    #[inline(always)]
    fn best<const MAX: bool>(self) -> f32 {
        best_of::<f32, MAX>(&self.array())
    }
    #[inline(always)]
    fn unordered(self, o: Self) -> __m256 {
        machine!(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, o.0))
    }
    #[inline(always)]
    fn matches(self, o: Self) -> __m256 {
        machine!(_mm256_cmp_ps::<_CMP_EQ_UQ>(self.0, o.0))
    }
    #[inline(always)]
    fn same(self, o: Self) -> __m256 {
        machine!({
            let same = _mm256_cmpeq_epi32(_mm256_castps_si256(self.0), _mm256_castps_si256(o.0));
            _mm256_castsi256_ps(same)
        })
    }
    #[inline(always)]
    fn nothing() -> __m256 {
        machine!(_mm256_setzero_ps())
    }
    #[inline(always)]
    fn either(a: __m256, b: __m256) -> __m256 {
        machine!(_mm256_or_ps(a, b))
    }
    #[inline(always)]
    fn any(mask: __m256) -> bool {
        machine!(_mm256_movemask_ps(mask)) != 0
    }
}
