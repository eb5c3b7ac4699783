//! Rust's operators.

use super::super::{Array, Term};
use crate::{dtype::Scalar, expr::Op};
use num_complex::Complex;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Shl, Shr, Sub};

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl<R: Into<Term>> $trait<R> for Array {
            type Output = Array;
            #[track_caller]
            #[inline]
            fn $method(self, other: R) -> Array { Array::binary(Op::$op, self, other) }
        }
        impl<R: Into<Term>> $trait<R> for &Array {
            type Output = Array;
            #[track_caller]
            #[inline]
            fn $method(self, other: R) -> Array { Array::binary(Op::$op, self, other) }
        }
        operators!(@ $trait $method $op f64 f32 i64 i32 bool u8 u64 usize Complex<f64> Scalar);
    )*};
    (@ $trait:ident $method:ident $op:ident $($scalar:ty)*) => {$(
        impl $trait<Array> for $scalar {
            type Output = Array;
            #[track_caller]
            #[inline]
            fn $method(self, other: Array) -> Array { Array::binary(Op::$op, self, other) }
        }
        impl $trait<&Array> for $scalar {
            type Output = Array;
            #[track_caller]
            #[inline]
            fn $method(self, other: &Array) -> Array { Array::binary(Op::$op, self, other) }
        }
    )*};
}

operators! {
    Add add Add;
    Sub sub Subtract;
    Mul mul Multiply;
    Div div Divide;
    Rem rem Remainder;
    BitAnd bitand BitAnd;
    BitOr bitor BitOr;
    BitXor bitxor BitXor;
    Shl shl LeftShift;
    Shr shr RightShift;
}

macro_rules! unary_operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl $trait for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self) -> Array { Array::unary(Op::$op, self) }
        }
        impl $trait for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self) -> Array { Array::unary(Op::$op, self) }
        }
    )*};
}

unary_operators! {
    Neg neg Negative;
    Not not Invert;
}
