//! Arithmetic that involves NumPy's values.
//!
//! **Promise** NumPy 2's results: Python numbers are weak, NumPy scalars and arrays are not (NEP 50). Array results stay
//! lazy; results of known scalars are computed at once, by the same kernels as arrays, so that a value never depends on
//! which of the two it went through.

use crate::{
    engine,
    fault::{Fault, Result, fail},
    interp::Interp,
    ops::{self, BinOp, CmpOp},
    value::Value,
};
use txarray::{Array, DType, Op, ReduceOp, Scalar, Term, array_core::Kind};

/// A value as an operand: Python numbers weak, lists as the arrays they would become.
pub(crate) fn term(value: &Value) -> Result<Term> {
    Ok(match value {
        Value::Int(n) => Term::Weak(Scalar::I64(*n)),
        Value::Float(x) => Term::Weak(Scalar::F64(*x)),
        Value::Bool(b) => Term::Weak(Scalar::Bool(*b)),
        other => Term::Array(operand(other)?),
    })
}

/// A value as an array of its own type.
pub(crate) fn operand(value: &Value) -> Result<Array> {
    Ok(match value {
        Value::Array(array) => array.read(),
        Value::Scalar(scalar) => Array::scalar(*scalar),
        Value::Int(n) => Array::scalar(*n),
        Value::Float(x) => Array::scalar(*x),
        Value::Bool(b) => Array::scalar(*b),
        other => fail!("a value of type '{}' is not an array or a number", other.type_name()),
    })
}

/// Whether the value is a number that is known already.
fn known(value: &Value) -> bool {
    !matches!(value, Value::Array(_))
}

fn op_of(op: BinOp) -> Op {
    match op {
        BinOp::Add => Op::Add,
        BinOp::Sub => Op::Subtract,
        BinOp::Mul => Op::Multiply,
        BinOp::Div => Op::Divide,
        BinOp::FloorDiv => Op::FloorDivide,
        BinOp::Mod => Op::Remainder,
        BinOp::Pow => Op::Power,
        BinOp::And => Op::BitAnd,
        BinOp::Or => Op::BitOr,
        BinOp::Xor => Op::BitXor,
    }
}

/// `left op right` where at least one is NumPy's.
pub(crate) fn binary(interp: &mut Interp<'_>, op: BinOp, left: &Value, right: &Value) -> Result<Value> {
    if let Some(value) = scalars(op, left, right) {
        return Ok(Value::Scalar(value));
    }
    let (left, right) = (listed(interp, left, right)?, listed(interp, right, left)?);
    let (Ok(a), Ok(b)) = (term(&left), term(&right)) else { return Err(ops::unsupported(op, &left, &right)) };
    let result = Array::binary(op_of(op), a, b);
    interp.note_fallible(op_of(op), &result);
    interp.lazy(result, known(&left) && known(&right))
}

/// A list or tuple beside an array as the array NumPy makes of it; other values as they are.
fn listed(interp: &mut Interp<'_>, value: &Value, beside: &Value) -> Result<Value> {
    match (value, beside) {
        (Value::List(_) | Value::Tuple(_) | Value::Range(_), Value::Array(_) | Value::Scalar(_)) => {
            crate::create::array_like(interp, value)
        }
        _ => Ok(value.clone()),
    }
}

/// The everyday arithmetic of known scalars, without building an expression.
fn scalars(op: BinOp, left: &Value, right: &Value) -> Option<Scalar> {
    let float = |value: &Value| match *value {
        Value::Scalar(Scalar::F64(x)) | Value::Float(x) => Some(x),
        Value::Int(n) => Some(n as f64),
        Value::Bool(b) => Some(f64::from(u8::from(b))),
        _ => None,
    };
    if let (Value::Scalar(Scalar::F64(_)), _) | (_, Value::Scalar(Scalar::F64(_))) = (left, right) {
        let (a, b) = (float(left)?, float(right)?);
        return Some(Scalar::F64(match op {
            BinOp::Add => a + b,
            BinOp::Sub => a - b,
            BinOp::Mul => a * b,
            BinOp::Div => a / b,
            _ => return None,
        }));
    }
    let integer = |value: &Value| match *value {
        Value::Scalar(Scalar::I64(n)) | Value::Int(n) => Some(n),
        _ => None,
    };
    let (a, b) = (integer(left)?, integer(right)?);
    Some(Scalar::I64(match op {
        BinOp::Add => a.wrapping_add(b),
        BinOp::Sub => a.wrapping_sub(b),
        BinOp::Mul => a.wrapping_mul(b),
        _ => return None,
    }))
}

/// `left op right`, elementwise, where at least one is NumPy's.
pub(crate) fn compare(interp: &mut Interp<'_>, op: CmpOp, left: &Value, right: &Value) -> Result<Value> {
    if known(left)
        && known(right)
        && !matches!(
            (left, right),
            (Value::List(_) | Value::Tuple(_), _) | (_, Value::List(_) | Value::Tuple(_))
        )
    {
        return Ok(match ops::compare(op, left, right)? {
            value
                if matches!(
                    (left, right),
                    (Value::None | Value::Str(_), _) | (_, Value::None | Value::Str(_))
                ) =>
            {
                Value::Bool(value)
            }
            value => Value::Scalar(Scalar::Bool(value)),
        });
    }
    let (left, right) = (listed(interp, left, right)?, listed(interp, right, left)?);
    let (Ok(a), Ok(b)) = (term(&left), term(&right)) else {
        if matches!(op, CmpOp::Eq | CmpOp::Ne) {
            fail!(
                "'{}' of an array and a value of type '{}' is not supported",
                op.symbol(),
                right.type_name()
            );
        }
        fail!(
            "'{}' is not supported between '{}' and '{}'",
            op.symbol(),
            left.type_name(),
            right.type_name()
        );
    };
    let op = match op {
        CmpOp::Eq => Op::Equal,
        CmpOp::Ne => Op::NotEqual,
        CmpOp::Lt => Op::Less,
        CmpOp::Le => Op::LessEqual,
        CmpOp::Gt => Op::Greater,
        CmpOp::Ge => Op::GreaterEqual,
    };
    interp.lazy(Array::binary(op, a, b), known(&left) && known(&right))
}

