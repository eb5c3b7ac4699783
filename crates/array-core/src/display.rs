//! Arrays as text, character for character as NumPy 2 prints them.
//!
//! **Rules** (NumPy's defaults: precision 8, threshold 1000, three edge items, line width 75) all elements of an array share
//! one format, found in a first pass over what will be printed: columns aligned at the decimal point, as many digits as the
//! shortest texts need but at most 8, scientific when the greatest is 1e8 or more, the least (not zero) below 1e-4, or their
//! ratio above 1000. More than 1000 elements are summarised by their corners.
//! **Checked by** tests/display.rs against texts that NumPy printed.

use crate::{
    array::Array,
    dtype::Scalar,
    eval::element,
    expr::Kind,
    layout::{Layout, Strides},
};
use std::fmt;

const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const LINE_WIDTH: usize = 75;
const PRECISION: usize = 8;

/// Python's `str()` of one value: what a 0-d array and a scalar print.
pub(crate) fn scalar_text(value: Scalar) -> String {
    match value {
        Scalar::Bool(v) => if v { "True" } else { "False" }.to_owned(),
        Scalar::U8(v) => v.to_string(),
        Scalar::I64(v) => v.to_string(),
        Scalar::U64(v) => v.to_string(),
        Scalar::F64(v) => float_text(v),
    }
}

/// Python's `repr` of a float: shortest, positional from 1e-4 to below 1e16.
fn float_text(v: f64) -> String {
    if !v.is_finite() {
        return non_finite(v).to_owned();
    }
    if v == 0.0 || (1e-4..1e16).contains(&v.abs()) {
        // Rust prints the shortest text, always positional.
        let text = format!("{v}");
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{v:e}");
    let (mantissa, exponent) = text.split_once('e').expect("scientific text has an exponent");
    format!("{mantissa}e{}", exponent_text(exponent, 2))
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
fn positional(v: f64) -> (String, String) {
    let mut text = format!("{v}");
    if text.split_once('.').is_some_and(|(_, fraction)| fraction.len() > PRECISION) {
        text = format!("{v:.PRECISION$}");
    }
    let (int, fraction) = text.split_once('.').unwrap_or((&text, ""));
    (int.to_owned(), fraction.trim_end_matches('0').to_owned())
}

/// As [`positional`], of the mantissa of scientific text, and the exponent.
fn scientific(v: f64) -> (String, String, String) {
    let mut text = format!("{v:e}");
    let digits =
        |text: &str| text.split('e').next().and_then(|m| m.split_once('.')).map_or(0, |(_, f)| f.len());
    if digits(&text) > PRECISION {
        text = format!("{v:.PRECISION$e}");
    }
    let (mantissa, exponent) = text.split_once('e').expect("scientific text has an exponent");
    let (int, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (int.to_owned(), fraction.trim_end_matches('0').to_owned(), exponent_text(exponent, 2))
}

/// The one format of an array's elements.
enum Format {
    /// Right-aligned plain text (`bool`, integers).
    Plain { width: usize },
    /// Aligned at the point.
    Fixed { left: usize, right: usize },
    /// `d.ddde+dd`.
    Scientific { left: usize, right: usize, digits: usize, exponent: usize },
}

impl Format {
    fn of(values: &[Scalar]) -> Format {
        let floats: Vec<f64> = values
            .iter()
            .filter_map(|v| match v {
                Scalar::F64(v) => Some(*v),
                _ => None,
            })
            .collect();
        if floats.len() != values.len() {
            return Format::Plain { width: values.iter().map(|v| plain_text(*v).len()).max().unwrap_or(0) };
        }
        let finite: Vec<f64> = floats.iter().copied().filter(|v| v.is_finite()).collect();
        let sizes = finite.iter().map(|v| v.abs()).filter(|v| *v != 0.0);
        let (least, greatest) = sizes.fold((f64::INFINITY, 0f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let some = greatest > 0.0;
        let wide = some && (greatest >= 1e8 || least < 1e-4 || greatest / least > 1000.0);
        // What is not finite fills the columns of the others, to the point's right too.
        let stretch = |left: usize, right: usize| {
            if finite.len() == floats.len() {
                return left;
            }
            let negative = floats.contains(&f64::NEG_INFINITY);
            left.max((3 + usize::from(negative)).saturating_sub(right + 1))
        };
        if wide {
            let texts: Vec<_> = finite.iter().map(|v| scientific(*v)).collect();
            let digits = texts.iter().map(|t| t.1.len()).max().unwrap_or(0);
            let exponent = texts.iter().map(|t| t.2.len()).max().unwrap_or(0) - 1;
            let left = texts.iter().map(|t| t.0.len()).max().unwrap_or(0);
            let right = exponent + 2 + digits;
            Format::Scientific { left: stretch(left, right), right, digits, exponent }
        } else {
            let texts: Vec<_> = finite.iter().map(|v| positional(*v)).collect();
            let left = texts.iter().map(|t| t.0.len()).max().unwrap_or(0);
            let right = texts.iter().map(|t| t.1.len()).max().unwrap_or(0);
            Format::Fixed { left: stretch(left, right), right }
        }
    }

    fn text(&self, value: Scalar) -> String {
        let (Format::Fixed { left, right } | Format::Scientific { left, right, .. }) = *self else {
            let Format::Plain { width } = *self else { unreachable!("the other formats were taken") };
            return format!("{:>width$}", plain_text(value));
        };
        let v = value.as_f64();
        if !v.is_finite() {
            return format!("{:>width$}", non_finite(v), width = left + right + 1);
        }
        match *self {
            Format::Scientific { digits, exponent, .. } => {
                let text = format!("{v:.digits$e}");
                let (mantissa, e) = text.split_once('e').expect("scientific text has an exponent");
                let (int, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
                format!("{int:>left$}.{fraction}e{}", exponent_text(e, exponent))
            }
            _ => {
                let (int, fraction) = positional(v);
                format!("{int:>left$}.{fraction:<right$}")
            }
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

/// NumPy's `str()` of the array. Evaluates it; an expression that fails prints its error.
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
            return f.pad(&text(&Layout { shape: self.shape().into(), strides, offset: 0 }, &|_| value));
        }
        match self.eval() {
            Ok(leaf) => {
                let (buffer, layout) = leaf.as_buffer().expect("evaluated");
                f.pad(&text(layout, &|at| element(buffer, at as usize)))
            }
            Err(error) => write!(f, "<{error}>"),
        }
    }
}

/// Type, shape and state; never evaluates.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Array");
        if let Some(error) = self.error() {
            return out.field("error", error).finish();
        }
        out.field("dtype", &self.dtype()).field("shape", &self.shape());
        match &self.0.kind {
            Kind::Const { value, .. } => out.field("value", value),
            Kind::Buffer { data, layout } => {
                out.field("strides", &layout.strides).field("offset", &layout.offset).field("data", data)
            }
            Kind::Source { data, layout } => {
                out.field("strides", &layout.strides).field("offset", &layout.offset).field("source", data)
            }
            Kind::Map { op, .. } => out.field("pending", &op.name()).field("operations", &self.0.weight),
            Kind::Reduce { op, .. } => out.field("pending", &op.name()).field("operations", &self.0.weight),
            Kind::Store { .. } => out.field("pending", &"reshape"),
            Kind::Failed(_) => &mut out,
        };
        out.finish()
    }
}
