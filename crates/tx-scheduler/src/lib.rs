#![doc = include_str!("../README.md")]
//!
//!
//! | module | subject |
//! |---|---|
//! | [`session`](Session) | the public face: arrays, assignments, closures, values, reports |
//! | `lower` | an expression becomes statements; sources become slots |
//! | `record` | a statement becomes tasks: what each reads, writes and waits for |
//! | `attach` | closures, and statements on arrays that other threads share |
//! | `inline`, `simple` | small statements, computed when they are recorded, by a plan or without |
//! | `graph` | versions, tasks, edges; the invariants of the whole crate |
//! | `run` | worker loops and the order of ready tasks |
//! | `axes`, `positions`, `masks` | reductions along axes; picking and putting at positions and by masks |
//! | `exec`, `dynamic` | one array task; one closure, speculated and committed |
//! | `early` | closures that may run early, oldest first |
//! | `lines` | what each line of the program cost, and whether its closures should run early |
//! | `conflicts` | which closure lost to whom |
//! | `cancel`, `undo` | stopping and going on; what a failed closure takes with it |
//! | [`queue`](TransactionQueue) | transactions in no particular order |
//! | `explain` | why the program runs as it does |
//! | `region` | which tiles a stretch of an iteration space touches |

mod attach;
mod axes;
mod cancel;
mod config;
mod conflicts;
mod desk;
mod dynamic;
mod early;
mod error;
mod exec;
mod explain;
#[cfg(feature = "faults")]
mod faults;
mod force;
mod graph;
mod inline;
mod lines;
mod lower;
mod masks;
mod positions;
mod queue;
mod record;
mod region;
mod report;
mod rows;
mod run;
mod runs;
mod session;
mod simple;
mod site;
mod statement;
mod tables;
mod trace;
mod undo;

pub use cancel::CancelToken;
pub use config::{Config, Order};
pub use conflicts::AbortCause;
pub use dynamic::Context;
pub use error::SessionError;
pub use explain::{Explanation, NotFused, NotParallel};
#[cfg(feature = "faults")]
pub use faults::Faults;
pub use queue::TransactionQueue;
pub use report::{ConflictReport, CriticalPath, LineReport, Report};
pub use session::{Progress, Session};
pub use site::Site;
