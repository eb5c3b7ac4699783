//! An engine: a clock, the slots of its running transactions, and what dead threads left behind.
//!
//! Nothing of it is static: every model iteration and every test can have an engine of its own. Variables
//! belong to one engine; a transaction refuses the variables of another.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering::Relaxed;

use tx_runtime::fence::Fences;
#[cfg(loom)]
use tx_runtime::sync::atomic::{AtomicUsize, Ordering};
use tx_runtime::sync::{Arc, atomic::AtomicU64};

use crate::detached;
use crate::error::{Abort, TxError};
use crate::local;
use crate::options::Options;
use crate::precedence::Precedence;
use crate::prepared::Prepared;
use crate::reclaim::Orphans;
use crate::report::{ConflictReport, Record};
use crate::run;
use crate::slots::Slots;
use crate::snapshot::Snapshot;
use crate::stats::Stats;
use crate::tvar::TVar;
use crate::txn::Txn;
use crate::waiters::Waiters;

/// A field on cache lines of its own.
#[repr(align(128))]
pub(crate) struct Line<T>(pub(crate) T);

/// What the variables and threads of one engine share.
pub(crate) struct Inner {
    /// Ticks once per committed update transaction and once per batch of dead variables. Starts at 1, so that
    /// the first version of every variable, 0, is in everybody's past.
    pub(crate) clock: Line<AtomicU64>,
    pub(crate) slots: Slots,
    #[cfg(not(loom))]
    fences: Fences,
    #[cfg(loom)]
    barrier: AtomicUsize,
    /// Whether slots linger. No part of the protocol: each owner knows whether his does.
    pub(crate) linger: std::sync::atomic::AtomicBool,
    pub(crate) orphans: Orphans,
    pub(crate) waiters: Waiters,
    pub(crate) precedence: Precedence,
    pub(crate) record: Record,
    /// Never freed, so nobody needs to count who uses it.
    immortal: bool,
    /// References that are only threads' parts in the engine. No part of the protocol.
    parts: std::sync::atomic::AtomicUsize,
    /// Bytes of superseded versions that wait to be freed. No part of the protocol.
    limbo: std::sync::atomic::AtomicUsize,
    #[cfg(any(loom, feature = "faults"))]
    pub(crate) mutant: Option<crate::mutant::Mutant>,
    #[cfg(all(feature = "faults", not(loom)))]
    pub(crate) shake: crate::faults::Shake,
    #[cfg(loom)]
    point: AtomicUsize,
    #[cfg(loom)]
    ranks: std::sync::atomic::AtomicUsize,
}

impl Inner {
    /// A thread's limbo has gone from so many bytes to so many.
    pub(crate) fn limbo_changed(&self, from: usize, to: usize) {
        self.limbo.fetch_add(to.wrapping_sub(from), Relaxed);
    }

    /// A point where loom may switch threads (see `tx_runtime::sync`), counted per engine: thread-local
    /// destructors pass here after loom has dropped its statics. Nothing in a build without checkers.
    #[inline(always)]
    pub(crate) fn point(&self) {
        #[cfg(loom)]
        self.point.fetch_add(1, Ordering::Relaxed);
        #[cfg(all(feature = "faults", not(loom)))]
        self.shake.point();
    }

    /// The owner's side of the barrier between him and who evicts his slot. Under loom, which knows no barrier that one thread
    /// makes for another, each side is an exchange: one comes before the other.
    #[inline(always)]
    pub(crate) fn light(&self) {
        #[cfg(not(loom))]
        self.fences.light();
        #[cfg(loom)]
        self.barrier.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether slots linger.
    pub(crate) fn lets_linger(&self) -> bool {
        self.linger.load(Relaxed)
    }

    /// The other side; false when it cannot be had. Slots do not linger then from their next transaction on.
    #[must_use]
    pub(crate) fn heavy(&self) -> bool {
        #[cfg(not(loom))]
        {
            // A process that has been forked is refused once.
            let made = self.fences.heavy() || self.fences.heavy();
            if !made {
                self.linger.store(false, Relaxed);
            }
            made
        }
        #[cfg(loom)]
        {
            self.barrier.fetch_add(1, Ordering::AcqRel);
            true
        }
    }

    /// See `tvar::rank`.
    #[cfg(loom)]
    pub(crate) fn next_rank(&self) -> usize {
        self.ranks.fetch_add(1, Relaxed)
    }
}

/// A counted reference to an engine; the immortal one goes uncounted.
pub(crate) struct EngineRef(ManuallyDrop<Arc<Inner>>);

impl EngineRef {
    #[inline(always)]
    pub(crate) fn same(&self, other: &EngineRef) -> bool {
        std::ptr::eq::<Inner>(&**self, &**other)
    }

