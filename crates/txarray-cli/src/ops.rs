//! Arithmetic of Python's own numbers, strings and sequences.
//!
//! **Promise** what CPython computes, with one deliberate difference: integers are 64 bits wide and a result that does
//! not fit is an error instead of a longer number. Values that involve NumPy are sent on to `arrays.rs`.

use crate::{
    fault::{Result, fail},
    value::Value,
};
use std::{cmp::Ordering, rc::Rc};

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    And,
    Or,
    Xor,
}

impl BinOp {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::Div => "/",
            BinOp::FloorDiv => "//",
            BinOp::Mod => "%",
            BinOp::Pow => "**",
            BinOp::And => "&",
            BinOp::Or => "|",
            BinOp::Xor => "^",
        }
    }
}

/// An ordering or equality comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CmpOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CmpOp {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            CmpOp::Eq => "==",
            CmpOp::Ne => "!=",
            CmpOp::Lt => "<",
            CmpOp::Le => "<=",
            CmpOp::Gt => ">",
            CmpOp::Ge => ">=",
        }
    }

    /// Whether an ordering satisfies the comparison; `None` is unordered (a NaN).
    pub(crate) fn holds(self, ordering: Option<Ordering>) -> bool {
        match (self, ordering) {
            (CmpOp::Ne, None) => true,
            (_, None) => false,
            (CmpOp::Eq, Some(order)) => order.is_eq(),
            (CmpOp::Ne, Some(order)) => order.is_ne(),
            (CmpOp::Lt, Some(order)) => order.is_lt(),
            (CmpOp::Le, Some(order)) => order.is_le(),
            (CmpOp::Gt, Some(order)) => order.is_gt(),
            (CmpOp::Ge, Some(order)) => order.is_ge(),
        }
    }
}

/// The three numbers of a Python range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    pub(crate) step: i64,
}

