//! All suites.

pub mod functions;
mod lists;
mod scheduler;
mod stm;

use crate::Suite;

/// Every suite.
pub const ALL: &[Suite] = &[functions::SUITE, functions::FUSED, lists::SUITE, scheduler::SUITE, stm::SUITE];
