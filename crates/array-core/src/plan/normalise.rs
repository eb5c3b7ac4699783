//! Putting the axes of an iteration in the order of the output's memory, and merging those that lie in one line.

use super::Operand;
use crate::layout::{Dims, Layout};
use smallvec::SmallVec;

/// Reorders the axes of an elementwise iteration so that walking it in C order walks the output's memory upwards, and merges
/// neighbouring axes wherever every layout allows.
///
/// `shape`, `out` and the operands' layouts describe one iteration space and are changed together; each element keeps its
/// addresses. Axes of length 1 go away. Afterwards flat order is monotone in the output's addresses (if the output's axes do
/// not interleave), so a range of elements lies in a range of tiles. For maps only: a reduction's order is its meaning.
///
/// ```
/// use array_core::{normalise, s, Layout};
/// let mut out = Layout::contiguous(&[4, 6])?.index(&s![..; -1, ..])?;      // rows upside down
/// let mut shape = out.shape.clone();
/// normalise(&mut shape, &mut out, &mut []);
/// assert_eq!((&shape[..], &out.strides[..], out.offset), (&[24][..], &[1][..], 0));
/// # Ok::<(), array_core::ArrayError>(())
/// ```
pub fn normalise(shape: &mut Dims, out: &mut Layout, operands: &mut [Operand]) {
    let ndim = shape.len();
    if ndim > 1 {
        sort(shape, out, operands);
    }
    for axis in 0..ndim {
        if out.strides[axis] < 0 && shape[axis] > 0 {
            let far = shape[axis] as isize - 1;
            for layout in operands.iter_mut().map(|o| &mut o.layout).chain([&mut *out]) {
                layout.offset += far * layout.strides[axis];
                layout.strides[axis] = -layout.strides[axis];
            }
        }
    }
    coalesce(shape, Some(out), operands);
}

/// Puts the axes in the order of the output's strides.
fn sort(shape: &mut Dims, out: &mut Layout, operands: &mut [Operand]) {
    let mut order: SmallVec<[usize; 4]> = (0..shape.len()).collect();
    // Stable: equal strides (broadcast output axes do not occur) keep their order.
    order.sort_by_key(|&axis| std::cmp::Reverse(out.strides[axis].unsigned_abs()));
    if !order.is_sorted() {
        *shape = order.iter().map(|&a| shape[a]).collect();
        *out = out.permute(&order);
        for operand in operands.iter_mut() {
            operand.layout = operand.layout.permute(&order);
        }
    }
}

/// What is, or has, a layout over the iteration.
pub(crate) trait AsLayout {
    fn layout(&self) -> &Layout;
    fn layout_mut(&mut self) -> &mut Layout;
}

impl AsLayout for Layout {
    fn layout(&self) -> &Layout {
        self
    }
    fn layout_mut(&mut self) -> &mut Layout {
        self
    }
}

impl AsLayout for Operand {
    fn layout(&self) -> &Layout {
        &self.layout
    }
    fn layout_mut(&mut self) -> &mut Layout {
        &mut self.layout
    }
}

/// Drops axes of length 1 and merges neighbours where every layout allows; order and addresses stay.
pub(crate) fn coalesce<L: AsLayout>(shape: &mut Dims, mut out: Option<&mut Layout>, operands: &mut [L]) {
    let mut axis = 0;
    while axis < shape.len() {
        let drop = shape[axis] == 1;
        let merge = !drop && axis > 0 && {
            let n = shape[axis] as isize;
            let flows = |l: &Layout| l.strides[axis - 1] == l.strides[axis].wrapping_mul(n);
            operands.iter().all(|o| flows(o.layout())) && out.as_deref().is_none_or(flows)
        };
        if !drop && !merge {
            axis += 1;
            continue;
        }
        let length = shape[axis];
        shape.remove(axis);
        if merge {
            shape[axis - 1] *= length;
        }
        for layout in operands.iter_mut().map(L::layout_mut).chain(out.as_deref_mut()) {
            let stride = layout.strides.remove(axis);
            layout.shape.remove(axis);
            if merge {
                layout.strides[axis - 1] = stride;
                layout.shape[axis - 1] *= length;
            }
        }
    }
}
