//! The operations of expressions, one table, and NumPy's rules for their types.

use crate::dtype::{DType, Kind, Scalar};

macro_rules! ops {
    ($($(#[$doc:meta])* $variant:ident $arity:literal $name:literal,)*) => {
        /// An elementwise operation, under NumPy's name.
        ///
        /// ```
        /// use array_core::Op;
        /// assert_eq!(Op::Hypot.name(), "hypot");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Op { $($(#[$doc])* $variant),* }

        impl Op {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$variant),*];
            /// NumPy's name.
            pub const fn name(self) -> &'static str { match self { $(Op::$variant => $name),* } }
            /// Number of operands.
            #[inline]
            pub const fn arity(self) -> usize { match self { $(Op::$variant => $arity),* } }
        }
    };
}

ops! {
    /// The operand itself.
    Copy 1 "positive",
    /// The operand in another type.
    Cast 1 "astype",
    /// `-a`.
    Negative 1 "negative",
    /// `|a|`; the least integer stays.
    Abs 1 "absolute",
    /// Square root, correctly rounded.
    Sqrt 1 "sqrt",
    /// `a * a`.
    Square 1 "square",
    /// `1 / a`.
    Reciprocal 1 "reciprocal",
    /// Bitwise not; of `bool`, logical not.
    Invert 1 "invert",
    /// -1, 0 or 1 as the operand is below, at or above zero; of a complex number, it divided by its absolute value.
    Sign 1 "sign",
    /// Greatest whole number not above.
    Floor 1 "floor",
    /// Least whole number not below.
    Ceil 1 "ceil",
    /// Cut towards zero.
    Trunc 1 "trunc",
    /// Nearest whole number, halves to even.
    Rint 1 "rint",
    /// Whether the operand (a part of it) is NaN.
    IsNan 1 "isnan",
    /// Whether the operand (a part of it) is infinite.
    IsInf 1 "isinf",
    /// Whether the operand (each part of it) is neither infinite nor NaN.
    IsFinite 1 "isfinite",
    /// Whether the sign is minus, of -0 and NaN too.
    SignBit 1 "signbit",
    /// Complex conjugate.
    Conjugate 1 "conjugate",
    /// Real part.
    Real 1 "real",
    /// Imaginary part.
    Imag 1 "imag",
    /// Sine.
    Sin 1 "sin",
    /// Cosine.
    Cos 1 "cos",
    /// Tangent.
    Tan 1 "tan",
    /// Inverse sine; NaN outside -1..=1.
    Asin 1 "arcsin",
    /// Inverse cosine; NaN outside -1..=1.
    Acos 1 "arccos",
    /// Inverse tangent.
    Atan 1 "arctan",
    /// Hyperbolic sine.
    Sinh 1 "sinh",
    /// Hyperbolic cosine.
    Cosh 1 "cosh",
    /// Hyperbolic tangent.
    Tanh 1 "tanh",
    /// Inverse hyperbolic sine.
    Asinh 1 "arcsinh",
    /// Inverse hyperbolic cosine; NaN below 1.
    Acosh 1 "arccosh",
    /// Inverse hyperbolic tangent; NaN outside -1..=1.
    Atanh 1 "arctanh",
    /// `e ** a`.
    Exp 1 "exp",
    /// `2 ** a`.
    Exp2 1 "exp2",
    /// `e ** a - 1`, accurate near 0.
    Expm1 1 "expm1",
    /// Natural logarithm; NaN below 0.
    Log 1 "log",
    /// Logarithm to base 2.
    Log2 1 "log2",
    /// Logarithm to base 10.
    Log10 1 "log10",
    /// `log(1 + a)`, accurate near 0.
    Log1p 1 "log1p",
    /// Cube root.
    Cbrt 1 "cbrt",
    /// `a + b`; of `bool`, or.
    Add 2 "add",
    /// `a - b`.
    Subtract 2 "subtract",
    /// `a * b`; of `bool`, and.
    Multiply 2 "multiply",
    /// `a / b` in floating point.
    Divide 2 "divide",
    /// `floor(a / b)`; integers by zero give 0.
    FloorDivide 2 "floor_divide",
    /// What is left of floor division, with the sign of `b`; integers by zero give 0.
    Remainder 2 "remainder",
    /// What is left of division cut towards zero, with the sign of `a`; integers by zero give 0.
    FMod 2 "fmod",
    /// `a ** b`.
    Power 2 "power",
    /// The lesser; NaN if either is.
    Minimum 2 "minimum",
    /// The greater; NaN if either is.
    Maximum 2 "maximum",
    /// The lesser; a number rather than NaN.
    FMin 2 "fmin",
    /// The greater; a number rather than NaN.
    FMax 2 "fmax",
    /// `sqrt(a*a + b*b)` without overflow.
    Hypot 2 "hypot",
    /// The angle of the point `(b, a)`, in -pi..=pi.
    Atan2 2 "arctan2",
    /// `a == b`.
    Equal 2 "equal",
    /// `a != b`.
    NotEqual 2 "not_equal",
    /// `a < b`.
    Less 2 "less",
    /// `a <= b`.
    LessEqual 2 "less_equal",
    /// `a > b`.
    Greater 2 "greater",
    /// `a >= b`.
    GreaterEqual 2 "greater_equal",
    /// Bitwise and; of `bool`, logical and.
    BitAnd 2 "bitwise_and",
    /// Bitwise or; of `bool`, logical or.
    BitOr 2 "bitwise_or",
    /// Bitwise exclusive or.
    BitXor 2 "bitwise_xor",
    /// `a << b`; distances outside the width give 0.
    LeftShift 2 "left_shift",
    /// `a >> b`, copying the sign.
    RightShift 2 "right_shift",
    /// `b` where `a` holds, else `c`.
    Where 3 "where",
}

