//! The detached form: computed with nothing open, published only if what it started from still holds.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

use stm_engine::{Cause, Engine, Options, TVar, TxError};

#[test]
fn what_changed_meanwhile_is_computed_again_even_if_it_changed_back() {
    let engine = Engine::new();
    let (x, y) = (engine.labelled("x", 1), engine.tvar(0));
    let rounds = AtomicU32::new(0);
    let result = engine.detached(
        &Options::new(),
        |s| *s.get(&x),
        |x_seen| {
            // Nothing is open here: it may run transactions of its own, on this thread.
            if rounds.fetch_add(1, SeqCst) == 0 {
                engine.atomically(|tx| tx.set(&x, 2));
                engine.atomically(|tx| tx.set(&x, 1));
                // The memory of the first version is free to be used again.
                engine.reclaim();
                engine.atomically(|tx| tx.set(&y, 5));
            }
            x_seen * 10
        },
        |tx, &ten| tx.modify(&y, |n| n + ten).map(|()| ten),
    );
    assert_eq!((result.unwrap(), y.load(), rounds.into_inner()), (10, 15, 2));
    assert_eq!(engine.stats().aborts_by(Cause::StaleRead), 1);
}

#[test]
fn it_holds_no_version_while_it_computes() {
    struct Counted(&'static AtomicU32);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    static DROPPED: AtomicU32 = AtomicU32::new(0);
    let engine = Engine::new();
    let (x, big) = (engine.tvar(0), engine.tvar(Counted(&DROPPED)));
    engine
        .detached(
            &Options::new(),
            |s| *s.get(&x),
            |_| {
                engine.atomically(|tx| tx.set(&big, Counted(&DROPPED)));
                engine.reclaim();
                assert_eq!(DROPPED.load(SeqCst), 1, "the superseded version is gone while it computes");
            },
            |tx, ()| tx.set(&x, 1),
        )
        .unwrap();
}

#[test]
fn limits_errors_and_panics_are_those_of_a_transaction() {
    let engine = Engine::new();
    let x = engine.labelled("x", 0);
    let disturb = |_: i32| engine.atomically(|tx| tx.modify(&x, |n| n + 1));
    let options = Options::new().max_attempts(3).label("long");
    let error = engine.detached(&options, |s| *s.get(&x), disturb, |_, ()| Ok(())).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "the transaction `long` lost all of its 3 attempts; the last because a value it read changed before its \
             commit (variable `x`), by the transaction of "
        ),
        "{error}"
    );
    assert_eq!(x.load(), 3);
    let error = engine.detached(&options, |s| *s.get(&x), |_| (), |tx, ()| tx.abort::<()>("no")).unwrap_err();
    assert!(matches!(error, TxError::Aborted(_)));
    let panicked = std::panic::catch_unwind(|| {
        engine.detached(&options, |s| *s.get(&x), |_| std::panic::resume_unwind(Box::new(())), |_, ()| Ok(()))
    });
    assert!(panicked.is_err());
    engine.atomically(|tx| {
        let error = engine.detached(&options, |s| *s.get(&x), |_| (), |_, ()| Ok(())).unwrap_err();
        assert!(matches!(error, TxError::Nested { .. }), "{error}");
        tx.set(&x, 0)
    });
    assert_eq!(x.load(), 0);
}

#[test]
fn one_that_keeps_losing_gets_through_beside_writers() {
    let engine = Engine::new();
    let (x, done) = (engine.tvar(0_u64), engine.tvar(false));
    let computed = AtomicU32::new(0);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while !done.load() {
                    engine.atomically(|tx| tx.modify(&x, |n| n + 1));
                }
            });
        }
        let options = Options::new().irrevocable_after(4);
        let (at, again) = engine
            .detached(
                &options,
                |s| *s.get(&x),
                |n| {
                    computed.fetch_add(1, SeqCst);
                    thread::sleep(std::time::Duration::from_millis(1));
                    n
                },
                |tx, &n| tx.set(&done, true).and_then(|()| Ok((n, *tx.get(&x)?))),
            )
            .unwrap();
        assert_eq!(at, again);
    });
    let computed = computed.into_inner();
    assert!(computed <= 4 + 4, "{computed} rounds");
}

#[test]
fn it_starts_anew_where_a_variable_is_gone() {
    let engine = Engine::new();
    let registry = engine.tvar(Some(engine.tvar(7)));
    let rounds = AtomicU32::new(0);
    let seen = engine
        .detached(
            &Options::new(),
            |s| s.get(&registry).as_ref().map(|inner: &TVar<i32>| *s.get(inner)),
            |seen| {
                if rounds.fetch_add(1, SeqCst) == 0 {
                    engine.atomically(|tx| tx.set(&registry, None));
                    engine.reclaim();
                }
                seen
            },
            |_, &seen| Ok(seen),
        )
        .unwrap();
    assert_eq!((seen, rounds.into_inner()), (None, 2));
}
