//! One attempt: from the publication of its slot to its commit or to the last trace of it gone.
//!
//! Whatever ends the body, a panic included, an attempt rolls back: the slot goes idle and the
//! versions that nobody else has seen are dropped. User destructors run after that, and may start transactions.

use std::ptr::NonNull;

use crate::commit::{Check, commit};
use crate::frame::{Frame, Loss, conflict};
use crate::hooks::Hooks;
use crate::local::Local;
use crate::logs::{Logs, Write};
use crate::mutant::mutant;
use crate::node::strip;
use crate::reclaim::{Garbage, Limbo};
use crate::stats::Count;
use crate::txn::Txn;

pub(crate) struct Attempt<'a> {
    pub(crate) local: &'a Local,
    pub(crate) frame: &'a Frame,
}

/// It lost at its commit; the frame knows against whom.
#[derive(Debug)]
pub(crate) struct CommitLost;

impl<'a> Attempt<'a> {
    #[inline]
    pub(crate) fn begin(local: &'a Local, frame: &'a Frame, may_fall_back: bool) -> Self {
        frame.begin(&local.engine, may_fall_back);
        Self { local, frame }
    }

    /// Go on with what a prepared transaction has kept.
    pub(crate) fn resume(local: &'a Local, frame: &'a Frame) -> Self {
        frame.claim_to_commit(&local.engine);
        Self { local, frame }
    }

    /// The body's view of it.
    #[inline]
    pub(crate) fn txn(&self) -> Txn<'_> {
        Txn::new(self.local, self.frame)
    }

    /// Leave everything as it is, slot and logs, for a later `resume`.
    pub(crate) fn keep(self) {
        self.frame.withdraw(&self.local.engine);
        self.frame.give_token_back(&self.local.engine);
        std::mem::forget(self);
    }

    /// End without a trace.
    pub(crate) fn roll_back(self) {
        let (local, frame) = (self.local, self.frame);
        std::mem::forget(self);
        roll_back(local, frame);
    }

    /// End without a trace inside another transaction that is open on this thread: user code waits for the end of that.
    pub(crate) fn roll_back_later(self) {
        let (local, frame) = (self.local, self.frame);
        std::mem::forget(self);
        let hooks = close(local, frame);
        let kept = frame.logs(|logs| std::mem::take(&mut logs.kept));
        local.defer(hooks, kept.into_iter().map(|kept| Garbage::Node(kept.node, kept.table)));
    }

    /// Publish, or roll back and say why not. What comes back has to be called when the transaction is closed.
    pub(crate) fn commit(self, check: Check) -> Result<Hooks, CommitLost> {
        let (local, frame) = (self.local, self.frame);
        let inner = &*local.engine;
        let result = frame.logs(|logs| commit(inner, frame, logs, check));
        std::mem::forget(self);
        let wv = match result {
            Ok(wv) => wv,
            Err((cause, core)) => {
                // SAFETY: our slot is still published, so the core is alive.
                frame.lose(conflict(cause, unsafe { core.as_ref() }));
                roll_back(local, frame);
                return Err(CommitLost);
            }
        };
        #[cfg(feature = "faults")]
        local.committed.set(wv);
        let (read_only, mut hooks) = frame.logs(|logs| {
            match logs.writes.as_slice() {
                [] => {}
                [write] => bury(&mut local.limbo.borrow_mut(), wv, write),
                writes => bury_all(local, wv, writes),
            }
            let read_only = logs.writes.is_empty();
            logs.forget();
            (read_only, std::mem::take(&mut logs.hooks))
        });
        frame.count(if read_only { Count::ReadOnly } else { Count::Commits });
        frame.withdraw(inner);
        frame.idle(inner);
        // Before user code runs: it may wait for others.
        frame.give_token_back(inner);
        if mutant!(inner, FreeAtOnce) {
            let limbo = std::mem::replace(&mut *local.limbo.borrow_mut(), Limbo::new());
            // SAFETY: none; this is a mistake for the model to find.
            limbo.into_garbage().for_each(|garbage| unsafe { garbage.destroy(&local.pool) });
        }
        discard(local, frame);
        if !hooks.is_empty() {
            hooks.committed();
        }
        Ok(hooks)
    }
}

impl Drop for Attempt<'_> {
    #[inline]
    fn drop(&mut self) {
        self.frame.count(Count::Panics);
        roll_back(self.local, self.frame);
    }
}

/// Leave the version that a write has superseded at `wv` to reclamation. The slot is still published.
#[inline(always)]
fn bury(limbo: &mut Limbo, wv: u64, write: &Write) {
    // SAFETY: our slot is still published, so the core is alive; heads are never null (T1).
    let (node, table) = unsafe { (NonNull::new_unchecked(strip(write.old)), write.core.as_ref().table) };
    limbo.superseded(wv, node, table);
}

#[inline(never)]
fn bury_all(local: &Local, wv: u64, writes: &[Write]) {
    let mut limbo = local.limbo.borrow_mut();
    writes.iter().for_each(|write| bury(&mut limbo, wv, write));
}

/// End an attempt without a trace.
#[cold]
fn roll_back(local: &Local, frame: &Frame) {
    let hooks = close(local, frame);
    if !hooks.is_empty() {
        hooks.rolled_back();
    }
    discard(local, frame);
}

/// The part of a roll-back that runs nobody's code.
fn close(local: &Local, frame: &Frame) -> Hooks {
    if let Some(Loss::Conflict(conflict) | Loss::Moved(conflict)) = frame.loss() {
        frame.slot().counts.add_abort(conflict.cause);
        frame.record(&local.engine, conflict);
    }
    frame.logs(Logs::give_up);
    frame.withdraw(&local.engine);
    frame.idle(&local.engine);
    // Before user code runs: it may wait for others.
    frame.give_token_back(&local.engine);
    frame.logs(|logs| std::mem::take(&mut logs.hooks))
}

/// Drop the versions that never left the attempt.
#[inline(always)]
fn discard(local: &Local, frame: &Frame) {
    if frame.logs(|logs| !logs.kept.is_empty()) {
        discard_some(local, frame);
    }
}

#[inline(never)]
fn discard_some(local: &Local, frame: &Frame) {
    let mut nodes = frame.logs(|logs| std::mem::take(&mut logs.kept));
    local.discard(nodes.drain(..).map(|kept| Garbage::Node(kept.node, kept.table)));
    frame.logs(|logs| logs.kept = nodes);
}
