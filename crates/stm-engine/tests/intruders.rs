//! User code in odd places: destructors and hooks that run transactions inside, between and after others.
#![cfg(not(loom))]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use stm_engine::{Engine, Options, TVar, TxError};

/// Calls a function when it is dropped.
struct OnDrop(Box<dyn Fn() + Send + Sync>);

impl OnDrop {
    fn adding(engine: &Engine, n: &TVar<i32>, more: i32) -> Self {
        let (engine, n) = (engine.clone(), n.clone());
        Self(Box::new(move || engine.atomically(|tx| tx.modify(&n, |n| n + more))))
    }

    fn nothing() -> Self {
        Self(Box::new(|| ()))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What `f` returns, unless it hangs.
fn in_time<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || drop(done.send(f())));
    is_done.recv_timeout(Duration::from_secs(60)).expect("neither hangs nor panics")
}

#[test]
fn what_is_dropped_inside_an_irrevocable_body_runs_its_code_after_it() {
    let engine = Engine::new();
    let x = engine.tvar(0);
    let prepared = engine.prepare(|tx| {
        let late = OnDrop::adding(&engine, &x, 100);
        let (again, y) = (engine.clone(), x.clone());
        tx.on_abort(move || again.atomically(|tx| tx.modify(&y, |n| n + 1000)));
        tx.set(&engine.tvar(OnDrop::nothing()), late)
    });
    let prepared = Mutex::new(Some(prepared.unwrap()));
    // What a superseded version does when it goes waits in the limbo.
    let var = engine.tvar(OnDrop::adding(&engine, &x, 10));
    engine.atomically(|tx| tx.set(&var, OnDrop::nothing()));
    engine
        .irrevocably(&Options::new(), |tx| {
            let before = *tx.get(&x)?;
            drop(prepared.lock().unwrap().take());
            // A thread that meets another engine looks through what it has to free.
            let _ = Engine::new().tvar(1);
            assert_eq!((before, x.load()), (0, 0), "nobody commits meanwhile");
            tx.set(&x, before + 1)
        })
        .unwrap();
    engine.reclaim();
    assert_eq!(x.load(), 1111);
}

#[test]
fn what_is_irrevocable_and_then_retries_does_not_run_twice() {
    let engine = Engine::new();
    let (x, effects) = (engine.tvar(0), AtomicU32::new(0));
    let refused = engine.try_atomically(&Options::new(), |tx| {
        tx.become_irrevocable()?;
        effects.fetch_add(1, SeqCst);
        if *tx.get(&x)? == 0 { tx.retry() } else { Ok(()) }
    });
    assert!(matches!(refused, Err(TxError::IrrevocableRetry { .. })), "{refused:?}");
    assert_eq!(effects.into_inner(), 1);
}

#[test]
fn who_could_not_become_irrevocable_is_so_from_the_start_of_the_next_attempt() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(0), engine.tvar(0));
    let attempts = AtomicU32::new(0);
    engine.atomically(|tx| {
        attempts.fetch_add(1, SeqCst);
        tx.get(&x)?;
        // Held back from the second attempt on.
        let hasty = Options::new().deadline(Duration::from_millis(20));
        thread::scope(|s| {
            let both = s.spawn(|| {
                engine.try_atomically(&hasty, |tx| {
                    tx.modify(&x, |n| n + 1)?;
                    tx.modify(&y, |n| n + 1)
                })
            });
            drop(both.join());
        });
        tx.get(&y)?; // falls back
        tx.become_irrevocable()
    });
    assert_eq!((attempts.into_inner(), x.load(), y.load()), (2, 1, 1));
}

#[test]
fn user_code_after_an_irrevocable_attempt_may_wait_for_others() {
    in_time(|| {
        let engine = Engine::new();
        let (x, var) = (engine.tvar(0), engine.tvar(None));
        let elsewhere = |engine: &Engine, x: &TVar<i32>| {
            let (engine, x) = (engine.clone(), x.clone());
            move || {
                let (engine, x) = (engine.clone(), x.clone());
                thread::spawn(move || engine.atomically(|tx| tx.modify(&x, |n| n + 1))).join().unwrap();
            }
        };
        let failed = engine.irrevocably(&Options::new(), |tx| {
            tx.on_abort(elsewhere(&engine, &x));
            tx.abort::<()>("no")
        });
        assert!(failed.is_err());
        engine
            .irrevocably(&Options::new(), |tx| {
                // Given up inside, dropped after it.
                tx.set(&var, Some(OnDrop(Box::new(elsewhere(&engine, &x)))))?;
                tx.set(&var, None)
            })
            .unwrap();
        assert_eq!(x.load(), 2);
    });
}

