//! Models of the commit: one moment for readers, no lost update, no write skew, extension, fall-back, roll-back.
#![cfg(loom)]

mod model;

use loom::thread;
use model::{Model, engine};
use stm_engine::{Cause, Engine, Mutant, Options, TVar};

/// Both variables move together.
fn bump(engine: &Engine, x: &TVar<u32>, y: &TVar<u32>) {
    engine.atomically(|tx| {
        tx.modify(x, |n| n + 1)?;
        tx.modify(y, |n| n + 1)
    });
}

#[test]
fn a_reader_sees_both_writes_or_none() {
    Model::new("torn_snapshot").mutants(&[Mutant::ReadUnderLock, Mutant::TickBeforeLock]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let writer = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || bump(&engine, &x, &y))
        };
        // What the body saw is judged outside, also of attempts that lost.
        let seen = engine.atomically(|tx| Ok((*tx.get(&x)?, *tx.get(&y)?)));
        writer.join().unwrap();
        assert_eq!(seen.0, seen.1);
    });
}

#[test]
fn writers_in_opposite_order_lose_no_update() {
    Model::new("lost_update").mutants(&[Mutant::NoValidation, Mutant::KeepLocks]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || engine.try_atomically(&LIMIT, |tx| both(tx, &y, &x)).is_ok())
        };
        let mine = engine.try_atomically(&LIMIT, |tx| both(tx, &x, &y)).is_ok();
        let theirs = other.join().unwrap();
        let commits = u32::from(mine) + u32::from(theirs);
        assert!(commits >= 1, "one of two always gets through");
        assert_eq!((x.load(), y.load()), (commits, commits));
    });
}

const LIMIT: Options = Options::new().max_attempts(2);

fn both(tx: &stm_engine::Txn<'_>, a: &TVar<u32>, b: &TVar<u32>) -> Result<(), stm_engine::Abort> {
    tx.modify(a, |n| n + 1)?;
    tx.modify(b, |n| n + 1)
}

#[test]
fn write_skew_does_not_happen() {
    Model::new("write_skew").mutants(&[Mutant::NoValidation, Mutant::TrustForeignLocks]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(1), engine.tvar(1));
        let draw = |engine: &Engine, read: &TVar<i32>, write: &TVar<i32>| {
            let _ = engine.try_atomically(&LIMIT, |tx| {
                let seen = *tx.get(read)?;
                tx.set(write, 1 - seen)
            });
        };
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || draw(&engine, &y, &x))
        };
        draw(&engine, &x, &y);
        other.join().unwrap();
        // Serially the first zeroes its variable, and the second then sets its own to one.
        assert_eq!(x.load() + y.load(), 1);
    });
}

#[test]
fn an_extended_snapshot_is_real() {
    Model::new("extension").mutants(&[Mutant::ExtendBlindly, Mutant::TrustForeignLocks]).check(|| {
        let engine = engine();
        let (x, z) = (engine.tvar(0), engine.tvar(0));
        let writer = {
            let (engine, x, z) = (engine.clone(), x.clone(), z.clone());
            thread::spawn(move || {
                engine.atomically(|tx| tx.set(&z, 1));
                bump(&engine, &x, &z);
            })
        };
        // It writes first, so it may not fall back: to read a newer z it must extend or lose.
        let mine = engine.tvar(0);
        let seen = engine.try_atomically(&LIMIT, |tx| {
            tx.set(&mine, 1)?;
            Ok((*tx.get(&x)?, *tx.get(&z)?))
        });
        writer.join().unwrap();
        if let Ok(seen) = seen {
            assert!([(0, 0), (0, 1), (1, 2)].contains(&seen), "{seen:?}");
        }
    });
}

#[test]
fn a_snapshot_walks_back_past_two_commits() {
    Model::new("fall_back").mutants(&[Mutant::NewestInSnapshot, Mutant::ReadUnderLock]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let writer = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || {
                bump(&engine, &x, &y);
                bump(&engine, &x, &y);
            })
        };
        let seen = engine.atomically(|tx| Ok((*tx.get(&x)?, *tx.get(&y)?)));
        writer.join().unwrap();
        assert_eq!(seen.0, seen.1);
        let stats = engine.stats();
        assert!(
            stats.aborts() == stats.aborts_by(Cause::ReadLocked),
            "a reader never loses for age: {stats}"
        );
    });
}

#[test]
fn a_pure_snapshot_is_one_moment() {
    Model::new("snapshot").mutants(&[Mutant::NewestInSnapshot, Mutant::TickBeforeLock]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let writer = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || bump(&engine, &x, &y))
        };
        let seen = engine.snapshot(|s| (*s.get(&x), *s.get(&y)));
        writer.join().unwrap();
        assert_eq!(seen.0, seen.1);
    });
}

