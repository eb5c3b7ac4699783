//! Rows: runs of elements that follow each other without a gap, each owned by itself, in one block.
//!
//! The tiles of a large array are read one after another by whoever computes with all of it. Where they lie in a row the processor's
//! reading ahead goes on from one to the next, and a walk takes neighbours for one run. The sum of 3 * 10^7 f64 in tiles of 80 KiB,
//! one thread, kernels alone: 14.7 ms as one run, 16.6 with the gaps between blocks of a pool, 17.9 where each third block is the
//! array's.
//!
//! **Invariant** R1: the parts of a row are disjoint, and each is given out once. The block goes back to its pool with the last of them.
//! **Trade-offs** until then the memory of a part that was dropped is nobody's; so a row is for parts that are likely to go together, and
//! the pool knows how much of it there is ([`BlockPool::dead_row_bytes`](super::BlockPool::dead_row_bytes)).

use super::pool::Block;
use std::{ptr::NonNull, sync::Arc};

/// Memory that one owner has to himself.
pub(super) enum Room {
    Block(Block),
    Part(Part),
}

/// A part of a row.
pub(super) struct Part {
    at: NonNull<u8>,
    row: Arc<Row>,
}

/// A block and its parts.
struct Row {
    block: Block,
    part_bytes: usize,
    count: usize,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.row.block.count_rows(0, self.row.part_bytes as isize);
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        // All parts have been dropped, and counted as that.
        let bytes = (self.part_bytes * self.count) as isize;
        self.block.count_rows(-bytes, -bytes);
    }
}

// SAFETY: the part owns its memory exclusively (R1); the row is only dropped.
unsafe impl Send for Part {}
// SAFETY: a shared part only gives out its address.
unsafe impl Sync for Part {}

impl Room {
    /// Start of the usable bytes, 64-byte aligned.
    #[inline(always)]
    pub(super) fn ptr(&self) -> *mut u8 {
        match self {
            Room::Block(block) => block.ptr(),
            Room::Part(part) => part.at.as_ptr(),
        }
    }
}

/// The `count` parts of `bytes` each, a multiple of 64, of a block. All of them are to be taken: each is counted when it is dropped.
///
/// # Safety
/// The block was taken for `count * bytes` bytes or more.
pub(super) unsafe fn parts(block: Block, bytes: usize, count: usize) -> impl Iterator<Item = Room> {
    block.count_rows((bytes * count) as isize, 0);
    let row = Arc::new(Row { block, part_bytes: bytes, count });
    (0..count).map(move |i| {
        // SAFETY: within the block's usable bytes by the caller's promise, so not null.
        let at = unsafe { NonNull::new_unchecked(row.block.ptr().add(i * bytes)) };
        Room::Part(Part { at, row: row.clone() })
    })
}
