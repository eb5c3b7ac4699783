//! Models of who goes before the others: the irrevocable never loses, and who reads visibly is given way to.
#![cfg(loom)]

mod model;

use loom::thread;
use model::{Model, engine};
use stm_engine::{Cause, Engine, Mutant, Options, Policy, TVar, TxError};

/// Commits to `x` beside whatever else goes on, without priority of its own; how many got through.
fn disturb(engine: &Engine, x: &TVar<u32>, commits: u32) -> thread::JoinHandle<u32> {
    let (engine, x) = (engine.clone(), x.clone());
    thread::spawn(move || {
        let options = Options::new().max_attempts(2);
        let one = |_: &u32| {
            let done = engine.try_atomically(&options, |tx| tx.modify(&x, |n| n + 1)).is_ok();
            // Back to the other without spending one of the model's preemptions.
            thread::yield_now();
            done
        };
        (0..commits).filter(one).count() as u32
    })
}

#[test]
fn the_irrevocable_runs_once() {
    Model::new("irrevocable").mutants(&[Mutant::IgnoreToken]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let other = disturb(&engine, &x, 1);
        // One attempt is all it has: a committer that passed the token would make it lose, or lose an update.
        let seen = engine.irrevocably(&Options::new(), |tx| {
            let first = *tx.get(&x)?;
            tx.set(&y, first)?;
            tx.modify(&x, |n| n + 1)?;
            Ok(first)
        });
        let theirs = other.join().unwrap();
        assert_eq!((x.load(), y.load()), (1 + theirs, seen.unwrap()));
    });
}

#[test]
fn who_becomes_irrevocable_keeps_what_it_has_read_or_loses_at_once() {
    Model::new("become_irrevocable").mutants(&[Mutant::IgnoreToken, Mutant::NoSettling]).check(|| {
        let engine = engine();
        let x = engine.tvar(0);
        let other = disturb(&engine, &x, 2);
        let effects = std::sync::atomic::AtomicU32::new(0);
        engine.atomically(|tx| {
            let before = *tx.get(&x)?;
            tx.become_irrevocable()?;
            // From here on nothing is done twice.
            effects.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tx.set(&x, before + 1)
        });
        let theirs = other.join().unwrap();
        assert_eq!((x.load(), effects.into_inner()), (1 + theirs, 1));
    });
}

#[test]
fn one_with_priority_is_given_way_to() {
    Model::new("visible_reader").mutants(&[Mutant::IgnoreReaders]).check(|| {
        let engine = engine();
        let x = engine.tvar(0);
        let other = disturb(&engine, &x, 2);
        // In the model one loss is one level: it may lose once, as anybody.
        let options = Options::new().policy(Policy::Priority).max_attempts(2).irrevocable_after(u32::MAX);
        let mine = engine.try_atomically(&options, |tx| tx.modify(&x, |n| n + 1));
        let theirs = other.join().unwrap();
        match mine {
            Ok(()) => assert_eq!(x.load(), 1 + theirs),
            // Somebody who was about to give way had the lock at each of its looks.
            Err(TxError::Attempts { cause: Cause::WriteLocked, .. }) => assert_eq!(x.load(), theirs),
            Err(other) => panic!("{other}"),
        }
    });
}

#[test]
fn the_higher_of_two_priorities_is_given_way_to() {
    Model::new("two_priorities").mutants(&[Mutant::IgnoreReaders]).check(|| {
        let engine = engine();
        let x = engine.tvar(0);
        let other = {
            let (engine, x) = (engine.clone(), x.clone());
            thread::spawn(move || {
                let options = Options::new().policy(Policy::Priority).at_level(1).max_attempts(1);
                u32::from(engine.try_atomically(&options, |tx| tx.modify(&x, |n| n + 1)).is_ok())
            })
        };
        // It starts above the other, and does not lose at all: whoever had locked before it began is waited for.
        let options = Options::new().policy(Policy::Priority).at_level(2).max_attempts(1);
        let mine = engine.try_atomically(&options, |tx| tx.modify(&x, |n| n + 1));
        let theirs = other.join().unwrap();
        match mine {
            Ok(()) => assert_eq!(x.load(), 1 + theirs),
            Err(TxError::Attempts { cause: Cause::WriteLocked, .. }) => assert_eq!(x.load(), theirs),
            Err(other) => panic!("{other}"),
        }
    });
}
