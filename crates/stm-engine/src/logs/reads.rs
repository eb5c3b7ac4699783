//! The log of reads: a vector whose next free place is one pointer, because every read of a transaction passes here.
//!
//! **Invariant** `first`, `next` and `end` are those of one allocation of a `Vec<Read>`, in this order; all before `next` is
//! written. Entries need no destructor.
//! **Measured** beside a `Vec`, whose push counts and scales: three instructions of 28 less for a read.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::node::Header;
use crate::tvar::{Core, rank};

/// From this many on, reads logged twice are thrown out before the log grows.
const DEDUP: usize = 1024;

#[derive(Clone, Copy)]
pub(crate) struct Read {
    pub(crate) core: NonNull<Core>,
    pub(crate) node: *mut Header,
}

pub(crate) struct Reads {
    first: NonNull<Read>,
    next: *mut Read,
    end: *mut Read,
}

impl Default for Reads {
    fn default() -> Self {
        Self::from_vec(Vec::new())
    }
}

impl Reads {
    fn from_vec(vec: Vec<Read>) -> Self {
        let mut vec = ManuallyDrop::new(vec);
        // From the pointer itself: a reference to the entries would say nothing of the room behind them.
        let first = NonNull::new(vec.as_mut_ptr()).expect("a vector's pointer is never null");
        // SAFETY: both lie in the vector's allocation or at its end.
        unsafe {
            Self { first, next: first.as_ptr().add(vec.len()), end: first.as_ptr().add(vec.capacity()) }
        }
    }

    /// The log as the vector that it is.
    ///
    /// # Safety
    /// `self` is not used any more.
    unsafe fn parts(&mut self) -> Vec<Read> {
        let (len, capacity) = (self.places(self.next), self.places(self.end));
        // SAFETY: the parts of a vector, which the caller's promise leaves to the result.
        unsafe { Vec::from_raw_parts(self.first.as_ptr(), len, capacity) }
    }

    /// Do something to the log as a vector.
    #[cold]
    #[inline(never)]
    fn as_vec(&mut self, f: impl FnOnce(&mut Vec<Read>)) {
        // Empty meanwhile, should `f` panic.
        let mut vec = std::mem::take(self).into_vec();
        f(&mut vec);
        *self = Self::from_vec(vec);
    }

    fn into_vec(self) -> Vec<Read> {
        // SAFETY: forgotten.
        unsafe { ManuallyDrop::new(self).parts() }
    }

    #[inline(always)]
    fn places(&self, until: *mut Read) -> usize {
        (until.addr() - self.first.addr().get()) / size_of::<Read>()
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, read: Read) {
        if self.next == self.end {
            self.grow();
        }
        // SAFETY: `grow` leaves room for one more (see the head).
        unsafe {
            self.next.write(read);
            self.next = self.next.add(1);
        }
    }

    /// Keep the log proportional to the number of variables, also in a loop that reads one over and over.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let full = self.len();
        if full >= DEDUP {
            self.dedup();
        }
        if full == 0 || self.len() > full / 2 {
            self.as_vec(|vec| vec.reserve(full.max(16)));
        }
    }

    /// Keep one entry per variable. They all name the same node: each was current when the last one was made.
    pub(crate) fn dedup(&mut self) {
        self.as_vec(|vec| {
            // SAFETY: cores met by this attempt live until its slot is idle.
            vec.sort_unstable_by_key(|read| unsafe { rank(read.core) });
            vec.dedup_by_key(|read| read.core);
        });
    }

    #[cfg(any(loom, feature = "faults"))]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.as_vec(|vec| vec.truncate(len));
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.next = self.first.as_ptr();
    }
}

impl Deref for Reads {
    type Target = [Read];

    fn deref(&self) -> &[Read] {
        // SAFETY: written (see the head).
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.places(self.next)) }
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        // SAFETY: the last that happens to it.
        drop(unsafe { self.parts() });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::engine::Engine;

    #[test]
    fn it_grows_and_keeps_one_entry_per_variable() {
        let engine = Engine::new();
        let vars: Vec<_> = (0..100).map(|n| engine.tvar(n)).collect();
        let mut log = Reads::default();
        assert!(log.is_empty());
        for round in 0..40 {
            for var in &vars {
                let core = NonNull::from(var.core());
                log.push(Read { core, node: std::ptr::without_provenance_mut(8 * round) });
            }
        }
        // Thrown out before it grew beyond 1024 for the sake of 100.
        assert!((100..=2048).contains(&log.len()), "{}", log.len());
        log.dedup();
        assert_eq!(log.len(), 100);
        assert!(vars.iter().all(|var| log.iter().any(|read| read.core == NonNull::from(var.core()))));
        log.clear();
        assert!(log.is_empty());
    }
}
