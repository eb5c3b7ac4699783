//! Dynamic statements: closures over a transaction that run early and commit in program order.
//!
//! A closure has two tasks. *Speculate* (only where there is more than one thread) runs the body on the newest
//! committed snapshot and keeps its reads and writes; it waits for nobody but the writers of declared private
//! arrays. *Commit* waits for the speculation and for the commit of the closure before: it is then at the front. If
//! nothing that the body read has changed it publishes, otherwise the speculation is rolled back and the body runs
//! again, now on the state that serial execution would have shown it, so no earlier statement can disturb it again.
//! Threads outside the session still can: `atomically` settles that.
//!
//! **Private arrays** a closure touches are declared with its statement. The body works on copies of those it
//! touches; what it wrote is put back after its transaction has committed, by the commit task, which is the only
//! unfinished accessor of the declared tiles (G2).
//!
//! **Errors and panics** of a speculation are not believed, since its snapshot may be stale: they surface when the
//! commit task meets them again at the front, exactly as serial execution would.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;
use std::time::{Duration, Instant};

use array_core::{Array, ArrayError, BlockPool, Buffer, DType, TileBuf};
use smallvec::SmallVec;
use stm_engine::{Abort, Engine, Options, Prepared, TxError, Txn};
use tx_collections::fill::{self, broadcast_into};
use tx_collections::{Grid, Home, Storage, View, tarray};
use tx_runtime::park::Mutex;

use crate::conflicts;
#[cfg(feature = "faults")]
use crate::conflicts::AbortCause;
use crate::desk::Desk;
use crate::error::SessionError;
use crate::graph::{Graph, Task, Version};
use crate::lines::{Line, LineId};
use crate::run::discard;
use crate::site::Site;

/// How long a closure at the front waits for other threads before it looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(20);

/// A body: runs on a transaction and the declared private arrays.
pub(crate) type Body = Box<dyn Fn(&Context<'_, '_>) -> Result<(), Abort> + Send + Sync>;

/// A recorded closure.
pub(crate) struct Closure {
    pub(crate) body: Body,
    pub(crate) declared: Vec<Declared>,
    /// What speculation left for the commit, and the nanoseconds it took.
    pub(crate) prepared: Mutex<Option<(Prepared<Effects>, u64)>>,
}

impl fmt::Debug for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure").field("declared", &self.declared).finish_non_exhaustive()
    }
}

/// A private array that a closure may touch. Its tiles are neighbours in the access lists of the closure's tasks.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    /// Which it is; the closure need not keep it alive.
    pub(crate) storage: Weak<Storage>,
    pub(crate) slot: u32,
    pub(crate) dtype: DType,
    pub(crate) grid: Grid,
    /// Where its tiles begin in the access list.
    pub(crate) first_access: usize,
}

impl Declared {
    fn is(&self, storage: &Storage) -> bool {
        std::ptr::eq(self.storage.as_ptr(), storage)
    }
}

/// New values of declared arrays, whole, in C order.
pub(crate) type Effects = SmallVec<[(usize, Buffer); 2]>;

/// What a closure of [`Session::dynamic`](crate::Session::dynamic) works with: a transaction (it derefs to
/// [`Txn`]) and the private arrays its statement declares.
///
/// ```
/// use array_core::Array;
/// use stm_engine::TVar;
/// use tx_scheduler::{Config, Session};
///
/// let mut session = Session::new(Config::single_thread());
/// let u = session.array(Array::from_vec(vec![3.0, 1.0, 2.0], [3]))?;
/// let largest = TVar::new(0.0);
/// let (seen, values) = (largest.clone(), u.clone());
/// session.dynamic(&[&u], move |tx| {
///     let top: f64 = tx.read(&values)?.max().item()?;
///     tx.set(&seen, top)?;
///     tx.assign(&values, tx.read(&values)? / top)
/// })?;
/// assert_eq!(session.eval(&u)?.to_vec::<f64>()?, [1.0, 1.0 / 3.0, 2.0 / 3.0]);
/// assert_eq!(largest.load(), 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Context<'a, 'tx> {
    tx: &'a Txn<'tx>,
    scope: &'a Scope<'a>,
    /// Working copies of the declared arrays that were touched, and whether they were written.
    copies: RefCell<Copies>,
}

/// For each declared array its working copy, if it was touched, and whether that was written.
type Copies = SmallVec<[Option<(Buffer, bool)>; 2]>;

/// What a body can reach beside its transaction.
struct Scope<'a> {
    graph: &'a Graph,
    task: &'a Task,
    closure: &'a Closure,
    site: &'a Site,
}

impl fmt::Debug for Context<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("closure", &self.scope.closure).finish_non_exhaustive()
    }
}

impl<'tx> Deref for Context<'_, 'tx> {
    type Target = Txn<'tx>;

    fn deref(&self) -> &Txn<'tx> {
        self.tx
    }
}

