//! Arrays of nothing and of one thing, and what an error leaves behind.

use array_core::{Along, Array, DType, Index, ReduceOp, pick, s};
use stm_engine::TVar;
use tx_scheduler::{Config, Session, SessionError};

#[test]
fn reductions_of_nothing_are_numpys_and_end_nothing() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let none = session.array(Array::zeros([0, 3])).unwrap();
    let u = session.array(Array::ones([5])).unwrap();
    let nothing = u.at(s![3..3]);
    for empty in [none.read(), nothing.read(), nothing.read() * 2.0] {
        assert_eq!(session.item(empty.sum()).unwrap(), 0.0.into());
        assert!(session.item(empty.mean()).unwrap().as_f64().is_nan());
        assert_eq!(session.item(u.at(s![0]) + empty.sum()).unwrap(), 1.0.into());
        for op in [ReduceOp::Max, ReduceOp::Min] {
            let value = if op == ReduceOp::Max { empty.max() } else { empty.min() };
            let error = session.array(value).unwrap_err();
            assert!(error.to_string().contains("zero-size array to reduction"), "{error}");
        }
    }
    session.assign(&u, 2.0).unwrap();
    assert_eq!(session.item(u.read().sum()).unwrap(), 10.0.into(), "the session goes on");
}

#[test]
fn empty_arrays_go_through_every_kind_of_statement() {
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap());
        let none = session.array(Array::zeros([0, 3])).unwrap();
        let copy = session.array(&none).unwrap();
        session.assign(&none, 1.0).unwrap();
        session.assign(&none, copy.read() + 1.0).unwrap();
        session.assign(none.at(s![.., 0]), Array::ones([1])).unwrap();
        assert!(session.assign(&none, Array::ones([2, 3])).is_err());
        let inner = none.clone();
        session.dynamic(&[&none, &copy], move |tx| tx.assign(&inner, tx.read(&inner)? + 1.0)).unwrap();
        let shared = tx_collections::TArray::new(&Array::zeros([0])).unwrap();
        session.assign(shared.view(), 1.0).unwrap();
        assert_eq!(session.eval(shared.view().read() + 1.0).unwrap().shape(), [0]);
        assert_eq!(session.eval(copy.read() * none.read()).unwrap().shape(), [0, 3]);
        session.finish().unwrap();
    }
}

#[test]
fn the_first_failure_is_that_of_the_first_statement_that_fails() {
    for threads in [1, 2, 3] {
        for _ in 0..20 {
            let mut session = Session::new(Config::threads(threads).unwrap().tile_elems(64));
            let u = session.array(Array::ones([4096])).unwrap();
            let exponents = session.array(Array::full([4096], -1)).unwrap();
            session.finish().unwrap();
            session.assign(&u, u.read() * 2.0).unwrap();
            let counter = TVar::new(0);
            session
                .dynamic(&[&u], move |tx| {
                    tx.set(&counter, 1)?;
                    Err(std::io::Error::other("the closure comes first").into())
                })
                .unwrap();
            let error = session.array(Array::full([4096], 2).pow(exponents.read())).unwrap_err();
            assert!(matches!(&error, SessionError::Closure { .. }), "{threads} threads: {error}");
        }
    }
}

#[test]
fn assignments_cast_and_broadcast_as_numpy_does() {
    let mut session = Session::new(Config::single_thread().tile_elems(4));
    let ints = session.array(Array::arange(0, 12, 1).reshape([3, 4])).unwrap();
    session.assign(ints.at(s![0, ..]), Array::from_vec(vec![1.9, -1.9, 2.5, 0.0], [1, 1, 4])).unwrap();
    session.assign(ints.at(s![1, 1]), 7.9).unwrap();
    session.assign(ints.at(s![.., 3]).at(s![..;-1]), ints.at(s![.., 0])).unwrap();
    let kept = ints.at(s![2, ..]).read() + ints.at(s![1, 1]);
    session.assign(ints.at(s![1, 1]), 100).unwrap();
    session.assign(&ints, ints.at(s![..;-1, ..;-1])).unwrap();
    let all = session.eval(&ints).unwrap().to_vec::<i64>().unwrap();
    assert_eq!(all, [1, 10, 9, 8, 4, 6, 100, 4, 8, 2, -1, 1]);
    assert_eq!(session.eval(kept).unwrap().to_vec::<i64>().unwrap(), [15, 16, 17, 8]);
    let flags = session.array(Array::full([2], false)).unwrap();
    session.assign(flags.at(s![1]), 0.5).unwrap();
    assert_eq!(session.eval(&flags).unwrap().to_vec::<bool>().unwrap(), [false, true]);
}

