//! All scenarios.

mod bank;
mod commute;
mod handover;
#[cfg(feature = "faults")]
mod histories;
mod irrevocable;
mod litmus;
mod long;
mod memory;
mod panics;
mod philosophers;
mod santa;
mod zombies;

use crate::Scenario;

/// Every scenario, in the order in which they run.
pub const ALL: &[Scenario] = &[
    bank::SCENARIO,
    zombies::SCENARIO,
    litmus::WRITE_SKEW,
    litmus::POP_APPEND,
    litmus::POP_ONCE,
    litmus::UPDATE_RING,
    litmus::UPDATE_EACH_OTHER,
    long::READER,
    long::UPDATER,
    handover::SCENARIO,
    philosophers::SCENARIO,
    santa::SCENARIO,
    memory::DROPS,
    memory::RESIDENT,
    panics::SCENARIO,
    commute::SCENARIO,
    irrevocable::SCENARIO,
    #[cfg(feature = "faults")]
    histories::SCENARIO,
];

/// Those whose one round takes too long for a share of a minute: they run when they are named.
pub const LONG: &[Scenario] = &[memory::RESIDENT_FULL];
