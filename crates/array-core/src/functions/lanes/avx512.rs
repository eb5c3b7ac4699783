//! Eight lanes: AVX-512 F and DQ.

use super::{Function1, Function2, Lanes};
use std::{
    arch::x86_64::*,
    ops::{Add, Div, Mul, Neg, Sub},
};

/// Eight f64.
#[derive(Clone, Copy)]
pub(crate) struct F64x8(__m512d);

macro_rules! machine {
    ($e:expr) => {
        // SAFETY: L1, the instruction set is there.
        unsafe { $e }
    };
}

macro_rules! operators {
    ($($trait:ident $method:ident $intrinsic:ident;)*) => {$(
        impl $trait for F64x8 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self { Self(machine!($intrinsic(self.0, other.0))) }
        }
    )*};
}
operators! { Add add _mm512_add_pd; Sub sub _mm512_sub_pd; Mul mul _mm512_mul_pd; Div div _mm512_div_pd; }

impl Neg for F64x8 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::splat(-0.0) - self
    }
}

impl F64x8 {
    #[inline(always)]
    fn int(self) -> __m512i {
        machine!(_mm512_castpd_si512(self.0))
    }
    #[inline(always)]
    fn from_int(bits: __m512i) -> Self {
        Self(machine!(_mm512_castsi512_pd(bits)))
    }
}

impl Lanes for F64x8 {
    type Mask = __mmask8;
    const N: usize = 8;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(machine!(_mm512_set1_pd(x)))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(machine!(_mm512_loadu_pd(from)))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        machine!(_mm512_storeu_pd(to, self.0))
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        Self(machine!(_mm512_cvtps_pd(_mm256_loadu_ps(from))))
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        machine!(_mm256_storeu_ps(to, _mm512_cvtpd_ps(self.0)))
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self(machine!(_mm512_fmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(machine!(_mm512_sqrt_pd(self.0)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> __mmask8 {
        machine!(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0))
    }
    #[inline(always)]
    fn le(self, other: Self) -> __mmask8 {
        machine!(_mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> __mmask8 {
        machine!(_mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, other.0))
    }
    #[inline(always)]
    fn select(mask: __mmask8, yes: Self, no: Self) -> Self {
        Self(machine!(_mm512_mask_blend_pd(mask, no.0, yes.0)))
    }
    #[inline(always)]
    fn any(mask: __mmask8) -> bool {
        mask != 0
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self::from_int(machine!(_mm512_and_si512(self.int(), other.int())))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self::from_int(machine!(_mm512_or_si512(self.int(), other.int())))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self::from_int(machine!(_mm512_xor_si512(self.int(), other.int())))
    }
    #[inline(always)]
    fn shl<const K: u32>(self) -> Self {
        Self::from_int(machine!(_mm512_slli_epi64::<K>(self.int())))
    }
    #[inline(always)]
    fn shr<const K: u32>(self) -> Self {
        Self::from_int(machine!(_mm512_srli_epi64::<K>(self.int())))
    }
    #[inline(always)]
    fn add_bits(self, other: Self) -> Self {
        Self::from_int(machine!(_mm512_add_epi64(self.int(), other.int())))
    }
    #[inline(always)]
    fn sub_bits(self, other: Self) -> Self {
        Self::from_int(machine!(_mm512_sub_epi64(self.int(), other.int())))
    }
    #[inline(always)]
    fn lookup(self, table: &'static [f64; 16]) -> Self {
        // SAFETY: L1; both halves lie in the table.
        Self(unsafe {
            let low = _mm512_loadu_pd(table.as_ptr());
            let high = _mm512_loadu_pd(table.as_ptr().add(8));
            _mm512_permutex2var_pd(low, self.int(), high)
        })
    }
    #[inline(always)]
    fn announce(at: *const u8) {
        machine!(_mm_prefetch::<_MM_HINT_T0>(at.cast()))
    }
    /// Bit patterns of magnitudes are ordered as the magnitudes, NaN above all: one unsigned comparison.
    #[inline(always)]
    fn any_outside(self, least: f64, most: f64) -> bool {
        let (least, most) = (least.to_bits() << 1, most.to_bits() << 1);
        let above = self.shl::<1>().sub_bits(Self::bits(least));
        machine!(_mm512_cmpgt_epu64_mask(above.int(), Self::bits(most - least).int())) != 0
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
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn cold<F: Function1>(x: F64x8) -> F64x8 {
    F::call(x)
}

#[cold]
#[inline(never)]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn cold2<F: Function2>(x: F64x8, y: F64x8) -> F64x8 {
    F::call(x, y)
}
