//! What a body asks for beside reading and writing: calls before its commit, after it, and after a roll-back.
//!
//! Few bodies ask, so all of it is behind one pointer that is null for the others.
//!
//! **Invariants** H1: hooks run, and are dropped, while no log is open. H2: of those registered in one attempt,
//! either the commit hooks run or the abort hooks, never both, but that abort hooks of a nested part that was undone
//! run in either case. H3: all that is not run is dropped when the attempt has ended.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::error::Abort;
use crate::node::contain;
use crate::open;
use crate::txn::Txn;

/// To be called when the attempt has ended.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;
/// To be called at the end of the body, as a part of it.
pub(crate) type Before = Box<dyn FnOnce(&Txn<'_>) -> Result<(), Abort> + Send>;

/// The hooks of one attempt.
#[derive(Default)]
pub(crate) struct Hooks(Option<Box<Lists>>);

#[derive(Default)]
struct Lists {
    before: Vec<Before>,
    on_commit: Vec<Hook>,
    on_abort: Vec<Hook>,
    /// Of undone parts: to be called when the attempt has ended ...
    due: Vec<Hook>,
    /// ... and to be dropped then.
    unused: Vec<Hook>,
    unused_before: Vec<Before>,
}

/// How many there were of each kind, to come back to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    before: usize,
    on_commit: usize,
    on_abort: usize,
}

impl Hooks {
    fn lists(&mut self) -> &mut Lists {
        self.0.get_or_insert_default()
    }

    pub(crate) fn before_commit(&mut self, hook: Before) {
        self.lists().before.push(hook);
    }

    pub(crate) fn on_commit(&mut self, hook: Hook) {
        self.lists().on_commit.push(hook);
    }

    pub(crate) fn on_abort(&mut self, hook: Hook) {
        self.lists().on_abort.push(hook);
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn mark(&self) -> Mark {
        self.0.as_ref().map_or_else(Mark::default, |lists| Mark {
            before: lists.before.len(),
            on_commit: lists.on_commit.len(),
            on_abort: lists.on_abort.len(),
        })
    }

    /// The next one to run before the commit, in the order of registration.
    #[inline]
    pub(crate) fn next_before(&mut self) -> Option<Before> {
        let lists = self.0.as_mut()?;
        (!lists.before.is_empty()).then(|| lists.before.remove(0))
    }

    /// The part since the mark is undone.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        let Some(lists) = &mut self.0 else { return };
        // Some of `before` may have been taken out since.
        let before = mark.before.min(lists.before.len());
        lists.unused_before.extend(lists.before.drain(before..));
        lists.unused.extend(lists.on_commit.drain(mark.on_commit..));
        lists.due.extend(lists.on_abort.drain(mark.on_abort..));
    }

    /// The attempt has ended without a commit. User code runs.
    #[cold]
    pub(crate) fn rolled_back(mut self) {
        self.back_to(Mark::default());
        self.finish();
    }

    /// The attempt has committed: what is to be called when the transaction is closed remains. User code runs.
    #[cold]
    pub(crate) fn committed(&mut self) {
        if let Some(lists) = &mut self.0 {
            let on_commit = std::mem::take(&mut lists.on_commit);
            lists.unused.append(&mut lists.on_abort);
            std::mem::take(self).finish();
            self.lists().on_commit = on_commit;
        }
    }

    /// Call those that are due, in the order of their registration, and drop the others. Their panics end here: the
    /// attempt may have ended by one.
    fn finish(self) {
        let Some(lists) = self.0 else { return };
        let Lists { due, unused, unused_before, .. } = *lists;
        open::suspended(|| {
            due.into_iter().for_each(contain);
            unused.into_iter().for_each(|hook| contain(|| drop(hook)));
            unused_before.into_iter().for_each(|hook| contain(|| drop(hook)));
        });
    }

    /// Call the commit hooks, in order. The first panic passes to the caller of the transaction, which has committed, when
    /// all have run.
    #[inline(always)]
    pub(crate) fn run(self) {
        if let Some(lists) = self.0 {
            run_all(lists.on_commit);
        }
    }
}

#[cold]
fn run_all(hooks: Vec<Hook>) {
    let mut panic = None;
    for hook in hooks {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
            panic.get_or_insert(payload);
        }
    }
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
}