#[test]
fn what_gives_up_unlocks_and_publishes_nothing() {
    Model::new("roll_back").mutants(&[Mutant::KeepLocks, Mutant::NoValidation]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || {
                // Gives up at every step of the body: before, between and after its writes.
                for step in 0..3 {
                    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        engine.atomically(|tx| {
                            for (at, var) in [&x, &y].into_iter().enumerate() {
                                if at == step {
                                    std::panic::resume_unwind(Box::new(()));
                                }
                                tx.set(var, 100)?;
                            }
                            std::panic::resume_unwind(Box::new(()));
                            #[expect(unreachable_code, reason = "the type of the body")]
                            Ok(())
                        })
                    }));
                    assert!(panicked.is_err());
                }
                // And loses at its commit when the other was faster.
                engine.try_atomically(&Options::new().max_attempts(1), |tx| both(tx, &x, &y)).is_ok()
            })
        };
        let mine = engine.try_atomically(&LIMIT, |tx| both(tx, &y, &x)).is_ok();
        let theirs = other.join().unwrap();
        let commits = u32::from(mine) + u32::from(theirs);
        // A lock that leaked would refuse this one.
        assert!(engine.try_atomically(&Options::new().max_attempts(1), |tx| both(tx, &x, &y)).is_ok());
        assert_eq!((x.load(), y.load()), (commits + 1, commits + 1));
    });
}

#[test]
fn a_prepared_transaction_commits_as_it_ran_or_not_at_all() {
    Model::new("prepared").mutants(&[Mutant::TrustPrepared, Mutant::TrustForeignLocks]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let prepared = engine.prepare(|tx| tx.set(&y, *tx.get(&x)? + 1)).unwrap();
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || {
                let _ = engine.try_atomically(&LIMIT, |tx| tx.set(&x, *tx.get(&y)? + 1));
            })
        };
        let fresh = prepared.commit().is_ok();
        other.join().unwrap();
        // y = x + 1 then x = y + 1, or only the second; or neither where both met locked variables.
        let end = (x.load(), y.load());
        assert!(
            if fresh { [(2, 1), (0, 1)].contains(&end) } else { [(1, 0), (0, 0)].contains(&end) },
            "{end:?}"
        );
    });
}

#[test]
fn a_panic_in_a_hook_leaves_no_lock_and_no_half_commit() {
    Model::new("hooks_panic").mutants(&[Mutant::KeepLocks]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || {
                let run = |hook: fn(&stm_engine::Txn<'_>)| {
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        engine.try_atomically(&LIMIT, |tx| {
                            hook(tx);
                            both(tx, &x, &y)
                        })
                    }))
                };
                // Before the commit: all is undone. After it: all has happened. In both cases the panic comes out.
                let before = run(|tx| tx.before_commit(|_| std::panic::resume_unwind(Box::new(()))));
                assert!(before.is_err());
                // A commit hook runs only if it has committed.
                let after = run(|tx| tx.on_commit(|| std::panic::resume_unwind(Box::new(()))));
                u32::from(after.is_err())
            })
        };
        let mine = u32::from(engine.try_atomically(&LIMIT, |tx| both(tx, &y, &x)).is_ok());
        let theirs = other.join().unwrap();
        // A lock that leaked would refuse this one.
        assert!(engine.try_atomically(&Options::new().max_attempts(1), |tx| both(tx, &x, &y)).is_ok());
        assert_eq!((x.load(), y.load()), (mine + theirs + 1, mine + theirs + 1));
    });
}

#[test]
fn what_is_moved_there_and_back_is_where_it_was() {
    // f(l1, l2) beside f(l2, l1), where f pops the last of its first list and appends it to its second.
    Model::new("moved_and_moved_back").mutants(&[Mutant::NoValidation]).check(|| {
        let engine = engine();
        let lists = [engine.tvar(vec![1_u8]), engine.tvar(vec![2])];
        fn f(engine: &Engine, from: &TVar<Vec<u8>>, to: &TVar<Vec<u8>>) {
            engine.atomically(|tx| {
                let (last, rest) = tx.get(from)?.split_last().expect("neither list is ever empty");
                tx.set(from, rest.to_vec())?;
                tx.modify(to, |all| [all.as_slice(), &[*last]].concat())
            });
        }
        let other = {
            let (engine, lists) = (engine.clone(), lists.clone());
            thread::spawn(move || f(&engine, &lists[1], &lists[0]))
        };
        f(&engine, &lists[0], &lists[1]);
        other.join().unwrap();
        assert_eq!(
            lists.map(|list| list.load()),
            [[1], [2]],
            "the second one moves back what the first has moved"
        );
    });
}
