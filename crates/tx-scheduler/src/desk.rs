//! What belongs to one worker: scratch memory, spare blocks, tallies. No other worker touches it during a run.

use array_core::{ArrayError, BlockPool, DType, Scratch, TileBuf};

use crate::cancel::Limits;
use crate::conflicts::{self, Conflicts, Key};
use crate::graph::VersionId;
use crate::lines::{LineId, Spent};
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
    pub(crate) lines: LineTallies,
    pub(crate) conflicts: Conflicts,
    /// When to give up waiting for other threads.
    pub(crate) limits: Limits,
    /// The closure at hand has given up waiting: it has done nothing, and stays to be run.
    pub(crate) interrupted: bool,
}

impl Desk {
    /// Executions of a closure were thrown away.
    pub(crate) fn lost(&mut self, key: Key, times: u64, ns: u64) {
        self.tally.aborts += times;
        let line = self.lines.of(key.loser);
        line.aborts += times;
        line.lost_ns += ns;
        conflicts::add(&mut self.conflicts, key, (times, ns));
    }
}

/// What each line's tasks took here since the last run ended.
#[derive(Debug, Default)]
pub(crate) struct LineTallies {
    /// For every line, whether it is among the touched, and what was spent on it.
    spent: Vec<(bool, Spent)>,
    touched: Vec<LineId>,
}

impl LineTallies {
    /// The tally of a line.
    #[inline]
    pub(crate) fn of(&mut self, line: LineId) -> &mut Spent {
        if self.spent.get(line as usize).is_none_or(|(touched, _)| !touched) {
            self.touch(line);
        }
        &mut self.spent[line as usize].1
    }

    #[cold]
    fn touch(&mut self, line: LineId) {
        let at = line as usize;
        if at >= self.spent.len() {
            self.spent.resize(at + 1, (false, Spent::default()));
        }
        self.spent[at].0 = true;
        self.touched.push(line);
    }

    /// Hand over what there is, and begin again.
    pub(crate) fn settle(&mut self, mut f: impl FnMut(LineId, Spent)) {
        for line in self.touched.drain(..) {
            let (_, spent) = std::mem::take(&mut self.spent[line as usize]);
            f(line, spent);
        }
    }
}

/// What a worker did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) tasks: u64,
    pub(crate) kernel_ns: u64,
    pub(crate) scheduling_ns: u64,
    pub(crate) bytes: u64,
    /// Of these, written past the caches.
    pub(crate) past: u64,
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
            past: self.past + other.past,
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
    #[inline]
    pub(crate) fn take(&mut self, dtype: DType, len: usize) -> Result<TileBuf, ArrayError> {
        match self.take_kept(dtype, len) {
            Some(block) => Ok(block),
            None => BlockPool::shared().take(dtype, len),
        }
    }

    /// One that died here.
    #[inline]
    pub(crate) fn take_kept(&mut self, dtype: DType, len: usize) -> Option<TileBuf> {
        // Newest first; a program of one shape finds the first.
        self.kept
            .pop_if(|block| block.dtype() == dtype && block.len() == len)
            .or_else(|| self.take_other(dtype, len))
    }

    #[inline(never)]
    fn take_other(&mut self, dtype: DType, len: usize) -> Option<TileBuf> {
        let at = self.kept.iter().rposition(|block| block.dtype() == dtype && block.len() == len)?;
        Some(self.kept.swap_remove(at))
    }

    pub(crate) fn put(&mut self, block: TileBuf) {
        if self.kept.len() == Self::KEPT {
            self.kept.swap_remove(0);
        }
        self.kept.push(block);
    }
}
