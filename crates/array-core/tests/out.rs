//! `out=` and `where=` of elementwise operations and reductions against NumPy's results (tests/fixtures/out.txt, made by
//! tests/generate.py): every function and type, targets of every type, masks, stretched and backward views.
//!
//! Exact, but: powers, `hypot`, roots and what is computed of complex numbers within some units in the last place (see
//! numpy_values.rs).

mod fixture;
mod words;

use array_core::{Along, Array, ArrayError, Complex, DType, Index, Isa, Op, Out, Scalar, pick, s};
use fixture::dtype;
use words::parse;

/// The generator's SMALL.
fn small(name: &str) -> Array {
    let numbers: Vec<Complex<f64>> = match &name[..1] {
        "b" => [1.0, 0.0, 1.0].map(Complex::from).into(),
        "i" => [-3.0, 2.0, 5.0].map(Complex::from).into(),
        "u" => [1.0, 2.0, 5.0].map(Complex::from).into(),
        "f" => [1.0, -1.5, 2.5].map(Complex::from).into(),
        _ => vec![Complex::new(1.0, 0.0), Complex::new(-1.5, 2.0), Complex::new(3.0, -4.0)],
    };
    Array::from_vec(numbers, [3]).cast(dtype(name)).compact().unwrap()
}

fn agree(a: Scalar, b: Scalar, tolerance: f64) -> bool {
    let (Scalar::C128(x), Scalar::C128(y)) = (a.cast(DType::C128), b.cast(DType::C128)) else {
        unreachable!()
    };
    let size = y.re.abs().max(y.im.abs());
    let part = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * size;
    a.dtype() == b.dtype() && part(x.re, y.re) && part(x.im, y.im)
}

fn bits(text: &str) -> Option<Vec<bool>> {
    (text != "-").then(|| text.chars().map(|c| c == '1').collect())
}

fn elementwise(words: &[&str]) -> (Array, DType) {
    let [name, a, to, form, mask] = words[..] else { panic!("{words:?}") };
    let (to, mut x) = (dtype(to), small(a));
    if name.ends_with("shift") {
        x = x.abs();
    }
    let mut y = x.slice(s![..; -1]);
    let mut base = (Array::arange(0, 3, 1) + 7).cast(to);
    let mut mask = bits(mask);
    if name == "power" && a.starts_with('i') {
        y = Array::from_vec(vec![-1, 2, 3i64], [3]).cast(dtype(a));
    }
    if form == "rows" {
        let second = Array::binary(Op::Add, &base, Array::scalar(true));
        base = Array::zeros([2, 3]).cast(to).set(pick![0], &base).set(pick![1], second);
        mask = mask.map(|bits| bits[..2].to_vec());
    }
    let mut mask = mask.map(|bits| {
        let n = bits.len();
        Array::from_vec(bits, if form == "rows" { vec![n, 1] } else { vec![n] })
    });
    if form == "back" {
        base = base.compact().unwrap().slice(s![..; -1]);
        (x, y) = (x.slice(s![..; -1]), y.slice(s![..; -1]));
        // NumPy's mask is not turned.
        mask = mask.map(|mask| mask.slice(s![..]));
    }
    let out = mask.into_iter().fold(Out::from(&base), Out::filter);
    let ours = match name {
        "logical_and" => x.logical_and(&y).copied_into(out),
        "logical_or" => x.logical_or(&y).copied_into(out),
        "logical_xor" => x.logical_xor(&y).copied_into(out),
        "logical_not" => x.logical_not().copied_into(out),
        name => {
            let op = Op::ALL.iter().copied().find(|op| op.name() == name).unwrap_or_else(|| panic!("{name}"));
            if op.arity() == 1 { Array::unary_into(op, &x, out) } else { Array::binary_into(op, &x, &y, out) }
        }
    };
    (ours, to)
}

fn reduction(words: &[&str]) -> (Array, DType) {
    let [name, a, to, axis, mask, initial] = words[..] else { panic!("{words:?}") };
    let x = Array::from_vec(vec![1, 0, 3, 2, 4, 1i64], [2, 3]).cast(dtype(a));
    let mut along = if axis == "-" { Along::all() } else { Along::from(axis.parse::<isize>().unwrap()) };
    if let Ok(mask) = mask.parse::<u32>() {
        along = along.filter(Array::from_vec((0..6).map(|i| mask >> i & 1 == 1).collect(), [2, 3]));
    }
    if let Ok(initial) = initial.parse::<i64>() {
        along = along.initial(initial);
    }
    let shape =
        x.sum_along(if axis == "-" { Along::all() } else { Along::from(axis.parse::<isize>().unwrap()) });
    let target = Array::full(shape.shape(), 1).cast(dtype(to));
    let along = along.out(&target);
    let ours = match name {
        "sum" => x.sum_along(along),
        "prod" => x.prod_along(along),
        "max" => x.max_along(along),
        "min" => x.min_along(along),
        "mean" => x.mean_along(along),
        "var" => x.var(along, 0),
        "std" => x.std(along, 0),
        "any" => x.any(along),
        "all" => x.all(along),
        _ => panic!("{name}"),
    };
    (ours, dtype(to))
}

