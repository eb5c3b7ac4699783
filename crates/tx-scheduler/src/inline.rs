//! Small statements, computed when they are recorded: no task, no version, no edge.
//!
//! A task costs about as much as a thousand instructions, and nobody else can begin it before the recording is over. So a statement of
//! little work is computed at once, straight into its tiles, by the plans and the kernels that its tasks would run.
//!
//! **When** ([`Session::may_compute`], [`Reading`], [`Slack`])
//! - It is small: by the plan's estimate it takes at most [`Config::inline_effort`](crate::Config::inline_effort) nanoseconds, and a
//!   map computes no more than a tile or two.
//! - All it reads is *settled*, and no unfinished task reads or writes what it overwrites: then its right-hand side has the values of
//!   after the statement before it, and nobody sees its writes too early. What hangs on a wave of sweeps waits with them.
//! - No closure waits: what would have to be undone is not overwritten.
//! - Another thread could not have saved more by now than a part of what waking it takes.
//!
//! **The right-hand side first** a statement that reads its own target computes into other memory: a new block where tiles are
//! overwritten as wholes, a dense temporary where parts are.
//!
//! **Trade-offs** statements that do not depend on each other run one after the other, until that is worth a thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use array_core::{
    Array, ArrayError, AxisReduction, Bound, Layout, Operand, OperandData, Plan, ReduceOp, Scalar, TileBuf,
    TileMut, TileRef, finish_reduction,
};
use smallvec::SmallVec;
use tx_collections::{TILE_ELEMS, View};
use tx_runtime::sync::atomic::Ordering;

use crate::desk::Desk;
use crate::error::SessionError;
use crate::exec;
use crate::explain::NotParallel;
use crate::graph::{Graph, NONE, VersionId};
use crate::lines::{LineId, Spent};
use crate::lower::binding;
use crate::record::{SPARSE_ELEMS, effort};
use crate::run::{discard, panic_message};
use crate::session::Session;
use crate::statement::Target;
use crate::tables::Tables;

/// Less work than this is done faster than it is handed over, however much of it there is. Nanoseconds, as all work here.
const LEAST_SHARED: u64 = 1000;
/// A map computes at most so many elements: the next statements read them while they are in the cache, as tasks tile after tile, and
/// several tiles pay for theirs. (One of the relaxations of 300 x 300, whose statements are of 90 000 elements, took 225 µs
/// without this.)
const MOST_ELEMS: usize = 2 * TILE_ELEMS;
/// A statement touches at most so many tiles: each is looked at.
const MOST_TILES: usize = 1024;
/// Statements of less work are timed one in so many of their line, as short tasks are.
const TIMED: [(u64, u64); 2] = [(1000, 16), (8000, 4)];

/// What other threads could have saved since somebody last looked: the work computed at once, less the longest chain of statements
/// that had to wait for each other.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Slack {
    /// The work since `begin`.
    work: u64,
    /// When the chains begin, on a clock that runs as fast as one thread works.
    begin: u64,
    /// When the longest ends.
    end: u64,
}

impl Slack {
    /// Somebody looks: what comes now had to wait for it.
    pub(crate) fn look(&mut self) {
        (self.work, self.begin) = (0, self.end);
    }

    /// A statement of `effort` that could run on so many threads waits for what ended at `start`. When it ends, if no more than
    /// `most` can have been saved by then.
    fn admit(&mut self, effort: u64, width: usize, start: u64, most: u64) -> Option<u64> {
        let finish = start.max(self.begin) + effort / width as u64;
        let (work, end) = (self.work + effort, self.end.max(finish));
        if effort > LEAST_SHARED && work.saturating_sub(end - self.begin) > most {
            return None;
        }
        (self.work, self.end) = (work, end);
        Some(finish)
    }
}

/// What a statement came to; the outer error is a panic's.
pub(crate) type Outcome<R> = Result<Result<R, ArrayError>, Box<dyn Any + Send>>;

/// Where the operands of a bound expression lie, all settled.
struct Reading {
    spans: SmallVec<[Span; 4]>,
    /// Whether the target is among them.
    itself: bool,
    /// When the last of them was there; see [`Slack`].
    start: u64,
    bytes_per_element: usize,
}

