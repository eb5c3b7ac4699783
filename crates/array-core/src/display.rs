//! Arrays as text, character for character as NumPy 2 prints them.
//!
//! **Rules** (NumPy's defaults: precision 8, threshold 1000, three edge items, line width 75) all elements of an array share
//! one format, found in a first pass over what will be printed: columns aligned at the decimal point, as many digits as the
//! shortest texts need but at most 8, scientific when the greatest is 1e8 or more (in single precision 1e6), the least (not zero)
//! below 1e-4, or their ratio above 1000. More than 1000 elements are summarised by their corners.
//! **Checked by** tests/display.rs against texts that NumPy printed.

use crate::{
    array::Array,
    buffer::Buffer,
    dtype::Scalar,
    eval::element,
    layout::{Layout, Strides},
};
use std::fmt::{self, Write};

const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const LINE_WIDTH: usize = 75;
const PRECISION: usize = 8;

/// Python's `str()` of one value: what a 0-d array and a scalar print.
pub(crate) fn scalar_text(value: Scalar) -> String {
    match value {
        Scalar::Bool(v) => if v { "True" } else { "False" }.to_owned(),
        Scalar::I8(v) => v.to_string(),
        Scalar::I16(v) => v.to_string(),
        Scalar::I32(v) => v.to_string(),
        Scalar::I64(v) => v.to_string(),
        Scalar::U8(v) => v.to_string(),
        Scalar::U16(v) => v.to_string(),
        Scalar::U32(v) => v.to_string(),
        Scalar::U64(v) => v.to_string(),
        Scalar::F32(v) => float_text(Float::Single(v), ".0"),
        Scalar::F64(v) => float_text(Float::Double(v), ".0"),
        Scalar::C64(v) => complex_text(Float::Single(v.re), Float::Single(v.im)),
        Scalar::C128(v) => complex_text(Float::Double(v.re), Float::Double(v.im)),
    }
}

/// A float of either precision: its shortest text is the one that its own type reads back.
#[derive(Clone, Copy)]
enum Float {
    Single(f32),
    Double(f64),
}

impl Float {
    /// The parts of a float or complex element.
    fn parts(value: Scalar) -> Option<(Float, Option<Float>)> {
        match value {
            Scalar::F32(v) => Some((Float::Single(v), None)),
            Scalar::F64(v) => Some((Float::Double(v), None)),
            Scalar::C64(v) => Some((Float::Single(v.re), Some(Float::Single(v.im)))),
            Scalar::C128(v) => Some((Float::Double(v.re), Some(Float::Double(v.im)))),
            _ => None,
        }
    }

    fn value(self) -> f64 {
        match self {
            Float::Single(v) => v.into(),
            Float::Double(v) => v,
        }
    }

    /// Always positional.
    fn shortest(self) -> String {
        match self {
            Float::Single(v) => {
                even(format!("{v}"), |n| format!("{:.n$}", f64::from(v)), |text| text.parse() == Ok(v))
            }
            Float::Double(v) => even(format!("{v}"), |n| format!("{v:.n$}"), |text| text.parse() == Ok(v)),
        }
    }

    fn shortest_scientific(self) -> String {
        match self {
            Float::Single(v) => {
                even(format!("{v:e}"), |n| format!("{:.n$e}", f64::from(v)), |text| text.parse() == Ok(v))
            }
            Float::Double(v) => even(format!("{v:e}"), |n| format!("{v:.n$e}"), |text| text.parse() == Ok(v)),
        }
    }

    /// Whether an array from `least` to `greatest` is printed in scientific notation, computed in the type itself.
    fn is_wide(least: Float, greatest: Float) -> bool {
        match (least, greatest) {
            (Float::Single(lo), Float::Single(hi)) => hi >= 1e6 || lo < 1e-4 || hi / lo > 1000.0,
            _ => {
                let (lo, hi) = (least.value(), greatest.value());
                hi >= 1e8 || lo < 1e-4 || hi / lo > 1000.0
            }
        }
    }
}

/// Of two shortest texts that are as near the one whose last digit is even, as Python and NumPy write it; Rust's is the greater.
fn even(text: String, nearest: impl Fn(usize) -> String, is_same: impl Fn(&str) -> bool) -> String {
    let mantissa = text.split('e').next().unwrap_or(&text);
    let Some((_, fraction)) = mantissa.split_once('.') else { return text };
    let other = nearest(fraction.len());
    if other != text && is_same(&other) { other } else { text }
}

