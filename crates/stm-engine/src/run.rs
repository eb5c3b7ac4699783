//! The loop around a body: attempts until one commits or a limit is reached.
//!
//! Destructors of values that an attempt gave up run between attempts, those of superseded versions after the
//! last one, when the transaction is closed: both may start transactions of their own.

use std::panic::Location;
use std::time::Instant;

use crate::attempt::{Attempt, Hooks};
use crate::commit::Check;
use crate::engine::EngineRef;
use crate::error::{Abort, Cause, Conflict, Reason, TxError};
use crate::frame::{Frame, Loss, Mode, Reading};
use crate::local::{self, Local};
use crate::open::{self, Open};
use crate::options::Options;
use crate::prepared::Prepared;
use crate::snapshot::Snapshot;
use crate::stats::Count;
use crate::turn::Held;
use crate::txn::Txn;
use crate::wait;
use crate::waiters::Registration;

type Site = &'static Location<'static>;

pub(crate) fn atomically<R>(
    engine: &EngineRef,
    site: Site,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> R {
    match try_atomically(engine, &Options::new(), site, body) {
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
    let result = drive(&local, &lease, Pace::new(engine, options, Goal::Commit), body);
    drop(lease);
    drop(open);
    local.tidy();
    let (value, hooks) = result?;
    hooks.run();
    Ok(value)
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
    let result = drive(&local, &lease, Pace::new(engine, options, Goal::Prepare), body);
    // The hooks are still in the log: they run when it commits.
    let result = result.map(|(value, _)| {
        lease.count(Count::Prepared);
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
enum Goal {
    Commit,
    Prepare,
}

/// Attempts until one reaches its goal. After a successful `Prepare` the frame still holds the attempt.
#[inline]
fn drive<R>(
    local: &Local,
    frame: &Frame,
    mut pace: Pace<'_>,
    body: impl for<'tx> Fn(&Txn<'tx>) -> Result<R, Abort>,
) -> Result<(R, Hooks), TxError> {
    loop {
        frame.has_turn.set(pace.turn.is_some());
        let attempt = Attempt::begin(local, frame, pace.may_fall_back);
        let outcome = body(&attempt.txn());
        if let Some(loss) = frame.loss() {
            // Whatever the body made of it: an attempt that has lost does not commit, fail or wait.
            attempt.roll_back();
            open::suspended(|| drop(outcome));
            pace.lost(local, loss)?;
            continue;
        }
        match outcome.map_err(|abort| *abort.0) {
            Ok(value) if pace.goal == Goal::Prepare => {
                attempt.keep();
                return Ok((value, Hooks::default()));
            }
            Ok(value) => match attempt.commit(Check::IfTicked) {
                Ok(hooks) => return Ok((value, hooks)),
                Err(loss) => {
                    open::suspended(|| drop(value));
                    pace.lost(local, loss)?;
                }
            },
            Err(Reason::Retry) => pace.wait(attempt)?,
            Err(Reason::User(error)) => {
                frame.count(Count::UserAborts);
                attempt.roll_back();
                return Err(TxError::Aborted(error));
            }
            // The `Abort` of another transaction, carried over by hand.
            Err(Reason::Conflict) => {
                attempt.roll_back();
                let unknown = Conflict { cause: Cause::StaleRead, variable: None, winner: None };
                pace.lost(local, Loss::Conflict(unknown))?;
            }
        }
    }
}

/// How long a transaction goes on, and how fast.
struct Pace<'a> {
    engine: &'a EngineRef,
    options: &'a Options,
    goal: Goal,
    /// Looked at only where there is a deadline.
    started: Option<Instant>,
    attempts: u32,
    may_fall_back: bool,
    /// Taken when it has lost too often.
    turn: Option<Held<'a>>,
}

impl<'a> Pace<'a> {
    fn new(engine: &'a EngineRef, options: &'a Options, goal: Goal) -> Self {
        Self {
            engine,
            options,
            goal,
            started: options.deadline.map(|_| Instant::now()),
            attempts: 0,
            // What is prepared must be validated later, so all of its reads are logged.
            may_fall_back: goal == Goal::Commit,
            turn: if options.turn_after == 0 { engine.turn.take(engine) } else { None },
        }
    }

    /// An attempt has lost: report a limit that is reached, or keep away for a moment.
    #[cold]
    fn lost(&mut self, local: &Local, loss: Loss) -> Result<(), TxError> {
        let Conflict { cause, variable, winner } = match loss {
            Loss::Foreign(variable) => return Err(TxError::ForeignEngine { variable }),
            Loss::Conflict(conflict) => conflict,
        };
        self.attempts = self.attempts.saturating_add(1);
        if cause == Cause::LateWrite {
            self.may_fall_back = false;
        }
        if self.options.max_attempts.is_some_and(|max| self.attempts >= max) {
            let Options { label, .. } = *self.options;
            return Err(TxError::Attempts { label, attempts: self.attempts, cause, variable, winner });
        }
        self.check_deadline(false)?;
        let half = self.options.deadline.map(|deadline| deadline / 2);
        let late = half.zip(self.started).is_some_and(|(half, started)| started.elapsed() >= half);
        if self.turn.is_some() {
            // Nobody else commits: there is nobody to keep away from.
        } else if self.attempts >= self.options.turn_after || late {
            self.turn = self.engine.turn.take(self.engine);
        } else if cause != Cause::LateWrite {
            wait::back_off(self.attempts, |bound| local.random(bound));
        }
        Ok(())
    }

    /// The body asked to wait until something that it has read changes.
    #[cold]
    fn wait(&mut self, attempt: Attempt<'_>) -> Result<(), TxError> {
        let frame = attempt.frame;
        let label = self.options.label;
        frame.count(Count::Retries);
        // What it waits for can only come from a commit of others.
        self.turn = None;
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
            logs.dedup_reads();
            Registration::new(inner, &logs.reads)
        });
        // The slot is idle while we sleep; a wake-up that comes meanwhile is kept.
        attempt.roll_back();
        let Some(line) = line else {
            wait::relax(&mut 0);
            return self.check_deadline(true);
        };
        match self.ends_at() {
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

    /// When the deadline passes, if there is one within the reach of the clock.
    fn ends_at(&self) -> Option<Instant> {
        self.started?.checked_add(self.options.deadline?)
    }

    fn check_deadline(&self, waiting: bool) -> Result<(), TxError> {
        let Options { deadline: Some(deadline), label, .. } = *self.options else { return Ok(()) };
        match self.started {
            Some(started) if started.elapsed() >= deadline => {
                Err(TxError::Deadline { label, deadline, attempts: self.attempts, waiting })
            }
            _ => Ok(()),
        }
    }
}