#[test]
fn a_panic_whose_payload_panics_when_dropped_is_still_one_error() {
    struct Evil;
    impl Drop for Evil {
        fn drop(&mut self) {
            panic!("and again");
        }
    }
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap());
        let u = session.array(Array::ones([1000])).unwrap();
        session.dynamic(&[], |_| std::panic::panic_any(Evil)).unwrap();
        let error = session.finish().unwrap_err();
        assert!(matches!(error, SessionError::Panicked { .. }), "{error}");
        assert_eq!(session.item(u.read().sum()).unwrap(), 1000.0.into(), "the session goes on");
    }
}

#[test]
fn tiles_of_any_length_give_the_same_values() {
    for elems in [1, 3, usize::MAX] {
        for threads in [1, 2] {
            let mut session = Session::new(Config::threads(threads).unwrap().tile_elems(elems));
            let u = session.array(Array::arange(0.0, 300.0, 1.0).reshape([30, 10])).unwrap();
            let total = session.array(u.read().sum()).unwrap();
            session.assign(u.at(s![.., 1..;2]), u.at(s![.., ..;2]) - total.read()).unwrap();
            let expected = 2.0 * (0..300).step_by(2).sum::<i32>() as f64 - 150.0 * 44850.0;
            assert_eq!(session.item(u.read().sum()).unwrap(), expected.into(), "{elems} {threads}");
        }
    }
}

#[test]
fn targets_with_axes_of_one_and_steps_back_keep_what_expressions_hold() {
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap().tile_elems(8));
        let u = session.array(Array::zeros([1, 7, 1, 9, 1])).unwrap();
        let steps = Array::arange(0.0, 9.0, 1.0).reshape([3, 3, 1]);
        session.assign(u.at(s![0, ..;-3, 0, ..;-4, ..]), steps).unwrap();
        let mirrored = u.at(s![.., 6, .., ..;-1, ..]) + u.read().max();
        session.assign(u.at(s![.., 5, .., .., ..]), mirrored).unwrap();
        let kept: Vec<Array> = (0..7).map(|row| u.at(s![0, row, 0, .., 0]).read()).collect();
        session.assign(&u, -1.0).unwrap();
        let mut expected = vec![0.0; 63];
        for (i, row) in [6, 3, 0].into_iter().enumerate() {
            for (j, column) in [8, 4, 0].into_iter().enumerate() {
                expected[row * 9 + column] = (3 * i + j) as f64;
            }
        }
        for column in 0..9 {
            expected[5 * 9 + column] = expected[6 * 9 + 8 - column] + 8.0;
        }
        for (row, value) in kept.into_iter().enumerate() {
            let values = session.eval(value).unwrap().to_vec::<f64>().unwrap();
            assert_eq!(values, expected[row * 9..row * 9 + 9], "row {row}");
        }
        let scalar = session.array(Array::scalar(3.0)).unwrap();
        session.assign(&scalar, scalar.read() + u.read().sum()).unwrap();
        session.assign(scalar.at([Index::NewAxis]), scalar.at([Index::Ellipsis]) * 2.0).unwrap();
        assert_eq!(session.item(&scalar).unwrap(), (-120.0).into());
    }
}

#[test]
fn operations_on_whole_arrays_see_what_was_written_before_them() {
    for threads in [1, 2, 3] {
        let mut session = Session::new(Config::threads(threads).unwrap().tile_elems(64));
        let u = session.array(Array::arange(0, 600, 1).reshape([20, 30])).unwrap();
        session.assign(&u, u.read() * 2).unwrap();
        let sums = session.array((u.read() + 1).sum_along(0)).unwrap();
        session.assign(u.at(s![0]), u.read().max_along(0) - sums.read()).unwrap();
        session.assign(&u, 0).unwrap();
        let expected = (Array::arange(0, 600, 1).reshape([20, 30]) * 2 + 1).sum_along(0);
        assert_eq!(session.eval(&sums).unwrap().to_vec::<i64>(), expected.to_vec::<i64>());
        let places = session.eval(sums.read().argmax(0).broadcast_to([2])).unwrap();
        assert_eq!(places.to_vec::<i64>().unwrap(), [29, 29]);
        assert_eq!(
            session.eval(sums.read().cumsum(0).slice(s![-1])).unwrap().to_vec::<i64>(),
            expected.sum().to_vec()
        );
        let shared = tx_collections::TArray::new(&Array::ones([4, 5])).unwrap();
        let total = session.eval(shared.view().read().sum_along(1)).unwrap();
        assert_eq!(total.to_vec::<f64>().unwrap(), [5.0; 4]);
    }
}

