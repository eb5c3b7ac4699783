//! What an attempt may do that others may not: the token, and reading visibly. See precedence.rs.

use std::ptr::NonNull;

use tx_runtime::sync::atomic::Ordering;

use super::{Frame, Mode, conflict, newest};
use crate::engine::Inner;
use crate::error::{Abort, Cause, Conflict, Reason};
use crate::local::Local;
use crate::logs::Logs;
use crate::mutant::mutant;
use crate::precedence::Rights;
use crate::stats::Count;
use crate::tvar::Core;

/// Whether a body wants to be irrevocable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    No,
    /// It must not: its commit comes later.
    Cannot,
    /// It has lost before that was possible; the next attempt is irrevocable from its start.
    Waiting,
    /// It is, and knows: it may have had effects.
    Granted,
}

impl Frame {
    /// The rights of the next attempt: passing where this thread holds the token, and a level of priority.
    pub(crate) fn claim(&self, local: &Local, level: u32) {
        let rights = Rights { token: local.has_token.get(), level, ..self.rights.get() };
        self.rights.set(rights);
        if level > 0 {
            local.engine.precedence.enter(rights);
        }
    }

    /// The attempt has ended: it reads visibly no more.
    #[inline(always)]
    pub(crate) fn withdraw(&self, inner: &Inner) {
        let rights = self.rights.get();
        if rights.level > 0 {
            let mut shown = self.shown.take();
            inner.precedence.leave(rights, &mut shown);
            self.rights.set(Rights { level: 0, ..rights });
        }
    }

    /// Take the engine's token; false when the transaction's time passes before somebody else's is given back.
    pub(crate) fn take_token(&self, local: &Local) -> bool {
        if !local.has_token.get() {
            if !local.engine.precedence.take_token(&local.engine, self.until.get()) {
                return false;
            }
            local.has_token.set(true);
            self.owns_token.set(true);
            self.count(Count::Irrevocable);
        }
        self.rights.set(Rights { token: true, ..self.rights.get() });
        true
    }

    /// Whether others wait for the transaction to end.
    #[inline(always)]
    pub(crate) fn owns_token(&self) -> bool {
        self.owns_token.get()
    }

    /// Let others commit again, and be ready for a transaction that asks for nothing.
    pub(crate) fn give_token_back(&self, local: &Local) {
        self.asked.set(Asked::No);
        if self.owns_token.replace(false) {
            local.has_token.set(false);
            local.engine.precedence.give_token_back();
        }
        self.rights.set(Rights { token: false, ..self.rights.get() });
    }

    /// Never lose from here on: take the token, and see that everything read so far is still current.
    #[cold]
    pub(crate) fn become_irrevocable(&self, local: &Local) -> Result<(), Abort> {
        let lost = |cause| Conflict { cause, variable: None, winner: None };
        let before = self.asked.replace(Asked::Waiting);
        match self.mode.get() {
            Mode::Doomed => return Err(Abort::new(Reason::Conflict)),
            _ if before == Asked::Cannot => return Err(self.lose(lost(Cause::Irrevocable))),
            Mode::Snapshot => return Err(self.lose(lost(Cause::LateWrite))),
            Mode::Update => {}
        }
        let inner = &*local.engine;
        if !self.rights.get().token {
            if !self.take_token(local) {
                return Err(self.lose(lost(Cause::Irrevocable)));
            }
            inner.point();
            // ORDER: Acquire, before the reads are looked at, as in `extend`.
            let now = inner.clock.0.load(Ordering::Acquire);
            if !mutant!(inner, NoSettling)
                && let Some(stale) = self.logs(|logs| first_replaced(inner, logs))
            {
                // SAFETY: cores met by this attempt live until its slot is idle.
                return Err(self.lose(conflict(Cause::StaleRead, unsafe { stale.as_ref() })));
            }
            self.move_to(now, self.logs(|logs| logs.writes.is_empty()));
        }
        self.asked.set(Asked::Granted);
        Ok(())
    }

    /// Before a read, on a level above 0.
    #[inline]
    pub(super) fn show(&self, inner: &Inner, core: &Core) {
        let rights = self.rights.get();
        if rights.level > 0 {
            let mut shown = self.shown.get();
            inner.precedence.show(inner, rights, NonNull::from(core), &mut shown);
            self.shown.set(shown);
        }
    }
}

/// The first logged read that is not current any more, once whoever has it locked has made up their mind.
fn first_replaced(inner: &Inner, logs: &Logs) -> Option<NonNull<Core>> {
    // SAFETY: cores met by this attempt live until its slot is idle.
    let replaced = logs.reads.iter().find(|read| newest(inner, unsafe { read.core.as_ref() }) != read.node);
    replaced.map(|read| read.core)
}