impl Range {
    /// How many numbers it holds.
    pub(crate) fn len(&self) -> usize {
        let (start, stop, step) = (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let span = if step > 0 { stop - start } else { start - stop };
        if span <= 0 { 0 } else { ((span + step.abs() - 1) / step.abs()) as usize }
    }

    /// The `index`-th number; the caller keeps `index` below [`Range::len`].
    pub(crate) fn get(&self, index: usize) -> i64 {
        (i128::from(self.start) + index as i128 * i128::from(self.step)) as i64
    }

    pub(crate) fn contains(&self, value: i64) -> bool {
        let inside = if self.step > 0 {
            value >= self.start && value < self.stop
        } else {
            value <= self.start && value > self.stop
        };
        inside && (i128::from(value) - i128::from(self.start)) % i128::from(self.step) == 0
    }
}

/// `left op right` for values that are not NumPy's.
pub(crate) fn binary(op: BinOp, left: &Value, right: &Value) -> Result<Value> {
    use Value::{Bool, Float, Int, List, Str, Tuple};
    Ok(match (op, left, right) {
        (_, Int(a), Int(b)) => return integers(op, *a, *b),
        (BinOp::And, Bool(a), Bool(b)) => Bool(a & b),
        (BinOp::Or, Bool(a), Bool(b)) => Bool(a | b),
        (BinOp::Xor, Bool(a), Bool(b)) => Bool(a ^ b),
        (_, Bool(_) | Int(_), Bool(_) | Int(_)) => return integers(op, int(left), int(right)),
        (BinOp::And | BinOp::Or | BinOp::Xor, ..) => return Err(unsupported(op, left, right)),
        (_, Float(_) | Bool(_) | Int(_), Float(_) | Bool(_) | Int(_)) => {
            return floats(op, float(left), float(right));
        }
        (BinOp::Add, Str(a), Str(b)) => Value::str(format!("{a}{b}")),
        (BinOp::Add, List(a), List(b)) => {
            let joined: Vec<Value> = a.borrow().iter().chain(b.borrow().iter()).cloned().collect();
            Value::list(joined)
        }
        (BinOp::Add, Tuple(a), Tuple(b)) => {
            Value::tuple(a.iter().chain(b.iter()).cloned().collect::<Vec<_>>())
        }
        (BinOp::Mul, Str(_) | List(_) | Tuple(_), Int(_) | Bool(_)) => return repeat(left, int(right)),
        (BinOp::Mul, Int(_) | Bool(_), Str(_) | List(_) | Tuple(_)) => return repeat(right, int(left)),
        (BinOp::Mod, Str(_), _) => fail!("the % operator on a str is not supported; use an f-string"),
        _ => return Err(unsupported(op, left, right)),
    })
}

pub(crate) fn unsupported(op: BinOp, left: &Value, right: &Value) -> crate::fault::Fault {
    crate::fault::Fault::failed(format!(
        "unsupported operand types for {}: '{}' and '{}'",
        op.symbol(),
        left.type_name(),
        right.type_name()
    ))
}

/// The integer of an `Int` or a `Bool`.
fn int(value: &Value) -> i64 {
    value.as_int().unwrap_or(0)
}

/// The float of a Python number.
fn float(value: &Value) -> f64 {
    match *value {
        Value::Float(x) => x,
        ref other => int(other) as f64,
    }
}

fn integers(op: BinOp, a: i64, b: i64) -> Result<Value> {
    let result = match op {
        BinOp::Add => a.checked_add(b),
        BinOp::Sub => a.checked_sub(b),
        BinOp::Mul => a.checked_mul(b),
        BinOp::Div if b == 0 => fail!("division by zero"),
        BinOp::Div => return Ok(Value::Float(true_division(a, b))),
        BinOp::FloorDiv | BinOp::Mod if b == 0 => fail!("integer division or modulo by zero"),
        // `checked_div` refuses i64::MIN / -1; the remainder is then 0.
        BinOp::FloorDiv => a.checked_div(b).map(|q| if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q }),
        BinOp::Mod => {
            let rest = a.wrapping_rem(b);
            Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
        }
        BinOp::Pow if b < 0 => return floats(op, a as f64, b as f64),
        BinOp::Pow => power(a, b),
        BinOp::And => Some(a & b),
        BinOp::Or => Some(a | b),
        BinOp::Xor => Some(a ^ b),
    };
    match result {
        Some(value) => Ok(Value::Int(value)),
        None => fail!("integer overflow: {a} {} {b} does not fit in 64 bits", op.symbol()),
    }
}

fn power(a: i64, b: i64) -> Option<i64> {
    match (a, u32::try_from(b)) {
        (_, Ok(exponent)) => a.checked_pow(exponent),
        (0 | 1, Err(_)) => Some(a),
        (-1, Err(_)) => Some(if b % 2 == 0 { 1 } else { -1 }),
        (_, Err(_)) => None,
    }
}

/// `a / b`, correctly rounded as CPython's: the quotient of two 64-bit integers has to be rounded once.
fn true_division(a: i64, b: i64) -> f64 {
    const EXACT: u64 = 1 << 53;
    if a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT {
        return a as f64 / b as f64;
    }
    // Scale the dividend to 128 bits, so that the quotient has at least 64, and keep what is left as a sticky bit:
    // rounding that 128-bit integer to f64 then rounds the true quotient.
    let (n, d) = (u128::from(a.unsigned_abs()), u128::from(b.unsigned_abs()));
    if n == 0 {
        return if b < 0 { -0.0 } else { 0.0 };
    }
    let shift = n.leading_zeros();
    let quotient = ((n << shift) / d) | u128::from((n << shift) % d != 0);
    let magnitude = quotient as f64 / (1u128 << shift) as f64;
    if (a < 0) != (b < 0) { -magnitude } else { magnitude }
}

