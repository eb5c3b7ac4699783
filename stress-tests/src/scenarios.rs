//! All scenarios.

use crate::Scenario;

/// Every scenario, in the order in which they run.
pub const ALL: &[Scenario] = &[];
