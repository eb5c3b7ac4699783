//! What is set, done at positions, put and taken, of every type and every kind of layout, to NumPy's bits (tests/fixtures/changes.txt,
//! made by tests/generate.py): values of other types and stretched ones among them.

mod digest;
mod fixture;
mod inputs;
mod items;

use array_core::{Array, DType, Index, Select};
use digest::{digest, words};
use fixture::dtype;
use items::{item, shape};

/// The generator's `numbers`.
fn numbers(dtype: DType, shape: &[usize], step: i64) -> Array {
    let len: usize = shape.iter().product();
    let flat = Array::from_vec((0..len as i64).map(|i| i * step % 23 - 3).collect(), [len]);
    let flat = if dtype.is_float() || dtype.is_complex() { flat / 3.0 } else { flat };
    flat.cast(dtype).reshape(shape)
}

/// The generator's VIEWS.
fn view(array: &Array, name: &str) -> Array {
    let each = |step: isize| vec![Index::ALL.step(step); array.ndim()];
    match name {
        "t" => array.transpose(),
        "r" => array.slice(each(-1)),
        "s" => array.slice(each(2)),
        "b" => array.broadcast_to([&[2], array.shape()].concat()),
        _ => array.clone(),
    }
}

#[test]
fn what_is_changed_and_taken_is_numpys() {
    let mut wrong = Vec::new();
    let (mut lines, mut errors) = (0, 0);
    for line in include_str!("fixtures/changes.txt").lines().filter(|line| !line.starts_with('#')) {
        lines += 1;
        let (head, expected) = line.split_once(" = ").unwrap();
        let text: Vec<&str> = head.split(' ').collect();
        let [what, kind, own, form, other, given] = text[..6] else { panic!("{line}") };
        let a = view(&numbers(dtype(kind), &shape(own), 7).eval().unwrap(), form);
        let value = numbers(dtype(other), &shape(given), 5);
        let index: Vec<Select> = text[6..].iter().map(|text| item(text)).collect();
        let positions = || match &index[..] {
            [Select::Array(positions)] => positions.clone(),
            _ => panic!("{line}"),
        };
        let result = match what {
            "take" => a.take(&positions(), None),
            "put" => a.put(&positions(), &value),
            "set" => a.set(&index, &value),
            name => a.at(inputs::op(name), &index, &value),
        };
        match (words(&result, false), expected) {
            (Err(_), "error") => errors += 1,
            (Err(error), _) => wrong.push(format!("{head}: {error}")),
            (Ok(text), "error") => wrong.push(format!("{head}: NumPy refuses, ours is {text}")),
            (Ok(text), _) if digest(&text) != expected => wrong.push(format!("{head}: {text}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines > 1100 && errors > 40, "{lines} lines, {errors} errors");
}
