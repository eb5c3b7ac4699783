//! Format specifications: the part after the colon in `f"{x:>10.3f}"`.
//!
//! **Promise** `[[fill]align][sign][z?][#][0][width][,|_][.precision][type]` of numbers and strings, with CPython's
//! results; what is not supported is refused by name. Digits are exact: they come from the float's binary value.

use crate::{
    fault::{Result, fail},
    text,
    value::Value,
};
use txarray::Scalar;

#[derive(Debug, Default, Clone)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// `format(value, spec)` for a value that is not an array.
///
/// # Errors
/// A specification that is malformed or does not fit the value's type.
pub(crate) fn format(value: &Value, spec: &str) -> Result<String> {
    if spec.is_empty() {
        return Ok(text::str(value));
    }
    let parsed = parse(spec, value)?;
    let kind = parsed.kind;
    let integer_kind = matches!(kind, Some('d' | 'x' | 'X' | 'o' | 'b' | 'n'));
    match value {
        Value::Str(text) if matches!(kind, None | Some('s')) => {
            if parsed.sign.is_some() || parsed.group.is_some() {
                fail!("the format '{spec}' does not fit a str");
            }
            let cut =
                parsed.precision.map_or_else(|| text.to_string(), |most| text.chars().take(most).collect());
            Ok(pad(&parsed, "", &cut, '<'))
        }
        Value::Int(_) | Value::Bool(_) | Value::Scalar(Scalar::I64(_) | Scalar::U8(_))
            if kind.is_none() || integer_kind =>
        {
            if parsed.precision.is_some() {
                fail!("a precision is not allowed in the integer format '{spec}'");
            }
            Ok(integer(&parsed, value.as_int().unwrap_or(0)))
        }
        _ => match float_of(value) {
            Some(x) if matches!(kind, None | Some('f' | 'F' | 'e' | 'E' | 'g' | 'G' | '%')) => {
                Ok(float(&parsed, x))
            }
            _ => fail!("the format '{spec}' does not fit a value of type '{}'", value.type_name()),
        },
    }
}

fn float_of(value: &Value) -> Option<f64> {
    match *value {
        Value::Float(x) | Value::Scalar(Scalar::F64(x)) => Some(x),
        ref other => other.as_int().map(|n| n as f64),
    }
}

fn parse(spec: &str, value: &Value) -> Result<Spec> {
    let mut out = Spec::default();
    let chars: Vec<char> = spec.chars().collect();
    let mut at = 0;
    let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '^' | '='));
    if is_align(chars.get(1)) {
        out.fill = Some(chars[0]);
        out.align = Some(chars[1]);
        at = 2;
    } else if is_align(chars.first()) {
        out.align = Some(chars[0]);
        at = 1;
    }
    let mut take = |set: &[char]| {
        let found = chars.get(at).copied().filter(|c| set.contains(c));
        at += usize::from(found.is_some());
        found
    };
    out.sign = take(&['+', '-', ' ']);
    out.alternate = take(&['#']).is_some();
    out.zero = take(&['0']).is_some();
    let digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    let mut number = |first: Option<char>| {
        let mut text = String::from_iter(first);
        while let Some(digit) = take(&digits) {
            text.push(digit);
        }
        text
    };
    let width = number(None);
    out.group = take(&[',', '_']);
    let precision = if take(&['.']).is_some() {
        let mut text = String::new();
        while let Some(digit) = take(&digits) {
            text.push(digit);
        }
        Some(text)
    } else {
        None
    };
    out.kind = chars.get(at).copied();
    const MOST: usize = 10_000;
    let size = |text: &str| text.parse::<usize>().ok().filter(|&n| n <= MOST);
    let width_ok = width.is_empty() || size(&width).is_some();
    let precision_ok = precision.as_deref().is_none_or(|text| size(text).is_some());
    let kinds = "sdxXobnfFeEgG%";
    if at + 1 < chars.len() || out.kind.is_some_and(|c| !kinds.contains(c)) || !width_ok || !precision_ok {
        fail!("the format '{spec}' for a value of type '{}' is not supported", value.type_name());
    }
    out.width = size(&width).unwrap_or(0);
    out.precision = precision.as_deref().and_then(size);
    Ok(out)
}

