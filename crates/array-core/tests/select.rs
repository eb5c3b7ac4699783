//! Full indexing against NumPy's results (tests/fixtures/select.txt, made by tests/generate.py): reading, assigning, adding at
//! positions; overlapping assignments; hostile positions.

mod items;

use array_core::{Array, ArrayError, Buffer, Complex, DType, Layout, Op, Scalar, Select, Term, pick, s};
use items::{item, shape};
use proptest::prelude::*;

#[test]
fn full_indices_select_and_change_what_numpys_do() {
    let (mut lines, mut errors) = (0, 0);
    let mut wrong = Vec::new();
    for line in include_str!("fixtures/select.txt").lines().filter(|l| !l.starts_with('#')) {
        lines += 1;
        let (head, expected) = line.split_once(" = ").unwrap();
        let mut words = head.split(' ');
        let whole = shape(words.next().unwrap());
        let items: Vec<Select> = words.map(item).collect();
        let len: usize = whole.iter().product();
        let a = Array::arange(0, len as i64, 1).reshape(&whole);
        // The same through other memory: every second element of a larger array.
        let twice = Array::arange(0, 2 * len as i64, 1).floor_divide(2).eval().unwrap();
        let strided = twice.slice(s![..; 2]);
        let strided = match strided.as_buffer() {
            Some((buffer, _)) => {
                let mut layout = Layout::contiguous(&whole).unwrap();
                layout.strides.iter_mut().for_each(|s| *s *= 2);
                Array::from_parts(Buffer::clone(buffer), layout)
            }
            None => unreachable!("a view of data"),
        };
        let got = a.pick(&items);
        if expected == "error" {
            errors += 1;
            if got.eval().is_ok() {
                wrong.push(format!("{head}: NumPy refuses"));
            }
            if a.set(&items, 0).eval().is_ok() {
                wrong.push(format!("{head}: NumPy refuses to set"));
            }
            continue;
        }
        let words: Vec<&str> = expected.splitn(4, ' ').collect();
        let values: Vec<i64> =
            words.get(3).map_or(vec![], |w| w.split(' ').map(|v| v.parse().unwrap()).collect());
        let weight = Array::arange(1, len as i64 + 1, 1).reshape(&whole);
        let value = Array::arange(100, 100 + values.len() as i64, 1).reshape(shape(words[0]));
        for a in [&a, &strided] {
            let got = a.pick(&items);
            match got.to_vec::<i64>() {
                Ok(ours) if got.shape() == shape(words[0]) && ours == values => {}
                other => wrong.push(format!("{head}: {other:?} of {:?}", got.shape())),
            }
            let sums = [a.set(&items, &value), a.at(Op::Add, &items, &value)]
                .map(|b| (b * &weight).sum().item::<i64>().map_err(|e| e.to_string()));
            if sums != [Ok(words[1].parse().unwrap()), Ok(words[2].parse().unwrap())] {
                wrong.push(format!("{head}: sums {sums:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines > 700 && errors > 30, "{lines} lines, {errors} errors");
}

#[test]
fn the_right_side_is_seen_as_it_was() {
    let a = Array::arange(0, 6, 1);
    assert_eq!(a.set(pick![1..], a.slice(s![..-1])).to_vec::<i64>().unwrap(), [0, 0, 1, 2, 3, 4]);
    assert_eq!(a.set(pick![..; -1], &a).to_vec::<i64>().unwrap(), [5, 4, 3, 2, 1, 0]);
    let b = a.slice(s![..4]).reshape([2, 2]);
    assert_eq!((&b + b.transpose()).to_vec::<i64>().unwrap(), [0, 3, 3, 6]);
    let twice = Array::from_vec(vec![1i64, 1, 0], [3]);
    let changed = a.set(pick![&twice], Array::from_vec(vec![7i64, 8, 9], [3]));
    assert_eq!(changed.to_vec::<i64>().unwrap(), [9, 8, 2, 3, 4, 5]);
    // The array itself does not change.
    assert_eq!(a.to_vec::<i64>().unwrap(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn every_type_is_picked_and_changed() {
    let places = Array::from_vec(vec![3u8, 0, 3], [3]);
    for &dtype in DType::ALL {
        let a = Array::arange(0, 8, 1).reshape([4, 2]).cast(dtype);
        let picked = a.pick(pick![&places, ..; -1]);
        assert_eq!(picked.cast(DType::I64).dtype(), DType::I64);
        let expected = Array::from_vec(vec![7i64, 6, 1, 0, 7, 6], [3, 2]).cast(dtype);
        assert_eq!(picked.scalars().unwrap(), expected.scalars().unwrap(), "{dtype}");
        let changed = a.set(pick![&places], Array::scalar(Scalar::Bool(true)));
        let one = Scalar::Bool(true).cast(dtype);
        assert_eq!(changed.slice(s![3, 1]).item_scalar().unwrap(), one, "{dtype}");
        assert_eq!(changed.slice(s![1, 0]).item_scalar().unwrap(), Scalar::I64(2).cast(dtype));
    }
}

#[test]
fn a_plain_integer_that_does_not_fit_is_an_error_and_one_that_insists_on_its_type_wraps() {
    let bytes = Array::from_vec(vec![1u8, 2, 3], [3]);
    let whole = Array::scalar(300);
    assert_eq!(bytes.set(pick![0], &whole).to_vec::<u8>().unwrap(), [44, 2, 3]);
    assert_eq!(bytes.set(pick![0], 255).to_vec::<u8>().unwrap(), [255, 2, 3]);
    for wrong in
        [bytes.set(pick![0], 300), bytes.set(pick![bytes.greater(1)], -1), bytes.at(Op::Add, pick![1], 256)]
    {
        let error = wrong.eval().unwrap_err();
        assert!(matches!(error.root(), ArrayError::IntegerBounds { dtype: DType::U8, .. }), "{error}");
    }
    // A number of another kind is cast, as NumPy does, if the type holds what is left of it.
    assert_eq!(bytes.set(pick![1], 7.9).to_vec::<u8>().unwrap(), [1, 7, 3]);
    assert_eq!(bytes.set(pick![1], -0.9).to_vec::<u8>().unwrap(), [1, 0, 3]);
    assert_eq!(bytes.set(pick![1], 255.9).to_vec::<u8>().unwrap(), [1, 255, 3]);
    for wrong in [-2.0, 256.0, 1e300, f64::NAN, f64::INFINITY] {
        let mask = bytes.set(pick![bytes.greater(1)], wrong);
        for error in [bytes.set(pick![1], wrong), mask].map(|array| array.eval().unwrap_err()) {
            assert!(matches!(error.root(), ArrayError::FloatBounds { dtype: DType::U8, .. }), "{error}");
        }
        assert!(bytes.set(pick![1], Array::scalar(wrong)).eval().is_ok(), "an array's wrap");
        assert!(bytes.cast(DType::Bool).set(pick![1], wrong).eval().is_ok());
    }
    let long = Array::arange(0, 2, 1);
    assert!(long.set(pick![0], -2f64.powi(63)).eval().is_ok());
    assert!(long.set(pick![0], 2f64.powi(63)).eval().is_err());
}

/// Results of NumPy 2.4.
#[test]
fn operations_at_positions_are_computed_in_their_own_type_and_cast_back_one_by_one() {
    let twice = Array::from_vec(vec![0i64, 0], [2]);
    let ints = Array::from_vec(vec![5i64, 6], [2]);
    let at = |a: &Array, op, value: Term| a.at(op, pick![&twice], value).to_vec::<i64>().unwrap();
    assert_eq!(at(&ints, Op::Add, 1.5.into()), [7, 6], "6.5 is cut to 6, 7.5 to 7");
    assert_eq!(at(&ints, Op::Divide, 2.into()), [1, 6]);
    assert_eq!(at(&ints, Op::Power, 0.5.into()), [1, 6]);
    let both = pick![Array::arange(0, 2, 1)];
    assert_eq!(Array::from_vec(vec![5i64, 16], [2]).at(Op::Sqrt, &both, 0).to_vec::<i64>().unwrap(), [2, 4]);
    let truth = Array::from_vec(vec![true, false], [2]);
    let truths = |a: Array| a.to_vec::<bool>().unwrap();
    assert_eq!(truths(truth.at(Op::Square, &both, 0)), [true, false]);
    assert_eq!(truths(truth.at(Op::Add, &both, 1)), [true, true]);
    assert_eq!(truths(truth.at(Op::Subtract, &both, 1)), [false, true]);
    let nans = Array::from_vec(vec![1.0, f64::NAN], [2]).at(Op::IsNan, &both, 0);
    assert_eq!(nans.to_vec::<f64>().unwrap(), [0.0, 1.0]);
    // uint64 with int64 is float64, which does not hold 2^53 + 1.
    let wide = Array::from_vec(vec![(1u64 << 53) + 1, 3], [2]).at(Op::Add, pick![0], Array::arange(0, 1, 1));
    assert_eq!(wide.to_vec::<u64>().unwrap(), [1 << 53, 3]);
    // A weight in double precision is not rounded before it is added.
    let singles = Array::from_vec(vec![1.0f32, 1.0], [2]);
    let weights = Array::from_vec(vec![f64::from(f32::EPSILON) * 0.5 + 1e-12; 2], [2]);
    let sums = singles.at(Op::Add, pick![&twice], &weights).to_vec::<f32>().unwrap();
    assert_eq!(sums, [1.0 + 2.0 * f32::EPSILON, 1.0]);
    let shorts =
        Array::from_vec(vec![2i8, 3], [2]).at(Op::LeftShift, &both, Array::from_vec(vec![7i64, 1], [2]));
    assert_eq!(shorts.to_vec::<i8>().unwrap(), [0, 6]);
    // More than a block of each, strided.
    let long = Array::arange(0, 6000, 1).reshape([3000, 2]);
    let half = long.at(Op::Multiply, pick![.., 1], Array::full([3000], 0.5));
    assert_eq!(half.slice(s![2999]).to_vec::<i64>().unwrap(), [5998, 2999]);
    assert_eq!(
        half.slice(s![.., 1]).sum().item::<i64>().unwrap(),
        (0..3000).map(|i| (2 * i + 1) / 2).sum::<i64>()
    );
}

#[test]
fn what_has_no_kernel_of_its_own_is_done_at_positions() {
    let at = |array: Array, op| array.at(op, pick![Array::arange(0, 3, 1)], 0).scalars().unwrap();
    let whole = || Array::from_vec(vec![-2i64, 0, 5], [3]);
    let real = || Array::from_vec(vec![-2.5, 0.0, 5.0], [3]);
    let truths = || Array::from_vec(vec![false, true, true], [3]);
    for op in Op::ALL.iter().copied().filter(|op| op.arity() == 1 && *op != Op::Cast) {
        for array in [whole(), real(), truths()] {
            let expected = Array::unary(op, &array).cast(array.dtype()).scalars();
            if let Ok(expected) = expected {
                assert_eq!(format!("{:?}", at(array, op)), format!("{expected:?}"), "{op:?}");
            }
        }
    }
}

#[test]
fn hostile_positions_are_errors() {
    let a = Array::arange(0, 6, 1).reshape([2, 3]);
    let error = |array: Array| array.eval().unwrap_err().root().clone();
    for index in [2, -3, i64::MIN, i64::MAX] {
        let places = Array::from_vec(vec![0, index], [2]);
        let expected = ArrayError::IndexOutOfBounds { index: index as isize, axis: 0, length: 2 };
        assert_eq!(error(a.pick(pick![&places])), expected);
        assert_eq!(error(a.set(pick![&places], 1)), expected);
        assert_eq!(error(a.at(Op::Add, pick![&places], 1)), expected);
    }
    // Nothing is picked of nothing, but the position is still wrong.
    let none = Array::zeros([0, 3]);
    assert!(matches!(
        error(none.pick(pick![&Array::from_vec(vec![0i64], [1])])),
        ArrayError::IndexOutOfBounds { .. }
    ));
    let huge = Array::from_vec(vec![u64::MAX], [1]);
    assert!(matches!(error(a.pick(pick![&huge])), ArrayError::IndexOutOfBounds { .. }));
    assert!(matches!(error(a.pick(pick![Array::zeros([2])])), ArrayError::Unsupported { .. }));
    assert_eq!(
        error(a.pick(pick![Array::full([3], true)])),
        ArrayError::MaskShape { axis: 0, length: 2, mask: 3 }
    );
    assert_eq!(error(a.pick(pick![0, 0, &huge])), ArrayError::TooManyIndices { ndim: 2, given: 3 });
    let (two, three) = (Array::arange(0, 2, 1), Array::full([3], 0));
    assert!(matches!(error(a.pick(pick![&two, &three])), ArrayError::Broadcast { .. }));
    assert!(matches!(error(a.set(pick![&two], Array::zeros([4]))), ArrayError::BroadcastTo { .. }));
    assert!(matches!(error(a.at(Op::Where, pick![&two], 1)), ArrayError::Unsupported { .. }));
    assert!(matches!(error(a.at(Op::BitAnd, pick![&two], 1.5)), ArrayError::Unsupported { .. }));
    // Absurd selections have shapes that no memory holds.
    let wide = Array::full([1 << 31], 0).broadcast_to([1 << 31, 1 << 31]);
    assert!(matches!(error(a.pick(pick![&wide, &wide.slice(s![0])])), ArrayError::TooLarge { .. }));
    let line = line!() + 1;
    let located = a.pick(pick![9]).pick(pick![&two]).eval().unwrap_err();
    assert_eq!(located.location().unwrap().line(), line);
    assert_eq!(a.at(Op::Power, pick![&two], -1).eval().unwrap_err().root(), &ArrayError::NegativePower);
}

proptest! {
    #[test]
    fn positions_pick_what_a_loop_picks(
        rows in prop::collection::vec(-4i64..4, 0..9),
        columns in prop::collection::vec(-5i64..5, 1..2),
    ) {
        let a = Array::arange(0, 20, 1).reshape([4, 5]);
        let n = rows.len();
        let (r, c) = (Array::from_vec(rows.clone(), [n]), Array::from_vec(columns.clone(), [1]));
        let ours = a.pick(pick![&r, &c]).to_vec::<i64>().unwrap();
        let expected: Vec<i64> = rows.iter().map(|r| r.rem_euclid(4) * 5 + columns[0].rem_euclid(5)).collect();
        prop_assert_eq!(ours, expected);
        // Sums at positions do not forget repetitions.
        let counts = Array::full([4], 0).at(Op::Add, pick![&r], 1);
        prop_assert_eq!(counts.sum().item::<i64>().unwrap(), n as i64);
    }
}

#[test]
fn integers_outside_are_told_where_nothing_is_picked() {
    let a = Array::zeros([3, 4]);
    let none = Array::from_vec(Vec::<i64>::new(), [0]);
    for wrong in [
        a.pick(pick![&none, 4]),
        a.pick(pick![-4, &none]),
        a.set(pick![&none, -5], 0),
        a.pick(pick![9, a.slice(array_core::s![0]).less(0)]),
        // A value without axes counts as an integer.
        a.pick(pick![&none, Array::scalar(4)]),
        a.pick(pick![Array::scalar(1u64 << 63), &none]),
        a.set(pick![Array::arange(0, 4, 1).sum(), &none], 0),
    ] {
        let error = wrong.error().expect("found when it was built").clone();
        assert!(matches!(error.root(), ArrayError::IndexOutOfBounds { .. }), "{error}");
    }
    assert_eq!(a.pick(pick![&none, -4]).shape(), [0]);
}

#[test]
fn a_plain_complex_number_does_not_go_into_real_elements() {
    let (a, i) = (Array::zeros([3]), Complex::new(0.0, 2.0));
    for wrong in [a.set(pick![..], i), a.set(pick![a.less(1)], i), a.at(Op::Add, pick![0], i)] {
        let error = wrong.eval().unwrap_err();
        assert!(
            matches!(error.root(), ArrayError::Casting { from: DType::C128, to: DType::F64, .. }),
            "{error}"
        );
    }
    assert_eq!(
        a.set(pick![..], Array::scalar(i)).to_vec::<f64>().unwrap(),
        [0.0; 3],
        "an array's is dropped"
    );
    assert_eq!(a.cast(DType::Bool).set(pick![..], i).to_vec::<bool>().unwrap(), [true; 3]);
    let put = Array::zeros([0]).put(&Array::scalar(0), &Array::zeros([0]));
    assert!(put.eval().is_err(), "there is no element to replace");
}

#[test]
fn truth_values_are_positions_to_put_and_take() {
    // As numpy.put(a, [True, True, False], [7, 8, 9]) and numpy.take.
    let (a, truth) = (Array::arange(0, 3, 1), Array::from_vec(vec![true, true, false], [3]));
    let values = Array::from_vec(vec![7, 8, 9i64], [3]);
    assert_eq!(a.put(&truth, &values).to_vec::<i64>().unwrap(), [9, 8, 2]);
    assert_eq!(a.take(&truth, None).to_vec::<i64>().unwrap(), [1, 1, 0]);
}
