//! Model of the turn: who holds it loses no more than once to each thread.
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
                for _ in 0..2 {
                    engine.atomically(|tx| tx.modify(&x, |n| n + 1));
                    // Back to the other without spending one of the model's preemptions.
                    thread::yield_now();
                }
            })
        };
        // One loss, to the lock of somebody who then sees whose turn it is, and no second.
        let options = Options::new().turn_after(0).max_attempts(2);
        engine.try_atomically(&options, |tx| tx.modify(&x, |n| n + 1)).unwrap();
        other.join().unwrap();
        assert_eq!(x.load(), 3);
    });
}
