//! From an expression to tasks: reductions become statements of their own, sources become slots of the tables.

use std::any::Any;
use std::sync::Arc;

use array_core::{
    Array, ArrayError, BlockPool, Bound, DType, Layout, Scalar, Source, bind, machine_memory, normalise,
    split_reductions,
};
use tx_collections::fill::broadcast_into;
use tx_collections::{Binding, Home, Storage, View, Whole};

use crate::error::SessionError;
use crate::explain::{NotFused, NotParallel};
use crate::graph::StatementSeq;
use crate::lines::LineId;
use crate::record::Recorder;
use crate::session::Session;
use crate::statement::{Inputs, Statement};

impl Session {
    pub(crate) fn record_array(&mut self, value: Array, line: LineId) -> Result<View, SessionError> {
        self.record_whole_array(value, line).map(View::from)
    }

    /// As [`record_array`](Self::record_array), in one word: a view is a good many, and moved from call to call.
    pub(crate) fn record_whole_array(&mut self, value: Array, line: LineId) -> Result<Whole, SessionError> {
        if let Some(error) = value.error() {
            return Err(error.clone().into());
        }
        self.collect();
        if let Some(Leaf { storage, slot, layout }) = self.private_leaf(&value)
            && layout.len() == storage.grid().len()
            && layout.is_contiguous()
            && layout.shape[..] == *storage.shape()
        {
            let (_, storage) = self.tables.share(&mut self.graph, slot, layout.shape);
            self.done_at_once(line);
            return Ok(storage);
        }
        let survey = self.survey(&value, None);
        if survey.attached {
            return self.array_from_attached(value, line).map(Whole::from);
        }
        if let Some(storage) = self.array_simple(&value, &survey, line)? {
            return Ok(storage);
        }
        if let Some(known) = self.immediate(&value) {
            self.done_at_once(line);
            return self.settle(&known.item_scalar()?, value.shape(), 0).map(Whole::from);
        }
        self.record_value(&value, line).map(Whole::from)
    }

    /// Let go of storages that no view reaches any more.
    pub(crate) fn collect(&mut self) {
        let Self { tables, graph, runner, .. } = self;
        let desk = runner.desks().next().expect("there is a thread");
        tables.collect(graph, |block| desk.blocks.put(block));
    }

    /// A new private array of one element, which needs no task and was known at `ends` (see `inline.rs`).
    fn settle(&mut self, value: &Scalar, shape: &[usize], ends: u64) -> Result<View, SessionError> {
        let (slot, storage) = self.tables.add(value.dtype(), shape, self.config.tile_elems);
        let mut block = BlockPool::shared().take(value.dtype(), 1)?;
        // SAFETY: the block has room for one element of the type.
        unsafe { value.write(block.as_mut_ptr(), 0) };
        let version = self.graph.add_settled_version(block);
        let table = self.tables.get_mut(slot);
        (table.versions[0], table.ends) = (version, ends);
        Ok(View::from(storage))
    }

    /// Record an expression over private arrays into a new private array.
    fn record_value(&mut self, value: &Array, line: LineId) -> Result<View, SessionError> {
        let value = self.split(value, line)?;
        if let Some(view) = self.record_whole(&value, line)? {
            return Ok(view);
        }
        let bound = self.compile(&value)?;
        self.explain_expression(&value);
        if let Some(op) = bound.reduction
            && !bound.shape.contains(&0)
            && let Some((result, ends)) = self.reduce_at_once(&bound, op, line)?
        {
            return self.settle(&result, value.shape(), ends);
        }
        if bound.reduction.is_some() && bound.shape.contains(&0) {
            let nothing = value.map_sources(&mut |source, layout| {
                Ok(Array::full(&layout.shape, Scalar::zero(source.dtype())))
            })?;
            return self.settle(&nothing.item_scalar()?, value.shape(), 0);
        }
        could_be(value.len(), value.dtype())?;
        let (slot, storage) = self.tables.add(value.dtype(), value.shape(), self.config.tile_elems);
        let view = View::from(storage);
        match bound.reduction {
            Some(op) => {
                let inputs = Inputs::new(bound, &self.tables)?;
                let len: usize = inputs.shape.iter().product();
                let running = self.graph.statements().start;
                let afar = len.saturating_mul(inputs.bytes_per_element) > self.config.cache_bytes
                    && inputs.sources.iter().all(|source| self.tables.get(source.slot).written <= running);
                let tile_elems = self.config.tile_elems;
                let max_elems = node_elems(len, tile_elems, self.runner.threads(), afar);
                let held = max_elems.min(tile_elems.saturating_mul(NODE_TILES));
                let statement = self.recorder().reduce(slot, op, inputs, max_elems, held, line);
                self.recorded(statement);
            }
            None => self.record_map(&view, slot, bound, line)?,
        }
        Ok(view)
    }

