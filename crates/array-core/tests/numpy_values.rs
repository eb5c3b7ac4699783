//! Every function on every pair of types against NumPy's results (tests/fixtures/values.txt, made by tests/generate.py).
//!
//! Exact, to the sign of zero, but: NaN is NaN; `power` and `hypot` of floats may differ by two units in the last place
//! (ours is portable, NumPy's is the C library's); of equal zeros `minimum` and `maximum` may give either (NumPy's own
//! choice depends on the machine).

use array_core::{Array, ArrayError, DType, Index, Op, Scalar};

fn dtype(name: &str) -> DType {
    match name {
        "b" => DType::Bool,
        "u8" => DType::U8,
        "i64" => DType::I64,
        "u64" => DType::U64,
        "f64" => DType::F64,
        _ => panic!("type {name}"),
    }
}

/// The generator's INPUTS.
fn input(name: &str) -> Array {
    let (big, small) = (1i64 << 62, i64::MIN);
    match name {
        "b" => Array::from_vec(vec![false, true], [2]),
        "u8" => Array::from_vec(vec![0u8, 1, 2, 7, 200, 255], [6]),
        "i64" => Array::from_vec(vec![0, 1, -1, 3, -7, big, small, i64::MAX], [8]),
        "u64" => Array::from_vec(vec![0u64, 1, 5, (1 << 53) + 1, 1 << 63, u64::MAX], [6]),
        "f64" => {
            let (inf, nan) = (f64::INFINITY, f64::NAN);
            Array::from_vec(vec![0.0, -0.0, 1.0, -1.5, 2.5, inf, -inf, nan, 5e-324, 1.7e308, -3.0], [11])
        }
        _ => panic!("type {name}"),
    }
}

fn op(name: &str) -> Op {
    use Op::*;
    let all = [
        Negative,
        Abs,
        Sqrt,
        Square,
        Invert,
        Add,
        Subtract,
        Multiply,
        Divide,
        FloorDivide,
        Remainder,
        Power,
        Minimum,
        Maximum,
        Hypot,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        BitAnd,
        BitOr,
        BitXor,
    ];
    all.into_iter().find(|op| op.name() == name).unwrap_or_else(|| panic!("function {name}"))
}

fn parse(text: &str, dtype: DType) -> Scalar {
    match dtype {
        DType::Bool => Scalar::Bool(text == "1"),
        DType::U8 => Scalar::U8(text.parse().unwrap()),
        DType::I64 => Scalar::I64(text.parse().unwrap()),
        DType::U64 => Scalar::U64(text.parse().unwrap()),
        _ if text == "nan" => Scalar::F64(f64::NAN),
        _ => Scalar::F64(f64::from_bits(u64::from_str_radix(text, 16).unwrap())),
    }
}

fn python_scalar(text: &str) -> Scalar {
    match text {
        "True" => Scalar::Bool(true),
        _ if text.contains('.') => Scalar::F64(text.parse().unwrap()),
        _ => Scalar::I64(text.parse().unwrap()),
    }
}

fn agree(name: &str, ours: Scalar, numpys: Scalar) -> bool {
    match (ours, numpys) {
        (Scalar::F64(a), Scalar::F64(b)) => {
            let tolerance = if matches!(name, "power" | "hypot") { 2 } else { 0 };
            let near = a.to_bits().abs_diff(b.to_bits()) <= tolerance;
            let zeros = matches!(name, "minimum" | "maximum" | "reduce:max" | "reduce:min") && a == b;
            near || zeros || (a.is_nan() && b.is_nan())
        }
        (a, b) => a == b,
    }
}

/// The expression of a line of the table.
fn expression(name: &str, a: &str, b: &str) -> Array {
    let x = || input(a);
    let new = Index::NewAxis;
    if let Some(target) = name.strip_prefix("astype:") {
        let data =
            if a == "f64" { Array::from_vec(vec![0.0, -0.0, 1.0, 2.5, 255.9, 1e-300], [6]) } else { x() };
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
            x().slice([new, Index::ALL, new]),
            input(b).slice([new, new, Index::ALL]),
        );
    }
    if b == "-" {
        return Array::unary(op(name), x());
    }
    match b.split_once(':') {
        Some(("right", scalar)) => Array::binary(op(name), x(), python_scalar(scalar)),
        Some((_, scalar)) => Array::binary(op(name), python_scalar(scalar), x()),
        None => Array::binary(op(name), x().slice([Index::ALL, new]), input(b).slice([new, Index::ALL])),
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
            Ok(ours) if ours.len() != numpys.len() => wrong.push(format!("{call}: {} values", ours.len())),
            Ok(ours) => {
                values += ours.len();
                for (i, (o, n)) in ours.iter().zip(&numpys).enumerate() {
                    if !agree(name, *o, *n) {
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
        lines > 1000 && values > 20_000 && errors > 50,
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