#[test]
fn a_computation_that_waits_while_others_wait_for_it_is_told() {
    in_time(|| {
        let engine = Engine::new();
        let (x, go) = (engine.tvar(0), engine.tvar(false));
        let mut said = None;
        let said_by = Mutex::new(&mut said);
        engine
            .detached(
                &Options::new().irrevocable_after(0),
                |s| *s.get(&x),
                |n| {
                    // Its own transactions pass; one that waits for another thread would wait for ever.
                    engine.atomically(|tx| tx.set(&go, false));
                    let error = engine.try_atomically(&Options::new(), |tx| {
                        if *tx.get(&go)? { Ok(()) } else { tx.retry() }
                    });
                    **said_by.lock().unwrap() = Some(error.unwrap_err().to_string());
                    n
                },
                |tx, n| tx.set(&x, n + 1),
            )
            .unwrap();
        assert!(said.unwrap().contains("asked to wait for a change after it had become irrevocable"));
        assert_eq!(x.load(), 1);
    });
}

#[test]
fn a_look_may_use_a_variable_of_its_own() {
    in_time(|| {
        let engine = Engine::new();
        let seen = engine.detached(&Options::new(), |s| *s.get(&engine.tvar(3)), |n| n, |_, &n| Ok(n));
        assert_eq!(seen.unwrap(), 3);
    });
}

#[test]
fn every_commit_hook_runs_whatever_another_one_does() {
    let engine = Engine::new();
    let (x, ran) = (engine.tvar(0), std::sync::Arc::new(AtomicBool::new(false)));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        engine.atomically(|tx| {
            tx.on_commit(|| resume_unwind(Box::new("first")));
            let ran = ran.clone();
            tx.on_commit(move || ran.store(true, SeqCst));
            tx.set(&x, 1)
        })
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"first"));
    assert_eq!((x.load(), ran.load(SeqCst)), (1, true));
}

#[test]
fn a_result_whose_destructor_runs_a_transaction_outlives_the_attempt() {
    let engine = Engine::new();
    let n = engine.tvar(0);
    let panics = catch_unwind(AssertUnwindSafe(|| {
        engine.atomically(|tx| {
            tx.before_commit(|_| resume_unwind(Box::new(())));
            Ok(OnDrop::adding(&engine, &n, 1))
        })
    }));
    assert!(panics.is_err());
    let fails = engine.irrevocably(&Options::new(), |tx| {
        tx.before_commit(|tx| tx.abort("no"));
        Ok(OnDrop::adding(&engine, &n, 10))
    });
    assert!(fails.is_err());
    assert_eq!(n.load(), 11);
}

#[test]
fn a_refused_write_drops_its_value_after_the_attempt() {
    let engine = Engine::new();
    let (x, y, drops) = (engine.tvar(0), engine.tvar(0), engine.tvar(0));
    let (var, first) = (engine.tvar(OnDrop::nothing()), AtomicBool::new(true));
    engine.atomically(|tx| {
        tx.get(&x)?;
        if first.swap(false, SeqCst) {
            thread::scope(|s| {
                s.spawn(|| {
                    engine.atomically(|tx| {
                        tx.set(&x, 1)?;
                        tx.set(&y, 1)
                    })
                });
            });
        }
        tx.get(&y)?; // falls back, so the write is refused, and made in the next attempt
        tx.set(&var, OnDrop::adding(&engine, &drops, 1))
    });
    assert_eq!(drops.load(), 1);
}

#[test]
fn a_thread_that_ends_can_be_irrevocable_with_destructors_that_run_transactions() {
    thread_local! {
        static EXIT: std::cell::RefCell<Option<OnDrop>> = const { std::cell::RefCell::new(None) };
    }
    in_time(|| {
        let engine = Engine::new();
        let (n, var) = (engine.tvar(0), engine.tvar(None));
        let at_exit = {
            let (engine, n, var) = (engine.clone(), n.clone(), var);
            move || {
                engine
                    .irrevocably(&Options::new(), |tx| {
                        tx.set(&var, Some(OnDrop::adding(&engine, &n, 1)))?;
                        tx.set(&var, None)
                    })
                    .unwrap();
            }
        };
        let other = engine.clone();
        thread::spawn(move || {
            EXIT.set(Some(OnDrop(Box::new(at_exit))));
            // Made after EXIT, the thread's part in the engine is gone when EXIT goes.
            other.atomically(|_| Ok(()));
        })
        .join()
        .unwrap();
        assert_eq!(n.load(), 1);
    });
}

#[test]
fn a_report_blames_nobody_whom_it_does_not_know() {
    let engine = Engine::new();
    engine.record_conflicts(true);
    let x = engine.labelled("x", 0);
    engine.atomically(|tx| tx.set(&x, 1));
    engine
        .irrevocably(&Options::new(), |_| {
            let hasty = Options::new().deadline(Duration::from_millis(1));
            thread::scope(|s| {
                s.spawn(|| engine.try_atomically(&hasty, |tx| tx.modify(&x, |n| n + 1)).unwrap_err());
            });
            Ok(())
        })
        .unwrap();
    let report = engine.conflicts();
    assert_eq!(report.rows().len(), 1);
    assert_eq!((report.rows()[0].variable, report.rows()[0].winner), (Some("x"), None));
}
