//! Lanes: a vector of f64, the one word the functions are written in.
//!
//! **Promise** every operation is exact or rounded once, to nearest, and acts on each lane alone; so a function written over
//! [`Lanes`] has the same bits under every implementation. A fused multiply-add is always asked for by name.
//!
//! **Invariant** L1: a value of a machine's type exists only inside functions compiled for that machine, which run only where
//! [`Isa::is_available`](crate::Isa::is_available) holds. This is what makes the intrinsics inside safe to call.
//!
//! **Trade-offs** explicit vectors, not loops left to the compiler: a table of 16 is then one permutation of two registers under
//! AVX-512 and a branch around a rare case is one test for all lanes. Everything is `inline(always)`, so that the whole body
//! lands in the `#[target_feature]` function that asked for it.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(all(target_arch = "aarch64", not(miri)))]
pub(crate) mod neon;
#[cfg_attr(all(target_arch = "aarch64", not(miri)), allow(dead_code, reason = "every aarch64 has NEON"))]
pub(crate) mod portable;

/// What every processor of the architecture has.
#[cfg(all(target_arch = "aarch64", not(miri)))]
pub(crate) type Baseline = neon::F64x2;
/// What every processor of the architecture has.
#[cfg(not(all(target_arch = "aarch64", not(miri))))]
pub(crate) type Baseline = portable::F64x1;

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

const SIGN: u64 = 1 << 63;

/// A function of one argument, for all lanes at once.
pub(crate) trait Function1: 'static {
    fn call<V: Lanes>(x: V) -> V;
    /// To 2^-32 only, for arguments that were f32 and a result that will be.
    #[inline(always)]
    fn single<V: Lanes>(x: V) -> V {
        Self::call(x)
    }
}

/// A function of two arguments.
pub(crate) trait Function2: 'static {
    fn call<V: Lanes>(x: V, y: V) -> V;
    /// As [`Function1::single`].
    #[inline(always)]
    fn single<V: Lanes>(x: V, y: V) -> V {
        Self::call(x, y)
    }
}

/// A few f64 side by side. Bit operations read each lane as 64 bits; comparisons are false for NaN.
pub(crate) trait Lanes:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>;
    /// Number of lanes, at most [`MAX_LANES`].
    const N: usize;

    fn splat(x: f64) -> Self;
    /// # Safety
    /// `from` is valid for reads of `N` elements; it need not be aligned to more than an element.
    unsafe fn load(from: *const f64) -> Self;
    /// # Safety
    /// As [`Lanes::load`], for writes.
    unsafe fn store(self, to: *mut f64);
    /// Exactly converted from f32.
    /// # Safety
    /// As [`Lanes::load`].
    unsafe fn load_f32(from: *const f32) -> Self;
    /// Rounded once to f32.
    /// # Safety
    /// As [`Lanes::store`].
    unsafe fn store_f32(self, to: *mut f32);

    /// `self * b + c`, rounded once.
    fn fma(self, b: Self, c: Self) -> Self;
    fn sqrt(self) -> Self;

    fn lt(self, other: Self) -> Self::Mask;
    fn le(self, other: Self) -> Self::Mask;
    fn eq(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    fn any(mask: Self::Mask) -> bool;

    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn shl<const K: u32>(self) -> Self;
    fn shr<const K: u32>(self) -> Self;
    fn add_bits(self, other: Self) -> Self;
    fn sub_bits(self, other: Self) -> Self;
    /// The entry that the lowest four bits name.
    fn lookup(self, table: &'static [f64; 16]) -> Self;

    /// `F`, out of line: for what is rare.
    fn cold<F: Function1>(x: Self) -> Self;
    /// `F`, out of line.
    fn cold2<F: Function2>(x: Self, y: Self) -> Self;

    /// Says that the cache line at `at` will be read soon. Reads nothing, so `at` may be any address.
    #[inline(always)]
    fn announce(_at: *const u8) {}

    /// Whether the magnitude of some lane is not within least..=most (positive); also if it is NaN.
    #[inline(always)]
    fn any_outside(self, least: f64, most: f64) -> bool {
        let a = self.abs();
        Self::any(!(Self::splat(least).le(a) & a.le(Self::splat(most))))
    }
    #[inline(always)]
    fn bits(x: u64) -> Self {
        Self::splat(f64::from_bits(x))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.and(Self::bits(!SIGN))
    }
    /// The sign bit alone.
    #[inline(always)]
    fn sign(self) -> Self {
        self.and(Self::bits(SIGN))
    }
    /// `-(self * b) + c`, rounded once.
    #[inline(always)]
    fn nfma(self, b: Self, c: Self) -> Self {
        (-self).fma(b, c)
    }
    /// `c[0] + c[1] x + …` by Horner's rule.
    #[inline(always)]
    fn horner<const N: usize>(self, c: &[f64; N]) -> Self {
        let mut sum = Self::splat(c[N - 1]);
        let mut i = N - 1;
        while i > 0 {
            i -= 1;
            sum = sum.fma(self, Self::splat(c[i]));
        }
        sum
    }
    /// 2^1074 times lanes that are subnormal or +0: a product would take the processor's slow way. Of others, anything.
    #[inline(always)]
    fn lifted(self) -> Self {
        let one = Self::splat(TWO52);
        self.or(one) - one
    }
    /// Two to the power of integers in -1022..=1023.
    #[inline(always)]
    fn pow2(self) -> Self {
        (self + Self::splat(MAGIC)).shl::<52>().add_bits(Self::splat(1.0))
    }
    /// At least `limit`; NaN stays.
    #[inline(always)]
    fn max(self, limit: Self) -> Self {
        Self::select(self.lt(limit), limit, self)
    }
    /// At most `limit`; NaN stays.
    #[inline(always)]
    fn min(self, limit: Self) -> Self {
        Self::select(limit.lt(self), limit, self)
    }
}

/// The widest vector.
pub(crate) const MAX_LANES: usize = 8;

/// The bits of an integer below 2^52, put into its significand, are added to it.
pub(crate) const TWO52: f64 = 4_503_599_627_370_496.0;

/// 1.5 · 2^52: a number below 2^51 added to it is rounded to an integer, which then stands in the lowest bits.
pub(crate) const MAGIC: f64 = 6755399441055744.0;