/// Python's `repr` of a float: shortest, positional from 1e-4 to below 1e16 (in single precision 1e6); `whole` ends the text of a whole number.
fn float_text(v: Float, whole: &str) -> String {
    let value = v.value();
    if !value.is_finite() {
        return non_finite(value).to_owned();
    }
    let limit = if matches!(v, Float::Single(_)) { 1e6 } else { 1e16 };
    if value == 0.0 || (1e-4..limit).contains(&value.abs()) {
        let text = v.shortest();
        return if text.contains('.') { text } else { text + whole };
    }
    let text = v.shortest_scientific();
    let (mantissa, exponent) = text.split_once('e').expect("scientific text has an exponent");
    format!("{mantissa}e{}", exponent_text(exponent, 2))
}

/// `(1+2j)`; `2j` where the real part is (positive) zero.
fn complex_text(re: Float, im: Float) -> String {
    let imaginary = float_text(im, "");
    if re.value() == 0.0 && re.value().is_sign_positive() {
        return imaginary + "j";
    }
    let sign = if imaginary.starts_with('-') { "" } else { "+" };
    format!("({}{sign}{imaginary}j)", float_text(re, ""))
}

fn non_finite(v: f64) -> &'static str {
    if v.is_nan() {
        "nan"
    } else if v > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

/// Rust's exponent (`-5`, `12`) as C's: sign and at least `digits` digits.
fn exponent_text(exponent: &str, digits: usize) -> String {
    let (sign, number) = match exponent.strip_prefix('-') {
        Some(number) => ('-', number),
        None => ('+', exponent),
    };
    format!("{sign}{number:0>digits$}")
}

/// The shortest text, rounded to at most 8 digits after the point, trailing zeros cut: integer and fraction digits.
fn positional(v: Float) -> (String, String) {
    let mut text = v.shortest();
    if text.split_once('.').is_some_and(|(_, fraction)| fraction.len() > PRECISION) {
        text = format!("{:.PRECISION$}", v.value());
    }
    let (int, fraction) = text.split_once('.').unwrap_or((&text, ""));
    (int.to_owned(), fraction.trim_end_matches('0').to_owned())
}

