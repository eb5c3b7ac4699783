//! Layouts: where the elements of a logical array lie in a run of memory.
//!
//! **Units** everything counts *elements*, never bytes. Element `(i0, i1, …)` lies at `offset + Σ ik * strides[ik]`.
//! **Invariant** L1: for a layout made from a contiguous one by this module's operations every address is in the range of the
//! original. `strides` and `offset` are public so that other crates can compose layouts; who builds one by hand checks it
//! with [`Layout::fits`] before it touches memory.
//! **Meaning** NumPy's basic indexing and broadcasting, including how out-of-range slice bounds are cut.

use crate::{error::ArrayError, index::Index};
use smallvec::SmallVec;
use std::ops::Range;

/// Lengths of the axes.
pub type Dims = SmallVec<[usize; 4]>;
/// Distances between neighbours along the axes, in elements; may be zero or negative.
pub type Strides = SmallVec<[isize; 4]>;

/// Shape, strides and offset, in elements.
///
/// ```
/// use array_core::{s, Layout};
/// let rows = Layout::contiguous(&[4, 5])?.index(&s![1..-1, ..; 2])?;
/// assert_eq!((&rows.shape[..], &rows.strides[..], rows.offset), (&[2, 3][..], &[5, 2][..], 5));
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug, PartialEq, Eq, Hash, Default)]
#[repr(C)] // The shape first: see `expr::Kind`.
pub struct Layout {
    /// Lengths of the axes.
    pub shape: Dims,
    /// Distance between neighbours along each axis.
    pub strides: Strides,
    /// Address of the first element.
    pub offset: isize,
}

// Recording a statement copies some ten layouts: element by element, as the small vector clones itself, is a good part of it.
impl Clone for Layout {
    #[inline]
    fn clone(&self) -> Layout {
        Layout { shape: few(&self.shape), strides: few(&self.strides), offset: self.offset }
    }
}

/// What is said of the axes, copied. Of none, one axis or two, as most arrays have, without a call.
#[inline(always)]
pub(crate) fn few<T: Copy + Default>(axes: &[T]) -> SmallVec<[T; 4]> {
    match *axes {
        [] => SmallVec::new(),
        [one] => SmallVec::from_buf_and_len([one, T::default(), T::default(), T::default()], 1),
        [one, two] => SmallVec::from_buf_and_len([one, two, T::default(), T::default()], 2),
        _ => SmallVec::from_slice(axes),
    }
}

/// Whether two shapes are the same. Short as they are, comparing them is less than calling what compares memory.
#[inline]
pub(crate) fn alike(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The number of elements of a shape that has been checked.
#[inline(always)]
pub(crate) fn volume(shape: &[usize]) -> usize {
    match *shape {
        [n] => n,
        [m, n] => m * n,
        _ => shape.iter().product(),
    }
}

/// The largest number of elements.
const MOST: usize = isize::MAX as usize / 16;

/// The number of elements of a shape, if it and sixteen times it fit `isize`.
pub(crate) fn checked_len(shape: &[usize]) -> Result<usize, ArrayError> {
    // Zero axes do not excuse absurd others: NumPy refuses them too, and strides are computed from them.
    let product = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1)));
    match product {
        Some(n) if n <= MOST => Ok(if shape.contains(&0) { 0 } else { n }),
        _ => Err(ArrayError::TooLarge { shape: shape.to_vec() }),
    }
}

impl Layout {
    /// C order, without gaps, from address 0.
    ///
    /// # Errors
    /// [`ArrayError::TooLarge`] when the elements would not fit the address space.
    #[inline]
    pub fn contiguous(shape: &[usize]) -> Result<Layout, ArrayError> {
        match *shape {
            [] => Ok(Layout::default()),
            [n] if n <= MOST => Ok(Layout { shape: few(&[n]), strides: few(&[1]), offset: 0 }),
            _ => checked_len(shape).map(|_| Layout::of_axes(shape)),
        }
    }

