//! Small statements on the short ways of plain evaluation: operations on arrays that lie alike, one reduction, a mean.
//!
//! What [`inline`](crate::inline) computes at once takes, of few elements, as long to bind as to compute. An expression whose sources lie in
//! one tile each is evaluated where they are ([`Array::eval_lent`]), which takes what plain evaluation takes. The
//! conditions are those of `inline`; what they do not hold for goes on to there.
//!
//! **The right-hand side first** kernels do not write where they read: a target that its expression reads, or whose present value somebody
//! else still holds, gets a new block.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use array_core::{Array, BlockPool, Layout, Scalar, Source};
use smallvec::SmallVec;
use tx_collections::{Binding, Home, View, Whole};

use crate::desk::Desk;
use crate::error::SessionError;
use crate::graph::Graph;
use crate::inline::{Clock, Took, is_idle, is_settled};
use crate::lines::LineId;
use crate::lower::binding;
use crate::session::Session;
use crate::tables::{Table, Tables};

/// What an element takes without operations, and more for each, where there is no plan that knows it: an addition's time.
const ELEMENT_PS: u64 = 250;

/// What an expression reads.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Whether there is an attached array.
    pub(crate) attached: bool,
    /// Whether something unfinished, of several tiles, or of another session.
    scattered: bool,
    /// Whether the target's storage.
    itself: bool,
    /// The most elements of a source.
    elements: usize,
    bytes: usize,
    /// When the last of it was there; see [`Slack`](crate::inline::Slack).
    start: u64,
    /// Where the elements lie that a leaf shows, by the address of its layout: good as long as the expression is the one that was
    /// looked at.
    places: SmallVec<[(*const Layout, *const u8); 4]>,
}

impl Survey {
    /// The expression is another now, of the same sources.
    pub(crate) fn forget_places(&mut self) {
        self.places.clear();
    }

    /// Where the elements lie that `layout`, which is in C order, shows of a source.
    fn lend(
        &self,
        (graph, tables): (&Graph, &Tables),
        source: &Arc<dyn Source>,
        layout: &Layout,
    ) -> Option<*const u8> {
        match self.places.iter().find(|place| std::ptr::eq(place.0, layout)) {
            Some(&(_, at)) => Some(at),
            None => lend(graph, tables, source, layout),
        }
    }

    /// Nanoseconds, by a guess.
    fn work(&self, value: &Array) -> u64 {
        let each = ELEMENT_PS * (1 + u64::from(value.operations()));
        (self.elements.max(value.len()) as u64).saturating_mul(each).div_ceil(1000)
    }
}

/// The tile that a layout without gaps lies in, and where it begins there.
fn place(table: &Table, layout: &Layout) -> Option<(usize, usize)> {
    let (first, grid) = (layout.offset as usize, &table.grid);
    let tile = if table.versions.len() == 1 { 0 } else { grid.tile_of(first) };
    let range = grid.range(tile);
    let at = first - range.start;
    (at + layout.len() <= range.len()).then_some((tile, at))
}

/// Where the elements lie that `layout`, which is in C order, shows of a source.
fn lend(graph: &Graph, tables: &Tables, source: &Arc<dyn Source>, layout: &Layout) -> Option<*const u8> {
    let table = tables.get(tables.slot_of(binding(&**source)?.storage()).ok()?);
    let (tile, at) = place(table, layout)?;
    Some(graph.version(table.versions[tile]).bytes().wrapping_add(at * table.dtype.size()))
}

