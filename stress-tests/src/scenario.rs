//! What a scenario is, and what one round of it is given.

use stm_engine::Engine;

use crate::Rng;

/// One kind of experiment.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name on the command line and in failures.
    pub name: &'static str,
    /// What it would find, in a line.
    pub about: &'static str,
    /// One round: how many operations it did, or what did not hold. A panic counts as a failure too.
    pub round: fn(&Round) -> Result<u64, String>,
}

/// What one round may depend on; nothing else may decide what it does.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// The seed of this round alone.
    pub seed: u64,
    /// Threads to let loose; at least 2.
    pub threads: usize,
    /// The mistakes and disturbances of the round's engine.
    #[cfg(feature = "faults")]
    pub faults: stm_engine::Faults,
}

impl Round {
    /// A round on an engine as it is.
    pub const fn new(seed: u64, threads: usize) -> Self {
        Self {
            seed,
            threads,
            #[cfg(feature = "faults")]
            faults: stm_engine::Faults::new(),
        }
    }

    /// The same round with another number of threads.
    #[must_use]
    pub const fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// A new engine for the round.
    pub fn engine(&self) -> Engine {
        #[cfg(feature = "faults")]
        return Engine::with_faults(self.faults);
        #[cfg(not(feature = "faults"))]
        Engine::new()
    }

    /// The random numbers of the round's thread `index`.
    pub fn rng(&self, index: usize) -> Rng {
        Rng::new(Rng::new(self.seed).next().wrapping_add(index as u64))
    }

    /// Run `body(index)` on every thread of the round at once; their results in order.
    ///
    /// # Panics
    /// When a body panics, after all have ended.
    pub fn spawn<T: Send>(&self, body: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let gate = std::sync::Barrier::new(self.threads);
        std::thread::scope(|scope| {
            let start = |index| {
                let (gate, body) = (&gate, &body);
                scope.spawn(move || {
                    gate.wait();
                    body(index)
                })
            };
            let handles: Vec<_> = (0..self.threads).map(start).collect();
            let join = |h: std::thread::ScopedJoinHandle<'_, T>| {
                h.join().unwrap_or_else(|p| std::panic::resume_unwind(p))
            };
            handles.into_iter().map(join).collect()
        })
    }
}
