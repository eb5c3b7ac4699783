//! What all tasks of one statement share: the plan, its operands, where the result goes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use array_core::{Bound, Buffer, Consts, DType, Dims, Layout, OperandData, Partial, Plan, ReduceOp};
use smallvec::SmallVec;
use tx_runtime::sync::UnsafeCell;
use tx_runtime::sync::atomic::AtomicU32;

use crate::axes::Along;
use crate::dynamic::Closure;
use crate::error::SessionError;
use crate::lines::LineId;
use crate::lower::binding;
use crate::positions::Places;
use crate::region::{Extent, Line, Reach};
use crate::rows::Rows;
use crate::tables::Tables;

/// One step of the program.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Unfinished tasks.
    pub(crate) left: AtomicU32,
    /// What it adds to the working set of a dive through the window, in bytes.
    pub(crate) live_bytes: usize,
    pub(crate) line: LineId,
    /// Nanoseconds of work, by an estimate.
    pub(crate) effort: u64,
    pub(crate) kind: Kind,
}

/// What a statement does.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `target[...] = expression`.
    Map { inputs: Box<Inputs>, target: Target },
    /// A reduction over all elements into a 0-d storage.
    Reduce { inputs: Box<Inputs>, fold: Fold },
    /// A reduction along axes, or positions of extremes, into a new storage.
    Axes { inputs: Box<Inputs>, along: Box<Along> },
    /// Elements picked at positions, or put there.
    Places(Box<Places>),
    /// A closure over a transaction.
    Dynamic(Box<Closure>),
}

/// A compiled expression and where its operands come from.
pub(crate) struct Inputs {
    pub(crate) plan: Arc<Plan>,
    pub(crate) consts: Consts,
    /// The iteration space.
    pub(crate) shape: Dims,
    pub(crate) operands: Box<[OperandSlot]>,
    /// The session storages among the operands, each once.
    pub(crate) sources: SmallVec<[SourceSlot; 2]>,
    /// Bytes the operands hold per element of the iteration space.
    pub(crate) bytes_per_element: usize,
    /// Whether an operand is a value that never changes.
    pub(crate) has_values: bool,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("shape", &self.shape)
            .field("operands", &self.operands)
            .finish_non_exhaustive()
    }
}

impl Inputs {
    /// Sort the operands of a bound expression by storage. In a box: a statement is moved several times while it is recorded.
    pub(crate) fn new(bound: Bound, tables: &Tables) -> Result<Box<Self>, SessionError> {
        let mut sources: SmallVec<[SourceSlot; 2]> = SmallVec::new();
        let mut operands = Vec::with_capacity(bound.operands.len());
        let (mut bytes_per_element, mut has_values) = (0, false);
        for operand in bound.operands {
            bytes_per_element += operand.dtype.size();
            let from = match operand.data {
                OperandData::Buffer(buffer) => {
                    has_values = true;
                    OperandFrom::Value(buffer)
                }
                OperandData::Source(source) => {
                    let slot = binding(&*source)
                        .ok_or(SessionError::ForeignView)
                        .and_then(|binding| tables.slot_of(binding.storage()))?;
                    let at = sources.iter().position(|source| source.slot == slot).unwrap_or_else(|| {
                        let tile_elems = tables.get(slot).grid.tile_elems();
                        sources.push(SourceSlot { slot, tile_elems, line: Line::new(&operand.layout) });
                        sources.len() - 1
                    });
                    let line = &mut sources[at].line;
                    *line = line.and_then(|line| line.join(Line::new(&operand.layout)?));
                    OperandFrom::Source { source: at, reach: Reach::new(&operand.layout) }
                }
            };
            operands.push(OperandSlot { layout: operand.layout, from });
        }
        Ok(Box::new(Self {
            plan: bound.plan,
            consts: bound.consts,
            shape: bound.shape,
            operands: operands.into_boxed_slice(),
            sources,
            bytes_per_element,
            has_values,
        }))
    }

