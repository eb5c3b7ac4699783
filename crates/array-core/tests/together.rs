//! Several results in one pass: the same bits as one by one, for random expressions with common parts.

mod dice;
mod random;

use array_core::{Array, ArrayError, Complex, Isa, Op, s};
use proptest::prelude::*;
use random::same;

#[track_caller]
fn check(roots: &[Array]) {
    let alone: Vec<_> = roots.iter().map(Array::eval).collect();
    for isa in Isa::available() {
        let together = match Array::eval_all(&roots.iter().collect::<Vec<_>>(), isa) {
            Ok(together) => together,
            Err(error) => {
                assert!(alone.iter().any(Result::is_err), "{error}");
                continue;
            }
        };
        assert_eq!(together.len(), roots.len());
        for (k, (one, all)) in alone.iter().zip(&together).enumerate() {
            let one = one.as_ref().expect("all of them were computed together");
            assert_eq!((one.dtype(), one.shape()), (all.dtype(), all.shape()));
            let (x, y) = (one.scalars().unwrap(), all.scalars().unwrap());
            if let Some(i) = (0..x.len()).find(|&i| !same(&x[i], &y[i])) {
                panic!(
                    "result {k}, element {i} on {isa}: {:?} alone, {:?} together: {:?}",
                    x[i], y[i], roots[k]
                );
            }
        }
    }
}

/// A leaf of a table, of some type and layout.
fn leaf(kind: usize, shape: [usize; 2]) -> Array {
    let [rows, columns] = shape;
    let n = rows * columns;
    let wave = |i: usize| ((i * 7919 + kind * 31) % 1009) as f64 / 64.0 - 7.5;
    match kind % 6 {
        0 => Array::from_vec((0..n).map(wave).collect(), shape),
        1 => Array::from_vec((0..n).map(|i| wave(i) as f32).collect(), shape),
        2 => Array::from_vec((0..n).map(|i| wave(i) as i64).collect(), shape),
        3 => Array::from_vec((0..n).map(wave).collect(), [columns, rows]).transpose(),
        4 => Array::from_vec((0..columns).map(wave).collect(), [columns]).slice(s![..; -1]),
        _ => Array::from_vec((0..n).map(|i| Complex::new(wave(i), wave(i + 1))).collect(), shape),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 250 }, ..ProptestConfig::default() })]

    #[test]
    fn together_is_one_by_one(
        shape in prop_oneof![
            Just([1usize, 1]), Just([3, 5]), Just([0, 4]), Just([90, 91]), Just([2, 8192]), Just([130, 190]), Just([400, 7]),
        ],
        kinds in prop::collection::vec(0usize..12, 1..4),
        steps in prop::collection::vec((0usize..12, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..14),
        roots in prop::collection::vec((0usize..13, any::<prop::sample::Index>()), 1..6),
    ) {
        // Complex numbers in few cases: nothing compares them, so errors would be most of the rest.
        let complex = kinds[0] == 5;
        let mut pool: Vec<Array> =
            kinds.iter().map(|&kind| leaf(if kind % 6 == 5 && !complex { 0 } else { kind }, shape)).collect();
        for (step, i, j) in steps {
            let (a, b) = (i.get(&pool).clone(), j.get(&pool).clone());
            pool.push(match step {
                0 | 1 => &a + &b,
                2 => &a - &b,
                3 | 4 => &a * &b,
                5 => a.abs().sqrt(),
                6 => a * 0.5 + 1.0,
                7 => Array::where_(a.equal(&b), &a, &b),
                8 => a.cos(),
                // What has to be known before: an inner reduction, a sum along an axis.
                9 => &a - a.mean(),
                10 if b.ndim() == 2 => &a - b.sum_along(0),
                _ => Array::binary(Op::Maximum, &a, &b),
            });
        }
        let roots: Vec<Array> = roots
            .iter()
            .map(|(kind, i)| {
                let a = i.get(&pool);
                match kind {
                    0..=3 => a.clone(),
                    4 => a.sum(),
                    5 => a.abs().max(),
                    6 => a.mean(),
                    7 => (a * 2.0).sum_along(0),
                    8 => a.sum_along(-1),
                    9 => (a * 2.0).max_along(1),
                    10 => a.argmin(1),
                    11 => a.prod_along(1),
                    _ => a.cumsum(None),
                }
            })
            .collect();
        check(&roots);
    }
}