    /// [`contiguous`](Self::contiguous) of a shape whose elements exist.
    #[inline]
    pub(crate) fn packed(shape: &[usize]) -> Layout {
        match *shape {
            [n] => Layout { shape: few(&[n]), strides: few(&[1]), offset: 0 },
            [m, n] => Layout { shape: few(&[m, n]), strides: few(&[n.max(1) as isize, 1]), offset: 0 },
            _ => Layout::of_axes(shape),
        }
    }

    fn of_axes(shape: &[usize]) -> Layout {
        let mut strides = Strides::from_elem(0, shape.len());
        let mut stride = 1usize;
        for (s, &d) in strides.iter_mut().zip(shape).rev() {
            *s = stride as isize;
            stride *= d.max(1);
        }
        Layout { shape: Dims::from_slice(shape), strides, offset: 0 }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        volume(&self.shape)
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// Whether the elements lie in C order without gaps (from any offset). Axes of length 1 do not matter.
    pub fn is_contiguous(&self) -> bool {
        if let (&[s], &[d]) = (&self.strides[..], &self.shape[..]) {
            return s == 1 || d <= 1;
        }
        let mut stride = 1isize;
        for (&s, &d) in self.strides.iter().zip(&self.shape).rev() {
            if d == 0 {
                return true;
            }
            if d != 1 {
                if s != stride {
                    return false;
                }
                stride *= d as isize;
            }
        }
        true
    }

    /// The same elements without strides that lead nowhere: those of axes of one element are 0, and of no elements all are those of
    /// C order. So arithmetic on a layout that [`fits`](Self::fits) does not overflow.
    pub(crate) fn settled(mut self) -> Layout {
        if self.is_empty()
            && let Ok(plain) = Layout::contiguous(&self.shape)
        {
            return plain;
        }
        for (stride, _) in self.strides.iter_mut().zip(&self.shape).filter(|axis| *axis.1 == 1) {
            *stride = 0;
        }
        self
    }

    /// Whether no two positions have one address. Says no to some layouts of which it is true: those whose axes interleave.
    pub(crate) fn is_distinct(&self) -> bool {
        let mut axes: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        axes.extend(
            self.strides.iter().zip(&self.shape).filter(|a| *a.1 != 1).map(|(s, &d)| (s.unsigned_abs(), d)),
        );
        axes.sort_unstable();
        // The reach of the axes so far: the next one has to step beyond it.
        let mut reach = 0usize;
        self.is_empty()
            || axes.iter().all(|&(stride, length)| {
                let beyond = stride > reach;
                reach = reach.saturating_add(stride.saturating_mul(length - 1));
                beyond
            })
    }

    /// The same elements stretched to `shape` (stride 0 along stretched and new axes).
    ///
    /// ```
    /// use array_core::Layout;
    /// let row = Layout::contiguous(&[3])?.broadcast_to(&[2, 3])?;
    /// assert_eq!((&row.strides[..], row.len()), (&[0, 1][..], 6));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::BroadcastTo`] where an axis is neither 1 nor the length asked for; [`ArrayError::TooLarge`].
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Layout, ArrayError> {
        checked_len(shape)?;
        let wrong = || ArrayError::BroadcastTo { from: self.shape.to_vec(), to: shape.to_vec() };
        let new = shape.len().checked_sub(self.ndim()).ok_or_else(wrong)?;
        let mut strides = Strides::from_elem(0, shape.len());
        for (axis, (&d, &s)) in self.shape.iter().zip(&self.strides).enumerate() {
            match shape[new + axis] {
                n if n == d => strides[new + axis] = if d == 1 { 0 } else { s },
                _ if d == 1 => {}
                _ => return Err(wrong()),
            }
        }
        Ok(Layout { shape: Dims::from_slice(shape), strides, offset: self.offset })
    }

    /// The view that a NumPy basic index selects.
    ///
    /// # Errors
    /// [`ArrayError::IndexOutOfBounds`], [`ArrayError::TooManyIndices`], [`ArrayError::TwoEllipses`],
    /// [`ArrayError::ZeroStep`]; slices never fail otherwise, their bounds are cut to the axis.
    pub fn index(&self, items: &[Index]) -> Result<Layout, ArrayError> {
        let named = items.iter().filter(|i| matches!(i, Index::At(_) | Index::Slice { .. })).count();
        if items.iter().filter(|i| matches!(i, Index::Ellipsis)).count() > 1 {
            return Err(ArrayError::TwoEllipses);
        }
        let Some(unnamed) = self.ndim().checked_sub(named) else {
            return Err(ArrayError::TooManyIndices { ndim: self.ndim(), given: named });
        };
        let mut out = Layout { shape: Dims::new(), strides: Strides::new(), offset: self.offset };
        let mut axis = 0;
        let keep = |out: &mut Layout, axis: &mut usize, count: usize| {
            out.shape.extend_from_slice(&self.shape[*axis..*axis + count]);
            out.strides.extend_from_slice(&self.strides[*axis..*axis + count]);
            *axis += count;
        };
        for item in items {
            match *item {
                Index::Ellipsis => keep(&mut out, &mut axis, unnamed),
                Index::NewAxis => {
                    out.shape.push(1);
                    out.strides.push(0);
                }
                Index::At(index) => {
                    let length = self.shape[axis];
                    let at = if index < 0 { index.wrapping_add_unsigned(length) } else { index };
                    if at < 0 || at as usize >= length {
                        return Err(ArrayError::IndexOutOfBounds { index, axis, length });
                    }
                    // An array without elements may have any lengths and strides beside its 0.
                    out.offset = out.offset.wrapping_add(at.wrapping_mul(self.strides[axis]));
                    axis += 1;
                }
                Index::Slice { start, stop, step } => {
                    let (first, count) = resolve_slice(start, stop, step, self.shape[axis])?;
                    if count > 0 {
                        out.offset = out.offset.wrapping_add(first.wrapping_mul(self.strides[axis]));
                    }
                    out.shape.push(count);
                    // With fewer than two elements the stride is never used; keeping the old one avoids overflow.
                    out.strides.push(if count > 1 {
                        self.strides[axis].wrapping_mul(step)
                    } else {
                        self.strides[axis]
                    });
                    axis += 1;
                }
            }
        }
        let rest = self.ndim() - axis;
        keep(&mut out, &mut axis, rest);
        if self.is_empty() {
            out.offset = 0;
        }
        Ok(out)
    }

    /// The same elements in C order under another shape, if that is possible without moving any.
    pub(crate) fn reshape(&self, shape: &[usize]) -> Option<Layout> {
        let mut fresh = Layout::contiguous(shape).ok()?;
        if fresh.len() != self.len() {
            return None;
        }
        fresh.offset = self.offset;
        self.is_contiguous().then_some(fresh)
    }

    /// The axes in another order. `axes` must be a permutation.
    pub(crate) fn permute(&self, axes: &[usize]) -> Layout {
        Layout {
            shape: axes.iter().map(|&a| self.shape[a]).collect(),
            strides: axes.iter().map(|&a| self.strides[a]).collect(),
            offset: self.offset,
        }
    }

    /// Whether a layout that nobody vouches for is one: as many strides as axes, not too many elements, and the address of
    /// each among those of `len` elements.
    ///
    /// ```
    /// use array_core::Layout;
    /// let mut layout = Layout::contiguous(&[2, 3])?;
    /// assert!(layout.fits(6) && !layout.fits(5));
    /// layout.strides[0] = isize::MAX;
    /// assert!(!layout.fits(6));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn fits(&self, len: usize) -> bool {
        if self.shape.len() != self.strides.len() || checked_len(&self.shape).is_err() {
            return false;
        }
        if self.is_empty() {
            return true;
        }
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for (&d, &s) in self.shape.iter().zip(&self.strides) {
            let far = (d as i128 - 1) * s as i128;
            (low, high) = (low + far.min(0), high + far.max(0));
        }
        low >= 0 && high < len as i128
    }

