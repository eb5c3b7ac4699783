//! Reading one moment, without a log and without ever losing.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use crate::frame::Frame;
use crate::local::Local;
use crate::node::{Node, version};
use crate::tvar::{Handle, TVar};

/// All variables as they were at one moment; see [`Engine::snapshot`](crate::Engine::snapshot).
pub struct Snapshot<'s> {
    pub(crate) frame: &'s Frame,
    pub(crate) local: &'s Local,
    /// What it has read, and of which version, where somebody wants to know.
    notes: Option<RefCell<Vec<(Handle, u64)>>>,
    brand: PhantomData<Cell<&'s ()>>,
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("time", &self.frame.rv.get()).finish_non_exhaustive()
    }
}

impl<'s> Snapshot<'s> {
    pub(crate) fn new(local: &'s Local, frame: &'s Frame) -> Self {
        Self { frame, local, notes: None, brand: PhantomData }
    }

    /// One that notes what it reads.
    pub(crate) fn noting(local: &'s Local, frame: &'s Frame) -> Self {
        Self { notes: Some(RefCell::default()), ..Self::new(local, frame) }
    }

    /// The handles and versions of all that was read, in order.
    pub(crate) fn into_notes(self) -> Vec<(Handle, u64)> {
        self.notes.map(RefCell::into_inner).unwrap_or_default()
    }

    /// The value that a variable had at this moment. A variable made later shows its first value.
    ///
    /// # Panics
    /// When the variable belongs to another engine.
    #[inline]
    #[track_caller]
    pub fn get<T: Send + Sync + 'static>(&self, var: &TVar<T>) -> &'s T {
        let core = var.core();
        assert!(
            core.engine.same(&self.local.engine),
            "{}",
            crate::TxError::ForeignEngine { variable: core.label }
        );
        let node = self.frame.read_at_snapshot(&self.local.engine, core);
        if let Some(notes) = &self.notes {
            // SAFETY: a live version, as below.
            notes.borrow_mut().push((var.handle().clone(), unsafe { version(node) }));
        }
        // SAFETY: a live version of this variable; it lives until the slot is idle, and 's is inside that.
        unsafe { Node::<T>::value(node) }
    }
}