    pub(crate) fn record_assign(
        &mut self,
        target: &View,
        value: Array,
        line: LineId,
    ) -> Result<(), SessionError> {
        if let Some(error) = target.error().or(value.error()) {
            return Err(error.clone().into());
        }
        self.collect();
        let slot = self.slot_of(target.storage());
        let mut survey = self.survey(&value, slot.as_ref().ok().copied());
        if matches!(target.storage().home(), Home::Attached(_)) || survey.attached {
            return self.assign_attached(target, value, line);
        }
        if self.share_into(target, &value)? {
            self.done_at_once(line);
            return Ok(());
        }
        let value = if value.dtype() == target.dtype() && value.shape() == target.shape() {
            value
        } else {
            survey.forget_places();
            fit(value, target)?
        };
        if self.poke(target, &value)? {
            self.done_at_once(line);
            return Ok(());
        }
        let slot = slot?;
        let Some(value) = self.assign_simple(target, slot, value, &survey, line)? else { return Ok(()) };
        let Some(value) = self.put_into(target, value, line)? else { return Ok(()) };
        let bound = self.lower(value, line)?;
        self.record_map(target, slot, bound, line)
    }

    /// Compile an expression to one elementwise pass. Takes it: afterwards the expression binds nothing any more, unless
    /// its maker kept it.
    pub(crate) fn lower(&mut self, value: Array, line: LineId) -> Result<Bound, SessionError> {
        let value = self.split(&value, line)?;
        let result = match self.record_whole(&value, line)? {
            Some(result) => result,
            None => {
                let bound = self.compile(&value)?;
                self.explain_expression(&value);
                if bound.reduction.is_none() {
                    return Ok(bound);
                }
                self.record_value(&value, line)?
            }
        };
        let why = if value.at_positions().is_some() { NotFused::Whole } else { NotFused::Reduction };
        self.explain_not_fused(why);
        self.explain_expression(&result.read());
        Ok(bind(&result.read())?)
    }

    /// Record an operation on whole arrays into a new private array, if it is one that is tasks.
    fn record_whole(&mut self, value: &Array, line: LineId) -> Result<Option<View>, SessionError> {
        if !value.is_whole() {
            return Ok(None);
        }
        match self.record_axes(value, line)? {
            None => self.record_positions(value, line),
            done => Ok(done),
        }
    }

    /// Make statements of the parts of an expression that must be computed before the rest.
    fn split(&mut self, value: &Array, line: LineId) -> Result<Array, SessionError> {
        let mut failed = None;
        let (mut parts, mut at_positions) = (0, 0);
        let split = split_reductions(value, &mut |part| {
            parts += 1;
            at_positions += usize::from(part.at_positions().is_some());
            self.record_value(part, line).map(|view| view.read()).map_err(|error| {
                failed = Some(error);
                ArrayError::Unbound
            })
        });
        if at_positions > 0 {
            self.explain_not_fused(NotFused::Whole);
        }
        if parts > at_positions {
            self.explain_not_fused(NotFused::Reduction);
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(split?),
        }
    }

