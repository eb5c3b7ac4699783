//! Which kernel runs an instruction: from operation, types and scalar sides to machine code.

use super::{
    Isa, Kernel,
    arith::{self, *},
    chain::{Chain, Choose, Paired, Scaled, Weighted},
    convert::Truth,
    loops::{CheckedPow, Convert, Copy1, Map1, Map2, S, V, Where},
    pick,
};
use crate::{dtype::DType, expr::Op};

/// Bit `k` of a mask: source `k` (from 0) is a scalar.
pub(crate) type Mask = u8;

macro_rules! sides {
    // Both sides may be scalar (the operation does not commute).
    ($isa:expr, $mask:expr, $F:ty, $T:ty) => {
        match $mask {
            0b00 => pick::<Map2<$F, $T, V, V>>($isa),
            0b10 => pick::<Map2<$F, $T, V, S>>($isa),
            0b01 => pick::<Map2<$F, $T, S, V>>($isa),
            _ => return None,
        }
    };
    // The compiler of plans puts the scalar of a commuting operation right.
    ($isa:expr, $mask:expr, $F:ty, $T:ty, commutes) => {
        match $mask {
            0b00 => pick::<Map2<$F, $T, V, V>>($isa),
            0b10 => pick::<Map2<$F, $T, V, S>>($isa),
            _ => return None,
        }
    };
}

/// The kernel of one operation on operands of type `input` giving `output`, or none for this combination of scalar sides:
/// then the compiler of plans spreads a scalar over a block first.
pub(crate) fn op(isa: Isa, op: Op, input: DType, output: DType, mask: Mask) -> Option<Kernel> {
    if op == Op::Where {
        return choose(isa, output, mask);
    }
    if op.arity() == 1 {
        return unary(isa, op, input, output, mask);
    }
    macro_rules! number {
        ($T:ty) => {
            match op {
                Op::Add => sides!(isa, mask, arith::Add, $T, commutes),
                Op::Subtract => sides!(isa, mask, arith::Sub, $T),
                Op::Multiply => sides!(isa, mask, arith::Mul, $T, commutes),
                Op::FloorDivide => sides!(isa, mask, FloorDiv, $T),
                Op::Remainder => sides!(isa, mask, arith::Rem, $T),
                Op::Minimum => sides!(isa, mask, Min, $T),
                Op::Maximum => sides!(isa, mask, Max, $T),
                _ => compare!($T),
            }
        };
    }
    macro_rules! compare {
        ($T:ty) => {
            match op {
                Op::Equal => sides!(isa, mask, Eq, $T, commutes),
                Op::NotEqual => sides!(isa, mask, Ne, $T, commutes),
                Op::Less => sides!(isa, mask, Lt, $T),
                Op::LessEqual => sides!(isa, mask, Le, $T),
                _ => return None,
            }
        };
    }
    macro_rules! integer {
        ($T:ty) => {
            match op {
                Op::BitAnd => sides!(isa, mask, And, $T, commutes),
                Op::BitOr => sides!(isa, mask, Or, $T, commutes),
                Op::BitXor => sides!(isa, mask, Xor, $T, commutes),
                Op::Power => sides!(isa, mask, Pow, $T),
                _ => number!($T),
            }
        };
    }
    Some(match input {
        DType::Bool => match op {
            Op::BitAnd => sides!(isa, mask, And, u8, commutes),
            Op::BitOr => sides!(isa, mask, Or, u8, commutes),
            Op::BitXor => sides!(isa, mask, Xor, u8, commutes),
            _ => compare!(u8),
        },
        DType::U8 => integer!(u8),
        DType::I64 if op == Op::Power => match mask {
            0b00 => pick::<CheckedPow<V, V>>(isa),
            // A scalar exponent was checked when the expression was built, unless it is data.
            0b10 => pick::<CheckedPow<V, S>>(isa),
            0b01 => pick::<CheckedPow<S, V>>(isa),
            _ => return None,
        },
        DType::I64 => integer!(i64),
        DType::U64 => integer!(u64),
        DType::F64 => match op {
            Op::Divide => sides!(isa, mask, arith::Div, f64),
            Op::Hypot => sides!(isa, mask, Hypot, f64, commutes),
            Op::Power => sides!(isa, mask, Pow, f64),
            _ => number!(f64),
        },
    })
}

