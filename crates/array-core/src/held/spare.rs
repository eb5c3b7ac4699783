//! Memory of one small size, kept by each thread for the next that asks.
//!
//! **Why** a small operation makes and drops a node, a result and its buffer; three times through the allocator is a good part of what
//! it costs.
//!
//! **Invariants** F1: what is on a thread's list was allocated with [`SIZE`] and [`ALIGN`] and belongs to the list; its first word
//! links it to the next. F2: a list has at most [`KEPT`] entries, and is freed with its thread.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell::Cell,
    ptr::{NonNull, null_mut},
};

const SIZE: usize = 160;
const ALIGN: usize = 16;
/// Entries of a list: more than an expression that one writes has nodes.
const KEPT: u32 = 64;

struct Link {
    next: *mut Link,
}

struct List {
    first: Cell<*mut Link>,
    count: Cell<u32>,
}

impl Drop for List {
    fn drop(&mut self) {
        let mut at = self.first.replace(null_mut());
        while !at.is_null() {
            // SAFETY: F1, and the list ends here.
            unsafe {
                let next = (*at).next;
                dealloc(at.cast(), layout::<()>());
                at = next;
            }
        }
    }
}

thread_local! {
    static LIST: List = const { List { first: Cell::new(null_mut()), count: Cell::new(0) } };
}

const fn is_small<T>() -> bool {
    size_of::<T>() <= SIZE && align_of::<T>() <= ALIGN
}

/// How memory for a `T` is allocated.
const fn layout<T>() -> Layout {
    match Layout::from_size_align(SIZE, ALIGN) {
        Ok(small) if is_small::<T>() => small,
        _ => Layout::new::<T>(),
    }
}

/// Memory for a `T`, not initialised.
#[inline(always)]
pub(super) fn take<T>() -> NonNull<T> {
    if is_small::<T>() {
        // A thread that is ending has no list any more.
        let spare = LIST.try_with(|list| {
            let first = list.first.get();
            if !first.is_null() {
                // SAFETY: F1: it is on the list, and leaves it here.
                list.first.set(unsafe { (*first).next });
                list.count.set(list.count.get() - 1);
            }
            first
        });
        if let Some(spare) = NonNull::new(spare.unwrap_or(null_mut())) {
            return spare.cast();
        }
    }
    fresh()
}

#[inline(never)]
fn fresh<T>() -> NonNull<T> {
    let layout = layout::<T>();
    // SAFETY: the layout has a size above zero: it is that of a small cell, or larger.
    match NonNull::new(unsafe { alloc(layout) }) {
        Some(memory) => memory.cast(),
        None => handle_alloc_error(layout),
    }
}

/// Takes memory back.
///
/// # Safety
/// It came from [`take`] for the same type, holds nothing that is still needed, and is not used again.
#[inline(always)]
pub(super) unsafe fn give<T>(memory: NonNull<T>) {
    if is_small::<T>() {
        let kept = LIST.try_with(|list| {
            let count = list.count.get();
            if count == KEPT {
                return false;
            }
            // SAFETY: the caller's: the memory is the list's from now on, and has room for a link (F1).
            unsafe { memory.cast::<Link>().write(Link { next: list.first.get() }) };
            list.first.set(memory.as_ptr().cast());
            list.count.set(count + 1);
            true
        });
        if kept.unwrap_or(false) {
            return;
        }
    }
    // SAFETY: the caller's: it was allocated with this layout.
    unsafe { dealloc(memory.as_ptr().cast(), layout::<T>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_taken_again_by_the_same_thread_up_to_a_limit() {
        std::thread::spawn(|| {
            let one = take::<[u64; 4]>();
            // SAFETY: from `take`, of the same type, each once.
            unsafe { give(one) };
            let again = take::<[u64; 20]>();
            assert_eq!(again.cast(), one, "all small types share a list");
            let many: Vec<_> = (0..2 * KEPT).map(|_| take::<[u64; 20]>()).collect();
            // SAFETY: as above.
            many.into_iter().chain([again]).for_each(|memory| unsafe { give(memory) });
            assert_eq!(LIST.with(|list| list.count.get()), KEPT);
        })
        .join()
        .expect("no assertion failed");
    }
}
