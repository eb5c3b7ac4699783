//! Where the elements of an iteration space lie: which tiles a stretch of it reads, which stretch fills a tile.
//!
//! A statement's iteration space is walked in flat C order and cut into stretches `start..end`, one per task. All
//! answers here are found without touching an element: a few divisions per task, shared by all its operands.

use std::ops::Range;

use array_core::Layout;
use smallvec::SmallVec;

/// The bounding box of a stretch of an iteration space.
#[derive(Debug)]
pub(crate) enum Extent {
    /// Along the one axis there is: the first and the last index.
    Line(usize, usize),
    /// Fixed indices along the leading axes, an interval along the next, everything along the rest.
    Box { fixed: SmallVec<[usize; 4]>, interval: Option<(usize, usize)> },
}

impl Extent {
    /// The box around the non-empty stretch `range` of a space of `shape`.
    #[inline]
    pub(crate) fn new(shape: &[usize], range: &Range<usize>) -> Self {
        debug_assert!(!range.is_empty());
        match shape {
            [_] => Self::Line(range.start, range.end - 1),
            _ => Self::around(shape, range.start, range.end - 1),
        }
    }

    #[inline(never)]
    fn around(shape: &[usize], mut first: usize, mut last: usize) -> Self {
        let mut fixed = SmallVec::new();
        if let [_, rest @ ..] = shape {
            let mut inner: usize = rest.iter().product();
            for &n in rest {
                let (from, to) = (first / inner, last / inner);
                if from != to {
                    return Self::Box { fixed, interval: Some((from, to)) };
                }
                fixed.push(from);
                first -= from * inner;
                last -= from * inner;
                inner /= n;
            }
        }
        Self::Box { fixed, interval: (!shape.is_empty()).then_some((first, last)) }
    }
}

/// A layout with what [`span`](Reach::span) needs of it.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    offset: isize,
    strides: SmallVec<[isize; 4]>,
    /// For every axis: lowest and highest address offset the later axes add.
    later: SmallVec<[(isize, isize); 4]>,
}

impl Reach {
    pub(crate) fn new(layout: &Layout) -> Self {
        let mut later: SmallVec<[(isize, isize); 4]> = SmallVec::from_elem((0, 0), layout.shape.len());
        let (mut low, mut high) = (0, 0);
        for axis in (0..layout.shape.len()).rev() {
            later[axis] = (low, high);
            let end = (layout.shape[axis] as isize - 1).max(0) * layout.strides[axis];
            low += end.min(0);
            high += end.max(0);
        }
        Self { offset: layout.offset, strides: SmallVec::from_slice(&layout.strides), later }
    }

    /// Lowest and highest element address in the box: a hull, exact where the layout is dense.
    #[inline]
    pub(crate) fn span(&self, extent: &Extent) -> (usize, usize) {
        match extent {
            Extent::Line(from, to) => {
                let stride = self.strides[0];
                let (a, b) = (self.offset + *from as isize * stride, self.offset + *to as isize * stride);
                (a.min(b) as usize, a.max(b) as usize)
            }
            Extent::Box { fixed, interval } => self.span_of_box(fixed, *interval),
        }
    }

    #[inline(never)]
    fn span_of_box(&self, fixed: &[usize], interval: Option<(usize, usize)>) -> (usize, usize) {
        let mut at = self.offset;
        for (index, stride) in fixed.iter().zip(&self.strides) {
            at += *index as isize * stride;
        }
        let Some((from, to)) = interval else { return (at as usize, at as usize) };
        let axis = fixed.len();
        let (a, b) = (from as isize * self.strides[axis], to as isize * self.strides[axis]);
        let (low, high) = self.later[axis];
        ((at + a.min(b) + low) as usize, (at + a.max(b) + high) as usize)
    }
}

/// The first flat index whose element lies at `address` or after.
///
/// The layout must be monotone: strides positive and descending, as normalising for the target makes them.
#[inline]
pub(crate) fn lower_bound(layout: &Layout, address: usize) -> usize {
    let rest = address as isize - layout.offset;
    if rest <= 0 {
        return 0;
    }
    match (&layout.shape[..], &layout.strides[..]) {
        (&[n], [1]) => n.min(rest as usize),
        _ => first_behind(layout, rest),
    }
}

/// [`lower_bound`] of what lies `rest` behind the first element.
fn first_behind(layout: &Layout, mut rest: isize) -> usize {
    let mut inner: usize = layout.shape.iter().product();
    let mut flat = 0;
    for (&n, &stride) in layout.shape.iter().zip(&layout.strides) {
        if n == 0 {
            return 0;
        }
        inner /= n;
        if n == 1 {
            continue;
        }
        debug_assert!(stride > 0, "a target is monotone");
        let index = if stride == 1 { rest } else { rest / stride };
        if index >= n as isize {
            return flat + n * inner;
        }
        flat += index as usize * inner;
        rest -= index * stride;
        if rest == 0 {
            return flat;
        }
        if inner == 1 {
            return flat + 1;
        }
    }
    // `rest` is left over although every axis is at its index: the element lies before.
    flat + 1
}

/// The address of flat index `flat`.
pub(crate) fn address(layout: &Layout, flat: usize) -> usize {
    let mut rest = flat;
    let mut at = layout.offset;
    for axis in (0..layout.shape.len()).rev() {
        let n = layout.shape[axis];
        at += (rest % n) as isize * layout.strides[axis];
        rest /= n;
    }
    at as usize
}

#[cfg(test)]
mod tests {
    use array_core::{Layout, s};

    use super::*;

    fn addresses(layout: &Layout) -> Vec<usize> {
        (0..layout.len()).map(|flat| address(layout, flat)).collect()
    }

    fn views() -> Vec<Layout> {
        let base = Layout::contiguous(&[6, 7, 5]).unwrap();
        let line = Layout::contiguous(&[100]).unwrap();
        vec![
            base.clone(),
            base.index(s![1..-1, 2.., ..;2].as_ref()).unwrap(),
            base.index(s![3, .., 1..2].as_ref()).unwrap(),
            base.index(s![2, 3, 4].as_ref()).unwrap(),
            base.index(s![.., 0, 0].as_ref()).unwrap(),
            base.index(s![2..3, 1..;3, 1..4].as_ref()).unwrap(),
            line.index(s![3..90;7].as_ref()).unwrap(),
        ]
    }

    #[test]
    fn the_lower_bound_is_the_first_element_at_or_after_an_address() {
        for layout in views() {
            let all = addresses(&layout);
            for at in 0..215 {
                let expected = all.iter().position(|&a| a >= at).unwrap_or(all.len());
                assert_eq!(lower_bound(&layout, at), expected, "{layout:?} at {at}");
            }
        }
    }

    #[test]
    fn the_span_of_a_box_holds_every_address_of_its_stretch() {
        let mut layouts = views();
        let base = Layout::contiguous(&[6, 7, 5]).unwrap();
        layouts.push(base.index(s![..;-1, ..;-2, 1..].as_ref()).unwrap());
        for layout in layouts {
            let (reach, all) = (Reach::new(&layout), addresses(&layout));
            for start in 0..all.len() {
                for end in start + 1..=all.len() {
                    let (low, high) = reach.span(&Extent::new(&layout.shape, &(start..end)));
                    let stretch = &all[start..end];
                    assert!(low <= *stretch.iter().min().unwrap() && high >= *stretch.iter().max().unwrap());
                    assert!(all.contains(&low) && all.contains(&high));
                    if stretch.len() == all.len() {
                        assert_eq!((low, high), (*all.iter().min().unwrap(), *all.iter().max().unwrap()));
                    }
                }
            }
        }
    }
}
