//! All suites.

mod lists;
mod stm;

use crate::Suite;

/// Every suite.
pub const ALL: &[Suite] = &[lists::SUITE, stm::SUITE];
