//! Elements picked at positions, and values put there, as tasks: recording and running them.
//!
//! The positions are known when such a statement is recorded: those of the program at once, those that the session computes after
//! everything before has run. So a wrong one is an error of its own line, and nothing of the statement was recorded; and each
//! task reads and writes the tiles that its positions name, beside all other statements.
//!
//! A *pick* is a new array: each of its tiles is a task. What is *put* goes into the tiles that are named, each of which becomes a new
//! version with the other elements kept (its block is used again if nobody else reads it). Values that were computed are read
//! from an array of their own: the right-hand side is complete before anything is written. Where positions repeat, the last one
//! counts: a tile's elements are written by one task, in order.

use array_core::{Array, ArrayError, AtPositions, DType, Layout, Selection};
use smallvec::SmallVec;
use tx_collections::View;
use tx_runtime::sync::atomic::Ordering;

use crate::desk::Desk;
use crate::error::SessionError;
use crate::graph::{Graph, StatementSeq, Task, Work};
use crate::lines::LineId;
use crate::record::{Recorder, count, live_bytes};
use crate::session::Session;
use crate::statement::{Kind, Statement};

/// Nanoseconds for an element that is looked up and copied.
const PLACE_NS: u64 = 2;

/// A pick or a put, as all its tasks see it.
#[derive(Debug)]
pub(crate) struct Places {
    dtype: DType,
    /// Elements of a tile of what is read: the array that is picked from, or the values.
    tile_elems: usize,
    moves: Moves,
}

#[derive(Debug)]
enum Moves {
    /// Element `i` of the result is the one `i % width * stride` behind where row `i / width` begins.
    Pick { rows: Box<[usize]>, width: usize, stride: isize },
    /// For each element that is written, tile by tile: its place in the tile, and the number of its value.
    Put { moves: Box<[(usize, usize)]>, elems: usize, len: usize },
}

impl Session {
    /// Record elements picked at positions, or an array with values put there, into a new private array; nothing if `value` is something else.
    pub(crate) fn record_positions(
        &mut self,
        value: &Array,
        line: LineId,
    ) -> Result<Option<View>, SessionError> {
        let Some(parts) = value.at_positions() else { return Ok(None) };
        if value.is_empty() {
            return Ok(None);
        }
        let Some(view) = &parts.put else {
            let leaf = self.private_leaf(&parts.base);
            let layout = match &leaf {
                Some(leaf) => leaf.layout.clone(),
                None => Layout::contiguous(parts.base.shape())?,
            };
            // Before anything is recorded.
            let selection = self.selection(&parts, &layout)?;
            let base = match leaf {
                Some(leaf) => leaf,
                None => {
                    let base = self.record_array(parts.base.clone(), line)?;
                    self.leaf(&base)?
                }
            };
            self.explain_expression(value);
            let (slot, storage) = self.tables.add(value.dtype(), value.shape(), self.config.tile_elems);
            let statement = self.recorder().pick(slot, base.slot, &selection, line);
            self.recorded(statement);
            return Ok(Some(View::from(storage)));
        };
        let selection = self.selection(&parts, view)?;
        let into = self.record_array(parts.base.clone(), line)?;
        self.record_put(&into, parts, &selection, line)?;
        Ok(Some(into))
    }

    /// `target[...] = value` where the value is the whole target with something put at positions: written where it is. Gives the value
    /// back if it is something else.
    pub(crate) fn put_into(
        &mut self,
        target: &View,
        value: Array,
        line: LineId,
    ) -> Result<Option<Array>, SessionError> {
        let whole = |view: &Layout| {
            view.is_contiguous() && view.len() == target.storage().grid().len() && !view.is_empty()
        };
        let Some(parts) = value.at_positions().filter(|parts| parts.put.is_some()) else {
            return Ok(Some(value));
        };
        let slot = self.slot_of(target.storage())?;
        let same =
            self.private_leaf(&parts.base).is_some_and(|leaf| leaf.slot == slot && whole(&leaf.layout));
        if !same || !whole(target.layout()) {
            return Ok(Some(value));
        }
        let selection = self.selection(&parts, parts.put.as_ref().expect("asked for above"))?;
        self.explain_expression(&value);
        // What still holds the target's present value after this is somebody who will look later.
        drop(value);
        self.record_put(target, parts, &selection, line)?;
        Ok(None)
    }

    /// Where the selected elements of `layout` lie. Positions that the session computes are waited for, after everything before them, and
    /// a wrong one is an error after everything before it.
    fn selection(&mut self, parts: &AtPositions, layout: &Layout) -> Result<Selection, SessionError> {
        let mut known: SmallVec<[Array; 4]> = SmallVec::new();
        for positions in &parts.positions {
            let mut reads = false;
            positions.for_each_source(&mut |_, _| reads = true);
            if reads {
                self.run_all()?;
            }
            let data = positions.map_sources(&mut |source, layout| {
                let leaf = self.private_source(source, layout).ok_or(ArrayError::Unbound)?;
                self.gather(&leaf)
            })?;
            known.push(data.eval()?);
        }
        match parts.selection(layout, &known) {
            Ok(selection) => Ok(selection),
            Err(error) => {
                self.run_all()?;
                Err(error.into())
            }
        }
    }

