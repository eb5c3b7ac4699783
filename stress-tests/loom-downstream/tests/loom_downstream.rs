//! Models of a user's own library over the public interface of `stm-engine`.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release --test loom_downstream --target-dir target/loom`
//!
//! Each model runs first as it should be; then again, in a process of its own, with the mistake that it is there to
//! find: a model that fails leaves half-run threads behind.
#![cfg(loom)]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::thread;
use loom_downstream::{Once, transfer};
use stm_engine::{Engine, TVar};

const VARIABLE: &str = "LOOM_DOWNSTREAM_MISTAKE";

/// Explore every execution of `model(false)`; `model(true)` makes the mistake, and has to be refused.
fn check(name: &str, model: impl Fn(bool) + Send + Sync + 'static) {
    let mistaken = std::env::var_os(VARIABLE).is_some();
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    // A transaction takes more steps than loom expects of a model.
    builder.max_branches = 20_000;
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        model(mistaken);
    });
    if mistaken {
        return;
    }
    let executions = executions.load(Relaxed);
    println!("loom-model downstream/{name} executions={executions}");
    assert!(executions > 1, "a model of one execution proves nothing");
    let thread = thread_name();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &thread, "--test-threads=1"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    let caught = !child.status.success() && said.contains("of the model does not hold");
    println!("loom-mutant downstream/{name} caught={caught}");
    assert!(caught, "the mistake got away: {said}");
}

/// The harness names its threads by their tests.
fn thread_name() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Two transactions where one is needed.
fn transfer_in_two_steps(engine: &Engine, from: &TVar<u64>, to: &TVar<u64>, amount: u64) {
    if engine.atomically(|tx| Ok(*tx.get(from)? >= amount)) {
        engine.atomically(|tx| tx.modify(from, |x| x - amount));
        engine.atomically(|tx| tx.modify(to, |x| x + amount));
    }
}

#[test]
fn money_is_never_under_way() {
    check("transfer", |mistaken| {
        let engine = Engine::new();
        let (a, b) = (engine.tvar(1), engine.tvar(0));
        let other = {
            let (engine, a, b) = (engine.clone(), a.clone(), b.clone());
            thread::spawn(move || {
                if mistaken {
                    transfer_in_two_steps(&engine, &a, &b, 1);
                } else {
                    assert!(transfer(&engine, &a, &b, 1));
                }
            })
        };
        let sum = engine.snapshot(|view| view.get(&a) + view.get(&b));
        other.join().unwrap();
        assert_eq!(sum, 1, "the sum of the model does not hold");
    });
}

/// Looks in one transaction and stores in another, with nothing that keeps a second one from doing the same.
fn compute_unclaimed(engine: &Engine, value: &TVar<Option<usize>>, init: impl FnOnce() -> usize) -> usize {
    if let Some(value) = engine.atomically(|tx| Ok(*tx.get(value)?)) {
        return value;
    }
    let mine = init();
    engine.atomically(|tx| tx.set(value, Some(mine)));
    mine
}

#[test]
fn a_value_is_computed_once() {
    check("once", |mistaken| {
        let engine = Engine::new();
        let once = Arc::new(Once::new(&engine));
        let unclaimed = engine.tvar(None);
        // No part of the model: plain counters of what happened.
        let computed = Arc::new(AtomicUsize::new(0));
        let get = {
            let (engine, computed) = (engine.clone(), Arc::clone(&computed));
            move || {
                let init = || computed.fetch_add(1, Relaxed) + 1;
                if mistaken {
                    compute_unclaimed(&engine, &unclaimed, init)
                } else {
                    *once.get_or_init(&engine, init)
                }
            }
        };
        let other = thread::spawn(get.clone());
        let found = (get(), other.join().unwrap());
        assert_eq!((computed.load(Relaxed), found), (1, (1, 1)), "the count of the model does not hold");
    });
}
