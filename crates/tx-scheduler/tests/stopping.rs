//! Failures, cancellation and deadlines: what variables hold afterwards, and that the session goes on.

use std::time::{Duration, Instant};

use array_core::{Array, s};
use stm_engine::TVar;
use tx_collections::{TArray, View};
use tx_scheduler::{CancelToken, Config, Session, SessionError};

fn fail() -> Result<(), stm_engine::Abort> {
    Err(std::io::Error::other("no more paper").into())
}

fn values(session: &mut Session, view: &View) -> Vec<f64> {
    session.eval(view).unwrap().to_vec().unwrap()
}

/// Everything before the failing closure has happened, nothing after it has; then the session goes on.
#[test]
fn a_failed_closure_takes_everything_after_it_along_and_nothing_before() {
    for threads in [1, 2, 8] {
        for tile in [3, 16, 10_240] {
            let mut session =
                Session::new(Config::threads(threads).unwrap().shared_effort(0).tile_elems(tile));
            let u = session.array(Array::arange(0.0, 60.0, 1.0).reshape([12, 5])).unwrap();
            let v = session.array(&u).unwrap();
            let w = session.array(Array::zeros([40])).unwrap();
            let count = TVar::new(0);
            let seen = count.clone();
            session.dynamic(&[], move |tx| tx.modify(&seen, |n| n + 1)).unwrap();
            session.assign(u.at(s![1.., ..]), u.at(s![..-1, ..]) * 2.0).unwrap();
            session.assign(w.at(s![..;3]), 7.0).unwrap();
            let seen = count.clone();
            session
                .dynamic(&[&w], move |tx| {
                    tx.set(&seen, 100)?;
                    fail()
                })
                .unwrap();
            // All of this is undone: new versions, in-place writes, whole shares, new arrays, closures, scalars.
            session.assign(&u, u.read() * -1.0).unwrap();
            session.assign(u.at(s![.., 0]), 9.0).unwrap();
            session.assign(u.at(s![3, 2]), 1e9).unwrap();
            session.assign(&v, &u).unwrap();
            session.assign(w.at(s![5]), 3.0).unwrap();
            let (late, inner) = (session.array(u.read() + 1.0).unwrap(), w.clone());
            let copy = session.array(&v).unwrap();
            let old = session.array(&w).unwrap();
            let seen = count.clone();
            session.dynamic(&[&w], move |tx| tx.assign(&inner, 5.0).and_then(|()| tx.set(&seen, 7))).unwrap();
            session.assign(&w, w.read() + 1.0).unwrap();
            let error = session.finish().unwrap_err();
            assert!(matches!(&error, SessionError::Closure { message, .. } if message == "no more paper"));

            assert_eq!(count.load(), 1, "{threads} threads, tiles of {tile}");
            let first: Vec<f64> = (0..60).map(f64::from).collect();
            let mut shifted = first.clone();
            (5..60).for_each(|i| shifted[i] = first[i - 5] * 2.0);
            assert_eq!(values(&mut session, &u), shifted);
            assert_eq!(values(&mut session, &v), first);
            let sevens: Vec<f64> = (0..40).map(|i| if i % 3 == 0 { 7.0 } else { 0.0 }).collect();
            assert_eq!(values(&mut session, &w), sevens);
            for gone in [&late, &copy, &old] {
                assert!(matches!(session.eval(gone), Err(SessionError::Undone)), "it was made afterwards");
                assert!(matches!(session.assign(&u, gone.at(s![0])), Err(SessionError::Undone)));
            }
            // The session goes on, with closures too.
            let inner = u.clone();
            session.dynamic(&[&u], move |tx| tx.assign(&inner, tx.read(&inner)? + 1.0)).unwrap();
            session.assign(&v, u.read() - 1.0).unwrap();
            assert_eq!(values(&mut session, &v), shifted);
            let report = session.report();
            assert!(report.commits < report.statements, "what was undone is not counted as committed");
        }
    }
}

#[test]
fn a_copy_made_after_the_failure_of_what_did_not_change_is_kept() {
    let mut session = Session::new(Config::threads(2).unwrap().tile_elems(4));
    let u = session.array(Array::ones([10])).unwrap();
    session.finish().unwrap();
    session.dynamic(&[], |_| fail()).unwrap();
    let kept = u.read() * 3.0;
    session.assign(&u, 2.0).unwrap();
    assert!(session.finish().is_err());
    assert_eq!(session.item(u.read().sum()).unwrap(), 10.0.into());
    assert_eq!(
        session.item(kept.sum()).unwrap(),
        30.0.into(),
        "the value it was built on is older than the closure"
    );
}