    fn record_put(
        &mut self,
        target: &View,
        parts: AtPositions,
        selection: &Selection,
        line: LineId,
    ) -> Result<(), SessionError> {
        let value = parts.value.expect("something is put");
        drop(parts.base);
        let value = match value.as_const() {
            Some(one) => Array::scalar(one),
            None => value,
        };
        let value = self.record_array(value, line)?;
        let from = self.slot_of(value.storage())?;
        let slot = self.slot_of(target.storage())?;
        self.before_write(target.storage());
        if let Some(statement) = self.recorder().put(slot, from, selection, line) {
            self.recorded(statement);
        }
        Ok(())
    }
}

impl Recorder<'_> {
    /// The storage at `slot`, which is new, is what a selection takes from the one at `from`. It has elements.
    fn pick(&mut self, slot: u32, from: u32, selection: &Selection, line: LineId) -> StatementSeq {
        let (width, stride) = selection.row();
        let rows: Box<[usize]> = selection.rows().map(|row| row as usize).collect();
        let (grid, source) = (self.tables.get(slot).grid, self.tables.get(from).grid);
        let reach = (width - 1) as isize * stride;
        for tile in 0..grid.tiles() {
            let range = grid.range(tile);
            let (mut low, mut high) = (usize::MAX, 0);
            for &row in &rows[range.start / width..range.end.div_ceil(width)] {
                let ends = (row, (row as isize + reach) as usize);
                (low, high) = (low.min(ends.0.min(ends.1)), high.max(ends.0.max(ends.1)));
            }
            let work = Work::Tile { tile: tile as u32, start: range.start, end: range.end, keeps: false };
            let mut task = self.graph.draft(work);
            let new = self.graph.add_creation(&mut task);
            self.graph.begin_source(&mut task, source.tile_of(low), 1);
            for &id in &self.tables.get(from).versions[source.tile_of(low)..=source.tile_of(high)] {
                self.graph.add_read(&mut task, id);
            }
            self.push(task);
            self.tables.get_mut(slot).versions[tile] = new;
        }
        let moves = Moves::Pick { rows, width, stride };
        let live = live_bytes(grid.tiles(), grid.tiles(), grid.tile_elems());
        let statement = self.places(slot, source.tile_elems(), moves, (grid.tiles(), grid.len(), live), line);
        self.tables.get_mut(slot).born = statement + 1;
        statement
    }

    /// The values at `from`, one for each element of a selection or one for all, go into the storage at `slot`. Nothing happens if
    /// nothing is selected.
    fn put(&mut self, slot: u32, from: u32, selection: &Selection, line: LineId) -> Option<StatementSeq> {
        let (grid, source) = (self.tables.get(slot).grid, self.tables.get(from).grid);
        let (width, stride) = selection.row();
        let place = |row: isize, i: usize| (row + i as isize * stride) as usize;
        // Sorted by tile, each tile's in order: counted first.
        let mut ends = vec![0usize; grid.tiles() + 1];
        selection.rows().for_each(|row| (0..width).for_each(|i| ends[grid.tile_of(place(row, i)) + 1] += 1));
        for tile in 0..grid.tiles() {
            ends[tile + 1] += ends[tile];
        }
        let (mut next, total) = (ends.clone(), ends[grid.tiles()]);
        let mut moves = vec![(0, 0); total];
        for (number, row) in selection.rows().enumerate() {
            for i in 0..width {
                let address = place(row, i);
                let tile = grid.tile_of(address);
                let value = if source.len() == 1 { 0 } else { number * width + i };
                moves[next[tile]] = (address - tile * grid.tile_elems(), value);
                next[tile] += 1;
            }
        }
        let touched = (0..grid.tiles()).filter(|&tile| ends[tile] < ends[tile + 1]);
        let (first, last) = (touched.clone().next()?, touched.clone().next_back()?);
        let pending = self.graph.is_unfinished(self.last_commit);
        let kept = if pending { self.keep(slot, first..last + 1) } else { 0 };
        let mut tasks = 0;
        for tile in touched {
            let range = ends[tile]..ends[tile + 1];
            let values = moves[range.clone()].iter().map(|&(_, value)| source.tile_of(value));
            let (low, high) = values.fold((usize::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
            let old = self.tables.get(slot).versions[tile];
            let work = Work::Tile { tile: tile as u32, start: range.start, end: range.end, keeps: true };
            let mut task = self.graph.draft(work);
            let new = self.graph.add_creation(&mut task);
            self.graph.add_read(&mut task, old);
            self.graph.begin_source(&mut task, low, 2);
            for &id in &self.tables.get(from).versions[low..=high] {
                self.graph.add_read(&mut task, id);
            }
            self.push(task);
            self.tables.get_mut(slot).versions[tile] = new;
            drop(self.graph.release_version(old));
            tasks += 1;
        }
        let live = live_bytes(tasks, tasks, grid.tile_elems()) + kept * grid.tile_elems() * size_of::<f64>();
        let moves = Moves::Put { moves: moves.into_boxed_slice(), elems: grid.tile_elems(), len: grid.len() };
        Some(self.places(slot, source.tile_elems(), moves, (tasks, total, live), line))
    }

    fn places(
        &mut self,
        slot: u32,
        tile_elems: usize,
        moves: Moves,
        (tasks, elements, live_bytes): (usize, usize, usize),
        line: LineId,
    ) -> StatementSeq {
        let places = Box::new(Places { dtype: self.tables.get(slot).dtype, tile_elems, moves });
        let statement = self.graph.add_statement(Statement {
            left: count(tasks).into(),
            live_bytes,
            line,
            effort: PLACE_NS * elements as u64,
            kind: Kind::Places(places),
        });
        self.tables.get_mut(slot).written = statement + 1;
        statement
    }
}

/// Pick the elements of one tile, or put those that go there.
pub(crate) fn execute(
    graph: &Graph,
    task: &Task,
    places: &Places,
    desk: &mut Desk,
) -> Result<(), ArrayError> {
    let Work::Tile { tile, start, end, keeps } = task.work else {
        unreachable!("{:?} at positions", task.work)
    };
    let size = places.dtype.size();
    let (written, sources) = graph.accesses(task).split_at(1 + usize::from(keeps));
    let mut block = match &places.moves {
        Moves::Pick { .. } => desk.blocks.take(places.dtype, end - start)?,
        Moves::Put { elems, len, .. } => {
            let old = graph.version(written[1]);
            // ORDER: Acquire, pairs with the decrements of `refs`: reading 1 means the other accessors have finished.
            if old.refs.load(Ordering::Acquire) == 1 {
                // SAFETY: this task holds the only reference (G3).
                unsafe { old.take() }.expect("a version that is kept was written")
            } else {
                let count = (*elems).min(len - tile as usize * elems);
                let mut block = desk.blocks.take(places.dtype, count)?;
                // SAFETY: both blocks hold the tile's elements.
                unsafe { old.bytes().copy_to_nonoverlapping(block.as_mut_ptr(), count * size) };
                block
            }
        }
    };
    desk.reads.clear();
    for &id in sources {
        desk.reads.push(graph.version(id).bytes());
    }
    let from =
        From { tiles: &desk.reads, first: graph.firsts(task, 1)[0] as usize, tile_elems: places.tile_elems };
    let out = block.as_mut_ptr();
    // SAFETY: the access list covers every element that is read, all written and unchanging (G2); places are within the block, which is
    // ours alone and none of them; `T` has the size of the elements.
    unsafe {
        match size {
            1 => places.run::<u8>(out.cast(), &from, start..end),
            2 => places.run::<u16>(out.cast(), &from, start..end),
            4 => places.run::<u32>(out.cast(), &from, start..end),
            8 => places.run::<u64>(out.cast(), &from, start..end),
            16 => places.run::<[u64; 2]>(out.cast(), &from, start..end),
            _ => unreachable!("elements of {size} bytes"),
        }
    }
    desk.tally.bytes += (2 * (end - start) * size) as u64;
    // SAFETY: this task creates the version (G2).
    unsafe { graph.version(written[0]).put(block) };
    Ok(())
}

/// Neighbouring tiles, of which the first has a number.
struct From<'a> {
    tiles: &'a [*const u8],
    first: usize,
    tile_elems: usize,
}