/// The tiles of one operand: the number of the first, and where their addresses are.
struct Span {
    first: usize,
    tile_elems: usize,
    begin: usize,
    end: usize,
}

impl Reading {
    /// The addresses are left in `reads`. Nothing if an unfinished task writes what is read, or it is not this session's.
    fn new(
        (graph, tables): (&Graph, &Tables),
        operands: &[Operand],
        target: Option<u32>,
        reads: &mut Vec<*const u8>,
    ) -> Option<Reading> {
        let mut reading = Reading { spans: SmallVec::new(), itself: false, start: 0, bytes_per_element: 0 };
        reads.clear();
        for operand in operands {
            let begin = reads.len();
            let (first, tile_elems) = match &operand.data {
                OperandData::Buffer(buffer) => {
                    reads.push(buffer.as_ptr());
                    (0, usize::MAX)
                }
                OperandData::Source(source) => {
                    let slot = tables.slot_of(binding(&**source)?.storage()).ok()?;
                    let table = tables.get(slot);
                    let touched = table.tiles_of(&operand.layout);
                    if touched.len() > MOST_TILES {
                        return None;
                    }
                    for &id in &table.versions[touched.clone()] {
                        if !is_settled(graph, id) {
                            return None;
                        }
                        reads.push(graph.version(id).bytes());
                    }
                    reading.itself |= target == Some(slot);
                    reading.start = reading.start.max(table.ends);
                    (touched.start, table.grid.tile_elems())
                }
            };
            reading.bytes_per_element += operand.dtype.size();
            reading.spans.push(Span { first, tile_elems, begin, end: reads.len() });
        }
        Some(reading)
    }

    /// Run `f` with the operands; what it throws is caught.
    fn run<R>(
        &self,
        graph: &Graph,
        bound: &Bound,
        reads: &[*const u8],
        f: impl FnOnce(&[TileRef<'_>]) -> Result<R, ArrayError>,
    ) -> Outcome<R> {
        let mut operands: SmallVec<[TileRef<'_>; 6]> = SmallVec::new();
        for (operand, &Span { first, tile_elems, begin, end }) in bound.operands.iter().zip(&self.spans) {
            operands.push(TileRef { layout: &operand.layout, tile_elems, first, tiles: &reads[begin..end] });
        }
        catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "faults")]
            graph.faults.enter_task();
            #[cfg(not(feature = "faults"))]
            let _ = graph;
            f(&operands).map_err(|error| bound.locate(error))
        }))
    }
}

/// Whether the elements of `id` are there and no unfinished task changes them.
pub(crate) fn is_settled(graph: &Graph, id: VersionId) -> bool {
    #[cfg(feature = "faults")]
    if graph.faults.skips_settled() {
        return true;
    }
    graph.is_settled(id)
}

/// Whether no unfinished task touches `id`.
pub(crate) fn is_idle(graph: &Graph, id: VersionId) -> bool {
    // ORDER: Relaxed, nothing runs while statements are recorded.
    is_settled(graph, id) && graph.version(id).refs.load(Ordering::Relaxed) == graph.version(id).tables
}

impl Session {
    /// Whether a statement of this work may be computed now, as far as it does not matter what it touches.
    pub(crate) fn may_compute(&self, effort: u64) -> bool {
        // A trace tells of every statement's tasks.
        effort <= self.config.inline_effort
            && !self.config.trace
            && !self.graph.is_unfinished(self.last_commit)
    }

    /// Whether it should be: when it is over then.
    pub(crate) fn admit(&mut self, effort: u64, width: usize, start: u64) -> Option<u64> {
        let threads = self.runner.threads();
        let most = if threads == 1 { u64::MAX } else { self.config.shared_effort / 4 };
        self.slack.admit(effort, width.min(threads), start, most)
    }

