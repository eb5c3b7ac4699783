//! Thread budget, pool, parking and the loom shim under txarray: floor 1, it knows nothing of arrays or transactions.
//!
//! | module | what it promises |
//! |---|---|
//! | [`budget`] | how many threads this process may use, from flag, environment, batch scheduler and kernel, and who said so |
//! | [`pool`] | exactly that many threads, none before the first work that can use one, none at all at a budget of 1 |
//! | [`slots`] | distinct worker indices, handed out and taken back without a lock |
//! | [`park`] | waiting without a lost wake-up: a brief spin, then sleep; the one door to `parking_lot` |
//! | [`fence`] | a pair of fences of which one costs nothing |
//! | [`backoff`] | bounded exponential spinning for a contended retry |
//! | [`front`] | counters that reach zero once, the front of what has finished in order, a sleeper that misses nothing |
//! | [`oldest`] | numbered items that wait, taken lowest first by whoever is free |
//! | [`single_threaded`] | whether this process has one thread for sure, so that what is shared needs no locked instruction |
//! | [`owners`] | a count of owners: who is alone finds that out by a load, of all that leave one is the last |
//! | [`counters`] | cache-padded per-worker counts, summed when read |
//! | [`sync`] | the one door to atomics, cells and threads: `std` in a build, `loom` in a model |
//!
//! ```
//! use tx_runtime::{budget::Budget, pool::Pool};
//! use std::sync::atomic::{AtomicUsize, Ordering};
//!
//! let budget = Budget::exactly(2)?;
//! let pool = Pool::new(&budget);
//! let todo = AtomicUsize::new(1000);
//! let done = AtomicUsize::new(0);
//! pool.run(|crew, _worker| {
//!     while todo.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
//!         crew.enlist(); // there may be more: one more pair of hands, if one is free
//!         done.fetch_add(1, Ordering::Relaxed);
//!     }
//! });
//! assert_eq!(done.into_inner(), 1000);
//! # Ok::<(), tx_runtime::budget::BudgetError>(())
//! ```

pub mod backoff;
pub mod budget;
pub mod counters;
pub mod fence;
pub mod front;
pub mod oldest;
pub mod owners;
pub mod park;
// rayon knows no loom: models cover the protocols below the pool (`slots`, `park`), not the pool.
#[cfg(not(loom))]
pub mod pool;
pub mod single_threaded;
pub mod slots;
pub mod sync;

/// The README's examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