/// As [`positional`], of the mantissa of scientific text, and the exponent.
fn scientific(v: Float) -> (String, String, String) {
    let mut text = v.shortest_scientific();
    let digits =
        |text: &str| text.split('e').next().and_then(|m| m.split_once('.')).map_or(0, |(_, f)| f.len());
    if digits(&text) > PRECISION {
        text = format!("{:.PRECISION$e}", v.value());
    }
    let (mantissa, exponent) = text.split_once('e').expect("scientific text has an exponent");
    let (int, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (int.to_owned(), fraction.trim_end_matches('0').to_owned(), exponent_text(exponent, 2))
}

/// The one format of an array's elements.
enum Format {
    /// Right-aligned plain text (`bool`, integers).
    Plain {
        width: usize,
    },
    Float(Columns),
    /// Real and imaginary part; the latter always with its sign.
    Complex(Columns, Columns),
}

/// The format of floats in a column.
struct Columns {
    notation: Notation,
    left: usize,
    right: usize,
    /// Whether a plus is written.
    plus: bool,
}

enum Notation {
    /// Aligned at the point.
    Fixed,
    /// `d.ddde+dd`.
    Scientific { digits: usize, exponent: usize },
}

impl Columns {
    fn of(floats: &[Float], plus: bool) -> Columns {
        let finite: Vec<Float> = floats.iter().copied().filter(|v| v.value().is_finite()).collect();
        let sizes = finite.iter().filter(|v| v.value() != 0.0);
        let by_size = |a: &&Float, b: &&Float| a.value().abs().total_cmp(&b.value().abs());
        let extremes = (sizes.clone().min_by(by_size), sizes.max_by(by_size));
        let abs = |v: &Float| match *v {
            Float::Single(v) => Float::Single(v.abs()),
            Float::Double(v) => Float::Double(v.abs()),
        };
        let wide =
            matches!(extremes, (Some(least), Some(greatest)) if Float::is_wide(abs(least), abs(greatest)));
        // What is not finite fills the columns of the others, to the point's right too.
        let stretch = |left: usize, right: usize| {
            if finite.len() == floats.len() {
                return left;
            }
            let signed = plus || floats.iter().any(|v| v.value() == f64::NEG_INFINITY);
            left.max((3 + usize::from(signed)).saturating_sub(right + 1))
        };
        let width = |v: &Float, int: &str| int.len() + usize::from(plus && v.value().is_sign_positive());
        if wide {
            let texts: Vec<_> = finite.iter().map(|v| (v, scientific(*v))).collect();
            let digits = texts.iter().map(|t| t.1.1.len()).max().unwrap_or(0);
            let exponent = texts.iter().map(|t| t.1.2.len()).max().unwrap_or(0) - 1;
            let left = texts.iter().map(|t| width(t.0, &t.1.0)).max().unwrap_or(0);
            let right = exponent + 2 + digits;
            let notation = Notation::Scientific { digits, exponent };
            Columns { notation, left: stretch(left, right), right, plus }
        } else {
            let texts: Vec<_> = finite.iter().map(|v| (v, positional(*v))).collect();
            let left = texts.iter().map(|t| width(t.0, &t.1.0)).max().unwrap_or(0);
            let right = texts.iter().map(|t| t.1.1.len()).max().unwrap_or(0);
            Columns { notation: Notation::Fixed, left: stretch(left, right), right, plus }
        }
    }

    fn text(&self, value: Float) -> String {
        let (left, right) = (self.left, self.right);
        let v = value.value();
        let plus = if self.plus && (v.is_nan() || v.is_sign_positive()) { "+" } else { "" };
        if !v.is_finite() {
            return format!("{:>width$}", format!("{plus}{}", non_finite(v)), width = left + right + 1);
        }
        match self.notation {
            Notation::Scientific { digits, exponent } => {
                let text = format!("{v:.digits$e}");
                let (mantissa, e) = text.split_once('e').expect("scientific text has an exponent");
                let (int, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
                format!("{:>left$}.{fraction}e{}", format!("{plus}{int}"), exponent_text(e, exponent))
            }
            Notation::Fixed => {
                let (int, fraction) = positional(value);
                format!("{:>left$}.{fraction:<right$}", format!("{plus}{int}"))
            }
        }
    }
}

impl Format {
    fn of(values: &[Scalar]) -> Format {
        let parts: Vec<(Float, Option<Float>)> = values.iter().filter_map(|v| Float::parts(*v)).collect();
        if parts.is_empty() {
            return Format::Plain { width: values.iter().map(|v| plain_text(*v).len()).max().unwrap_or(0) };
        }
        let real: Vec<Float> = parts.iter().map(|p| p.0).collect();
        let imaginary: Vec<Float> = parts.iter().filter_map(|p| p.1).collect();
        if imaginary.is_empty() {
            Format::Float(Columns::of(&real, false))
        } else {
            Format::Complex(Columns::of(&real, false), Columns::of(&imaginary, true))
        }
    }

    fn text(&self, value: Scalar) -> String {
        match (self, Float::parts(value)) {
            (Format::Float(columns), Some((v, _))) => columns.text(v),
            (Format::Complex(real, imaginary), Some((re, Some(im)))) => {
                // The `j` stands before the blanks that fill the column.
                let im = imaginary.text(im);
                let end = im.trim_end().len();
                format!("{}{}j{}", real.text(re), &im[..end], &im[end..])
            }
            (Format::Plain { width }, _) => format!("{:>width$}", plain_text(value)),
            _ => unreachable!("all elements have one type"),
        }
    }
}

/// An element that is no float, as in an array: `True` is as wide as `False`.
fn plain_text(value: Scalar) -> String {
    if value == Scalar::Bool(true) { " True".to_owned() } else { scalar_text(value) }
}

/// An array's elements by position.
struct Printer<'a> {
    layout: &'a Layout,
    get: &'a dyn Fn(isize) -> Scalar,
    summary: bool,
    format: Format,
}

impl Printer<'_> {
    /// The positions along an axis that are printed; `None` stands for the dots.
    fn positions(&self, axis: usize) -> impl Iterator<Item = Option<usize>> + use<> {
        positions(self.layout.shape[axis], self.summary)
    }

    fn write(&self, out: &mut String, axis: usize, address: isize, indent: usize, width: usize) {
        let stride = self.layout.strides[axis];
        let left = self.layout.ndim() - axis;
        out.push('[');
        if left > 1 {
            for (k, position) in self.positions(axis).enumerate() {
                if k > 0 {
                    // NumPy has no blank at the end of these lines: the separator is stripped.
                    out.push_str(&"\n".repeat(left - 1));
                    out.push_str(&" ".repeat(indent));
                }
                match position {
                    Some(i) => {
                        self.write(out, axis + 1, address + i as isize * stride, indent + 1, width - 1)
                    }
                    None => out.push_str("..."),
                }
            }
        } else {
            // One blank of room for a comma that NumPy's other separators have, or for the bracket.
            let (width, mut line) = (width - 1, indent);
            for (k, position) in self.positions(axis).enumerate() {
                let word = match position {
                    Some(i) => self.format.text((self.get)(address + i as isize * stride)),
                    None => "...".to_owned(),
                };
                // The separator stands at the end of the line before a wrap, and is stripped there.
                if k > 0 {
                    line += 1;
                }
                if line + word.chars().count() > width && line > indent {
                    while out.ends_with(' ') {
                        out.pop();
                    }
                    out.push('\n');
                    out.push_str(&" ".repeat(indent));
                    line = indent;
                } else if k > 0 {
                    out.push(' ');
                }
                line += word.chars().count();
                out.push_str(&word);
            }
        }
        out.push(']');
    }
}