    /// Compute `target[...] = expression`, which is bound and normalised for `layout`: whether it did. Then what the expression reads is
    /// let go.
    pub(crate) fn map_at_once(
        &mut self,
        target: &View,
        slot: u32,
        layout: &Layout,
        bound: &mut Bound,
        line: LineId,
    ) -> Result<bool, SessionError> {
        let len: usize = bound.shape.iter().product();
        let effort = effort(&bound.plan, len);
        if len > MOST_ELEMS || !self.may_compute(effort) {
            return Ok(false);
        }
        let table = self.tables.get(slot);
        let (grid, touched, ends) = (table.grid, table.tiles_of(layout), table.ends);
        let versions = &table.versions[touched.clone()];
        let fresh = versions[0] == NONE;
        if touched.len() > MOST_TILES || !(fresh || versions.iter().all(|&id| is_idle(&self.graph, id))) {
            return Ok(false);
        }
        let desk = self.runner.desks().next().expect("there is a thread");
        let reading = Reading::new((&self.graph, &self.tables), &bound.operands, Some(slot), &mut desk.reads);
        let Some(reading) = reading else { return Ok(false) };
        let Some(ends) = self.admit(effort, touched.len(), reading.start.max(ends)) else {
            return Ok(false);
        };

        // What else holds the present value keeps it. The expression itself may, so where it reads the target it goes first.
        if !fresh && !reading.itself {
            self.before_write(target.storage());
        }
        let versions = &self.tables.get(slot).versions[touched.clone()];
        let shared = !fresh && versions.iter().any(|&id| self.graph.version(id).tables > 1);
        let begin = grid.range(touched.start).start;
        let whole = layout.is_contiguous()
            && layout.offset as usize == begin
            && begin + len == grid.range(touched.end - 1).end;
        let dtype = target.dtype();
        let aside = fresh || (whole && (reading.itself || shared));
        let buffered =
            !aside && (reading.itself || len / touched.len() < SPARSE_ELEMS.min(grid.tile_elems()));
        if !aside && !buffered && shared {
            self.unshare_tiles(slot, touched.clone())?;
        }

        let Self { graph, tables, runner, .. } = self;
        let Desk { scratch, reads, writes, blocks, .. } = runner.desks().next().expect("there is a thread");
        let mut new: SmallVec<[TileBuf; 1]> = SmallVec::new();
        if aside {
            for tile in touched.clone() {
                new.push(blocks.take(dtype, grid.range(tile).len())?);
            }
        } else if buffered {
            new.push(blocks.take(dtype, len)?);
        }
        writes.clear();
        if new.is_empty() {
            let versions = &tables.get(slot).versions[touched.clone()];
            // SAFETY: no unfinished task touches the tiles, and this table alone holds them.
            versions.iter().for_each(|&id| writes.push(unsafe { graph.version(id).bytes_mut() }));
        } else {
            new.iter_mut().for_each(|block| writes.push(block.as_mut_ptr()));
        }
        let dense;
        let out = if buffered {
            dense = Layout::contiguous(&bound.shape)?;
            TileMut { layout: &dense, tile_elems: usize::MAX, first: 0, tiles: writes }
        } else {
            TileMut { layout, tile_elems: grid.tile_elems(), first: touched.start, tiles: writes }
        };
        let clock = Clock::start(graph.lines.get(line).statements, effort);
        let outcome = reading.run(graph, bound, reads, |operands| {
            // SAFETY: each operand's hull of tiles is in its table, settled; `bound` keeps the values. The output is memory of ours,
            // or tiles that nobody else looks at and the expression does not read, and holds the layout's elements.
            unsafe { bound.plan.map(&bound.consts, &bound.shape, operands, &out, 0..len, scratch) }
        });
        let took = clock.stop();
        self.done(outcome, line)?;
        // Its sources go: what still holds the target's present value then is somebody who will look later.
        bound.operands.clear();

        if reading.itself {
            self.before_write(target.storage());
        }
        if aside {
            self.install(slot, touched.start, new);
        } else if buffered {
            self.unshare_tiles(slot, touched.clone())?;
            let Self { graph, tables, runner, .. } = self;
            let Desk { writes, blocks, .. } = runner.desks().next().expect("there is a thread");
            writes.clear();
            for &id in &tables.get(slot).versions[touched.clone()] {
                // SAFETY: as above.
                writes.push(unsafe { graph.version(id).bytes_mut() });
            }
            let (layout, tile_elems) = (layout.clone(), grid.tile_elems());
            let target = Target {
                slot,
                dtype,
                layout,
                tile_elems,
                len: grid.len(),
                buffered,
                alike: false,
                dense: false,
                far: false,
                rows: None,
            };
            let mut values = new.pop().expect("it is buffered");
            // SAFETY: the block has the statement's elements; `writes` every tile that they lie in.
            unsafe { exec::scatter_all(values.as_mut_ptr(), writes, &target, touched.start, 0..len) };
            blocks.put(values);
        }
        self.tables.get_mut(slot).ends = ends;
        self.computed_at_once(
            Some(&bound.plan),
            line,
            took,
            len * (reading.bytes_per_element + dtype.size()),
        );
        Ok(true)
    }

