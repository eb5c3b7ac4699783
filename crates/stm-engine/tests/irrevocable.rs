//! Irrevocable transactions: they run once, others wait for their end, and misuse is an error in words.
#![cfg(not(loom))]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use stm_engine::{Engine, Options, Policy, TVar, TxError};

const THREADS: u32 = 4;
const ROUNDS: u32 = if cfg!(miri) { 5 } else { 2_000 };

#[test]
fn what_is_irrevocable_runs_once_beside_any_number_of_writers() {
    let engine = Engine::new();
    let vars: Vec<_> = (0..4).map(|_| engine.tvar(0_u32)).collect();
    let effects = AtomicU32::new(0);
    thread::scope(|s| {
        for id in 0..THREADS {
            let (engine, vars, effects) = (&engine, &vars, &effects);
            s.spawn(move || {
                for round in 0..ROUNDS {
                    if id == 0 {
                        let sum = engine.irrevocably(&Options::new(), |tx| {
                            let sum: u32 = vars.iter().map(|v| tx.get(v).copied()).sum::<Result<_, _>>()?;
                            effects.fetch_add(1, SeqCst);
                            tx.modify(&vars[0], |n| n + 1)?;
                            Ok(sum)
                        });
                        assert!(sum.unwrap() >= round);
                    } else {
                        engine.atomically(|tx| tx.modify(&vars[(id + round) as usize % 4], |n| n + 1));
                    }
                }
            });
        }
    });
    assert_eq!(effects.into_inner(), ROUNDS);
    assert_eq!(vars.iter().map(TVar::load).sum::<u32>(), THREADS * ROUNDS);
    assert_eq!(engine.stats().irrevocable, u64::from(ROUNDS));
}

#[test]
fn others_compute_but_do_not_commit_meanwhile() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(0), engine.tvar(0));
    let (inside, committed) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|s| {
        s.spawn(|| {
            inside.wait();
            // Reads go on.
            assert_eq!((engine.snapshot(|s| *s.get(&x)), engine.atomically(|tx| Ok(*tx.get(&y)?))), (0, 0));
            inside.wait();
            let late = Options::new().deadline(Duration::from_millis(5)).label("late");
            let refused = engine.try_atomically(&late, |tx| tx.set(&y, 1)).unwrap_err();
            assert!(refused.to_string().starts_with("the transaction `late` did not commit within 5ms"));
            inside.wait();
            engine.atomically(|tx| tx.set(&y, 1));
            committed.store(true, SeqCst);
        });
        engine
            .irrevocably(&Options::new(), |tx| {
                inside.wait();
                inside.wait();
                inside.wait();
                thread::sleep(Duration::from_millis(5));
                assert!(!committed.load(SeqCst));
                tx.set(&x, *tx.get(&y)? + 1)
            })
            .unwrap();
    });
    assert_eq!((x.load(), y.load()), (1, 1));
}

#[test]
fn one_at_a_time_and_the_next_one_waits_no_longer_than_it_may() {
    let engine = Engine::new();
    engine
        .irrevocably(&Options::new(), |_| {
            thread::scope(|s| {
                s.spawn(|| {
                    let hasty = Options::new().deadline(Duration::from_millis(1)).label("hasty");
                    let error = engine.irrevocably(&hasty, |_| Ok(())).unwrap_err();
                    assert!(
                        matches!(error, TxError::Deadline { attempts: 0, waiting: false, .. }),
                        "{error}"
                    );
                });
            });
            Ok(())
        })
        .unwrap();
    engine.irrevocably(&Options::new(), |_| Ok(())).unwrap();
}

#[test]
fn a_body_that_has_read_what_changed_becomes_irrevocable_in_its_next_attempt() {
    let engine = Engine::new();
    let x = engine.tvar(0);
    let (attempts, effects) = (AtomicU32::new(0), AtomicU32::new(0));
    engine.atomically(|tx| {
        let n = *tx.get(&x)?;
        if attempts.fetch_add(1, SeqCst) == 0 {
            thread::scope(|s| {
                s.spawn(|| engine.atomically(|tx| tx.set(&x, 10)));
            });
        }
        tx.become_irrevocable()?;
        tx.become_irrevocable()?;
        effects.fetch_add(1, SeqCst);
        tx.set(&x, n + 1)
    });
    assert_eq!((attempts.into_inner(), effects.into_inner(), x.load()), (2, 1, 11));
}

