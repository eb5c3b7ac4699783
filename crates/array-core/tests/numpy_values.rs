//! Every function on every pair of types against NumPy's results (tests/fixtures/values.txt, made by tests/generate.py).
//!
//! Exact, to the sign of zero, but: NaN is NaN; `power` and `hypot` of floats may differ by two units in the last place
//! (ours is portable, NumPy's is the C library's); products, quotients, roots and absolute values of complex numbers
//! may differ by four units of the greater part (NumPy's vector code contracts them), their powers by a thousand (NumPy rounds
//! the exponent; ours are held against mpmath in functions.rs); of equal zeros `fmin`, `fmax` and reductions may give either (NumPy's
//! own choice depends on the machine and on where in the array they stand).

mod fixture;
mod inputs;
mod words;

use array_core::{Array, ArrayError, Complex, Index, Op, Scalar, Term};
use fixture::dtype;
use inputs::{input, op};
use words::parse;

/// The generator's `short`.
fn short(name: &str) -> Array {
    if "biu".contains(&name[..1]) {
        let all = input(name);
        all.slice(array_core::s![-(all.len().min(3) as isize)..])
    } else {
        input(name).slice(array_core::s![2..5])
    }
}

fn python_scalar(text: &str) -> Scalar {
    match text {
        "True" => Scalar::Bool(true),
        "2j" => Scalar::C128(Complex::new(0.0, 2.0)),
        "(-1.5+1j)" => Scalar::C128(Complex::new(-1.5, 1.0)),
        _ if text.contains('.') => Scalar::F64(text.parse().unwrap()),
        _ => Scalar::I64(text.parse().unwrap()),
    }
}

/// Whether two complex numbers are the same, or within `ulps` units of the greater part.
fn near(a: Complex<f64>, b: Complex<f64>, ulps: f64, epsilon: f64) -> bool {
    let size = if b.re.is_finite() && b.im.is_finite() { b.re.abs().max(b.im.abs()) } else { 0.0 };
    let part =
        |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= ulps * epsilon * size;
    part(a.re, b.re) && part(a.im, b.im)
}

fn agree(name: &str, complex: bool, ours: Scalar, numpys: Scalar) -> bool {
    let rough = matches!(name, "power" | "hypot");
    let zeros = matches!(name, "fmin" | "fmax" | "reduce:max" | "reduce:min");
    let wide = |z: Complex<f32>| Complex::new(f64::from(z.re), f64::from(z.im));
    let ulps = match name {
        "multiply" | "square" | "divide" | "sqrt" | "reciprocal" | "sign" | "absolute" => 4.0,
        "power" => 1000.0,
        _ => 0.0,
    };
    let odd = |z: Complex<f64>| !z.re.is_finite() || !z.im.is_finite();
    match (ours, numpys) {
        // Which part is NaN, and the direction of what overflows, is the C library's own choice.
        (Scalar::C128(a), Scalar::C128(b)) if name == "power" && odd(b) => odd(a),
        (Scalar::C64(a), Scalar::C64(b)) if name == "power" && odd(wide(b)) => odd(wide(a)),
        (Scalar::F64(a), Scalar::F64(b)) => {
            let tolerance = if rough || (complex && name == "absolute") { 2 } else { 0 };
            a.to_bits().abs_diff(b.to_bits()) <= tolerance || (zeros && a == b) || (a.is_nan() && b.is_nan())
        }
        (Scalar::F32(a), Scalar::F32(b)) => {
            let tolerance = if rough || (complex && name == "absolute") { 2 } else { 0 };
            a.to_bits().abs_diff(b.to_bits()) <= tolerance || (zeros && a == b) || (a.is_nan() && b.is_nan())
        }
        (Scalar::C128(a), Scalar::C128(b)) => near(a, b, ulps, f64::EPSILON),
        (Scalar::C64(a), Scalar::C64(b)) => near(wide(a), wide(b), ulps, f32::EPSILON.into()),
        (a, b) => a == b,
    }
}

