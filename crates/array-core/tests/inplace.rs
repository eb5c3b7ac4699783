//! Results in the memory of operands that die: the block is used again, and nothing that can still be seen changes.

use array_core::{Array, Buffer, Complex, DType, Isa, Scalar, SharedVec, s};
use proptest::prelude::*;

/// Enough that a result is worth the block.
const N: usize = 20_000;

fn address(a: &Array) -> *const u8 {
    a.as_buffer().expect("evaluated").0.as_ptr()
}

/// Data in a block of the pool that nobody else holds.
fn block(dtype: DType) -> Array {
    (Array::arange(0, N as i64, 1).remainder(100) + 1)
        .cast(dtype)
        .copied_into(Array::full([N], 0).cast(dtype))
        .eval()
        .unwrap()
}

#[test]
fn an_operand_that_dies_lends_its_block() {
    for &dtype in DType::ALL {
        let x = block(dtype);
        if N * dtype.size() <= 64 << 10 {
            continue;
        }
        let wanted = (&x * &x).scalars().unwrap();
        let (before, y) = (address(&x), block(dtype));
        let z = (x * y).into_evaluated().unwrap();
        assert_eq!(z.dtype(), dtype);
        assert_eq!((address(&z), z.scalars().unwrap()), (before, wanted), "{dtype}");
    }
}

#[test]
fn whatever_stands_beside_the_operand_that_dies() {
    let plain = Array::arange(0.0, N as f64, 1.0);
    let table = [100, N / 100];
    type Case = fn(Array, &Array) -> Array;
    let cases: [(&str, Case); 6] = [
        ("nothing", |x, _| (x * 0.5 + 1.0).sqrt()),
        ("data", |x, y| &(x - y) * y),
        ("data backward", |x, y| x + y.slice(s![..; -1])),
        ("a row and a column", |x, y| {
            let (rows, columns) = (y.slice(s![..100]).reshape([100, 1]), y.slice(s![..200]));
            x.reshape([100, 200]) * columns - rows
        }),
        ("short rows", |x, y| x.reshape([N / 5, 5]) + y.slice(s![..5])),
        ("itself twice", |x, _| &x * &x + x.sqrt()),
    ];
    for (what, case) in cases {
        let make = || (&plain + 1.0).eval().unwrap();
        let x = make();
        let wanted = case(x.clone(), &plain).eval().unwrap();
        assert_ne!(address(&x), address(&wanted));
        drop(x);
        for isa in Isa::available() {
            let x = make();
            let before = address(&x);
            let z = case(x, &plain);
            let other = z.eval_for(isa).unwrap();
            assert_eq!(other.scalars().unwrap(), wanted.scalars().unwrap(), "{what}");
            let z = z.into_evaluated().unwrap();
            assert_eq!(address(&z), before, "{what} of {table:?}");
            assert_eq!(z.scalars().unwrap(), wanted.scalars().unwrap(), "{what}");
        }
    }
}

#[test]
fn what_can_still_be_seen_is_never_overwritten() {
    let make = || (Array::arange(0.0, N as f64, 1.0) + 0.0).eval().unwrap();
    let wanted: Vec<f64> = (0..N).map(|i| i as f64).collect();
    // By a clone, by a view, by the buffer, by another expression.
    let x = make();
    let held = x.clone();
    assert_ne!(address(&(x + 1.0).into_evaluated().unwrap()), address(&held));
    assert_eq!(held.to_vec::<f64>().unwrap(), wanted);
    let x = make();
    let view = x.slice(s![5..10]);
    let _ = (x * 2.0).into_evaluated().unwrap();
    assert_eq!(view.to_vec::<f64>().unwrap(), wanted[5..10]);
    let x = make();
    let buffer: Buffer = x.as_buffer().unwrap().0.clone();
    let _ = (x * 2.0).into_evaluated().unwrap();
    assert_eq!(buffer.as_slice::<f64>().unwrap(), wanted);
    let x = make();
    let pending = &x - 1.0;
    let _ = (x * 2.0).into_evaluated().unwrap();
    assert_eq!(pending.slice(s![N as isize - 1]).item::<f64>().unwrap(), N as f64 - 2.0);
    // Two views of the same block in one expression: element i needs more than element i.
    let x = make();
    let before = address(&x);
    let turned = x.slice(s![..; -1]);
    let sum = (x + turned).into_evaluated().unwrap();
    assert_ne!(address(&sum), before);
    assert!(sum.to_vec::<f64>().unwrap().iter().all(|v| *v == N as f64 - 1.0));
    // A part of a block, another order, another type of the same size: not as the result lies.
    let results = [
        (make().slice(s![1..]) + 1.0).into_evaluated().unwrap(),
        (make().slice(s![..; -1]) + 1.0).into_evaluated().unwrap(),
        (make().reshape([100, 200]).transpose() + 1.0).into_evaluated().unwrap(),
        make().astype::<i64>().into_evaluated().unwrap().astype::<f64>(),
    ];
    assert_eq!(results[0].slice(s![-1]).item::<f64>().unwrap(), N as f64);
    assert_eq!(results[1].slice(s![0]).item::<f64>().unwrap(), N as f64);
    assert_eq!(results[2].slice(s![1, 0]).item::<f64>().unwrap(), 2.0);
    assert_eq!(results[3].to_vec::<f64>().unwrap(), wanted);
}