    /// [`Target::alike`] and [`Target::dense`] of a result at `target` over tiles of `tile_elems`.
    pub(crate) fn lie_alike(&self, target: &Layout, tile_elems: usize) -> (bool, bool) {
        let Some(line) = Line::new(target) else { return (false, false) };
        let alike =
            self.sources.iter().all(|source| source.tile_elems == tile_elems && source.line == Some(line));
        (alike, alike && target.strides[0] == 1 && !self.has_values)
    }

    /// The tiles of `source` that the stretch `range` reads: first and last. `extent` is the box around it, found when it is
    /// asked for.
    #[inline]
    pub(crate) fn tiles_read(
        &self,
        source: usize,
        range: &Range<usize>,
        extent: &mut Option<Extent>,
    ) -> (usize, usize) {
        let SourceSlot { tile_elems, line, .. } = self.sources[source];
        let (low, high) = match line {
            Some(line) => line.span(range),
            None => self.hull(source, range, extent),
        };
        let first = low / tile_elems;
        // Mostly one tile: the second division is saved.
        (first, if high - first * tile_elems < tile_elems { first } else { high / tile_elems })
    }

    /// The lowest and the highest address of `source` that the stretch reads.
    #[inline(never)]
    fn hull(&self, source: usize, range: &Range<usize>, extent: &mut Option<Extent>) -> (usize, usize) {
        let extent = extent.get_or_insert_with(|| Extent::new(&self.shape, range));
        let (mut low, mut high) = (usize::MAX, 0);
        for operand in &self.operands {
            if let OperandFrom::Source { source: at, reach } = &operand.from
                && *at == source
            {
                let (first, last) = reach.span(extent);
                low = low.min(first);
                high = high.max(last);
            }
        }
        (low, high)
    }
}

/// One operand of a plan.
#[derive(Debug)]
pub(crate) struct OperandSlot {
    pub(crate) layout: Layout,
    pub(crate) from: OperandFrom,
}

#[derive(Debug)]
pub(crate) enum OperandFrom {
    /// Elements of `sources[source]`.
    Source { source: usize, reach: Reach },
    /// A value that never changes.
    Value(Buffer),
}

/// A session storage that a statement reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceSlot {
    /// Its place in the session's tables.
    pub(crate) slot: u32,
    pub(crate) tile_elems: usize,
    /// All that reads it, where the iteration has one axis.
    line: Option<Line>,
}

/// Where a map's result goes.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its place in the session's tables.
    pub(crate) slot: u32,
    pub(crate) dtype: DType,
    /// Monotone layout over the storage, in the order of the iteration space.
    pub(crate) layout: Layout,
    pub(crate) tile_elems: usize,
    /// Elements of the storage.
    pub(crate) len: usize,
    /// In-place tasks compute the whole right-hand side before they write: it reads what they write, or the
    /// elements lie so far apart that a scatter is faster.
    pub(crate) buffered: bool,
    /// Every element is computed from what lies at the same place of every source, and all storages are cut alike: a task that
    /// makes a tile reads just that tile of each.
    pub(crate) alike: bool,
    /// If so, whether elements that follow each other lie side by side, and there are no operands but sources.
    pub(crate) dense: bool,
    /// More is written than the caches hold: tiles that nobody is waiting for are written past them.
    pub(crate) far: bool,
    /// Where tiles that stay lie, if there are many.
    pub(crate) rows: Option<Rows>,
}

impl Target {
    /// Elements of a tile.
    pub(crate) fn elems_of(&self, tile: usize) -> usize {
        self.tile_elems.min(self.len - tile * self.tile_elems)
    }
}

/// The tree of a reduction, while its nodes are computed.
pub(crate) struct Fold {
    pub(crate) op: ReduceOp,
    pub(crate) dtype: DType,
    pub(crate) len: usize,
    pub(crate) max_elems: usize,
    /// Node `i` is written by the task of node `i` alone and read by the fold, which all of them precede.
    pub(crate) partials: Box<[UnsafeCell<Option<Partial>>]>,
}

// SAFETY: each cell has one writer, and edges order every writer before the one reader (G4).
unsafe impl Sync for Fold {}

impl fmt::Debug for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fold")
            .field("op", &self.op)
            .field("nodes", &self.partials.len())
            .finish_non_exhaustive()
    }
}
