//! Models of commutative writes: no update is lost, and a reader sees whole transactions.
#![cfg(loom)]

mod model;

use loom::thread;
use model::{Model, engine};
use stm_engine::{Abort, Commute, Engine, Mutant, Options, TVar, Txn};

fn add(tx: &Txn<'_>, x: &TVar<u32>, y: &TVar<u32>, n: u32) -> Result<(), Abort> {
    tx.commute(x, Commute::Add(n))?;
    tx.commute(y, Commute::Add(n))
}

#[test]
fn commutative_writes_lose_no_update() {
    Model::new("commute").mutants(&[Mutant::CommuteBeforeLock]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || engine.try_atomically(&LIMIT, |tx| add(tx, &y, &x, 10)).is_ok())
        };
        let mine = engine.try_atomically(&LIMIT, |tx| add(tx, &x, &y, 1)).is_ok();
        let theirs = other.join().unwrap();
        let sum = u32::from(mine) + 10 * u32::from(theirs);
        assert!(sum > 0, "one of two always gets through");
        assert_eq!((x.load(), y.load()), (sum, sum));
    });
}

const LIMIT: Options = Options::new().max_attempts(2);

#[test]
fn a_reader_sees_both_commutative_writes_or_none() {
    Model::new("commute_reader").mutants(&[Mutant::ReadUnderLock]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(0), engine.tvar(0));
        let other = {
            let (engine, x, y): (Engine, _, _) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || engine.atomically(|tx| add(tx, &x, &y, 1)))
        };
        let seen = engine.atomically(|tx| Ok((*tx.get(&x)?, *tx.get(&y)?)));
        other.join().unwrap();
        assert_eq!(seen.0, seen.1);
    });
}

#[test]
fn reading_what_was_to_commute_makes_it_an_ordinary_write() {
    Model::new("commute_then_read").mutants(&[Mutant::NoValidation, Mutant::CommuteBeforeLock]).check(|| {
        let engine = engine();
        let (x, log) = (engine.tvar(0), engine.tvar(0));
        let other = {
            let (engine, x) = (engine.clone(), x.clone());
            thread::spawn(move || engine.atomically(|tx| tx.commute(&x, Commute::Add(10))))
        };
        engine
            .try_atomically(&Options::new(), |tx| {
                tx.commute(&x, Commute::Add(1))?;
                let now = *tx.get(&x)?;
                tx.set(&log, now)
            })
            .unwrap();
        other.join().unwrap();
        assert_eq!(x.load(), 11);
        assert!([1, 11].contains(&log.load()), "what it read is its own write on a committed value");
    });
}