    /// The lowest and highest address touched by the elements `range` (flat, in C order), both inclusive; `None` if there
    /// are none. The hull may hold addresses that no element has.
    ///
    /// ```
    /// use array_core::{s, Layout};
    /// let columns = Layout::contiguous(&[4, 10])?.index(&s![.., 2..5])?;
    /// assert_eq!((columns.span(0..3), columns.span(1..5), columns.span(5..5)), (Some((2, 4)), Some((3, 13)), None));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// Costs a few steps per axis. `range` is cut to the elements there are.
    pub fn span(&self, range: Range<usize>) -> Option<(isize, isize)> {
        let end = range.end.min(self.len());
        if range.start >= end {
            return None;
        }
        // The positions of the first and the last element, from the last axis to the first.
        let (mut first, mut last) = (range.start, end - 1);
        let mut digits: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        for &d in self.shape.iter().rev() {
            digits.push((first % d, last % d));
            (first, last) = (first / d, last / d);
        }
        let (mut low, mut high) = (self.offset, self.offset);
        // Outer axes on which both agree only shift the hull. On the first where they differ, the range is the tail of the
        // first row, whole rows between, and the head of the last row.
        let mut axis = 0;
        for (i, &(f, l)) in digits.iter().rev().enumerate() {
            axis = i;
            if f != l {
                break;
            }
            low += f as isize * self.strides[i];
            high = low;
            axis = i + 1;
        }
        if axis >= self.ndim() {
            return Some((low, high));
        }
        let base = low;
        let (f, l) = digits[self.ndim() - 1 - axis];
        let s = self.strides[axis];
        let (lo1, hi1) = self.tail_span(axis + 1, &digits, true);
        let (lo2, hi2) = self.tail_span(axis + 1, &digits, false);
        low = (base + f as isize * s + lo1).min(base + l as isize * s + lo2);
        high = (base + f as isize * s + hi1).max(base + l as isize * s + hi2);
        if l - f > 1 {
            let (lo, hi) = self.free_span(axis + 1);
            let (a, b) = (base + (f as isize + 1) * s, base + (l as isize - 1) * s);
            low = low.min(a.min(b) + lo);
            high = high.max(a.max(b) + hi);
        }
        Some((low, high))
    }

