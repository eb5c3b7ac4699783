//! Reductions: NumPy's pairwise tree over the whole array, cut into nodes that may run anywhere.
//!
//! **Promise** the tree depends on the number of elements only, so the bits of a sum depend neither on how many elements a
//! node holds nor on who computes it. A node is a sub-tree; its own lower branches are folded while it runs.

use super::{
    Plan, TileRef,
    run::{Run, Scratch},
};
use crate::{
    dtype::{DType, Scalar},
    error::ArrayError,
    expr::ReduceOp,
    kernels::{
        complex,
        reduce::{Tree, combine},
    },
};
use num_complex::Complex;
use std::ops::Range;

/// The reduction of one node of the tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partial(pub(crate) Scalar);

/// The maximal sub-trees of at most `max_elems` elements of the reduction tree over `len` elements of `dtype` (the plan's,
/// [`Plan::dtype`]), in order, at least one.
///
/// A leaf (up to 128 elements, 64 complex ones) is never cut, so a smaller `max_elems` counts as that.
///
/// ```
/// use array_core::{reduction_nodes, DType};
/// assert_eq!(reduction_nodes(DType::F64, 1000, 300), [0..248, 248..496, 496..744, 744..1000]);
/// assert_eq!(reduction_nodes(DType::F64, 0, 300), [0..0]);
/// ```
pub fn reduction_nodes(dtype: DType, len: usize, max_elems: usize) -> Vec<Range<usize>> {
    let tree = Tree::of(dtype);
    let mut nodes = Vec::new();
    let mut pending = Vec::from_iter(std::iter::once(0..len));
    while let Some(node) = pending.pop() {
        if is_node(tree, node.len(), max_elems) {
            nodes.push(node);
        } else {
            let middle = node.start + tree.split(node.len());
            pending.push(middle..node.end);
            pending.push(node.start..middle);
        }
    }
    nodes
}

fn is_node(tree: Tree, len: usize, max_elems: usize) -> bool {
    len <= max_elems.max(tree.leaf())
}

/// The result of a reduction over `len` elements of `dtype` from the results of its nodes.
///
/// `partials` are in the order of [`reduction_nodes`]`(dtype, len, max_elems)`. [`Plan::reduce`] has an example.
///
/// # Errors
/// [`ArrayError::EmptyReduction`] for `max` and `min` of nothing.
///
/// # Panics
/// If there are not as many partials as nodes.
pub fn finish_reduction(
    op: ReduceOp,
    dtype: DType,
    len: usize,
    max_elems: usize,
    partials: &[Partial],
) -> Result<Scalar, ArrayError> {
    if len == 0 && matches!(op, ReduceOp::Max | ReduceOp::Min) {
        return Err(ArrayError::EmptyReduction { operation: op.name() });
    }
    let mut rest = partials.iter();
    let tree = Tree::of(dtype);
    let value = fold(op, tree, len, &mut |n| {
        is_node(tree, n, max_elems).then(|| rest.next().expect("one partial per node").0)
    });
    assert!(rest.next().is_none(), "one partial per node");
    Ok(finish(op, value, len))
}

/// The result of a reduction over `len` elements from the value of its tree.
fn finish(op: ReduceOp, value: Scalar, len: usize) -> Scalar {
    if !matches!(op, ReduceOp::Sum | ReduceOp::Mean) {
        return value;
    }
    let mean = op == ReduceOp::Mean;
    // NumPy starts from +0: the sum of negative zeros is positive. It divides in double precision, a complex sum by a complex number.
    let count = len as f64;
    match value {
        Scalar::F32(sum) => Scalar::F32(if mean { (f64::from(0.0 + sum) / count) as f32 } else { 0.0 + sum }),
        Scalar::F64(sum) => Scalar::F64(if mean { (0.0 + sum) / count } else { 0.0 + sum }),
        Scalar::C64(sum) => {
            let sum = Complex::new(0.0 + sum.re, 0.0 + sum.im);
            let wide = Complex::new(sum.re.into(), sum.im.into());
            let quotient = complex::div(wide, Complex::new(count, 0.0));
            Scalar::C64(if mean { Complex::new(quotient.re as f32, quotient.im as f32) } else { sum })
        }
        Scalar::C128(sum) => {
            let sum = Complex::new(0.0 + sum.re, 0.0 + sum.im);
            Scalar::C128(if mean { complex::div(sum, Complex::new(count, 0.0)) } else { sum })
        }
        value => value,
    }
}