fn positions(length: usize, summary: bool) -> impl Iterator<Item = Option<usize>> {
    let cut = summary && length > 2 * EDGE;
    let (head, tail) = if cut { (EDGE, length - EDGE) } else { (length, length) };
    (0..head).map(Some).chain(cut.then_some(None)).chain((tail..length).map(Some))
}

/// The values that will be printed, in order.
fn printed(layout: &Layout, summary: bool, get: &dyn Fn(isize) -> Scalar) -> Vec<Scalar> {
    fn visit(shape: &[usize], strides: &[isize], summary: bool, at: isize, take: &mut dyn FnMut(isize)) {
        match (shape, strides) {
            ([n, shape @ ..], [s, strides @ ..]) => {
                for i in positions(*n, summary).flatten() {
                    visit(shape, strides, summary, at + i as isize * s, take);
                }
            }
            _ => take(at),
        }
    }
    let mut values = Vec::new();
    visit(&layout.shape, &layout.strides, summary, layout.offset, &mut |at| values.push(get(at)));
    values
}

fn text(layout: &Layout, get: &dyn Fn(isize) -> Scalar) -> String {
    if layout.ndim() == 0 {
        return scalar_text(get(layout.offset));
    }
    if layout.is_empty() {
        return "[]".to_owned();
    }
    let summary = layout.len() > THRESHOLD;
    let format = Format::of(&printed(layout, summary, get));
    let mut out = String::new();
    let printer = Printer { layout, get, summary, format };
    printer.write(&mut out, 0, layout.offset, 1, LINE_WIDTH);
    out
}

/// NumPy's text of data for `Debug`: three dots where even its summary is long, as that of many axes is.
pub(crate) fn short_text(data: &Buffer, layout: &Layout) -> String {
    const MOST: usize = 2 * THRESHOLD;
    let summary = layout.len() > THRESHOLD;
    let shown = |&n: &usize| if summary { n.min(2 * EDGE) } else { n };
    if layout.shape.iter().map(shown).fold(1, usize::saturating_mul) > MOST {
        return "…".to_owned();
    }
    text(layout, &|at| element(data, at as usize))
}

/// `text` with the width, alignment and filling that are asked for. Not with a precision, by which a [`fmt::Formatter::pad`] would cut
/// digits off, and show another number.
pub(crate) fn padded(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let missing = f.width().unwrap_or(0).saturating_sub(text.chars().count());
    let before = match f.align() {
        Some(fmt::Alignment::Right) => missing,
        Some(fmt::Alignment::Center) => missing / 2,
        Some(fmt::Alignment::Left) | None => 0,
    };
    let fill = f.fill();
    (0..before).try_for_each(|_| f.write_char(fill))?;
    f.write_str(text)?;
    (before..missing).try_for_each(|_| f.write_char(fill))
}

/// NumPy's `str()` of the array. Evaluates it; an expression that fails prints its error. A width pads it; a precision means nothing.
///
/// ```
/// use array_core::Array;
/// let a = Array::from_vec(vec![1.0, 2.5, -3.25, 4.0], [2, 2]);
/// assert_eq!(a.to_string(), "[[ 1.    2.5 ]\n [-3.25  4.  ]]");
/// ```
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(value) = self.as_const() {
            let strides = Strides::from_elem(0, self.ndim());
            return padded(f, &text(&Layout { shape: self.shape().into(), strides, offset: 0 }, &|_| value));
        }
        match self.eval() {
            Ok(leaf) => {
                let (buffer, layout) = leaf.as_buffer().expect("evaluated");
                padded(f, &text(layout, &|at| element(buffer, at as usize)))
            }
            Err(error) => write!(f, "<{error}>"),
        }
    }
}
