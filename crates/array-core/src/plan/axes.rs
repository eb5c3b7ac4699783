//! Reductions along some of the axes, and positions of extremes, over operands in memory or in tiles.
//!
//! **Promise** a result depends on its own elements alone, by an order that the shape fixes (see `axes/fold.rs`): which results are
//! computed together, and over which tiles, does not change a bit. Where the order does not matter either ([`AxisReduction::into_parts`])
//! the elements may be shared out too.
//!
//! **The iteration space** has the axes of the results first, in their order, then those that are reduced; once it is to be cut into
//! parts the reduced ones come first. So what a task reads, a stretch of the results or a part, is a stretch of the space in flat C
//! order, as it is for [`Plan::map`] and [`Plan::reduce`]; it is cut into boxes, each of which is walked in the order that suits it.

mod find;
mod fold;
mod parts;
mod region;

pub use parts::AxisPart;

use super::{Bound, Plan, Program, TileRef, bind::bind_reading, normalise::coalesce, run::Scratch};
use crate::{
    array::Array,
    dtype::Scalar,
    error::ArrayError,
    expr::{Kind, ReduceOp, Whole},
    kernels::Isa,
    layout::{Dims, Layout},
};
use region::{Region, boxes};
use std::ops::Range;

/// A reduction along some axes, or a search for the positions of extremes: what is done with the elements of a [`Bound`] whose plan
/// reads them. Made by [`bind_axes`].
#[derive(Debug, Clone)]
pub struct AxisReduction {
    what: What,
    /// How many axes: kept, before the first that is reduced row by row; reduced row by row; kept, after the first of those;
    /// reduced as one row, the last of all.
    outer: usize,
    steps: usize,
    kept: usize,
    row: usize,
    /// Whether the reduced axes come first.
    parts: bool,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// With what it starts from, if that is not what changes nothing.
    Fold(ReduceOp, Option<Scalar>),
    Find {
        max: bool,
    },
}

impl What {
    /// The reduction whose kernels are used.
    fn op(self) -> ReduceOp {
        match self {
            What::Fold(op, _) => op,
            What::Find { max: true } => ReduceOp::Max,
            What::Find { max: false } => ReduceOp::Min,
        }
    }
}

/// Binds a reduction along some axes, or a search for positions ([`Array::argmax`]), whose argument is one pass; nothing if `expr`
/// is something else.
///
/// The bound plan reads the argument. Its iteration shape has the axes of the result first, then those that are reduced.
///
/// ```
/// use array_core::{bind_axes, Array};
/// let a = Array::arange(0.0, 24.0, 1.0).reshape([2, 3, 4]);
/// let (bound, _) = bind_axes(&(&a * 2.0).sum_along(0))?.unwrap();
/// assert_eq!(&bound.shape[..], [3, 4, 2]);
/// assert!(bind_axes(&a.sum())?.is_none() && bind_axes(&a.cumsum(0))?.is_none());
/// # Ok::<(), array_core::ArrayError>(())
/// ```
///
/// # Errors
/// The error that `expr` carries; [`ArrayError::NotSplit`] if something inside must be evaluated first.
pub fn bind_axes(expr: &Array) -> Result<Option<(Bound, AxisReduction)>, ArrayError> {
    match &expr.0.kind {
        Kind::Failed(error) => Err(error.clone()),
        Kind::Whole { op, args, .. } => AxisReduction::bind(op, &args[0], Isa::active()).transpose(),
        _ => Ok(None),
    }
}

impl AxisReduction {
    /// Binds `op` of `arg`, if it is one of these.
    pub(crate) fn bind(
        op: &Whole,
        arg: &Array,
        isa: Isa,
    ) -> Option<Result<(Bound, AxisReduction), ArrayError>> {
        let ndim = arg.ndim();
        let (what, axes) = match op {
            Whole::Reduce { op, axes, start } => (What::Fold(*op, *start), axes.clone()),
            Whole::Arg { max, axis: Some(axis) } => (What::Find { max: *max }, Dims::from_elem(*axis, 1)),
            Whole::Arg { max, axis: None } => (What::Find { max: *max }, (0..ndim).collect()),
            _ => return None,
        };
        let reduced = |axis: &usize| axes.contains(axis);
        let row_from = (0..ndim).rev().take_while(reduced).last().unwrap_or(ndim);
        let first = (0..row_from).find(reduced).unwrap_or(row_from);
        let steps = (first..row_from).filter(reduced);
        let kept = (first..row_from).filter(|axis| !reduced(axis));
        let order: Dims = (0..first).chain(kept.clone()).chain(steps.clone()).chain(row_from..ndim).collect();
        let mut axes = AxisReduction {
            what,
            outer: first,
            steps: steps.count(),
            kept: kept.count(),
            row: ndim - row_from,
            parts: false,
        };
        Some(bind_reading(arg, what.op(), isa).map(|mut bound| {
            permute(&mut bound, &order);
            if axes.row == ndim {
                coalesce(&mut bound.shape, None, &mut bound.operands);
                axes.row = bound.shape.len();
            }
            (bound, axes)
        }))
    }

    /// How many axes of the iteration space are reduced.
    fn reduced(&self) -> usize {
        self.steps + self.row
    }