/// The expression of a line of the table.
fn expression(name: &str, a: &str, b: &str) -> Array {
    let x = || input(a);
    let new = Index::NewAxis;
    if let Some(target) = name.strip_prefix("astype:") {
        let data = match (&a[..1], &target[..1]) {
            ("f" | "c", "i" | "u") => {
                let mut values = vec![0.0, -0.0, 1.0, 2.5, 127.9, 1e-30];
                values.extend(target.starts_with('i').then_some([-1.5, -127.9, -0.9]).into_iter().flatten());
                let n = values.len();
                Array::from_vec(values, [n]).cast(dtype(a))
            }
            _ if a == "f64" => {
                // The generator's BEYOND_SINGLE.
                let beyond = [
                    1e39,
                    -3.4028235677973362e38,
                    3.4028235677973362e38,
                    1.000_000_059_604_644_8,
                    1e-40,
                    -1e-46,
                ];
                let values = [&x().to_vec::<f64>().unwrap()[..], &beyond].concat();
                let n = values.len();
                Array::from_vec(values, [n])
            }
            _ => x(),
        };
        return data.cast(dtype(target));
    }
    if let Some(reduction) = name.strip_prefix("reduce:") {
        return match reduction {
            "sum" => x().sum(),
            "max" => x().max(),
            "min" => x().min(),
            "mean" => x().mean(),
            "sum:empty" => x().slice(array_core::s![..0]).sum(),
            "mean:empty" => x().slice(array_core::s![..0]).mean(),
            _ => panic!("{name}"),
        };
    }
    if name == "where" {
        let condition = Array::from_vec(vec![true, false, true], [3, 1, 1]);
        return Array::where_(
            condition,
            short(a).slice([new, Index::ALL, new]),
            short(b).slice([new, new, Index::ALL]),
        );
    }
    if name == "reciprocal" {
        let x = x();
        let values = x.scalars().unwrap().into_iter().zip(x.equal(0).to_vec::<bool>().unwrap());
        let rest: Vec<Array> = values.filter(|v| !v.1).map(|v| Array::scalar(v.0).reshape([1])).collect();
        // The elements that are not zero, one by one.
        let zero = Array::full([rest.len()], Scalar::zero(x.dtype()));
        let place = Array::arange(0, rest.len() as i64, 1);
        let rest =
            rest.iter().enumerate().fold(zero, |all, (i, v)| Array::where_(place.equal(i as i64), v, all));
        return rest.reciprocal();
    }
    if b == "-" {
        return match name {
            "logical_not" => x().logical_not(),
            _ => Array::unary(op(name), x()),
        };
    }
    let call = |x: Term, y: Term| match (name, x) {
        ("logical_and", Term::Array(x)) => x.logical_and(y),
        ("logical_or", Term::Array(x)) => x.logical_or(y),
        ("logical_xor", Term::Array(x)) => x.logical_xor(y),
        ("logical_and", Term::Weak(x)) => Array::scalar(x).logical_and(y),
        ("logical_or", Term::Weak(x)) => Array::scalar(x).logical_or(y),
        ("logical_xor", Term::Weak(x)) => Array::scalar(x).logical_xor(y),
        (_, x) => Array::binary(op(name), x, y),
    };
    match b.split_once(':') {
        Some(("right", scalar)) => call(short(a).into(), python_scalar(scalar).into()),
        Some((_, scalar)) => call(python_scalar(scalar).into(), short(a).into()),
        None => {
            let (x, y) = if a == b { (x(), x()) } else { (short(a), short(b)) };
            call(x.slice([Index::ALL, new]).into(), y.slice([new, Index::ALL]).into())
        }
    }
}