impl From<'_> {
    /// # Safety
    /// The element's tile is there, and holds `T`s.
    #[inline(always)]
    unsafe fn get<T: Copy>(&self, address: usize) -> T {
        let within = address - self.first * self.tile_elems;
        // Mostly one tile: the division is saved.
        let (tile, at) = if within < self.tile_elems {
            (0, within)
        } else {
            (within / self.tile_elems, within % self.tile_elems)
        };
        // SAFETY: the caller's.
        unsafe { *self.tiles.get_unchecked(tile).cast::<T>().add(at) }
    }
}

impl Places {
    /// # Safety
    /// `out` has the places of the elements `range`, `from` what they are read from, both of the size of `T`.
    unsafe fn run<T: Copy>(&self, out: *mut T, from: &From<'_>, range: std::ops::Range<usize>) {
        match &self.moves {
            Moves::Pick { rows, width, stride } => {
                let (mut row, mut i) = (range.start / width, range.start % width);
                for at in 0..range.len() {
                    let address = rows[row] as isize + i as isize * stride;
                    // SAFETY: the caller's.
                    unsafe { out.add(at).write(from.get(address as usize)) };
                    i += 1;
                    if i == *width {
                        (row, i) = (row + 1, 0);
                    }
                }
            }
            Moves::Put { moves, .. } => {
                for &(place, value) in &moves[range] {
                    // SAFETY: the caller's.
                    unsafe { out.add(place).write(from.get(value)) };
                }
            }
        }
    }
}
