//! Who loses to whom, and what it costs: recorded when asked for, attempt by attempt.
//!
//! Recording takes two looks at the clock per attempt, so it is off unless wanted. Only lost attempts take the lock.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tx_runtime::park::Mutex;

use crate::error::{Cause, Conflict};

type Site = &'static Location<'static>;
type Key = (Site, Option<Site>, Option<&'static str>, Cause);

/// The record of one engine.
pub(crate) struct Record {
    on: AtomicBool,
    rows: Mutex<BTreeMap<Key, (u64, Duration)>>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { on: AtomicBool::new(false), rows: Mutex::new(BTreeMap::new()) }
    }

    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    pub(crate) fn switch(&self, on: bool) {
        self.on.store(on, Relaxed);
    }

    pub(crate) fn add(&self, loser: Site, conflict: Conflict, lost: Duration) {
        let Conflict { cause, variable, winner } = conflict;
        let mut rows = self.rows.lock();
        let (times, sum) = rows.entry((loser, winner, variable, cause)).or_default();
        *times += 1;
        *sum += lost;
    }

    pub(crate) fn read(&self) -> ConflictReport {
        let row = |(&(loser, winner, variable, cause), &(times, lost)): (&Key, &(u64, Duration))| {
            ConflictRow { loser, winner, variable, cause, times, lost }
        };
        let mut rows: Vec<_> = self.rows.lock().iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.lost, row.times)));
        ConflictReport { rows }
    }
}

/// One pair of places in the source that got into each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConflictRow {
    /// Where the transaction starts that lost.
    pub loser: &'static Location<'static>,
    /// Where the one starts whose version stood in its way; unknown where it was still committing.
    pub winner: Option<&'static Location<'static>>,
    /// The label of the variable, if it has one.
    pub variable: Option<&'static str>,
    /// How it lost.
    pub cause: Cause,
    /// How often.
    pub times: u64,
    /// The time that the lost attempts took; for a prepared one, from its run to the refusal.
    pub lost: Duration,
}

impl fmt::Display for ConflictRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lost {} times, {:?}, to ", self.loser, self.times, self.lost)?;
        match self.winner {
            Some(winner) => write!(f, "{winner}")?,
            None => f.write_str("a commit in progress")?,
        }
        if let Some(variable) = self.variable {
            write!(f, " on `{variable}`")?;
        }
        write!(f, ": {}", self.cause)
    }
}

/// Who lost to whom since recording was switched on, most time lost first; see
/// [`Engine::conflicts`](crate::Engine::conflicts).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConflictReport {
    rows: Vec<ConflictRow>,
}

impl ConflictReport {
    /// The `n` rows that cost most.
    pub fn top(&self, n: usize) -> &[ConflictRow] {
        &self.rows[..n.min(self.rows.len())]
    }

    /// All rows.
    pub fn rows(&self) -> &[ConflictRow] {
        &self.rows
    }
}

impl fmt::Display for ConflictReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
