//! Commutative writes mean what ordinary ones mean, with nested parts undone and reads in between.
#![cfg(not(loom))]

use std::thread;

use proptest::prelude::*;
use stm_engine::{Abort, Commute, Engine, Integer, Options, TVar, Txn};

#[derive(Debug, Clone)]
enum Step {
    Commute(usize, Commute<i8>),
    Set(usize, i8),
    Double(usize),
    Read(usize),
    /// A nested part, undone or not.
    Nested(Vec<Step>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let operation = (0..6, any::<i8>()).prop_map(|(kind, n)| match kind {
        0 => Commute::Add(n),
        1 => Commute::Min(n),
        2 => Commute::Max(n),
        3 => Commute::And(n),
        4 => Commute::Or(n),
        _ => Commute::Xor(n),
    });
    let leaf = prop_oneof![
        6 => (0..3_usize, operation).prop_map(|(at, op)| Step::Commute(at, op)),
        1 => (0..3_usize, any::<i8>()).prop_map(|(at, n)| Step::Set(at, n)),
        1 => (0..3_usize).prop_map(Step::Double),
        1 => (0..3_usize).prop_map(Step::Read),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        (prop::collection::vec(inner, 0..6), any::<bool>())
            .prop_map(|(steps, undo)| Step::Nested(steps, undo))
    })
}

fn apply(n: i8, operation: Commute<i8>) -> i8 {
    match operation {
        Commute::Add(x) => n.wrapping_add(x),
        Commute::Min(x) => n.min(x),
        Commute::Max(x) => n.max(x),
        Commute::And(x) => n & x,
        Commute::Or(x) => n | x,
        Commute::Xor(x) => n ^ x,
    }
}

fn by_engine(tx: &Txn<'_>, vars: &[TVar<i8>; 3], steps: &[Step], seen: &mut Vec<i8>) -> Result<(), Abort> {
    for step in steps {
        match step {
            Step::Commute(at, operation) => tx.commute(&vars[*at], *operation)?,
            Step::Set(at, n) => tx.set(&vars[*at], *n)?,
            Step::Double(at) => tx.modify(&vars[*at], |n| n.wrapping_mul(2))?,
            Step::Read(at) => seen.push(*tx.get(&vars[*at])?),
            Step::Nested(steps, undo) => {
                let _ = tx.nested(|tx| {
                    by_engine(tx, vars, steps, seen)?;
                    if *undo { tx.abort("undone") } else { Ok(()) }
                })?;
            }
        }
    }
    Ok(())
}

fn by_hand(vars: &mut [i8; 3], steps: &[Step], seen: &mut Vec<i8>) {
    for step in steps {
        match step {
            Step::Commute(at, operation) => vars[*at] = apply(vars[*at], *operation),
            Step::Set(at, n) => vars[*at] = *n,
            Step::Double(at) => vars[*at] = vars[*at].wrapping_mul(2),
            Step::Read(at) => seen.push(vars[*at]),
            Step::Nested(steps, undo) => {
                let before = *vars;
                by_hand(vars, steps, seen);
                if *undo {
                    *vars = before;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 512 }))]

    #[test]
    fn commuting_is_modifying(start: [i8; 3], steps in prop::collection::vec(step(), 0..12)) {
        let engine = Engine::new();
        let vars = start.map(|n| engine.tvar(n));
        let seen = std::cell::RefCell::new(Vec::new());
        engine.atomically(|tx| {
            seen.borrow_mut().clear();
            by_engine(tx, &vars, &steps, &mut seen.borrow_mut())
        });
        let (mut model, mut expected) = (start, Vec::new());
        by_hand(&mut model, &steps, &mut expected);
        prop_assert_eq!(vars.map(|var| var.load()), model);
        prop_assert_eq!(seen.into_inner(), expected);
    }
}

#[test]
fn commuting_transactions_never_make_each_other_stale() {
    let engine = Engine::new();
    let (hits, longest) = (engine.tvar(0_u64), engine.tvar(0_u64));
    let count = |n: u64| {
        engine.prepare(|tx| {
            tx.commute(&hits, Commute::Add(1))?;
            tx.commute(&longest, Commute::Max(n))
        })
    };
    let prepared: Vec<_> = [3, 9, 4].map(|n| count(n).unwrap()).into();
    assert_eq!(hits.load(), 0);
    // In any order, and none is stale.
    prepared.into_iter().rev().for_each(|one| one.commit().unwrap());
    assert_eq!((hits.load(), longest.load()), (3, 9));
    // One that has read what it commutes on is an ordinary one.
    let reads = engine.prepare(|tx| {
        tx.commute(&hits, Commute::Add(1))?;
        Ok(*tx.get(&hits)?)
    });
    count(0).unwrap().commit().unwrap();
    reads.unwrap().commit().unwrap_err();
    assert_eq!(hits.load(), 4);
}

#[test]
fn threads_that_count_lose_nothing() {
    const ROUNDS: u32 = if cfg!(miri) { 10 } else { 5_000 };
    fn counts<T: Integer + std::fmt::Debug + PartialEq>(zero: T, one: T, sum: T) {
        let engine = Engine::new();
        let n = engine.tvar(zero);
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..ROUNDS {
                        engine.atomically(|tx| tx.commute(&n, Commute::Add(one)));
                    }
                });
            }
        });
        assert_eq!(n.load(), sum);
        assert_eq!(engine.stats().aborts_by(stm_engine::Cause::StaleRead), 0);
    }
    counts(0_u64, 1, u64::from(4 * ROUNDS));
    counts(0_u8, 1, (4 * ROUNDS) as u8);
    counts(0_i128, -1, -i128::from(4 * ROUNDS));
}

#[test]
fn what_cannot_be_written_cannot_be_commuted() {
    let engine = Engine::new();
    let foreign = Engine::new().labelled("elsewhere", 0_u8);
    let refused = engine.try_atomically(&Options::new(), |tx| tx.commute(&foreign, Commute::Or(1)));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "a variable `elsewhere` belongs to another engine than the transaction"
    );
    assert_eq!(foreign.load(), 0);
}
