//! Which closure lost to whom, how often, and the time that it cost.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;

use serde::Serialize;
use stm_engine::{Cause, Stale};

use crate::lines::LineId;

/// Why an execution of a closure was rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum AbortCause {
    /// It ran early, and what it read had changed when it was its turn.
    StaleRead,
    /// It ran early, and what it read was being replaced when it was its turn.
    Locked,
    /// It was its turn, and a thread outside the session was faster.
    Foreign,
}

impl fmt::Display for AbortCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StaleRead => "what it read early had changed when it was its turn",
            Self::Locked => "what it read early was being replaced when it was its turn",
            Self::Foreign => "a thread outside the session was faster",
        })
    }
}

/// Conflicts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) loser: LineId,
    pub(crate) winner: Option<&'static Location<'static>>,
    pub(crate) variable: Option<&'static str>,
    pub(crate) cause: AbortCause,
}

/// How often, and the nanoseconds of the executions that were thrown away.
pub(crate) type Conflicts = HashMap<Key, (u64, u64)>;

/// The kind of conflict that made a speculation stale.
pub(crate) fn stale(loser: LineId, stale: &Stale) -> Key {
    let cause = match stale.cause {
        Cause::ReadLocked | Cause::WriteLocked => AbortCause::Locked,
        _ => AbortCause::StaleRead,
    };
    Key { loser, winner: stale.winner, variable: stale.variable, cause }
}

/// The same where another thread was in the way at the front.
pub(crate) fn foreign(loser: LineId) -> Key {
    Key { loser, winner: None, variable: None, cause: AbortCause::Foreign }
}

/// Add one kind's count and time.
pub(crate) fn add(conflicts: &mut Conflicts, key: Key, (times, ns): (u64, u64)) {
    let row = conflicts.entry(key).or_default();
    row.0 += times;
    row.1 += ns;
}
