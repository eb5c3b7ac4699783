//! Slabs: huge pages, each cut into blocks of one size class.
//!
//! A tile is smaller than a huge page, and a column of an array touches every tile once or more: with pages of 4 KiB each touch
//! looks for its page anew. `u[:, 0] = c` at 3000 × 3000, one thread: 18.2 and 19.6 µs on small pages, 13.6 and 13.4 on
//! huge ones, in turns (`scheduler/column`).
//!
//! **Layout** a header of [`HEADER`] bytes, then blocks one after another. A slab is aligned to its own size, so a block's address
//! names its slab.
//! **Invariants** S1: the header is only touched under the lock of the class that the slab was cut for.
//! S2: the header counts the slab's blocks in the free list of that class. A slab of which all rest is wholly the pool's.

use std::{
    alloc::{Layout as Memory, alloc, dealloc},
    ptr::NonNull,
};

use super::pool::{HUGE, advise};

/// Blocks of at most so many bytes, their room for a colour counted, are cut from slabs: classes of up to 224 KiB, of which eight or
/// more fit one.
pub(super) const LARGEST: usize = 256 << 10;
/// Where the first block begins.
pub(super) const HEADER: usize = 64;
const MEMORY: Memory = match Memory::from_size_align(HUGE, HUGE) {
    Ok(memory) => memory,
    Err(_) => unreachable!(),
};

/// The address of a slab. Who owns it: see the module's S2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slab(NonNull<u8>);

/// How many blocks of `size` bytes, a multiple of 64, a slab holds.
pub(super) fn blocks_of(size: usize) -> usize {
    (HUGE - HEADER) / size
}

impl Slab {
    /// A new slab, of whose blocks none rests; `None` when the system has no memory for it.
    pub(super) fn new() -> Option<Slab> {
        // SAFETY: the layout has a size above zero.
        let base = NonNull::new(unsafe { alloc(MEMORY) })?;
        advise(base, MEMORY);
        // SAFETY: the slab is ours, and aligned better than a word.
        unsafe { base.cast::<usize>().write(0) };
        Some(Slab(base))
    }

    /// The slab that a block was cut from.
    ///
    /// # Safety
    /// `block` is what [`block`](Self::block) of a slab that is still there returned.
    pub(super) unsafe fn of(block: NonNull<u8>) -> Slab {
        let offset = block.addr().get() % HUGE;
        // SAFETY: slabs are aligned to their size, so the slab's own allocation begins `offset` bytes before.
        Slab(unsafe { block.sub(offset) })
    }

    /// The `i`th of the [`blocks_of`] `size`.
    pub(super) fn block(self, i: usize, size: usize) -> NonNull<u8> {
        assert!(i < blocks_of(size), "block {i} of {size} bytes is outside of its slab");
        // SAFETY: within the slab by the line above.
        unsafe { self.0.add(HEADER + i * size) }
    }

    /// Counts `change` more blocks that rest, or fewer; returns how many do now.
    ///
    /// # Safety
    /// The slab is still there, and the caller holds the lock of its class (S1).
    pub(super) unsafe fn rest(self, change: isize) -> usize {
        let header = self.0.cast::<usize>();
        // SAFETY: the header is a word written by `new`; nobody else looks at it (S1).
        unsafe {
            let resting = header.read().wrapping_add_signed(change);
            header.write(resting);
            resting
        }
    }

    /// Gives the slab back to the system.
    ///
    /// # Safety
    /// Nobody uses the slab or a block of it, now or later.
    pub(super) unsafe fn release(self) {
        // SAFETY: `new` allocated it with this layout.
        unsafe { dealloc(self.0.as_ptr(), MEMORY) };
    }
}
