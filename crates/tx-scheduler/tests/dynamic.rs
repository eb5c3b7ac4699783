//! Closures: conflicts roll back, the order is the program's, errors surface when they are real.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use array_core::{Array, s};
use stm_engine::{TVar, atomically};
use strategy_lists::List;
use tx_collections::TArray;
use tx_scheduler::{Config, Session, SessionError};

/// `f`, `g`, `f`, … on one variable: no two of them commute.
fn ladder(threads: usize, steps: u64) -> (u64, u64) {
    let mut session = Session::new(Config::threads(threads).unwrap().shared_effort(0));
    let x = TVar::new(1u64);
    for step in 0..steps {
        let x = x.clone();
        session
            .dynamic(&[], move |tx| {
                let value = *tx.get(&x)?;
                tx.set(&x, if step % 2 == 0 { value.wrapping_mul(3) } else { value.wrapping_add(step) })
            })
            .unwrap();
    }
    session.finish().unwrap();
    (x.load(), session.report().aborts)
}

#[test]
fn ordered_closures_give_the_serial_answer() {
    let (expected, none) = ladder(1, 500);
    assert_eq!(none, 0, "alone, nothing is rolled back");
    let serial =
        (0..500u64).fold(1u64, |x, i| if i % 2 == 0 { x.wrapping_mul(3) } else { x.wrapping_add(i) });
    assert_eq!(expected, serial);
    for threads in [2, 3, 8] {
        assert_eq!(ladder(threads, 500).0, expected);
    }
}

#[test]
fn a_forced_conflict_is_counted_and_leaves_no_trace() {
    // The second closure speculates on the value that the first has not yet replaced: the first waits until it has.
    let mut session = Session::new(Config::threads(2).unwrap());
    let (x, log) = (TVar::new(1), TVar::new(List::new()));
    let speculated = Arc::new(AtomicBool::new(false));
    let attempts = Arc::new(AtomicU64::new(0));
    let (first, seen) = (x.clone(), Arc::clone(&speculated));
    session
        .dynamic(&[], move |tx| {
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while !seen.load(Ordering::Acquire) && std::time::Instant::now() < deadline {
                std::thread::yield_now();
            }
            tx.set(&first, 2)
        })
        .unwrap();
    let (second, entries, seen, tries) =
        (x.clone(), log.clone(), Arc::clone(&speculated), Arc::clone(&attempts));
    session
        .dynamic(&[], move |tx| {
            let value = *tx.get(&second)?;
            tries.fetch_add(1, Ordering::Relaxed);
            tx.modify(&entries, |list| {
                let mut list = list.clone();
                list.push(i64::from(value));
                list
            })?;
            seen.store(true, Ordering::Release);
            tx.set(&second, value * 10)
        })
        .unwrap();
    session.finish().unwrap();
    assert_eq!(x.load(), 20);
    assert_eq!(log.load(), List::from(vec![2i64]), "the rolled-back entry is gone");
    assert!(attempts.load(Ordering::Relaxed) >= 2);
    assert!(session.report().aborts >= 1, "{:?}", session.report());
}

#[test]
fn sessions_and_free_threads_share_variables_arrays_and_lists() {
    let stock = TArray::with_tile_elems(&Array::full([64], 10), 8).unwrap();
    let moved = TVar::new(List::new());
    let total = TVar::new(0i64);
    let begin = Arc::new(Barrier::new(3));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (stock, moved, total, begin) =
                (stock.clone(), moved.clone(), total.clone(), Arc::clone(&begin));
            scope.spawn(move || {
                begin.wait();
                for i in 0..200isize {
                    atomically(|tx| {
                        let at = (i * 7 + thread) % 64;
                        let n: i64 = stock.get(tx, &[at])?.try_into()?;
                        stock.set(tx, &[at], n - 1)?;
                        tx.modify(&moved, |list| {
                            let mut list = list.clone();
                            list.push(1i64);
                            list
                        })?;
                        tx.modify(&total, |t| t + 1)
                    });
                }
            });
        }
        let mut session = Session::new(Config::threads(2).unwrap());
        let view = stock.view();
        begin.wait();
        for _ in 0..50 {
            // One transaction each: the stock and the count never disagree.
            let (array, total, moved) = (stock.clone(), total.clone(), moved.clone());
            session
                .dynamic(&[], move |tx| {
                    let left: i64 = array.read(tx)?.sum().item()?;
                    assert_eq!(640 - left, *tx.get(&total)?, "a torn view");
                    assert_eq!(tx.get(&moved)?.len() as i64, *tx.get(&total)?);
                    Ok(())
                })
                .unwrap();
            session.assign(view.at(s![0]), view.at(s![0]) + 0).unwrap();
        }
        session.finish().unwrap();
    });
    assert_eq!(stock.load().sum().item::<i64>().unwrap(), 640 - 400);
    assert_eq!((total.load(), moved.load().len()), (400, 400));
}