impl Context<'_, '_> {
    /// The value of a view of a declared private array, or of a [`TArray`](tx_collections::TArray).
    ///
    /// The first touch of a private array copies it: O(elements).
    ///
    /// # Errors
    /// [`SessionError::Undeclared`] ends the closure if its statement does not declare the private array.
    pub fn read(&self, view: &View) -> Result<Array, Abort> {
        if let Some(error) = view.error() {
            return Err(error.clone().into());
        }
        if matches!(view.storage().home(), Home::Attached(_)) {
            return tarray::read(view, self.tx);
        }
        let at = self.declared(view)?;
        let buffer = self.copies.borrow()[at].as_ref().expect("copied by `declared`").0.clone();
        Ok(Array::from_parts(buffer, view.layout().clone()))
    }

    /// `view[...] = value` on a declared private array, put back when the closure commits, or on a
    /// [`TArray`](tx_collections::TArray). Later reads in the closure see it.
    ///
    /// # Errors
    /// As [`read`](Context::read); shapes that do not fit end the closure with their error.
    pub fn assign(&self, view: &View, value: impl Into<Array>) -> Result<(), Abort> {
        if let Some(error) = view.error() {
            return Err(error.clone().into());
        }
        let value = value.into();
        if matches!(view.storage().home(), Home::Attached(_)) {
            return tarray::assign(view, self.tx, value);
        }
        let at = self.declared(view)?;
        // Evaluated before the copy is touched: `value` may read it.
        let value = broadcast_into(value.cast(view.dtype()), view.shape()).eval()?;
        let (buffer, _) = self.copies.borrow_mut()[at].take().expect("copied by `declared`");
        let mut block = thaw(buffer)?;
        let grid = Grid::new(&[block.len()], usize::MAX);
        fill::fill(&value, view.layout(), &grid, 0, std::slice::from_mut(&mut block))?;
        // SAFETY: a thawed block is wholly written.
        let buffer = unsafe { block.freeze() };
        self.copies.borrow_mut()[at] = Some((buffer, true));
        Ok(())
    }

    /// Which declared array a view sees; its working copy exists afterwards.
    fn declared(&self, view: &View) -> Result<usize, SessionError> {
        let Scope { closure, site, .. } = self.scope;
        let at = closure.declared.iter().position(|d| d.is(view.storage())).ok_or_else(|| {
            SessionError::Undeclared { site: (*site).clone(), shape: view.storage().shape().to_vec() }
        })?;
        let copy = &mut self.copies.borrow_mut()[at];
        if copy.is_none() {
            *copy = Some((self.scope.gather(&closure.declared[at])?, false));
        }
        Ok(at)
    }

    fn into_effects(self) -> Effects {
        let written = |(at, copy): (usize, Option<(Buffer, bool)>)| match copy {
            Some((buffer, true)) => Some((at, buffer)),
            _ => None,
        };
        self.copies.into_inner().into_iter().enumerate().filter_map(written).collect()
    }
}

impl Scope<'_> {
    /// The versions of a declared array's tiles.
    fn versions(&self, declared: &Declared) -> impl Iterator<Item = &Version> {
        let first = declared.first_access;
        self.graph.accesses(self.task)[first..first + declared.grid.tiles()]
            .iter()
            .map(|&id| self.graph.version(id))
    }

    /// A copy of a declared array.
    fn gather(&self, declared: &Declared) -> Result<Buffer, SessionError> {
        let size = declared.dtype.size();
        let mut block = BlockPool::shared().take(declared.dtype, declared.grid.len())?;
        for (tile, version) in self.versions(declared).enumerate() {
            let range = declared.grid.range(tile);
            // SAFETY: the task is ordered after the writers of the tiles, whose blocks hold `range` elements each.
            unsafe {
                let to = block.as_mut_ptr().add(range.start * size);
                std::ptr::copy_nonoverlapping(version.bytes(), to, range.len() * size);
            }
        }
        // SAFETY: the tiles cover every element.
        Ok(unsafe { block.freeze() })
    }

    /// Run the body on `tx`.
    fn run(&self, tx: &Txn<'_>) -> Result<Effects, Abort> {
        let copies = RefCell::new(self.closure.declared.iter().map(|_| None).collect());
        let context = Context { tx, scope: self, copies };
        (self.closure.body)(&context)?;
        Ok(context.into_effects())
    }

    /// Put new values of declared arrays back.
    fn publish(&self, effects: Effects) {
        for (at, buffer) in effects {
            let declared = &self.closure.declared[at];
            let size = declared.dtype.size();
            for (tile, version) in self.versions(declared).enumerate() {
                let range = declared.grid.range(tile);
                // SAFETY: the commit task overwrites the declared tiles, so it is alone with them (G2).
                unsafe {
                    let from = buffer.as_ptr().add(range.start * size);
                    std::ptr::copy_nonoverlapping(from, version.bytes_mut(), range.len() * size);
                }
            }
        }
    }
}

