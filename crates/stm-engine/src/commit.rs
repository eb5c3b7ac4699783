//! Commit: lock the write set, tick the clock, validate the read set, publish, unlock.
//!
//! **Invariants** C1: locks are taken in one order for all, that of addresses, before the tick. C2: a version is stamped with the tick
//! before it is published. C3: between the first lock and the last unlock nothing allocates, compares, drops or
//! calls user code, and nobody waits but for a bounded number of turns.
//!
//! **Opacity.** A reader with `rv >= wv` read the clock after the tick, so it finds every variable of the write
//! set locked or published; a reader with `rv < wv` finds a version newer than its snapshot. **Serial order** is
//! that of `wv`: all that an update transaction read was current, and not about to be replaced at an earlier
//! tick, when it had its own tick.
//!
//! **Orderings** lock (Acquire) and publish (Release) pair as in a lock; the tick (SeqCst) pairs with the clock
//! read of `Slot::publish`.
//! **Progress** nobody but the irrevocable waits while holding a lock for longer than a few turns; the loser unlocks and
//! runs again, and one that keeps losing goes before the others (precedence.rs).
//! **Source** TL2: Dice, Shalev, Shavit, DISC 2006; extension and lazy locking after Spear, Dalessandro,
//! Marathe, Scott, PPoPP 2009.
//! **Checked by** tests/loom_commit.rs, tests/laws.rs.

use std::ptr::NonNull;

use tx_runtime::sync::atomic::Ordering;

use crate::engine::Inner;
use crate::error::Cause;
use crate::frame::{Frame, first_stale};
use crate::logs::{Logs, Write};
use crate::mutant::mutant;
use crate::node::{Header, WAIT, is_locked, locked, stamp, strip};
use crate::precedence::{Objection, Rights};
use crate::tvar::Core;
use crate::wait;

/// When the read set is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// When somebody else ticked since the snapshot; a transaction without writes not at all, because it has
    /// happened at its snapshot.
    IfTicked,
    /// Always: what was read must be current now.
    Always,
}

/// Why a commit was refused, and on which variable.
pub(crate) type Refused = (Cause, NonNull<Core>);

/// Publish the write log at the returned time, or leave everything as it was. After it the entries' `old` are
/// the superseded versions, which the caller owns.
pub(crate) fn commit(inner: &Inner, frame: &Frame, logs: &mut Logs, check: Check) -> Result<u64, Refused> {
    let (rv, site, rights) = (frame.rv.get(), frame.site.get(), frame.rights.get());
    if logs.writes.is_empty() {
        return match check {
            Check::IfTicked => Ok(rv),
            Check::Always => now_current(inner, logs),
        };
    }
    logs.sort_writes();
    let early = mutant!(inner, TickBeforeLock).then(|| tick(inner));
    if mutant!(inner, CommuteBeforeLock) {
        apply_all(&mut logs.writes, |write| {
            // SAFETY: none; this is a mistake for the model to find.
            strip(unsafe { write.core.as_ref() }.head.load(Ordering::Acquire))
        });
    }
    loop {
        lock_all(inner, rights, &mut logs.writes)?;
        let Some(objection) = inner.precedence.objection(inner, rights, &logs.writes) else { break };
        unlock(inner, &logs.writes);
        match objection {
            Objection::Reader(core) => return Err((Cause::Priority, core)),
            Objection::Token => {
                if !inner.precedence.wait_for_token(inner, frame.until.get()) {
                    return Err((Cause::Irrevocable, logs.writes[0].core));
                }
            }
        }
    }
    let wv = early.unwrap_or_else(|| tick(inner));
    // What the irrevocable has read, nobody has replaced.
    if check == Check::Always || (wv != rv + 1 && !rights.token) {
        let trust = match check {
            Check::IfTicked => mutant!(inner, NoValidation),
            Check::Always => mutant!(inner, TrustPrepared),
        };
        if !trust && let Some(stale) = first_stale(inner, logs, true) {
            unlock(inner, &logs.writes);
            return Err((Cause::StaleRead, stale));
        }
    }
    if logs.commutes {
        apply_all(&mut logs.writes, |write| strip(write.old));
    }
    let mut waited = 0;
    for write in &logs.writes {
        waited |= write.old.addr() & WAIT;
        // SAFETY: the node is ours alone until the store below (W1, N1); cores live while our slot is published.
        let core = unsafe {
            stamp(write.node.as_ptr(), wv, strip(write.old), site);
            write.core.as_ref()
        };
        // ORDER: Release, pairs with the Acquire of readers: who sees the node sees value and stamp. Unlocks.
        core.head.store(write.node.as_ptr(), Ordering::Release);
    }
    if waited != 0 && !mutant!(inner, WakeNobody) {
        let waiting = logs.writes.iter().filter(|write| write.old.addr() & WAIT != 0);
        waiting.for_each(|write| inner.waiters.wake(write.core));
    }
    Ok(wv)
}