impl Op {
    /// The operation numbered so in an encoded plan.
    pub(crate) fn from_code(code: u8) -> Op {
        Op::ALL[code as usize]
    }

    pub(crate) fn is_comparison(self) -> bool {
        use Op::*;
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }

    /// Whether swapping the operands changes no bit of the result (NaN signs and payloads aside).
    pub(crate) fn commutes(self) -> bool {
        use Op::*;
        matches!(self, Add | Multiply | Hypot | Equal | NotEqual | BitAnd | BitOr | BitXor)
    }

    /// Whether it is one of the elementary functions of `functions`.
    pub(crate) fn is_function(self) -> bool {
        use Op::*;
        matches!(
            self,
            Sin | Cos
                | Tan
                | Asin
                | Acos
                | Atan
                | Sinh
                | Cosh
                | Tanh
                | Asinh
                | Acosh
                | Atanh
                | Exp
                | Exp2
                | Expm1
                | Log
                | Log2
                | Log10
                | Log1p
                | Cbrt
                | Atan2
        )
    }

    /// The operation that does this one's work on `dtype`: sums and products of truth values are logical.
    pub(crate) fn on_truth(self, dtype: DType) -> Op {
        use Op::*;
        match self {
            Add | Maximum | FMax if dtype == DType::Bool => BitOr,
            Multiply | Minimum | FMin if dtype == DType::Bool => BitAnd,
            op => op,
        }
    }

    /// Whether operands are taken to their floating point types one by one ([`DType::inexact`]) before they meet.
    pub(crate) fn is_inexact(self) -> bool {
        use Op::*;
        matches!(self, Sqrt | Hypot | Rint) || self.is_function()
    }

    /// Whether an operation of one operand of such a type gives the operand itself, but for its type: there is no kernel for it.
    pub(crate) fn is_itself(self, input: DType) -> bool {
        let real = !input.is_complex();
        match self {
            Op::Copy | Op::Cast => true,
            Op::Abs => matches!(input.kind(), Kind::Bool | Kind::Unsigned),
            Op::Floor | Op::Ceil | Op::Trunc => real && !input.is_float(),
            Op::Conjugate | Op::Real => real,
            _ => false,
        }
    }

