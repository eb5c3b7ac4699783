//! NumPy-style array programs that run as transactions on all the cores you gave them.
//!
//! Write array code one statement after another. The statements run as transactions, in parallel, and the answer is
//! the same, bit for bit, as running them one by one on one core.
//!
//! ```
//! use txarray::prelude::*;
//!
//! // Arrays are values. Nothing runs until somebody looks.
//! let a = Array::linspace(0.0, 1.0, 1_000_000);
//! let b = &a * 2.0 + 1.0;
//! let mean: f64 = (&b * &b).mean().item()?; // one fused pass
//! assert!((mean - 13.0 / 3.0).abs() < 1e-5);
//!
//! // A session runs statements in program order on the threads of its budget.
//! let mut s = Session::new(Config::from_env()?); // TXARRAY_NUM_THREADS, Slurm, …; Config::single_thread()
//! let mut u = s.array(Array::zeros([100, 100]))?;
//! s.assign(u.at(s![0, ..]), 1.0)?; // the hot edge of a plate
//! let mut v = s.array(&u)?;
//! for _ in 0..50 {
//!     let sum = u.at(s![..-2, 1..-1]) + u.at(s![2.., 1..-1]) + u.at(s![1..-1, ..-2]) + u.at(s![1..-1, 2..]);
//!     s.assign(v.at(s![1..-1, 1..-1]), sum * 0.25)?;
//!     std::mem::swap(&mut u, &mut v);
//! }
//! let change: f64 = s.item((u.read() - v.read()).abs().max())?.as_f64(); // waits for what it needs
//! assert!(change < 0.01);
//!
//! // Closures take part in the same order; they roll back and run again when somebody was faster.
//! let best = TVar::new(f64::INFINITY);
//! let shared = best.clone();
//! s.dynamic(&[], move |tx| if change < *tx.get(&shared)? { tx.set(&shared, change) } else { Ok(()) })?;
//! s.finish()?;
//! assert_eq!(best.load(), change);
//!
//! // Transactions without a session: any thread, any mix of containers, all or nothing.
//! let (todo, done) = (TVar::new(List::range(0, 1000, 1)), TVar::new(List::new()));
//! atomically(|tx| {
//!     let mut left = tx.get(&todo)?.clone();
//!     let item = left.pop().expect("there is work");
//!     tx.set(&todo, left)?;
//!     tx.modify(&done, |list| { let mut list = list.clone(); list.push(item.clone()); list })
//! });
//! assert_eq!((todo.load().len(), done.load().len()), (999, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate only gathers the others; each can be used alone:
//!
//! | crate | subject |
//! |---|---|
//! | [`array_core`] | lazily evaluated, fused arrays |
//! | [`strategy_lists`] | lists whose storage fits their content |
//! | [`stm_engine`] | transactions over variables |
//! | [`tx_collections`] | tiled storage, views, transactional arrays |
//! | [`tx_scheduler`] | sessions: statements in, the serial answer out |
//! | [`tx_runtime`] | thread budget, pool, parking |

pub use array_core::{
    self, Along, Array, ArrayError, BlockPool, Buffer, DType, Element, Index, Isa, Layout, NpyError, Op, Out,
    ReduceOp, Scalar, Select, Term, npy, pick, read_npy, s, write_npy,
};
pub use stm_engine::{self, Abort, Engine, TVar, TxError, Txn, atomically, snapshot, try_atomically};
pub use strategy_lists::{self, List, ListError, Strategy, Value};
pub use tx_collections::{self, TArray, View};
pub use tx_runtime;
pub use tx_runtime::budget::{Budget, BudgetError};
#[cfg(feature = "faults")]
pub use tx_scheduler::Faults;
pub use tx_scheduler::{
    self, AbortCause, CancelToken, Config, ConflictReport, Context, CriticalPath, Explanation, LineReport,
    NotFused, NotParallel, Order, Progress, Report, Session, SessionError, Site, TransactionQueue,
};

/// Everything a program usually needs.
///
/// ```
/// use txarray::prelude::*;
/// let a = Array::from_vec(vec![1.0, 2.0, 3.0], [3]);
/// assert_eq!(a.slice(s![1..]).sum().item::<f64>()?, 5.0);
/// # Ok::<(), txarray::ArrayError>(())
/// ```
pub mod prelude {
    pub use crate::{
        Abort, Array, Config, DType, List, Op, Order, Scalar, Session, SessionError, TArray, TVar, Txn, View,
        atomically, pick, s, snapshot, try_atomically,
    };
}

/// The repository's README: its example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