    /// Record `target[...] = expression`, where all shapes and dtypes fit.
    pub(crate) fn record_map(
        &mut self,
        target: &View,
        slot: u32,
        mut bound: Bound,
        line: LineId,
    ) -> Result<(), SessionError> {
        if target.is_empty() {
            self.done_at_once(line);
            return Ok(());
        }
        let mut layout = target.layout().clone();
        normalise(&mut bound.shape, &mut layout, &mut bound.operands);
        if self.map_at_once(target, slot, &layout, &mut bound, line)? {
            return Ok(());
        }
        // The statement lets go of its sources: what still holds a binding now is somebody who will look later.
        let inputs = Inputs::new(bound, &self.tables)?;
        if self.graph.is_unfinished(self.last_commit) {
            self.make_room(target)?;
        }
        self.before_write(target.storage());
        let statement = self.recorder().map(slot, layout, inputs, line);
        self.recorded(statement);
        Ok(())
    }

    /// A closure waits, so what the target's tiles hold must be kept. Where that is much more than what is written, the
    /// closure is waited for.
    fn make_room(&mut self, target: &View) -> Result<(), SessionError> {
        const MUCH: usize = 1 << 17;
        let grid = target.storage().grid();
        let touched = grid.tiles_of(target.layout()).len() * grid.tile_elems();
        if touched > MUCH && target.len() < touched / 8 { self.run_all() } else { Ok(()) }
    }

    pub(crate) fn slot_of(&self, storage: &Storage) -> Result<u32, SessionError> {
        self.tables.slot_of(storage)
    }

    /// Compile an expression that is one pass. One that the values of its operands can make fail is computed now, after
    /// everything before it: so it fails where it stands, and then nothing was recorded. So is an operation on whole arrays
    /// other than a reduction, which is no pass.
    fn compile(&mut self, value: &Array) -> Result<Bound, SessionError> {
        if !value.is_whole() {
            let bound = bind(value)?;
            if !bound.plan.can_fail() {
                return Ok(bound);
            }
        }
        self.explain_not_fused(if value.is_whole() { NotFused::Whole } else { NotFused::CanFail });
        self.run_all()?;
        let known = value.map_sources(&mut |source, layout| {
            let leaf = self.private_source(source, layout).ok_or(ArrayError::Unbound)?;
            self.gather(&leaf)
        })?;
        Ok(bind(&known.eval()?)?)
    }

    /// What is behind an expression that is nothing but a private array of this session, as it is now.
    pub(crate) fn private_leaf(&self, value: &Array) -> Option<Leaf> {
        let (source, layout) = value.as_source()?;
        self.private_source(source, layout)
    }

    pub(crate) fn private_source(&self, source: &Arc<dyn Source>, layout: &Layout) -> Option<Leaf> {
        let storage = binding(&**source)?.storage();
        let slot = self.tables.slot_of(storage).ok()?;
        Some(Leaf { storage: storage.clone(), slot, layout: layout.clone() })
    }

    /// The same of a view.
    pub(crate) fn leaf(&self, view: &View) -> Result<Leaf, SessionError> {
        let slot = self.slot_of(view.storage())?;
        Ok(Leaf { storage: view.storage().clone(), slot, layout: view.layout().clone() })
    }

    /// Expressions that were built on the present value of `storage` keep it: their binding is pinned to a snapshot
    /// that shares the present versions.
    pub(crate) fn before_write(&mut self, storage: &Storage) {
        if let Some(binding) = storage.take_binding() {
            let slot = self.tables.slot_of(storage).expect("the caller found the slot");
            let (_, snapshot) = self.tables.share(&mut self.graph, slot, storage.shape().into());
            binding.pin(snapshot.storage().clone());
        }
    }