#[test]
fn results_over_targets_are_numpys() {
    let (mut lines, mut errors, mut wrong) = (0, 0, Vec::new());
    for line in include_str!("fixtures/out.txt").lines().filter(|l| !l.starts_with('#')) {
        lines += 1;
        let (head, expected) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
        let words: Vec<&str> = head.split(' ').collect();
        let complex = words[1].starts_with('c');
        let (ours, to) = match words[0].strip_prefix("reduce:") {
            Some(name) => reduction(&[&[name], &words[1..]].concat()),
            None => elementwise(&words),
        };
        let inexact = complex || ["power", "hypot", "reduce:std"].contains(&words[0]);
        let single = [dtype(words[1]), to].iter().any(|d| matches!(d, DType::F32 | DType::C64));
        let tolerance = if inexact { 8.0 * if single { 1.2e-7 } else { 2.3e-16 } } else { 0.0 };
        if expected == "error" {
            errors += 1;
            if ours.eval().is_ok() {
                wrong.push(format!("{head}: NumPy refuses, ours is {ours}"));
            }
            continue;
        }
        let expected: Vec<Scalar> = expected.split(' ').map(|w| parse(w, to)).collect();
        for isa in Isa::available() {
            match ours.eval_for(isa).and_then(|ours| ours.scalars()) {
                Ok(values) if values.len() == expected.len() => {
                    if let Some(i) = (0..values.len()).find(|&i| !agree(values[i], expected[i], tolerance)) {
                        wrong.push(format!(
                            "{head} [{i}] on {isa}: ours {:?}, NumPy {:?}",
                            values[i], expected[i]
                        ));
                    }
                }
                other => wrong.push(format!("{head}: {other:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines > 2500 && errors > 500, "{lines} lines, {errors} errors");
}

#[test]
fn what_does_not_fit_a_target_is_named() {
    let (a, target) = (Array::ones([2, 3]), Array::full([3], 0));
    let root = |array: Array| array.eval().unwrap_err().root().clone();
    assert_eq!(
        root(Array::binary_into(Op::Add, &a, 1.0, &target)),
        ArrayError::Casting { operation: "add", from: DType::F64, to: DType::I64 }
    );
    let target = target.cast(DType::F32);
    assert_eq!(
        root(Array::unary_into(Op::Negative, &a, &target)),
        ArrayError::BroadcastTo { from: vec![2, 3], to: vec![3] }
    );
    // Neither does a mask stretch the target.
    let column = Array::full([2, 1], true);
    let row = a.slice(s![0]);
    assert_eq!(
        root(row.copied_into(Out::from(&target).filter(column))),
        ArrayError::BroadcastTo { from: vec![2, 3], to: vec![3] }
    );
    assert_eq!(
        root(row.copied_into(Out::from(&target).filter(1))),
        ArrayError::WrongType { have: DType::I64, asked: DType::Bool }
    );
    assert!(matches!(
        root(row.copied_into(Out::from(&target).filter(Array::full([2], true)))),
        ArrayError::Broadcast { .. }
    ));
    let line = line!() + 1;
    let error = Array::unary_into(Op::Sqrt, &a, Array::full([3, 3], 0)).eval().unwrap_err();
    assert_eq!(error.location().unwrap().line(), line);
}

#[test]
fn a_target_that_dies_lends_its_memory_and_one_that_is_seen_is_kept() {
    let n = 20_000;
    let a = Array::arange(0.0, n as f64, 1.0);
    let make = || (Array::full([n], 7.0) * 1.0).eval().unwrap();
    let address = |a: &Array| a.as_buffer().unwrap().0.as_ptr();
    let mask = || a.remainder(2.0).equal(0.0);
    let check = |result: &Array| {
        let values = result.to_vec::<f64>().unwrap();
        assert!(values.iter().enumerate().all(|(i, v)| *v == if i % 2 == 0 { i as f64 + 0.5 } else { 7.0 }));
    };
    let target = make();
    let before = address(&target);
    let result = Array::binary_into(Op::Add, &a, 0.5, Out::from(target).filter(mask()));
    let result = result.into_evaluated().unwrap();
    assert_eq!(address(&result), before);
    check(&result);
    let target = make();
    let result = Array::binary_into(Op::Add, &a, 0.5, Out::from(&target).filter(mask()));
    check(&result.into_evaluated().unwrap());
    assert!(target.to_vec::<f64>().unwrap().iter().all(|v| *v == 7.0));
    assert_eq!(target.slice([Index::At(-1)]).item::<f64>().unwrap(), 7.0);
}

#[test]
fn what_is_copied_may_have_axes_of_length_one_too_many() {
    let row = Array::arange(0, 3, 1);
    let copied = row.reshape([1, 1, 3]).copied_into(Array::zeros([3]));
    assert_eq!((copied.shape(), copied.to_vec::<f64>().unwrap()), (&[3][..], vec![0.0, 1.0, 2.0]));
    assert_eq!(Array::full([1], 7).copied_into(Array::zeros([])).item::<f64>().unwrap(), 7.0);
    // Results of ufuncs have the shape they have.
    assert!(Array::unary_into(Op::Negative, row.reshape([1, 3]), Array::zeros([3])).error().is_some());
    assert!(Array::zeros([2, 3]).copied_into(Array::zeros([3])).error().is_some());
}
