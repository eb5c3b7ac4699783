//! Recording a statement over all of a large array while nothing it touches is under way: tasks of several tiles each.
//!
//! Such tasks wait for nobody, so nothing is gained by cutting them as finely as what they compute is handed on. A task costs its
//! recording, a claim and an end, 0.5 microseconds where a tile of an addition takes 8 (10^6 f64, two threads).
//!
//! The last tasks of each thread's share are single tiles, so that threads that are not equally fast end together. (Last in the direction
//! of a run of this statement alone; where several run together they are first in every other run.)

use smallvec::SmallVec;
use tx_collections::Grid;

use crate::graph::{NONE, VersionId, Work};
use crate::record::{Recorder, effort};
use crate::statement::Inputs;

/// Tiles of a task.
const JOINED: usize = 4;
/// Tiles at the end of a share that are tasks of their own, at most; of a small share half of it.
const SINGLE: usize = 12;
/// Nanoseconds, by the plan's own estimate, that a tile takes at most where a task's costs count.
const SHORT: u64 = 20_000;

impl Recorder<'_> {
    /// Whether the tiles are short work, every source is there, and the target is new or nobody but its table has anything to do with its tiles.
    pub(crate) fn is_at_rest(&self, inputs: &Inputs, slot: u32) -> bool {
        let running = self.graph.statements().start;
        let versions = &self.tables.get(slot).versions;
        versions.len() >= 2 * JOINED
            && effort(&inputs.plan, self.tables.get(slot).grid.tile_elems()) <= SHORT
            && inputs.sources.iter().all(|source| self.tables.get(source.slot).written <= running)
            && (versions[0] == NONE || versions.iter().all(|&id| self.graph.is_alone(id)))
    }

    /// Record tasks for all tiles of the storage at `slot`, whose elements lie alike in all sources; how many.
    pub(crate) fn in_runs(&mut self, inputs: &Inputs, slot: u32, grid: Grid) -> usize {
        let (count, share) = (grid.tiles(), grid.tiles().div_ceil(self.threads));
        let single = if self.threads > 1 { SINGLE.min(share / 2) } else { 0 };
        // No source lies there.
        let mut versions = std::mem::take(&mut self.tables.get_mut(slot).versions);
        let sources: SmallVec<[&[VersionId]; 8]> =
            inputs.sources.iter().map(|source| &self.tables.get(source.slot).versions[..]).collect();
        let over = versions[0] != NONE;
        let (mut first, mut tasks) = (0, 0);
        while first < count {
            let (before, left) = (first % share, (share - first % share).min(count - first));
            let last = if self.backward { before } else { left - JOINED.min(left) };
            let tiles = if left >= JOINED && last >= single { JOINED } else { 1 };
            let (start, end) = (grid.range(first).start, grid.range(first + tiles - 1).end);
            let work = Work::Tiles { first_tile: first as u32, tiles: tiles as u32, start, end, over };
            let mut task = self.graph.draft(work);
            // Tile by tile: so one task after the other finds what it accesses.
            for tile in first..first + tiles {
                if over {
                    self.graph.add_overwrite_alone(&mut task, versions[tile]);
                } else {
                    versions[tile] = self.graph.add_creation(&mut task);
                }
                for source in &sources {
                    self.graph.add_settled_read(&mut task, source[tile]);
                }
            }
            let seq = task.seq;
            let ready = self.graph.push(task);
            debug_assert!(ready, "nothing it touches is under way");
            self.ready.push(seq);
            (first, tasks) = (first + tiles, tasks + 1);
        }
        drop(sources);
        self.tables.get_mut(slot).versions = versions;
        tasks
    }
}