fn floats(op: BinOp, a: f64, b: f64) -> Result<Value> {
    Ok(Value::Float(match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        BinOp::Mul => a * b,
        BinOp::Div | BinOp::FloorDiv | BinOp::Mod if b == 0.0 => fail!("division by zero"),
        BinOp::Div => a / b,
        BinOp::FloorDiv => divmod(a, b).0,
        BinOp::Mod => divmod(a, b).1,
        BinOp::Pow => {
            if a == 0.0 && b < 0.0 {
                fail!("zero to a negative power");
            }
            if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 {
                fail!(
                    "a negative number to a fractional power is complex, and complex numbers are not supported"
                );
            }
            let result = a.powf(b);
            if result.is_infinite() && a.is_finite() && b.is_finite() {
                fail!("the result of ** is too large for a float");
            }
            result
        }
        BinOp::And | BinOp::Or | BinOp::Xor => fail!("unsupported operand types for {}: floats", op.symbol()),
    }))
}

/// Floored quotient and remainder with the sign of the divisor; `b` is not zero. The steps are CPython's and NumPy's.
pub(crate) fn divmod(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 {
        if (b < 0.0) != (rest < 0.0) {
            rest += b;
            quotient -= 1.0;
        }
    } else {
        rest = 0f64.copysign(b);
    }
    let floored = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0f64.copysign(a / b)
    };
    (floored, rest)
}

fn repeat(sequence: &Value, count: i64) -> Result<Value> {
    const MOST: usize = 1 << 28;
    let count = usize::try_from(count).unwrap_or(0);
    let too_long = |len: usize| len.checked_mul(count).is_none_or(|total| total > MOST);
    let repeated =
        |items: &[Value]| items.iter().cycle().take(items.len() * count).cloned().collect::<Vec<_>>();
    match sequence {
        Value::Str(text) if !too_long(text.len()) => Ok(Value::str(text.repeat(count))),
        Value::List(items) if !too_long(items.borrow().len()) => Ok(Value::list(repeated(&items.borrow()))),
        Value::Tuple(items) if !too_long(items.len()) => Ok(Value::tuple(repeated(items))),
        other => fail!("a {} repeated {count} times does not fit in memory", other.type_name()),
    }
}

/// `-x`, `+x`, `~x` for values that are not NumPy's.
pub(crate) fn unary(symbol: char, value: &Value) -> Result<Value> {
    Ok(match (symbol, value) {
        ('-', Value::Float(x)) => Value::Float(-x),
        ('+', Value::Float(x)) => Value::Float(*x),
        ('-', Value::Int(_) | Value::Bool(_)) => match int(value).checked_neg() {
            Some(n) => Value::Int(n),
            None => fail!("integer overflow: -({}) does not fit in 64 bits", int(value)),
        },
        ('+', Value::Int(_) | Value::Bool(_)) => Value::Int(int(value)),
        ('~', Value::Int(_) | Value::Bool(_)) => Value::Int(!int(value)),
        _ => fail!("unsupported operand type for unary {symbol}: '{}'", value.type_name()),
    })
}

/// `left op right` for values that are not NumPy's (sequences of NumPy scalars excepted: compared by value).
pub(crate) fn compare(op: CmpOp, left: &Value, right: &Value) -> Result<bool> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(op.holds(Some(a.cmp(b)))),
        (Value::Float(a), Value::Float(b)) => Ok(op.holds(a.partial_cmp(b))),
        _ if matches!(op, CmpOp::Eq | CmpOp::Ne) => Ok(equal(left, right) == (op == CmpOp::Eq)),
        _ => match order(left, right)? {
            Some(ordering) => Ok(op.holds(ordering)),
            None => fail!(
                "'{}' is not supported between '{}' and '{}'",
                op.symbol(),
                left.type_name(),
                right.type_name()
            ),
        },
    }
}