impl Session {
    /// Look at all that an expression reads.
    pub(crate) fn survey(&self, value: &Array, target: Option<u32>) -> Survey {
        let mut survey = Survey::default();
        value.for_each_source(&mut |source, layout| {
            let storage = binding(&**source).map(Binding::storage);
            survey.attached |= storage.is_some_and(|storage| matches!(storage.home(), Home::Attached(_)));
            let Some(slot) = storage.and_then(|storage| self.tables.slot_of(storage).ok()) else {
                survey.scattered = true;
                return;
            };
            survey.itself |= target == Some(slot);
            let (table, len) = (self.tables.get(slot), layout.len());
            let tiles = if len == 0 { 0..0 } else { table.tiles_of(layout) };
            if tiles.len() != 1 || !is_settled(&self.graph, table.versions[tiles.start]) {
                survey.scattered = true;
            } else if layout.is_contiguous() {
                let at =
                    (layout.offset as usize - tiles.start * table.grid.tile_elems()) * table.dtype.size();
                let tile = self.graph.version(table.versions[tiles.start]).bytes();
                survey.places.push((layout, tile.wrapping_add(at)));
            }
            survey.elements = survey.elements.max(len);
            survey.bytes += len * table.dtype.size();
            survey.start = survey.start.max(table.ends);
        });
        survey
    }

    /// Whether an expression of this work may be computed now, and not be explained by its plan.
    fn is_simple(&self, value: &Array, survey: &Survey, work: u64) -> bool {
        !survey.scattered
            && self.explainer.is_none()
            && value.is_plain()
            && !value.is_empty()
            && self.may_compute(work)
    }

    /// Compute `target[...] = value`, which fits; gives the value back if it takes more.
    pub(crate) fn assign_simple(
        &mut self,
        target: &View,
        slot: u32,
        value: Array,
        survey: &Survey,
        line: LineId,
    ) -> Result<Option<Array>, SessionError> {
        let (layout, work) = (target.layout(), survey.work(&value));
        if !self.is_simple(&value, survey, work) || !layout.is_contiguous() {
            return Ok(Some(value));
        }
        let table = self.tables.get(slot);
        let Some((tile, at)) = place(table, layout) else { return Ok(Some(value)) };
        let (id, elems) = (table.versions[tile], table.grid.range(tile).len());
        let ends = table.ends;
        if !is_idle(&self.graph, id) {
            return Ok(Some(value));
        }
        let aside = survey.itself || target.storage().is_bound() || self.graph.version(id).tables > 1;
        if aside && elems != value.len() {
            return Ok(Some(value));
        }
        let slack = self.slack;
        let Some(ends) = self.admit(work, 1, survey.start.max(ends)) else { return Ok(Some(value)) };
        let Self { graph, runner, .. } = self;
        let desk = runner.desks().next().expect("there is a thread");
        let dtype = target.dtype();
        let mut block = aside.then(|| desk.blocks.take(dtype, elems)).transpose()?;
        let out = match &mut block {
            Some(block) => block.as_mut_ptr(),
            // SAFETY: no unfinished task touches the tile, this table alone holds it, and this expression does not read it.
            None => unsafe { graph.version(id).bytes_mut() }.wrapping_add(at * dtype.size()),
        };
        // SAFETY: `out` is a block of ours, or part of a tile that nobody else looks at and the expression does not read.
        let Some(took) = (unsafe { self.compute(&value, survey, work, line, out)? }) else {
            self.slack = slack;
            if let Some(block) = block {
                let desk = self.runner.desks().next().expect("there is a thread");
                desk.blocks.put(block);
            }
            return Ok(Some(value));
        };
        drop(value);
        if let Some(block) = block {
            // What still holds the present value keeps it.
            self.before_write(target.storage());
            self.install(slot, tile, [block]);
        }
        self.tables.get_mut(slot).ends = ends;
        self.computed_at_once(None, line, took, survey.bytes + layout.len() * dtype.size());
        Ok(None)
    }

