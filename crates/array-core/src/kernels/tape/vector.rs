//! Vectors of floats for tapes.
//!
//! **Promise** an operation acts on each lane alone, rounded once; `min` and `max` are those of the scalar kernels, to the bits
//! of zeros and NaN. **Invariant** a machine's vector is made only inside functions compiled for it, on a machine that has it.

#[cfg(target_arch = "x86_64")]
use super::quotient::half;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// A few floats side by side. Comparisons are false for NaN, `ne` is true.
pub(super) trait Vector: Copy {
    type Item: Copy;
    type Mask: Copy;
    const N: usize;

    fn zero() -> Self;
    fn one() -> Self;
    fn splat(x: Self::Item) -> Self;
    /// # Safety
    /// `from` is valid for reads of `N` elements; it need not be aligned to more than an element.
    unsafe fn load(from: *const Self::Item) -> Self;
    /// # Safety
    /// As [`Vector::load`], for writes.
    unsafe fn store(self, to: *mut Self::Item);
    /// As [`Vector::store`], past the caches where the machine has that.
    ///
    /// # Safety
    /// As [`Vector::store`]; the address is aligned to the vector.
    #[inline(always)]
    unsafe fn stream(self, to: *mut Self::Item) {
        // SAFETY: the caller's.
        unsafe { self.store(to) }
    }

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// Of the `k`-th vectors of a strip: a machine may make some of a strip's quotients in another way than the rest.
    fn div(self, other: Self, k: usize) -> Self;
    fn sqrt(self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;

    fn lt(self, other: Self) -> Self::Mask;
    fn le(self, other: Self) -> Self::Mask;
    fn eq(self, other: Self) -> Self::Mask;
    fn ne(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.ne(self), self, Self::select(self.lt(other), self, other))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(self.ne(self), self, Self::select(other.lt(self), self, other))
    }
}

/// In plain Rust, for any machine.
#[derive(Clone, Copy)]
pub(super) struct Few<T, const N: usize>([T; N]);

macro_rules! lanes {
    ($n:ident, $k:ident => $e:expr) => {{
        let mut out = [Default::default(); $n];
        let mut $k = 0;
        while $k < $n {
            out[$k] = $e;
            $k += 1;
        }
        out
    }};
}

macro_rules! few {
    ($($t:ty),*) => {$(
        impl<const N: usize> Vector for Few<$t, N> {
            type Item = $t;
            type Mask = [bool; N];
            const N: usize = N;
            #[inline(always)] fn zero() -> Self { Few([0.0; N]) }
            #[inline(always)] fn one() -> Self { Few([1.0; N]) }
            #[inline(always)] fn splat(x: $t) -> Self { Few([x; N]) }
            // SAFETY: the caller's.
            #[inline(always)] unsafe fn load(from: *const $t) -> Self { Few(unsafe { *from.cast() }) }
            // SAFETY: the caller's.
            #[inline(always)] unsafe fn store(self, to: *mut $t) { unsafe { *to.cast() = self.0 } }
            #[inline(always)] fn add(self, o: Self) -> Self { Few(lanes!(N, k => self.0[k] + o.0[k])) }
            #[inline(always)] fn sub(self, o: Self) -> Self { Few(lanes!(N, k => self.0[k] - o.0[k])) }
            #[inline(always)] fn mul(self, o: Self) -> Self { Few(lanes!(N, k => self.0[k] * o.0[k])) }
            #[inline(always)] fn div(self, o: Self, _: usize) -> Self { Few(lanes!(N, k => self.0[k] / o.0[k])) }
            #[inline(always)] fn sqrt(self) -> Self { Few(lanes!(N, k => self.0[k].sqrt())) }
            #[inline(always)] fn neg(self) -> Self { Few(lanes!(N, k => -self.0[k])) }
            #[inline(always)] fn abs(self) -> Self { Few(lanes!(N, k => self.0[k].abs())) }
            #[inline(always)] fn lt(self, o: Self) -> [bool; N] { lanes!(N, k => self.0[k] < o.0[k]) }
            #[inline(always)] fn le(self, o: Self) -> [bool; N] { lanes!(N, k => self.0[k] <= o.0[k]) }
            #[inline(always)] fn eq(self, o: Self) -> [bool; N] { lanes!(N, k => self.0[k] == o.0[k]) }
            #[inline(always)] fn ne(self, o: Self) -> [bool; N] { lanes!(N, k => self.0[k] != o.0[k]) }
            #[inline(always)]
            fn select(mask: [bool; N], yes: Self, no: Self) -> Self {
                Few(lanes!(N, k => if mask[k] { yes.0[k] } else { no.0[k] }))
            }
        }
    )*};
}
few! { f64, f32 }