    /// Compute a reduction over all elements; nothing if it must be tasks.
    pub(crate) fn reduce_at_once(
        &mut self,
        bound: &Bound,
        op: ReduceOp,
        line: LineId,
    ) -> Result<Option<(Scalar, u64)>, SessionError> {
        let len: usize = bound.shape.iter().product();
        let effort = effort(&bound.plan, len);
        if !self.may_compute(effort) {
            return Ok(None);
        }
        let desk = self.runner.desks().next().expect("there is a thread");
        let reading = Reading::new((&self.graph, &self.tables), &bound.operands, None, &mut desk.reads);
        let Some(reading) = reading else { return Ok(None) };
        let width = len.div_ceil(self.config.tile_elems);
        let Some(ends) = self.admit(effort, width, reading.start) else { return Ok(None) };
        let Desk { scratch, reads, .. } = self.runner.desks().next().expect("there is a thread");
        let clock = Clock::start(self.graph.lines.get(line).statements, effort);
        let outcome = reading.run(&self.graph, bound, reads, |operands| {
            // SAFETY: as in `map_at_once`; one node is the whole tree.
            let partial =
                unsafe { bound.plan.reduce(&bound.consts, &bound.shape, operands, 0..len, scratch)? };
            finish_reduction(op, bound.plan.dtype(), len, usize::MAX, &[partial])
        });
        let took = clock.stop();
        let value = self.done(outcome, line)?;
        self.computed_at_once(Some(&bound.plan), line, took, len * reading.bytes_per_element);
        Ok(Some((value, ends)))
    }

    /// Compute a reduction along axes, or a search for positions, into a new private array; nothing if it must be tasks.
    pub(crate) fn axes_at_once(
        &mut self,
        value: &Array,
        (bound, axes): (&Bound, &AxisReduction),
        tile_elems: usize,
        line: LineId,
    ) -> Result<Option<View>, SessionError> {
        let (results, elements) = axes.counts(&bound.shape);
        let effort = effort(&bound.plan, results * elements);
        if !self.may_compute(effort) {
            return Ok(None);
        }
        let desk = self.runner.desks().next().expect("there is a thread");
        let reading = Reading::new((&self.graph, &self.tables), &bound.operands, None, &mut desk.reads);
        let Some(reading) = reading else { return Ok(None) };
        let width = (results * elements).div_ceil(self.config.tile_elems);
        let Some(ends) = self.admit(effort, width, reading.start) else { return Ok(None) };
        let dtype = value.dtype();
        let (slot, storage) = self.tables.add(dtype, value.shape(), tile_elems);
        let view = View::from(storage);
        let grid = *view.storage().grid();
        let Desk { scratch, reads, blocks, .. } = self.runner.desks().next().expect("there is a thread");
        let clock = Clock::start(self.graph.lines.get(line).statements, effort);
        let outcome = reading.run(&self.graph, bound, reads, |operands| {
            let mut new: SmallVec<[TileBuf; 1]> = SmallVec::new();
            for tile in 0..grid.tiles() {
                let range = grid.range(tile);
                let mut block = blocks.take(dtype, range.len())?;
                let out = block.as_mut_ptr();
                // SAFETY: as in `map_at_once`; the block has room for these results.
                unsafe {
                    axes.results(&bound.plan, &bound.consts, &bound.shape, operands, range, out, scratch)?
                };
                new.push(block);
            }
            Ok(new)
        });
        let took = clock.stop();
        let new = self.done(outcome, line)?;
        self.install(slot, 0, new);
        self.tables.get_mut(slot).ends = ends;
        let bytes = results * (elements * reading.bytes_per_element + dtype.size());
        self.computed_at_once(Some(&bound.plan), line, took, bytes);
        Ok(Some(view))
    }