#[test]
fn statements_on_attached_arrays_follow_the_program_order() {
    for threads in [1, 2, 8] {
        let shared = TArray::with_tile_elems(&Array::zeros([20, 5]), 10).unwrap();
        let mut session = Session::new(Config::threads(threads).unwrap().shared_effort(0).tile_elems(10));
        let own = session.array(Array::arange(0.0, 100.0, 1.0).reshape([20, 5])).unwrap();
        let view = shared.view();
        let kept = view.at(s![1..3, 0]).read();
        session.assign(&view, &own + 1.0).unwrap();
        session.assign(view.at(s![1.., ..]), view.at(s![..-1, ..]) * 2.0).unwrap();
        session.assign(own.at(s![0, ..]), view.at(s![-1, ..])).unwrap();
        session.assign(&own, 0.0).unwrap();
        let copy = session.array(view.at(s![2, ..]) + view.read().max()).unwrap();
        assert_eq!(
            session.eval(kept).unwrap().to_vec::<f64>().unwrap(),
            [0.0, 0.0],
            "the value it was built on"
        );
        session.finish().unwrap();
        assert_eq!(shared.load().slice(s![..3, 0]).to_vec::<f64>().unwrap(), [1.0, 2.0, 12.0]);
        let expected: Vec<f64> = (0..5).map(|i| f64::from(12 + 2 * i) + 190.0).collect();
        assert_eq!(session.eval(&copy).unwrap().to_vec::<f64>().unwrap(), expected);
        assert_eq!(session.eval(&own).unwrap().to_vec::<f64>().unwrap(), [0.0; 100]);
    }
}

#[test]
fn an_error_or_panic_of_a_closure_surfaces_with_its_line_and_writes_nothing() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let x = TVar::new(1);
    let inner = x.clone();
    session
        .dynamic(&[], move |tx| {
            tx.set(&inner, 2)?;
            Err(std::io::Error::other("no more paper").into())
        })
        .unwrap();
    let error = session.finish().unwrap_err();
    assert!(matches!(&error, SessionError::Closure { message, .. } if message == "no more paper"), "{error}");
    assert!(error.to_string().contains("dynamic.rs:"), "{error}");
    assert_eq!(x.load(), 1);

    let mut session = Session::new(Config::threads(2).unwrap());
    let inner = x.clone();
    session
        .dynamic(&[], move |tx| {
            tx.set(&inner, 3)?;
            panic!("a bug")
        })
        .unwrap();
    let error = session.finish().unwrap_err();
    assert!(matches!(&error, SessionError::Panicked { message, .. } if message == "a bug"), "{error}");
    assert_eq!(x.load(), 1);
}

#[test]
fn an_error_that_only_a_stale_snapshot_shows_is_not_real() {
    // Early, the second closure sees 0 and divides by it; in program order it sees 4.
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap().shared_effort(0));
        let (x, y) = (TVar::new(0), TVar::new(0));
        let inner = x.clone();
        session.dynamic(&[], move |tx| tx.set(&inner, 4)).unwrap();
        let (inner, out) = (x.clone(), y.clone());
        session.dynamic(&[], move |tx| tx.set(&out, 100 / *tx.get(&inner)?)).unwrap();
        session.finish().unwrap();
        assert_eq!(y.load(), 25);
    }
}

#[test]
fn an_undeclared_private_array_is_refused_by_name() {
    let mut session = Session::new(Config::single_thread());
    let (a, b) = (session.array(Array::zeros([2, 3])).unwrap(), session.array(Array::zeros([4])).unwrap());
    let other = b.clone();
    session.dynamic(&[&a], move |tx| tx.read(&other).map(|_| ())).unwrap();
    let error = session.finish().unwrap_err();
    assert!(matches!(&error, SessionError::Undeclared { shape, .. } if *shape == [4]), "{error}");
}

#[test]
fn a_session_inside_a_closure_runs_arrays_and_is_refused_closures() {
    for threads in [1, 2] {
        let config = Config::threads(threads).unwrap().shared_effort(0);
        let mut session = Session::new(config.clone());
        session
            .dynamic(&[], move |_| {
                let mut inner = Session::new(config.clone());
                let v = inner.array(Array::ones([1000]))?;
                assert_eq!(inner.item(v.read().sum())?, 1000.0.into());
                inner.dynamic(&[], |_| Ok(()))?;
                Ok(inner.finish()?)
            })
            .unwrap();
        let error = session.finish().unwrap_err();
        assert!(matches!(&error, SessionError::Closure { .. }), "{error}");
        assert!(error.to_string().contains("is open on this thread"), "{error}");
        assert_eq!(session.report().aborts, 0);
    }
}

#[test]
fn a_closure_that_panics_when_it_is_dropped_stops_nothing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap().shared_effort(0));
        let u = session.array(Array::ones([100])).unwrap();
        let bomb = Bomb;
        session
            .dynamic(&[], move |_| {
                let _ = &bomb;
                Ok(())
            })
            .unwrap();
        let finished = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| session.finish()));
        assert!(finished.is_err(), "its panic reaches the caller");
        session.assign(&u, u.read() * 2.0).unwrap();
        assert_eq!(session.item(u.read().sum()).unwrap(), 200.0.into());
        let report = session.report();
        assert_eq!(report.statements, report.commits);
    }
}

#[test]
fn a_session_that_goes_runs_the_closures_it_was_given() {
    for threads in [1, 2] {
        let x = TVar::new(0);
        let mut session = Session::new(Config::threads(threads).unwrap().shared_effort(0));
        for i in 1..=3 {
            let inner = x.clone();
            session.dynamic(&[], move |tx| tx.modify(&inner, |n| n * 10 + i)).unwrap();
        }
        drop(session);
        assert_eq!(x.load(), 123);
    }
}
