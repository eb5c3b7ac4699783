//! The loop around a body: attempts until one commits or a limit is reached.
//!
//! Destructors of values that an attempt gave up run between attempts, those of superseded versions after the
//! last one, when the transaction is closed: both may start transactions of their own.

use std::any::Any;
use std::cell::Cell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::time::Instant;

use crate::attempt::{Attempt, CommitLost};
use crate::commit::Check;
use crate::engine::EngineRef;
use crate::error::{Abort, Cause, Conflict, Reason, TxError};
use crate::frame::{Asked, Frame, Loss, Mode, Reading};
use crate::hooks::Hooks;
use crate::local::{self, Local};
use crate::open::{self, Open};
use crate::options::{Options, Policy};
use crate::precedence;
use crate::prepared::Prepared;
use crate::snapshot::Snapshot;
use crate::stats::Count;
use crate::txn::Txn;
use crate::wait;
use crate::waiters::Registration;

type Site = &'static Location<'static>;

const NO_BASIS: &str = "only a detached computation has a basis to lose";

pub(crate) fn atomically<R>(
    engine: &EngineRef,
    site: Site,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> R {
    match try_atomically(engine, &const { Options::new() }, site, body) {
        Ok(value) => value,
        Err(error) => fail(site, &error),
    }
}

#[cold]
fn fail(site: Site, error: &TxError) -> ! {
    match error {
        TxError::Nested { .. } => panic!("{error}"),
        _ => panic!("atomically at {site}: {error}"),
    }
}

pub(crate) fn try_atomically<R>(
    engine: &EngineRef,
    options: &Options,
    site: Site,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<R, TxError> {
    let open = Open::enter(site)?;
    let local = local::of(engine);
    let lease = local.lease();
    lease.site.set(Some(site));
    let result = commit(&local, &lease, options, body);
    drop(lease);
    drop(open);
    local.tidy();
    let (value, hooks) = result?;
    hooks.run();
    Ok(value)
}

/// `drive` to a commit, with little to do for a transaction that asks for nothing special and does not lose.
#[inline]
fn commit<R>(
    local: &Local,
    frame: &Frame,
    options: &Options,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<(R, Hooks), TxError> {
    let mut first = None;
    let plain = options.deadline.is_none()
        && options.irrevocable_after > 0
        && !local.engine.precedence.is_held_here();
    #[cfg(loom)]
    let plain = plain && options.level == 0;
    if plain {
        match once(Attempt::begin(local, frame, true), Goal::Commit, &body) {
            Ok(end) => return Ok(end),
            Err(why) => first = Some(why),
        }
    }
    let mut pace = Pace::new(local, frame, options, Goal::Commit);
    if let Some(why) = first {
        pace.go_on(why)?;
    }
    Ok(drive(&mut pace, body)?.expect(NO_BASIS))
}

pub(crate) fn irrevocable<R>(
    engine: &EngineRef,
    options: &Options,
    site: Site,
    body: impl for<'tx> FnOnce(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<R, TxError> {
    let options = options.irrevocable_after(0).max_attempts(1);
    let body = Cell::new(Some(body));
    try_atomically(engine, &options, site, |tx| {
        tx.become_irrevocable()?;
        // It holds the token, so no other attempt follows.
        body.take().expect("runs once")(tx)
    })
}

pub(crate) fn prepare<R>(
    engine: &EngineRef,
    options: &Options,
    site: Site,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<Prepared<R>, TxError> {
    let open = Open::enter(site)?;
    let local = local::of(engine);
    let lease = local.lease();
    lease.site.set(Some(site));
    let result = drive(&mut Pace::new(&local, &lease, options, Goal::Prepare), body);
    // The hooks are still in the log: they run when it commits.
    let result = result.map(|end| {
        lease.count(Count::Prepared);
        let (value, _) = end.expect(NO_BASIS);
        Prepared::new(engine.clone(), lease.into_frame(), value)
    });
    drop(open);
    local.tidy();
    result
}

pub(crate) fn snapshot<R>(
    engine: &EngineRef,
    site: Site,
    read: impl for<'s> FnOnce(&Snapshot<'s>) -> R,
) -> R {
    let open = Open::enter(site).unwrap_or_else(|error| fail(site, &error));
    let local = local::of(engine);
    let lease = local.lease();
    let result = {
        let _reading = Reading::begin(&lease, engine);
        read(&Snapshot::new(&local, &lease))
    };
    lease.count(Count::ReadOnly);
    drop(lease);
    drop(open);
    local.tidy();
    result
}

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    Commit,
    Prepare,
}

/// Attempts until one reaches its goal, or until the basis of a detached computation is gone. After a successful
/// `Prepare` the frame still holds the attempt.
#[inline]
pub(crate) fn drive<R>(
    pace: &mut Pace<'_>,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<Option<(R, Hooks)>, TxError> {
    loop {
        match once(pace.next_attempt()?, pace.goal, &body) {
            Ok(end) => return Ok(Some(end)),
            Err(why) => {
                if !pace.go_on(why)? {
                    return Ok(None);
                }
            }
        }
    }
}

/// Why one attempt did not reach its goal. It is rolled back, but for `Retry`.
enum Lost<'a> {
    /// The frame knows how.
    Doomed,
    Error(Box<dyn Error + Send + Sync>),
    Retry(Attempt<'a>),
}

/// One attempt, begun.
#[inline]
fn once<'a, R>(
    attempt: Attempt<'a>,
    goal: Goal,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<(R, Hooks), Lost<'a>> {
    let (local, frame) = (attempt.local, attempt.frame);
    let mut outcome = body(&attempt.txn());
    let mut unused = None;
    if outcome.is_ok() && frame.logs(|logs| !logs.hooks.is_empty()) {
        match run_hooks(&attempt) {
            Ok(Ok(())) => {}
            Ok(Err(abort)) => unused = std::mem::replace(&mut outcome, Err(abort)).ok(),
            Err(panic) => {
                // As if the body had panicked; but what it returned is dropped when the attempt is over.
                drop(attempt);
                open::suspended(|| drop(outcome));
                resume_unwind(panic);
            }
        }
    }
    if frame.loss().is_some() {
        // Whatever the body made of it: an attempt that has lost does not commit, fail or wait.
        attempt.roll_back();
        open::suspended(|| drop((outcome, unused)));
        return Err(Lost::Doomed);
    }
    match outcome {
        Ok(value) if goal == Goal::Prepare => {
            attempt.keep();
            Ok((value, Hooks::default()))
        }
        Ok(value) => match attempt.commit(Check::IfTicked) {
            Ok(hooks) => Ok((value, hooks)),
            Err(CommitLost) => {
                open::suspended(|| drop(value));
                Err(Lost::Doomed)
            }
        },
        Err(abort) => {
            let lost = stopped(attempt, *abort.0);
            if let Some(value) = unused {
                // An attempt that waits is not over yet, but holds nobody up while user code runs.
                frame.give_token_back(&local.engine);
                open::suspended(|| drop(value));
            }
            Err(lost)
        }
    }
}

/// What the body wants done before its commit; or its panic.
#[cold]
#[inline(never)]
fn run_hooks(attempt: &Attempt<'_>) -> Result<Result<(), Abort>, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| {
        let tx = attempt.txn();
        while attempt.frame.loss().is_none()
            && let Some(hook) = attempt.frame.logs(|logs| logs.hooks.next_before())
        {
            hook(&tx)?;
        }
        Ok(())
    }))
}

