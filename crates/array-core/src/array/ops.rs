//! Operators and functions on arrays: type resolution, then a node.
//!
//! Every door is `#[track_caller]`, so an error names the line of the operator that made it. The rules are NumPy 2's: operands
//! are promoted ([`DType::promote`]), plain numbers are weak ([`Term`]), comparisons of `int64` with `uint64` are exact.
//! Where NumPy's result would be `float16` (`sqrt` of `bool` or of 8-bit integers) it is `float32` here.

use super::{Array, Term};
use crate::{
    dtype::{DType, Element, Kind as TypeKind, Scalar},
    error::ArrayError,
    expr::{Args, Kind, Node, Op},
    layout::{Dims, alike, broadcast_shapes, few},
};
use num_complex::Complex;
use smallvec::smallvec;
use std::{
    ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub},
    panic::Location,
};

/// The common type of two operands by NEP 50; `inexact` takes two arrays to their floating point types first.
fn common(a: &Term, b: &Term, inexact: bool) -> DType {
    let own = |array: &Array| if inexact { array.dtype().inexact() } else { array.dtype() };
    let weak = |array: DType, value: Scalar| match (value.dtype().kind(), array.kind()) {
        (TypeKind::Complex, TypeKind::Complex) => array,
        (TypeKind::Complex, _) if array == DType::F32 => DType::C64,
        (TypeKind::Complex, _) => DType::C128,
        (TypeKind::Float, TypeKind::Float | TypeKind::Complex) => array,
        (TypeKind::Float, _) => DType::F64,
        (TypeKind::Signed | TypeKind::Unsigned, TypeKind::Bool) => DType::I64,
        _ => array,
    };
    match (a, b) {
        (Term::Array(a), Term::Array(b)) => own(a).promote(own(b)),
        (Term::Array(a), Term::Weak(v)) | (Term::Weak(v), Term::Array(a)) => weak(a.dtype(), *v),
        (Term::Weak(a), Term::Weak(b)) => a.dtype().promote(b.dtype()),
    }
}

impl Term {
    fn dtype(&self) -> DType {
        match self {
            Term::Array(a) => a.dtype(),
            Term::Weak(v) => v.dtype(),
        }
    }

    fn as_const(&self) -> Option<Scalar> {
        match self {
            Term::Array(a) => a.as_const(),
            Term::Weak(v) => Some(*v),
        }
    }

    pub(super) fn into_array(self) -> Array {
        match self {
            Term::Array(a) => a,
            Term::Weak(v) => Array::scalar(v),
        }
    }

    /// The integer that `dtype` cannot hold, if this is a plain integer and it cannot.
    pub(super) fn out_of_bounds(&self, dtype: DType) -> Option<i64> {
        match *self {
            Term::Weak(Scalar::I64(v)) if dtype.is_integer() => {
                (Scalar::I64(v).cast(dtype).as_integer() != Some(i128::from(v))).then_some(v)
            }
            _ => None,
        }
    }

    /// As an array of `dtype`.
    #[track_caller]
    fn of(self, dtype: DType) -> Array {
        match self.out_of_bounds(dtype) {
            Some(value) => Array::fail(ArrayError::IntegerBounds { value, dtype }),
            None => match self.into_array() {
                array if array.dtype() == dtype => array,
                array => array.cast(dtype),
            },
        }
    }
}

/// The type of the result, if the operation reads two arrays as they are.
#[inline]
fn own_types(op: Op, a: &Array, b: &Array) -> Option<DType> {
    let dtype = a.dtype();
    if dtype != b.dtype() || op.is_comparison() || op == Op::Power {
        return None;
    }
    let (input, output) = op.types(dtype).ok()?;
    (input == dtype && a.error().is_none() && b.error().is_none()).then_some(output)
}

/// The type of the result, if the operation reads an array and a plain number of the array's type as they are.
#[inline]
fn own_types_beside(op: Op, a: &Array, value: Scalar) -> Option<DType> {
    let dtype = a.dtype();
    if dtype != value.dtype() || op.is_comparison() || op == Op::Power {
        return None;
    }
    let (input, output) = op.types(dtype).ok()?;
    (input == dtype && a.error().is_none()).then_some(output)
}