/// The elements of a buffer, for writing; copied if somebody else looks at them.
fn thaw(buffer: Buffer) -> Result<TileBuf, ArrayError> {
    TileBuf::try_from(buffer).or_else(|shared| {
        let mut block = BlockPool::shared().take(shared.dtype(), shared.len())?;
        let bytes = shared.len() * shared.dtype().size();
        // SAFETY: both hold `len` elements of one type; the block is new.
        unsafe { std::ptr::copy_nonoverlapping(shared.as_ptr(), block.as_mut_ptr(), bytes) };
        Ok(block)
    })
}

/// Run the body early and keep the outcome, if it is one that can be committed.
pub(crate) fn speculate(graph: &Graph, task: &Task, closure: &Closure, line: LineId, desk: &mut Desk) {
    let Line { site, odds, .. } = graph.lines.get(line);
    if !graph.forces_speculation() && odds.loses() && !odds.pays(task.statement) {
        // The closures recorded before have shown that it would be in vain.
        return;
    }
    let scope = Scope { graph, task, closure, site };
    let begin = Instant::now();
    let options = options(site);
    let prepared =
        catch_unwind(AssertUnwindSafe(|| Engine::global().prepare_with(&options, |tx| scope.run(tx))));
    let spent = begin.elapsed().as_nanos() as u64;
    match prepared {
        Ok(Ok(prepared)) => *closure.prepared.lock() = Some((prepared, spent)),
        Ok(Err(_)) => {
            odds.outcome(true);
            desk.lines.of(line).lost_ns += spent;
        }
        Err(panic) => discard(panic),
    }
}

/// Commit the closure: it is at the front of its session.
pub(crate) fn commit(
    graph: &Graph,
    task: &Task,
    closure: &Closure,
    line: LineId,
    desk: &mut Desk,
) -> Result<(), SessionError> {
    let Line { site, odds, .. } = graph.lines.get(line);
    let scope = Scope { graph, task, closure, site };
    let prepared = closure.prepared.lock().take();
    #[cfg(feature = "faults")]
    let prepared = prepared.filter(|(_, spent)| {
        let lost = graph.faults.loses_this_speculation();
        if lost {
            let key =
                conflicts::Key { loser: line, winner: None, variable: None, cause: AbortCause::StaleRead };
            desk.lost(key, 1, *spent);
        }
        !lost
    });
    if let Some((prepared, spent)) = prepared {
        #[cfg(feature = "faults")]
        if graph.faults.skips_validation() && !prepared.is_current() {
            scope.publish(prepared.peek().clone());
            return Ok(());
        }
        match prepared.commit() {
            Ok(effects) => {
                odds.outcome(false);
                odds.took(spent);
                scope.publish(effects);
                return Ok(());
            }
            Err(stale) => {
                odds.outcome(true);
                desk.lost(conflicts::stale(line, &stale), 1, spent);
            }
        }
    }
    let executions = Cell::new(0);
    let begin = Instant::now();
    let body = |tx: &Txn<'_>| {
        executions.set(executions.get() + 1);
        scope.run(tx)
    };
    // Who may be told to stop looks up from waiting for other threads every now and then.
    let options = if desk.limits.are_set() { options(site).deadline(PATIENCE) } else { options(site) };
    let outcome = loop {
        match Engine::global().try_atomically(&options, body) {
            Err(TxError::Deadline { .. }) if !desk.limits.reached() => {}
            Err(TxError::Deadline { .. }) => {
                desk.interrupted = true;
                return Err(SessionError::Cancelled);
            }
            outcome => break outcome,
        }
    };
    let spent = begin.elapsed().as_nanos() as u64;
    // None at all where the engine refuses to begin.
    let executions: u64 = executions.get();
    if executions > 1 {
        desk.lost(conflicts::foreign(line), executions - 1, spent / executions * (executions - 1));
    }
    let effects = outcome.map_err(|error| session_error(error, site))?;
    odds.took(spent / executions.max(1));
    scope.publish(effects);
    Ok(())
}

/// A transaction that conflict reports know by the closure's line.
fn options(site: &Site) -> Options {
    site.location().map_or(Options::new(), |location| Options::new().at(location))
}

fn session_error(error: TxError, site: &Site) -> SessionError {
    match error {
        TxError::Aborted(error) => match error.downcast::<SessionError>() {
            Ok(error) => *error,
            Err(error) => SessionError::Closure { site: site.clone(), message: error.to_string() },
        },
        TxError::WaitsForever { .. } => SessionError::WaitsForever { site: site.clone() },
        error => SessionError::Closure { site: site.clone(), message: error.to_string() },
    }
}
