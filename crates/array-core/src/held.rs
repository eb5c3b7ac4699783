//! A shared value without weak references: what nodes and buffers are held by.
//!
//! **Why not `Arc`** the last one to let go of an `Arc` pays two locked instructions, and a node of a lazy expression mostly has one
//! owner from its birth to its end. Without weak references a count of one *is* a sole owner, who finds that out by a load.
//!
//! **Invariants** H1: every handle is an owner of the cell's [`Owners`], and only handles are. H2: the cell's memory comes from
//! [`spare`] and goes back there by who was alone, once.
//! **Orderings** those of [`Owners`], which loom explores in its own crate.
//! **Trade-offs** `unsafe` for speed: an addition of eight elements makes and drops three of these, at two locked instructions and a
//! way through the allocator less each.

mod spare;

use std::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr::NonNull,
};
use tx_runtime::owners::Owners;

/// The value and the count of its handles.
struct Cell<T> {
    owners: Owners,
    value: T,
}

/// A shared value.
pub(crate) struct Held<T> {
    cell: NonNull<Cell<T>>,
    owns: PhantomData<Cell<T>>,
}

// SAFETY: as `Arc`: a handle gives `&T` to whoever has it, and the last one, on any thread, drops the value.
unsafe impl<T: Send + Sync> Send for Held<T> {}
// SAFETY: a shared handle gives `&T`, and clones.
unsafe impl<T: Send + Sync> Sync for Held<T> {}

impl<T> Held<T> {
    /// Holds what `value` gives, which is made where it stays.
    #[inline(always)]
    pub(crate) fn new(value: impl FnOnce() -> T) -> Held<T> {
        let cell = spare::take::<Cell<T>>();
        // SAFETY: the memory is ours, and has room for the cell. (If `value` panics it is lost, which is safe.)
        unsafe { cell.write(Cell { owners: Owners::one(), value: value() }) };
        Held { cell, owns: PhantomData }
    }

    /// Room for a value, for one handle.
    #[inline(always)]
    pub(crate) fn vacant() -> Vacant<T> {
        let cell = spare::take::<Cell<T>>();
        // SAFETY: the memory is ours, and has room for the cell.
        unsafe { (&raw mut (*cell.as_ptr()).owners).write(Owners::one()) };
        Vacant { cell }
    }

    #[inline]
    fn owners(&self) -> &Owners {
        // SAFETY: the cell lives while this handle does (H2).
        unsafe { &self.cell.as_ref().owners }
    }

    /// Where the value lies.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *const T {
        // SAFETY: as above; no reference is made.
        unsafe { &raw const (*self.cell.as_ptr()).value }
    }

    /// Whether this is the only handle.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        self.owners().is_alone()
    }

    /// Whether both hold the same value.
    #[inline]
    pub(crate) fn same(&self, other: &Held<T>) -> bool {
        self.cell == other.cell
    }

    /// The value, for the only handle.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        if !self.is_alone() {
            return None;
        }
        // SAFETY: nobody else has a handle, and `&mut self` keeps this one from being cloned meanwhile (H1).
        Some(unsafe { &mut self.cell.as_mut().value })
    }

    /// The value, if this is the only handle; else the handle.
    pub(crate) fn try_take(self) -> Result<T, Held<T>> {
        if !self.is_alone() {
            return Err(self);
        }
        let cell = ManuallyDrop::new(self).cell;
        // SAFETY: nobody else has a handle (H1), and this one is not dropped: the value is moved out, and the memory is ours (H2).
        unsafe {
            let value = (&raw const (*cell.as_ptr()).value).read();
            spare::give(cell);
            Ok(value)
        }
    }

    /// Lets go. The value, if this was the last handle: of all that let go at once, one gets it.
    #[inline]
    pub(crate) fn last(self) -> Option<Last<T>> {
        let cell = ManuallyDrop::new(self).cell;
        // SAFETY: the cell lives until its last owner, which this handle is, has left (H2).
        let alone = unsafe { cell.as_ref().owners.leave() };
        // Made only then: it frees what it has.
        if alone { Some(Last { cell, owns: PhantomData }) } else { None }
    }
}

