//! Model of the detached form: what was computed from a moment is published only while that moment holds.
#![cfg(loom)]

mod model;

use loom::thread;
use model::{Model, engine};
use stm_engine::{Mutant, Options};

#[test]
fn what_was_computed_from_the_past_is_computed_again() {
    Model::new("detached").mutants(&[Mutant::TrustDetached, Mutant::NoValidation]).check(|| {
        let engine = engine();
        let (x, y) = (engine.tvar(1), engine.tvar(0));
        let other = {
            let (engine, x, y) = (engine.clone(), x.clone(), y.clone());
            thread::spawn(move || {
                engine.atomically(|tx| {
                    tx.modify(&x, |n| n + 1)?;
                    tx.modify(&y, |n| n * 3 + 1)
                });
            })
        };
        let added = engine.detached(
            &Options::new(),
            |s| *s.get(&x),
            |x| x * 10,
            |tx, &ten| tx.modify(&y, |n| n + ten).map(|()| ten),
        );
        other.join().unwrap();
        // Before the other's commit or after it; 11 would be the old x beside the new y.
        assert!([(10, 31), (20, 21)].contains(&(added.unwrap(), y.load())), "{}", y.load());
    });
}
