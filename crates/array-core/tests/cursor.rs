//! Single elements: cursors over any layout give what the array's elements are, and writing changes this array alone.

use array_core::{Array, ArrayError, Buffer, Complex, DType, Dims, Index, Layout, SharedVec, Strides, s};
use proptest::prelude::*;

/// A shape, a slice of each axis (start, step), turned around, stretched.
type View = (Vec<usize>, Vec<(usize, isize)>, bool, bool);

fn views() -> impl Strategy<Value = View> {
    prop::collection::vec(
        (0usize..6, (0usize..3, prop_oneof![Just(1isize), Just(2), Just(-1), Just(-3)])),
        0..4,
    )
    .prop_flat_map(|axes| {
        let (shape, cuts): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
        (Just(shape), Just(cuts), any::<bool>(), any::<bool>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 10 } else { 500 }, ..ProptestConfig::default() })]

    #[test]
    fn cursors_go_over_the_elements_in_order((shape, cuts, turned, stretched) in views()) {
        let n: usize = shape.iter().product();
        let whole = Array::from_vec((0..n as i64).collect(), &shape);
        let items: Vec<Index> = cuts
            .iter()
            .map(|&(from, step)| {
                let start = Some(if step > 0 { from as isize } else { -1 - from as isize });
                Index::Slice { start, stop: None, step }
            })
            .collect();
        let mut a = whole.slice(&items);
        if turned {
            a = a.transpose();
        }
        if stretched {
            a = a.broadcast_to([&[2], a.shape()].concat());
        }
        let wanted = a.to_vec::<i64>().unwrap();
        let cursor = a.elements::<i64>().unwrap();
        prop_assert_eq!(cursor.len(), wanted.len());
        prop_assert!(a.elements::<i64>().unwrap().eq(wanted.iter().copied()));
        // By `fold`, from the middle too.
        let mut cursor = a.elements::<i64>().unwrap();
        let first: Vec<i64> = cursor.by_ref().take(3).collect();
        prop_assert_eq!(cursor.len(), wanted.len() - first.len());
        let rest = cursor.fold(Vec::new(), |mut all, x| { all.push(x); all });
        prop_assert_eq!([first, rest].concat(), wanted.clone());
        // Changing a view changes neither the whole, nor a stretched element twice.
        let mut changed = a.clone();
        for (k, x) in changed.elements_mut::<i64>().unwrap().enumerate() {
            prop_assert_eq!(*x, wanted[k]);
            *x = k as i64 * 10;
        }
        prop_assert_eq!(changed.to_vec::<i64>().unwrap(), (0..wanted.len() as i64).map(|k| k * 10).collect::<Vec<_>>());
        changed.elements_mut::<i64>().unwrap().for_each(|x| *x += 1);
        prop_assert!(changed.elements::<i64>().unwrap().enumerate().all(|(k, x)| x == k as i64 * 10 + 1));
        prop_assert_eq!(whole.to_vec::<i64>().unwrap(), (0..n as i64).collect::<Vec<_>>());
        prop_assert_eq!(a.to_vec::<i64>().unwrap(), wanted.clone());
        if let Ok(cells) = a.cells::<i64, 2>() {
            let [rows, columns] = cells.shape();
            for i in 0..rows {
                for j in 0..columns {
                    prop_assert_eq!(cells[[i, j]], wanted[i * columns + j]);
                }
            }
            prop_assert_eq!((cells.get([rows, 0]), cells.get([0, usize::MAX])), (None, None));
        } else {
            prop_assert!(a.ndim() != 2);
        }
    }
}

