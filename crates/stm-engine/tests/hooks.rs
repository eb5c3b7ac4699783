//! Hooks: what a body asks for before its commit, after it, and after a roll-back.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use stm_engine::{Engine, Options, TVar, TxError, Txn};

type Log = Arc<Mutex<Vec<&'static str>>>;

fn noting(log: &Log) -> impl Fn(&'static str) -> Box<dyn FnOnce() + Send> + use<> {
    let log = Arc::clone(log);
    move |text| {
        let log = Arc::clone(&log);
        Box::new(move || log.lock().unwrap().push(text))
    }
}

#[test]
fn hooks_run_once_and_only_after_the_commit() {
    let engine = Engine::new();
    let (x, log) = (engine.tvar(0), Arc::new(Mutex::new(Vec::new())));
    let disturbed = AtomicBool::new(false);
    let note = |text: &'static str| {
        let (log, x, engine) = (Arc::clone(&log), x.clone(), engine.clone());
        // A hook is outside the transaction, so it may run one.
        move || log.lock().unwrap().push((text, engine.atomically(|tx| Ok(*tx.get(&x)?))))
    };
    engine.atomically(|tx| {
        tx.on_commit(note("first"));
        let n = *tx.get(&x)?;
        if !disturbed.swap(true, SeqCst) {
            thread::scope(|s| {
                s.spawn(|| engine.atomically(|tx| tx.set(&x, 10)));
            });
        }
        let undone = tx.nested(|tx| {
            tx.on_commit(note("undone"));
            tx.abort::<()>("no")
        })?;
        assert!(undone.is_err());
        tx.on_commit(note("second"));
        tx.set(&x, n + 1)
    });
    let failed = engine.try_atomically(&Options::new(), |tx| {
        tx.on_commit(note("failed"));
        tx.abort::<()>("no")
    });
    assert!(failed.is_err());
    let prepared = |text| {
        engine.prepare(|tx| {
            tx.on_commit(note(text));
            tx.modify(&x, |n| n + 1)
        })
    };
    let (fresh, stale, dropped) =
        (prepared("prepared").unwrap(), prepared("stale").unwrap(), prepared("dropped").unwrap());
    assert_eq!(*log.lock().unwrap(), [("first", 11), ("second", 11)]);
    fresh.commit().unwrap();
    stale.commit().unwrap_err();
    drop(dropped);
    assert_eq!(*log.lock().unwrap(), [("first", 11), ("second", 11), ("prepared", 12)]);
}

#[test]
fn an_abort_hook_runs_for_each_way_to_be_undone() {
    let engine = Engine::new();
    let (x, log) = (engine.tvar(0), Log::default());
    let note = noting(&log);
    let took = |text| std::mem::replace(&mut *log.lock().unwrap(), vec![text]);

    engine.atomically(|tx| {
        tx.on_abort(note("committed"));
        tx.set(&x, 1)
    });
    assert_eq!(took("start"), [""; 0]);

    let failed = engine.try_atomically(&Options::new(), |tx| {
        tx.on_abort(note("first"));
        tx.on_abort(note("second"));
        tx.abort::<()>("no")
    });
    assert!(failed.is_err());
    assert_eq!(took("error"), ["start", "first", "second"]);

    let disturbed = AtomicBool::new(false);
    engine.atomically(|tx| {
        tx.on_abort(note("lost"));
        let n = *tx.get(&x)?;
        if !disturbed.swap(true, SeqCst) {
            thread::scope(|s| {
                s.spawn(|| engine.atomically(|tx| tx.modify(&x, |n| n + 10)));
            });
        }
        tx.set(&x, n + 1)
    });
    assert_eq!(took("conflict"), ["error", "lost"]);

    let panicked = std::panic::catch_unwind(|| {
        engine.atomically(|tx| {
            tx.on_abort(note("unwound"));
            tx.set(&x, -1)?;
            std::panic::resume_unwind(Box::new(()));
            #[expect(unreachable_code, reason = "the type of the body")]
            Ok(())
        })
    });
    assert!(panicked.is_err());
    assert_eq!(took("panic"), ["conflict", "unwound"]);

    let prepare = |text| {
        engine.prepare(|tx| {
            tx.on_abort(note(text));
            tx.modify(&x, |n| n + 1)
        })
    };
    let (fresh, stale, dropped) =
        (prepare("fresh").unwrap(), prepare("stale").unwrap(), prepare("dropped").unwrap());
    fresh.commit().unwrap();
    stale.commit().unwrap_err();
    drop(dropped);
    assert_eq!(took("prepared"), ["panic", "stale", "dropped"]);

    let asleep = AtomicBool::new(false);
    thread::scope(|s| {
        s.spawn(|| {
            engine.atomically(|tx| {
                tx.on_abort(note("waited"));
                if *tx.get(&x)? < 100 {
                    asleep.store(true, SeqCst);
                    return tx.retry();
                }
                Ok(())
            });
        });
        while !asleep.load(SeqCst) {
            thread::yield_now();
        }
        engine.atomically(|tx| tx.set(&x, 100));
    });
    let mut end = took("");
    end.dedup();
    assert_eq!(end, ["prepared", "waited"]);
    assert_eq!(x.load(), 100);
}

