//! Reductions along axes and searches for positions, as tasks: recording and running them.
//!
//! A task computes a stretch of the results and reads the tiles of its elements where they are. The result's storage is cut so that
//! there is a task for each of its tiles, however few results there are: cutting it finely costs less than joining. Where a few
//! results have many elements each, and their order does not matter (extremes, positions, integers), tasks take *parts* of the
//! elements instead, and one joins them.
//!
//! **Same bits** however they are cut: a result is computed from its own elements in an order that its shape fixes
//! ([`AxisReduction`]), and is cut into parts only where every order gives the same.

use array_core::{Array, ArrayError, AxisPart, AxisReduction, DType, Scalar, bind_axes};
use tx_collections::View;
use tx_runtime::sync::UnsafeCell;

use crate::desk::Desk;
use crate::error::SessionError;
use crate::exec::{Tiles, with_operands};
use crate::graph::{Graph, StatementSeq, Task, Work};
use crate::lines::LineId;
use crate::record::{Recorder, count, effort, live_bytes};
use crate::session::Session;
use crate::statement::{Inputs, Kind, Statement};

/// Whoever reads the result meets each of its tiles: there are no more than so many that are smaller than a tile need be.
const MOST_SMALL_TILES: usize = 64;
/// Results that lie side by side are read row by row, so each task reads pieces of at least so many elements, a few cache lines.
const LEAST_WIDTH: usize = 32;
/// So many results at most are computed in parts: each part has a value for all of them.
const MOST_IN_PARTS: usize = 1024;
/// With fewer tasks than this, elements are shared out if they can be.
const FEW_TASKS: usize = 8;

/// The results of the parts of a reduction, while they are computed.
pub(crate) struct Parts {
    /// Part `i` is written by the task of node `i` alone and read by the fold, which all of them precede.
    cells: Box<[UnsafeCell<Option<AxisPart>>]>,
}

// SAFETY: each cell has one writer, and edges order every writer before the one reader (G4).
unsafe impl Sync for Parts {}

/// How many results go into a tile.
fn results_per_tile(axes: &AxisReduction, shape: &[usize], tile_elems: usize, threads: usize) -> usize {
    let (results, elements) = axes.counts(shape);
    if results * elements <= tile_elems {
        return results;
    }
    // As many elements as an elementwise task has, if that makes not too many tiles.
    let enough = (tile_elems / elements).max(results / MOST_SMALL_TILES).max(1);
    let per = match axes.interleaved(shape) {
        None => enough,
        Some(columns) => {
            // A task passes all rows: with more of them than threads the pieces of a row are shorter, for nothing.
            let rows = results / columns;
            if rows >= threads {
                enough.next_multiple_of(columns)
            } else {
                columns.div_ceil(threads.div_ceil(rows)).next_multiple_of(LEAST_WIDTH).min(columns)
            }
        }
    };
    per.min(tile_elems)
}

impl Session {
    /// Record a reduction along axes, or a search for positions, into a new private array; nothing if `value` is something else, or
    /// can fail.
    pub(crate) fn record_axes(&mut self, value: &Array, line: LineId) -> Result<Option<View>, SessionError> {
        let Some((mut bound, mut axes)) = bind_axes(value)? else { return Ok(None) };
        if bound.plan.can_fail() {
            return Ok(None);
        }
        let (results, elements) = axes.counts(&bound.shape);
        if results * elements == 0 {
            let start = if results == 0 { Scalar::zero(value.dtype()) } else { axes.identity(&bound.plan) };
            return self.record_array(Array::full(value.shape(), start), line).map(Some);
        }
        self.explain_expression(value);
        let tile_elems = self.config.tile_elems;
        let per = results_per_tile(&axes, &bound.shape, tile_elems, self.runner.threads());
        if let Some(view) = self.axes_at_once(value, (&bound, &axes), per, line)? {
            return Ok(Some(view));
        }
        let few = results <= MOST_IN_PARTS && results.div_ceil(per) < FEW_TASKS;
        let parts =
            (few && results * elements > tile_elems).then(|| axes.clone().into_parts(&mut bound)).flatten();
        let (slot, storage) = match parts {
            Some(_) => self.tables.add(value.dtype(), value.shape(), MOST_IN_PARTS),
            None => self.tables.add(value.dtype(), value.shape(), per),
        };
        let inputs = Inputs::new(bound, &self.tables)?;
        let statement = match parts {
            Some(parts) => {
                axes = parts;
                self.recorder().parts(slot, inputs, axes, tile_elems, line)
            }
            None => self.recorder().results(slot, inputs, axes, line),
        };
        self.recorded(statement);
        Ok(Some(View::from(storage)))
    }
}