/// A transaction without writes that has to be current: all of its reads belong to the time returned.
fn now_current(inner: &Inner, logs: &Logs) -> Result<u64, Refused> {
    inner.point();
    // ORDER: Acquire, before the reads are looked at, as in `Frame::extend`.
    let now = inner.clock.0.load(Ordering::Acquire);
    if mutant!(inner, TrustPrepared) {
        return Ok(now);
    }
    first_stale(inner, logs, false).map_or(Ok(now), |core| Err((Cause::StaleRead, core)))
}

fn tick(inner: &Inner) -> u64 {
    inner.point();
    // ORDER: SeqCst. Release half: who reads this time sees our locks. Against `Slot::publish` and the scan it
    // is ordered as slots.rs argues.
    inner.clock.0.fetch_add(1, Ordering::SeqCst) + 1
}

/// Apply pending commutative writes to the versions that they replace, which are locked.
#[cold]
fn apply_all(writes: &mut [Write], version: impl Fn(&Write) -> *mut Header) {
    for write in writes {
        if let Some(apply) = write.apply.take() {
            // SAFETY: the node is ours and given out to nobody (M1); the version is current and of the same type.
            unsafe { apply.apply(write.node, version(write)) };
        }
    }
}

fn lock_all(inner: &Inner, rights: Rights, writes: &mut [Write]) -> Result<(), Refused> {
    for at in 0..writes.len() {
        // SAFETY: cores met by this attempt live until its slot is idle.
        match lock(inner, rights, unsafe { writes[at].core.as_ref() }) {
            Some(old) => writes[at].old = old,
            None => {
                unlock(inner, &writes[..at]);
                return Err((Cause::WriteLocked, writes[at].core));
            }
        }
    }
    Ok(())
}

/// Take a variable's lock; the head it had, or `None` when somebody keeps it.
fn lock(inner: &Inner, rights: Rights, core: &Core) -> Option<*mut Header> {
    let mut turn = 0;
    let turns = if rights.level > 0 { 16 * wait::LOCK_TURNS } else { wait::LOCK_TURNS };
    loop {
        inner.point();
        let head = core.head.load(Ordering::Relaxed);
        // ORDER: Acquire: the version we replace, and free one day, was written before. SeqCst: before the look at
        // the claims of others, see precedence.rs.
        if !is_locked(head)
            && core.head.compare_exchange(head, locked(head), Ordering::SeqCst, Ordering::Relaxed).is_ok()
        {
            return Some(head);
        }
        if turn >= turns && !rights.token {
            return None;
        }
        wait::relax(&mut turn);
    }
}

fn unlock(inner: &Inner, writes: &[Write]) {
    if mutant!(inner, KeepLocks) {
        return;
    }
    for write in writes {
        let head = if mutant!(inner, UnlockForgetsWaiters) { strip(write.old) } else { write.old };
        // SAFETY: cores met by this attempt live until its slot is idle.
        // ORDER: Release, as a lock's; nothing changed under it.
        unsafe { write.core.as_ref() }.head.store(head, Ordering::Release);
    }
}