#[test]
fn a_sole_owner_is_changed_in_place() {
    let address = |a: &Array| a.as_buffer().unwrap().0.as_ptr();
    // A block of the pool, a user's vector, and a strided part of one whose whole is gone.
    let mut block = (Array::arange(0, 10, 1) + 1).eval().unwrap();
    let mut vec = Array::from_vec((0..10i64).collect(), [10]);
    let mut part = Array::from_vec((0..20i64).collect(), [20]).slice(s![..; -2]);
    for a in [&mut block, &mut vec, &mut part] {
        let before = address(a);
        a.cells_mut::<i64, 1>().unwrap()[[3]] = -1;
        a.elements_mut::<i64>().unwrap().for_each(|x| *x *= 2);
        assert_eq!((address(a), a.slice(s![3]).item::<i64>().unwrap()), (before, -2));
        // A cursor for reading holds the data: then it is copied.
        let reading = a.elements::<i64>().unwrap();
        a.cells_mut::<i64, 1>().unwrap()[[0]] = 100;
        assert_ne!(address(a), before);
        assert!(!reading.into_iter().any(|x| x == 100));
    }
    let shared = SharedVec::new(vec![1.0; 4]);
    let mut a = Array::from_buffer(Buffer::from_shared(shared.clone()), [4]);
    a.cells_mut::<f64, 1>().unwrap()[[0]] = 2.0;
    assert_eq!((shared[0], a.slice(s![0]).item::<f64>().unwrap()), (1.0, 2.0));
    // The vector comes back with what was written.
    let mut a = Array::from_vec(vec![1u8, 2], [2]);
    a.elements_mut::<u8>().unwrap().for_each(|x| *x += 1);
    let buffer = a.as_buffer().unwrap().0.clone();
    drop(a);
    assert_eq!(buffer.try_into_vec::<u8>().unwrap(), [2, 3]);
}

#[test]
fn positions_that_share_an_address_are_taken_apart() {
    // Windows of three, one step apart.
    let layout =
        Layout { shape: Dims::from_slice(&[4, 3]), strides: Strides::from_slice(&[1, 1]), offset: 0 };
    let mut windows = Array::from_parts(Buffer::from_vec((0..6i64).collect()), layout);
    windows.elements_mut::<i64>().unwrap().for_each(|x| *x += 10);
    assert_eq!(windows.to_vec::<i64>().unwrap(), [10, 11, 12, 11, 12, 13, 12, 13, 14, 13, 14, 15]);
}

#[test]
fn pending_arrays_are_evaluated_and_errors_leave_them() {
    let mut a = Array::arange(0, 3, 1) * 2;
    let total: i64 = a.elements::<i64>().unwrap().sum();
    assert_eq!((total, a.is_evaluated()), (6, false));
    *a.cells_mut::<i64, 1>().unwrap().get_mut([2]).unwrap() += 1;
    assert_eq!((a.is_evaluated(), a.to_string()), (true, "[0 2 5]".to_owned()));
    assert_eq!(
        a.elements_mut::<f64>().unwrap_err(),
        ArrayError::WrongType { have: DType::I64, asked: DType::F64 }
    );
    assert_eq!(a.cells::<i64, 2>().unwrap_err(), ArrayError::TooManyIndices { ndim: 1, given: 2 });
    assert_eq!(a.cells::<i64, 0>().unwrap_err(), ArrayError::TooFewIndices { ndim: 1, given: 0 });
    let mut wrong = &a + Array::zeros([2]);
    assert!(matches!(wrong.elements_mut::<f64>().unwrap_err().root(), ArrayError::Broadcast { .. }));
    assert_eq!(Array::scalar(Complex::new(1.0, 2.0)).cells::<Complex<f64>, 0>().unwrap()[[]].im, 2.0);
    assert_eq!(
        format!("{:?} {:?}", a.elements::<i64>().unwrap(), a.cells::<i64, 1>().unwrap()),
        "Elements(3) Cells([3])"
    );
}

#[test]
#[should_panic(expected = "position [2, 0] of an array of shape [2, 2]")]
fn a_position_outside_panics_as_of_a_slice() {
    let _ = Array::full([2, 2], 1).cells::<i64, 2>().unwrap()[[2, 0]];
}

#[test]
fn cursors_cross_threads() {
    fn movable<T: Send + Sync>(_: &T) {}
    let mut a = Array::zeros([8]);
    movable(&a.cells::<f64, 1>().unwrap());
    let cursor = a.elements_mut::<f64>().unwrap();
    movable(&cursor);
    std::thread::scope(|scope| {
        scope.spawn(move || cursor.enumerate().for_each(|(i, x)| *x = i as f64));
    });
    assert_eq!(a.sum().item::<f64>().unwrap(), 28.0);
}