#[test]
fn a_nested_part_that_is_undone_runs_its_abort_hooks_when_all_is_over() {
    let engine = Engine::new();
    let (x, log) = (engine.tvar(0), Log::default());
    let note = noting(&log);
    engine.atomically(|tx| {
        tx.on_abort(note("outer"));
        let child = tx.nested(|tx| {
            tx.on_abort(note("child"));
            tx.before_commit(|tx| tx.abort("of a child that is gone"));
            tx.abort::<()>("no")
        })?;
        assert!(child.is_err());
        assert!(log.lock().unwrap().is_empty(), "it runs when the attempt has ended");
        tx.set(&x, 1)
    });
    assert_eq!((x.load(), log.lock().unwrap().as_slice()), (1, ["child"].as_slice()));
}

#[test]
fn hooks_before_the_commit_are_a_part_of_the_body() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(0), engine.tvar(0));
    let mirror = |tx: &Txn<'_>| {
        let (x, y) = (x.clone(), y.clone());
        tx.before_commit(move |tx| {
            let again = y.clone();
            tx.before_commit(move |tx| tx.modify(&again, |n| n * 10));
            tx.set(&y, *tx.get(&x)?)
        });
    };
    engine.atomically(|tx| {
        mirror(tx);
        tx.set(&x, 7)
    });
    assert_eq!((x.load(), y.load()), (7, 70));

    let refuse = |tx: &Txn<'_>| tx.before_commit(|tx| tx.abort("refused at the end"));
    let refused = engine.try_atomically(&Options::new(), |tx| {
        refuse(tx);
        mirror(tx);
        tx.set(&x, 8)
    });
    assert!(matches!(refused, Err(TxError::Aborted(e)) if e.to_string() == "refused at the end"));
    assert_eq!((x.load(), y.load()), (7, 70));

    let prepared = engine.prepare(|tx| {
        mirror(tx);
        tx.set(&x, 9)
    });
    assert_eq!((x.load(), y.load()), (7, 70));
    prepared.unwrap().commit().unwrap();
    assert_eq!((x.load(), y.load()), (9, 90));
}

#[test]
fn a_hook_that_panics_after_a_roll_back_harms_nobody() {
    let engine = Engine::new();
    let (x, log) = (engine.tvar(0), Log::default());
    let note = noting(&log);
    let failed = engine.try_atomically(&Options::new(), |tx| {
        tx.on_abort(|| std::panic::resume_unwind(Box::new("contained")));
        tx.on_abort(note("the next one"));
        tx.set(&x, 1)?;
        tx.abort::<()>("no")
    });
    assert!(failed.is_err());
    assert_eq!(log.lock().unwrap().as_slice(), ["the next one"]);
    engine.atomically(|tx| tx.modify(&x, |n| n + 1));
    assert_eq!(x.load(), 1);
}

#[test]
fn hooks_that_are_not_run_are_dropped_outside_the_transaction() {
    struct Starts(Engine, TVar<u32>);
    impl Drop for Starts {
        fn drop(&mut self) {
            // Would be refused inside.
            self.0.atomically(|tx| tx.modify(&self.1, |n| n + 1));
        }
    }
    let engine = Engine::new();
    let drops = engine.tvar(0);
    let starts = || Starts(engine.clone(), drops.clone());
    let failed = engine.try_atomically(&Options::new(), |tx| {
        let (commit, before) = (starts(), starts());
        tx.on_commit(move || drop(commit));
        tx.before_commit(move |_| {
            drop(before);
            Ok(())
        });
        tx.abort::<()>("no")
    });
    assert!(failed.is_err());
    assert_eq!(drops.load(), 2);
    engine.atomically(|tx| {
        let abort = starts();
        tx.on_abort(move || drop(abort));
        Ok(())
    });
    assert_eq!(drops.load(), 3);
}
