//! Two lanes: NEON, which every aarch64 has.

use super::{Function1, Function2, Lanes};
use std::{
    arch::aarch64::*,
    ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub},
};

/// Two f64.
#[derive(Clone, Copy)]
pub(crate) struct F64x2(float64x2_t);

/// Two truths: all bits of a lane or none.
#[derive(Clone, Copy)]
pub(crate) struct Mask2(uint64x2_t);

macro_rules! machine {
    ($e:expr) => {
        // SAFETY: L1, the instruction set is there.
        unsafe { $e }
    };
}

macro_rules! operators {
    ($($type:ident: $trait:ident $method:ident $intrinsic:ident;)*) => {$(
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self { Self(machine!($intrinsic(self.0, other.0))) }
        }
    )*};
}
operators! {
    F64x2: Add add vaddq_f64;
    F64x2: Sub sub vsubq_f64;
    F64x2: Mul mul vmulq_f64;
    F64x2: Div div vdivq_f64;
    Mask2: BitAnd bitand vandq_u64;
    Mask2: BitOr bitor vorrq_u64;
}

impl Neg for F64x2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(machine!(vnegq_f64(self.0)))
    }
}

impl Not for Mask2 {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(machine!(veorq_u64(self.0, vdupq_n_u64(!0))))
    }
}

impl F64x2 {
    #[inline(always)]
    fn int(self) -> uint64x2_t {
        machine!(vreinterpretq_u64_f64(self.0))
    }
    #[inline(always)]
    fn from_int(bits: uint64x2_t) -> Self {
        Self(machine!(vreinterpretq_f64_u64(bits)))
    }
}

impl Lanes for F64x2 {
    type Mask = Mask2;
    const N: usize = 2;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(machine!(vdupq_n_f64(x)))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(machine!(vld1q_f64(from)))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        machine!(vst1q_f64(to, self.0))
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        Self(machine!(vcvt_f64_f32(vld1_f32(from))))
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        machine!(vst1_f32(to, vcvt_f32_f64(self.0)))
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self(machine!(vfmaq_f64(c.0, self.0, b.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(machine!(vsqrtq_f64(self.0)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Mask2 {
        Mask2(machine!(vcltq_f64(self.0, other.0)))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Mask2 {
        Mask2(machine!(vcleq_f64(self.0, other.0)))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Mask2 {
        Mask2(machine!(vceqq_f64(self.0, other.0)))
    }
    #[inline(always)]
    fn select(mask: Mask2, yes: Self, no: Self) -> Self {
        Self(machine!(vbslq_f64(mask.0, yes.0, no.0)))
    }
    #[inline(always)]
    fn any(mask: Mask2) -> bool {
        // All bits of a lane or none, so that halves are enough.
        machine!(vmaxvq_u32(vreinterpretq_u32_u64(mask.0))) != 0
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self::from_int(machine!(vandq_u64(self.int(), other.int())))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self::from_int(machine!(vorrq_u64(self.int(), other.int())))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self::from_int(machine!(veorq_u64(self.int(), other.int())))
    }
    #[inline(always)]
    fn shl<const K: u32>(self) -> Self {
        Self::from_int(machine!(vshlq_u64(self.int(), vdupq_n_s64(i64::from(K)))))
    }
    /// A shift by a negative count goes right.
    #[inline(always)]
    fn shr<const K: u32>(self) -> Self {
        Self::from_int(machine!(vshlq_u64(self.int(), vdupq_n_s64(-i64::from(K)))))
    }
    #[inline(always)]
    fn add_bits(self, other: Self) -> Self {
        Self::from_int(machine!(vaddq_u64(self.int(), other.int())))
    }
    #[inline(always)]
    fn sub_bits(self, other: Self) -> Self {
        Self::from_int(machine!(vsubq_u64(self.int(), other.int())))
    }
    #[inline(always)]
    fn lookup(self, table: &'static [f64; 16]) -> Self {
        let bits = self.int();
        let entry = |bits: u64| table[(bits & 15) as usize];
        let (low, high) =
            (entry(machine!(vgetq_lane_u64::<0>(bits))), entry(machine!(vgetq_lane_u64::<1>(bits))));
        Self(machine!(vcombine_f64(vdup_n_f64(low), vdup_n_f64(high))))
    }
    #[inline(always)]
    fn cold<F: Function1>(x: Self) -> Self {
        machine!(cold::<F>(x))
    }
    #[inline(always)]
    fn cold2<F: Function2>(x: Self, y: Self) -> Self {
        machine!(cold2::<F>(x, y))
    }
}

#[cold]
#[inline(never)]
#[target_feature(enable = "neon")]
fn cold<F: Function1>(x: F64x2) -> F64x2 {
    F::call(x)
}

#[cold]
#[inline(never)]
#[target_feature(enable = "neon")]
fn cold2<F: Function2>(x: F64x2, y: F64x2) -> F64x2 {
    F::call(x, y)
}
