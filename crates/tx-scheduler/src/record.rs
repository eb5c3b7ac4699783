//! Recording array statements: which tasks a statement has, what they read and write, and what they wait for.
//!
//! Every right-hand side reads the versions of before its statement, so NumPy's rule "right-hand side first" needs
//! no copy of it. For each tile of the target:
//!
//! - *New version*: the tile is mostly overwritten, is read by the statement itself, or is shared with a snapshot.
//!   The task computes into a fresh block and copies the few elements it does not write. It waits only for the
//!   writers of what it reads.
//! - *Over*: the tile is overwritten as a whole, and nothing that has yet to run looks at it. The task computes into the block
//!   that is there: no version is made and none dies.
//! - *In place*: a small part of the tile is overwritten. The task also waits for the earlier readers of the tile.
//!   Neighbouring tiles are joined until a task is worth its cost. If the statement reads what it writes in place,
//!   there is one task, which computes everything before it writes anything.

use std::ops::Range;

use array_core::{Layout, Plan, ReduceOp, reduction_nodes};
use smallvec::SmallVec;
use tx_runtime::sync::UnsafeCell;

use crate::force::SMALL_PATIENCE;
use crate::graph::{Draft, Graph, NONE, StatementSeq, TaskSeq, VersionId, Work};
use crate::lines::LineId;
use crate::region::{address, lower_bound};
use crate::rows::Rows;
use crate::statement::{Fold, Inputs, Kind, Statement, Target};
use crate::tables::Tables;
use crate::undo::UndoLog;

/// In-place tasks are joined until they write this many elements.
const GRAIN_ELEMS: usize = 2048;
/// A statement that reads what it writes in place buffers at most this many elements; beyond, tiles are versioned.
const BUFFERED_ELEMS: usize = 1 << 16;
/// A sparse statement of at most this many elements is one in-place task.
const JOINED_ELEMS: usize = 2 * GRAIN_ELEMS;
/// While a wave is under way, in-place tasks span no more tiles than this: one that waits for a whole column of them would
/// end the wave.
const WAVE_TILES: usize = 4;
/// Where tiles are no larger than what the graph keeps for a task, the tasks are what fills the cache.
const TASK_BYTES: usize = 256;
/// Such a task counts so much: what it takes, times the patience that the window has with arrays that fit the cache. Four times
/// that, because a task is touched again and again: with a quarter of the level-two cache for them a tile takes 93 ns, with all of
/// it 98, with four times as much 130.
const TASK_COST: usize = 4 * TASK_BYTES * SMALL_PATIENCE;
/// Below this many elements a tile, a scatter from a buffer beats evaluating straight into the tiles.
pub(crate) const SPARSE_ELEMS: usize = 64;

/// A statement being recorded.
pub(crate) struct Recorder<'a> {
    pub(crate) graph: &'a mut Graph,
    pub(crate) tables: &'a mut Tables,
    pub(crate) ready: &'a mut Vec<TaskSeq>,
    pub(crate) undo_log: &'a mut UndoLog,
    /// The commit task of the last closure.
    pub(crate) last_commit: TaskSeq,
    /// See [`Config::cache_bytes`](crate::Config::cache_bytes).
    pub(crate) cache_bytes: usize,
    pub(crate) threads: usize,
    /// Whether the next run begins with the last elements.
    pub(crate) backward: bool,
}

