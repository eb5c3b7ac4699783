//! `str()` and `repr()` of scalars and containers, character for character as CPython and NumPy write them.
//!
//! **Promise** a float is printed with the fewest digits that read back as the same float, in scientific notation
//! below 1e-4 and from 1e16 on. Arrays inside containers must have been evaluated before ([`crate::interp`] does).

use crate::value::{Value, scalar_type_name};
use std::fmt::Write as _;
use txarray::Scalar;

/// `str(value)`.
pub(crate) fn str(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Scalar(scalar) => scalar_str(*scalar),
        Value::Array(array) => array.text(),
        Value::DType(dtype) => dtype.name().into(),
        other => repr(other),
    }
}

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Unbound => "<unbound>".into(),
        Value::None => "None".into(),
        Value::Ellipsis => "Ellipsis".into(),
        Value::Bool(b) => bool_str(*b).into(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => float(*x),
        Value::Str(text) => quoted(text),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", repr(&items[0])),
        Value::Tuple(items) => format!("({})", joined(items)),
        Value::List(items) => match items.try_borrow_mut() {
            Ok(items) => format!("[{}]", joined(&items)),
            // Borrowed by a caller further up: the list contains itself.
            Err(_) => "[...]".into(),
        },
        Value::Range(range) if range.step == 1 => format!("range({}, {})", range.start, range.stop),
        Value::Range(range) => format!("range({}, {}, {})", range.start, range.stop, range.step),
        Value::Iter(_) => "<iterator>".into(),
        Value::Scalar(scalar) => match scalar {
            Scalar::Bool(b) => format!("np.{}_", bool_str(*b)),
            other => format!("np.{}({})", other.dtype().name(), scalar_str(*other)),
        },
        Value::Array(array) => array.repr(),
        Value::DType(dtype) => format!("dtype('{}')", dtype.name()),
        Value::ScalarType(dtype) => format!("<class '{}'>", scalar_type_name(*dtype)),
        Value::Native(native) if native.dtype.is_some() => format!("<class '{}'>", native.name),
        Value::Native(native) => format!("<built-in function {}>", native.name),
        Value::Function(function) => format!("<function {}>", function.name()),
        Value::Module(module) => format!("<module '{}'>", module.name()),
    }
}

fn joined(items: &[Value]) -> String {
    items.iter().map(repr).collect::<Vec<_>>().join(", ")
}

fn bool_str(b: bool) -> &'static str {
    if b { "True" } else { "False" }
}

/// `str()` of a NumPy scalar.
pub(crate) fn scalar_str(scalar: Scalar) -> String {
    match scalar {
        Scalar::F64(x) => float(x),
        other => other.to_string(),
    }
}

/// `repr()` of a float.
pub(crate) fn float(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.into();
    }
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        // `{:?}` would switch to its own scientific form; `{}` never does and prints the same shortest digits.
        let mut text = x.to_string();
        if !text.contains('.') {
            text.push_str(".0");
        }
        text
    } else {
        format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}

/// `repr()` of a string: single quotes unless it holds one and no double quote.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_python_writes_them() {
        for (x, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1.0 / 3.0, "0.3333333333333333"),
        ] {
            assert_eq!(float(x), text);
        }
    }

    #[test]
    fn strings_choose_their_quotes() {
        assert_eq!(repr(&Value::str("it's")), "\"it's\"");
        assert_eq!(repr(&Value::str("a\n'\"\x01")), "'a\\n\\'\"\\x01'");
    }

    #[test]
    fn a_list_inside_itself_ends() {
        let list = Value::list(vec![Value::Int(1)]);
        if let Value::List(items) = &list {
            items.borrow_mut().push(list.clone());
        }
        assert_eq!(repr(&list), "[1, [...]]");
        if let Value::List(items) = &list {
            items.borrow_mut().clear();
        }
    }
}