/// A map over arguments of the right types; broadcasts their shapes.
#[track_caller]
fn map(op: Op, dtype: DType, args: Args) -> Array {
    if let Some(failed) = args.iter().find(|a| a.error().is_some()) {
        return failed.clone();
    }
    let shape = match &args[..] {
        [a] => few(a.shape()),
        [a, b] if alike(a.shape(), b.shape()) => few(a.shape()),
        [a, b] if b.ndim() == 0 => few(a.shape()),
        [a, b] if a.ndim() == 0 => few(b.shape()),
        [a, b, c] if [b, c].iter().all(|x| x.ndim() == 0 || alike(x.shape(), a.shape())) => few(a.shape()),
        [a, b, rest @ ..] => {
            let third = rest.first().map_or(&[][..], Array::shape);
            match broadcast_shapes(&[a.shape(), b.shape(), third]) {
                Ok(shape) => shape,
                Err(error) => return Array::fail(error),
            }
        }
        [] => Dims::new(),
    };
    Node::map(op, dtype, shape, args, Location::caller())
}

impl Array {
    /// An operation of one operand, with NumPy's types.
    ///
    /// Types the operation does not have are [`ArrayError::Unsupported`], which comes out of the evaluation. Panics if the
    /// operation takes another number of operands.
    #[track_caller]
    pub fn unary(op: Op, a: impl Into<Term>) -> Array {
        assert_eq!(op.arity(), 1, "{} takes {} operands", op.name(), op.arity());
        let a = a.into().into_array();
        match op.types(a.dtype()) {
            Err(reason) => {
                let error = ArrayError::Unsupported { operation: op.name(), dtypes: vec![a.dtype()], reason };
                if a.error().is_some() { a } else { Array::fail(error) }
            }
            Ok((input, output)) => {
                let real = !input.is_complex();
                let whole = real && !input.is_float();
                match op {
                    Op::Copy | Op::Cast => a,
                    Op::Abs if matches!(input.kind(), TypeKind::Bool | TypeKind::Unsigned) => a,
                    Op::Floor | Op::Ceil | Op::Trunc if whole => a,
                    Op::Conjugate if real => a.cast(output),
                    Op::Real if real => a,
                    Op::Imag if real => Array::full(a.shape(), Scalar::zero(output)),
                    Op::IsNan | Op::IsInf | Op::IsFinite if whole => {
                        Array::full(a.shape(), op == Op::IsFinite)
                    }
                    Op::SignBit if whole => a.less(0),
                    // As NumPy: in double precision, and back.
                    Op::Reciprocal if whole => a.cast(DType::F64).reciprocal().cast(output),
                    _ => map(op, output, smallvec![a.cast(input)]),
                }
            }
        }
    }

    /// An operation of two operands, with NumPy's types; plain numbers are weak ([`Term`]).
    ///
    /// What is wrong comes out of the evaluation: [`ArrayError::Broadcast`], [`ArrayError::Unsupported`],
    /// [`ArrayError::IntegerBounds`], [`ArrayError::NegativePower`]. Panics if the operation takes another number of operands.
    #[track_caller]
    pub fn binary(op: Op, a: impl Into<Term>, b: impl Into<Term>) -> Array {
        assert_eq!(op.arity(), 2, "{} takes {} operands", op.name(), op.arity());
        let (a, b): (Term, Term) = match (a.into(), b.into()) {
            // Two arrays of the type that the operation reads, as most are: nothing to promote.
            (Term::Array(a), Term::Array(b)) => match own_types(op, &a, &b) {
                Some(output) => return map(op.on_truth(a.dtype()), output, smallvec![a, b]),
                None => (Term::Array(a), Term::Array(b)),
            },
            (Term::Array(a), Term::Weak(v)) => match own_types_beside(op, &a, v) {
                Some(output) => {
                    let shape = few(a.shape());
                    let args = smallvec![a, Array::scalar(v)];
                    return Node::map(op.on_truth(v.dtype()), output, shape, args, Location::caller());
                }
                None => (Term::Array(a), Term::Weak(v)),
            },
            (Term::Weak(v), Term::Array(a)) => match own_types_beside(op, &a, v) {
                Some(output) => {
                    let shape = few(a.shape());
                    let args = smallvec![Array::scalar(v), a];
                    return Node::map(op.on_truth(v.dtype()), output, shape, args, Location::caller());
                }
                None => (Term::Weak(v), Term::Array(a)),
            },
            terms => terms,
        };
        for term in [&a, &b] {
            if let Term::Array(array) = term
                && array.error().is_some()
            {
                return array.clone();
            }
        }
        if op.is_comparison() {
            return compare(op, a, b);
        }
        let common = common(&a, &b, op.is_inexact());
        let (input, output) = match op.types(common) {
            Ok(types) => types,
            Err(reason) => {
                let dtypes = vec![a.dtype(), b.dtype()];
                return Array::fail(ArrayError::Unsupported { operation: op.name(), dtypes, reason });
            }
        };
        if op == Op::Power
            && let Some(exponent) = b.as_const()
            && let Some(shortcut) = power_of_constant(&a, exponent, &b, input)
        {
            return shortcut;
        }
        map(op.on_truth(input), output, smallvec![a.of(input), b.of(input)])
    }

