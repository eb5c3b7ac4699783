//! Data shared with the crate `ndarray`: no copy, every layout, and nobody's change seen by the other side.
#![cfg(feature = "ndarray")]

use array_core::{Array, ArrayError, Complex, DType, s};
use ndarray::{Array2, ArrayD, Axis, IxDyn, ShapeBuilder, Slice};
use proptest::prelude::*;

fn address(a: &Array) -> *const u8 {
    let (buffer, layout) = a.as_buffer().unwrap();
    buffer.as_ptr().wrapping_offset(layout.offset * a.dtype().size() as isize)
}

/// A shape, a slice of each axis (elements left out at its ends, step), Fortran order, turned around.
type View = (Vec<usize>, Vec<(usize, usize, isize)>, bool, bool);

/// A view with some of the axes backward, stepped or cut, turned around as a whole or not.
fn views() -> impl Strategy<Value = View> {
    let axis = (0usize..3, 0usize..3, prop_oneof![Just(1isize), Just(2), Just(-1), Just(-2)]);
    prop::collection::vec((1usize..6, axis), 0..4).prop_flat_map(|axes| {
        let (shape, cuts): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
        (Just(shape), Just(cuts), any::<bool>(), any::<bool>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 10 } else { 300 }, ..ProptestConfig::default() })]

    #[test]
    fn every_layout_goes_in_and_out((shape, cuts, fortran, turned) in views()) {
        let n: usize = shape.iter().product();
        let order = shape.clone().set_f(fortran);
        let mut nd = ArrayD::from_shape_vec(order, (0..n as i32).collect()).unwrap();
        for (axis, &(from, end, step)) in cuts.iter().enumerate() {
            let length = nd.len_of(Axis(axis)) as isize;
            nd.slice_axis_inplace(Axis(axis), Slice::new((from as isize).min(length), Some((length - end as isize).max(0)), step));
        }
        if turned {
            nd = nd.reversed_axes();
        }
        let wanted: Vec<i32> = nd.iter().copied().collect();
        let first = nd.as_ptr();
        // Shared with a second handle, with the only one, and owned.
        let shared = nd.clone().into_shared();
        let held = Array::from_arc_ndarray(shared.clone());
        if n > 0 && !wanted.is_empty() {
            prop_assert_eq!(address(&held), shared.as_ptr().cast());
        }
        prop_assert_eq!(&held.to_vec::<i32>().unwrap(), &wanted);
        let owned = Array::from_ndarray(nd.clone());
        prop_assert_eq!(owned.shape(), nd.shape());
        let moved = Array::from_arc_ndarray(nd.into_shared());
        if !wanted.is_empty() {
            prop_assert_eq!(address(&moved), first.cast());
        }
        for a in [&held, &owned, &moved] {
            prop_assert_eq!((a * 2).to_vec::<i32>().unwrap(), wanted.iter().map(|x| x * 2).collect::<Vec<_>>());
            let view = a.as_ndarray::<i32>().unwrap();
            prop_assert_eq!(view.shape(), a.shape());
            if !wanted.is_empty() {
                prop_assert_eq!(view.as_ptr().cast(), address(a));
            }
            prop_assert_eq!(view.iter().copied().collect::<Vec<_>>(), wanted.clone());
            // And views of it that we make.
            let back = a.slice(vec![array_core::Index::ALL.step(-1); a.ndim()]);
            let turned = back.transpose();
            let expected: Vec<i32> = back.to_vec().unwrap();
            prop_assert_eq!(back.as_ndarray::<i32>().unwrap().iter().copied().collect::<Vec<_>>(), expected);
            prop_assert_eq!(turned.as_ndarray::<i32>().unwrap(), back.as_ndarray::<i32>().unwrap().reversed_axes());
        }
    }
}

#[test]
fn changes_on_either_side_stay_there() {
    let mut nd = Array2::<f64>::zeros((3, 4)).into_shared();
    let mut a = Array::from_arc_ndarray(nd.clone());
    nd[[1, 1]] = 5.0;
    a.cells_mut::<f64, 2>().unwrap()[[0, 0]] = 7.0;
    assert_eq!((nd[[0, 0]], nd[[1, 1]]), (0.0, 5.0));
    let view = a.as_ndarray::<f64>().unwrap();
    assert_eq!((view[[0, 0]], view[[1, 1]]), (7.0, 0.0));
    // A result computed "in place" takes no foreign memory.
    let wide = ndarray::Array1::<f64>::ones(50_000).into_shared();
    let b = (Array::from_arc_ndarray(wide.clone()) + 1.0).into_evaluated().unwrap();
    assert!(wide.iter().all(|x| *x == 1.0) && b.to_vec::<f64>().unwrap().iter().all(|x| *x == 2.0));
}

#[test]
fn what_cannot_be_viewed_says_why() {
    let a = Array::arange(0, 6, 1).reshape([2, 3]);
    assert_eq!(
        a.as_ndarray::<f64>().unwrap_err(),
        ArrayError::WrongType { have: DType::I64, asked: DType::F64 }
    );
    assert_eq!((&a + 1).as_ndarray::<i64>().unwrap_err(), ArrayError::NotEvaluated);
    assert_eq!(Array::zeros([2]).as_ndarray::<f64>().unwrap_err(), ArrayError::NotEvaluated);
    assert!(matches!(
        (a + Array::zeros([5])).as_ndarray::<f64>().unwrap_err().root(),
        ArrayError::Broadcast { .. }
    ));
}

#[test]
fn stretched_and_empty_and_odd_types_are_views_too() {
    let row = Array::from_vec(vec![Complex::new(1.0f32, 2.0)], [1]).broadcast_to([2, 3]);
    let view = row.as_ndarray::<Complex<f32>>().unwrap();
    assert_eq!((view.shape(), view[[1, 2]].im), (&[2, 3][..], 2.0));
    let none = Array::from_vec(vec![true; 4], [2, 2]).slice(s![.., 2..]);
    assert_eq!(none.as_ndarray::<bool>().unwrap().shape(), [2, 0]);
    let nothing = ArrayD::<u8>::zeros(IxDyn(&[3, 0]).f()).into_shared();
    assert_eq!(Array::from_arc_ndarray(nothing.clone()).shape(), [3, 0]);
    assert_eq!(Array::from_ndarray(nothing.into_owned()).shape(), [3, 0]);
    let point = Array::from_ndarray(ndarray::arr0(4u16));
    assert_eq!((point.item::<u16>().unwrap(), point.as_ndarray::<u16>().unwrap()[[]]), (4, 4));
}