    /// The tiles from `first` on of the storage at `slot` have new elements.
    pub(crate) fn install(&mut self, slot: u32, first: usize, new: impl IntoIterator<Item = TileBuf>) {
        let Self { graph, tables, runner, .. } = self;
        let desk = runner.desks().next().expect("there is a thread");
        for (id, block) in tables.get_mut(slot).versions[first..].iter_mut().zip(new) {
            if *id == NONE {
                *id = graph.add_settled_version(block);
            } else if graph.version(*id).tables == 1 {
                let version = graph.version(*id);
                // SAFETY: no unfinished task touches the version, and this table alone holds it.
                let old = unsafe { version.take() };
                // SAFETY: as above.
                unsafe { version.put(block) };
                old.into_iter().for_each(|block| desk.blocks.put(block));
            } else {
                let old = std::mem::replace(id, graph.add_settled_version(block));
                drop(graph.release_version(old));
            }
        }
    }

    /// Give the table at `slot` versions of its own of tiles that it shares. No unfinished task writes them.
    fn unshare_tiles(&mut self, slot: u32, tiles: std::ops::Range<usize>) -> Result<(), SessionError> {
        let Self { graph, tables, runner, .. } = self;
        let desk = runner.desks().next().expect("there is a thread");
        let table = tables.get_mut(slot);
        for tile in tiles {
            let id = table.versions[tile];
            if graph.version(id).tables == 1 {
                continue;
            }
            let elems = table.grid.range(tile).len();
            let mut block = desk.blocks.take(table.dtype, elems)?;
            let bytes = elems * table.dtype.size();
            // SAFETY: both blocks hold the tile's elements, and the old version is settled.
            unsafe { graph.version(id).bytes().copy_to_nonoverlapping(block.as_mut_ptr(), bytes) };
            table.versions[tile] = graph.add_settled_version(block);
            drop(graph.release_version(id));
        }
        Ok(())
    }

    /// What was computed. A panic is a fault of this library, as in a task: what the arrays hold is lost.
    pub(crate) fn done<R>(&mut self, outcome: Outcome<R>, line: LineId) -> Result<R, SessionError> {
        match outcome {
            Ok(done) => Ok(done?),
            Err(panic) => {
                let (site, message) = (self.graph.lines.site(line).clone(), panic_message(&*panic));
                discard(panic);
                Err(self.fail(SessionError::Internal { site, message }))
            }
        }
    }

    /// A statement was computed.
    pub(crate) fn computed_at_once(
        &mut self,
        plan: Option<&Arc<Plan>>,
        line: LineId,
        took: Took,
        bytes: usize,
    ) {
        let bytes = bytes as u64;
        let tally = &mut self.runner.desks().next().expect("there is a thread").tally;
        let ns = took.counted;
        tally.kernel_ns += ns;
        tally.bytes += bytes;
        self.inline_ns += ns;
        self.computing_ns += took.own;
        self.inline_statements += 1;
        let of = self.graph.lines.get_mut(line);
        of.statements += 1;
        of.spent += Spent { ns, bytes, ..Spent::default() };
        self.explain_done(line, plan, NotParallel::Small);
    }
}

/// The time of a statement, if it is one of those that are timed: reading the clock would be a good part of the others.
pub(crate) struct Clock {
    begin: Option<Instant>,
    weight: u64,
    effort: u64,
}

/// How long a statement took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// Nanoseconds, for as many statements as it stands for.
    counted: u64,
    /// Nanoseconds of this one, by the clock or by the estimate.
    own: u64,
}

impl Clock {
    /// `number` is that of the statement among those of its line.
    pub(crate) fn start(number: u64, effort: u64) -> Clock {
        let sample = TIMED.iter().find(|(less, _)| effort < *less).map_or(1, |&(_, sample)| sample);
        let weight = if number.is_multiple_of(sample) { sample } else { 0 };
        Clock { begin: (weight > 0).then(Instant::now), weight, effort }
    }

    pub(crate) fn stop(self) -> Took {
        match self.begin {
            Some(begin) => {
                let own = begin.elapsed().as_nanos() as u64;
                Took { counted: own * self.weight, own }
            }
            None => Took { counted: 0, own: self.effort },
        }
    }
}