    /// `a` where `condition` holds, else `b`; the three broadcast together.
    ///
    /// A condition that is not `bool` holds where it is not zero.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 4, 1);
    /// assert_eq!(Array::where_(a.less(2), &a, 9).to_vec::<i64>()?, [0, 1, 9, 9]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn where_(condition: impl Into<Term>, a: impl Into<Term>, b: impl Into<Term>) -> Array {
        let (a, b): (Term, Term) = (a.into(), b.into());
        let dtype = common(&a, &b, false);
        let condition = condition.into().into_array().cast(DType::Bool);
        map(Op::Where, dtype, smallvec![condition, a.of(dtype), b.of(dtype)])
    }

    /// The elements in another type, as NumPy's `astype` ([`Scalar::cast`]); the array itself if it has that type.
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Array {
        if self.dtype() == dtype || self.error().is_some() {
            return self.clone();
        }
        match &self.0.kind {
            Kind::Const { value, shape } => {
                Node::leaf(dtype, Kind::Const { value: value.cast(dtype), shape: shape.clone() })
            }
            _ => map(Op::Cast, dtype, [self.clone()].into_iter().collect()),
        }
    }

    /// [`cast`](Self::cast) to a Rust type.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::linspace(0.0, 2.0, 3).astype::<u8>().to_vec::<u8>()?, [0, 1, 2]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn astype<T: Element>(&self) -> Array {
        self.cast(T::DTYPE)
    }
}

/// Comparisons are exact where promotion would round, and are written with `<`, `<=`, `==`, `!=` only.
#[track_caller]
fn compare(op: Op, a: Term, b: Term) -> Array {
    let (op, a, b) = match op {
        Op::Greater => (Op::Less, b, a),
        Op::GreaterEqual => (Op::LessEqual, b, a),
        op => (op, a, b),
    };
    let shared = common(&a, &b, false);
    // A plain integer outside the array's type is an int64, which holds all narrower types; `uint64` is below.
    let side = |t: &Term| match t {
        Term::Weak(v) if t.out_of_bounds(shared).is_some() => v.dtype(),
        Term::Weak(_) => shared,
        Term::Array(a) => a.dtype(),
    };
    let (left, right) = (side(&a), side(&b));
    match (left.kind(), right.kind()) {
        (TypeKind::Signed, TypeKind::Unsigned) if right == DType::U64 => {
            signed_unsigned(op, a.of(DType::I64), b.of(DType::U64), true)
        }
        (TypeKind::Unsigned, TypeKind::Signed) if left == DType::U64 => {
            signed_unsigned(op, b.of(DType::I64), a.of(DType::U64), false)
        }
        _ => {
            let dtype = left.promote(right);
            map(op, DType::Bool, smallvec![a.of(dtype), b.of(dtype)])
        }
    }
}

/// `int64` compared with `uint64` without rounding: a negative one is less, the others compare as unsigned.
#[track_caller]
fn signed_unsigned(op: Op, signed: Array, unsigned: Array, signed_left: bool) -> Array {
    let negative = signed.less(0);
    let cast = signed.cast(DType::U64);
    let (left, right) = if signed_left { (&cast, &unsigned) } else { (&unsigned, &cast) };
    let plain = map(op, DType::Bool, [left.clone(), right.clone()].into_iter().collect());
    let when_negative = match op {
        Op::NotEqual => true,
        Op::Equal => false,
        _ => signed_left,
    };
    if when_negative { negative | plain } else { !negative & plain }
}

