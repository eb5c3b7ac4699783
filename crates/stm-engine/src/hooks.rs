//! What a body asks for beside reading and writing: calls before its commit, after it, and after a roll-back.
//!
//! **Invariants** H1: hooks run, and are dropped, while no log is open. H2: of those registered in one attempt,
//! either the commit hooks run or the abort hooks, never both, but that abort hooks of a nested part that was undone
//! run in either case. H3: all that is not run is dropped when the attempt has ended.

use crate::error::Abort;
use crate::node::contain;
use crate::txn::Txn;

/// To be called when the attempt has ended.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;
/// To be called at the end of the body, as a part of it.
pub(crate) type Before = Box<dyn FnOnce(&Txn<'_>) -> Result<(), Abort> + Send>;

/// The hooks of one attempt.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) before: Vec<Before>,
    pub(crate) on_commit: Vec<Hook>,
    pub(crate) on_abort: Vec<Hook>,
    spent: Spent,
}

/// How many there were of each kind, to come back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    before: usize,
    on_commit: usize,
    on_abort: usize,
}

impl Hooks {
    pub(crate) fn mark(&self) -> Mark {
        Mark { before: self.before.len(), on_commit: self.on_commit.len(), on_abort: self.on_abort.len() }
    }

    /// The next one to run before the commit, in the order of registration.
    #[inline]
    pub(crate) fn next_before(&mut self) -> Option<Before> {
        (!self.before.is_empty()).then(|| self.before.remove(0))
    }

    /// The part since the mark is undone.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        // Hooks of `before` may have been taken out since.
        let before = mark.before.min(self.before.len());
        self.spent.unused_before.extend(self.before.drain(before..));
        self.spent.unused.extend(self.on_commit.drain(mark.on_commit..));
        self.spent.due.extend(self.on_abort.drain(mark.on_abort..));
    }

    /// The attempt is undone.
    pub(crate) fn give_up(&mut self) {
        self.back_to(Mark { before: 0, on_commit: 0, on_abort: 0 });
    }

    /// The attempt has committed: what is to be called, and what that leaves to be dropped stays here.
    pub(crate) fn committed(&mut self) -> Committed {
        if !self.on_abort.is_empty() {
            self.spent.unused.append(&mut self.on_abort);
        }
        Committed(std::mem::take(&mut self.on_commit))
    }

    pub(crate) fn has_spent(&self) -> bool {
        let Spent { due, unused, unused_before } = &self.spent;
        !(due.is_empty() && unused.is_empty() && unused_before.is_empty())
    }

    /// What an ended attempt has left behind.
    pub(crate) fn take_spent(&mut self) -> Spent {
        std::mem::take(&mut self.spent)
    }
}

/// Hooks of an attempt that has ended.
#[derive(Default)]
pub(crate) struct Spent {
    due: Vec<Hook>,
    unused: Vec<Hook>,
    unused_before: Vec<Before>,
}

impl Spent {
    /// Call those that are due, in the order of their registration, and drop the others. User code, whose panics
    /// end here: the attempt may have ended by one.
    pub(crate) fn finish(self) {
        self.due.into_iter().for_each(contain);
        self.unused.into_iter().for_each(|hook| contain(|| drop(hook)));
        self.unused_before.into_iter().for_each(|hook| contain(|| drop(hook)));
    }
}

/// The commit hooks of a transaction that has committed.
#[must_use]
#[derive(Default)]
pub(crate) struct Committed(Vec<Hook>);

impl Committed {
    /// Call them, in order. A panic in one passes to the caller of the transaction, which has committed.
    #[inline]
    pub(crate) fn run(self) {
        self.0.into_iter().for_each(|hook| hook());
    }
}
