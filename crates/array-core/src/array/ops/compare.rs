//! Comparisons.

use super::{
    super::{Array, Term},
    map, pair,
    types::common,
};
use crate::{
    dtype::{DType, Kind as TypeKind},
    expr::Op,
};

/// Comparisons are exact where promotion would round, and are written with `<`, `<=`, `==`, `!=` only.
#[track_caller]
pub(super) fn compare(op: Op, a: Term, b: Term) -> Array {
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
            pair(op, DType::Bool, a.of(dtype), b.of(dtype))
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