#[test]
fn sparse_writes_move_elements_of_every_size() {
    for &dtype in DType::ALL {
        for threads in [1, 2] {
            let mut session = Session::new(Config::threads(threads).unwrap().tile_elems(16));
            let numbers = session
                .array(Array::from_vec((0..60).map(|n| n % 40).collect::<Vec<i64>>(), [60]).cast(dtype))
                .unwrap();
            let u = session.array(Array::zeros([60, 8]).cast(dtype)).unwrap();
            // An expression, a number, and a column of itself.
            session.assign(u.at(s![.., 1]), numbers.read() * Array::from(3).cast(dtype)).unwrap();
            session.assign(u.at(s![..; 2, 3]), 1).unwrap();
            session.assign(u.at(s![.., 5]), u.at(s![..; -1, 1])).unwrap();
            let expected: Vec<i64> = (0..60)
                .map(|n| if dtype == DType::Bool { i64::from(n % 40 > 0) } else { n % 40 * 3 })
                .collect();
            let backwards: Vec<i64> = expected.iter().rev().copied().collect();
            let mut column =
                |at| session.eval(u.at(s![.., at]).read().cast(DType::I64)).unwrap().to_vec::<i64>().unwrap();
            assert_eq!(column(1), expected, "{dtype:?}");
            assert_eq!(column(5), backwards, "{dtype:?}");
            assert_eq!(column(3), (0..60).map(|n| 1 - n % 2).collect::<Vec<i64>>(), "{dtype:?}");
        }
    }
}

#[test]
fn values_put_at_positions_touch_the_tiles_that_are_named() {
    for threads in [1, 2] {
        let config = Config::threads(threads).unwrap().tile_elems(100).shared_effort(0).inline_effort(0);
        let mut session = Session::new(config);
        let u = session.array(Array::arange(0, 1000, 1)).unwrap();
        let before = u.read();
        session.finish().unwrap();
        let tasks = session.report().tasks;
        let places = Array::from_vec(vec![5i64, -5, 7, 5], [4]);
        session.assign(&u, u.read().set(pick![&places], Array::from_vec(vec![1i64, 2, 3, 4], [4]))).unwrap();
        session.finish().unwrap();
        // The values are a tile of their own.
        assert_eq!(session.report().tasks - tasks, 3, "two tiles of ten are written");
        let now = session.eval(&u).unwrap().to_vec::<i64>().unwrap();
        assert_eq!((now[5], now[995], now[7], now[6]), (4, 2, 3, 6));
        assert_eq!(session.eval(before).unwrap().to_vec::<i64>().unwrap(), Vec::from_iter(0..1000));
        // The right-hand side is read before anything is written, and every size of element moves.
        for dtype in [DType::Bool, DType::I16, DType::F32, DType::F64, DType::C128] {
            let v = session.array((u.read() % 2).cast(dtype).reshape([50, 20])).unwrap();
            let rows = Array::from_vec(vec![0i64, 1, 0], [3]);
            let turned = v.at(s![47.., ..]).read();
            session.assign(&v, v.read().set(pick![&rows], turned)).unwrap();
            let picked = session.eval(v.read().pick(pick![&rows, ..; -1])).unwrap();
            let own = session.eval(&v).unwrap();
            let expected = own.pick(pick![&rows, ..; -1]);
            assert_eq!(picked.to_string(), expected.eval().unwrap().to_string(), "{dtype}");
            assert_eq!(own.slice(s![1]).to_string(), own.slice(s![48]).to_string());
        }
    }
}

#[test]
fn masks_that_the_session_computes_select_on_both_sides() {
    for threads in [1, 2] {
        let config = Config::threads(threads).unwrap().tile_elems(10).shared_effort(0);
        let mut session = Session::new(config);
        let u = session.array(Array::arange(0, 60, 1).reshape([6, 10])).unwrap();
        session.assign(&u, u.read() % 7).unwrap();
        let mask = session.array(u.read().greater(4)).unwrap();
        let old: Vec<i64> = (0..60).map(|i| i % 7).collect();
        let large = session.pick(&u, pick![&mask]).unwrap();
        // What is picked is what was there when it was picked.
        session.put(&u, pick![&mask], &large * 10).unwrap();
        session.put(&u, pick![u.read().equal(0)], -1).unwrap();
        let picked = session.eval(large).unwrap().to_vec::<i64>().unwrap();
        assert_eq!(picked, old.iter().copied().filter(|&x| x > 4).collect::<Vec<_>>());
        let expected = old.iter().map(|&x| {
            if x > 4 {
                10 * x
            } else if x == 0 {
                -1
            } else {
                x
            }
        });
        assert_eq!(session.eval(&u).unwrap().to_vec::<i64>().unwrap(), expected.collect::<Vec<_>>());
        // Rows by a mask, beside a slice; a part of an array as the target; nothing selected.
        let rows = session.array(u.at(s![.., 0]).read().greater(0)).unwrap();
        let part = session.pick(&u, pick![&rows, 2..4]).unwrap();
        assert_eq!(
            part.shape(),
            [
                session.item(rows.read().count_nonzero(Along::all())).unwrap().as_integer().unwrap() as usize,
                2
            ]
        );
        let inner = u.at(s![1..-1, 1..-1]);
        session.put(&inner, pick![inner.read().greater(9)], Array::from_vec(vec![0i64], [1])).unwrap();
        assert_eq!(session.item(inner.read().max()).unwrap().as_integer(), Some(4));
        let none = session.pick(&u, pick![u.read().greater(1000)]).unwrap();
        assert_eq!(none.shape(), [0]);
        session.put(&u, pick![u.read().greater(1000)], none).unwrap();
    }
}

