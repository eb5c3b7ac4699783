//! What a checker of the engine needs to see and to break. Built only with the feature `faults`.
//!
//! *See*: the time of a snapshot, of a commit, of every version read. *Break*: one line of the protocol
//! ([`Mutant`]). *Shake*: give the processor away at random between two steps of the protocol, so that a few
//! threads on a few cores meet in the windows of nanoseconds that mistakes need.
//!
//! **Sound with every mistake offered.** An engine with a mistake keeps a slot published from its first moment on,
//! so it frees nothing while it lives: a reader led astray finds a wrong value, never freed memory. The mistakes of
//! reclamation itself are for the model, and refused here.

use tx_runtime::sync::atomic::{AtomicU64, Ordering};
use tx_runtime::sync::thread;

use crate::engine::Engine;
use crate::error::Abort;
use crate::local;
use crate::mutant::Mutant;
use crate::node::{Node, version};
use crate::slots::Stay;
use crate::snapshot::Snapshot;
use crate::tvar::TVar;
use crate::txn::Txn;

/// How to disturb an engine; the default is not at all.
///
/// ```
/// use stm_engine::{Engine, Faults, Mutant};
/// let engine = Engine::with_faults(Faults::new().mutant(Mutant::NoValidation).shake(20));
/// let n = engine.tvar(1);
/// assert_eq!(engine.atomically(|tx| Ok(*tx.get(&n)?)), 1);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    mutant: Option<Mutant>,
    one_in: u64,
}

impl Faults {
    /// None.
    pub const fn new() -> Self {
        Self { mutant: None, one_in: 0 }
    }

    /// The mistakes that an engine outside the model can be given: those that show in values.
    pub const MUTANTS: &[Mutant] = &[
        Mutant::ReadUnderLock,
        Mutant::TickBeforeLock,
        Mutant::NoValidation,
        Mutant::TrustForeignLocks,
        Mutant::ExtendBlindly,
        Mutant::NewestInSnapshot,
        Mutant::TrustPrepared,
    ];

    /// Make this mistake.
    ///
    /// # Panics
    /// When it is none of [`MUTANTS`](Self::MUTANTS).
    pub fn mutant(self, mutant: Mutant) -> Self {
        assert!(Self::MUTANTS.contains(&mutant), "{mutant:?} is for the model only");
        Self { mutant: Some(mutant), ..self }
    }

    /// Yield the processor at about one step of the protocol in `one_in`; 0 for never.
    pub const fn shake(self, one_in: u64) -> Self {
        Self { one_in, ..self }
    }
}

/// Where an engine's threads give the processor away.
#[derive(Default)]
pub(crate) struct Shake {
    one_in: AtomicU64,
    /// Steps so far. Shared, so that threads that run in step draw different numbers.
    steps: AtomicU64,
}

impl Shake {
    #[inline(always)]
    pub(crate) fn point(&self) {
        let one_in = self.one_in.load(Ordering::Relaxed);
        if one_in != 0 {
            self.draw(one_in);
        }
    }

    #[cold]
    fn draw(&self, one_in: u64) {
        // The finaliser of SplitMix64 over a counter: Steele, Lea, Flood, OOPSLA 2014.
        let z = self.steps.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        if (z ^ (z >> 31)).is_multiple_of(one_in) {
            thread::yield_now();
        }
    }
}

impl Engine {
    /// A new world that is disturbed.
    pub fn with_faults(faults: Faults) -> Self {
        let engine = Self::build(false, faults.mutant);
        let inner = &engine.inner;
        if faults.mutant.is_some() {
            // SAFETY: slots live as long as the engine. Never released: see the module's head.
            unsafe { inner.slots.claim().as_ref() }.publish(inner, &Stay::default());
        }
        inner.shake.one_in.store(faults.one_in, Ordering::Relaxed);
        engine
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> u64 {
        // ORDER: SeqCst: a time read before a transaction begins is not after its snapshot, one read after it ends
        // not before its commit.
        self.inner.clock.0.load(Ordering::SeqCst)
    }

    /// When this thread's last committed transaction took effect: one with writes at the time of its versions, one
    /// without at its snapshot.
    pub fn committed_at(&self) -> u64 {
        local::with(&self.inner, |local| local.committed.get())
    }
}

impl<'tx> Txn<'tx> {
    /// The time of the snapshot; it moves forward when the snapshot is extended.
    pub fn time(&self) -> u64 {
        self.frame.rv.get()
    }

    /// [`get`](Self::get), and the time of the version: 0 for the first one of a variable, `None` for a value of this
    /// transaction's own.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_with_time<T>(&self, var: &TVar<T>) -> Result<(&'tx T, Option<u64>), Abort>
    where
        T: Send + Sync + 'static,
    {
        let core = self.ours(var.core())?;
        let node = self.frame.read(self.local, core)?;
        let own = self.frame.own(core).is_some();
        // SAFETY: a live version of this variable; it lives until the attempt ends, and 'tx is inside that.
        unsafe { Ok((Node::<T>::value(node), (!own).then(|| version(node)))) }
    }
}

impl<'s> Snapshot<'s> {
    /// The moment.
    pub fn time(&self) -> u64 {
        self.frame.rv.get()
    }

    /// What [`get`](Self::get) gives, and the time of the version: 0 for the first one of a variable.
    pub fn get_with_time<T: Send + Sync + 'static>(&self, var: &TVar<T>) -> (&'s T, u64) {
        let core = var.core();
        assert!(core.engine.same(&self.local.engine), "a variable of another engine");
        let node = self.frame.read_at_snapshot(&self.local.engine, core);
        // SAFETY: a live version of this variable, as in `get`.
        unsafe { (Node::<T>::value(node), version(node)) }
    }
}
