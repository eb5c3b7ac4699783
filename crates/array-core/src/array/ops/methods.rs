//! Operations by name.

use super::super::{Array, Term};
use crate::{dtype::DType, expr::Op};

macro_rules! methods {
    ($($(#[$doc:meta])* $unary:ident $op:ident;)* -- $($(#[$bdoc:meta])* $binary:ident $bop:ident;)*) => {
        impl Array {
            $($(#[$doc])* #[track_caller] pub fn $unary(&self) -> Array { Array::unary(Op::$op, self) })*
            $($(#[$bdoc])* #[track_caller] pub fn $binary(&self, other: impl Into<Term>) -> Array {
                Array::binary(Op::$bop, self, other)
            })*
        }
    };
}

methods! {
    /// Square root, correctly rounded; NaN below zero. Of `bool` and 8-bit integers, where NumPy gives `float16`, `float32`, as of all
    /// functions here.
    ///
    /// ```
    /// use array_core::{Array, DType};
    /// assert_eq!(Array::full([2], 2.25).sqrt().to_vec::<f64>()?, [1.5, 1.5]);
    /// assert_eq!(Array::full([2], 4).cast(DType::I8).sqrt().dtype(), DType::F32);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    sqrt Sqrt;
    /// Cube root, also of negative numbers.
    cbrt Cbrt;
    /// Sine, in radians; at most 1 ulp wrong for every argument, as all functions here.
    ///
    /// ```
    /// use array_core::Array;
    /// let x = Array::from_vec(vec![0.5, 1e300], [2]);
    /// // One value and an array have the same bits.
    /// assert_eq!(x.sin().to_vec::<f64>()?[1], Array::from(1e300).sin().to_vec::<f64>()?[0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    sin Sin;
    /// Cosine.
    cos Cos;
    /// Tangent.
    tan Tan;
    /// Inverse sine; NaN outside -1..=1.
    asin Asin;
    /// Inverse cosine; NaN outside -1..=1.
    acos Acos;
    /// Inverse tangent.
    atan Atan;
    /// Hyperbolic sine.
    sinh Sinh;
    /// Hyperbolic cosine.
    cosh Cosh;
    /// Hyperbolic tangent.
    tanh Tanh;
    /// Inverse hyperbolic sine.
    asinh Asinh;
    /// Inverse hyperbolic cosine; NaN below 1.
    acosh Acosh;
    /// Inverse hyperbolic tangent; NaN outside -1..=1, infinite at its ends.
    atanh Atanh;
    /// `e ** self`.
    exp Exp;
    /// `2 ** self`.
    exp2 Exp2;
    /// `e ** self - 1`, accurate near 0.
    expm1 Expm1;
    /// Natural logarithm; NaN below 0, minus infinity at 0.
    log Log;
    /// Logarithm to base 2; exact for powers of two.
    log2 Log2;
    /// Logarithm to base 10; exact for powers of ten that are exact.
    log10 Log10;
    /// `log(1 + self)`, accurate near 0.
    log1p Log1p;
    /// Absolute value, real for complex numbers; the least integer wraps to itself.
    abs Abs;
    /// `self * self`.
    square Square;
    /// `-self`; not for `bool`.
    negative Negative;
    /// Bitwise not; of `bool`, logical not.
    invert Invert;
    /// `1 / self`, in the type of `self`.
    reciprocal Reciprocal;
    /// -1, 0 or 1 as the element is below, at or above zero; of a complex number, it divided by its absolute value.
    sign Sign;
    /// Greatest whole number not above; integers stay.
    floor Floor;
    /// Least whole number not below; integers stay.
    ceil Ceil;
    /// Cut towards zero; integers stay.
    trunc Trunc;
    /// Nearest whole number, halves to even, as floating point.
    rint Rint;
    /// Whether an element (a part of it) is NaN.
    isnan IsNan;
    /// Whether an element (a part of it) is infinite.
    isinf IsInf;
    /// Whether an element (each part of it) is neither infinite nor NaN.
    isfinite IsFinite;
    /// Whether the sign is minus, of -0 and NaN too.
    signbit SignBit;
    /// Complex conjugate; real numbers stay.
    conj Conjugate;
    /// Real part, of the type of the parts.
    ///
    /// ```
    /// use array_core::{Array, Complex, DType};
    /// let z = Array::from_vec(vec![Complex::new(3.0, -4.0)], [1]);
    /// assert_eq!((z.real().item::<f64>()?, z.imag().item::<f64>()?, z.abs().item::<f64>()?), (3.0, -4.0, 5.0));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    real Real;
    /// Imaginary part, of the type of the parts; zero for real numbers.
    imag Imag;
    --
    /// `self ** other`. Integers wrap; a negative integer exponent of an integer is
    /// [`NegativePower`](crate::ArrayError::NegativePower), found now if the exponent is a plain number and at the
    /// evaluation if it is an array.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 4, 1).pow(3).to_vec::<i64>()?, [0, 1, 8, 27]);
    /// assert!(Array::arange(0, 4, 1).pow(-1).error().is_some());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pow Power;
    /// The lesser of two; NaN if either is. Of equal zeros `other`.
    minimum Minimum;
    /// The greater of two; NaN if either is. Of equal zeros `other`.
    maximum Maximum;
    /// `sqrt(self² + other²)` without overflow; the same bits on every machine.
    hypot Hypot;
    /// The angle of the point (`other`, `self`), in -pi..=pi, with the quadrants of the signs (also of zeros).
    atan2 Atan2;
    /// `floor(self / other)`; integers by zero give 0.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![-7i64, 7], [2]);
    /// assert_eq!((a.floor_divide(2).to_vec::<i64>()?, a.floor_divide(0).to_vec::<i64>()?), (vec![-4, 3], vec![0, 0]));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    floor_divide FloorDivide;
    /// `self - other * floor(self / other)`, with the sign of `other`; integers by zero give 0.
    remainder Remainder;
    /// What is left of division cut towards zero, with the sign of `self`; integers by zero give 0.
    fmod FMod;
    /// The lesser of two; a number rather than NaN. Of equal zeros `other` (NumPy's choice depends on where they stand).
    fmin FMin;
    /// The greater of two; a number rather than NaN. Of equal zeros `other` (NumPy's choice depends on where they stand).
    fmax FMax;
    /// `self << other` of integers; distances outside the width give 0.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1u8, 1, 1], [3]);
    /// assert_eq!(((&a << 3) >> 1).to_vec::<u8>()?, [4, 4, 4]);
    /// assert_eq!(a.left_shift(Array::from_vec(vec![0u8, 7, 8], [3])).to_vec::<u8>()?, [1, 128, 0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    left_shift LeftShift;
    /// `self >> other` of integers, copying the sign.
    right_shift RightShift;
    /// `self == other`, elementwise.
    equal Equal;
    /// `self != other`, elementwise.
    not_equal NotEqual;
    /// `self < other`, elementwise.
    less Less;
    /// `self <= other`, elementwise.
    less_equal LessEqual;
    /// `self > other`, elementwise.
    greater Greater;
    /// `self >= other`, elementwise.
    greater_equal GreaterEqual;
}

/// What holds of truth values (not zero is true), and quotients with their remainders.
impl Array {
    /// Whether both hold.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 3, 1);
    /// assert_eq!(a.logical_and(2.5).to_vec::<bool>()?, [false, true, true]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn logical_and(&self, other: impl Into<Term>) -> Array {
        Array::binary(Op::BitAnd, self.cast(DType::Bool), other.into().into_array().cast(DType::Bool))
    }
    /// Whether either holds.
    #[track_caller]
    pub fn logical_or(&self, other: impl Into<Term>) -> Array {
        Array::binary(Op::BitOr, self.cast(DType::Bool), other.into().into_array().cast(DType::Bool))
    }
    /// Whether exactly one holds.
    #[track_caller]
    pub fn logical_xor(&self, other: impl Into<Term>) -> Array {
        Array::binary(Op::BitXor, self.cast(DType::Bool), other.into().into_array().cast(DType::Bool))
    }
    /// Whether it does not hold.
    #[track_caller]
    pub fn logical_not(&self) -> Array {
        self.cast(DType::Bool).invert()
    }
    /// Quotient and remainder at once: [`floor_divide`](Self::floor_divide) and [`remainder`](Self::remainder).
    ///
    /// ```
    /// use array_core::Array;
    /// let (quotient, rest) = Array::from_vec(vec![-7i64, 7], [2]).divmod(3);
    /// assert_eq!((quotient.to_vec::<i64>()?, rest.to_vec::<i64>()?), (vec![-3, 2], vec![2, 1]));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn divmod(&self, other: impl Into<Term>) -> (Array, Array) {
        let other = other.into();
        (self.floor_divide(&other), self.remainder(&other))
    }
}

/// Short names beside the long ones.
impl Array {
    /// [`equal`](Self::equal): an array of `bool`, not an answer (`Array` has no `==`).
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 3, 1);
    /// assert_eq!((a.eq(1) | a.gt(1)).to_vec::<bool>()?, [false, true, true]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn eq(&self, other: impl Into<Term>) -> Array {
        self.equal(other)
    }
    /// [`not_equal`](Self::not_equal).
    #[track_caller]
    pub fn ne(&self, other: impl Into<Term>) -> Array {
        self.not_equal(other)
    }
    /// [`less`](Self::less).
    #[track_caller]
    pub fn lt(&self, other: impl Into<Term>) -> Array {
        self.less(other)
    }
    /// [`less_equal`](Self::less_equal).
    #[track_caller]
    pub fn le(&self, other: impl Into<Term>) -> Array {
        self.less_equal(other)
    }
    /// [`greater`](Self::greater).
    #[track_caller]
    pub fn gt(&self, other: impl Into<Term>) -> Array {
        self.greater(other)
    }
    /// [`greater_equal`](Self::greater_equal).
    #[track_caller]
    pub fn ge(&self, other: impl Into<Term>) -> Array {
        self.greater_equal(other)
    }
}
