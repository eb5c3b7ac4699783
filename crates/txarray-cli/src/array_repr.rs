//! `repr()` of an array: `array([1, 2, 3], dtype=uint8)`, as it stands inside a printed list or tuple.
//!
//! **Promise** NumPy 2's text. The elements' own texts are those of `str()` ([`Array`]'s `Display`); separators, line
//! breaks and what follows the closing bracket differ and are laid out here.

use crate::arrays::shape_text;
use txarray::{Array, DType};

const LINE_WIDTH: usize = 75;
const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const PREFIX: &str = "array(";

/// The text of an array that has been evaluated.
pub(crate) fn repr(array: &Array) -> String {
    let shape = array.shape();
    let mut body = String::new();
    if array.is_empty() {
        body.push_str("[]");
    } else {
        // A 0-d array prints its element as an array of one does: `array(3.)`.
        let listed = if shape.is_empty() { array.reshape([1]) } else { array.clone() };
        let words = aligned(&listed.to_string(), array.dtype());
        if shape.is_empty() {
            body.push_str(words.first().map_or("", |word| word.trim()));
        } else {
            let summary = array.len() > THRESHOLD;
            let mut writer = Writer { shape, summary, words: words.into_iter(), out: &mut body };
            writer.axis(0, PREFIX.len() + 1, LINE_WIDTH - 1);
        }
    }
    let mut extras = Vec::new();
    if (array.is_empty() && shape != [0]) || array.len() > THRESHOLD {
        extras.push(format!("shape={}", shape_text(shape)));
    }
    if array.is_empty() || !matches!(array.dtype(), DType::F64 | DType::I64 | DType::Bool) {
        extras.push(format!("dtype={}", array.dtype()));
    }
    if extras.is_empty() {
        return format!("{PREFIX}{body})");
    }
    let (text, extras) = (format!("{PREFIX}{body},"), format!("{})", extras.join(", ")));
    let last_line = text.len() - text.rfind('\n').map_or(0, |at| at + 1);
    if last_line + extras.len() + 1 > LINE_WIDTH {
        format!("{text}\n{}{extras}", " ".repeat(PREFIX.len()))
    } else {
        format!("{text} {extras}")
    }
}

/// The elements' texts in printed order, dots included, padded to their common columns.
fn aligned(text: &str, dtype: DType) -> Vec<String> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == '[' || c == ']').filter(|w| !w.is_empty()).collect();
    let elements = words.iter().filter(|word| **word != "...");
    if dtype != DType::F64 {
        // NumPy pads True to False also where there is no False.
        let least = if dtype == DType::Bool { "False".len() } else { 0 };
        let width = elements.map(|word| word.len()).max().unwrap_or(0).max(least);
        return words
            .iter()
            .map(|word| if *word == "..." { (*word).to_owned() } else { format!("{word:>width$}") })
            .collect();
    }
    let parts = elements.clone().filter_map(|word| word.split_once('.'));
    let (left, right) =
        parts.fold((0, 0), |(l, r), (int, fraction)| (l.max(int.len()), r.max(fraction.len())));
    let width = elements.map(|word| word.len()).max().unwrap_or(0).max(left + right + 1);
    let pad = |word: &str| match word.split_once('.') {
        Some((int, fraction)) if word != "..." => format!("{:>width$}", format!("{int}.{fraction:<right$}")),
        None if word != "..." => format!("{word:>width$}"),
        _ => word.to_owned(),
    };
    words.iter().map(|word| pad(word)).collect()
}

struct Writer<'a> {
    shape: &'a [usize],
    summary: bool,
    words: std::vec::IntoIter<String>,
    out: &'a mut String,
}

impl Writer<'_> {
    /// One bracketed axis; `indent` is where its lines start, `width` where they end.
    fn axis(&mut self, axis: usize, indent: usize, width: usize) {
        let length = self.shape[axis];
        let (items, dots) =
            if self.summary && length > 2 * EDGE { (2 * EDGE + 1, Some(EDGE)) } else { (length, None) };
        let left = self.shape.len() - axis;
        self.out.push('[');
        let (limit, mut line) = (width - 1, indent);
        for item in 0..items {
            let last = item + 1 == items;
            if left > 1 {
                if item > 0 {
                    self.out.push_str(&"\n".repeat(left - 1));
                    self.out.push_str(&" ".repeat(indent));
                }
                if dots == Some(item) {
                    self.words.next();
                    self.out.push_str("...");
                } else {
                    self.axis(axis + 1, indent + 1, width - 1);
                }
                self.out.push_str(if last { "" } else { "," });
                continue;
            }
            let word = self.words.next().unwrap_or_default();
            if line + word.len() > limit && line > indent {
                self.out.truncate(self.out.trim_end().len());
                self.out.push('\n');
                self.out.push_str(&" ".repeat(indent));
                line = indent;
            }
            self.out.push_str(&word);
            self.out.push_str(if last { "" } else { ", " });
            line += word.len() + 2;
        }
        self.out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_in_lists_read_as_numpy_writes_them() {
        for (array, text) in [
            (Array::from_vec(vec![1.5, -2.5, 0.0], [3]), "array([ 1.5, -2.5,  0. ])"),
            (Array::from_vec(vec![1u8, 20], [2]), "array([ 1, 20], dtype=uint8)"),
            (Array::from_vec(vec![true, false], [2]), "array([ True, False])"),
            (Array::from_vec(vec![true, true], [2]), "array([ True,  True])"),
            (Array::scalar(true), "array(True)"),
            (Array::zeros([0, 3]), "array([], shape=(0, 3), dtype=float64)"),
            (Array::zeros([0]), "array([], dtype=float64)"),
            (Array::scalar(3.0), "array(3.)"),
            (Array::arange(0, 4, 1).reshape([2, 2]), "array([[0, 1],\n       [2, 3]])"),
            (Array::from_vec(vec![1.0, f64::NAN, 1e-9], [3]), "array([1.e+00,    nan, 1.e-09])"),
            (Array::arange(0, 2000, 1), "array([   0,    1,    2, ..., 1997, 1998, 1999], shape=(2000,))"),
            (
                Array::arange(0, 30, 1) * 1000,
                "array([    0,  1000,  2000,  3000,  4000,  5000,  6000,  7000,  8000,\n        9000, 10000, 11000, \
                 12000, 13000, 14000, 15000, 16000, 17000,\n       18000, 19000, 20000, 21000, 22000, 23000, 24000, 25000, \
                 26000,\n       27000, 28000, 29000])",
            ),
        ] {
            assert_eq!(repr(&array.eval().unwrap()), text);
        }
    }
}
