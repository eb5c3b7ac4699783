//! Transactions in no particular order: add closures, run them all; the outcome is that of some serial order.
//!
//! Workers of one pool take items where they find them. Each runs as one transaction, with the engine's contention management, beside
//! whatever transactions other threads run. An item that asks to `retry` waits for nobody: it is set aside as *blocked* with the
//! number of commits so far, and tried again when there have been more. If every item that is left is blocked and none has
//! committed since each was tried, nobody in the queue can wake them.
//!
//! **Invariants** Q1: an item is in the queue, on a worker, or blocked, never in two of them. Q2: `commits` grows after a commit and is
//! read before an attempt begins, so an item that is blocked with the present number has seen all commits.
//! **Progress** no worker sleeps; one that finds nothing to do while others still run items leaves, and who sets free work calls one.

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use stm_engine::{Abort, Engine, Options, TxError, Txn};
use tx_runtime::park::Mutex;
use tx_runtime::pool::{Crew, Pool};
use tx_runtime::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::config::Config;
use crate::error::SessionError;
use crate::run::{discard, panic_message};
use crate::site::Site;

type Body = Box<dyn Fn(&Txn<'_>) -> Result<(), Abort> + Send>;

/// A closure and where it was added.
struct Item {
    body: Body,
    at: &'static Location<'static>,
}

/// Closures over transactions that run in some serial order, on all threads of a budget.
///
/// ```
/// use stm_engine::TVar;
/// use tx_scheduler::{Config, TransactionQueue};
///
/// let mut queue = TransactionQueue::new(&Config::threads(2)?);
/// let (left, done) = (TVar::new(0), TVar::new(0));
/// for n in 1..=100 {
///     let (from, to) = (left.clone(), done.clone());
///     queue.add(move |tx| {
///         let have = *tx.get(&from)?;
///         if have < n {
///             return tx.retry(); // not yet: some other item will bring it
///         }
///         tx.set(&from, have - n)?;
///         tx.modify(&to, |sum| sum + n)
///     });
///     let into = left.clone();
///     queue.add(move |tx| tx.modify(&into, |have| have + n));
/// }
/// queue.run()?;
/// assert_eq!((left.load(), done.load()), (0, 5050));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TransactionQueue {
    pool: Pool,
    items: Vec<Item>,
}

impl std::fmt::Debug for TransactionQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionQueue")
            .field("pool", &self.pool)
            .field("items", &self.items.len())
            .finish()
    }
}

/// What the workers of a run share.
struct Shared {
    ready: Mutex<Vec<Item>>,
    /// Items that asked to wait, with the number of commits before their last attempt.
    blocked: Mutex<Vec<(Item, u64)>>,
    commits: AtomicU64,
    stop: AtomicBool,
    failure: Mutex<Option<SessionError>>,
}

/// What became of an item.
enum Outcome {
    Committed,
    Blocked,
    Failed(SessionError),
}

/// How the body of an item says that it waits.
#[derive(Debug, thiserror::Error)]
#[error("the item waits")]
struct Waits;

impl TransactionQueue {
    /// An empty queue with the thread budget of `config`.
    pub fn new(config: &Config) -> Self {
        Self { pool: Pool::new(config.budget()), items: Vec::new() }
    }

