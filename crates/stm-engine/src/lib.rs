//! Software transactional memory: variables that many threads read and write in all-or-nothing steps.
//!
//! ```
//! use stm_engine::{atomically, TVar};
//! let (a, b) = (TVar::new(100), TVar::new(0));
//! let moved = atomically(|tx| {
//!     if *tx.get(&a)? < 30 {
//!         return tx.retry(); // sleeps until `a` changes
//!     }
//!     tx.modify(&a, |x| x - 30)?;
//!     tx.modify(&b, |x| x + 30)?;
//!     Ok(30)
//! });
//! assert_eq!((a.load(), b.load(), moved), (70, 30, 30));
//! ```
//!
//! # What it promises
//!
//! * **Opacity.** Every body, also one that is going to lose, sees all variables as they were at one moment,
//!   plus its own writes. Committed transactions happen in one serial order.
//! * **No trace.** A body that panics, fails, retries or loses has changed nothing; no lock is poisoned.
//! * **Readers do not stop writers, nor the reverse.** Variables keep the versions that somebody may still
//!   read; [`Engine::snapshot`] reads one moment and never loses.
//! * **A context is joined only through its [`Txn`].** A transaction started while another is open on the same
//!   thread is refused, and the error names both lines.
//!
//! # Built from variables
//!
//! [`TQueue`], [`TBoundedQueue`] and [`TSemaphore`] wait by [`Txn::retry`] and compose as variables do: take from one
//! queue or else another, hand an item on and count it, all in one transaction.
//!
//! # In program order
//!
//! [`Engine::prepare`] runs a body early, on the newest committed state, and [`Prepared::commit`] publishes it
//! later, from any thread, if everything it read is still current. A scheduler that commits in program order
//! needs no more: a stale one runs again.
//!
//! # Inside
//!
//! A variable is one pointer to its newest version; versions carry the time of their commit and point to the
//! one before. A transaction reads at a time taken from the engine's clock, moves it forward if it can, and
//! locks what it writes only to commit. Old versions are freed when no running transaction is as old: each says
//! how old it is in a slot of its own. See the heads of `commit.rs`, `slots.rs` and `reclaim.rs`.
//!
//! Under `--cfg loom` the crate is built for the model checker: no default engine, small capacities.

mod attempt;
mod bounded_queue;
mod commit;
mod commute;
mod detached;
mod engine;
mod error;
#[cfg(all(feature = "faults", not(loom)))]
mod faults;
mod frame;
#[cfg(not(loom))]
mod global;
mod hooks;
mod local;
mod logs;
mod mutant;
mod node;
mod open;
mod options;
mod pool;
mod precedence;
mod prepared;
mod queue;
mod reclaim;
mod report;
mod run;
mod semaphore;
mod slots;
mod snapshot;
mod stats;
mod tvar;
mod txn;
mod wait;
mod waiters;

pub use bounded_queue::TBoundedQueue;
pub use commute::{Commute, Integer};
pub use engine::Engine;
pub use error::{Abort, Cause, Stale, TxError};
#[cfg(all(feature = "faults", not(loom)))]
pub use faults::Faults;
#[cfg(not(loom))]
pub use global::{atomically, snapshot, try_atomically};
#[cfg(any(loom, feature = "faults"))]
pub use mutant::Mutant;
pub use options::{Options, Policy};
pub use prepared::Prepared;
pub use queue::TQueue;
pub use report::{ConflictReport, ConflictRow};
pub use semaphore::TSemaphore;
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use tvar::TVar;
pub use txn::Txn;
