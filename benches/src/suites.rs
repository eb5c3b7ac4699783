//! All suites.

mod lists;
mod scheduler;
mod stm;

use crate::Suite;

/// Every suite.
pub const ALL: &[Suite] = &[lists::SUITE, scheduler::SUITE, stm::SUITE];