#[test]
fn a_result_another_is_built_on_is_computed_once() {
    let n = 50_000;
    let u = Array::arange(0.0, n as f64, 1.0);
    let new = (u.slice(s![..-2]) + u.slice(s![2..])) * 0.5;
    let change = (&new - u.slice(s![1..-1])).abs();
    let [a, b, c, d] = Array::eval_together([&new, &change.max(), &change.sum(), &new]).unwrap();
    assert_eq!(a.to_vec::<f64>().unwrap(), (1..n - 1).map(f64::from).collect::<Vec<_>>());
    assert_eq!((b.item::<f64>().unwrap(), c.item::<f64>().unwrap()), (0.0, 0.0));
    assert_eq!(a.as_buffer().unwrap().0.as_ptr(), d.as_buffer().unwrap().0.as_ptr());
    // A reduction that another result needs whole: two passes, and one value.
    let total = u.sum();
    let [part, total] = Array::eval_together([&(&u / &total), &total]).unwrap();
    assert_eq!(total.item::<f64>().unwrap(), f64::from(n) * f64::from(n - 1) / 2.0);
    assert_eq!(part.slice(s![2]).item::<f64>().unwrap(), 2.0 / total.item::<f64>().unwrap());
}

#[test]
fn reductions_along_the_last_axes_take_part_in_the_pass() {
    // Rows longer and shorter than a piece, and a sum over all elements, whose tree cuts the pieces elsewhere.
    for shape in [[3, 20_000], [9000, 7]] {
        let n: usize = shape.iter().product();
        let u = Array::arange(0.0, n as f64, 1.0).reshape(shape).eval().unwrap();
        let new = (&u * 0.5).sqrt();
        let cube = Array::arange(0, n as i64, 1).reshape([shape[0], 1, shape[1]]);
        check(&[
            new.clone(),
            new.sum_along(1),
            new.sum(),
            (&new - &u).abs().max_along(-1),
            new.argmax(1),
            u.min_along(1),
        ]);
        // What two maps have in common is kept for one piece only; a row may be longer.
        let heavy = u.sin();
        check(&[&heavy + 1.0, &heavy * 2.0, heavy.sum_along(1)]);
        check(&[&cube * 2, cube.sum_along([1, 2]), (&cube * 2).prod_along(2), cube.sum_along(0)]);
    }
    let none = Array::zeros([0, 3]);
    check(&[&none + 1.0, none.sum_along(1), none.transpose().sum_along(1)]);
}

#[test]
fn all_kinds_of_arrays_may_be_asked_for() {
    let a = Array::arange(0, 12, 1).reshape([3, 4]);
    let [data, constant, sum, axis, scan, other, point] = Array::eval_together([
        &a,
        &Array::full([2], 1.5),
        &a.sum(),
        &a.sum_along(1),
        &a.cumsum(0),
        &(Array::arange(0, 3, 1) * 2),
        &(Array::scalar(2) + 1),
    ])
    .unwrap();
    assert_eq!(data.as_buffer().unwrap().0.as_ptr(), a.as_buffer().unwrap().0.as_ptr());
    assert_eq!(constant.to_vec::<f64>().unwrap(), [1.5; 2]);
    assert_eq!((sum.item::<i64>().unwrap(), point.item::<i64>().unwrap()), (66, 3));
    assert_eq!(axis.to_vec::<i64>().unwrap(), [6, 22, 38]);
    assert_eq!(scan.slice(s![2, 3]).item::<i64>().unwrap(), 21);
    assert_eq!(other.to_vec::<i64>().unwrap(), [0, 2, 4]);
    let [] = Array::eval_together([]).unwrap();
}

#[test]
fn what_is_wrong_with_one_is_told() {
    let a = Array::arange(0, 4, 1);
    let line = line!() + 1;
    let wrong = &a + Array::zeros([3]);
    let error = Array::eval_together([&(&a + 1), &wrong]).unwrap_err();
    assert_eq!(error.location().unwrap().line(), line);
    let negative = a.pow(&a - 2);
    let error = Array::eval_together([&(&a + 1), &negative, &negative.sum()]).unwrap_err();
    assert_eq!(error.root(), &ArrayError::NegativePower);
    assert!(error.location().unwrap().file().ends_with("together.rs"));
    // And long chains are cut as they are alone.
    let mut long = (&a * 1).eval().unwrap();
    for _ in 0..2000 {
        long = long + 1;
    }
    let [long, twice] = Array::eval_together([&long, &(&long * 2)]).unwrap();
    assert_eq!((long.to_vec::<i64>().unwrap()[3], twice.to_vec::<i64>().unwrap()[3]), (2003, 4006));
}
