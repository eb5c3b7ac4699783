//! Every function on every type with operands of every kind of shape and layout, to NumPy's bits (tests/fixtures/shapes.txt, made
//! by tests/generate.py): 0-d, empty, one element, dense, strided, reversed, broadcast to and fro, transposed.
//!
//! The table holds a digest of each result, which is shape, type and words as the fixtures write them. What NumPy leaves to the C
//! library or contracts is not in it; numpy_values.rs holds that to a tolerance, and layouts against each other.

mod digest;
mod fixture;
mod inputs;

use array_core::{Array, DType, Index, s};
use digest::{digest, words};
use fixture::dtype;

/// The elements that results are computed from: 135, in the order of the generator's `runs`.
fn run(name: &str, order: impl Fn(usize) -> usize) -> Array {
    let inputs = inputs::input(name);
    let places: Vec<i64> = (0..135).map(|i| (order(i) % inputs.len()) as i64).collect();
    inputs.take(&Array::from_vec(places, [135]), 0).eval().unwrap()
}

/// The generator's FORMS.
fn forms(a: &Array, b: &Array) -> [(&'static str, Array, Array); 9] {
    let new = Index::NewAxis;
    let table = |x: &Array, rows: usize, columns: usize| {
        x.slice(s![..(rows * columns) as isize]).reshape([rows, columns])
    };
    [
        ("0-d", a.slice(s![2]), b.slice(s![2])),
        ("empty", table(a, 0, 3), table(b, 0, 3)),
        ("one", a.slice(s![5..6]), b.slice(s![5..6])),
        ("row", a.slice(s![..67]), b.slice(s![..67])),
        ("steps", table(a, 5, 27).slice(s![..; 2, 1..; 2]), table(b, 5, 27).slice(s![..; 2, ..26; 2])),
        ("back", a.slice(s![..67]).slice(s![..; -1]), b.slice(s![68..135])),
        ("outer", a.slice(s![..13]).slice([Index::ALL, new]), b.slice(s![..11]).slice([new, Index::ALL])),
        ("stretch", a.slice(s![3]).broadcast_to([4, 9]), b.slice(s![..9])),
        ("turned", table(a, 9, 8).transpose(), table(b, 8, 9)),
    ]
}

fn call(name: &str, x: &Array, y: &Array) -> Array {
    match name {
        "logical_not" => x.logical_not(),
        "logical_and" => x.logical_and(y),
        "logical_or" => x.logical_or(y),
        "logical_xor" => x.logical_xor(y),
        // The generator's THREE.
        "where" => Array::where_(x.not_equal(y), x, y),
        "clip" => x.clip(y, y.slice(vec![Index::ALL.step(-1); y.ndim()])),
        _ => match inputs::op(name) {
            op if op.arity() == 1 => Array::unary(op, x),
            op => Array::binary(op, x, y),
        },
    }
}

#[test]
fn every_function_has_numpys_bits_on_every_kind_of_operand() {
    let mut wrong = Vec::new();
    let (mut digests, mut errors) = (0, 0);
    for line in include_str!("fixtures/shapes.txt").lines().filter(|line| !line.starts_with('#')) {
        let (head, expected) = line.split_once(" = ").unwrap();
        let (name, kind) = head.split_once(' ').unwrap();
        let zeros = matches!(name, "minimum" | "maximum" | "fmin" | "fmax" | "clip");
        let mut a = run(kind, |i| i * 5 + 2);
        if name == "reciprocal" && kind.starts_with('u') {
            a = a.maximum(1);
        }
        let forms = forms(&a, &run(kind, |i| i * 7 + i / 3 + 1));
        if expected == "error" {
            errors += 1;
            for (form, x, y) in &forms {
                if call(name, x, y).scalars().is_ok() {
                    wrong.push(format!("{head}, {form}: NumPy refuses"));
                }
            }
            continue;
        }
        let mut words_of = expected.split(' ');
        let result_type: DType = dtype(words_of.next().unwrap());
        for ((form, x, y), numpys) in forms.iter().zip(words_of) {
            let result = call(name, x, y);
            digests += 1;
            match words(&result, zeros) {
                Err(error) => wrong.push(format!("{head}, {form}: {error}")),
                Ok(_) if result.dtype() != result_type => {
                    wrong.push(format!("{head}, {form}: {} instead of {result_type}", result.dtype()));
                }
                Ok(text) if digest(&text) != numpys => wrong.push(format!("{head}, {form}: {text}")),
                Ok(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {digests} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(digests > 4500 && errors > 40, "{digests} results, {errors} errors");
}

#[test]
fn refused_ranges_name_the_line_that_asked() {
    let (zero, endless) = (Array::arange(0, 10, 0), Array::arange(0.0, f64::NAN, 1.0));
    for range in [zero, endless, Array::arange(0.0, 1e300, 1.0)] {
        let error = range.eval().unwrap_err();
        assert!(error.location().is_some_and(|at| at.file().ends_with("shapes.rs")), "{error}");
    }
}
