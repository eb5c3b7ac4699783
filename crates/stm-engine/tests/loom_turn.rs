//! Model of the turn: who holds it loses no more than once to each thread that was already committing.
#![cfg(loom)]

mod model;

use loom::thread;
use model::{Model, engine};
use stm_engine::{Mutant, Options};

#[test]
fn who_has_the_turn_loses_once_to_a_thread_at_most() {
    Model::new("turn").mutants(&[Mutant::IgnoreTurn]).check(|| {
        let engine = engine();
        let x = engine.tvar(0);
        let other = {
            let (engine, x) = (engine.clone(), x.clone());
            thread::spawn(move || {
                for _ in 0..3 {
                    engine.atomically(|tx| tx.modify(&x, |n| n + 1));
                }
            })
        };
        // One loss before the turn is taken, one to a commit that was past its look at it.
        let options = Options::new().turn_after(1).max_attempts(3);
        engine.try_atomically(&options, |tx| tx.modify(&x, |n| n + 1)).unwrap();
        other.join().unwrap();
        assert_eq!(x.load(), 4);
    });
}