#[cfg(target_arch = "x86_64")]
macro_rules! machine {
    ($e:expr) => {
        // SAFETY: the invariant of this file; addresses are the caller's.
        unsafe { $e }
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! wide {
    (
        $name:ident $register:ty, $t:ty, $n:literal, mask $mask:ty;
        $splat:ident $load:ident $store:ident $stream:ident $add:ident $sub:ident $mul:ident $sqrt:ident $and:ident $xor:ident;
        divide ($a:ident, $b:ident, $k:ident) $div:expr;
        compare $compare:ident; select ($m:ident, $yes:ident, $no:ident) $select:expr;
    ) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        impl Vector for $name {
            type Item = $t;
            type Mask = $mask;
            const N: usize = $n;
            #[inline(always)]
            fn zero() -> Self {
                Self::splat(0.0)
            }
            #[inline(always)]
            fn one() -> Self {
                Self::splat(1.0)
            }
            #[inline(always)]
            fn splat(x: $t) -> Self {
                Self(machine!($splat(x)))
            }
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                Self(machine!($load(from)))
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                machine!($store(to, self.0))
            }
            #[inline(always)]
            unsafe fn stream(self, to: *mut $t) {
                machine!($stream(to, self.0))
            }
            #[inline(always)]
            fn add(self, o: Self) -> Self {
                Self(machine!($add(self.0, o.0)))
            }
            #[inline(always)]
            fn sub(self, o: Self) -> Self {
                Self(machine!($sub(self.0, o.0)))
            }
            #[inline(always)]
            fn mul(self, o: Self) -> Self {
                Self(machine!($mul(self.0, o.0)))
            }
            #[inline(always)]
            fn div(self, o: Self, $k: usize) -> Self {
                let ($a, $b) = (self.0, o.0);
                Self(machine!($div))
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(machine!($sqrt(self.0)))
            }
            #[inline(always)]
            fn neg(self) -> Self {
                Self(machine!($xor(self.0, $splat(-0.0))))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(machine!($and(self.0, $splat(<$t>::from_bits(!(-0.0 as $t).to_bits())))))
            }
            #[inline(always)]
            fn lt(self, o: Self) -> $mask {
                machine!($compare::<_CMP_LT_OQ>(self.0, o.0))
            }
            #[inline(always)]
            fn le(self, o: Self) -> $mask {
                machine!($compare::<_CMP_LE_OQ>(self.0, o.0))
            }
            #[inline(always)]
            fn eq(self, o: Self) -> $mask {
                machine!($compare::<_CMP_EQ_OQ>(self.0, o.0))
            }
            #[inline(always)]
            fn ne(self, o: Self) -> $mask {
                machine!($compare::<_CMP_NEQ_UQ>(self.0, o.0))
            }
            #[inline(always)]
            fn select($m: $mask, yes: Self, no: Self) -> Self {
                let ($yes, $no) = (yes.0, no.0);
                Self(machine!($select))
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
wide! {
    F64x8 __m512d, f64, 8, mask __mmask8;
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_stream_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_sqrt_pd _mm512_and_pd _mm512_xor_pd;
    divide (a, b, k) half(a, b, k);
    compare _mm512_cmp_pd_mask; select (m, yes, no) _mm512_mask_blend_pd(m, no, yes);
}
#[cfg(target_arch = "x86_64")]
wide! {
    F32x16 __m512, f32, 16, mask __mmask16;
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_stream_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_sqrt_ps _mm512_and_ps _mm512_xor_ps;
    divide (a, b, _k) _mm512_div_ps(a, b);
    compare _mm512_cmp_ps_mask; select (m, yes, no) _mm512_mask_blend_ps(m, no, yes);
}
#[cfg(target_arch = "x86_64")]
wide! {
    F64x4 __m256d, f64, 4, mask __m256d;
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_stream_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_sqrt_pd _mm256_and_pd _mm256_xor_pd;
    divide (a, b, _k) _mm256_div_pd(a, b);
    compare _mm256_cmp_pd; select (m, yes, no) _mm256_blendv_pd(no, yes, m);
}
#[cfg(target_arch = "x86_64")]
wide! {
    F32x8 __m256, f32, 8, mask __m256;
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_stream_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_sqrt_ps _mm256_and_ps _mm256_xor_ps;
    divide (a, b, _k) _mm256_div_ps(a, b);
    compare _mm256_cmp_ps; select (m, yes, no) _mm256_blendv_ps(no, yes, m);
}
