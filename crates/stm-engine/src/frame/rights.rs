//! What an attempt may do that others may not: the token, and reading visibly. See precedence.rs.

use std::ptr::NonNull;

use tx_runtime::sync::atomic::Ordering;

use super::{Frame, Mode, conflict, newest};
use crate::engine::Inner;
use crate::error::{Abort, Cause, Conflict, Reason};
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
    /// The rights of the next attempt, beside the token: to pass where that rests, and a level of priority.
    pub(crate) fn claim(&self, inner: &Inner, level: u32) {
        let passes = inner.precedence.lets_pass();
        let rights = Rights { passes, level, visible: level > 0, ..self.rights.get() };
        self.rights.set(rights);
        if level > 0 {
            inner.precedence.enter(rights);
        }
    }

    /// Those of a commit whose reads were made long ago: it is stale or not, and gives way to nobody who only reads.
    pub(crate) fn claim_to_commit(&self, inner: &Inner) {
        let passes = inner.precedence.lets_pass();
        let Rights { bit, .. } = self.rights.get();
        self.rights.set(Rights { passes, level: u32::MAX, bit, ..Rights::default() });
    }

    /// Ready for a transaction that asks for nothing.
    #[inline(always)]
    pub(crate) fn reset(&self) {
        self.asked.set(Asked::No);
        self.until.set(None);
        let Rights { bit, .. } = self.rights.get();
        self.rights.set(Rights { bit, ..Rights::default() });
    }

    /// The attempt has ended: it reads visibly no more.
    #[inline(always)]
    pub(crate) fn withdraw(&self, inner: &Inner) {
        if self.rights.get().visible {
            self.hide(inner);
        }
    }

    #[cold]
    #[inline(never)]
    fn hide(&self, inner: &Inner) {
        let rights = self.rights.get();
        let mut shown = self.shown.take();
        inner.precedence.leave(rights, &mut shown);
        self.rights.set(Rights { level: 0, visible: false, ..rights });
    }

    /// Take the engine's token; false when the transaction's time passes before somebody else's is given back.
    ///
    /// Under a token of this thread that rests there is nobody else who commits, and nothing to take.
    pub(crate) fn take_token(&self, inner: &Inner) -> bool {
        let rights = self.rights.get();
        if rights.token {
            return true;
        }
        if inner.precedence.lets_pass() {
            self.rights.set(Rights { token: true, ..rights });
            return true;
        }
        assert!(!inner.precedence.is_held_here(), "no transaction starts inside one that is irrevocable");
        if !inner.precedence.take_token(inner, self.until.get()) {
            return false;
        }
        self.rights.set(Rights { token: true, owns_token: true, ..rights });
        self.count(Count::Irrevocable);
        true
    }

    /// Let others commit again.
    #[inline(always)]
    pub(crate) fn give_token_back(&self, inner: &Inner) {
        if self.rights.get().token {
            self.part_with_token(inner);
        }
    }

    #[cold]
    #[inline(never)]
    fn part_with_token(&self, inner: &Inner) {
        let rights = self.rights.get();
        self.rights.set(Rights { token: false, owns_token: false, ..rights });
        if rights.owns_token {
            inner.precedence.give_token_back();
        }
    }

    /// Never lose from here on: take the token, and see that everything read so far is still current.
    #[cold]
    pub(crate) fn become_irrevocable(&self, inner: &Inner) -> Result<(), Abort> {
        let lost = |cause| Conflict { cause, variable: None, winner: None };
        let before = self.asked.replace(Asked::Waiting);
        match self.mode.get() {
            Mode::Doomed => return Err(Abort::new(Reason::Conflict)),
            _ if before == Asked::Cannot => return Err(self.lose(lost(Cause::Irrevocable))),
            Mode::Snapshot => return Err(self.lose(lost(Cause::LateWrite))),
            Mode::Update => {}
        }
        if !self.rights.get().token {
            if !self.take_token(inner) {
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
        if rights.visible {
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
