//! The one door to threads, atomics, cells and locks: `std` and `parking_lot` in a build, `loom` under `--cfg loom`.
//!
//! Protocol code imports only this module, so that the same lines run on the machine and in the model.
//!
//! **A hole in loom 0.7.2, and its cure.** For `T1: x.load()` beside `T2: x.load(); x.store(1)` loom explores
//! one execution only: its partial-order reduction keeps just the last access of an object, and T2's own load
//! hides T1's. A transaction engine always loads before it compares and swaps, so a naive model passes
//! vacuously. [`sched_point`] before every shared access creates the missing dependence (a relaxed
//! `fetch_add` on one counter per model) and adds no happens-before edge. It is nothing outside the model.

#[cfg(loom)]
pub use loom::{
    cell::UnsafeCell,
    hint,
    sync::{Arc, atomic},
    thread, thread_local,
};

#[cfg(not(loom))]
pub use std::{
    hint,
    sync::{Arc, atomic},
    thread, thread_local,
};

pub use crate::park::{Condvar, Mutex, MutexGuard};

#[cfg(not(loom))]
pub use cell::UnsafeCell;

#[cfg(not(loom))]
mod cell {
    /// `std`'s cell with loom's closure API, so that protocol code reads the same in both.
    ///
    /// ```
    /// use tx_runtime::sync::UnsafeCell;
    /// let cell = UnsafeCell::new(1);
    /// // SAFETY: this thread is the only one that has the cell.
    /// cell.with_mut(|p| unsafe { *p += 1 });
    /// // SAFETY: as above.
    /// assert_eq!(cell.with(|p| unsafe { *p }), 2);
    /// ```
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell holding `value`.
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// The value, taken out.
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Call `f` with a pointer for reading. The caller of `f` argues why no write is concurrent.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Call `f` with a pointer for writing. The caller of `f` argues why no access is concurrent.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

/// A point where loom may switch threads; see the module's head. Nothing outside the model.
#[cfg(not(loom))]
#[inline(always)]
pub fn sched_point() {}

/// A point where loom may switch threads; see the module's head.
#[cfg(loom)]
pub fn sched_point() {
    loom::lazy_static! {
        static ref POINT: atomic::AtomicUsize = atomic::AtomicUsize::new(0);
    }
    POINT.fetch_add(1, atomic::Ordering::Relaxed);
}