    /// Least and greatest address offset of the axes from `axis` on, all positions.
    fn free_span(&self, axis: usize) -> (isize, isize) {
        let (mut low, mut high) = (0, 0);
        for (&d, &s) in self.shape[axis..].iter().zip(&self.strides[axis..]) {
            let far = (d as isize - 1) * s;
            low += far.min(0);
            high += far.max(0);
        }
        (low, high)
    }

    /// As `free_span`, for positions at or after the first (`after`) or at or before the last element of a range.
    fn tail_span(&self, axis: usize, digits: &[(usize, usize)], after: bool) -> (isize, isize) {
        if axis == self.ndim() {
            return (0, 0);
        }
        let (f, l) = digits[self.ndim() - 1 - axis];
        let (d, s) = (self.shape[axis] as isize, self.strides[axis]);
        let (digit, rest) =
            if after { (f as isize, (f as isize + 1, d - 1)) } else { (l as isize, (0, l as isize - 1)) };
        let (lo, hi) = self.tail_span(axis + 1, digits, after);
        let (mut low, mut high) = (digit * s + lo, digit * s + hi);
        if rest.0 <= rest.1 {
            let (lo, hi) = self.free_span(axis + 1);
            let (a, b) = (rest.0 * s, rest.1 * s);
            low = low.min(a.min(b) + lo);
            high = high.max(a.max(b) + hi);
        }
        (low, high)
    }
}

