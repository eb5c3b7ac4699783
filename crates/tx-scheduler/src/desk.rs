//! What belongs to one worker: scratch memory, spare blocks, tallies. No other worker touches it during a run.

use array_core::{ArrayError, BlockPool, DType, Scratch, TileBuf};

use crate::graph::VersionId;
use crate::trace::Event;

/// A worker's own things.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) scratch: Scratch,
    /// Tile addresses of the task at hand.
    pub(crate) reads: Vec<*const u8>,
    pub(crate) writes: Vec<*mut u8>,
    pub(crate) blocks: Blocks,
    /// Versions that died here during the run.
    pub(crate) died: Vec<VersionId>,
    pub(crate) events: Vec<Event>,
    pub(crate) tally: Tally,
}

/// What a worker did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) tasks: u64,
    pub(crate) kernel_ns: u64,
    pub(crate) scheduling_ns: u64,
    pub(crate) bytes: u64,
    pub(crate) aborts: u64,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            tasks: self.tasks + other.tasks,
            kernel_ns: self.kernel_ns + other.kernel_ns,
            scheduling_ns: self.scheduling_ns + other.scheduling_ns,
            bytes: self.bytes + other.bytes,
            aborts: self.aborts + other.aborts,
        }
    }
}

// SAFETY: the addresses in `reads` and `writes` mean something only inside one task; a desk at rest is plain data.
unsafe impl Send for Desk {}

/// Blocks that just died here and are still in this core's cache, newest last.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    kept: Vec<TileBuf>,
}

impl Blocks {
    /// How many blocks a worker keeps for itself; the rest go back to the pool they came from.
    const KEPT: usize = 64;

    /// A block with unspecified contents.
    pub(crate) fn take(&mut self, dtype: DType, len: usize) -> Result<TileBuf, ArrayError> {
        // Newest first; a program of one shape finds the first.
        if let Some(at) = self.kept.iter().rposition(|block| block.dtype() == dtype && block.len() == len) {
            return Ok(self.kept.swap_remove(at));
        }
        BlockPool::shared().take(dtype, len)
    }

    pub(crate) fn put(&mut self, block: TileBuf) {
        if self.kept.len() == Self::KEPT {
            self.kept.swap_remove(0);
        }
        self.kept.push(block);
    }
}