    /// A thread's part in the engine begins; it holds this reference until `leave`.
    pub(crate) fn join(&self) {
        self.parts.fetch_add(1, Relaxed);
    }

    /// See `join`.
    pub(crate) fn leave(&self) {
        self.parts.fetch_sub(1, Relaxed);
    }

    /// Whether anybody beside threads' parts refers to the engine: a handle, a variable, something prepared.
    /// Who could make a new such reference holds one, so `false` is final; `true` may be out of date.
    pub(crate) fn is_in_use(&self) -> bool {
        self.immortal || Arc::strong_count(&self.0) > self.parts.load(Relaxed)
    }

    pub(crate) fn is_immortal(&self) -> bool {
        self.0.immortal
    }
}

impl Deref for EngineRef {
    type Target = Inner;
    #[inline(always)]
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Clone for EngineRef {
    fn clone(&self) -> Self {
        if self.0.immortal {
            // SAFETY: the count of the immortal engine never falls, whatever is copied or dropped.
            return Self(unsafe { std::ptr::read(&self.0) });
        }
        Self(ManuallyDrop::new(Arc::clone(&self.0)))
    }
}

impl Drop for EngineRef {
    fn drop(&mut self) {
        if !self.0.immortal {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.0) }
        }
    }
}

/// A world of transactional variables: a clock and the transactions that run by it.
///
/// Most programs use the default engine through [`TVar::new`] and [`atomically`](crate::atomically()) and never
/// see this type. A second engine is a world apart: its transactions never meet those of the first, and a
/// variable used with the wrong engine is refused with [`TxError::ForeignEngine`]. Clone is one reference count.
///
/// ```
/// use stm_engine::Engine;
/// let engine = Engine::new();
/// let (a, b) = (engine.tvar(100), engine.tvar(0));
/// engine.atomically(|tx| {
///     tx.modify(&a, |x| x - 30)?;
///     tx.modify(&b, |x| x + 30)
/// });
/// assert_eq!((a.load(), b.load()), (70, 30));
/// ```
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: EngineRef,
}

