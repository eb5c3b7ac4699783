//! Python's built-in functions.

use crate::{
    arrays,
    fault::{Result, fail},
    interp::Interp,
    iter::{self, Iter},
    modules::{Args, Native},
    ops::{self, BinOp, CmpOp, Range},
    value::Value,
};
use std::{cell::RefCell, rc::Rc};
use txarray::{DType, Op, Scalar, array_core::Kind};

static FUNCTIONS: &[Native] = &[
    Native::new("print", &[], 0, print).with_rest().with_keywords(&["sep", "end", "flush"]),
    Native::new("range", &["start", "stop", "step"], 1, range),
    Native::new("len", &["obj"], 1, len),
    Native::new("abs", &["x"], 1, abs),
    Native::new("min", &[], 0, |interp, args| extreme(interp, args, CmpOp::Lt, "min")).with_rest(),
    Native::new("max", &[], 0, |interp, args| extreme(interp, args, CmpOp::Gt, "max")).with_rest(),
    Native::new("sum", &["iterable", "start"], 1, sum),
    Native::new("int", &["x"], 0, int).naming(DType::I64),
    Native::new("float", &["x"], 0, float).naming(DType::F64),
    Native::new("bool", &["x"], 0, bool).naming(DType::Bool),
    Native::new("str", &["object"], 0, str),
    Native::new("repr", &["obj"], 1, |interp, mut args| {
        let value = interp.settle(&args.take(0))?;
        Ok(Value::str(crate::text::repr(&value)))
    }),
    Native::new("round", &["number", "ndigits"], 1, round),
    Native::new("list", &["iterable"], 0, list),
    Native::new("tuple", &["iterable"], 0, tuple),
    Native::new("enumerate", &["iterable", "start"], 1, enumerate),
    Native::new("zip", &[], 0, zip).with_rest(),
];

/// The built-in of that name.
pub(crate) fn find(name: &str) -> Option<Value> {
    FUNCTIONS.iter().find(|native| native.name == name).map(Value::Native)
}

/// The names of all built-ins.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|native| native.name)
}

fn print(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let text = |value: Option<Value>, default: &str, what: &str| match value {
        None => Ok(default.to_owned()),
        Some(Value::Str(text)) => Ok(text.to_string()),
        Some(other) => fail!("{what} must be a str, not '{}'", other.type_name()),
    };
    let sep = text(args.optional(0), " ", "sep")?;
    let end = text(args.optional(1), "\n", "end")?;
    let flush = args.optional(2);
    let mut line = String::new();
    for (index, value) in args.rest.iter().enumerate() {
        if index > 0 {
            line.push_str(&sep);
        }
        line.push_str(&interp.str(value)?);
    }
    line.push_str(&end);
    interp.before_output()?;
    interp.out.write(&line)?;
    match flush {
        Some(flush) if interp.truth(&flush)? => interp.out.flush()?,
        _ => {}
    }
    Ok(Value::None)
}

fn range(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let first = interp.integer(&args.take(0), "an argument of range()")?;
    let mut optional = |slot| match args.take(slot) {
        Value::Unbound => Ok(None),
        value => interp.integer(&value, "an argument of range()").map(Some),
    };
    let (second, step) = (optional(1)?, optional(2)?.unwrap_or(1));
    if step == 0 {
        fail!("the step of range() must not be zero");
    }
    let (start, stop) = second.map_or((0, first), |stop| (first, stop));
    Ok(Value::Range(Rc::new(Range { start, stop, step })))
}

fn len(_: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    Ok(Value::from(match args.take(0) {
        Value::Str(text) => text.chars().count(),
        Value::Tuple(items) => items.len(),
        Value::List(items) => items.borrow().len(),
        Value::Range(range) => range.len(),
        Value::Array(array) if array.ndim() > 0 => array.shape()[0],
        other => fail!("a value of type '{}' has no len()", other.type_name()),
    }))
}

fn abs(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    match args.take(0) {
        Value::Float(x) => Ok(Value::Float(x.abs())),
        value @ (Value::Array(_) | Value::Scalar(_)) => arrays::map(interp, Op::Abs, &value),
        value => match value.as_int() {
            Some(i64::MIN) => fail!("integer overflow: abs({}) does not fit in 64 bits", i64::MIN),
            Some(n) => Ok(Value::Int(n.abs())),
            None => fail!("bad operand type for abs(): '{}'", value.type_name()),
        },
    }
}