#[test]
fn a_vector_from_outside_is_not_written() {
    let shared = SharedVec::new(vec![1.0; N]);
    let x = Array::from_buffer(Buffer::from_shared(shared.clone()), [N]);
    let y = (x + 1.0).into_evaluated().unwrap();
    assert!(shared.iter().all(|v| *v == 1.0) && y.to_vec::<f64>().unwrap().iter().all(|v| *v == 2.0));
    let x = Array::from_vec(vec![3.0; N], [N]);
    let before = address(&x);
    assert_ne!(address(&(x + 1.0).into_evaluated().unwrap()), before);
}

#[test]
fn a_long_chain_stays_in_one_block_and_its_start_as_it_was() {
    let start = (Array::arange(0.0, N as f64, 1.0) * 1.0).eval().unwrap();
    let mut x = start.clone();
    let mut wanted: Vec<f64> = start.to_vec().unwrap();
    let steps = if cfg!(miri) { 600 } else { 3000 };
    for _ in 0..steps {
        x = x * 0.999 + 1.0;
        wanted.iter_mut().for_each(|v| *v = *v * 0.999 + 1.0);
    }
    assert_eq!(x.to_vec::<f64>().unwrap(), wanted);
    assert_eq!(start.slice(s![7]).item::<f64>().unwrap(), 7.0);
    // What is shared in the middle is read by both who need it.
    let shared = (0..400).fold(&start + 1.0, |x, _| x + 1.0);
    let both = (0..400).fold(shared.clone(), |x, _| x + 1.0) - (0..300).fold(shared, |x, _| x + 1.0);
    assert!(both.to_vec::<f64>().unwrap().iter().all(|v| *v == 100.0));
}

#[test]
fn errors_leave_the_others_as_they_were() {
    let x = (Array::arange(0, N as i64, 1) + 0).eval().unwrap();
    let exponents = (Array::arange(0, N as i64, 1) * -1).eval().unwrap();
    let kept = exponents.clone();
    assert!(x.pow(exponents).into_evaluated().is_err());
    assert_eq!(kept.slice(s![3]).item::<i64>().unwrap(), -3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 60 }, ..ProptestConfig::default() })]

    /// Random steps over a few arrays, some of them held by clones or views; every array is checked against a model of vectors.
    #[test]
    fn arrays_and_vectors_agree(steps in prop::collection::vec((0usize..6, 0usize..4, 0usize..4), 1..25)) {
        let n = 9_000;
        let mut arrays: Vec<Array> = (0..4i64).map(|k| (Array::arange(0, n, 1) * k).eval().unwrap()).collect();
        let mut model: Vec<Vec<i64>> = (0..4i64).map(|k| (0..n).map(|i| i * k).collect()).collect();
        for (step, i, j) in steps {
            let taken = std::mem::replace(&mut arrays[i], Array::full([n as usize], 0));
            let theirs = if i == j { taken.clone() } else { arrays[j].clone() };
            let (result, values): (Array, Vec<i64>) = match step {
                0 => (taken + 1, model[i].iter().map(|v| v + 1).collect()),
                1 => (taken - theirs, model[i].iter().zip(&model[j]).map(|(a, b)| a - b).collect()),
                2 => (
                    taken + theirs.slice(s![..; -1]),
                    model[i].iter().zip(model[j].iter().rev()).map(|(a, b)| a.wrapping_add(*b)).collect(),
                ),
                // Becomes another name of the same block.
                3 => (theirs, model[j].clone()),
                4 => (taken.slice(s![..; -1]), model[i].iter().rev().copied().collect()),
                _ => (taken.maximum(theirs), model[i].iter().zip(&model[j]).map(|(a, b)| *a.max(b)).collect()),
            };
            arrays[i] = result.into_evaluated().unwrap();
            model[i] = values;
        }
        for (array, values) in arrays.iter().zip(&model) {
            prop_assert_eq!(&array.to_vec::<i64>().unwrap(), values);
        }
    }
}

#[test]
fn complex_and_narrow_elements_are_copied_whole() {
    let x = block(DType::C128);
    let y = (x * Array::scalar(Scalar::C128(Complex::new(0.0, 1.0)))).into_evaluated().unwrap();
    assert_eq!(y.slice(s![1]).item::<Complex<f64>>().unwrap(), Complex::new(0.0, 2.0));
    let bytes = Array::full([200_000], 7u8).cast(DType::U8);
    let x = (bytes + Array::scalar(1u8)).eval().unwrap();
    let before = address(&x);
    let y = (x + Array::scalar(250u8)).into_evaluated().unwrap();
    assert_eq!((address(&y), y.slice(s![199_999]).item::<u8>().unwrap()), (before, 2));
}