fn integer(spec: &Spec, n: i64) -> String {
    let magnitude = n.unsigned_abs();
    let (prefix, digits) = match spec.kind {
        Some('x') => ("0x", format!("{magnitude:x}")),
        Some('X') => ("0X", format!("{magnitude:X}")),
        Some('o') => ("0o", format!("{magnitude:o}")),
        Some('b') => ("0b", format!("{magnitude:b}")),
        _ => ("", magnitude.to_string()),
    };
    let prefix = if spec.alternate { prefix } else { "" };
    let every = if matches!(spec.kind, Some('x' | 'X' | 'o' | 'b')) { 4 } else { 3 };
    let lead = format!("{}{prefix}", sign(spec, n < 0));
    number(spec, &lead, &digits, "", every)
}

fn float(spec: &Spec, x: f64) -> String {
    let lead = sign(spec, x.is_sign_negative() && !x.is_nan());
    let upper = matches!(spec.kind, Some('F' | 'E' | 'G'));
    let magnitude = x.abs();
    if !x.is_finite() {
        let word = if x.is_nan() { "nan" } else { "inf" };
        let word = if upper { word.to_uppercase() } else { word.into() };
        let word = if spec.kind == Some('%') { word + "%" } else { word };
        return number(spec, &lead, "", &word, 3);
    }
    let precision = spec.precision.unwrap_or(6);
    let body = match spec.kind {
        Some('f' | 'F') => format!("{magnitude:.precision$}"),
        Some('%') => format!("{:.precision$}%", magnitude * 100.0),
        Some('e' | 'E') => exponent(&format!("{magnitude:.precision$e}")),
        Some('g' | 'G') => general(magnitude, precision.max(1), spec.alternate, false),
        _ => match spec.precision {
            Some(precision) => general(magnitude, precision.max(1), spec.alternate, true),
            None => text::float(magnitude),
        },
    };
    let body = if upper { body.to_uppercase() } else { body };
    let split = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
    number(spec, &lead, &body[..split], &body[split..], 3)
}

