//! All suites.

mod arrays;
pub mod functions;
mod lists;
mod scheduler;
mod stm;

use crate::Suite;

/// Every suite.
pub const ALL: &[Suite] =
    &[arrays::SUITE, functions::SUITE, functions::FUSED, lists::SUITE, scheduler::SUITE, stm::SUITE];