/// Room for a value that is not written yet. Dropped, it is lost.
pub(crate) struct Vacant<T> {
    cell: NonNull<Cell<T>>,
}

impl<T> Vacant<T> {
    /// Where the value is to be written.
    #[inline(always)]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        // SAFETY: the cell is ours, and no reference is made.
        unsafe { &raw mut (*self.cell.as_ptr()).value }
    }

    /// The handle of what was written.
    ///
    /// # Safety
    /// All of the value has been written.
    #[inline(always)]
    pub(crate) unsafe fn filled(self) -> Held<T> {
        Held { cell: self.cell, owns: PhantomData }
    }
}

/// A value that nobody holds any more, where it lies.
pub(crate) struct Last<T> {
    cell: NonNull<Cell<T>>,
    owns: PhantomData<Cell<T>>,
}

impl<T> Deref for Last<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the cell is ours alone (H2).
        unsafe { &self.cell.as_ref().value }
    }
}

impl<T> DerefMut for Last<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut self.cell.as_mut().value }
    }
}

impl<T> Drop for Last<T> {
    fn drop(&mut self) {
        // SAFETY: the cell is ours alone, and ends here (H2).
        unsafe { free(self.cell) }
    }
}

/// Drops the value and gives its memory back: not at every place where a handle goes.
///
/// # Safety
/// The caller was alone with the cell, and does not use it again.
#[inline(never)]
unsafe fn free<T>(cell: NonNull<Cell<T>>) {
    // SAFETY: the caller's (H2).
    unsafe {
        cell.drop_in_place();
        spare::give(cell);
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the cell lives while this handle does (H2), and nobody has `&mut` beside another handle (H1).
        unsafe { &self.cell.as_ref().value }
    }
}

impl<T> Clone for Held<T> {
    #[inline]
    fn clone(&self) -> Held<T> {
        self.owners().join();
        Held { cell: self.cell, owns: PhantomData }
    }
}

impl<T> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        if self.owners().leave() {
            // SAFETY: the handle ends here; the cell is of who was alone (H2).
            unsafe { free(self.cell) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Counted<'a>(&'a AtomicU32);

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_last_handle_drops_the_value_and_no_other_does() {
        let drops = AtomicU32::new(0);
        let mut first = Held::new(|| Counted(&drops));
        let second = first.clone();
        assert!(first.same(&second) && !first.is_alone() && first.get_mut().is_none());
        let first = first.try_take().err().expect("there are two");
        assert!(second.last().is_none() && drops.load(Ordering::Relaxed) == 0);
        assert!(first.is_alone());
        let value = first.try_take().ok().expect("there is one");
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(value);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        drop(Held::new(|| Counted(&drops)).last());
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        let big = Held::new(|| ([1u64; 100], Counted(&drops)));
        assert_eq!(big.0, [1; 100], "more than a spare cell holds");
        drop(big);
        assert_eq!(drops.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn of_all_that_let_go_at_once_one_is_last() {
        for round in 0..200 {
            let drops = AtomicU32::new(0);
            let last = AtomicU32::new(0);
            let held = Held::new(|| Counted(&drops));
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let (mine, last) = (held.clone(), &last);
                    scope.spawn(move || {
                        drop(mine.clone());
                        if (round + thread) % 2 == 0 {
                            drop(mine);
                        } else if let Some(cell) = mine.last() {
                            last.fetch_add(1, Ordering::Relaxed);
                            drop(cell);
                        }
                    });
                }
                drop(held);
            });
            assert_eq!(drops.load(Ordering::Relaxed), 1);
            assert!(last.load(Ordering::Relaxed) <= 1);
        }
    }
}
