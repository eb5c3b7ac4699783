//! Choices: `where_`, and what is written with it, have the bits of their parts, however they are fused, on every instruction set.

use array_core::{Array, DType, Isa};

/// An expression of two arrays; the function stands around its inner operations, and evaluates them or does not.
type Form = fn(&Array, &Array, &dyn Fn(Array) -> Array) -> Array;

fn choose(test: Array, yes: impl Into<array_core::Term>, no: impl Into<array_core::Term>) -> Array {
    Array::where_(test, yes, no)
}

const FORMS: [(&str, Form); 22] = [
    ("both sides computed", |a, b, f| choose(f(a.greater(b)), f(a * 2.0), f(b + 1.0))),
    ("long sides", |a, b, f| choose(f(a.less_equal(b)), f(f(a * 2.0) - b), f(f(f(b + 1.0) * a) / 3.0))),
    ("the right side simple", |a, b, f| choose(f(a.less(0.5)), f(f(a * b) + a), f(2.0 - b))),
    ("the left side simple", |a, b, f| choose(f(a.greater_equal(0.5)), f(b - a), f(f(a * b) + a))),
    ("products and sums of scalars", |a, b, f| {
        choose(f(b.not_equal(a)), f(1.5 * a), f(f(a + 1.0) * f(b + 2.0)))
    }),
    ("a scalar compared", |a, b, f| choose(f(Array::scalar(0.25).greater(a)), f(a + b), f(a - b))),
    ("a scalar on a side", |a, b, f| choose(f(a.equal(b)), 7.0, f(b * b))),
    ("a scalar on the other", |a, b, f| choose(f(a.equal(b)), f(b * b), -0.0)),
    ("one computed", |a, b, f| choose(f(a.less(b)), f(a * 3.0), b)),
    ("the other computed", |a, b, f| choose(f(a.less(b)), a, f(b * 3.0))),
    ("absolute value", |a, _, f| choose(f(a.less(0.0)), f(-a), a)),
    ("absolute difference", |a, b, f| choose(f(a.less(b)), f(b - a), f(a - b))),
    ("maximum", |a, b, f| choose(f(a.greater(b)), a, b)),
    ("minimum of computed", |a, b, f| {
        let (x, y) = (f(a * 2.0), f(b - 1.0));
        choose(f(x.less(&y)), &x, &y)
    }),
    ("clipped", |a, _, f| {
        let below = f(choose(f(a.greater(0.75)), 0.75, a));
        choose(f(a.less(-0.5)), -0.5, below)
    }),
    ("clipped and scaled", |a, b, f| f(f(a.maximum(-0.5)).minimum(b)) * 2.0),
    ("three ways", |a, b, f| {
        let rest = f(choose(f(a.equal(0.0)), b, f(a + b)));
        choose(f(a.less(0.0)), f(a - b), rest)
    }),
    ("choices on both sides", |a, b, f| {
        let (x, y) = (f(choose(f(a.less(1.0)), f(a * b), a)), f(choose(f(b.less(1.0)), f(b - a), b)));
        choose(f(a.not_equal(b)), x, y)
    }),
    ("a computed test", |a, b, f| choose(f(f(a + b).less(f(a * b))), f(a - b), f(b - a))),
    ("a choice in a test", |a, b, f| {
        let inner = f(choose(f(a.less(b)), f(a * 2.0), f(b * 2.0)));
        choose(f(inner.less_equal(1.0)), f(a + 1.0), f(b + 1.0))
    }),
    ("a side used twice", |a, b, f| {
        let x = f(a * 0.5);
        f(choose(f(a.greater(b)), &x, f(b + 1.0))) + x
    }),
    ("what is chosen, used further", |a, b, f| f(f(choose(f(a.less(b)), f(a + 1.0), f(b * 2.0))) * b) - a),
];

/// Bits of elements, all NaN the same.
fn bits(array: &Array) -> Vec<u64> {
    let bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    let wide = if array.dtype() == DType::F32 { array.cast(DType::F64) } else { array.clone() };
    match wide.dtype() {
        DType::F64 => wide.to_vec::<f64>().unwrap().into_iter().map(bits).collect(),
        _ => wide.cast(DType::I64).to_vec::<i64>().unwrap().into_iter().map(|x| x as u64).collect(),
    }
}

/// Every form, fused, beside its parts evaluated one by one.
fn check(a: &Array, b: &Array) {
    for (name, form) in FORMS {
        let parts =
            form(a, b, &|part| part.eval_for(Isa::Baseline).unwrap()).eval_for(Isa::Baseline).unwrap();
        for isa in Isa::available() {
            let fused = form(a, b, &|part| part).eval_for(isa).unwrap();
            assert!(bits(&fused) == bits(&parts), "{name} of {} {} on {isa}", a.len(), a.dtype());
        }
    }
}

/// Numbers among which all pairs of the odd ones occur.
fn numbers(n: usize, step: usize) -> Vec<f64> {
    const ODD: [f64; 11] =
        [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, -0.5, 0.75, 5e-324, f64::MAX, -f64::MAX];
    (0..n)
        .map(|i| if i % 3 == 2 { (i as f64 * 0.37).sin() * 2.0 } else { ODD[i / step % ODD.len()] })
        .collect()
}

#[test]
fn choices_have_the_bits_of_their_parts() {
    for n in [1, 3, 7, 8, 9, 63, 64, 65, 200, 3001] {
        let (a, b) = (Array::from_vec(numbers(n, 1), [n]), Array::from_vec(numbers(n, 11), [n]));
        check(&a, &b);
        check(&a.cast(DType::F32).eval().unwrap(), &b.cast(DType::F32).eval().unwrap());
    }
}

#[test]
fn choices_of_integers_have_the_bits_of_their_parts() {
    for n in [1, 8, 65, 1000] {
        let whole = |factor: i64| (0..n as i64).map(|i| (i * factor) % 7 - 3).collect::<Vec<_>>();
        let (a, b) = (Array::from_vec(whole(3), [n]), Array::from_vec(whole(5), [n]));
        check(&a, &b);
        check(&a.cast(DType::I32).eval().unwrap(), &b.cast(DType::F64).eval().unwrap());
    }
}
