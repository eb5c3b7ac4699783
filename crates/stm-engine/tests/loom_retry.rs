//! Models of waiting: no lost wake-up, no registration left behind. A sleeper that nobody wakes is a deadlock,
//! which loom reports.
#![cfg(loom)]

mod model;

use std::time::Duration;

use loom::thread;
use model::{Model, engine};
use stm_engine::{Engine, Mutant, Options, TVar, TxError};

/// Take what is there, waiting for it.
fn take(engine: &Engine, place: &TVar<u32>) -> u32 {
    engine.atomically(|tx| match *tx.get(place)? {
        0 => tx.retry(),
        n => tx.set(place, 0).map(|()| n),
    })
}

#[test]
fn a_sleeper_is_woken_by_the_commit_it_waits_for() {
    Model::new("wake_up").mutants(&[Mutant::SleepOnChanged, Mutant::WakeNobody]).check(|| {
        let engine = engine();
        let place = engine.tvar(0);
        let giver = {
            let (engine, place) = (engine.clone(), place.clone());
            thread::spawn(move || engine.atomically(|tx| tx.set(&place, 7)))
        };
        assert_eq!(take(&engine, &place), 7);
        giver.join().unwrap();
        assert_eq!(engine.stats().waiting, 0, "nobody stays in line");
    });
}

#[test]
fn a_commit_that_gives_up_leaves_the_sleepers_in_line() {
    Model::new("unlock_keeps_waiters").mutants(&[Mutant::UnlockForgetsWaiters]).check(|| {
        let engine = engine();
        let (place, other) = (engine.tvar(0), engine.tvar(0));
        // It will lock `place` and then find that what it read is stale.
        let stale = engine.prepare(|tx| tx.set(&place, *tx.get(&other)?)).unwrap();
        engine.atomically(|tx| tx.set(&other, 1));
        let giver = {
            let (engine, place) = (engine.clone(), place.clone());
            thread::spawn(move || {
                assert!(stale.commit().is_err());
                engine.atomically(|tx| tx.set(&place, 7));
            })
        };
        assert_eq!(take(&engine, &place), 7);
        giver.join().unwrap();
        assert_eq!(engine.stats().waiting, 0);
    });
}

#[test]
fn a_sleeper_on_two_variables_is_woken_by_either_and_leaves_both_lists() {
    Model::new("two_variables").mutants(&[Mutant::WakeNobody, Mutant::SleepOnChanged]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let giver = {
            let (engine, y) = (engine.clone(), y.clone());
            thread::spawn(move || engine.atomically(|tx| tx.set(&y, 2)))
        };
        let sum = engine.atomically(|tx| match tx.get(&x)? + tx.get(&y)? {
            0 => tx.retry(),
            sum => Ok(sum),
        });
        giver.join().unwrap();
        assert_eq!((sum, engine.stats().waiting), (2, 0));
    });
}

#[test]
fn two_sleepers_are_both_woken() {
    let model = Model::new("two_sleepers").with_one_preemption_less();
    model.mutants(&[Mutant::WakeNobody, Mutant::SleepOnChanged]).check(|| {
        let engine = engine();
        let place = engine.tvar(0);
        // All that is left of it to do is the commit.
        let giver = engine.prepare(|tx| tx.set(&place, 7)).unwrap();
        let sleepers = [(); 2].map(|()| {
            let (engine, place) = (engine.clone(), place.clone());
            thread::spawn(move || {
                engine.atomically(|tx| if *tx.get(&place)? == 0 { tx.retry() } else { Ok(()) });
            })
        });
        giver.commit().unwrap();
        for sleeper in sleepers {
            sleeper.join().unwrap();
        }
        assert_eq!(engine.stats().waiting, 0);
    });
}

#[test]
fn one_who_timed_out_has_left_and_waits_again() {
    Model::new("time_out").mutants(&[Mutant::WakeNobody]).check(|| {
        let engine = engine();
        let place = engine.tvar(0);
        let giver = {
            let (engine, place) = (engine.clone(), place.clone());
            thread::spawn(move || engine.atomically(|tx| tx.set(&place, 7)))
        };
        let look = |options: &Options| {
            engine.try_atomically(options, |tx| if *tx.get(&place)? == 0 { tx.retry() } else { Ok(()) })
        };
        // In the model the time is over at once.
        let hasty = look(&Options::new().deadline(Duration::ZERO));
        assert!(matches!(hasty, Ok(()) | Err(TxError::Deadline { waiting: true, .. })), "{hasty:?}");
        look(&Options::new()).unwrap();
        giver.join().unwrap();
        assert_eq!(engine.stats().waiting, 0);
    });
}

#[test]
fn both_branches_of_or_else_are_waited_for() {
    Model::new("or_else").mutants(&[Mutant::ForgetBranchReads, Mutant::WakeNobody]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let giver = {
            let (engine, x) = (engine.clone(), x.clone());
            thread::spawn(move || engine.atomically(|tx| tx.set(&x, 1)))
        };
        let nonzero = |tx: &stm_engine::Txn<'_>, var: &TVar<u32>| match *tx.get(var)? {
            0 => tx.retry(),
            n => Ok(n),
        };
        assert_eq!(engine.atomically(|tx| tx.or_else(|tx| nonzero(tx, &x), |tx| nonzero(tx, &y))), 1);
        giver.join().unwrap();
        assert_eq!(engine.stats().waiting, 0);
    });
}
