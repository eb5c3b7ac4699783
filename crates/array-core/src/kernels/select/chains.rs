//! Which kernel runs a superinstruction of floats.

use super::{
    super::{
        arith::{self, *},
        chain::{Chain, Choose, Paired, Scaled, Weighted},
        loops::{S, V},
        pick,
    },
    Isa, Kernel, Mask,
};
use crate::expr::Op;

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