    /// The type the kernel reads and the type it gives, for operands of (promoted) type `common`; or why there is none.
    /// Not for `Cast` and `Where`, whose types are the caller's.
    #[inline]
    pub(crate) fn types(self, common: DType) -> Result<(DType, DType), &'static str> {
        use Op::*;
        // What most of computing is, at a glance.
        if matches!(self, Add | Subtract | Multiply | Divide | Minimum | Maximum) && common.is_float() {
            return Ok((common, common));
        }
        self.types_in_general(common)
    }

    fn types_in_general(self, common: DType) -> Result<(DType, DType), &'static str> {
        use Op::*;
        let kind = common.kind();
        let bool_as_int8 = if kind == Kind::Bool { DType::I8 } else { common };
        match self {
            Copy if kind == Kind::Bool => Err("truth values have no sign"),
            Negative if kind == Kind::Bool => Err("use the ~ operator or logical_not instead"),
            Subtract if kind == Kind::Bool => {
                Err("use the bitwise_xor, the ^ operator, or logical_xor instead")
            }
            Sign if kind == Kind::Bool => Err("a truth value has no sign"),
            FloorDivide | Remainder | FMod | Hypot | Floor | Ceil | Trunc | SignBit
                if kind == Kind::Complex =>
            {
                Err("complex numbers are not ordered along a line")
            }
            _ if self.is_function() && kind == Kind::Complex && !matches!(self, Exp | Log | Sin | Cos) => {
                Err("this function is not there for complex numbers")
            }
            _ if self.is_function() => Ok((common.inexact(), common.inexact())),
            Invert | BitAnd | BitOr | BitXor | LeftShift | RightShift
                if matches!(kind, Kind::Float | Kind::Complex) =>
            {
                Err("bit operations are for bool and integers")
            }
            Copy | Cast | Where | Add | Multiply | Minimum | Maximum | FMin | FMax | Negative | Subtract
            | Sign | Invert | BitAnd | BitOr | BitXor | Floor | Ceil | Trunc => Ok((common, common)),
            Conjugate | Square | Reciprocal | Power | FloorDivide | Remainder | FMod | LeftShift
            | RightShift => Ok((bool_as_int8, bool_as_int8)),
            Abs | Real | Imag if kind == Kind::Complex => Ok((common, common.real())),
            Abs | Real | Imag => Ok((common, common)),
            Divide if !matches!(kind, Kind::Float | Kind::Complex) => Ok((DType::F64, DType::F64)),
            Sqrt | Hypot | Rint | Divide => Ok((common.inexact(), common.inexact())),
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | IsNan | IsInf | IsFinite
            | SignBit => Ok((common, DType::Bool)),
            Sin | Cos | Tan | Asin | Acos | Atan | Sinh | Cosh | Tanh | Asinh | Acosh | Atanh | Exp
            | Exp2 | Expm1 | Log | Log2 | Log10 | Log1p | Cbrt | Atan2 => unreachable!("answered above"),
        }
    }
}

/// A reduction over all elements.
///
/// ```
/// use array_core::{DType, ReduceOp};
/// assert_eq!(ReduceOp::Sum.result(DType::Bool), DType::I64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum ReduceOp {
    /// Sum, by NumPy's pairwise tree; of nothing 0.
    Sum,
    /// Greatest; NaN if there is one.
    Max,
    /// Least; NaN if there is one.
    Min,
    /// Sum divided by the number of elements; of nothing NaN.
    Mean,
    /// Product, by the tree of sums; of nothing 1.
    Prod,
}

impl ReduceOp {
    pub(crate) const ALL: [ReduceOp; 5] =
        [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min, ReduceOp::Mean, ReduceOp::Prod];

    /// NumPy's name of the underlying ufunc reduction.
    pub const fn name(self) -> &'static str {
        match self {
            ReduceOp::Sum => "add",
            ReduceOp::Max => "maximum",
            ReduceOp::Min => "minimum",
            ReduceOp::Mean => "mean",
            ReduceOp::Prod => "multiply",
        }
    }

    /// What the reduction of nothing is, in `dtype`; extremes have none, and give zero here.
    pub(crate) fn identity(self, dtype: DType) -> Scalar {
        Scalar::Bool(self == ReduceOp::Prod).cast(dtype)
    }

    /// The type the argument is cast to before it is reduced, which is also the type of the result.
    pub const fn result(self, of: DType) -> DType {
        match (self, of.kind()) {
            (ReduceOp::Sum | ReduceOp::Prod, Kind::Bool | Kind::Signed) => DType::I64,
            (ReduceOp::Sum | ReduceOp::Prod, Kind::Unsigned) => DType::U64,
            (ReduceOp::Mean, Kind::Bool | Kind::Signed | Kind::Unsigned) => DType::F64,
            _ => of,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_at_a_glance_is_what_the_rules_say() {
        for (op, dtype) in Op::ALL.iter().flat_map(|op| DType::ALL.iter().map(move |dtype| (*op, *dtype))) {
            if !matches!(op, Op::Cast | Op::Where) {
                assert_eq!(op.types(dtype), op.types_in_general(dtype), "{} of {dtype}", op.name());
            }
        }
    }
}
