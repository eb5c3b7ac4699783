//! How a model is explored and reported: one line per model and per mutant on standard output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Explore `model` in all interleavings within the preemption bound; more than one, or it proves nothing.
pub(crate) fn holds(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore(name, builder(), model);
}

/// The same for a model of three threads, which is out of patience beyond a bound of 3 (minutes there, hours at 4).
#[allow(dead_code, reason = "a model file may have no model of three threads")]
pub(crate) fn holds_among_three(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = builder();
    builder.preemption_bound = builder.preemption_bound.map(|bound| bound.min(3));
    explore(name, builder, model);
}

fn explore(name: &str, builder: loom::model::Builder, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&executions);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("loom-model {name} executions={executions}");
    assert!(executions > 1, "{name} explored {executions} execution");
}

/// The same model with a seeded mistake: loom must refuse it.
pub(crate) fn fails(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let caught = catch_unwind(AssertUnwindSafe(|| builder().check(model))).is_err();
    println!("loom-mutant {name} caught={caught}");
    assert!(caught, "{name} got away");
}

fn builder() -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(2);
    builder
}