/// Rust's `1.5e-7` as Python's `1.5e-07`.
fn exponent(text: &str) -> String {
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `g`: significant digits, fixed or scientific by size. `with_point`: Python's typeless form keeps one decimal.
fn general(magnitude: f64, precision: usize, keep_zeros: bool, with_point: bool) -> String {
    let scientific = format!("{magnitude:.*e}", precision - 1);
    let power: i32 = scientific.split_once('e').map_or(0, |(_, power)| power.parse().unwrap_or(0));
    // The typeless form turns scientific one digit earlier, so that it always has room for its ".0".
    let fixed_below = if with_point { precision as i32 - 1 } else { precision as i32 };
    let trim = |text: &str| {
        if keep_zeros || !text.contains('.') {
            text.to_owned()
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if (-4..fixed_below).contains(&power) {
        let decimals = usize::try_from(precision as i32 - 1 - power).unwrap_or(0);
        let text = trim(&format!("{magnitude:.decimals$}"));
        if with_point && !text.contains('.') { text + ".0" } else { text }
    } else {
        let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        exponent(&format!("{}e{power}", trim(mantissa)))
    }
}

fn sign(spec: &Spec, negative: bool) -> String {
    match (negative, spec.sign) {
        (true, _) => "-".into(),
        (false, Some(sign @ ('+' | ' '))) => sign.into(),
        _ => String::new(),
    }
}

/// Groups, pads with zeros or fill, and joins sign, digits and tail.
fn number(spec: &Spec, lead: &str, digits: &str, tail: &str, every: usize) -> String {
    let zero_pad = spec.zero && spec.align.is_none();
    let room = spec.width.saturating_sub(lead.chars().count() + tail.chars().count());
    let mut digits = digits.to_owned();
    if let Some(separator) = spec.group {
        if zero_pad {
            while grouped_len(digits.len(), every) < room {
                digits.insert(0, '0');
            }
        }
        digits = group(&digits, separator, every);
    } else if zero_pad {
        digits = format!("{}{digits}", "0".repeat(room.saturating_sub(digits.len())));
    }
    pad(spec, lead, &format!("{digits}{tail}"), '>')
}

fn grouped_len(digits: usize, every: usize) -> usize {
    digits + digits.saturating_sub(1) / every
}

fn group(digits: &str, separator: char, every: usize) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(every) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

fn pad(spec: &Spec, lead: &str, body: &str, default: char) -> String {
    let missing = spec.width.saturating_sub(lead.chars().count() + body.chars().count());
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let run = |n: usize| String::from_iter(std::iter::repeat_n(fill, n));
    match spec.align.unwrap_or(default) {
        '<' => format!("{lead}{body}{}", run(missing)),
        '^' => format!("{}{lead}{body}{}", run(missing / 2), run(missing - missing / 2)),
        '=' => format!("{lead}{}{body}", run(missing)),
        _ => format!("{}{lead}{body}", run(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: impl Into<Value>, spec: &str, expected: &str) {
        match format(&value.into(), spec) {
            Ok(text) => assert_eq!(text, expected, "{spec}"),
            Err(fault) => panic!("{spec}: {}", fault.message()),
        }
    }

    #[test]
    fn floats_format_as_in_python() {
        for (x, spec, text) in [
            (3.24159, ".3f", "3.242"),
            (2.675, ".2f", "2.67"),
            (0.5, ".0f", "0"),
            (1.5, ".0f", "2"),
            (-3.24159, "10.2f", "     -3.24"),
            (3.24159, "<10.2f", "3.24      "),
            (3.24159, "^+10.2f", "  +3.24   "),
            (-3.24159, "010.2f", "-000003.24"),
            (1234567.891, ",.2f", "1,234,567.89"),
            (0.000123, ".2e", "1.23e-04"),
            (1e-5, "g", "1e-05"),
            (123456789.0, "g", "1.23457e+08"),
            (100000.0, "g", "100000"),
            (0.1, "g", "0.1"),
            (1e22, ".3", "1e+22"),
            (123.456, ".4", "123.5"),
            (100.0, ".3", "1e+02"),
            (12.0, ".3", "12.0"),
            (0.0, ".1", "0e+00"),
            (0.125, ".1%", "12.5%"),
            (f64::INFINITY, "8.2f", "     inf"),
            (f64::INFINITY, "08.2f", "00000inf"),
            (f64::NAN, "f", "nan"),
            (1.0, "8", "     1.0"),
            (1.0, "*>8", "*****1.0"),
        ] {
            check(x, spec, text);
        }
    }

    #[test]
    fn integers_format_as_in_python() {
        for (n, spec, text) in [
            (42, "5d", "   42"),
            (42, "<5", "42   "),
            (-42, "05d", "-0042"),
            (1234567, ",", "1,234,567"),
            (1234567, "_d", "1_234_567"),
            (255, "#x", "0xff"),
            (5, ".2f", "5.00"),
            (5, "+d", "+5"),
            (1234, "010,", "00,001,234"),
            (1234, "08,", "0,001,234"),
        ] {
            check(n, spec, text);
        }
    }

    #[test]
    fn strings_pad_to_the_right_and_nonsense_is_refused() {
        check(Value::str("ab"), "5", "ab   ");
        check(Value::str("abcdef"), ".3", "abc");
        check(true, "5", "    1");
        for (value, spec) in [(Value::str("a"), "d"), (Value::Int(1), ".2d"), (Value::Float(1.0), "q")] {
            assert!(format(&value, spec).is_err(), "{spec}");
        }
    }
}
