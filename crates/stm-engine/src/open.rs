//! Whether a transaction is open on this thread, and where it started.
//!
//! A context is joined only through its `&Txn`. Joining by thread instead would let a work-stealing pool run a
//! stranger's transaction inside ours, so a second one is refused, whatever its engine.

use std::cell::Cell;
use std::panic::Location;

use crate::error::TxError;

type Site = &'static Location<'static>;

#[cfg(not(loom))]
tx_runtime::sync::thread_local! {
    static OPEN: Cell<Option<Site>> = const { Cell::new(None) };
}
#[cfg(loom)]
tx_runtime::sync::thread_local! {
    static OPEN: Cell<Option<Site>> = Cell::new(None);
}

fn replace(site: Option<Site>) -> Option<Site> {
    // Without a thread-local (its destructors have run) nothing can be nested that we could know of.
    OPEN.try_with(|open| open.replace(site)).unwrap_or(None)
}

/// A number that no other living thread has; 0 for one whose thread-locals are gone.
pub(crate) fn this_thread() -> usize {
    OPEN.try_with(|open| std::ptr::from_ref(open).addr()).unwrap_or(0)
}

/// Whether a transaction is open on this thread.
pub(crate) fn is_open() -> bool {
    where_open().is_some()
}

/// Where the open transaction started.
pub(crate) fn where_open() -> Option<Site> {
    OPEN.try_with(Cell::get).unwrap_or(None)
}

/// A transaction is open on this thread until this is dropped.
#[derive(Debug)]
pub(crate) struct Open(());

impl Open {
    #[inline]
    pub(crate) fn enter(site: Site) -> Result<Self, TxError> {
        match where_open() {
            Some(outer) => Err(TxError::Nested { inner: site, outer }),
            None => {
                replace(Some(site));
                Ok(Self(()))
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        replace(None);
    }
}

/// Run code that may start transactions of its own although one is on the stack: destructors of values that
/// the one on the stack has given up.
pub(crate) fn suspended<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Site>);
    impl Drop for Restore {
        fn drop(&mut self) {
            replace(self.0);
        }
    }
    let _restore = Restore(replace(None));
    f()
}