#[test]
fn a_panic_in_a_closure_is_undone_like_an_error() {
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap().shared_effort(0).tile_elems(8));
        let u = session.array(Array::ones([100])).unwrap();
        let inner = u.clone();
        session
            .dynamic(&[&u], move |tx| {
                tx.assign(&inner, 5.0)?;
                panic!("a bug")
            })
            .unwrap();
        session.assign(&u, u.read() + 1.0).unwrap();
        let error = session.finish().unwrap_err();
        assert!(matches!(&error, SessionError::Panicked { message, .. } if message == "a bug"), "{error}");
        assert_eq!(session.item(u.read().sum()).unwrap(), 100.0.into());
    }
}

#[test]
fn a_cancelled_session_stops_between_tiles_and_goes_on_when_it_may() {
    for threads in [1, 2] {
        let mut session = Session::new(
            Config::threads(threads).unwrap().shared_effort(0).tile_elems(64).window_bytes(1 << 30),
        );
        let u = session.array(Array::zeros([64 * 100])).unwrap();
        let token = CancelToken::new();
        session.set_cancel(Some(token.clone()));
        for _ in 0..30 {
            session.assign(&u, u.read() + 1.0).unwrap();
        }
        // A closure pulls it, in the middle of the run.
        let (pull, shared) = (token.clone(), TArray::new(&Array::zeros([3])).unwrap());
        session
            .dynamic(&[], move |_| {
                pull.cancel();
                Ok(())
            })
            .unwrap();
        let (after, mark) = (TVar::new(0), shared.view());
        let inner = after.clone();
        session.dynamic(&[], move |tx| tx.set(&inner, 1)).unwrap();
        session.assign(&u, u.read() * 2.0).unwrap();
        session.assign(&mark, 1.0).unwrap();
        assert!(matches!(session.finish(), Err(SessionError::Cancelled)));
        assert!(matches!(session.assign(&u, 0.0), Err(SessionError::Cancelled)));
        assert!(matches!(session.eval(&u), Err(SessionError::Cancelled)));
        assert_eq!((after.load(), shared.load().sum().item::<f64>().unwrap()), (0, 0.0), "nothing after it");
        session.set_cancel(None);
        assert_eq!(session.item(u.read().sum()).unwrap(), (2.0 * 30.0 * 6400.0).into());
        session.finish().unwrap();
        assert_eq!((after.load(), shared.load().sum().item::<f64>().unwrap()), (1, 3.0));
    }
}

#[test]
fn a_cancelled_session_drops_the_closures_it_did_not_run() {
    let (token, x) = (CancelToken::new(), TVar::new(0));
    let mut session = Session::new(Config::single_thread());
    session.set_cancel(Some(token.clone()));
    let inner = x.clone();
    session.dynamic(&[], move |tx| tx.set(&inner, 1)).unwrap();
    token.cancel();
    drop(session);
    assert_eq!(x.load(), 0);
}

#[test]
fn a_deadline_stops_a_run_that_would_take_longer() {
    let mut session = Session::new(Config::threads(2).unwrap());
    session.set_deadline(Some(Instant::now() + Duration::from_millis(20)));
    let begin = Instant::now();
    let outcome = (0..).try_for_each(|_| {
        session.dynamic(&[], |_| {
            std::thread::sleep(Duration::from_millis(2));
            Ok(())
        })?;
        session.finish()
    });
    assert!(matches!(outcome, Err(SessionError::DeadlinePassed)), "{outcome:?}");
    assert!(begin.elapsed() >= Duration::from_millis(20));
    session.set_deadline(None);
    session.finish().unwrap();
    let report = session.report();
    assert_eq!(report.statements, report.commits);
}

#[test]
fn a_closure_that_waits_for_another_thread_can_be_stopped_and_taken_up_again() {
    for threads in [1, 2] {
        let (gate, passed) = (TVar::new(false), TVar::new(0));
        let token = CancelToken::new();
        let mut session = Session::new(Config::threads(threads).unwrap());
        session.set_cancel(Some(token.clone()));
        let (seen, count) = (gate.clone(), passed.clone());
        session
            .dynamic(&[], move |tx| if *tx.get(&seen)? { tx.modify(&count, |n| n + 1) } else { tx.retry() })
            .unwrap();
        let outcome = std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(30));
                token.cancel();
            });
            session.finish()
        });
        assert!(matches!(outcome, Err(SessionError::Cancelled)), "{outcome:?}");
        assert_eq!(passed.load(), 0);
        session.set_cancel(None);
        stm_engine::atomically(|tx| tx.set(&gate, true));
        session.finish().unwrap();
        assert_eq!(passed.load(), 1);
    }
}
