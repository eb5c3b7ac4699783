//! Indices as the files under tests/fixtures write them.

use array_core::{Array, DType, Index, Select};

fn numbers(text: &str) -> Vec<i64> {
    text.split(',').filter(|w| *w != "-" && !w.is_empty()).map(|w| w.parse().unwrap()).collect()
}

/// A shape, `-` without axes.
pub(crate) fn shape(text: &str) -> Vec<usize> {
    numbers(text).into_iter().map(|n| n as usize).collect()
}

/// An item of an index: slice, integer, array, mask, ellipsis or new axis.
pub(crate) fn item(text: &str) -> Select {
    let (kind, rest) = text.split_at(1);
    let array = || {
        let (own, values) = rest.split_once('|').unwrap();
        let values = numbers(values);
        let len = values.len();
        Array::from_vec(values, [len]).reshape(shape(own))
    };
    match kind {
        "e" => Index::Ellipsis.into(),
        "n" => Index::NewAxis.into(),
        "i" => rest.parse::<isize>().unwrap().into(),
        "a" => array().into(),
        "m" => array().cast(DType::Bool).into(),
        _ => {
            let words: Vec<Option<isize>> = rest.split(':').map(|w| w.parse().ok()).collect();
            Index::Slice { start: words[0], stop: words[1], step: words[2].unwrap_or(1) }.into()
        }
    }
}
