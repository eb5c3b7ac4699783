//! The elements of results shared out, where their order does not matter: parts, and the results from these.

use super::{AxisReduction, What, find, fold, permute};
use crate::{
    dtype::Kind as TypeKind,
    error::ArrayError,
    expr::ReduceOp,
    kernels::arg,
    layout::Dims,
    plan::{Bound, Plan, Scratch, TileRef},
};
use smallvec::SmallVec;
use std::ops::Range;

/// What some of the elements of each result come to; see [`AxisReduction::part`].
#[derive(Debug, Clone)]
pub struct AxisPart {
    /// Elements, aligned for every type.
    values: SmallVec<[u128; 1]>,
    places: SmallVec<[i64; 1]>,
}

impl AxisReduction {
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
            What::Fold(_, Some(_)) => false,
            What::Fold(ReduceOp::Max | ReduceOp::Min, _) => kind != TypeKind::Complex,
            What::Fold(..) => !matches!(kind, TypeKind::Float | TypeKind::Complex),
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
                What::Fold(op, _) => fold::reduce((op, None), &region, values, scratch)?,
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
                What::Fold(..) => {
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
