//! Dining philosophers: each takes both forks at once or waits, so nobody starves holding one.
//!
//! `cargo run --release -p stm-engine --example philosophers`

use std::thread;

use stm_engine::{Engine, TVar, atomically};

const PHILOSOPHERS: usize = 5;
const MEALS: usize = 2_000;

fn main() {
    // Who has the fork, if anybody.
    let forks: Vec<_> = (0..PHILOSOPHERS).map(|_| TVar::new(None::<usize>)).collect();
    let meals: Vec<_> = (0..PHILOSOPHERS).map(|_| TVar::new(0)).collect();
    thread::scope(|scope| {
        for me in 0..PHILOSOPHERS {
            let (left, right) = (&forks[me], &forks[(me + 1) % PHILOSOPHERS]);
            let meals = &meals[me];
            scope.spawn(move || {
                for _ in 0..MEALS {
                    atomically(|tx| {
                        if tx.get(left)?.is_some() || tx.get(right)?.is_some() {
                            return tx.retry(); // until a neighbour puts one down
                        }
                        tx.set(left, Some(me))?;
                        tx.set(right, Some(me))
                    });
                    atomically(|tx| {
                        assert_eq!((*tx.get(left)?, *tx.get(right)?), (Some(me), Some(me)));
                        tx.modify(meals, |n| n + 1)?;
                        tx.set(left, None)?;
                        tx.set(right, None)
                    });
                }
            });
        }
    });
    assert!(meals.iter().all(|n| n.load() == MEALS));
    println!("{PHILOSOPHERS} philosophers, {MEALS} meals each; {}", Engine::global().stats());
}
