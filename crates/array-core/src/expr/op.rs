//! The operations of expressions, one table, and NumPy's rules for their types.

use crate::dtype::{DType, Kind};

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
            pub(crate) const ALL: &'static [Op] = &[$(Op::$variant),*];
            /// NumPy's name.
            pub const fn name(self) -> &'static str { match self { $(Op::$variant => $name),* } }
            /// Number of operands.
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
    /// `a ** b`.
    Power 2 "power",
    /// The lesser; NaN if either is.
    Minimum 2 "minimum",
    /// The greater; NaN if either is.
    Maximum 2 "maximum",
    /// `sqrt(a*a + b*b)` without overflow.
    Hypot 2 "hypot",
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

    /// The type the kernel reads and the type it gives, for operands of (promoted) type `common`; or why there is none.
    /// Not for `Cast` and `Where`, whose types are the caller's.
    pub(crate) fn types(self, common: DType) -> Result<(DType, DType), &'static str> {
        use Op::*;
        let float = || if common.is_float() { common } else { DType::F64 };
        let kind = common.kind();
        match self {
            Copy | Abs | Square | Add | Multiply | Minimum | Maximum | Cast | Where => Ok((common, common)),
            Negative if kind == Kind::Bool => Err("use the ~ operator or logical_not instead"),
            Subtract if kind == Kind::Bool => {
                Err("use the bitwise_xor, the ^ operator, or logical_xor instead")
            }
            Negative | Subtract => Ok((common, common)),
            Sqrt | Divide | Hypot => Ok((float(), float())),
            Power | FloorDivide | Remainder | Reciprocal if kind == Kind::Bool => {
                Err("the result would be int8, which is not an element type; cast an operand first")
            }
            Power | FloorDivide | Remainder | Reciprocal => Ok((common, common)),
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => Ok((common, DType::Bool)),
            Invert | BitAnd | BitOr | BitXor if kind == Kind::Float => {
                Err("bit operations are for bool and integers")
            }
            Invert | BitAnd | BitOr | BitXor => Ok((common, common)),
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
}

impl ReduceOp {
    pub(crate) const ALL: [ReduceOp; 4] = [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min, ReduceOp::Mean];

    /// NumPy's name of the underlying ufunc reduction.
    pub const fn name(self) -> &'static str {
        match self {
            ReduceOp::Sum => "add",
            ReduceOp::Max => "maximum",
            ReduceOp::Min => "minimum",
            ReduceOp::Mean => "mean",
        }
    }

    /// The type the argument is cast to before it is reduced, which is also the type of the result.
    pub const fn result(self, of: DType) -> DType {
        match (self, of.kind()) {
            (ReduceOp::Sum, Kind::Bool | Kind::Signed) => DType::I64,
            (ReduceOp::Sum, Kind::Unsigned) => DType::U64,
            (ReduceOp::Mean, Kind::Bool | Kind::Signed | Kind::Unsigned) => DType::F64,
            _ => of,
        }
    }
}
