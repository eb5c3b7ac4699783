//! A stretch of an iteration space as boxes, and a box with what is read in it.

use super::{Program, TileRef};
use crate::{
    error::ArrayError,
    layout::{Dims, Layout},
    plan::{Scratch, normalise::coalesce, stream::Stream},
};
use smallvec::SmallVec;
use std::ops::Range;

/// Takes a box, as how its first axes are cut, and the flat place where it begins.
pub(super) type EachBox<'a> = &'a mut dyn FnMut(&[Range<usize>], usize) -> Result<(), ArrayError>;

/// Calls `f` with the boxes that the stretch `range` of a space in C order consists of, in order, and the flat place where each
/// begins: at most two for each axis. Along the axes that are not named a box is whole.
pub(super) fn boxes(shape: &[usize], range: Range<usize>, f: EachBox<'_>) -> Result<(), ArrayError> {
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
pub(super) struct Region<'a> {
    pub(super) program: &'a Program,
    pub(super) consts: &'a [u128],
    pub(super) shape: Dims,
    /// Of the operands, over this box.
    pub(super) layouts: SmallVec<[Layout; 3]>,
    pub(super) operands: &'a [TileRef<'a>],
    /// How many axes: outer, steps, kept, row.
    pub(super) groups: [usize; 4],
}

impl Region<'_> {
    /// Which axes a group has.
    pub(super) fn axes(&self, group: usize) -> Range<usize> {
        let first = self.groups[..group].iter().sum();
        first..first + self.groups[group]
    }

    /// How many elements each group has.
    pub(super) fn lengths(&self) -> [usize; 4] {
        [0, 1, 2, 3].map(|group| self.shape[self.axes(group)].iter().product())
    }

    /// The operand, if the expression is nothing but that.
    pub(super) fn leaf(&self) -> Option<(&TileRef<'_>, &Layout)> {
        self.program.direct.then(|| (&self.operands[0], &self.layouts[0]))
    }

    /// Lengths and strides of the leaf's axes in a group.
    pub(super) fn steps(&self, group: usize) -> impl Iterator<Item = (usize, isize)> {
        let strides = &self.layouts[0].strides;
        self.axes(group).map(|axis| (self.shape[axis], strides[axis]))
    }

    /// Reads the elements in order by `f`.
    ///
    /// # Safety
    /// As [`AxisReduction::results`](super::AxisReduction::results).
    pub(super) unsafe fn stream<R>(
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
