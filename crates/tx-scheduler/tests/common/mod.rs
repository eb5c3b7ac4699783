//! Random array programs, and the plain serial evaluator that says what they mean.
//!
//! The evaluator shares nothing with the crate under test: arrays are vectors, an index is resolved by counting, every
//! right-hand side is computed element by element before anything is written.

#![allow(dead_code, reason = "every test binary uses its own part")]

pub(crate) mod oracle;
pub(crate) mod program;
pub(crate) mod session;
