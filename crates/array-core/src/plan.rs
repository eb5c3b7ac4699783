//! Plans: an expression compiled to one fused pass.
//!
//! **How to evaluate an expression** (what [`Array::eval`](crate::Array::eval) does, and what a scheduler with its own storage does):
//! 1. [`split_reductions`] replaces what must be evaluated first by leaves;
//! 2. [`bind`] gives a [`Bound`]: the cached [`Plan`] of the expression's structure, its operands, constants and shape;
//! 3. for elementwise results, [`normalise`] puts the axes in the order of the output's memory;
//! 4. [`Plan::map`] computes any range of elements into tiles, or [`Plan::reduce`] one node of the reduction tree
//!    ([`reduction_nodes`], [`finish_reduction`]). Ranges are independent: they may run in any order, on any thread.
//! 5. What [`bind_axes`] binds, reductions along some of the axes, [`AxisReduction`] computes: any range of the results.
//!
//! **Promise** the bits of an element do not depend on ranges, tiles or instruction set; those of a sum only on its length.
//!
//! **The machine** a plan is a list of instructions on blocks of about a thousand elements that stay in the first-level
//! cache; an instruction is one kernel call ([`crate::Isa`]). Where rows are long a block is a piece of a row and kernels read
//! operands and write the output in place; where rows are short, many rows are gathered into one dense block. Blocks end at
//! tile edges, never elsewhere.
//! **Trade-offs** a machine-code back end would save the block's temporaries; it would take the place of
//! `compile` and of the instruction loop in `run`, nothing else.

mod axes;
mod bind;
mod cache;
mod compile;
mod cost;
mod flat;
mod fuse;
mod normalise;
mod reduce;
mod run;
mod short;
mod split;
mod stream;
mod tape;
mod walk;

pub use axes::{AxisPart, AxisReduction, bind_axes};
pub(crate) use bind::bind_reading;
pub use bind::{bind, bind_for};
pub(crate) use flat::Flat;
pub(crate) use normalise::coalesce;
pub use normalise::normalise;
pub use reduce::{Partial, finish_reduction, reduction_nodes};
pub(crate) use run::BLOCK;
pub use run::Scratch;
pub use split::split_reductions;
pub(crate) use split::{split_owned, split_together};
pub(crate) use stream::Stream;

pub(crate) use compile::Program;

use crate::{
    buffer::Buffer,
    dtype::DType,
    error::ArrayError,
    expr::ReduceOp,
    kernels::Isa,
    layout::{Dims, Layout},
    source::Source,
};
use smallvec::SmallVec;
use std::{fmt, panic::Location, sync::Arc};

/// Constants of an expression, as the bytes kernels read: part of a [`Bound`], not of the cached plan.
pub type Consts = SmallVec<[u128; 4]>;

/// A compiled expression: what is done to the elements, without the data. Shared, cached by structure.
///
/// `Debug` prints its instructions.
///
/// ```
/// use array_core::{bind, Array};
/// use std::sync::Arc;
/// let plan = |scale: f64, n: usize| bind(&(Array::linspace(0.0, 1.0, n) * scale).sqrt()).map(|bound| bound.plan);
/// let (one, other) = (plan(2.0, 10)?, plan(3.0, 99)?);
/// assert!(Arc::ptr_eq(&one, &other), "neither data, nor lengths, nor constants are part of it");
/// assert_eq!((one.instructions(), one.can_fail(), one.reduction()), (1, false, None));
/// # Ok::<(), array_core::ArrayError>(())
/// ```
pub struct Plan {
    pub(crate) program: Program,
}

impl Plan {
    /// Type of the elements [`map`](Plan::map) writes, or of the result of the reduction.
    pub fn dtype(&self) -> DType {
        self.program.dtype
    }

    /// The reduction, if the plan is one.
    pub fn reduction(&self) -> Option<ReduceOp> {
        self.program.reduction
    }

    /// Whether [`map`](Plan::map) and [`reduce`](Plan::reduce) can fail, which only integer powers with exponents from
    /// data can. Then some elements may have been written when the error comes: map such a plan into fresh memory.
    pub fn can_fail(&self) -> bool {
        self.program.can_fail
    }