#[test]
fn a_reader_that_has_fallen_back_starts_anew() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(0), engine.tvar(0));
    let attempts = AtomicU32::new(0);
    let seen = engine.atomically(|tx| {
        let first = *tx.get(&x)?;
        if attempts.fetch_add(1, SeqCst) == 0 {
            thread::scope(|s| {
                s.spawn(|| {
                    engine.atomically(|tx| {
                        tx.set(&x, 1)?;
                        tx.set(&y, 1)
                    })
                });
            });
        }
        let second = *tx.get(&y)?;
        tx.become_irrevocable()?;
        Ok((first, second))
    });
    assert_eq!((seen, attempts.into_inner(), engine.stats().fallbacks), ((1, 1), 2, 1));
}

#[test]
fn misuse_is_refused_in_words_and_gives_the_token_back() {
    let engine = Engine::new();
    let x = engine.tvar(0);
    let named = Options::new().label("report");
    let retried = engine.irrevocably(&named, |tx| if *tx.get(&x)? == 0 { tx.retry() } else { Ok(()) });
    assert_eq!(
        retried.unwrap_err().to_string(),
        "the transaction `report` asked to wait for a change after it had become irrevocable"
    );
    let prepared = engine.prepare_with(&named, |tx| tx.become_irrevocable());
    assert_eq!(
        prepared.unwrap_err().to_string(),
        "the transaction `report` asked to become irrevocable while it is only being prepared"
    );
    let failed = engine.irrevocably(&named, |tx| {
        tx.set(&x, 1)?;
        tx.abort::<()>("changed its mind")
    });
    assert!(matches!(failed, Err(TxError::Aborted(_))));
    let foreign = Engine::new().tvar(0);
    let failed = engine.irrevocably(&named, |tx| tx.set(&foreign, 1));
    assert!(matches!(failed, Err(TxError::ForeignEngine { .. })));
    let panicked = std::panic::catch_unwind(|| {
        engine.irrevocably(&named, |tx| {
            tx.set(&x, 1)?;
            std::panic::resume_unwind(Box::new(()));
            #[expect(unreachable_code, reason = "the type of the body")]
            Ok(())
        })
    });
    assert!(panicked.is_err());
    // Nothing was written, and another thread may commit.
    thread::scope(|s| {
        s.spawn(|| engine.atomically(|tx| tx.modify(&x, |n| n + 1)));
    });
    assert_eq!(x.load(), 1);
}

#[test]
fn a_destructor_between_the_attempts_may_commit() {
    struct Counts(Engine, TVar<u32>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.atomically(|tx| tx.modify(&self.1, |n| n + 1));
        }
    }
    let engine = Engine::new();
    let (x, drops) = (engine.tvar(0), engine.tvar(0));
    let attempts = AtomicU32::new(0);
    // The third attempt holds the token, and gives up a value on the way: retry, wait, and again.
    let options = Options::new().irrevocable_after(0);
    thread::scope(|s| {
        s.spawn(|| {
            while attempts.load(SeqCst) == 0 {
                thread::yield_now();
            }
            engine.atomically(|tx| tx.set(&x, 1));
        });
        engine
            .try_atomically(&options, |tx| {
                let slot = engine.tvar(None);
                tx.set(&slot, Some(Counts(engine.clone(), drops.clone())))?;
                tx.set(&slot, None)?;
                attempts.fetch_add(1, SeqCst);
                if *tx.get(&x)? == 0 { tx.retry() } else { Ok(()) }
            })
            .unwrap();
    });
    engine.reclaim();
    assert_eq!(drops.load(), attempts.into_inner());
}

#[test]
fn every_policy_gets_through() {
    for policy in [Policy::Suicide, Policy::Backoff, Policy::Priority] {
        let engine = Engine::new();
        let vars: Vec<_> = (0..8).map(|_| engine.tvar(0_u32)).collect();
        thread::scope(|s| {
            for _ in 0..THREADS {
                s.spawn(|| {
                    let options = Options::new().policy(policy);
                    for _ in 0..ROUNDS / 4 {
                        let all = |tx: &stm_engine::Txn<'_>| {
                            vars.iter().try_for_each(|var| tx.modify(var, |n| n + 1))
                        };
                        engine.try_atomically(&options, all).unwrap();
                    }
                });
            }
        });
        assert!(vars.iter().all(|var| var.load() == THREADS * (ROUNDS / 4)), "{policy:?}");
    }
}
