//! Partial roll-back against a model: random programs of writes, nested children and alternatives, run on
//! variables and on a plain vector that is cloned at every mark.
#![cfg(not(loom))]

use std::cell::RefCell;

use proptest::prelude::*;
use stm_engine::{Abort, Engine, TVar, Txn};

const VARS: usize = 12;

#[derive(Debug, Clone)]
enum Step {
    Set(usize, u32),
    Add(usize, u32),
    /// A child that fails or not.
    Nested(Vec<Step>, bool),
    /// A first branch that retries or not, and a second.
    OrElse(Vec<Step>, bool, Vec<Step>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        (0..VARS, 0..100_u32).prop_map(|(v, n)| Step::Set(v, n)),
        (0..VARS, 0..100_u32).prop_map(|(v, n)| Step::Add(v, n)),
    ];
    let step = leaf.prop_recursive(4, 60, 8, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..8);
        prop_oneof![
            (list(), any::<bool>()).prop_map(|(child, fails)| Step::Nested(child, fails)),
            (list(), any::<bool>(), list()).prop_map(|(a, retries, b)| Step::OrElse(a, retries, b)),
        ]
    });
    prop::collection::vec(step, 0..20)
}

fn model(state: &mut Vec<u32>, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Set(v, n) => state[*v] = *n,
            Step::Add(v, n) => state[*v] += n,
            Step::Nested(child, fails) => {
                let before = state.clone();
                model(state, child);
                if *fails {
                    *state = before;
                }
            }
            Step::OrElse(first, retries, second) => {
                let before = state.clone();
                model(state, first);
                if *retries {
                    *state = before;
                    model(state, second);
                }
            }
        }
    }
}

type Seen<'tx> = RefCell<Vec<(&'tx u32, u32)>>;

/// Also keeps every reference it ever got, with what it showed then.
fn run<'tx>(tx: &Txn<'tx>, vars: &[TVar<u32>], seen: &Seen<'tx>, steps: &[Step]) -> Result<(), Abort> {
    for step in steps {
        match step {
            Step::Set(v, n) => tx.set(&vars[*v], *n)?,
            Step::Add(v, n) => tx.modify(&vars[*v], |x| x + n)?,
            Step::Nested(child, fails) => {
                let ended = tx.nested(|tx| {
                    run(tx, vars, seen, child)?;
                    if *fails { tx.abort("fails") } else { Ok(()) }
                })?;
                assert_eq!(ended.is_err(), *fails);
            }
            Step::OrElse(first, retries, second) => tx.or_else(
                |tx| {
                    run(tx, vars, seen, first)?;
                    if *retries { tx.retry() } else { Ok(()) }
                },
                |tx| run(tx, vars, seen, second),
            )?,
        }
        for var in vars {
            let value = tx.get(var)?;
            seen.borrow_mut().push((value, *value));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 500 }, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn partial_roll_back_does_what_copying_would(program in steps()) {
        let engine = Engine::new();
        let vars: Vec<_> = (0..VARS as u32).map(|n| engine.tvar(n)).collect();
        let mut expected: Vec<_> = (0..VARS as u32).collect();
        model(&mut expected, &program);
        engine.atomically(|tx| {
            let seen = Seen::default();
            run(tx, &vars, &seen, &program)?;
            assert!(seen.borrow().iter().all(|(now, then)| **now == *then), "a reference changed");
            Ok(())
        });
        prop_assert_eq!(vars.iter().map(TVar::load).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn what_retries_has_not_happened_even_if_that_is_swallowed() {
    let engine = Engine::new();
    let vars = [engine.tvar(0), engine.tvar(0), engine.tvar(0)];
    let try_it = |tx: &Txn<'_>, at: usize| -> Result<(), Abort> {
        tx.set(&vars[at], 5)?;
        tx.retry()
    };
    engine.atomically(|tx| {
        let _ = tx.nested(|tx| try_it(tx, 0));
        let _ = tx.or_else(|tx| try_it(tx, 1), |tx| try_it(tx, 2));
        Ok(())
    });
    assert_eq!(vars.each_ref().map(TVar::load), [0, 0, 0]);
}
