//! Histories: what every attempt of every transaction read and wrote, and whether one serial order explains it.
//!
//! A history is written down by `record` (feature `faults`) and judged by [`check()`]. Every value in it is written once, so a
//! value names its writer; every read tells the time of the version it found; every commit tells its own. With
//! those the check needs no search: it is linear but for sorting.
//!
//! What it proves of a history:
//!
//! * **Serialisability.** Replaying the committed attempts in the order of their times reproduces each value that
//!   they read, and the last values.
//! * **Opacity.** The reads of every attempt, also of one that lost, were all current at one moment.
//! * **Real time.** That moment, and the commit, lie between the attempt's beginning and its end.
//!
//! **Source** of the terms: Guerraoui, Kapałka, *On the correctness of transactional memory*, PPoPP 2008. The general
//! problem is NP-complete (Papadimitriou, JACM 1979); versions are what makes it easy.

mod check;
#[cfg(feature = "faults")]
mod program;
#[cfg(feature = "faults")]
mod record;

pub use check::{Flaw, check};
#[cfg(feature = "faults")]
pub use record::record;

/// A value. Unique: no two writes of a history write the same one. Variables start at 0.
pub type Value = u64;

/// A time by the engine's clock.
pub type Time = u64;

/// One access of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It read `value`, of the version made at `time`; `None` when the engine says that it is the attempt's own.
    Read {
        /// The number of the variable.
        var: usize,
        /// What it saw.
        value: Value,
        /// When that was committed.
        time: Option<Time>,
    },
    /// It asked to write `value`.
    Write {
        /// The number of the variable.
        var: usize,
        /// What it wrote.
        value: Value,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It took effect at this time.
    Committed(Time),
    /// It lost, or ended itself: it must have had no effect.
    Aborted,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The clock before it began.
    pub after: Time,
    /// The clock when it had ended.
    pub before: Time,
    /// What it did, in order. Writes that a nested part took back are left out, its reads are not.
    pub steps: Vec<Step>,
    /// What became of it.
    pub end: End,
}

/// What some threads did to some variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Every attempt, in any order.
    pub attempts: Vec<Attempt>,
    /// The variables' values at the end.
    pub last: Vec<Value>,
}