/// `min`/`max`: of the arguments, or of the items of the only one.
fn extreme(interp: &mut Interp<'_>, args: Args, better: CmpOp, name: &str) -> Result<Value> {
    let items = match &args.rest[..] {
        [] => fail!("{name}() needs an argument"),
        [only] => iter::collect(only)?,
        several => several.to_vec(),
    };
    let mut items = items.into_iter();
    let Some(mut best) = items.next() else { fail!("{name}() of an empty sequence") };
    for item in items {
        let (left, right) = (interp.force(&item)?, interp.force(&best)?);
        let replace = match (&left, &right) {
            (Value::Array(_), _) | (_, Value::Array(_)) => {
                let answer = arrays::compare(interp, better, &left, &right)?;
                interp.truth(&answer)?
            }
            _ => ops::compare(better, &left, &right)?,
        };
        if replace {
            best = item;
        }
    }
    Ok(best)
}

fn sum(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let over = interp.bind(args.take(0))?;
    let mut total = match args.take(1) {
        Value::Unbound => Value::Int(0),
        start => start,
    };
    // CPython 3.12 and later add floats with a compensation; an array is summed in the order of its rows.
    let mut items = Iter::over(&over)?;
    while let Some(item) = items.next()? {
        let item = interp.force(&item)?;
        if let Value::Str(_) = item {
            fail!("sum() does not join strings");
        }
        let next = interp.add(&total, &item)?;
        total = interp.bind(next)?;
    }
    Ok(total)
}

fn int(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let value = match args.take(0) {
        Value::Unbound => return Ok(Value::Int(0)),
        value => interp.force(&value)?,
    };
    let float = match &value {
        Value::Float(x) | Value::Scalar(Scalar::F64(x)) => *x,
        Value::Scalar(scalar) => match scalar.as_integer().and_then(|n| i64::try_from(n).ok()) {
            Some(n) => return Ok(Value::Int(n)),
            None => fail!("this integer does not fit in 64 bits"),
        },
        Value::Str(text) => {
            return match text.trim().replace('_', "").parse() {
                Ok(n) => Ok(Value::Int(n)),
                Err(_) => fail!("not an integer: {}", crate::text::repr(&value)),
            };
        }
        other => match other.as_int() {
            Some(n) => return Ok(Value::Int(n)),
            None => fail!("int() does not take a value of type '{}'", other.type_name()),
        },
    };
    to_int(float.trunc())
}

/// A whole float as an integer.
pub(crate) fn to_int(x: f64) -> Result<Value> {
    if !x.is_finite() {
        fail!("cannot convert {} to an integer", crate::text::float(x));
    }
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) {
        fail!("integer overflow: {} does not fit in 64 bits", crate::text::float(x));
    }
    Ok(Value::Int(x as i64))
}

fn float(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    Ok(Value::Float(match args.take(0) {
        Value::Unbound => 0.0,
        Value::Str(text) => match text.trim().replace('_', "").parse() {
            Ok(x) => x,
            Err(_) => fail!("not a number: {}", crate::text::repr(&Value::Str(text))),
        },
        value => interp.real(&value, "the argument of float()")?,
    }))
}

fn bool(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    match args.take(0) {
        Value::Unbound => Ok(Value::Bool(false)),
        value => interp.truth(&value).map(Value::Bool),
    }
}

fn str(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    match args.take(0) {
        Value::Unbound => Ok(Value::str("")),
        value => interp.str(&value).map(Value::str),
    }
}

