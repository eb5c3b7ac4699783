//! How a model is explored and reported: one line per model and per mutant on standard output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Explore `model` in all interleavings within the preemption bound; more than one, or it proves nothing.
pub(crate) fn holds(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&executions);
    builder().check(move || {
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