#[test]
fn a_mask_that_does_not_fit_is_an_error_of_its_line_and_changes_nothing() {
    let mut session = Session::new(Config::threads(2).unwrap().tile_elems(10));
    let u = session.array(Array::arange(0, 100, 1)).unwrap();
    let three = Array::from_vec(vec![1i64, 2, 3], [3]);
    session.assign(&u, u.read() + 1).unwrap();
    let error = session.put(&u, pick![u.read().less(6)], &three).unwrap_err().to_string();
    assert!(error.contains("3 values cannot go into the 5 elements"), "{error}");
    assert!(error.contains("edges.rs:"), "{error}");
    let short = session.array(Array::full([99], true)).unwrap();
    for error in
        [session.put(&u, pick![&short], &three).unwrap_err(), session.pick(&u, pick![&short]).unwrap_err()]
    {
        assert!(
            error.to_string().contains("the mask has length 99 where axis 0 of the array has length 100"),
            "{error}"
        );
    }
    assert_eq!(session.eval(&u).unwrap().to_vec::<i64>().unwrap(), Vec::from_iter(1..101));
    let mut other = Session::new(Config::single_thread());
    let foreign = other.array(Array::full([100], true) & true).unwrap();
    assert!(session.pick(&u, pick![&foreign]).is_err());
    assert!(session.put(&u, pick![&foreign], &three).is_err());
    // What fails before it is heard of before it.
    session.dynamic(&[], |_| Err(std::io::Error::other("no more paper").into())).unwrap();
    let late = session.put(&u, pick![u.read().less(6)], &three).unwrap_err().to_string();
    assert!(late.contains("no more paper"), "{late}");
}

#[test]
fn a_wrong_position_is_an_error_of_its_line_and_changes_nothing() {
    let mut session = Session::new(Config::threads(2).unwrap().tile_elems(10));
    let u = session.array(Array::arange(0, 100, 1)).unwrap();
    let wrong = session.array(Array::from_vec(vec![3i64, 100], [2]) * 1).unwrap();
    for positions in [Array::from_vec(vec![3i64, 100], [2]), wrong.read()] {
        session.assign(&u, u.read() + 1).unwrap();
        let statements = session.report().statements;
        let error = session.assign(&u, u.read().set(pick![&positions], -1)).unwrap_err().to_string();
        assert!(error.contains("index 100") && error.contains("edges.rs:"), "{error}");
        assert!(session.array(u.read().pick(pick![&positions])).is_err());
        assert_eq!(session.report().statements, statements, "nothing was recorded");
    }
    assert_eq!(session.eval(&u).unwrap().to_vec::<i64>().unwrap(), Vec::from_iter(2..102));
    // What fails before it is heard of before it.
    session.dynamic(&[], |_| Err(std::io::Error::other("no more paper").into())).unwrap();
    let late = session.assign(&u, u.read().set(pick![&wrong.read()], -1)).unwrap_err().to_string();
    assert!(late.contains("no more paper"), "{late}");
}

/// Where the system does not say how much memory there is, nothing is refused.
#[cfg(target_os = "linux")]
#[test]
fn an_array_larger_than_the_machine_is_refused_before_there_are_tasks_for_it() {
    let mut session = Session::new(Config::single_thread());
    for len in [1usize << 40, 1 << 44, 1 << 58] {
        let error = session.array(Array::zeros([len])).unwrap_err();
        let SessionError::Array(error) = error else { panic!("{error}") };
        assert!(matches!(error.root(), array_core::ArrayError::OutOfMemory { .. }), "{error}");
    }
    assert_eq!(session.item(Array::arange(0, 5, 1).sum()).unwrap(), 10i64.into());
}

#[test]
fn what_does_not_fit_names_the_line_of_the_statement() {
    let mut session = Session::new(Config::single_thread());
    let u = session.array(Array::zeros([300, 300])).unwrap();
    let row = session.assign(u.at(s![0, ..]), Array::zeros([7])).unwrap_err();
    let outside = session.assign(u.at(s![400, ..]), 1.0).unwrap_err();
    for (error, says) in [(row, "shape (7,) does not broadcast to (300,)"), (outside, "index 400")] {
        let text = error.to_string();
        assert!(text.contains("edges.rs:") && text.contains(says), "{text}");
    }
}
