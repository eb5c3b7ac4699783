//! The turn: how a transaction that keeps losing gets through.
//!
//! One transaction at a time may hold its engine's turn. Others go on reading and computing, and wait to commit.
//!
//! **Progress.** A committer looks at the turn after it has locked, before it ticks; if somebody else holds it, it
//! unlocks and waits. What the holder has read, nobody can then replace: who locks it later sees the turn. The holder
//! may still lose to such a lock in the moment before it is given back, but no more than once per thread, which waits
//! after that. **Not a lock**: nothing depends on it for safety, so a committer
//! that has waited for [`PATIENCE`] goes on. A body that waits for another thread's commit while it holds the
//! turn would otherwise wait for ever.
//!
//! **Orderings** taking the turn and looking at it (SeqCst, on both sides after a locked instruction of the same
//! thread) are ordered against each other by those; eventual visibility alone would do.
//! **Checked by** tests/loom_turn.rs.

use std::time::{Duration, Instant};

use tx_runtime::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Inner;
use crate::mutant::mutant;
use crate::wait;

/// How long a committer waits for somebody else's turn.
const PATIENCE: Duration = Duration::from_millis(100);

const FREE: usize = 0;
const TAKEN: usize = 1;

/// Who may commit before all others.
pub(crate) struct Turn(AtomicUsize);

/// Holds the turn until it is dropped.
pub(crate) struct Held<'a>(&'a Turn);

impl Turn {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(FREE))
    }

    /// Take the turn, after whoever has it; `None` when that takes too long.
    pub(crate) fn take(&self, inner: &Inner) -> Option<Held<'_>> {
        let mut patience = Patience::new();
        loop {
            inner.point();
            // ORDER: SeqCst, see the module's head.
            if self.0.compare_exchange(FREE, TAKEN, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return Some(Held(self));
            }
            if !patience.wait() {
                return None;
            }
        }
    }

    /// Whether a committer that does not hold the turn must wait. With its write set locked.
    #[inline]
    pub(crate) fn is_taken(&self, inner: &Inner) -> bool {
        inner.point();
        // ORDER: SeqCst, see the module's head.
        self.0.load(Ordering::SeqCst) == TAKEN && !mutant!(inner, IgnoreTurn)
    }

    /// Wait for the turn to be over, without any lock; false when that takes too long.
    #[cold]
    pub(crate) fn wait_until_free(&self, inner: &Inner) -> bool {
        let mut patience = Patience::new();
        while self.is_taken(inner) {
            if !patience.wait() {
                return false;
            }
        }
        true
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // ORDER: Release, as a lock's.
        self.0.0.store(FREE, Ordering::Release);
    }
}

struct Patience {
    turn: u32,
    end: Option<Instant>,
}

impl Patience {
    fn new() -> Self {
        Self { turn: 0, end: None }
    }

    /// Wait a moment; false when it is at its end, which under loom, where time stands still, never comes.
    fn wait(&mut self) -> bool {
        wait::relax(&mut self.turn);
        if cfg!(loom) || self.turn < wait::LOCK_TURNS {
            return true;
        }
        let now = Instant::now();
        *self.end.get_or_insert(now + PATIENCE) > now
    }
}
