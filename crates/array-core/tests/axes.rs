//! Reductions and scans along axes against NumPy's results (tests/fixtures/axes.txt, made by tests/generate.py), of views of
//! every kind, and the same on every instruction set and through fused expressions.
//!
//! Exact, but: products and what follows a mean of complex numbers within some units in the last place (NumPy multiplies in
//! order, and contracts complex products), and likewise float sums of filtered elements (NumPy adds the runs between
//! the elements left out); NaN is NaN.

mod fixture;
mod words;

use array_core::{Along, Array, ArrayError, Complex, DType, Index, Isa, ReduceOp, Scalar};
use fixture::dtype;
use words::parse;

fn stream(n: usize) -> Vec<f64> {
    let scale = [1e-6, 1e-3, 1.0, 1e3, 1e6];
    let element = |i: u64| {
        let bits = (i.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407)) ^ (i << 17);
        let bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58476D1CE4E5B9);
        let unit = (bits >> 11) as f64 * 2f64.powi(-53) - 0.5;
        unit * scale[(i % 5) as usize]
    };
    (0..n as u64).map(element).collect()
}

/// The generator's `data`.
fn data(dtype: DType, shape: &[usize]) -> Array {
    let n = shape.iter().product();
    let flat = if dtype.is_float() {
        Array::from_vec(stream(n), [n])
    } else if dtype.is_complex() {
        let parts = stream(n).into_iter().zip(stream(n + 7).split_off(7));
        Array::from_vec(parts.map(|(re, im)| Complex::new(re, im)).collect(), [n])
    } else {
        (Array::arange(0, n as i64, 1) * 37) % 101 - 50
    };
    flat.cast(dtype).compact().unwrap().reshape(shape)
}

fn view(a: &Array, name: &str) -> Array {
    let each = |item: Index| a.slice(vec![item; a.ndim()]);
    match name {
        "c" => a.clone(),
        "t" => a.transpose(),
        "r" => each(Index::ALL.step(-1)),
        "s" => each(Index::ALL.step(2)),
        "b" => a.broadcast_to([&[2], a.shape()].concat()),
        _ => panic!("view {name}"),
    }
}

fn numbers(text: &str) -> Vec<isize> {
    text.split(',').filter(|w| *w != "-").map(|w| w.parse().unwrap()).collect()
}

/// Whether the values are the same, or within `tolerance` of the greater part.
fn agree(a: Scalar, b: Scalar, tolerance: f64) -> bool {
    let (Scalar::C128(x), Scalar::C128(y)) = (a.cast(DType::C128), b.cast(DType::C128)) else {
        unreachable!()
    };
    if a.as_integer().is_some() {
        return a == b;
    }
    let size = y.re.abs().max(y.im.abs());
    let part = |x: f64, y: f64| {
        x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * size
    };
    a.dtype() == b.dtype() && part(x.re, y.re) && part(x.im, y.im)
}

fn call(name: &str, a: &Array, axes: &[isize], options: &str) -> Array {
    let mut along = if axes.is_empty() { Along::all() } else { Along::from(axes) };
    let mut ddof = 0;
    for option in options.split(' ').filter(|o| *o != "-") {
        along = match option.split_once('=').unwrap() {
            ("keepdims", _) => along.keepdims(),
            ("initial", value) => along.initial(value.parse::<i64>().unwrap()),
            ("where", _) => {
                along.filter(Array::arange(0, a.len() as i64, 1).remainder(3).not_equal(0).reshape(a.shape()))
            }
            ("dtype", name) => along.dtype(DType::ALL.iter().copied().find(|d| d.name() == name).unwrap()),
            ("ddof", n) => {
                ddof = n.parse().unwrap();
                along
            }
            _ => panic!("{option}"),
        };
    }
    let axis = axes.first().copied();
    match name {
        "sum" => a.sum_along(along),
        "prod" => a.prod_along(along),
        "max" => a.max_along(along),
        "min" => a.min_along(along),
        "mean" => a.mean_along(along),
        "var" => a.var(along, ddof),
        "std" => a.std(along, ddof),
        "any" => a.any(along),
        "all" => a.all(along),
        "count_nonzero" => a.count_nonzero(along),
        "argmax" => a.argmax(axis),
        "argmin" => a.argmin(axis),
        "cumsum" => a.cumsum(axis),
        "cumprod" => a.cumprod(axis),
        _ => panic!("{name}"),
    }
}

