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

use super::{
    Bound, Plan, Program, TileRef, bind::bind_reading, normalise::coalesce, run::Scratch, stream::Stream,
};
use crate::{
    array::Array,
    dtype::{Kind as TypeKind, Scalar},
    error::ArrayError,
    expr::{Kind, ReduceOp, Whole},
    kernels::{Isa, arg},
    layout::{Dims, Layout},
};
use smallvec::SmallVec;
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Fold(ReduceOp),
    Find { max: bool },
}

impl What {
    /// The reduction whose kernels are used.
    fn op(self) -> ReduceOp {
        match self {
            What::Fold(op) => op,
            What::Find { max: true } => ReduceOp::Max,
            What::Find { max: false } => ReduceOp::Min,
        }
    }
}

/// What some of the elements of each result come to; see [`AxisReduction::part`].
#[derive(Debug, Clone)]
pub struct AxisPart {
    /// Elements, aligned for every type.
    values: SmallVec<[u128; 1]>,
    places: SmallVec<[i64; 1]>,
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
            Whole::Reduce { op, axes } => (What::Fold(*op), axes.clone()),
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
        self.what.op().identity(plan.program.element)
    }

    /// For a reduction whose result does not depend on the order of its elements (extremes, positions of extremes, sums and products of
    /// integers): the same one, to be cut along the first of the axes that are reduced. The axes of `bound` are put in another order: those that
    /// are reduced come first. Nothing for others, and where that axis has one element: then nothing changes.
    ///
    /// ```
    /// use array_core::{bind_axes, Array, DType, Scratch, TileRef};
    /// let data = [3i64, 1, 4, 1, 5, 9];
    /// let (mut bound, axes) = bind_axes(&Array::from_vec(data.to_vec(), [3, 2]).max_along(0))?.expect("it is one");
    /// let axes = axes.into_parts(&mut bound).expect("the order of elements does not matter");
    /// let tiles = [data.as_ptr().cast()];
    /// let source = TileRef { layout: &bound.operands[0].layout, tile_elems: usize::MAX, first: 0, tiles: &tiles };
    /// let (plan, shape, mut scratch) = (&bound.plan, &bound.shape, Scratch::new());
    /// let mut out = [0i64; 2];
    /// // SAFETY: the elements are there; the parts are whole rows, and there is room for two results.
    /// unsafe {
    ///     let mut part = |rows| axes.part(plan, &bound.consts, shape, &[source], rows, &mut scratch);
    ///     let parts = [part(0..2)?, part(2..6)?];
    ///     axes.join(plan, shape, &parts, out.as_mut_ptr().cast());
    /// }
    /// assert_eq!(out, [5, 9]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn into_parts(mut self, bound: &mut Bound) -> Option<AxisReduction> {
        let kind = bound.plan.program.element.kind();
        let free = match self.what {
            What::Find { .. } => true,
            What::Fold(ReduceOp::Max | ReduceOp::Min) => kind != TypeKind::Complex,
            What::Fold(_) => !matches!(kind, TypeKind::Float | TypeKind::Complex),
        };
        let results = self.outer + self.kept;
        if self.parts || !free || bound.shape.get(results).is_none_or(|&n| n < 2) {
            return None;
        }
        let order: Dims = (results..bound.shape.len()).chain(0..results).collect();
        permute(bound, &order);
        self.parts = true;
        Some(self)
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
                    What::Fold(op) => fold::reduce(
                        op,
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

    /// What the elements of the stretch `range` of the iteration space, whole steps of its first axis, come to for every result.
    /// [`into_parts`](Self::into_parts) has an example.
    ///
    /// # Errors
    /// As [`results`](Self::results).
    ///
    /// # Safety
    /// As [`results`](Self::results), of these elements and without an output; `self` is cut [`into_parts`](Self::into_parts), and
    /// `range` is not empty.
    pub unsafe fn part(
        &self,
        plan: &Plan,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        range: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<AxisPart, ArrayError> {
        debug_assert!(self.parts);
        let (results, _) = self.counts(shape);
        let step: usize = shape[1..].iter().product();
        debug_assert!(range.start.is_multiple_of(step) && range.end.is_multiple_of(step));
        let cut = range.start / step..range.end / step;
        let size = plan.program.element.size();
        let mut part = AxisPart {
            values: SmallVec::from_elem(0, (results * size).div_ceil(size_of::<u128>())),
            places: SmallVec::new(),
        };
        let before = (cut.start * shape[1..self.reduced()].iter().product::<usize>()) as i64;
        let region = self.region(plan, consts, shape, operands, &[cut]);
        let values: *mut u8 = part.values.as_mut_ptr().cast();
        // SAFETY: the caller's; there is a cell for each result.
        unsafe {
            match self.what {
                What::Fold(op) => fold::reduce(op, &region, values, scratch)?,
                What::Find { max } => {
                    part.places.resize(results, 0);
                    find::find(max, &region, part.places.as_mut_ptr(), Some(values), scratch)?;
                }
            }
        }
        part.places.iter_mut().for_each(|place| *place += before);
        Ok(part)
    }

    /// The results from those of all parts, in order. [`into_parts`](Self::into_parts) has an example.
    ///
    /// # Safety
    /// `plan` is that of the parts, which are of one `shape` and at least one; `out` is as for [`results`](Self::results).
    pub unsafe fn join(&self, plan: &Plan, shape: &[usize], parts: &[AxisPart], out: *mut u8) {
        let (results, _) = self.counts(shape);
        let program = &plan.program;
        let values = |part: &AxisPart| part.values.as_ptr().cast::<u8>();
        // SAFETY: the caller's; every part has as many values (and places) as there are results.
        unsafe {
            match self.what {
                What::Fold(_) => {
                    let rows: Vec<*const u8> = parts[1..].iter().map(values).collect();
                    out.copy_from_nonoverlapping(values(&parts[0]), results * program.element.size());
                    let kernels = program.fold.expect("bound as a reduction");
                    (kernels.columns)(out, rows.as_ptr(), rows.len(), results);
                }
                What::Find { max } => {
                    let kernels = arg::kernels(max, program.element, program.isa);
                    let (mut best, places) = (parts[0].values.clone(), out.cast::<i64>());
                    places.copy_from_nonoverlapping(parts[0].places.as_ptr(), results);
                    let best: *mut u8 = best.as_mut_ptr().cast();
                    // A place below zero says which part has the best.
                    for (number, part) in parts.iter().enumerate().skip(1) {
                        (kernels.columns)(values(part), results, best, places, -(number as i64));
                    }
                    for i in 0..results {
                        let place = places.add(i);
                        if *place < 0 {
                            *place = parts[place.read().unsigned_abs() as usize].places[i];
                        }
                    }
                }
            }
        }
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

/// Takes a box, as how its first axes are cut, and the flat place where it begins.
type EachBox<'a> = &'a mut dyn FnMut(&[Range<usize>], usize) -> Result<(), ArrayError>;

/// Calls `f` with the boxes that the stretch `range` of a space in C order consists of, in order, and the flat place where each
/// begins: at most two for each axis. Along the axes that are not named a box is whole.
fn boxes(shape: &[usize], range: Range<usize>, f: EachBox<'_>) -> Result<(), ArrayError> {
    let mut at = range.start;
    while at < range.end {
        let mut cut: SmallVec<[Range<usize>; 6]> = SmallVec::new();
        let (mut rest, mut count) = (at, 1);
        let mut inner: usize = shape.iter().product();
        for &n in shape {
            inner /= n;
            let index = rest / inner;
            rest %= inner;
            // As many whole steps of this axis as there are; where there is none, one in part.
            let steps = if rest == 0 { ((range.end - at) / inner).min(n - index) } else { 0 };
            cut.push(index..index + steps.max(1));
            if steps > 0 {
                count = steps * inner;
                break;
            }
        }
        f(&cut, at)?;
        at += count;
    }
    Ok(())
}

/// A box of an iteration space, its axes in the order in which they are walked.
struct Region<'a> {
    program: &'a Program,
    consts: &'a [u128],
    shape: Dims,
    /// Of the operands, over this box.
    layouts: SmallVec<[Layout; 3]>,
    operands: &'a [TileRef<'a>],
    /// How many axes: outer, steps, kept, row.
    groups: [usize; 4],
}

impl Region<'_> {
    /// Which axes a group has.
    fn axes(&self, group: usize) -> Range<usize> {
        let first = self.groups[..group].iter().sum();
        first..first + self.groups[group]
    }

    /// How many elements each group has.
    fn lengths(&self) -> [usize; 4] {
        [0, 1, 2, 3].map(|group| self.shape[self.axes(group)].iter().product())
    }

    /// The operand, if the expression is nothing but that.
    fn leaf(&self) -> Option<(&TileRef<'_>, &Layout)> {
        self.program.direct.then(|| (&self.operands[0], &self.layouts[0]))
    }

    /// Lengths and strides of the leaf's axes in a group.
    fn steps(&self, group: usize) -> impl Iterator<Item = (usize, isize)> {
        let strides = &self.layouts[0].strides;
        self.axes(group).map(|axis| (self.shape[axis], strides[axis]))
    }

    /// Reads the elements in order by `f`.
    ///
    /// # Safety
    /// As [`AxisReduction::results`].
    unsafe fn stream<R>(
        &self,
        scratch: &mut Scratch,
        f: impl FnOnce(&mut Stream<'_>) -> R,
    ) -> Result<R, ArrayError> {
        let (mut shape, mut layouts) = (self.shape.clone(), self.layouts.clone());
        coalesce(&mut shape, None, &mut layouts);
        let laid = layouts.iter().zip(self.operands);
        let operands: SmallVec<[TileRef<'_>; 6]> =
            laid.map(|(layout, operand)| TileRef { layout, ..*operand }).collect();
        // SAFETY: the caller's; shape and layouts were merged together.
        unsafe { Stream::open(self.program, self.consts, &shape, &operands, scratch, |stream| f(stream)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_cover_a_stretch_once_and_in_order() {
        for shape in [&[][..], &[7], &[3, 4], &[2, 3, 4], &[2, 1, 3, 2]] {
            let len: usize = shape.iter().product();
            for start in 0..=len {
                for end in start..=len {
                    let (mut at, mut count) = (start, 0);
                    boxes(shape, start..end, &mut |cut, first| {
                        assert_eq!(first, at);
                        let mut inner = len;
                        let mut place = 0;
                        let mut whole = 1;
                        for (axis, &n) in shape.iter().enumerate() {
                            inner /= n;
                            let range = cut.get(axis).cloned().unwrap_or(0..n);
                            place += range.start * inner;
                            whole *= range.len();
                            assert!(
                                range.end <= n && (whole == range.len() || range.len() == n || whole == 0)
                            );
                        }
                        assert_eq!(place, at);
                        at += whole;
                        count += 1;
                        Ok(())
                    })
                    .unwrap();
                    assert!(at == end && count <= 2 * shape.len().max(1), "{shape:?} {start}..{end}");
                }
            }
        }
    }
}
