//! Seeded mistakes, for checkers only: each one breaks the line of the protocol that it names.
//!
//! A check that no mistake can turn red proves nothing, so every `tests/loom_*.rs` runs again with the mutants
//! that it claims to catch, and so does the checker of histories (feature `faults`, see faults.rs). Without either
//! the switch is the constant `false` and compiles away.

/// One wrong line of the protocol; see `Engine::with_mutant` and `Engine::with_faults`.
#[cfg(any(loom, feature = "faults"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutant {
    /// A reader takes the version under a lock for the current one.
    ReadUnderLock,
    /// The committer ticks the clock before it locks its write set.
    TickBeforeLock,
    /// The committer does not validate its read set.
    NoValidation,
    /// The committer validates a read only where nobody holds the variable's lock, without asking whether
    /// the lock is a stranger's.
    TrustForeignLocks,
    /// A timestamp extension moves the snapshot without looking at the reads already made.
    ExtendBlindly,
    /// A snapshot read takes the newest version instead of walking back to its own.
    NewestInSnapshot,
    /// No fence between the publication of a slot and the reading of the clock.
    NoSlotFence,
    /// The snapshot time is read before the slot is published.
    SlotAfterClock,
    /// Superseded versions are freed at once instead of when no snapshot can need them.
    FreeAtOnce,
    /// The scan for the oldest snapshot looks at the first chunk of slots only.
    ScanFirstChunk,
    /// A thread that exits frees its limbo instead of handing over what somebody may still read.
    ExitFreesLimbo,
    /// The last handle of a variable frees it at once.
    DropFreesCore,
    /// A slot goes idle without releasing the reads made under it.
    RelaxedIdle,
    /// Who begins under a time that lingers does not order saying so before the look at the mark.
    NoLight,
    /// Who evicts a slot makes nobody pass a barrier.
    NoHeavy,
    /// A lingering slot counts as idle before its owner is sure to see the mark.
    TrustAsked,
    /// A lingering slot that is marked counts as idle although a transaction runs under it.
    EvictBusy,
    /// A failed commit forgets to unlock.
    KeepLocks,
    /// A prepared transaction publishes without validating.
    TrustPrepared,
    /// Who asks to wait sleeps without looking whether what it has read is still current.
    SleepOnChanged,
    /// A committer publishes without waking those who wait for the variable.
    WakeNobody,
    /// A committer that gives up forgets that somebody waits for the variable.
    UnlockForgetsWaiters,
    /// A branch that is rolled back takes its reads with it.
    ForgetBranchReads,
    /// Committers do not look whether somebody is irrevocable.
    IgnoreToken,
    /// Who becomes irrevocable does not look whether what it has read is still current.
    NoSettling,
    /// Committers do not look who reads visibly what they would replace.
    IgnoreReaders,
    /// Commutative writes are applied before the variable is locked.
    CommuteBeforeLock,
    /// A detached computation is published without asking whether what it started from is still current.
    TrustDetached,
}

#[cfg(any(loom, feature = "faults"))]
impl Mutant {
    /// Every mistake.
    pub const ALL: &[Mutant] = &[
        Self::ReadUnderLock,
        Self::TickBeforeLock,
        Self::NoValidation,
        Self::TrustForeignLocks,
        Self::ExtendBlindly,
        Self::NewestInSnapshot,
        Self::NoSlotFence,
        Self::SlotAfterClock,
        Self::FreeAtOnce,
        Self::ScanFirstChunk,
        Self::ExitFreesLimbo,
        Self::DropFreesCore,
        Self::RelaxedIdle,
        Self::NoLight,
        Self::NoHeavy,
        Self::TrustAsked,
        Self::EvictBusy,
        Self::KeepLocks,
        Self::TrustPrepared,
        Self::SleepOnChanged,
        Self::WakeNobody,
        Self::UnlockForgetsWaiters,
        Self::ForgetBranchReads,
        Self::IgnoreToken,
        Self::NoSettling,
        Self::IgnoreReaders,
        Self::CommuteBeforeLock,
        Self::TrustDetached,
    ];
}

/// Whether the engine carries this mistake; `false` where nobody can ask for one.
macro_rules! mutant {
    ($inner:expr, $name:ident) => {{
        #[cfg(any(loom, feature = "faults"))]
        let wrong = $inner.mutant == Some($crate::mutant::Mutant::$name);
        #[cfg(not(any(loom, feature = "faults")))]
        let wrong = {
            let _ = &$inner;
            false
        };
        wrong
    }};
}
pub(crate) use mutant;
