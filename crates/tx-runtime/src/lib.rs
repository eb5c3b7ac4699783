//! Thread budget, pool, parking and the loom shim under txarray.

pub mod sync;