#[test]
fn every_function_has_numpys_values() {
    let table = include_str!("fixtures/values.txt");
    let (mut lines, mut values, mut errors) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let (call, expected) = line.split_once(" = ").unwrap();
        let [name, a, b] = call.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        lines += 1;
        let ours = expression(name, a, b).scalars();
        if expected == "error" {
            errors += 1;
            if let Ok(ours) = ours {
                wrong.push(format!("{call}: NumPy refuses, ours is {ours:?}"));
            }
            continue;
        }
        let mut words = expected.split(' ');
        let dtype = dtype(words.next().unwrap());
        let numpys: Vec<Scalar> = words.filter(|w| !w.is_empty()).map(|w| parse(w, dtype)).collect();
        match ours {
            Err(error) => wrong.push(format!("{call}: {error}")),
            Ok(ours) if ours.iter().any(|v| v.dtype() != dtype) => {
                wrong.push(format!("{call}: ours is {}, NumPy's {dtype}", ours[0].dtype()));
            }
            Ok(ours) if ours.len() != numpys.len() => wrong.push(format!("{call}: {} values", ours.len())),
            Ok(ours) => {
                values += ours.len();
                let complex = a.starts_with('c');
                for (i, (o, n)) in ours.iter().zip(&numpys).enumerate() {
                    if !agree(name, complex, *o, *n) {
                        wrong.push(format!("{call} [{i}]: ours {o:?}, NumPy {n:?}"));
                        break;
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    // The table is as large as it should be.
    assert!(
        lines > 8000 && values > 70_000 && errors > 2000,
        "{lines} lines, {values} values, {errors} errors"
    );
}

#[test]
fn negative_exponents_are_found_when_they_are_data() {
    let base = Array::from_vec(vec![2, 3i64], [2]);
    let exponent = Array::from_vec(vec![1, -1i64], [2]);
    let error = base.pow(&exponent).eval().unwrap_err();
    assert_eq!(error.root(), &ArrayError::NegativePower);
    assert!(error.location().unwrap().file().ends_with("numpy_values.rs"));
    assert_eq!(base.pow(exponent.abs()).to_vec::<i64>().unwrap(), [2, 3]);
    assert_eq!(base.pow(&exponent).sum().eval().unwrap_err().root(), &ArrayError::NegativePower);
}

/// The values hold for data of every kind of layout: NumPy's results of dense operands are those of views of larger memory.
#[test]
fn layouts_do_not_change_values() {
    use Op::*;
    let names = ["b", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "c64", "c128"];
    for name in names {
        let x = input(name);
        let n = x.len();
        // Twice the elements, each followed by one that does not count; backwards; a row and a column of a table.
        let pairs = x.slice([Index::ALL, Index::NewAxis]).broadcast_to([n, 2]).compact().unwrap();
        let views = [
            pairs.reshape([2 * n]).slice(array_core::s![..; 2]),
            x.slice(array_core::s![..; -1]).compact().unwrap().slice(array_core::s![..; -1]),
            pairs.slice(array_core::s![.., 1]),
            pairs.transpose().slice(array_core::s![0]),
        ];
        let same = |a: &Array, b: &Array, what: &str| {
            assert_eq!(a.shape(), b.shape(), "{what}");
            let (a, b) = (a.scalars(), b.scalars());
            let (Ok(a), Ok(b)) = (&a, &b) else { return assert!(a.is_err() && b.is_err(), "{what}") };
            let text = |v: &[Scalar]| v.iter().map(|v| format!("{v:?} ")).collect::<String>();
            assert_eq!(text(a), text(b), "{what}");
        };
        for op in [Negative, Abs, Sqrt, Square, Sign, Floor, IsNan, Conjugate] {
            for view in &views {
                same(&Array::unary(op, view), &Array::unary(op, &x), &format!("{} of {name}", op.name()));
            }
        }
        let binary = [
            Add,
            Subtract,
            Multiply,
            Divide,
            FloorDivide,
            Remainder,
            FMod,
            Minimum,
            Maximum,
            FMin,
            FMax,
            Equal,
            Less,
            BitXor,
            LeftShift,
        ];
        for op in binary {
            let dense = Array::binary(op, x.slice([Index::ALL, Index::NewAxis]), &x);
            for (i, view) in views.iter().enumerate() {
                let other = &views[(i + 1) % views.len()];
                let what = format!("{} of {name}", op.name());
                same(&Array::binary(op, view.slice([Index::ALL, Index::NewAxis]), other), &dense, &what);
                // No elements, one, and none of the axes.
                let (none, one) = (array_core::s![..0], array_core::s![1..2]);
                same(
                    &Array::binary(op, view.slice(none), other.slice(none)),
                    &Array::binary(op, x.slice(none), x.slice(none)),
                    &what,
                );
                same(&Array::binary(op, view.slice(one), other), &Array::binary(op, x.slice(one), &x), &what);
                let at = array_core::s![1];
                let point = dense.slice(array_core::s![1, 1]);
                same(&Array::binary(op, view.slice(at), other.slice(at)), &point, &what);
            }
        }
    }
}
