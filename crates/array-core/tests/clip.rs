//! `clip`, `minimum`, `maximum` and their kin where NumPy has particular answers: bounds outside the type, types of three
//! operands, and which of two zeros is taken. The values are NumPy's 2.4 on x86-64.

use array_core::{Array, ArrayError, Complex, DType, Op};

fn signs(array: &Array) -> String {
    array.signbit().to_vec::<bool>().unwrap().into_iter().map(|minus| if minus { '-' } else { '+' }).collect()
}

#[test]
fn plain_integers_beyond_the_type_bound_nothing() {
    let bytes = Array::from_vec(vec![3u8, 200, 255], [3]);
    assert_eq!(bytes.clip(-1, 100).to_vec::<u8>().unwrap(), [3, 100, 100]);
    assert_eq!(bytes.clip(i64::MIN, i64::MAX).to_vec::<u8>().unwrap(), [3, 200, 255]);
    assert_eq!(bytes.clip(10, 256).to_vec::<u8>().unwrap(), [10, 200, 255]);
    // They are errors where they do bound.
    for wrong in [bytes.clip(256, 300), bytes.clip(0, -1)] {
        let error = wrong.eval().unwrap_err();
        assert!(matches!(error.root(), ArrayError::IntegerBounds { dtype: DType::U8, .. }), "{error}");
    }
    let small = Array::from_vec(vec![-128i8, 5, 127], [3]);
    assert_eq!(small.clip(-129, 6).to_vec::<i8>().unwrap(), [-128, 5, 6]);
    assert_eq!(small.clip(-128, 127).dtype(), DType::I8);
    let wide = Array::from_vec(vec![u64::MAX, 7], [2]);
    assert_eq!(wide.clip(-5, i64::MAX).to_vec::<u64>().unwrap(), [i64::MAX as u64, 7]);
}

#[test]
fn three_operands_meet_by_kind_first() {
    let of = |dtype| Array::full([2], 1).cast(dtype);
    let clip = |a, b, c| of(a).clip(of(b), of(c)).dtype();
    assert_eq!(clip(DType::I8, DType::U16, DType::F32), DType::F32);
    assert_eq!(clip(DType::I8, DType::U8, DType::U16), DType::I32);
    assert_eq!(of(DType::I8).clip(0.5, 3).dtype(), DType::F64);
    assert_eq!(of(DType::F32).clip(0.5, 3).dtype(), DType::F32);
}

#[test]
fn of_equal_zeros_the_second_is_taken_wherever_it_stands() {
    for n in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 70, 1001] {
        for dtype in [DType::F64, DType::F32] {
            let (plus, minus) = (Array::zeros([n]).cast(dtype), (-Array::zeros([n])).cast(dtype));
            let (plus, minus) = (plus.eval().unwrap(), minus.eval().unwrap());
            let alone = |a: &Array| a.slice(array_core::s![0]).eval().unwrap();
            for op in [Op::Minimum, Op::Maximum, Op::FMin, Op::FMax] {
                let cases = [
                    (Array::binary(op, &plus, &minus), "-"),
                    (Array::binary(op, &minus, &plus), "+"),
                    (Array::binary(op, alone(&plus), &minus), "-"),
                    (Array::binary(op, &minus, alone(&plus)), "+"),
                    // As part of a chain.
                    (Array::binary(op, &plus * 3.0, &minus) * 2.0, "-"),
                    (Array::binary(op, &minus * 3.0, &plus * 2.0) * 2.0, "+"),
                ];
                for (k, (result, sign)) in cases.iter().enumerate() {
                    assert_eq!(signs(result), sign.repeat(n), "{} {dtype} of {n}, case {k}", op.name());
                }
            }
            let (low, high) = (alone(&plus), Array::scalar(1.0).cast(dtype));
            assert_eq!(
                signs(&minus.clip(&low, &high)),
                "-".repeat(n),
                "the element, beside bounds without axes"
            );
            assert_eq!(signs(&minus.clip(&plus, &high)), "+".repeat(n), "the bound, if it is an array");
            assert_eq!(signs(&minus.clip(0.0, 1.0)), "-".repeat(n));
        }
    }
    let minus = Array::from_vec(vec![Complex::new(-0.0, 0.0)], [1]);
    assert_eq!(signs(&minus.clip(0.0, 1.0).real()), "+", "of complex numbers the bound");
}

#[test]
fn nan_wins_but_for_those_that_prefer_numbers() {
    let nan = Array::full([9], f64::NAN).eval().unwrap();
    let one = Array::ones([9]).eval().unwrap();
    for result in
        [nan.clip(0.0, 1.0), one.clip(&nan, 2.0), one.clip(0.0, &nan), nan.minimum(&one), one.maximum(&nan)]
    {
        assert!(result.isnan().all(..).item::<bool>().unwrap());
    }
    for result in [nan.fmin(&one), one.fmax(&nan), one.fmin(&nan), nan.fmax(&one)] {
        assert!(result.equal(1.0).all(..).item::<bool>().unwrap());
    }
    assert!(Array::unary(Op::Copy, Array::full([1], true)).error().is_some(), "np.positive has no bool");
}

/// Results of NumPy 2.4.
#[test]
fn complex_bounds_that_are_nan_in_part_are_numpys() {
    let (c, nan) = (Complex::new, f64::NAN);
    let z = Array::from_vec(vec![c(1.0, 2.0), c(3.0, -1.0), c(nan, 1.0), c(2.0, nan), c(0.0, 0.0)], [5]);
    let cases = [
        (c(nan, 0.0), c(3.0, 0.0), "nan+0.j nan+0.j nan+1.j 2.+nanj nan+0.j"),
        (c(0.0, 0.0), c(nan, 0.0), "nan+0.j nan+0.j nan+1.j 2.+nanj nan+0.j"),
        (c(nan, 0.0), c(nan, 1.0), "nan+0.j nan+0.j nan+1.j 2.+nanj nan+0.j"),
        (c(1.0, nan), c(3.0, 0.0), "1.+nanj 3. -1.j nan +1.j 2.+nanj 1.+nanj"),
        (c(0.0, 0.0), c(3.0, nan), "1. +2.j 3.+nanj nan +1.j 2.+nanj 0. +0.j"),
        (c(1.0, 0.0), c(2.0, 0.0), "1. +2.j 2. +0.j nan +1.j 2.+nanj 1. +0.j"),
    ];
    for (low, high, expected) in cases {
        for dtype in [DType::C128, DType::C64] {
            let plain = z.cast(dtype).clip(low, high);
            let arrays = z.cast(dtype).clip(Array::full([5], low), Array::full([5], high));
            for got in [plain, arrays] {
                let words = |text: &str| text.replace(' ', "");
                assert_eq!(words(&got.to_string()), words(&format!("[{expected}]")), "{low} {high} {dtype}");
            }
        }
    }
}