fn unary(isa: Isa, op: Op, input: DType, output: DType, mask: Mask) -> Option<Kernel> {
    if op == Op::Copy {
        return Some(match (input.size(), mask) {
            (1, 0) => pick::<Copy1<u8, V>>(isa),
            (1, _) => pick::<Copy1<u8, S>>(isa),
            (_, 0) => pick::<Copy1<u64, V>>(isa),
            _ => pick::<Copy1<u64, S>>(isa),
        });
    }
    if mask != 0 {
        return None;
    }
    macro_rules! number {
        ($T:ty) => {
            match op {
                Op::Negative => pick::<Map1<arith::Neg, $T>>(isa),
                Op::Abs => pick::<Map1<Abs, $T>>(isa),
                Op::Square => pick::<Map1<Square, $T>>(isa),
                _ => return None,
            }
        };
    }
    macro_rules! cast {
        ($T:ty: $($variant:ident $U:ty),*) => {
            match output { $(DType::$variant => pick::<Convert<$T, $U>>(isa),)* _ => return None }
        };
    }
    Some(match (op, input) {
        (Op::Cast, DType::Bool) => cast!(Truth: U8 u8, I64 i64, U64 u64, F64 f64),
        (Op::Cast, DType::U8) => cast!(u8: Bool Truth, I64 i64, U64 u64, F64 f64),
        (Op::Cast, DType::I64) => cast!(i64: Bool Truth, U8 u8, U64 u64, F64 f64),
        (Op::Cast, DType::U64) => cast!(u64: Bool Truth, U8 u8, I64 i64, F64 f64),
        (Op::Cast, DType::F64) => cast!(f64: Bool Truth, U8 u8, I64 i64, U64 u64),
        (Op::Invert, DType::Bool) => pick::<Map1<arith::Not, u8>>(isa),
        (Op::Invert, DType::U8) => pick::<Map1<Invert, u8>>(isa),
        (Op::Invert, DType::I64) => pick::<Map1<Invert, i64>>(isa),
        (Op::Invert, DType::U64) => pick::<Map1<Invert, u64>>(isa),
        (Op::Sqrt, DType::F64) => pick::<Map1<Sqrt, f64>>(isa),
        (Op::Reciprocal, DType::F64) => pick::<Map1<Reciprocal, f64>>(isa),
        (_, DType::U8) => number!(u8),
        (_, DType::I64) => number!(i64),
        (_, DType::U64) => number!(u64),
        (_, DType::F64) => number!(f64),
        _ => return None,
    })
}

fn choose(isa: Isa, dtype: DType, mask: Mask) -> Option<Kernel> {
    macro_rules! sized {
        ($T:ty) => {
            match mask {
                0b000 => pick::<Where<$T, V, V>>(isa),
                0b010 => pick::<Where<$T, S, V>>(isa),
                0b100 => pick::<Where<$T, V, S>>(isa),
                0b110 => pick::<Where<$T, S, S>>(isa),
                _ => return None,
            }
        };
    }
    Some(if dtype.size() == 1 { sized!(u8) } else { sized!(u64) })
}

/// The links of float superinstructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Add,
    Sub,
    /// The right operand minus the left.
    RSub,
    Mul,
}

