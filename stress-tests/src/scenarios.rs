//! All scenarios.

mod bank;
#[cfg(feature = "faults")]
mod histories;
mod litmus;

use crate::Scenario;

/// Every scenario, in the order in which they run.
pub const ALL: &[Scenario] = &[
    bank::SCENARIO,
    litmus::WRITE_SKEW,
    litmus::POP_APPEND,
    litmus::POP_ONCE,
    litmus::UPDATE_RING,
    #[cfg(feature = "faults")]
    histories::SCENARIO,
];