impl Recorder<'_> {
    /// Record `target[...] = expression`. The iteration space has an element.
    ///
    /// `layout` is normalised: monotone in the order of the iteration space.
    pub(crate) fn map(
        &mut self,
        slot: u32,
        layout: Layout,
        inputs: Box<Inputs>,
        line: LineId,
    ) -> StatementSeq {
        let len: usize = inputs.shape.iter().product();
        let grid = self.tables.get(slot).grid;
        let first = grid.tile_of(address(&layout, 0));
        let last = grid.tile_of(address(&layout, len - 1));
        let pending = self.graph.is_unfinished(self.last_commit);
        let kept = if pending { self.keep(slot, first..last + 1) } else { 0 };
        let table = self.tables.get(slot);
        let fresh = table.versions[first] == NONE;
        let reads_itself = inputs.sources.iter().any(|source| source.slot == slot);
        let sparse = len / (last - first + 1) < SPARSE_ELEMS.min(grid.tile_elems());
        let buffered = sparse || reads_itself;
        // One task for all tiles: because everything must be computed before anything is written, or because there is
        // too little to do for more.
        let settled = !fresh && table.versions[first..=last].iter().all(|&id| self.graph.is_settled(id));
        let joined = len <= if reads_itself { BUFFERED_ELEMS } else { JOINED_ELEMS }
            && (reads_itself || (sparse && (settled || last - first < WAVE_TILES)))
            && !fresh
            && len * 2 < (last - first + 1) * grid.tile_elems()
            && table.versions[first..=last].iter().all(|&id| self.graph.version(id).tables == 1);
        let (alike, dense) = inputs.lie_alike(&layout, grid.tile_elems());
        let target = Target {
            slot,
            dtype: table.dtype,
            layout,
            tile_elems: grid.tile_elems(),
            len: grid.len(),
            buffered,
            alike,
            dense,
            far: len * table.dtype.size() > self.cache_bytes,
            rows: Rows::new(table.dtype, len, &grid, fresh),
        };
        let mut tasks = 0;
        // Tiles that are held beside those of the statement before.
        let mut grown = 0;
        let at_rest = alike && len == grid.len() && !pending && self.is_at_rest(&inputs, slot);
        if joined {
            self.scatter(&inputs, slot, first..last + 1, 0..len);
            tasks = 1;
        } else if at_rest && !reads_itself {
            tasks = self.in_runs(&inputs, slot, grid);
            grown = if fresh { grid.tiles() } else { 0 };
        } else {
            let mut replaced: SmallVec<[(u32, VersionId); 8]> = SmallVec::new();
            // A run of tiles to be written in place: the first, the last, and the stretch of elements.
            let mut run: Option<(usize, usize, Range<usize>)> = None;
            let mut start = 0;
            for tile in first..=last {
                let range = grid.range(tile);
                let end = if tile == last { len } else { lower_bound(&target.layout, range.end) };
                let id = self.tables.get(slot).versions[tile];
                let own = !fresh && self.graph.version(id).tables == 1;
                let in_place = own && !reads_itself && (end - start) * 2 < range.len();
                // A task that writes in place is the last writer of all tiles of its run, so none of them may be shared.
                if !in_place
                    && (!own || end > start)
                    && let Some((from, to, stretch)) = run.take()
                {
                    self.scatter(&inputs, slot, from..to + 1, stretch);
                    tasks += 1;
                }
                if end == start {
                    continue;
                }
                if in_place {
                    let (from, stretch) =
                        run.take().map_or((tile, start..end), |(from, _, s)| (from, s.start..end));
                    if stretch.len() >= GRAIN_ELEMS || (!settled && tile - from + 1 >= WAVE_TILES) {
                        self.scatter(&inputs, slot, from..tile + 1, stretch);
                        tasks += 1;
                    } else {
                        run = Some((from, tile, stretch));
                    }
                } else if end - start == range.len() && !reads_itself && !fresh && self.graph.is_alone(id) {
                    self.over(&inputs, alike, tile, start..end, id);
                    tasks += 1;
                } else {
                    let whole = end - start == range.len();
                    // What nobody has read since it was written is written on.
                    grown += usize::from(fresh || whole || !self.graph.is_unread(id));
                    let new = self.tile(&inputs, alike, tile, start..end, (!whole).then_some(id));
                    replaced.push((tile as u32, new));
                    tasks += 1;
                }
                start = end;
            }
            if let Some((from, to, stretch)) = run {
                self.scatter(&inputs, slot, from..to + 1, stretch);
                tasks += 1;
            }
            let versions = &mut self.tables.get_mut(slot).versions;
            for (tile, new) in replaced {
                let old = std::mem::replace(&mut versions[tile as usize], new);
                if old != NONE {
                    drop(self.graph.release_version(old));
                }
            }
        }
        let live_bytes =
            live_bytes(tasks, grown, grid.tile_elems()) + kept * grid.tile_elems() * size_of::<f64>();
        let effort = effort(&inputs.plan, len);
        let statement = self.graph.add_statement(Statement {
            left: count(tasks).into(),
            live_bytes,
            line,
            effort,
            kind: Kind::Map { inputs, target },
        });
        let table = self.tables.get_mut(slot);
        table.written = statement + 1;
        if fresh {
            table.born = statement + 1;
        }
        statement
    }

    /// A closure waits: leave the versions that the next statement may replace to the undo log. How many there were.
    pub(crate) fn keep(&mut self, slot: u32, tiles: Range<usize>) -> usize {
        let mut kept = Vec::new();
        for tile in tiles {
            let id = self.tables.get(slot).versions[tile];
            // What was written after the closure goes with it.
            if id != NONE && !self.graph.is_written_after(id, self.last_commit) {
                self.graph.share_version(id);
                kept.push((tile as u32, id));
            }
        }
        let count = kept.len();
        self.undo_log.keep(self.tables, slot, self.graph.statements().end, kept);
        count
    }

    /// A task that makes a new version of one tile; `keeps` is the old version if elements of it stay.
    fn tile(
        &mut self,
        inputs: &Inputs,
        alike: bool,
        tile: usize,
        range: Range<usize>,
        keeps: Option<VersionId>,
    ) -> VersionId {
        let work =
            Work::Tile { tile: tile as u32, start: range.start, end: range.end, keeps: keeps.is_some() };
        let mut task = self.graph.draft(work);
        let new = self.graph.add_creation(&mut task);
        if let Some(old) = keeps {
            self.graph.add_read(&mut task, old);
        }
        self.read_tiles(&mut task, inputs, alike, tile, &range);
        self.push(task);
        new
    }

    /// A task that writes all of one tile into its version, which nobody else has.
    fn over(&mut self, inputs: &Inputs, alike: bool, tile: usize, range: Range<usize>, id: VersionId) {
        let work = Work::Over { tile: tile as u32, start: range.start, end: range.end };
        let mut task = self.graph.draft(work);
        self.graph.add_overwrite(&mut task, id);
        self.read_tiles(&mut task, inputs, alike, tile, &range);
        self.push(task);
    }

    /// A task that writes `tiles` in place.
    fn scatter(&mut self, inputs: &Inputs, slot: u32, tiles: Range<usize>, range: Range<usize>) {
        let work = Work::Scatter {
            first_tile: tiles.start as u32,
            tiles: tiles.len() as u32,
            start: range.start,
            end: range.end,
        };
        let mut task = self.graph.draft(work);
        for &id in &self.tables.get(slot).versions[tiles] {
            self.graph.add_overwrite(&mut task, id);
        }
        self.read_sources(&mut task, inputs, &range);
        self.push(task);
    }

    /// Record a reduction over all elements into the 0-d storage at `slot`, which is new. Of what statements before write, a node
    /// holds `held` elements.
    pub(crate) fn reduce(
        &mut self,
        slot: u32,
        op: ReduceOp,
        inputs: Box<Inputs>,
        max_elems: usize,
        held: usize,
        line: LineId,
    ) -> StatementSeq {
        let len: usize = inputs.shape.iter().product();
        let dtype = inputs.plan.dtype();
        let nodes = reduction_nodes(dtype, len, max_elems);
        let partials = nodes.iter().map(|_| UnsafeCell::new(None)).collect();
        let first = self.graph.next_task();
        for (node, range) in nodes.iter().enumerate() {
            let work = Work::Node { node: node as u32, start: range.start, end: range.end };
            let mut task = self.graph.draft(work);
            if !range.is_empty() {
                self.read_sources(&mut task, &inputs, range);
            }
            self.push(task);
        }
        let mut fold = self.graph.draft(Work::Fold);
        let version = self.graph.add_creation(&mut fold);
        for node in first..fold.seq {
            self.graph.add_edge(node, &mut fold);
        }
        self.push(fold);
        let effort = effort(&inputs.plan, len);
        let statement = self.graph.add_statement(Statement {
            left: count(nodes.len() + 1).into(),
            live_bytes: live_bytes(nodes.len() + 1, nodes.len(), held.min(len)),
            line,
            effort,
            kind: Kind::Reduce { inputs, fold: Fold { op, dtype, len, max_elems, partials } },
        });
        let table = self.tables.get_mut(slot);
        table.versions[0] = version;
        (table.born, table.written) = (statement + 1, statement + 1);
        statement
    }

    /// `task`, whose writes are known, reads what tile `tile` of the target, the stretch `range`, needs.
    #[inline]
    fn read_tiles(
        &mut self,
        task: &mut Draft,
        inputs: &Inputs,
        alike: bool,
        tile: usize,
        range: &Range<usize>,
    ) {
        if !alike {
            return self.read_sources(task, inputs, range);
        }
        for source in &inputs.sources {
            let id = self.tables.get(source.slot).versions[tile];
            self.graph.add_read(task, id);
        }
    }

    /// `task`, whose writes are known, reads what the stretch `range` of the statement needs.
    pub(crate) fn read_sources(&mut self, task: &mut Draft, inputs: &Inputs, range: &Range<usize>) {
        if inputs.sources.is_empty() {
            return;
        }
        let written = task.accesses();
        let mut extent = None;
        for (at, source) in inputs.sources.iter().enumerate() {
            let (first, last) = inputs.tiles_read(at, range, &mut extent);
            self.graph.begin_source(task, first, written);
            for &id in &self.tables.get(source.slot).versions[first..=last] {
                self.graph.add_read(task, id);
            }
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, task: Draft) {
        let seq = task.seq;
        if self.graph.push(task) {
            self.ready.push(seq);
        }
    }
}

/// A number of tasks.
pub(crate) fn count(tasks: usize) -> u32 {
    u32::try_from(tasks).expect("fewer than 2^32 tasks in a statement")
}

/// What a statement adds to the working set: a dive through the window holds about three tiles of each statement it passes.
pub(crate) fn live_bytes(tasks: usize, grown: usize, tile_elems: usize) -> usize {
    let tile_bytes = tile_elems * size_of::<f64>();
    grown.min(3) * tile_bytes + if tile_bytes <= TASK_BYTES { tasks * TASK_COST } else { 0 }
}

/// Nanoseconds of work, by the plan's own estimate.
pub(crate) fn effort(plan: &Plan, len: usize) -> u64 {
    (len as u64 * u64::from(plan.element_ps())).div_ceil(1000)
}