/// First position and number of positions of `start:stop:step` on an axis, by Python's rule.
fn resolve_slice(
    start: Option<isize>,
    stop: Option<isize>,
    step: isize,
    length: usize,
) -> Result<(isize, usize), ArrayError> {
    if step == 0 {
        return Err(ArrayError::ZeroStep);
    }
    let n = length as isize;
    let (least, most) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let cut = |bound: isize| if bound < 0 { bound.saturating_add(n).max(least) } else { bound.min(most) };
    let first = start.map_or(if step > 0 { 0 } else { n - 1 }, cut);
    let end = stop.map_or(if step > 0 { n } else { -1 }, cut);
    let distance = if step > 0 { end - first } else { first - end };
    let count = if distance > 0 { (distance - 1) as usize / step.unsigned_abs() + 1 } else { 0 };
    Ok((first, count))
}

/// The shape that all of `shapes` broadcast to.
///
/// ```
/// assert_eq!(array_core::broadcast_shapes(&[&[3, 1], &[4]])?[..], [3, 4]);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
///
/// # Errors
/// [`ArrayError::Broadcast`] names the two shapes, the axis and both lengths; [`ArrayError::TooLarge`].
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Dims, ArrayError> {
    let ndim = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out = Dims::from_elem(1, ndim);
    for (k, shape) in shapes.iter().enumerate() {
        // From the last axis, so that the error names the innermost disagreement.
        for (axis, &d) in (ndim - shape.len()..ndim).zip(shape.iter()).rev() {
            if out[axis] == d || d == 1 {
                continue;
            }
            if out[axis] != 1 {
                // Name the operand that set this length, for a message about two shapes the user wrote.
                let at = |s: &&&[usize]| s.len() + axis >= ndim && s[s.len() + axis - ndim] == out[axis];
                let lhs = shapes[..k].iter().find(at).copied().unwrap_or(&[]);
                return Err(ArrayError::Broadcast {
                    lhs: lhs.to_vec(),
                    rhs: shape.to_vec(),
                    axis,
                    left: out[axis],
                    right: d,
                });
            }
            out[axis] = d;
        }
    }
    checked_len(&out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s;

    #[test]
    fn absurd_shapes_are_refused() {
        for shape in [&[usize::MAX, 2][..], &[1 << 40, 1 << 40], &[usize::MAX, 0], &[1 << 62]] {
            assert!(matches!(Layout::contiguous(shape), Err(ArrayError::TooLarge { .. })), "{shape:?}");
        }
        assert_eq!(Layout::contiguous(&[0, 5]).unwrap().len(), 0);
    }

    #[test]
    fn index_errors_name_index_axis_and_length() {
        let layout = Layout::contiguous(&[3, 4]).unwrap();
        assert_eq!(
            layout.index(&s![0, -5]).unwrap_err(),
            ArrayError::IndexOutOfBounds { index: -5, axis: 1, length: 4 }
        );
        assert_eq!(layout.index(&s![0, 0, 0]).unwrap_err(), ArrayError::TooManyIndices { ndim: 2, given: 3 });
        assert_eq!(layout.index(&s![..; 0]).unwrap_err(), ArrayError::ZeroStep);
        let twice = [Index::Ellipsis, Index::Ellipsis];
        assert_eq!(layout.index(&twice).unwrap_err(), ArrayError::TwoEllipses);
        for index in [isize::MIN, isize::MAX] {
            assert!(layout.index(&[Index::At(index)]).is_err());
        }
    }

    #[test]
    fn extreme_slices_do_not_overflow() {
        let layout = Layout::contiguous(&[3, 4]).unwrap();
        for start in [isize::MIN, -1, 0, isize::MAX] {
            for stop in [isize::MIN, -1, 0, isize::MAX] {
                for step in [isize::MIN, -1, 1, isize::MAX] {
                    let item = Index::Slice { start: Some(start), stop: Some(stop), step };
                    let view = layout.index(&[item, item]).unwrap();
                    if let Some((low, high)) = view.span(0..view.len()) {
                        assert!(low >= 0 && high < 12, "{item:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn shapes_that_disagree_are_named() {
        let error = broadcast_shapes(&[&[3, 4], &[4, 3]]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "shapes (3, 4) and (4, 3) do not broadcast: axis 1 has lengths 4 and 3"
        );
    }
}