    /// Add a closure. It may run several times and must have no effect but through its transaction.
    #[track_caller]
    pub fn add(&mut self, body: impl Fn(&Txn<'_>) -> Result<(), Abort> + Send + 'static) {
        self.items.push(Item { body: Box::new(body), at: Location::caller() });
    }

    /// How many closures have not committed.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Run all closures; return when each has committed. The newest need not be the last.
    ///
    /// # Errors
    /// [`SessionError::WaitsForever`] when all that are left ask to `retry`, naming one of them; the error or panic of a closure, as
    /// [`SessionError::Closure`] or [`SessionError::Panicked`]. Items that have committed have committed; the others, and the
    /// one that failed, stay in the queue and may be run again.
    pub fn run(&mut self) -> Result<(), SessionError> {
        let mut items = std::mem::take(&mut self.items);
        // The oldest first, where it makes no difference.
        items.reverse();
        let shared = Shared {
            ready: Mutex::new(items),
            blocked: Mutex::new(Vec::new()),
            commits: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            failure: Mutex::new(None),
        };
        self.pool.run(|crew, _| shared.work(crew));
        // Whoever left last may have left blocked items that a later commit set free: look until nothing changes.
        while !shared.stop.load(Ordering::Acquire) && shared.free() > 0 {
            self.pool.run(|crew, _| shared.work(crew));
        }
        let Shared { ready, blocked, failure, .. } = shared;
        self.items = ready.into_inner();
        self.items.reverse();
        self.items.extend(blocked.into_inner().into_iter().map(|(item, _)| item));
        match (failure.into_inner(), self.items.first()) {
            (Some(error), _) => Err(error),
            (None, Some(item)) => Err(SessionError::WaitsForever { site: Site::rust(item.at) }),
            (None, None) => Ok(()),
        }
    }
}

impl Shared {
    fn work(&self, crew: &Crew<'_>) {
        while !self.stop.load(Ordering::Acquire) {
            let Some(item) = self.take(crew) else { break };
            // ORDER: Acquire, pairs with the increment below (Q2): an attempt that begins now sees what was committed.
            let before = self.commits.load(Ordering::Acquire);
            match item.attempt() {
                Outcome::Committed => {
                    // ORDER: Release, pairs with the load above.
                    self.commits.fetch_add(1, Ordering::Release);
                    drop_quietly(item);
                }
                Outcome::Blocked => self.blocked.lock().push((item, before)),
                Outcome::Failed(error) => {
                    self.failure.lock().get_or_insert(error);
                    self.ready.lock().push(item);
                    self.stop.store(true, Ordering::Release);
                    crew.call_off();
                }
            }
        }
    }

    /// The next item: one that is ready, else one that was blocked before the last commit.
    fn take(&self, crew: &Crew<'_>) -> Option<Item> {
        let mut ready = self.ready.lock();
        if ready.is_empty() && self.free() > 0 {
            let now = self.commits.load(Ordering::Acquire);
            let mut blocked = self.blocked.lock();
            ready.extend(blocked.extract_if(.., |(_, seen)| *seen < now).map(|(item, _)| item));
            ready.reverse();
        }
        let item = ready.pop();
        let more = !ready.is_empty();
        if item.is_none() {
            // Under the lock: whoever has been called was called for items that somebody else took.
            crew.call_off();
        }
        drop(ready);
        if more {
            crew.enlist();
        }
        item
    }

    /// How many blocked items have something new to look at.
    fn free(&self) -> usize {
        let now = self.commits.load(Ordering::Acquire);
        self.blocked.lock().iter().filter(|(_, seen)| *seen < now).count()
    }
}

impl Item {
    fn attempt(&self) -> Outcome {
        let options = Options::new().at(self.at);
        let body = |tx: &Txn<'_>| tx.or_else(|tx| (self.body)(tx), |_| Err(Waits.into()));
        let outcome = catch_unwind(AssertUnwindSafe(|| Engine::global().try_atomically(&options, body)));
        let site = Site::rust(self.at);
        match outcome {
            Ok(Ok(())) => Outcome::Committed,
            Ok(Err(TxError::Aborted(error))) if error.is::<Waits>() => Outcome::Blocked,
            Ok(Err(TxError::Aborted(error))) => {
                Outcome::Failed(SessionError::Closure { site, message: error.to_string() })
            }
            Ok(Err(error)) => Outcome::Failed(SessionError::Closure { site, message: error.to_string() }),
            Err(panic) => {
                let message = panic_message(&*panic);
                discard(panic);
                Outcome::Failed(SessionError::Panicked { site, message })
            }
        }
    }
}

/// The destructor of what a closure holds is the program's: it does not unwind through a worker.
fn drop_quietly(item: Item) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(item))) {
        discard(panic as Box<dyn Any + Send>);
    }
}
