//! Seeded mistakes, so that tests can show that they would be noticed. Built only with the feature `faults`.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which mistakes a session makes.
///
/// ```
/// use tx_scheduler::{Config, Faults};
/// let config = Config::single_thread().faults(Faults::default().drop_edge(17));
/// ```
#[derive(Debug, Default)]
pub struct Faults {
    drop_edge: Option<u64>,
    panic_in_task: Option<u64>,
    lose: Option<u64>,
    skip_validation: bool,
    skip_settled: bool,
    speculations: AtomicU64,
    edges: u64,
    tasks: AtomicU64,
}

impl Clone for Faults {
    fn clone(&self) -> Self {
        let Self { drop_edge, panic_in_task, lose, skip_validation, skip_settled, .. } = *self;
        Self { drop_edge, panic_in_task, lose, skip_validation, skip_settled, ..Self::default() }
    }
}

impl Faults {
    /// Forget the `n`-th dependence that would have been recorded, counted from zero.
    pub fn drop_edge(self, n: u64) -> Self {
        Self { drop_edge: Some(n), ..self }
    }

    /// Panic in the `n`-th task or small statement that runs, counted from zero.
    pub fn panic_in_task(self, n: u64) -> Self {
        Self { panic_in_task: Some(n), ..self }
    }

    /// Take every `n`-th speculation for stale: it is rolled back and runs again. No mistake, but rare without.
    pub fn lose(self, n: u64) -> Self {
        Self { lose: Some(n.max(1)), ..self }
    }

    /// Let a closure that ran early on what has changed since stand as it is.
    pub fn skip_validation(self) -> Self {
        Self { skip_validation: true, ..self }
    }

    /// Compute small statements at once, whether what they touch is settled or not.
    pub fn skip_settled(self) -> Self {
        Self { skip_settled: true, ..self }
    }

    /// The mistakes that the variable `TXARRAY_FAULT` asks for: `edge:N` or `panic:N`.
    pub fn from_env() -> Self {
        let faults = Self::default();
        let Ok(text) = std::env::var("TXARRAY_FAULT") else { return faults };
        match text.split_once(':').map(|(kind, n)| (kind, n.parse())) {
            Some(("edge", Ok(n))) => faults.drop_edge(n),
            Some(("panic", Ok(n))) => faults.panic_in_task(n),
            _ => panic!("TXARRAY_FAULT={text:?}: expected edge:N or panic:N"),
        }
    }

    pub(crate) fn drops_this_edge(&mut self) -> bool {
        self.edges += 1;
        self.drop_edge == Some(self.edges - 1)
    }

    /// Whether every closure is speculated, so that the fault has something to act on.
    pub(crate) fn forces_speculation(&self) -> bool {
        self.lose.is_some() || self.skip_validation
    }

    pub(crate) fn loses_this_speculation(&self) -> bool {
        self.lose.is_some_and(|n| (self.speculations.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(n))
    }

    pub(crate) fn skips_validation(&self) -> bool {
        self.skip_validation
    }

    pub(crate) fn skips_settled(&self) -> bool {
        self.skip_settled
    }

    pub(crate) fn enter_task(&self) {
        let n = self.tasks.fetch_add(1, Ordering::Relaxed);
        assert!(self.panic_in_task != Some(n), "task {n} was told to panic");
    }
}