/// `g(f(x, y), z)`; mask bits 1 and 2 for `y` and `z`.
pub(crate) fn chain(isa: Isa, f: Link, g: Link, mask: Mask) -> Option<Kernel> {
    macro_rules! last {
        ($F:ty, $Y:ty, $Z:ty) => {
            match g {
                Link::Add => pick::<Chain<$F, arith::Add, $Y, $Z>>(isa),
                Link::Sub => pick::<Chain<$F, arith::Sub, $Y, $Z>>(isa),
                Link::RSub => pick::<Chain<$F, RSub, $Y, $Z>>(isa),
                Link::Mul => pick::<Chain<$F, arith::Mul, $Y, $Z>>(isa),
            }
        };
    }
    macro_rules! first {
        ($Y:ty, $Z:ty) => {
            match f {
                Link::Add => last!(arith::Add, $Y, $Z),
                Link::Sub => last!(arith::Sub, $Y, $Z),
                Link::RSub => last!(RSub, $Y, $Z),
                Link::Mul => last!(arith::Mul, $Y, $Z),
            }
        };
    }
    Some(match mask {
        0b000 => first!(V, V),
        0b010 => first!(S, V),
        0b100 => first!(V, S),
        0b110 => first!(S, S),
        _ => return None,
    })
}

/// `g((x ± y) * s, z)`, and times `t` if `scaled`.
pub(crate) fn weighted(isa: Isa, minus: bool, g: Link, scaled: bool) -> Option<Kernel> {
    macro_rules! last {
        ($form:ident, $F:ty) => {
            match g {
                Link::Add => pick::<$form<$F, arith::Add>>(isa),
                Link::Sub => pick::<$form<$F, arith::Sub>>(isa),
                Link::RSub => pick::<$form<$F, RSub>>(isa),
                Link::Mul => return None,
            }
        };
    }
    Some(match (minus, scaled) {
        (false, false) => last!(Weighted, arith::Add),
        (true, false) => last!(Weighted, arith::Sub),
        (false, true) => last!(Scaled, arith::Add),
        (true, true) => last!(Scaled, arith::Sub),
    })
}

/// `(x ± y) * s ± (z ± w) * t`, and times `u` if `scaled`; the flags say where the sign is minus.
pub(crate) fn paired(isa: Isa, left: bool, right: bool, last: bool, scaled: bool) -> Kernel {
    macro_rules! last {
        ($F:ty, $H:ty) => {
            match (last, scaled) {
                (false, false) => pick::<Paired<$F, $H, arith::Add, false>>(isa),
                (false, true) => pick::<Paired<$F, $H, arith::Add, true>>(isa),
                (true, false) => pick::<Paired<$F, $H, arith::Sub, false>>(isa),
                (true, true) => pick::<Paired<$F, $H, arith::Sub, true>>(isa),
            }
        };
    }
    match (left, right) {
        (false, false) => last!(arith::Add, arith::Add),
        (false, true) => last!(arith::Add, arith::Sub),
        (true, false) => last!(arith::Sub, arith::Add),
        (true, true) => last!(arith::Sub, arith::Sub),
    }
}

/// `if cmp(x, y) { a } else { b }` of floats over eight-byte choices; mask bits 1, 2 and 3 for `y`, `a` and `b`.
pub(crate) fn compare_select(isa: Isa, cmp: Op, mask: Mask) -> Option<Kernel> {
    macro_rules! sides {
        ($C:ty) => {
            match mask {
                0b0000 => pick::<Choose<$C, V, V, V>>(isa),
                0b0010 => pick::<Choose<$C, S, V, V>>(isa),
                0b0100 => pick::<Choose<$C, V, S, V>>(isa),
                0b0110 => pick::<Choose<$C, S, S, V>>(isa),
                0b1000 => pick::<Choose<$C, V, V, S>>(isa),
                0b1010 => pick::<Choose<$C, S, V, S>>(isa),
                0b1100 => pick::<Choose<$C, V, S, S>>(isa),
                0b1110 => pick::<Choose<$C, S, S, S>>(isa),
                _ => return None,
            }
        };
    }
    Some(match cmp {
        Op::Equal => sides!(Eq),
        Op::NotEqual => sides!(Ne),
        Op::Less => sides!(Lt),
        Op::LessEqual => sides!(Le),
        Op::Greater => sides!(Gt),
        Op::GreaterEqual => sides!(Ge),
        _ => return None,
    })
}
