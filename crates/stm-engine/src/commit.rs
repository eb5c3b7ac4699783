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

use std::panic::Location;
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
#[inline(always)]
pub(crate) fn commit(inner: &Inner, frame: &Frame, logs: &mut Logs, check: Check) -> Result<u64, Refused> {
    let (rv, site, rights) = (frame.rv.get(), frame.site.get(), frame.rights.get());
    if logs.writes.is_empty() {
        return match check {
            Check::IfTicked => Ok(rv),
            Check::Always => now_current(inner, logs),
        };
    }
    // Most transactions write one variable, and need no loops.
    if let [write] = logs.writes.as_mut_slice()
        && !mutant!(inner, TickBeforeLock)
        && !mutant!(inner, CommuteBeforeLock)
        // SAFETY: cores met by this attempt live until its slot is idle.
        && let Some(old) = try_lock(inner, unsafe { write.core.as_ref() })
    {
        write.old = old;
        if inner.precedence.is_quiet(inner, rights) || give_way(inner, frame, &logs.writes)? {
            let wv = tick(inner);
            if check == Check::Always || wv != rv + 1 {
                validate(inner, rights, logs, check)?;
            }
            if logs.commutes {
                apply_all(&mut logs.writes, |write| strip(write.old));
            }
            if publish(&logs.writes[0], wv, site) && !mutant!(inner, WakeNobody) {
                wake(inner, &logs.writes);
            }
            return Ok(wv);
        }
    }
    commit_all(inner, frame, logs, check)
}

#[inline(never)]
fn commit_all(inner: &Inner, frame: &Frame, logs: &mut Logs, check: Check) -> Result<u64, Refused> {
    let (rv, site, rights) = (frame.rv.get(), frame.site.get(), frame.rights.get());
    logs.sort_writes();
    let early = mutant!(inner, TickBeforeLock).then(|| tick(inner));
    if mutant!(inner, CommuteBeforeLock) {
        apply_all(&mut logs.writes, |write| {
            // SAFETY: none; this is a mistake for the model to find.
            strip(unsafe { write.core.as_ref() }.head.load(Ordering::Acquire))
        });
    }
    loop {
        for at in 0..logs.writes.len() {
            let write = &mut logs.writes[at];
            // SAFETY: cores met by this attempt live until its slot is idle.
            match try_lock(inner, unsafe { write.core.as_ref() }) {
                Some(old) => write.old = old,
                None => lock_contended(inner, rights, &mut logs.writes, at)?,
            }
        }
        if inner.precedence.is_quiet(inner, rights) || give_way(inner, frame, &logs.writes)? {
            break;
        }
    }
    let wv = early.unwrap_or_else(|| tick(inner));
    if check == Check::Always || wv != rv + 1 {
        validate(inner, rights, logs, check)?;
    }
    if logs.commutes {
        apply_all(&mut logs.writes, |write| strip(write.old));
    }
    let mut waited = false;
    for write in &logs.writes {
        waited |= publish(write, wv, site);
    }
    if waited && !mutant!(inner, WakeNobody) {
        wake(inner, &logs.writes);
    }
    Ok(wv)
}

/// Make one write visible and unlock its variable; whether somebody waits for it.
#[inline(always)]
fn publish(write: &Write, wv: u64, site: Option<&'static Location<'static>>) -> bool {
    // SAFETY: the node is ours alone until the store below (W1, N1); cores live while our slot is published.
    let core = unsafe {
        stamp(write.node.as_ptr(), wv, strip(write.old), site);
        write.core.as_ref()
    };
    // ORDER: Release, pairs with the Acquire of readers: who sees the node sees value and stamp. Unlocks.
    core.head.store(write.node.as_ptr(), Ordering::Release);
    write.old.addr() & WAIT != 0
}

/// Somebody claims to go before others: whether this one may go on nevertheless. If not, it has unlocked.
#[cold]
#[inline(never)]
fn give_way(inner: &Inner, frame: &Frame, writes: &[Write]) -> Result<bool, Refused> {
    let Some(objection) = inner.precedence.objection(inner, frame.rights.get(), writes) else {
        return Ok(true);
    };
    unlock(inner, writes);
    match objection {
        Objection::Reader(core) => Err((Cause::Priority, core)),
        Objection::Token if inner.precedence.wait_for_token(inner, frame.until.get()) => Ok(false),
        Objection::Token => Err((Cause::Irrevocable, writes[0].core)),
    }
}

/// See that all that was read is current at our tick, or unlock.
#[inline(never)]
fn validate(inner: &Inner, rights: Rights, logs: &Logs, check: Check) -> Result<(), Refused> {
    let trust = match check {
        // What the irrevocable has read, nobody has replaced.
        Check::IfTicked => rights.token || mutant!(inner, NoValidation),
        Check::Always => mutant!(inner, TrustPrepared),
    };
    if !trust && let Some(stale) = first_stale(inner, logs, true) {
        unlock(inner, &logs.writes);
        return Err((Cause::StaleRead, stale));
    }
    Ok(())
}

/// Wake those who wait for any of these variables.
#[cold]
fn wake(inner: &Inner, writes: &[Write]) {
    let waiting = writes.iter().filter(|write| write.old.addr() & WAIT != 0);
    waiting.for_each(|write| inner.waiters.wake(write.core));
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

/// Take a variable's lock; the head it had, or `None` when somebody has it.
#[inline(always)]
fn try_lock(inner: &Inner, core: &Core) -> Option<*mut Header> {
    inner.point();
    let head = core.head.load(Ordering::Relaxed);
    if is_locked(head) {
        return None;
    }
    // ORDER: Acquire: the version we replace, and free one day, was written before. SeqCst: before the look at the
    // claims of others, see precedence.rs.
    core.head.compare_exchange(head, locked(head), Ordering::SeqCst, Ordering::Relaxed).ok()
}

/// Take the lock that somebody had a moment ago, or give up those before it.
#[cold]
#[inline(never)]
fn lock_contended(inner: &Inner, rights: Rights, writes: &mut [Write], at: usize) -> Result<(), Refused> {
    let turns = if rights.level > 0 { 16 * wait::LOCK_TURNS } else { wait::LOCK_TURNS };
    let mut turn = 0;
    while turn < turns || rights.token || rights.passes {
        wait::relax(&mut turn);
        // SAFETY: cores met by this attempt live until its slot is idle.
        if let Some(old) = try_lock(inner, unsafe { writes[at].core.as_ref() }) {
            writes[at].old = old;
            return Ok(());
        }
    }
    unlock(inner, &writes[..at]);
    Err((Cause::WriteLocked, writes[at].core))
}

#[cold]
#[inline(never)]
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
