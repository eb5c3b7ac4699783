//! One lane, in plain Rust: any machine.

use super::{Function1, Function2, Lanes};
use crate::functions::fma;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// One f64.
#[derive(Clone, Copy)]
pub(crate) struct F64x1(f64);

macro_rules! operators {
    ($($trait:ident $method:ident $op:tt;)*) => {$(
        impl $trait for F64x1 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self { Self(self.0 $op other.0) }
        }
    )*};
}
operators! { Add add +; Sub sub -; Mul mul *; Div div /; }

impl Neg for F64x1 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl F64x1 {
    #[inline(always)]
    fn on_bits(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self(f64::from_bits(f(self.0.to_bits(), other.0.to_bits())))
    }
}

impl Lanes for F64x1 {
    type Mask = bool;
    const N: usize = 1;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(x)
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the caller's.
        Self(unsafe { *from })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the caller's.
        unsafe { *to = self.0 }
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        // SAFETY: the caller's.
        Self(f64::from(unsafe { *from }))
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { *to = self.0 as f32 }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self(fma::fma(self.0, b.0, c.0))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }
    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self.0 < other.0
    }
    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self.0 <= other.0
    }
    #[inline(always)]
    fn eq(self, other: Self) -> bool {
        self.0 == other.0
    }
    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn any(mask: bool) -> bool {
        mask
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.on_bits(other, |a, b| a & b)
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.on_bits(other, |a, b| a | b)
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.on_bits(other, |a, b| a ^ b)
    }
    #[inline(always)]
    fn shl<const K: u32>(self) -> Self {
        Self(f64::from_bits(self.0.to_bits() << K))
    }
    #[inline(always)]
    fn shr<const K: u32>(self) -> Self {
        Self(f64::from_bits(self.0.to_bits() >> K))
    }
    #[inline(always)]
    fn add_bits(self, other: Self) -> Self {
        self.on_bits(other, u64::wrapping_add)
    }
    #[inline(always)]
    fn sub_bits(self, other: Self) -> Self {
        self.on_bits(other, u64::wrapping_sub)
    }
    #[inline(always)]
    fn lookup(self, table: &'static [f64; 16]) -> Self {
        Self(table[(self.0.to_bits() & 15) as usize])
    }
    #[inline(always)]
    fn cold<F: Function1>(x: Self) -> Self {
        cold::<F>(x)
    }
    #[inline(always)]
    fn cold2<F: Function2>(x: Self, y: Self) -> Self {
        cold2::<F>(x, y)
    }
}

#[cold]
#[inline(never)]
fn cold<F: Function1>(x: F64x1) -> F64x1 {
    F::call(x)
}

#[cold]
#[inline(never)]
fn cold2<F: Function2>(x: F64x1, y: F64x1) -> F64x1 {
    F::call(x, y)
}