/// `-x`, `+x`, `~x`.
pub(crate) fn unary(interp: &mut Interp<'_>, symbol: char, value: &Value) -> Result<Value> {
    let op = match symbol {
        '-' => Op::Negative,
        '~' => Op::Invert,
        _ => Op::Copy,
    };
    map(interp, op, value)
}

/// A function of one operand.
pub(crate) fn map(interp: &mut Interp<'_>, op: Op, value: &Value) -> Result<Value> {
    let value = crate::create::array_like(interp, value)?;
    let known = known(&value);
    interp.lazy(Array::unary(op, operand(&value)?), known)
}

/// A function of two operands.
pub(crate) fn zip(interp: &mut Interp<'_>, op: Op, left: &Value, right: &Value) -> Result<Value> {
    let left = crate::create::array_like(interp, left)?;
    let right = crate::create::array_like(interp, right)?;
    let result = Array::binary(op, term(&left)?, term(&right)?);
    interp.note_fallible(op, &result);
    interp.lazy(result, known(&left) && known(&right))
}

/// Whether all elements hold.
pub(crate) fn all(interp: &mut Interp<'_>, value: &Value) -> Result<Value> {
    holds(interp, value, ReduceOp::Min, true)
}

/// Whether any element holds.
pub(crate) fn any(interp: &mut Interp<'_>, value: &Value) -> Result<Value> {
    holds(interp, value, ReduceOp::Max, false)
}

fn holds(interp: &mut Interp<'_>, value: &Value, op: ReduceOp, of_nothing: bool) -> Result<Value> {
    let value = crate::create::array_like(interp, value)?;
    let array = operand(&value)?.cast(DType::Bool);
    if array.is_empty() {
        return Ok(Value::Scalar(Scalar::Bool(of_nothing)));
    }
    let known = known(&value);
    interp.lazy(array.reduce(op), known)
}

/// `np.float64(x)`, `a.astype(…)`: another dtype, a scalar for a scalar.
pub(crate) fn convert(interp: &mut Interp<'_>, value: &Value, dtype: DType) -> Result<Value> {
    let value = crate::create::array_like(interp, value)?;
    if let Value::Int(n) = value {
        fits(n, dtype)?;
    }
    let known = known(&value);
    interp.lazy(operand(&value)?.cast(dtype), known)
}

/// Refuses a Python integer that an element type cannot hold.
pub(crate) fn fits(n: i64, dtype: DType) -> Result<()> {
    let integer = matches!(dtype.kind(), Kind::Signed | Kind::Unsigned);
    if integer && Scalar::I64(n).cast(dtype).as_integer() != Some(i128::from(n)) {
        fail!("Python integer {n} out of bounds for {dtype}");
    }
    Ok(())
}

/// The new content of `target` in `target op= value`, where NumPy casts only within a kind.
pub(crate) fn in_place(interp: &mut Interp<'_>, op: BinOp, target: &Value, value: &Value) -> Result<Array> {
    let value = listed(interp, value, target)?;
    let into = operand(target)?;
    let result = match term(&value) {
        Ok(value) => Array::binary(op_of(op), &into, value),
        Err(_) => return Err(ops::unsupported(op, target, &value)),
    };
    if let Some(error) = result.error() {
        return Err(engine::fault(error.clone().into()));
    }
    interp.note_fallible(op_of(op), &result);
    let (from, to) = (result.dtype(), into.dtype());
    if from.promote(to) != to && rank(from) > rank(to) {
        fail!(
            "cannot store the {from} result of {}= in a {to} array; use a = a {} b for a new array",
            op.symbol(),
            op.symbol()
        );
    }
    Ok(result)
}

/// NumPy's order of kinds for casts of the same kind: downwards is not allowed.
fn rank(dtype: DType) -> u8 {
    match dtype.kind() {
        Kind::Bool => 0,
        Kind::Unsigned => 1,
        Kind::Signed => 2,
        _ => 3,
    }
}

/// A shape as Python writes it.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    let items: Vec<Value> = shape.iter().map(|&n| Value::from(n)).collect();
    crate::text::repr(&Value::tuple(items))
}

/// A dtype from `dtype=float`, `dtype=np.uint8` or `dtype="float64"`.
pub(crate) fn dtype(value: &Value) -> Result<DType> {
    let found = match value {
        Value::DType(dtype) | Value::ScalarType(dtype) => Some(*dtype),
        Value::Native(native) => native.dtype,
        Value::Str(name) => DType::ALL.iter().copied().find(|dtype| {
            let long = dtype.name() == &**name || dtype.descr() == &**name;
            long || matches!(
                (dtype, &**name),
                (DType::F64, "float" | "d") | (DType::I64, "int") | (DType::Bool, "bool_" | "?")
            )
        }),
        _ => None,
    };
    match found {
        Some(dtype) => Ok(dtype),
        None => {
            let names: Vec<&str> = DType::ALL.iter().map(|dtype| dtype.name()).collect();
            Err(Fault::failed(format!(
                "not a supported dtype: {}; there are {}",
                crate::text::repr(value),
                names.join(", ")
            )))
        }
    }
}
