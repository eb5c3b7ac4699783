//! All suites.

use crate::Suite;

/// Every suite.
pub const ALL: &[Suite] = &[];
