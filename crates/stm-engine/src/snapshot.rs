//! Reading one moment, without a log and without ever losing.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::frame::Frame;
use crate::local::Local;
use crate::node::Node;
use crate::tvar::TVar;

/// All variables as they were at one moment; see [`Engine::snapshot`](crate::Engine::snapshot).
pub struct Snapshot<'s> {
    pub(crate) frame: &'s Frame,
    pub(crate) local: &'s Local,
    /// Whether it keeps a log of what it reads.
    logs: bool,
    brand: PhantomData<Cell<&'s ()>>,
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("time", &self.frame.rv.get()).finish_non_exhaustive()
    }
}

impl<'s> Snapshot<'s> {
    pub(crate) fn new(local: &'s Local, frame: &'s Frame) -> Self {
        Self { frame, local, logs: false, brand: PhantomData }
    }

    /// One whose reads go into the frame's log.
    pub(crate) fn logged(local: &'s Local, frame: &'s Frame) -> Self {
        Self { logs: true, ..Self::new(local, frame) }
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
        if self.logs {
            self.frame.logs(|logs| logs.read(NonNull::from(core), node));
        }
        // SAFETY: a live version of this variable; it lives until the slot is idle, and 's is inside that.
        unsafe { Node::<T>::value(node) }
    }
}