    /// Compute an expression into a new private array of one tile; nothing if it takes more.
    pub(crate) fn array_simple(
        &mut self,
        value: &Array,
        survey: &Survey,
        line: LineId,
    ) -> Result<Option<Whole>, SessionError> {
        let (slack, work) = (self.slack, survey.work(value));
        if !self.is_simple(value, survey, work) || value.len() > self.config.tile_elems {
            return Ok(None);
        }
        let Some(ends) = self.admit(work, 1, survey.start) else { return Ok(None) };
        let Desk { blocks, .. } = self.runner.desks().next().expect("there is a thread");
        let mut block = blocks.take(value.dtype(), value.len())?;
        // SAFETY: the block is ours, and has room for the elements.
        let Some(took) = (unsafe { self.compute(value, survey, work, line, block.as_mut_ptr())? }) else {
            self.slack = slack;
            let desk = self.runner.desks().next().expect("there is a thread");
            desk.blocks.put(block);
            return Ok(None);
        };
        let (slot, storage) = self.tables.add(value.dtype(), value.shape(), self.config.tile_elems);
        self.install(slot, 0, [block]);
        self.tables.get_mut(slot).ends = ends;
        self.computed_at_once(None, line, took, survey.bytes + value.len() * value.dtype().size());
        Ok(Some(storage))
    }

    /// Compute an expression for somebody who looks now, into memory of its own: no array of the session is made. Nothing if it takes
    /// more. (Where something waits, its tasks run along with that.)
    pub(crate) fn value_simple(
        &mut self,
        value: &Array,
        line: LineId,
    ) -> Result<Option<Array>, SessionError> {
        self.collect();
        let survey = self.survey(value, None);
        let work = survey.work(value);
        // What is there is only gathered, and of single elements it is no statement: see `immediate`.
        if value.as_source().is_some()
            || survey.elements <= 1
            || survey.attached
            || !self.is_simple(value, &survey, work)
        {
            return Ok(None);
        }
        let (dtype, len) = (value.dtype(), value.len());
        let (took, value) = if value.ndim() == 0 {
            let mut cell = [0u64; 2];
            let out = cell.as_mut_ptr().cast();
            // SAFETY: no element is larger than the cell, or needs to be aligned better.
            let Some(took) = (unsafe { self.compute(value, &survey, work, line, out)? }) else {
                return Ok(None);
            };
            // SAFETY: it has been written.
            (took, Array::scalar(unsafe { Scalar::read(dtype, out, 0) }).eval()?)
        } else {
            let mut block = BlockPool::shared().take(dtype, len)?;
            // SAFETY: the block is ours, and has room for the elements.
            let Some(took) = (unsafe { self.compute(value, &survey, work, line, block.as_mut_ptr())? })
            else {
                return Ok(None);
            };
            // SAFETY: all elements have been written.
            (took, Array::from_buffer(unsafe { block.freeze() }, value.shape()))
        };
        self.computed_at_once(None, line, took, survey.bytes + len * dtype.size());
        Ok(Some(value))
    }

    /// Compute a simple expression to `out`: how long that took, or nothing if it takes more than that.
    ///
    /// # Safety
    /// `out` has room for the elements, which nobody else touches and the expression does not read.
    #[inline]
    unsafe fn compute(
        &mut self,
        value: &Array,
        survey: &Survey,
        work: u64,
        line: LineId,
        out: *mut u8,
    ) -> Result<Option<Took>, SessionError> {
        let Self { graph, tables, .. } = self;
        let clock = Clock::start(graph.lines.get(line).statements, work);
        // SAFETY: what is lent is settled, and lies where it is said to; the rest is the caller's.
        let outcome = catch_unwind(AssertUnwindSafe(|| unsafe {
            #[cfg(feature = "faults")]
            graph.faults.enter_task();
            value.eval_lent(&|source, layout| survey.lend((graph, tables), source, layout), out)
        }));
        let took = clock.stop();
        Ok(self.done(outcome.map(Ok), line)?.then_some(took))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn what_somebody_looks_at_is_no_array_of_the_session_and_what_is_gone_is_let_go() {
        let mut session = Session::new(Config::single_thread());
        let view = session.array(Array::arange(0.0, 1000.0, 1.0)).unwrap();
        let gone = session.array(view.read() * 2.0).unwrap();
        let bytes = session.tables.bytes;
        drop(gone);
        assert_eq!(session.item(view.read().sum()).unwrap().as_f64(), 499_500.0);
        assert_eq!(session.eval(view.read() + 1.0).unwrap().len(), 1000);
        assert_eq!((bytes, session.tables.bytes), (16_000, 8000));
    }
}
