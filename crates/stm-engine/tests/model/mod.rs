//! Runs a model, and again with each mistake that it claims to catch.
//!
//! A mutant runs in a process of its own (this test again, told so by the environment): a model that fails
//! leaves half-run threads behind, and unwinding those may abort. Refused means that the child's assertion, or
//! loom's own check, failed; a mutant that ends green got away.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stm_engine::{Engine, Mutant};

const VARIABLE: &str = "STM_ENGINE_LOOM_MUTANT";

fn mutant() -> Option<Mutant> {
    let name = std::env::var(VARIABLE).ok()?;
    Some(*Mutant::ALL.iter().find(|m| format!("{m:?}") == name).unwrap_or_else(|| panic!("no mutant {name}")))
}

/// A new engine, with the mistake under test if there is one.
pub(crate) fn engine() -> Engine {
    mutant().map_or_else(Engine::new, Engine::with_mutant)
}

pub(crate) struct Model {
    name: &'static str,
    mutants: &'static [Mutant],
    fewer: usize,
}

impl Model {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, mutants: &[], fewer: 0 }
    }

    /// The mistakes that the model must refuse.
    pub(crate) fn mutants(self, mutants: &'static [Mutant]) -> Self {
        Self { mutants, ..self }
    }

    /// One preemption less than asked for: a third thread that sleeps multiplies executions by some hundreds.
    #[allow(dead_code, reason = "few models have a thread too many")]
    pub(crate) fn with_one_preemption_less(self) -> Self {
        Self { fewer: 1, ..self }
    }

    /// Explore every execution within `LOOM_MAX_PREEMPTIONS` (2 unless told).
    pub(crate) fn check(self, body: impl Fn() + Send + Sync + 'static) {
        let executions = Arc::new(AtomicUsize::new(0));
        let mut builder = loom::model::Builder::new();
        builder.max_branches = 20_000;
        builder.preemption_bound =
            builder.preemption_bound.or(Some(2)).map(|bound| bound.saturating_sub(self.fewer));
        let counted = Arc::clone(&executions);
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            body();
        });
        if mutant().is_some() {
            return;
        }
        let executions = executions.load(Ordering::Relaxed);
        println!("loom-model {} executions={executions}", self.name);
        assert!(executions > 1, "a model of one execution proves nothing");
        for mutant in self.mutants {
            let caught = caught(*mutant);
            println!("loom-mutant {}/{mutant:?} caught={caught}", self.name);
            assert!(caught, "{mutant:?} got away");
        }
    }
}

/// Run this very test in a child with a mistake.
fn caught(mutant: Mutant) -> bool {
    let thread = std::thread::current();
    let test = thread.name().expect("the harness names its threads by their tests");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1"])
        .env(VARIABLE, format!("{mutant:?}"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    assert!(!said.contains("running 0 tests"), "no test {test}: {said}");
    if std::env::var_os("STM_ENGINE_LOOM_SHOW").is_some() {
        println!("--- {mutant:?}\n{said}");
    }
    !child.status.success() && said.contains("panicked")
}
