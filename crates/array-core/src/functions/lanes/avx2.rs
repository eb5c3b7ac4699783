//! Four lanes: AVX2 and FMA.

use super::{Function1, Function2, Lanes};
use std::{
    arch::x86_64::*,
    ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub},
};

/// Four f64.
#[derive(Clone, Copy)]
pub(crate) struct F64x4(__m256d);

/// Four truths: all bits of a lane or none.
#[derive(Clone, Copy)]
pub(crate) struct Mask4(__m256d);

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
    F64x4: Add add _mm256_add_pd;
    F64x4: Sub sub _mm256_sub_pd;
    F64x4: Mul mul _mm256_mul_pd;
    F64x4: Div div _mm256_div_pd;
    Mask4: BitAnd bitand _mm256_and_pd;
    Mask4: BitOr bitor _mm256_or_pd;
}

impl Neg for F64x4 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::splat(-0.0) - self
    }
}

impl Not for Mask4 {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(machine!(_mm256_xor_pd(self.0, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)))))
    }
}

impl F64x4 {
    #[inline(always)]
    fn int(self) -> __m256i {
        machine!(_mm256_castpd_si256(self.0))
    }
    #[inline(always)]
    fn from_int(bits: __m256i) -> Self {
        Self(machine!(_mm256_castsi256_pd(bits)))
    }
}

/// The immediate of a shift is signed here.
macro_rules! shift {
    ($self:ident, $intrinsic:ident, $k:ident) => {
        Self::from_int(machine!($intrinsic($self.int(), _mm_cvtsi32_si128($k as i32))))
    };
}

impl Lanes for F64x4 {
    type Mask = Mask4;
    const N: usize = 4;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(machine!(_mm256_set1_pd(x)))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(machine!(_mm256_loadu_pd(from)))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        machine!(_mm256_storeu_pd(to, self.0))
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        Self(machine!(_mm256_cvtps_pd(_mm_loadu_ps(from))))
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        machine!(_mm_storeu_ps(to, _mm256_cvtpd_ps(self.0)))
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self(machine!(_mm256_fmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(machine!(_mm256_sqrt_pd(self.0)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Mask4 {
        Mask4(machine!(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Mask4 {
        Mask4(machine!(_mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Mask4 {
        Mask4(machine!(_mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn select(mask: Mask4, yes: Self, no: Self) -> Self {
        Self(machine!(_mm256_blendv_pd(no.0, yes.0, mask.0)))
    }
    #[inline(always)]
    fn any(mask: Mask4) -> bool {
        machine!(_mm256_movemask_pd(mask.0)) != 0
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(machine!(_mm256_and_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(machine!(_mm256_or_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(machine!(_mm256_xor_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn shl<const K: u32>(self) -> Self {
        shift!(self, _mm256_sll_epi64, K)
    }
    #[inline(always)]
    fn shr<const K: u32>(self) -> Self {
        shift!(self, _mm256_srl_epi64, K)
    }
    #[inline(always)]
    fn add_bits(self, other: Self) -> Self {
        Self::from_int(machine!(_mm256_add_epi64(self.int(), other.int())))
    }
    #[inline(always)]
    fn sub_bits(self, other: Self) -> Self {
        Self::from_int(machine!(_mm256_sub_epi64(self.int(), other.int())))
    }
    #[inline(always)]
    fn lookup(self, table: &'static [f64; 16]) -> Self {
        // SAFETY: L1; four bits name an entry of the table.
        Self(unsafe {
            let index = _mm256_and_si256(self.int(), _mm256_set1_epi64x(15));
            _mm256_i64gather_pd::<8>(table.as_ptr(), index)
        })
    }
    #[inline(always)]
    fn announce(at: *const u8) {
        machine!(_mm_prefetch::<_MM_HINT_T0>(at.cast()))
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
#[target_feature(enable = "avx2,fma")]
fn cold<F: Function1>(x: F64x4) -> F64x4 {
    F::call(x)
}

#[cold]
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn cold2<F: Function2>(x: F64x4, y: F64x4) -> F64x4 {
    F::call(x, y)
}