// A panicking transaction leaves no trace in an engine.
impl UnwindSafe for Engine {}
impl RefUnwindSafe for Engine {}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    pub(crate) fn build(
        immortal: bool,
        #[cfg(any(loom, feature = "faults"))] mutant: Option<crate::mutant::Mutant>,
    ) -> Self {
        let fences = Fences::new();
        let inner = Inner {
            clock: Line(AtomicU64::new(1)),
            slots: Slots::new(),
            #[cfg(not(loom))]
            fences,
            #[cfg(loom)]
            barrier: AtomicUsize::new(0),
            // Without cheap fences it would cost as much as it saves.
            linger: std::sync::atomic::AtomicBool::new(fences.is_asymmetric()),
            orphans: Orphans::new(),
            waiters: Waiters::new(),
            precedence: Precedence::new(),
            record: Record::new(),
            immortal,
            parts: std::sync::atomic::AtomicUsize::new(0),
            limbo: std::sync::atomic::AtomicUsize::new(0),
            #[cfg(any(loom, feature = "faults"))]
            mutant,
            #[cfg(all(feature = "faults", not(loom)))]
            shake: crate::faults::Shake::default(),
            #[cfg(loom)]
            point: AtomicUsize::new(0),
            #[cfg(loom)]
            ranks: std::sync::atomic::AtomicUsize::new(0),
        };
        Self { inner: EngineRef(ManuallyDrop::new(Arc::new(inner))) }
    }

    /// A new world without variables.
    pub fn new() -> Self {
        Self::build(
            false,
            #[cfg(any(loom, feature = "faults"))]
            None,
        )
    }

    /// An engine with one seeded mistake, for tests of models.
    #[cfg(loom)]
    pub fn with_mutant(mutant: crate::mutant::Mutant) -> Self {
        Self::build(false, Some(mutant))
    }

    /// The same, with slots that linger; nobody else knows it yet.
    #[cfg(loom)]
    #[must_use]
    pub fn lingering(self) -> Self {
        self.inner.linger.store(true, Relaxed);
        self
    }

    /// Evict every slot that lingers.
    #[cfg(loom)]
    pub fn evict(&self) {
        self.inner.slots.evict(&self.inner, crate::slots::FOREVER);
    }

    /// The engine of [`TVar::new`](crate::TVar::new) and of the free functions.
    #[cfg(not(loom))]
    pub(crate) fn immortal() -> Self {
        Self::build(
            true,
            #[cfg(feature = "faults")]
            None,
        )
    }

    /// A variable of this engine.
    pub fn tvar<T: Send + Sync + 'static>(&self, value: T) -> TVar<T> {
        TVar::in_engine(&self.inner, None, value)
    }

    /// A variable of this engine that errors and reports call by a name.
    pub fn labelled<T: Send + Sync + 'static>(&self, label: &'static str, value: T) -> TVar<T> {
        TVar::in_engine(&self.inner, Some(label), value)
    }

    /// Run `body` as one transaction: all of its writes appear at once, or none, and everything that it reads
    /// belongs to one moment. It runs again until it commits.
    ///
    /// The body may run several times, so it must not have effects of its own beside those on variables.
    /// A [`retry`](Txn::retry) waits until something that the body read has changed.
    ///
    /// # Panics
    /// When the body panics (nothing is poisoned, nothing is written), ends itself with an error, uses a
    /// variable of another engine or retries having read nothing: [`try_atomically`](Self::try_atomically)
    /// returns an error for the latter three, and for a `retry` after
    /// [`become_irrevocable`](Txn::become_irrevocable), which panics here too. When a transaction is already open on this thread; the message
    /// names both lines.
    #[track_caller]
    pub fn atomically<R>(&self, body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>) -> R {
        run::atomically(&self.inner, Location::caller(), body)
    }

    /// Run `body` as one transaction, as [`atomically`](Self::atomically), within limits.
    ///
    /// # Errors
    /// Every case of [`TxError`] except `Blocked` and `IrrevocablePrepare`. The transaction has then left no trace.
    #[track_caller]
    pub fn try_atomically<R>(
        &self,
        options: &Options,
        body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
    ) -> Result<R, TxError> {
        run::try_atomically(&self.inner, options, options.site.unwrap_or(Location::caller()), body)
    }

    /// Run `body` once, irrevocably: it cannot lose, so it may have effects of its own. Others go on reading and
    /// computing, and wait to commit until it has ended. See [`Txn::become_irrevocable`].
    ///
    /// # Errors
    /// [`TxError::Deadline`] when another irrevocable transaction does not end in time, the error of the body, and the
    /// misuses of [`TxError`]: a nested transaction, another engine's variable, `retry`. It has then left no trace in
    /// variables.
    ///
    /// ```
    /// use stm_engine::{Engine, Options};
    /// let engine = Engine::new();
    /// let lines = engine.tvar(vec!["first", "second"]);
    /// let printed = engine.irrevocably(&Options::new(), |tx| {
    ///     let lines = tx.replace(&lines, Vec::new())?;
    ///     lines.iter().for_each(|line| println!("{line}"));
    ///     Ok(lines.len())
    /// });
    /// assert_eq!((printed.unwrap(), lines.load().len()), (2, 0));
    /// ```
    #[track_caller]
    pub fn irrevocably<R>(
        &self,
        options: &Options,
        body: impl for<'tx> FnOnce(&Txn<'tx>) -> Result<R, Abort>,
    ) -> Result<R, TxError> {
        run::irrevocable(&self.inner, options, options.site.unwrap_or(Location::caller()), body)
    }

    /// Read any number of variables as they were at one moment. Never aborts, never runs `read` twice, never
    /// stops a writer; while it runs, the versions of that moment are kept.
    ///
    /// # Panics
    /// When a transaction is already open on this thread, with both lines; when `read` panics; when it uses a
    /// variable of another engine.
    ///
    /// ```
    /// use stm_engine::Engine;
    /// let engine = Engine::new();
    /// let (a, b) = (engine.tvar(1), engine.tvar(2));
    /// assert_eq!(engine.snapshot(|s| s.get(&a) + s.get(&b)), 3);
    /// ```
    #[track_caller]
    pub fn snapshot<R>(&self, read: impl for<'s> FnOnce(&Snapshot<'s>) -> R) -> R {
        run::snapshot(&self.inner, Location::caller(), read)
    }

    /// A long computation as one transaction that holds nothing up: `look` at one moment and take what is needed,
    /// `compute` with no transaction open, then `publish` in a short transaction, if everything that `look` saw is still
    /// as it was. If not, all three run again; so `compute` must not write, by a transaction of its own, what `look` sees: no
    /// round would ever be the last. Reads of `publish` itself belong to its own, later moment.
    ///
    /// While a transaction or snapshot runs, the engine keeps all versions since its start; a body that takes longer than
    /// some 100 µs beside busy writers is better detached.
    ///
    /// # Errors
    /// As [`try_atomically`](Self::try_atomically); limits count over all rounds. After
    /// [`irrevocable_after`](Options::irrevocable_after) losses others do not commit while it computes.
    ///
    /// ```
    /// use stm_engine::{Engine, Options};
    /// let engine = Engine::new();
    /// let (numbers, sum) = (engine.tvar(vec![1, 2, 3]), engine.tvar(0));
    /// let total = engine.detached(
    ///     &Options::new(),
    ///     |s| s.get(&numbers).clone(),
    ///     |numbers| numbers.iter().sum::<i32>(),
    ///     |tx, &total| tx.set(&sum, total).map(|()| total),
    /// );
    /// assert_eq!((total.unwrap(), sum.load()), (6, 6));
    /// ```
    #[track_caller]
    pub fn detached<A, B, R>(
        &self,
        options: &Options,
        look: impl for<'s> Fn(&Snapshot<'s>) -> A,
        compute: impl Fn(A) -> B,
        publish: impl for<'tx> Fn(&Txn<'tx>, &B) -> Result<R, Abort>,
    ) -> Result<R, TxError> {
        let site = options.site.unwrap_or(Location::caller());
        detached::detached(&self.inner, options, site, look, compute, publish)
    }

    /// Run `body` on the newest committed state and keep what it read and would write, without committing.
    ///
    /// [`Prepared::commit`] later publishes it, from any thread, if nothing that it read has changed. The body
    /// sees one consistent moment and its own writes; a conflict while it runs makes it run again.
    ///
    /// # Errors
    /// [`TxError::Blocked`] when the body asked to `retry`: it never waits. Otherwise as
    /// [`try_atomically`](Self::try_atomically).
    ///
    /// ```
    /// use stm_engine::Engine;
    /// let engine = Engine::new();
    /// let n = engine.tvar(1);
    /// let double = engine.prepare(|tx| { tx.modify(&n, |n| n * 2)?; Ok("doubled") }).unwrap();
    /// assert_eq!(n.load(), 1);
    /// assert_eq!(double.commit(), Ok("doubled"));
    /// assert_eq!(n.load(), 2);
    /// ```
    #[track_caller]
    pub fn prepare<R>(
        &self,
        body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
    ) -> Result<Prepared<R>, TxError> {
        run::prepare(&self.inner, &Options::new(), Location::caller(), body)
    }

    /// [`prepare`](Self::prepare) within limits.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    #[track_caller]
    pub fn prepare_with<R>(
        &self,
        options: &Options,
        body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
    ) -> Result<Prepared<R>, TxError> {
        run::prepare(&self.inner, options, options.site.unwrap_or(Location::caller()), body)
    }

    /// What happened so far, on all threads.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.inner.slots.each_counts(|counts| stats.absorb(counts));
        stats.waiting = self.inner.waiters.len();
        stats.limbo_bytes = self.inner.limbo.load(Relaxed);
        stats
    }

    /// Record from now on who loses to whom, or stop recording. It costs two looks at the clock per attempt.
    pub fn record_conflicts(&self, on: bool) {
        self.inner.record.switch(on);
    }

    /// Who lost to whom, on what and how much time, while [`record_conflicts`](Self::record_conflicts) was on.
    ///
    /// ```
    /// use stm_engine::Engine;
    /// let engine = Engine::new();
    /// engine.record_conflicts(true);
    /// let n = engine.labelled("n", 0);
    /// let slow = engine.prepare(|tx| tx.modify(&n, |n| n + 1)).unwrap();
    /// engine.atomically(|tx| tx.modify(&n, |n| n * 2));
    /// assert!(slow.commit().is_err());
    /// let report = engine.conflicts();
    /// let row = report.top(1)[0];
    /// assert_eq!((row.times, row.variable), (1, Some("n")));
    /// assert_eq!(row.winner.unwrap().line(), row.loser.line() + 1);
    /// ```
    pub fn conflicts(&self) -> ConflictReport {
        self.inner.record.read()
    }

    /// Free what this thread has superseded and nobody can read any more, now instead of in a batch later.
    ///
    /// Destructors of values run here. Not needed for soundness or bounded memory; useful before looking at
    /// memory, and after dropping something large. Does nothing while a transaction is open on this thread.
    pub fn reclaim(&self) {
        if crate::open::is_open() {
            return;
        }
        local::with(&self.inner, |local| local.reclaim());
    }
}