/// Folds the tree over `n` elements; `node` gives the value of a sub-tree, or nothing where it must be cut. Called in
/// order. Recursion is as deep as the logarithm of `n`.
pub(crate) fn fold(
    op: ReduceOp,
    tree: Tree,
    n: usize,
    node: &mut dyn FnMut(usize) -> Option<Scalar>,
) -> Scalar {
    if let Some(value) = node(n) {
        return value;
    }
    let left = fold(op, tree, tree.split(n), node);
    let right = fold(op, tree, n - tree.split(n), node);
    combine(op, left, right)
}

impl Plan {
    /// Reduces the elements of one node ([`reduction_nodes`]) of the tree.
    ///
    /// ```
    /// use array_core::{bind, finish_reduction, reduction_nodes, Array, Scratch, TileRef};
    /// let data: Vec<f64> = (0..1000).map(f64::from).collect();
    /// let bound = bind(&(Array::from_vec(data.clone(), [1000]) * 2.0).sum())?;
    /// let (plan, tiles) = (&bound.plan, [data.as_ptr().cast()]);
    /// let source = TileRef { layout: &bound.operands[0].layout, tile_elems: usize::MAX, first: 0, tiles: &tiles };
    /// let mut scratch = Scratch::new();
    /// let mut partials = Vec::new();
    /// for node in reduction_nodes(plan.dtype(), 1000, 300) {
    ///     // SAFETY: the elements are there, and nobody writes them.
    ///     partials.push(unsafe { plan.reduce(&bound.consts, &bound.shape, &[source], node, &mut scratch)? });
    /// }
    /// let op = bound.reduction.expect("it is a sum");
    /// assert_eq!(finish_reduction(op, plan.dtype(), 1000, 300, &partials)?, 999_000.0.into());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::NegativePower`], only if [`can_fail`](Plan::can_fail).
    ///
    /// # Safety
    /// As [`Plan::map`], without what is said of the output; `self` is a reduction. (`range` need not be a node for safety, but
    /// only nodes make the result that of the whole tree.)
    pub unsafe fn reduce(
        &self,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        range: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<Partial, ArrayError> {
        let program = &self.program;
        let (Some(op), Some(kernels)) = (program.reduction, program.fold) else {
            unreachable!("the caller promises a reduction")
        };
        debug_assert!(range.end <= shape.iter().product());
        if range.is_empty() {
            return Ok(Partial(op.identity(program.dtype)));
        }
        // SAFETY: the caller's contract.
        let (mut run, _) = unsafe { Run::new(program, consts, shape, operands, None, range.start, scratch) };
        let (tree, all) = (Tree::of(program.element), shape.iter().product());
        // SAFETY: the caller's; nodes come in order and fill the range. An empty extreme is not asked for.
        let value = fold(op, tree, range.len(), &mut |n| unsafe { run.node(&kernels, tree, n, all) });
        run.finish()?;
        Ok(Partial(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_divided_in_double_precision() {
        // As NumPy 2.4: `numpy.ones(16777217, numpy.float32)` has this mean, as its length is no single number.
        let sum = [Partial(Scalar::F32(16_777_216.0))];
        let mean = finish_reduction(ReduceOp::Mean, DType::F32, 16_777_217, usize::MAX, &sum);
        assert_eq!(mean, Ok(Scalar::F32(0.999_999_94)));
    }

    #[test]
    fn nodes_tile_the_range_and_nest() {
        let reduction_nodes = |len, max| super::reduction_nodes(DType::F64, len, max);
        for len in (0..700).chain([1000, 4096, 99_999]) {
            for max in [1, 128, 200, 1024, 5000] {
                let nodes = reduction_nodes(len, max);
                assert_eq!((nodes[0].start, nodes.last().unwrap().end), (0, len));
                assert!(nodes.windows(2).all(|w| w[0].end == w[1].start));
                assert!(nodes.iter().all(|n| n.len() <= max.max(128)));
                // Every node of a coarser cut is a run of nodes of this one.
                let coarse = reduction_nodes(len, max * 3);
                assert!(coarse.iter().all(|c| nodes.iter().any(|n| n.start == c.start)));
            }
        }
    }
}