fn round(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let value = interp.force(&args.take(0))?;
    let digits = match args.optional(1) {
        Some(digits) => Some(interp.integer(&digits, "ndigits")?),
        None => None,
    };
    match (&value, digits) {
        (Value::Float(x), None) | (Value::Scalar(Scalar::F64(x)), None) => to_int(x.round_ties_even()),
        (Value::Float(x), Some(digits)) => Ok(Value::Float(round_to(*x, digits))),
        (Value::Scalar(Scalar::F64(x)), Some(digits)) => {
            Ok(Value::Scalar(Scalar::F64(round_scaled(*x, digits))))
        }
        (Value::Scalar(scalar), None | Some(0..))
            if matches!(scalar.dtype().kind(), Kind::Signed | Kind::Unsigned) =>
        {
            Ok(Value::Scalar(*scalar))
        }
        (Value::Int(_) | Value::Bool(_), None | Some(0..)) => Ok(Value::Int(value.as_int().unwrap_or(0))),
        (Value::Int(n), Some(digits)) => {
            let Some(unit) = u32::try_from(-digits).ok().and_then(|power| 10i64.checked_pow(power)) else {
                return Ok(Value::Int(0));
            };
            let (down, rest) = (n.div_euclid(unit), n.rem_euclid(unit));
            let up = i64::from(rest * 2 > unit || (rest * 2 == unit && down % 2 != 0));
            ops::binary(BinOp::Mul, &Value::Int(down + up), &Value::Int(unit))
        }
        _ => fail!("round() does not take a value of type '{}'", value.type_name()),
    }
}

/// `round(x, digits)` of a NumPy scalar: scaled, rounded to even and scaled back, with the error of both scalings.
fn round_scaled(x: f64, digits: i64) -> f64 {
    // By repeated multiplication, as NumPy: above 1e22 the power is not the nearest float.
    let power = (0..digits.unsigned_abs().min(400)).fold(1.0, |power, _| power * 10.0);
    match digits {
        0 => x.round_ties_even(),
        1.. => (x * power).round_ties_even() / power,
        _ => (x / power).round_ties_even() * power,
    }
}

/// `round(x, digits)`, correctly rounded from the float's exact value as CPython does.
fn round_to(x: f64, digits: i64) -> f64 {
    if !x.is_finite() || x == 0.0 || digits > 330 {
        return x;
    }
    if digits < -310 {
        return 0f64.copysign(x);
    }
    if let Ok(decimals) = usize::try_from(digits) {
        return format!("{x:.decimals$}").parse().unwrap_or(x);
    }
    // Round at a power of ten: keep as many digits of the scientific form as lie left of it.
    let exponent: i64 = format!("{x:e}").split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    match usize::try_from(exponent + digits) {
        Ok(keep) => format!("{x:.keep$e}").parse().unwrap_or(x),
        Err(_) => {
            let unit: f64 = format!("1e{}", -digits).parse().unwrap_or(f64::INFINITY);
            let rounded = if x.abs() > unit / 2.0 { unit } else { 0.0 };
            rounded.copysign(x)
        }
    }
}

fn list(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    Ok(Value::list(items(interp, &mut args)?))
}

fn tuple(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    Ok(Value::tuple(items(interp, &mut args)?))
}

fn items(interp: &mut Interp<'_>, args: &mut Args) -> Result<Vec<Value>> {
    match args.take(0) {
        Value::Unbound => Ok(Vec::new()),
        value => {
            let value = interp.bind(value)?;
            let items = iter::collect(&value)?;
            items.into_iter().map(|item| interp.bind(item)).collect()
        }
    }
}

fn enumerate(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let over = interp.bind(args.take(0))?;
    let at = match args.optional(1) {
        Some(start) => interp.integer(&start, "start")?,
        None => 0,
    };
    let inner = Box::new(Iter::over(&over)?);
    Ok(Value::Iter(Rc::new(RefCell::new(Iter::Enumerate { inner, at }))))
}

fn zip(interp: &mut Interp<'_>, args: Args) -> Result<Value> {
    let mut inner = Vec::with_capacity(args.rest.len());
    for value in args.rest {
        let value = interp.bind(value)?;
        inner.push(Iter::over(&value)?);
    }
    Ok(Value::Iter(Rc::new(RefCell::new(Iter::Zip(inner)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_exact_as_in_cpython() {
        for (x, digits, expected) in [
            (2.675, 2, 2.67),
            (0.5, 0, 0.0),
            (1.005, 2, 1.0),
            (1234.5, -2, 1200.0),
            (150.0, -2, 200.0),
            (250.0, -2, 200.0),
            (55.0, -2, 100.0),
            (50.0, -2, 0.0),
            (5.0, -2, 0.0),
            (-0.04, 1, -0.0),
        ] {
            assert_eq!(round_to(x, digits).to_bits(), f64::to_bits(expected), "round({x}, {digits})");
        }
    }
}