/// Powers that NumPy does not compute by `pow`; `input` is the type of the power.
#[track_caller]
fn power_of_constant(base: &Term, exponent: Scalar, term: &Term, input: DType) -> Option<Array> {
    let plain = matches!(term, Term::Weak(_)) || matches!(term, Term::Array(a) if a.ndim() == 0);
    let value = if exponent.dtype().is_complex() { f64::NAN } else { exponent.as_f64() };
    if input.is_integer() && exponent.as_integer().is_some_and(|e| e < 0) {
        return Some(Array::fail(ArrayError::NegativePower));
    }
    let op = match value {
        _ if !plain => return None,
        2.0 => Op::Square,
        1.0 => Op::Copy,
        0.5 if !input.is_integer() => Op::Sqrt,
        -1.0 if !input.is_integer() => Op::Reciprocal,
        _ => return None,
    };
    let base = base.clone().of(input);
    if op == Op::Copy { Some(base) } else { Some(map(op, input, [base].into_iter().collect())) }
}

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
    /// Square root, correctly rounded; NaN below zero.
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
    /// `self ** other`. Integers wrap; a negative integer exponent of an integer is [`ArrayError::NegativePower`], found
    /// now if the exponent is a plain number and at the evaluation if it is an array.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 4, 1).pow(3).to_vec::<i64>()?, [0, 1, 8, 27]);
    /// assert!(Array::arange(0, 4, 1).pow(-1).error().is_some());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pow Power;
    /// The lesser of two; NaN if either is.
    minimum Minimum;
    /// The greater of two; NaN if either is.
    maximum Maximum;
    /// `sqrt(self² + other²)` without overflow; the same bits on every machine.
    hypot Hypot;
    /// The angle of the point (`other`, `self`), in -pi..=pi, with the quadrants of the signs (also of zeros).
    atan2 Atan2;
    /// `floor(self / other)`; integers by zero give 0.
    floor_divide FloorDivide;
    /// `self - other * floor(self / other)`, with the sign of `other`; integers by zero give 0.
    remainder Remainder;
    /// What is left of division cut towards zero, with the sign of `self`; integers by zero give 0.
    fmod FMod;
    /// The lesser of two; a number rather than NaN.
    fmin FMin;
    /// The greater of two; a number rather than NaN.
    fmax FMax;
    /// `self << other` of integers; distances outside the width give 0.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1u8, 1, 1], [3]);
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

/// What holds of truth values (not zero is true), and bounds.
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
    /// `minimum(maximum(self, low), high)`: the element cut to `low..=high`; NaN if an operand is.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 5, 1).clip(1, 3).to_vec::<i64>()?, [1, 1, 2, 3, 3]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn clip(&self, low: impl Into<Term>, high: impl Into<Term>) -> Array {
        self.maximum(low).minimum(high)
    }
    /// Quotient and remainder at once: [`floor_divide`](Self::floor_divide) and [`remainder`](Self::remainder).
    #[track_caller]
    pub fn divmod(&self, other: impl Into<Term>) -> (Array, Array) {
        let other = other.into();
        (self.floor_divide(&other), self.remainder(&other))
    }
}

/// Short names beside the long ones.
impl Array {
    /// [`equal`](Self::equal).
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

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl<R: Into<Term>> $trait<R> for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, other: R) -> Array { Array::binary(Op::$op, self, other) }
        }
        impl<R: Into<Term>> $trait<R> for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, other: R) -> Array { Array::binary(Op::$op, self, other) }
        }
        operators!(@ $trait $method $op f64 f32 i64 i32 bool u8 u64 usize Complex<f64> Scalar);
    )*};
    (@ $trait:ident $method:ident $op:ident $($scalar:ty)*) => {$(
        impl $trait<Array> for $scalar {
            type Output = Array;
            #[track_caller]
            fn $method(self, other: Array) -> Array { Array::binary(Op::$op, self, other) }
        }
        impl $trait<&Array> for $scalar {
            type Output = Array;
            #[track_caller]
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