/// Python's `==`: never an error, unlike values are simply not equal.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    use Value::{Bool, DType, Float, Int, List, Native, Range, Scalar, ScalarType, Str, Tuple};
    match (left, right) {
        (Bool(_) | Int(_) | Float(_) | Scalar(_), Bool(_) | Int(_) | Float(_) | Scalar(_)) => {
            numbers(left, right).is_some_and(Ordering::is_eq)
        }
        (Str(a), Str(b)) => a == b,
        (Tuple(a), Tuple(b)) => all_equal(a, b),
        (List(a), List(b)) => Rc::ptr_eq(a, b) || all_equal(&a.borrow(), &b.borrow()),
        (Range(a), Range(b)) => {
            a.len() == b.len() && (a.len() == 0 || (a.start == b.start && (a.len() == 1 || a.step == b.step)))
        }
        (DType(a), Native(b)) | (Native(b), DType(a)) => b.dtype == Some(*a),
        (DType(a), Str(b)) | (Str(b), DType(a)) => a.name() == &**b,
        (DType(a), ScalarType(b)) | (ScalarType(a), DType(b)) => a == b,
        _ => left.is(right),
    }
}

fn all_equal(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is(b) || equal(a, b))
}

/// How two values stand to each other: `None` when Python has no order for them, `Some(None)` for a NaN.
fn order(left: &Value, right: &Value) -> Result<Option<Option<Ordering>>> {
    use Value::{Bool, Float, Int, List, Scalar, Str, Tuple};
    Ok(match (left, right) {
        (Bool(_) | Int(_) | Float(_) | Scalar(_), Bool(_) | Int(_) | Float(_) | Scalar(_)) => {
            Some(numbers(left, right))
        }
        (Str(a), Str(b)) => Some(Some(a.cmp(b))),
        (Tuple(a), Tuple(b)) => sequences(a, b)?,
        (List(a), List(b)) => sequences(&a.borrow(), &b.borrow())?,
        _ => None,
    })
}

fn sequences(a: &[Value], b: &[Value]) -> Result<Option<Option<Ordering>>> {
    match a.iter().zip(b).find(|(a, b)| !equal(a, b)) {
        Some((a, b)) => order(a, b),
        None => Ok(Some(Some(a.len().cmp(&b.len())))),
    }
}

/// The order of two numbers by their exact values, whatever their types.
fn numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (exact(left), exact(right)) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Float(b)) => int_to_float(a, b),
        (Number::Float(a), Number::Int(b)) => int_to_float(b, a).map(Ordering::reverse),
    }
}

enum Number {
    Int(i128),
    Float(f64),
}

fn exact(value: &Value) -> Number {
    match *value {
        Value::Float(x) => Number::Float(x),
        Value::Scalar(txarray::Scalar::F64(x)) => Number::Float(x),
        Value::Scalar(txarray::Scalar::Bool(b)) => Number::Int(b.into()),
        Value::Scalar(txarray::Scalar::U64(n)) => Number::Int(n.into()),
        ref other => Number::Int(other.as_int().unwrap_or(0).into()),
    }
}