/// The body has stopped by itself.
#[cold]
fn stopped(attempt: Attempt<'_>, reason: Reason) -> Lost<'_> {
    match reason {
        Reason::Retry => Lost::Retry(attempt),
        Reason::User(error) => {
            attempt.frame.count(Count::UserAborts);
            attempt.roll_back();
            Lost::Error(error)
        }
        // The `Abort` of another transaction, carried over by hand.
        Reason::Conflict => {
            attempt.frame.lose(Conflict { cause: Cause::StaleRead, variable: None, winner: None });
            attempt.roll_back();
            Lost::Doomed
        }
    }
}

/// How long a transaction goes on, and how fast.
pub(crate) struct Pace<'a> {
    local: &'a Local,
    frame: &'a Frame,
    options: &'a Options,
    goal: Goal,
    /// Looked at only where there is a deadline.
    started: Option<Instant>,
    attempts: u32,
    may_fall_back: bool,
    /// Nobody else is to commit before it has.
    needs_token: bool,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(local: &'a Local, frame: &'a Frame, options: &'a Options, goal: Goal) -> Self {
        let started = options.deadline.map(|_| Instant::now());
        // Beyond the reach of the clock there is no end.
        frame.until.set(started.zip(options.deadline).and_then(|(start, time)| start.checked_add(time)));
        let pace = Self {
            local,
            frame,
            options,
            goal,
            started,
            attempts: 0,
            // What is prepared must be validated later, so all of its reads are logged.
            may_fall_back: goal == Goal::Commit,
            needs_token: options.irrevocable_after == 0,
        };
        if goal == Goal::Prepare {
            frame.asked.set(Asked::Cannot);
        }
        pace
    }

    fn may_ask(&self) -> Asked {
        if self.goal == Goal::Prepare { Asked::Cannot } else { Asked::No }
    }

    #[inline]
    fn next_attempt(&mut self) -> Result<Attempt<'a>, TxError> {
        let level = match self.options.policy {
            #[cfg(loom)]
            Policy::Priority => self.options.level + self.attempts / precedence::STEP,
            #[cfg(not(loom))]
            Policy::Priority => self.attempts / precedence::STEP,
            Policy::Suicide | Policy::Backoff => 0,
        };
        self.secure()?;
        self.frame.claim(&self.local.engine, if self.needs_token { 0 } else { level });
        Ok(Attempt::begin(self.local, self.frame, self.may_fall_back))
    }

    /// Take the token, if it has come to that.
    #[inline]
    pub(crate) fn secure(&self) -> Result<(), TxError> {
        if self.needs_token && !self.frame.take_token(&self.local.engine) {
            return Err(self.late(false));
        }
        Ok(())
    }

    /// See to it that another attempt makes sense; whether of the same computation.
    #[cold]
    fn go_on(&mut self, why: Lost<'_>) -> Result<bool, TxError> {
        match why {
            Lost::Error(error) => Err(TxError::Aborted(error)),
            Lost::Retry(attempt) => self.wait(attempt).map(|()| true),
            Lost::Doomed => match self.frame.loss().expect("doomed") {
                Loss::Conflict(conflict) => self.lost(conflict).map(|()| true),
                Loss::Moved(conflict) => self.lost(conflict).map(|()| false),
                Loss::Foreign(variable) => Err(TxError::ForeignEngine { variable }),
            },
        }
    }

    /// Run `f` with no attempt under way: transactions that it runs on this thread pass, if we hold the token.
    pub(crate) fn resting<R>(&self, f: impl FnOnce() -> R) -> R {
        let precedence = &self.local.engine.precedence;
        if !self.frame.rights.get().owns_token {
            return f();
        }
        precedence.rest(true);
        // After a panic the token is given back, and rests no more.
        let result = f();
        precedence.rest(false);
        result
    }

    /// An attempt has lost: report a limit that is reached, or keep away for a moment.
    #[cold]
    pub(crate) fn lost(&mut self, conflict: Conflict) -> Result<(), TxError> {
        let Conflict { cause, variable, winner } = conflict;
        let Options { label, policy, .. } = *self.options;
        self.attempts = self.attempts.saturating_add(1);
        if cause == Cause::LateWrite {
            self.may_fall_back = false;
        }
        let asked = self.frame.asked.replace(self.may_ask());
        if asked == Asked::Waiting && self.goal == Goal::Prepare {
            return Err(TxError::IrrevocablePrepare { label });
        }
        if self.options.max_attempts.is_some_and(|max| self.attempts >= max) {
            return Err(TxError::Attempts { label, attempts: self.attempts, cause, variable, winner });
        }
        self.check_deadline(false)?;
        let half = self.options.deadline.map(|deadline| deadline / 2);
        let late = half.zip(self.started).is_some_and(|(half, started)| started.elapsed() >= half);
        if asked == Asked::Waiting || late || self.attempts >= self.options.irrevocable_after {
            // Nobody else will commit: there is nobody to keep away from.
            self.needs_token = true;
        } else if cause != Cause::LateWrite && policy != Policy::Suicide {
            wait::back_off(self.attempts, |bound| self.local.random(bound));
        }
        Ok(())
    }

    /// The body asked to wait until something that it has read changes.
    #[cold]
    fn wait(&mut self, attempt: Attempt<'_>) -> Result<(), TxError> {
        let frame = attempt.frame;
        let label = self.options.label;
        frame.count(Count::Retries);
        // What it waits for could not be committed while its thread holds the token for another one.
        let holds_up = self.local.engine.precedence.is_held_here() && !frame.rights.get().owns_token;
        if frame.asked.get() == Asked::Granted || holds_up {
            attempt.roll_back();
            return Err(TxError::IrrevocableRetry { label });
        }
        // What it waits for can only come from a commit of others.
        self.needs_token = false;
        if frame.mode.get() == Mode::Snapshot {
            // It has seen the past, and what it waits for may have happened: look again, at the present.
            self.may_fall_back = false;
            attempt.roll_back();
            return Ok(());
        }
        if frame.logs(|logs| logs.reads.is_empty()) {
            attempt.roll_back();
            return Err(TxError::WaitsForever { label });
        }
        if self.goal == Goal::Prepare {
            attempt.roll_back();
            return Err(TxError::Blocked { label });
        }
        let inner = &*attempt.local.engine;
        let line = frame.logs(|logs| {
            logs.reads.dedup();
            Registration::new(inner, &logs.reads)
        });
        // The slot is idle while we sleep; a wake-up that comes meanwhile is kept.
        attempt.roll_back();
        frame.rest();
        let Some(line) = line else {
            wait::relax(&mut 0);
            return self.check_deadline(true);
        };
        match frame.until.get() {
            None => line.parker().park(),
            Some(end) => {
                if !line.parker().park_until(end) {
                    drop(line);
                    return self.check_deadline(true);
                }
            }
        }
        Ok(())
    }

    fn check_deadline(&self, waiting: bool) -> Result<(), TxError> {
        match self.options.deadline.zip(self.started) {
            Some((deadline, started)) if started.elapsed() >= deadline => Err(self.late(waiting)),
            _ => Ok(()),
        }
    }

    fn late(&self, waiting: bool) -> TxError {
        let Options { label, deadline, .. } = *self.options;
        let deadline = deadline.expect("nobody waits in vain who has no deadline");
        TxError::Deadline { label, deadline, attempts: self.attempts, waiting }
    }
}

impl Drop for Pace<'_> {
    #[inline]
    fn drop(&mut self) {
        self.frame.give_token_back(&self.local.engine);
        self.frame.reset();
    }
}