    /// How many results there are, and how many elements each has; `shape` is that of the iteration space.
    pub fn counts(&self, shape: &[usize]) -> (usize, usize) {
        let results = self.outer + self.kept;
        let (first, last) = shape.split_at(if self.parts { self.reduced() } else { results });
        let (results, reduced) = if self.parts { (last, first) } else { (first, last) };
        (results.iter().product(), reduced.iter().product())
    }

    /// How many results follow each other in what is read row by row, so that a stretch of few of them is read in short pieces; none
    /// where each result has a row of its own.
    pub fn interleaved(&self, shape: &[usize]) -> Option<usize> {
        (self.steps > 0).then(|| {
            let first = self.outer + if self.parts { self.reduced() } else { 0 };
            shape[first..first + self.kept].iter().product()
        })
    }

    /// What a reduction of no elements comes to.
    pub fn identity(&self, plan: &Plan) -> Scalar {
        match self.what {
            What::Fold(_, Some(start)) => start,
            what => what.op().identity(plan.program.element),
        }
    }

    /// The axes in the order in which they are walked, and the lengths of the four groups.
    fn walk(&self) -> Dims {
        let (results, reduced) = (self.outer + self.kept, self.reduced());
        let (results, reduced) = if self.parts { (reduced, 0) } else { (0, results) };
        let (kept, row) = (results + self.outer, reduced + self.steps);
        let outer = results..kept;
        outer.chain(reduced..row).chain(kept..kept + self.kept).chain(row..row + self.row).collect()
    }

    /// The part of the iteration space whose first axes are cut like this.
    fn region<'a>(
        &self,
        plan: &'a Plan,
        consts: &'a [u128],
        shape: &[usize],
        operands: &'a [TileRef<'a>],
        cut: &[Range<usize>],
    ) -> Region<'a> {
        let walk = self.walk();
        let shape: Dims = walk.iter().map(|&a| cut.get(a).map_or(shape[a], ExactSizeIterator::len)).collect();
        let layouts = operands.iter().map(|operand| {
            let from = |(stride, cut): (&isize, &Range<usize>)| stride * cut.start as isize;
            let strides = &operand.layout.strides;
            Layout {
                shape: shape.clone(),
                strides: walk.iter().map(|&a| strides[a]).collect(),
                offset: operand.layout.offset + strides.iter().zip(cut).map(from).sum::<isize>(),
            }
        });
        let groups = [self.outer, self.steps, self.kept, self.row];
        Region { program: &plan.program, consts, layouts: layouts.collect(), shape, groups, operands }
    }

    /// Computes the results `range` (flat, in C order) to `out`: elements of the array's type, one after another.
    ///
    /// ```
    /// use array_core::{bind_axes, Array, Scratch, TileRef};
    /// let data: Vec<f64> = (0..12).map(f64::from).collect();
    /// let (bound, axes) = bind_axes(&Array::from_vec(data.clone(), [3, 4]).sum_along(0))?.expect("it is one");
    /// assert_eq!(axes.counts(&bound.shape), (4, 3));
    /// let tiles = [data.as_ptr().cast()];
    /// let source = TileRef { layout: &bound.operands[0].layout, tile_elems: usize::MAX, first: 0, tiles: &tiles };
    /// let (mut out, mut scratch) = ([0.0; 2], Scratch::new());
    /// // SAFETY: the elements are there, and there is room for two results.
    /// unsafe {
    ///     let (plan, to) = (&bound.plan, out.as_mut_ptr().cast());
    ///     axes.results(plan, &bound.consts, &bound.shape, &[source], 1..3, to, &mut scratch)?;
    /// }
    /// assert_eq!(out, [15.0, 18.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::NegativePower`], only if the plan [`can_fail`](Plan::can_fail).
    ///
    /// # Safety
    /// - `self` and the plan are of one [`bind_axes`] and not cut into parts; `consts`, `shape` and the number, types and layouts of
    ///   `operands` are those of the [`Bound`]. `range` lies within the results, and each has an element unless the reduction has an
    ///   identity.
    /// - Of every element of these results each operand's tile is in its table, as for [`Plan::reduce`].
    /// - `out` is writable for that many elements of the result's type, aligned, no operand, and touched by nobody else.
    #[allow(clippy::too_many_arguments, reason = "the parts of a bound plan, as for its other runs")]
    pub unsafe fn results(
        &self,
        plan: &Plan,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        range: Range<usize>,
        out: *mut u8,
        scratch: &mut Scratch,
    ) -> Result<(), ArrayError> {
        debug_assert!(!self.parts);
        let start = range.start;
        boxes(&shape[..self.outer + self.kept], range, &mut |cut, first| {
            let region = self.region(plan, consts, shape, operands, cut);
            // SAFETY: the caller's; the box lies within the range.
            unsafe {
                match self.what {
                    What::Fold(op, from) => fold::reduce(
                        (op, from),
                        &region,
                        out.add((first - start) * plan.program.element.size()),
                        scratch,
                    ),
                    What::Find { max } => {
                        find::find(max, &region, out.cast::<i64>().add(first - start), None, scratch)
                    }
                }
            }
        })
    }
}

/// Puts the axes of an iteration in another order.
fn permute(bound: &mut Bound, order: &[usize]) {
    if order.is_sorted() {
        return;
    }
    bound.shape = order.iter().map(|&a| bound.shape[a]).collect();
    for operand in &mut bound.operands {
        operand.layout = operand.layout.permute(order);
    }
}
