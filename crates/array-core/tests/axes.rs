//! Reductions and scans along axes against NumPy's results (tests/fixtures/axes.txt, made by tests/generate.py), of views of
//! every kind, and the same on every instruction set and through fused expressions.
//!
//! Exact, but: products and what follows a mean of complex numbers within some units in the last place (NumPy multiplies in
//! order, and contracts complex products), and likewise float sums of filtered elements (NumPy adds the runs between
//! the elements left out); NaN is NaN.

mod fixture;
mod inputs;
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

/// The generator's `data` of `SPECIAL`.
fn special(kind: &str, which: &str, shape: &[usize]) -> Array {
    let chosen: &[usize] = match (&kind[..1], which) {
        ("f" | "c", "zeros") => &[0, 1],
        ("f", "negative") => &[1],
        ("f", "above") => &[2, 5, 4],
        ("f", "both") => &[5, 3, 6, 0],
        ("f", "huge") => &[9, 2, 9, 10],
        ("f", "nan") => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        ("c", "above") => &[2, 6, 4],
        ("c", "huge") => &[7, 2, 3],
        ("c", "nan") => &[0, 1, 2, 3, 4, 5, 6, 7],
        (_, "zeros") => &[0],
        ("i", "ends") => &[5, 6, 7, 4],
        ("u", "ends") => &[4, 5, 2],
        ("b", "ends") => &[1],
        _ => panic!("{kind} {which}"),
    };
    let n: usize = shape.iter().product();
    let places: Vec<i64> = (0..n).map(|i| chosen[(i * 7 + i / 5) % chosen.len()] as i64).collect();
    inputs::input(kind).take(&Array::from_vec(places, [n]), 0).eval().unwrap().reshape(shape)
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

/// Whether the values have the same bits, or are within `tolerance` of the greater part, which takes either zero for the other.
fn agree(a: Scalar, b: Scalar, tolerance: Option<f64>) -> bool {
    let (Scalar::C128(x), Scalar::C128(y)) = (a.cast(DType::C128), b.cast(DType::C128)) else {
        unreachable!()
    };
    if a.as_integer().is_some() {
        return a == b;
    }
    let size = [y.re, y.im]
        .into_iter()
        .filter(|part| part.is_finite())
        .fold(0.0, |size: f64, part| size.max(part.abs()));
    let part = |x: f64, y: f64| {
        x.to_bits() == y.to_bits()
            || (x.is_nan() && y.is_nan())
            || (y.is_finite() && tolerance.is_some_and(|most| (x - y).abs() <= most * size))
    };
    a.dtype() == b.dtype() && part(x.re, y.re) && part(x.im, y.im)
}

fn is_finite(value: Scalar) -> bool {
    let Scalar::C128(z) = value.cast(DType::C128) else { unreachable!() };
    z.re.is_finite() && z.im.is_finite()
}

fn named(name: &str) -> DType {
    DType::ALL.iter().copied().find(|d| d.name() == name).unwrap()
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
            ("dtype", name) => along.dtype(named(name)),
            ("special", _) => along,
            ("ddof", n) => {
                ddof = n.parse().unwrap();
                along
            }
            _ => panic!("{option}"),
        };
    }
    let axis = axes.first().copied();
    let scanned = options.split(' ').find_map(|option| option.strip_prefix("dtype=")).map(named);
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
        "argmax" => a.argmax(along),
        "argmin" => a.argmin(along),
        "cumsum" => a.scan(ReduceOp::Sum, axis, scanned),
        "cumprod" => a.scan(ReduceOp::Prod, axis, scanned),
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
        let source = match options.split(' ').find_map(|option| option.strip_prefix("special=")) {
            Some(which) => special(kind, which, &shape),
            None => data(dtype(kind), &shape),
        };
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
            "prod" | "cumprod" => Some(1200.0 * epsilon),
            "sum" | "mean" | "var" | "std" if options.contains("where") => Some(16.0 * epsilon),
            "var" | "std" | "mean" if kind.starts_with('c') => Some(8.0 * epsilon),
            // Of equal zeros NumPy's choice depends on the machine.
            "max" | "min" => Some(0.0),
            _ => None,
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
        } else if let Some(i) = (0..values.len()).find(|&i| {
            // Which parts of a complex product through infinity are NaN is up to the order of factors.
            let lost =
                name == "prod" && kind.starts_with('c') && !is_finite(expected[i]) && !is_finite(values[i]);
            !lost && !agree(values[i], expected[i], tolerance)
        }) {
            wrong.push(format!("{head} [{i}]: ours {:?}, NumPy {:?}", values[i], expected[i]));
        }
        // The same of a fused operand, and on every instruction set.
        let one = Array::scalar(Scalar::Bool(true).cast(a.dtype()));
        let fused = call(name, &Array::binary(array_core::Op::Multiply, &a, one), &axes, options);
        for isa in Isa::available() {
            for other in [&ours, &fused] {
                let other = other.eval_for(isa).unwrap().scalars().unwrap();
                // A product with one may change what is inside a NaN or the sign of a complex zero.
                if !values.iter().zip(&other).all(|(v, o)| agree(*o, *v, None) || a.dtype().is_complex()) {
                    wrong.push(format!("{head}: differs on {isa}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines > 2800 && errors > 10, "{lines} lines, {errors} errors");
}

#[test]
fn what_goes_row_after_row_begins_with_its_start() {
    let a = Array::from_vec(vec![1e200, 1.0, 1e200, 1.0], [2, 2]).eval().unwrap();
    let product = a.prod_along(Along::from(0).initial(1e-200));
    assert_eq!(product.to_vec::<f64>().unwrap(), [1e200, 1e-200]);
    let sum = (&a * 1.0).sum_along(Along::from(0).initial(-1e200));
    assert_eq!(sum.to_vec::<f64>().unwrap(), [1e200, -1e200]);
    assert!(format!("{sum:?}").contains("add.reduce[0] from -1e+200"), "{sum:?}");
}

#[test]
fn a_variance_into_a_target_is_summed_in_the_type_asked_for() {
    let a = Array::linspace(0.0, 1.0, 1000).eval().unwrap();
    let asked = || Along::all().dtype(DType::F32);
    let var = a.var(asked().out(&Array::zeros([])), 0);
    assert_eq!(var.dtype(), DType::F64);
    // NumPy's, whose sum is of singles and whose quotient is a double.
    assert_eq!(var.item::<f64>().unwrap(), 0.08350016784667968);
    assert_eq!(a.var(asked(), 0).item::<f32>().unwrap(), 0.083_500_17);
}

#[test]
fn positions_of_all_axes_are_those_in_c_order() {
    let a = Array::from_vec(vec![1, 7, 2, 7, 0, 0], [2, 3]);
    for along in [Along::all(), Along::from(None), Along::from([0, 1]), Along::from([-1, -2])] {
        assert_eq!(a.argmax(along.clone()).item::<i64>().unwrap(), 1);
        let kept = a.argmin(along.keepdims());
        assert_eq!((kept.shape(), kept.to_vec::<i64>().unwrap()), (&[1, 1][..], vec![4]));
    }
    assert_eq!(a.argmax(Along::from(Some(1)).keepdims()).shape(), [2, 1]);
    assert_eq!(Array::scalar(3).argmax(Along::from(0).keepdims()).shape(), [0; 0]);
    // Of nothing there is none, even where there are no results.
    assert!(Array::zeros([0, 0]).argmax(0).eval().is_err());
    assert_eq!(Array::zeros([0, 3]).argmax(1).eval().unwrap().shape(), [0]);
}

#[test]
fn wrong_axes_are_errors_that_name_them() {
    let a = Array::zeros([2, 3]);
    assert_eq!(a.sum_along(2).eval().unwrap_err().root(), &ArrayError::Axis { axis: 2, ndim: 2 });
    assert_eq!(a.argmax(-3).eval().unwrap_err().root(), &ArrayError::Axis { axis: -3, ndim: 2 });
    let refused = |along: Along| a.argmin(along).eval().unwrap_err().to_string();
    assert!(refused(Along::from(&[][..])).contains("along one axis or of all elements"));
    assert!(refused(Along::from(0).initial(1)).contains("neither a filter, nor a start, nor a type"));
    let position = |target: Array| a.argmin(Along::from(0).out(&target)).eval();
    assert_eq!(position(Array::zeros([3]).cast(DType::I64)).unwrap().shape(), [3]);
    assert!(position(Array::zeros([3])).is_err() && position(Array::zeros([2]).cast(DType::I64)).is_err());
    assert_eq!(
        a.cumsum(isize::MIN).eval().unwrap_err().root(),
        &ArrayError::Axis { axis: isize::MIN, ndim: 2 }
    );
    assert_eq!(a.sum_along([0, -2]).eval().unwrap_err().root(), &ArrayError::RepeatedAxis { axis: 0 });
    let filter = Along::from(0).filter(Array::ones([4]).cast(DType::Bool));
    assert!(matches!(a.sum_along(filter).eval().unwrap_err().root(), ArrayError::Broadcast { .. }));
    let wider = Along::from(0).filter(Array::ones([5, 2, 3]).cast(DType::Bool));
    assert!(matches!(a.sum_along(wider).eval().unwrap_err().root(), ArrayError::BroadcastTo { .. }));
    // NumPy: "Cannot cast array data from dtype('float64') to dtype('bool') according to the rule 'safe'".
    let numbers = a.sum_along(Along::from(0).filter(Array::ones([2, 1]))).eval().unwrap_err();
    let asked = ArrayError::WrongType { have: DType::F64, asked: DType::Bool };
    assert_eq!(*numbers.root(), asked);
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

#[test]
fn axes_of_length_one_do_not_count() {
    // NumPy's iterators drop them, so a column is summed as a row is: by the tree, not element by element.
    let n = 300;
    let column: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin() * 10f64.powi(i % 7 - 3)).collect();
    let flat = Array::from_vec(column.clone(), [n as usize]);
    let in_order: f64 = column.iter().sum();
    let tree = flat.sum().item::<f64>().unwrap();
    assert_ne!(tree.to_bits(), in_order.to_bits(), "the data tells them apart");
    let length = n as usize;
    for (shape, axes, left) in [
        (vec![length, 1], vec![0], vec![1]),
        (vec![1, length, 1], vec![1], vec![1, 1]),
        (vec![1, length, 1], vec![0, 1], vec![1]),
        (vec![length, 1, 1], vec![0, 2], vec![1]),
        (vec![30, 1, 10], vec![0, 2], vec![1]),
        (vec![1, 30, 1, 10, 1], vec![-4, -2], vec![1, 1, 1]),
    ] {
        let array = flat.reshape(&shape);
        let sum = array.sum_along(&axes[..]);
        assert_eq!(sum.shape(), left, "{shape:?} along {axes:?}");
        assert_eq!(sum.to_vec::<f64>().unwrap()[0].to_bits(), tree.to_bits(), "{shape:?} along {axes:?}");
        let kept = array.sum_along(Along::from(&axes[..]).keepdims());
        assert_eq!((kept.shape().len(), kept.len()), (shape.len(), 1));
        assert_eq!(array.mean_along(&axes[..]).to_vec::<f64>().unwrap()[0], tree / f64::from(n));
    }
    // Rows of several results, of an expression, and of data that is seen through a mask.
    let rows = Array::from_vec([&column[..], &column[..]].concat(), [2, length, 1]);
    assert_eq!(rows.sum_along(1).to_vec::<f64>().unwrap(), [tree; 2]);
    assert_eq!((&rows * 1.0).sum_along(1).to_vec::<f64>().unwrap(), [tree; 2]);
    let all = Array::full([length, 1], true);
    assert_eq!(rows.sum_along(Along::from(1).filter(&all)).to_vec::<f64>().unwrap(), [tree; 2]);
    // Nothing but axes of length 1: the elements, of which no sum is a negative zero.
    let zeros = -Array::zeros([1, 3]);
    assert_eq!(zeros.sum_along(0).signbit().to_vec::<bool>().unwrap(), [false; 3]);
    assert_eq!(zeros.sum_along(&[][..]).signbit().to_vec::<bool>().unwrap(), [false; 3]);
    assert_eq!(zeros.max_along(0).signbit().to_vec::<bool>().unwrap(), [true; 3]);
    assert_eq!(Array::zeros([1, 0]).max_along(0).shape(), [0]);
    assert!(Array::zeros([0, 1]).max_along(0).error().is_some());
}

#[test]
fn the_only_axis_of_a_value_without_axes_passes() {
    let value = Array::scalar(5);
    assert_eq!(value.sum_along(0).item::<i64>().unwrap(), 5);
    assert_eq!(value.max_along(-1).item::<i64>().unwrap(), 5);
    assert_eq!(value.argmax(0).item::<i64>().unwrap(), 0);
    assert_eq!(value.cumsum(-1).shape(), [1]);
    assert_eq!(value.take(&Array::from_vec(vec![0, 0i64], [2]), 0).to_vec::<i64>().unwrap(), [5, 5]);
    assert!(value.sum_along(1).error().is_some() && value.argmax(-2).error().is_some());
}

#[test]
fn starts_and_types_that_do_not_fit_are_told() {
    let bytes = Array::from_vec(vec![3u8, 200], [2]);
    let root = |array: Array| array.eval().unwrap_err().root().clone();
    for wrong in [bytes.max_along(Along::all().initial(-5)), bytes.sum_along(Along::all().initial(-1))] {
        assert!(matches!(root(wrong), ArrayError::IntegerBounds { .. }));
    }
    assert_eq!(bytes.max_along(Along::all().initial(255)).item::<u8>().unwrap(), 255);
    assert!(matches!(root(bytes.var(Along::all().dtype(DType::I16), 0)), ArrayError::Unsupported { .. }));
    // A mean has the type that is asked for, and so has a variance.
    assert_eq!(bytes.mean_along(Along::all().dtype(DType::U16)).item::<u16>().unwrap(), 101);
    assert_eq!(bytes.var(Along::all().dtype(DType::C64), 0).dtype(), DType::C64);
    let circle = Array::from_vec([(1.0, 0.0), (0.0, 1.0)].map(|(x, y)| Complex::new(x, y)).to_vec(), [2]);
    assert_eq!(circle.var(.., 0).item::<f64>().unwrap(), 0.5);
    assert_eq!(circle.var(Along::all().dtype(DType::F32), 0).item::<f32>().unwrap(), 0.5);
}
