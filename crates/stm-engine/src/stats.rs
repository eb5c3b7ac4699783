//! What happened, counted: commits, aborts by cause, fall-backs.
//!
//! Each slot counts for the transaction that owns it, with a load and a store instead of a locked instruction;
//! reading adds the slots up. The numbers are no part of the protocol: they use plain relaxed atomics of `std`,
//! also under loom, where they would only multiply executions.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Cause;

/// One kind of event. The causes of aborts come first, in the order of [`Cause`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Commits = Cause::ALL.len() as isize,
    ReadOnly,
    Extensions,
    Fallbacks,
    Retries,
    UserAborts,
    Panics,
    Prepared,
    Stale,
    Irrevocable,
}

const KINDS: usize = Count::Irrevocable as usize + 1;

/// The events of one slot.
#[derive(Debug, Default)]
pub(crate) struct Counts([AtomicU64; KINDS]);

impl Counts {
    #[inline(always)]
    fn bump(&self, kind: usize) {
        let count = &self.0[kind];
        // One writer at a time, so nothing is lost between the load and the store.
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn add(&self, event: Count) {
        self.bump(event as usize);
    }

    pub(crate) fn add_abort(&self, cause: Cause) {
        self.bump(cause as usize);
    }
}

/// A snapshot of an engine's counters; see [`Engine::stats`](crate::Engine::stats).
///
/// The counters of running transactions move while they are read, so the numbers of one snapshot may be a few
/// events apart from each other.
///
/// ```
/// use stm_engine::Engine;
/// let engine = Engine::new();
/// let n = engine.tvar(0);
/// engine.atomically(|tx| tx.modify(&n, |n| n + 1));
/// assert_eq!((engine.stats().commits, engine.stats().aborts()), (1, 0));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Transactions that committed at least one write.
    pub commits: u64,
    /// Transactions that committed without a write, snapshots included.
    pub read_only: u64,
    /// Times that a running transaction moved its snapshot forward instead of aborting.
    pub extensions: u64,
    /// Times that a transaction without writes went on at an older snapshot instead of aborting.
    pub fallbacks: u64,
    /// Attempts that ended in `retry`.
    pub retries: u64,
    /// Attempts that ended in an error of the body's own.
    pub user_aborts: u64,
    /// Attempts that ended in a panic of the body.
    pub panics: u64,
    /// Transactions prepared without committing.
    pub prepared: u64,
    /// Prepared transactions whose commit was refused.
    pub stale: u64,
    /// Times that a transaction became irrevocable.
    pub irrevocable: u64,
    /// Waits that are going on now: one per sleeping transaction and variable that can wake it.
    pub waiting: usize,
    /// Bytes of superseded versions and dropped variables that are not freed yet, without what their values own, as of
    /// when each thread last looked: after every 64 of them or every MiB. It grows while something old is still being read.
    pub limbo_bytes: usize,
    by_cause: [u64; Cause::ALL.len()],
}

impl Stats {
    pub(crate) fn absorb(&mut self, counts: &Counts) {
        let get = |kind: usize| counts.0[kind].load(Ordering::Relaxed);
        for (sum, cause) in self.by_cause.iter_mut().zip(Cause::ALL) {
            *sum += get(cause as usize);
        }
        self.commits += get(Count::Commits as usize);
        self.read_only += get(Count::ReadOnly as usize);
        self.extensions += get(Count::Extensions as usize);
        self.fallbacks += get(Count::Fallbacks as usize);
        self.retries += get(Count::Retries as usize);
        self.user_aborts += get(Count::UserAborts as usize);
        self.panics += get(Count::Panics as usize);
        self.prepared += get(Count::Prepared as usize);
        self.stale += get(Count::Stale as usize);
        self.irrevocable += get(Count::Irrevocable as usize);
    }

    /// Attempts that lost against another transaction, for any cause.
    pub fn aborts(&self) -> u64 {
        self.by_cause.iter().sum()
    }

    /// Attempts that lost for this cause.
    pub fn aborts_by(&self, cause: Cause) -> u64 {
        self.by_cause[cause as usize]
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commits, {} read-only, {} aborts", self.commits, self.read_only, self.aborts())?;
        let mut separator = " (";
        for cause in Cause::ALL.into_iter().filter(|&cause| self.aborts_by(cause) > 0) {
            write!(f, "{separator}{cause}: {}", self.aborts_by(cause))?;
            separator = ", ";
        }
        if self.aborts() > 0 {
            f.write_str(")")?;
        }
        for (count, name) in [
            (self.extensions, "snapshots extended"),
            (self.fallbacks, "fell back to an older snapshot"),
            (self.retries, "retries"),
            (self.user_aborts, "ended by their own error"),
            (self.panics, "panics"),
            (self.prepared, "prepared"),
            (self.stale, "stale when their turn came"),
            (self.irrevocable, "became irrevocable"),
        ] {
            if count > 0 {
                write!(f, ", {count} {name}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_and_other_events_do_not_share_a_counter() {
        let counts = Counts::default();
        Cause::ALL.into_iter().for_each(|cause| counts.add_abort(cause));
        counts.add(Count::Commits);
        counts.add(Count::Stale);
        let mut stats = Stats::default();
        stats.absorb(&counts);
        stats.absorb(&counts);
        assert!(Cause::ALL.into_iter().all(|cause| stats.aborts_by(cause) == 2));
        assert_eq!((stats.commits, stats.stale, stats.read_only), (2, 2, 0));
        assert_eq!(stats.aborts(), 2 * Cause::ALL.len() as u64);
    }

    #[test]
    fn the_text_names_what_happened_and_nothing_else() {
        let counts = Counts::default();
        counts.add(Count::Commits);
        counts.add_abort(Cause::StaleRead);
        let mut stats = Stats::default();
        stats.absorb(&counts);
        assert_eq!(
            stats.to_string(),
            "1 commits, 0 read-only, 1 aborts (a value it read changed before its commit: 1)"
        );
    }
}