    pub(crate) fn recorder(&mut self) -> Recorder<'_> {
        Recorder {
            graph: &mut self.graph,
            tables: &mut self.tables,
            ready: &mut self.runner.ready,
            undo_log: &mut self.undo_log,
            last_commit: self.last_commit,
            cache_bytes: self.config.cache_bytes,
            threads: self.config.budget.threads(),
            backward: self.runner.backward,
        }
    }

    /// A statement was recorded.
    pub(crate) fn recorded(&mut self, statement: StatementSeq) {
        let Statement { live_bytes, effort, line, .. } = *self.graph.statement(statement);
        self.live_bytes += live_bytes;
        self.effort += effort;
        self.graph.lines.get_mut(line).statements += 1;
        self.explain_recorded(statement);
        if self.config.trace {
            self.trace_lines.push(line);
        }
    }

    /// A statement needed no task.
    fn done_at_once(&mut self, line: LineId) {
        self.inline_statements += 1;
        self.graph.lines.get_mut(line).statements += 1;
        self.explain_done(line, None, NotParallel::AtOnce);
    }

    /// `target[...] = value` where both are whole private arrays of one shape and type: the target takes the value's tiles,
    /// and a tile is copied when one of the two is written next.
    fn share_into(&mut self, target: &View, value: &Array) -> Result<bool, SessionError> {
        let Some(from) = self.private_leaf(value) else { return Ok(false) };
        let Ok(into) = self.leaf(target) else { return Ok(false) };
        let whole = |leaf: &Leaf| {
            leaf.layout.is_contiguous()
                && leaf.layout.len() == leaf.storage.grid().len()
                && leaf.layout.shape[..] == *leaf.storage.shape()
        };
        let alike = from.storage.dtype() == into.storage.dtype()
            && from.storage.grid() == into.storage.grid()
            && from.storage.shape() == into.storage.shape();
        if !alike || !whole(&from) || !whole(&into) {
            return Ok(false);
        }
        if from.slot != into.slot {
            self.before_write(&into.storage);
            if self.graph.is_unfinished(self.last_commit) {
                let all = 0..self.tables.get(into.slot).versions.len();
                self.recorder().keep(into.slot, all);
            }
            let position = self.graph.statements().end;
            self.tables.share_into(&mut self.graph, from.slot, into.slot);
            self.tables.get_mut(into.slot).written = position;
        }
        Ok(true)
    }
}

/// Tiles that a node of a reduction reads at most, if statements before may have written them just now.
const NODE_TILES: usize = 4;

/// The most elements of a node of a reduction over `len`: some tiles, if that makes nodes enough for all threads. Most nodes lie
/// across the ends of tiles, and a task of few elements spends a good part of its time on getting there. What comes from `afar`, so that
/// no statement before has it in a cache, is read in larger pieces: 3 * 10^7 f64, two threads, a sum in 9.1 instead of 9.6 ms with
/// twice as many tiles, and a fiftieth less with eight times as many.
fn node_elems(len: usize, tile_elems: usize, threads: usize, afar: bool) -> usize {
    const ENOUGH: usize = 16;
    (len / (tile_elems * ENOUGH * threads)).clamp(1, if afar { 8 * NODE_TILES } else { NODE_TILES })
        * tile_elems
}

/// A private array of the session through a layout that lies within, which may show an element many times.
pub(crate) struct Leaf {
    pub(crate) storage: Arc<Storage>,
    pub(crate) slot: u32,
    pub(crate) layout: Layout,
}

/// The binding that a source is. Asks the type itself and not `Source::as_any`, where a stranger may show a binding whose
/// type and shape are not those that the expression was checked with.
pub(crate) fn binding(source: &dyn Source) -> Option<&Binding> {
    (source as &dyn Any).downcast_ref()
}

/// Refuses an array that is larger than the machine, before tasks are made for its tiles.
fn could_be(len: usize, dtype: DType) -> Result<(), ArrayError> {
    // Small ones do not ask the system.
    const SMALL: usize = 1 << 28;
    let bytes = len.saturating_mul(dtype.size());
    if bytes > SMALL && machine_memory().is_some_and(|there| bytes as u64 > there) {
        return Err(ArrayError::OutOfMemory { bytes });
    }
    Ok(())
}

/// `value` with the shape and dtype of the target, or what is wrong with it.
pub(crate) fn fit(value: Array, target: &View) -> Result<Array, ArrayError> {
    let value = broadcast_into(value.cast(target.dtype()), target.shape());
    match value.error() {
        // Not the line here: that of the statement is what counts.
        Some(error) => Err(error.root().clone()),
        None => Ok(value),
    }
}