impl Recorder<'_> {
    /// One task for each tile of the new storage at `slot`.
    fn results(&mut self, slot: u32, inputs: Box<Inputs>, axes: AxisReduction, line: LineId) -> StatementSeq {
        let (results, elements) = axes.counts(&inputs.shape);
        let grid = self.tables.get(slot).grid;
        for tile in 0..grid.tiles() {
            let range = grid.range(tile);
            let range = range.start * elements..range.end * elements;
            let work = Work::Tile { tile: tile as u32, start: range.start, end: range.end, keeps: false };
            let mut task = self.graph.draft(work);
            let version = self.graph.add_creation(&mut task);
            self.read_sources(&mut task, &inputs, &range);
            self.push(task);
            self.tables.get_mut(slot).versions[tile] = version;
        }
        let live = live_bytes(grid.tiles(), grid.tiles(), grid.tile_elems());
        self.axes(slot, inputs, axes, (grid.tiles(), results * elements, live), None, line)
    }

    /// Tasks for parts of the elements, of about four tiles, and one that joins them, into the new storage of one tile at `slot`.
    fn parts(
        &mut self,
        slot: u32,
        inputs: Box<Inputs>,
        axes: AxisReduction,
        tile_elems: usize,
        line: LineId,
    ) -> StatementSeq {
        let (results, elements) = axes.counts(&inputs.shape);
        let all = results * elements;
        let step = all / inputs.shape[0];
        let per = ((4 * tile_elems).max(8 * results) / step).max(1) * step;
        let first = self.graph.next_task();
        for (node, start) in (0..all).step_by(per).enumerate() {
            let range = start..all.min(start + per);
            let mut task =
                self.graph.draft(Work::Node { node: node as u32, start: range.start, end: range.end });
            self.read_sources(&mut task, &inputs, &range);
            self.push(task);
        }
        let mut join = self.graph.draft(Work::Fold);
        let version = self.graph.add_creation(&mut join);
        for node in first..join.seq {
            self.graph.add_edge(node, &mut join);
        }
        let nodes = (join.seq - first) as usize;
        self.push(join);
        self.tables.get_mut(slot).versions[0] = version;
        let parts = Parts { cells: (0..nodes).map(|_| UnsafeCell::new(None)).collect() };
        let live = live_bytes(nodes + 1, nodes, results);
        self.axes(slot, inputs, axes, (nodes + 1, all, live), Some(parts), line)
    }

    fn axes(
        &mut self,
        slot: u32,
        inputs: Box<Inputs>,
        axes: AxisReduction,
        (tasks, elements, live_bytes): (usize, usize, usize),
        parts: Option<Parts>,
        line: LineId,
    ) -> StatementSeq {
        let effort = effort(&inputs.plan, elements);
        let dtype = self.tables.get(slot).dtype;
        let along = Box::new(Along { axes, dtype, parts });
        let kind = Kind::Axes { inputs, along };
        let statement =
            self.graph.add_statement(Statement { left: count(tasks).into(), live_bytes, line, effort, kind });
        let table = self.tables.get_mut(slot);
        (table.born, table.written) = (statement + 1, statement + 1);
        statement
    }
}

/// A reduction along axes, as all its tasks see it.
pub(crate) struct Along {
    axes: AxisReduction,
    /// Of the results.
    dtype: DType,
    /// If its elements are shared out.
    parts: Option<Parts>,
}

impl std::fmt::Debug for Along {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.axes.fmt(f)
    }
}

/// Compute some of the results, a part of all of them, or join the parts.
pub(crate) fn execute(
    graph: &Graph,
    task: &Task,
    inputs: &Inputs,
    along: &Along,
    desk: &mut Desk,
) -> Result<(), ArrayError> {
    let Along { axes, dtype, parts } = along;
    let Inputs { plan, consts, shape, .. } = inputs;
    let (scratch, reads) = (&mut desk.scratch, &mut desk.reads);
    let accesses = graph.accesses(task);
    // The join has none.
    let tiles = || Tiles::Noted(graph.firsts(task, inputs.sources.len()));
    match task.work {
        Work::Tile { start, end, .. } => {
            let (_, elements) = axes.counts(shape);
            let range = start / elements..end / elements;
            let mut block = desk.blocks.take(*dtype, range.len())?;
            let (out, written) = (block.as_mut_ptr(), range.len() * dtype.size());
            with_operands(graph, inputs, &accesses[1..], tiles(), reads, |operands| {
                // SAFETY: the access list covers every tile of these results' elements (`tiles_read` is a hull), all written and
                // unchanging (G2); the block is ours alone and no operand.
                unsafe { axes.results(plan, consts, shape, operands, range, out, scratch) }
            })?;
            desk.tally.bytes += ((end - start) * inputs.bytes_per_element + written) as u64;
            // SAFETY: this task creates the version (G2).
            unsafe { graph.version(accesses[0]).put(block) };
        }
        Work::Node { node, start, end } => {
            let part = with_operands(graph, inputs, accesses, tiles(), reads, |operands| {
                // SAFETY: as above; the range is whole steps of the first axis, and not empty.
                unsafe { axes.part(plan, consts, shape, operands, start..end, scratch) }
            })?;
            desk.tally.bytes += ((end - start) * inputs.bytes_per_element) as u64;
            let cells = &parts.as_ref().expect("a node is one of parts").cells;
            // SAFETY: this node's task is the only writer, and the join waits for it.
            cells[node as usize].with_mut(|cell| unsafe { *cell = Some(part) });
        }
        _ => {
            let take = |cell: &UnsafeCell<Option<AxisPart>>| {
                // SAFETY: all nodes have finished, and nobody else reads.
                cell.with_mut(|cell| unsafe { (*cell).take() }).expect("edges order nodes before the join")
            };
            let cells = &parts.as_ref().expect("a join is one of parts").cells;
            let parts: Vec<AxisPart> = cells.iter().map(take).collect();
            let mut block = desk.blocks.take(*dtype, axes.counts(shape).0)?;
            // SAFETY: the parts are those of this plan, at least one; the block has room for all results, and this task creates the
            // version (G2).
            unsafe {
                axes.join(plan, shape, &parts, block.as_mut_ptr());
                graph.version(accesses[0]).put(block);
            }
        }
    }
    Ok(())
}