#[test]
fn reductions_along_axes_have_numpys_values() {
    let (mut lines, mut errors) = (0, 0);
    let mut wrong = Vec::new();
    for line in include_str!("fixtures/axes.txt").lines().filter(|l| !l.starts_with('#')) {
        lines += 1;
        let (head, expected) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
        let words: Vec<&str> = head.splitn(6, ' ').collect();
        let [name, kind, shape, look, axes, options] = words[..] else { panic!("{line}") };
        let shape: Vec<usize> = numbers(shape).iter().map(|n| *n as usize).collect();
        let source = data(dtype(kind), &shape);
        let a = view(&source, look);
        let axes = numbers(axes);
        let ours = call(name, &a, &axes, options);
        if expected == "error" {
            errors += 1;
            if ours.eval().is_ok() {
                wrong.push(format!("{head}: NumPy refuses, ours is {ours}"));
            }
            continue;
        }
        let mut words = expected.split(' ');
        let expected_type = dtype(words.next().unwrap());
        let expected_shape: Vec<usize> = numbers(words.next().unwrap()).iter().map(|n| *n as usize).collect();
        let expected: Vec<Scalar> =
            words.filter(|w| !w.is_empty()).map(|w| parse(w, expected_type)).collect();
        let epsilon = if matches!(expected_type, DType::F32 | DType::C64) { 1.2e-7 } else { 2.3e-16 };
        let tolerance = match name {
            "prod" | "cumprod" => 1200.0 * epsilon,
            "sum" | "mean" | "var" if options.contains("where") => 16.0 * epsilon,
            "var" | "std" | "mean" if kind.starts_with('c') => 8.0 * epsilon,
            _ => 0.0,
        };
        let values = match ours.scalars() {
            Ok(values) => values,
            Err(error) => {
                wrong.push(format!("{head}: {error}"));
                continue;
            }
        };
        if (ours.dtype(), ours.shape()) != (expected_type, &expected_shape[..]) {
            wrong.push(format!("{head}: ours is {} {:?}", ours.dtype(), ours.shape()));
        } else if let Some(i) = (0..values.len()).find(|&i| !agree(values[i], expected[i], tolerance)) {
            wrong.push(format!("{head} [{i}]: ours {:?}, NumPy {:?}", values[i], expected[i]));
        }
        // The same of a fused operand, and on every instruction set.
        let one = Array::scalar(Scalar::Bool(true).cast(a.dtype()));
        let fused = call(name, &Array::binary(array_core::Op::Multiply, &a, one), &axes, options);
        for isa in Isa::available() {
            for other in [&ours, &fused] {
                let other = other.eval_for(isa).unwrap().scalars().unwrap();
                // A product with one may change what is inside a NaN or the sign of a complex zero.
                if !values.iter().zip(&other).all(|(v, o)| agree(*o, *v, 0.0) || a.dtype().is_complex()) {
                    wrong.push(format!("{head}: differs on {isa}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines > 800 && errors > 10, "{lines} lines, {errors} errors");
}

#[test]
fn wrong_axes_are_errors_that_name_them() {
    let a = Array::zeros([2, 3]);
    assert_eq!(a.sum_along(2).eval().unwrap_err().root(), &ArrayError::Axis { axis: 2, ndim: 2 });
    assert_eq!(a.argmax(-3).eval().unwrap_err().root(), &ArrayError::Axis { axis: -3, ndim: 2 });
    assert_eq!(
        a.cumsum(isize::MIN).eval().unwrap_err().root(),
        &ArrayError::Axis { axis: isize::MIN, ndim: 2 }
    );
    assert_eq!(a.sum_along([0, -2]).eval().unwrap_err().root(), &ArrayError::RepeatedAxis { axis: 0 });
    let filter = Along::from(0).filter(Array::ones([4]));
    assert!(matches!(a.sum_along(filter).eval().unwrap_err().root(), ArrayError::Broadcast { .. }));
    let wider = Along::from(0).filter(Array::ones([5, 2, 3]));
    assert!(matches!(a.sum_along(wider).eval().unwrap_err().root(), ArrayError::BroadcastTo { .. }));
    let line = line!() + 1;
    let error = a.max_along(Along::all().filter(true)).eval().unwrap_err();
    assert_eq!(error.location().unwrap().line(), line);
    assert!(error.to_string().contains("initial"), "{error}");
}

#[test]
fn what_is_computed_as_a_whole_can_be_looked_at_and_built_on() {
    let a = Array::arange(0, 24, 1).reshape([2, 3, 4]);
    let sums = a.sum_along(1);
    assert_eq!(sums.slice(array_core::s![1, ..; -1]).to_vec::<i64>().unwrap(), [57, 54, 51, 48]);
    assert_eq!(sums.transpose().reshape([8]).to_vec::<i64>().unwrap(), [12, 48, 15, 51, 18, 54, 21, 57]);
    assert_eq!((sums.sum_along(0) - sums.max()).to_vec::<i64>().unwrap(), [3, 9, 15, 21]);
    let normal = (&a - a.mean_along(Along::from(2).keepdims())) / a.std(Along::from(2).keepdims(), 0);
    assert_eq!(normal.sum_along(2).abs().max().item::<f64>().unwrap(), 0.0);
    assert_eq!(a.reduce_along(ReduceOp::Max, []).shape(), [2, 3, 4]);
}

#[test]
fn long_rows_and_wide_columns_agree_with_each_other() {
    // Beyond blocks and panels, by sums of integers, which have no order.
    for (rows, columns) in [(3, 50_000), (50_000, 3), (1, 20_001), (1030, 70), (9, 17_000)] {
        let a = Array::arange(0, (rows * columns) as i64, 1).reshape([rows, columns]);
        let (down, across) = (a.sum_along(0), a.sum_along(1));
        assert_eq!(down.sum().item::<i64>().unwrap(), a.sum().item::<i64>().unwrap());
        assert_eq!(across.sum().item::<i64>().unwrap(), a.sum().item::<i64>().unwrap());
        let turned = a.transpose().compact().unwrap();
        assert_eq!(turned.sum_along(0).to_vec::<i64>().unwrap(), across.to_vec::<i64>().unwrap());
        assert_eq!(turned.sum_along(1).to_vec::<i64>().unwrap(), down.to_vec::<i64>().unwrap());
        assert_eq!(turned.max_along(1).to_vec::<i64>().unwrap(), a.max_along(0).to_vec::<i64>().unwrap());
        assert_eq!(turned.argmax(1).to_vec::<i64>().unwrap(), a.argmax(0).to_vec::<i64>().unwrap());
        assert_eq!(
            turned.cumsum(1).transpose().to_vec::<i64>().unwrap(),
            a.cumsum(0).to_vec::<i64>().unwrap()
        );
    }
}