/// Compares a 64-bit integer with a float without rounding either.
fn int_to_float(a: i128, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b.abs() >= 1e30 {
        return Some(if b > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let floor = b.floor();
    Some(a.cmp(&(floor as i128)).then(if b > floor { Ordering::Less } else { Ordering::Equal }))
}

/// `item in container` for containers that are not arrays.
pub(crate) fn contains(container: &Value, item: &Value) -> Result<bool> {
    Ok(match (container, item) {
        (Value::List(items), _) => items.borrow().iter().any(|value| value.is(item) || equal(value, item)),
        (Value::Tuple(items), _) => items.iter().any(|value| value.is(item) || equal(value, item)),
        (Value::Str(text), Value::Str(part)) => text.contains(&**part),
        (Value::Range(range), _) => match exact_int(item) {
            Some(n) => range.contains(n),
            None => false,
        },
        _ => fail!("'in' is not supported between '{}' and '{}'", item.type_name(), container.type_name()),
    })
}

fn exact_int(value: &Value) -> Option<i64> {
    match *value {
        Value::Float(x) if x.fract() == 0.0 && x.abs() < 9e18 => Some(x as i64),
        Value::Str(_) => None,
        ref other => other.as_int(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(op: BinOp, a: impl Into<Value>, b: impl Into<Value>) -> String {
        match binary(op, &a.into(), &b.into()) {
            Ok(value) => crate::text::repr(&value),
            Err(fault) => fault.message().to_owned(),
        }
    }

    #[test]
    fn floor_division_and_remainder_take_the_sign_of_the_divisor() {
        for (a, b, quotient, rest) in
            [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, 3, 2, 0)]
        {
            assert_eq!(eval(BinOp::FloorDiv, a, b), quotient.to_string());
            assert_eq!(eval(BinOp::Mod, a, b), rest.to_string());
        }
        assert_eq!(eval(BinOp::FloorDiv, -7.5, 2.0), "-4.0");
        assert_eq!(eval(BinOp::Mod, -7.5, 2.0), "0.5");
        assert_eq!(eval(BinOp::Mod, 7.5, -2.0), "-0.5");
        assert_eq!(eval(BinOp::Mod, i64::MIN, -1), "0");
    }

    #[test]
    fn an_integer_that_does_not_fit_is_an_error_and_never_wraps() {
        assert_eq!(
            eval(BinOp::Add, i64::MAX, 1),
            "integer overflow: 9223372036854775807 + 1 does not fit in 64 bits"
        );
        assert!(eval(BinOp::Pow, 2, 63).contains("overflow"));
        assert!(eval(BinOp::FloorDiv, i64::MIN, -1).contains("overflow"));
        assert_eq!(eval(BinOp::Pow, 2, 62), (1i64 << 62).to_string());
        assert_eq!(eval(BinOp::Pow, 2, -1), "0.5");
        assert_eq!(eval(BinOp::Pow, -1, 1i64 << 40), "1");
    }

    #[test]
    fn division_by_zero_is_refused_in_every_form() {
        assert_eq!(eval(BinOp::Div, 1, 0), "division by zero");
        assert_eq!(eval(BinOp::Div, 1.0, 0.0), "division by zero");
        assert_eq!(eval(BinOp::Mod, 1, 0), "integer division or modulo by zero");
        assert_eq!(eval(BinOp::Pow, 0, -1), "zero to a negative power");
    }

    #[test]
    fn large_integers_divide_and_compare_without_rounding_twice() {
        // CPython 3.11: 9007199254740993 / 3 and 2**62 / 3.
        assert_eq!(eval(BinOp::Div, 9_007_199_254_740_993i64, 3), "3002399751580331.0");
        assert_eq!(eval(BinOp::Div, 1i64 << 62, 3), "1.5372286728091292e+18");
        assert_eq!(eval(BinOp::Div, 7, (1i64 << 60) + 1), "6.071532165918825e-18");
        assert!(
            compare(CmpOp::Gt, &Value::Int((1 << 53) + 1), &Value::Float(9_007_199_254_740_992.0)).unwrap()
        );
        assert!(compare(CmpOp::Lt, &Value::Int(i64::MAX), &Value::Float(9.3e18)).unwrap());
    }

    #[test]
    fn equality_never_fails_and_order_of_unlike_values_does() {
        assert!(!equal(&Value::str("1"), &Value::Int(1)));
        assert!(equal(&Value::tuple(vec![Value::Int(1)]), &Value::tuple(vec![Value::Float(1.0)])));
        let fault = compare(CmpOp::Lt, &Value::str("a"), &Value::Int(1)).unwrap_err();
        assert_eq!(fault.message(), "'<' is not supported between 'str' and 'int'");
    }

    #[test]
    fn a_range_knows_its_length_and_members() {
        for (start, stop, step, len) in [(0, 10, 3, 4), (10, 0, -3, 4), (5, 5, 1, 0), (0, 10, -1, 0)] {
            assert_eq!(Range { start, stop, step }.len(), len);
        }
        let full = Range { start: i64::MIN, stop: i64::MAX, step: 1 };
        assert_eq!(full.len(), usize::MAX);
        assert!(Range { start: 10, stop: 0, step: -3 }.contains(4));
    }
}