    /// The instruction set it runs on.
    pub fn isa(&self) -> Isa {
        self.program.isa
    }

    /// Number of kernel calls per block.
    pub fn instructions(&self) -> usize {
        self.program.steps.len()
    }

    /// How long an element takes, in picoseconds: an estimate, made when the plan was compiled. Where data is in the second-level
    /// cache it is within a factor of two of the truth for most plans on the machine it was measured on; data from memory takes longer.
    ///
    /// ```
    /// use array_core::{Array, bind};
    /// let x = Array::from_vec(vec![0.5; 8], [8]);
    /// let cost = |expression: &Array| bind(expression).unwrap().plan.element_ps();
    /// assert!(cost(&x.sin()) > cost(&(&x + 1.0)));
    /// assert!(cost(&(x.sin() + x.cos())) > cost(&x.sin()));
    /// ```
    pub fn element_ps(&self) -> u32 {
        self.program.element_ps
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.fmt(f)
    }
}

/// An expression bound to its data, ready to run. Made by [`bind`].
///
/// Public fields are there to be read and, before running, normalised; see [`normalise`].
#[derive(Debug, Clone)]
pub struct Bound {
    /// The compiled structure.
    pub plan: Arc<Plan>,
    /// Iteration shape: of the result, or of the reduction's argument with axes merged where its order allows.
    pub shape: Dims,
    /// What the plan reads, in its order.
    pub operands: SmallVec<[Operand; 2]>,
    /// The values of its constants.
    pub consts: Consts,
    /// The reduction at the root, if there is one.
    pub reduction: Option<ReduceOp>,
    /// The line that may fail at run time ([`Plan::can_fail`]).
    pub(crate) fails_at: Option<&'static Location<'static>>,
}

impl Bound {
    /// The error of a run with the source line of the operator that failed.
    pub fn locate(&self, error: ArrayError) -> ArrayError {
        match self.fails_at {
            Some(location) => error.at(location),
            None => error,
        }
    }
}

/// One thing a plan reads.
#[derive(Debug, Clone)]
pub struct Operand {
    /// The data.
    pub data: OperandData,
    /// Type of its elements.
    pub dtype: DType,
    /// Where each element of the iteration shape lies, relative to the data's element 0; stride 0 where broadcast.
    pub layout: Layout,
}

/// Where an operand's elements are kept.
#[derive(Debug, Clone)]
pub enum OperandData {
    /// In memory.
    Buffer(Buffer),
    /// With whoever evaluates; the operand's layout is over the source's C-contiguous shape.
    Source(Arc<dyn Source>),
}

/// One operand laid over tiles: the element at address `e` is element `e % tile_elems` of tile `e / tile_elems`.
///
/// A plain buffer is one tile: `tile_elems` = `usize::MAX`, `first` = 0. Tiles of 16 KiB and more of which one begins where the one
/// before ends are read as one run, so these must be of one allocation ([`BlockPool::take_row`](crate::BlockPool::take_row)); no two
/// blocks that a pool gives out one by one lie like that.
#[derive(Debug, Clone, Copy)]
pub struct TileRef<'a> {
    /// Addresses of the elements of the iteration shape.
    pub layout: &'a Layout,
    /// Elements per tile, above zero.
    pub tile_elems: usize,
    /// Number of the tile that `tiles[0]` is.
    pub first: usize,
    /// Start addresses of the tiles, from number `first` on.
    pub tiles: &'a [*const u8],
}

/// As [`TileRef`], for the output.
#[derive(Debug, Clone, Copy)]
pub struct TileMut<'a> {
    /// Addresses of the elements of the iteration shape.
    pub layout: &'a Layout,
    /// Elements per tile, above zero.
    pub tile_elems: usize,
    /// Number of the tile that `tiles[0]` is.
    pub first: usize,
    /// Start addresses of the tiles, from number `first` on.
    pub tiles: &'a [*mut u8],
}
