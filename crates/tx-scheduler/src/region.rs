//! Where the elements of an iteration space lie: which tiles a stretch of it reads, which stretch fills a tile.
//!
//! A statement's iteration space is walked in flat C order and cut into stretches `start..end`, one per task. All
//! answers here are found without touching an element: a few divisions per task, shared by all its operands.

use std::ops::Range;

use array_core::Layout;
use smallvec::SmallVec;

/// The bounding box of a stretch of an iteration space: fixed indices along the leading axes, an interval along
/// the next, everything along the rest.
#[derive(Debug)]
pub(crate) struct Extent {
    fixed: SmallVec<[usize; 4]>,
    interval: Option<(usize, usize)>,
}

impl Extent {
    /// The box around the non-empty stretch `range` of a space of `shape`.
    pub(crate) fn new(shape: &[usize], range: &Range<usize>) -> Self {
        debug_assert!(!range.is_empty());
        let (mut first, mut last) = (range.start, range.end - 1);
        let mut fixed = SmallVec::new();
        if let [_, rest @ ..] = shape {
            let mut inner: usize = rest.iter().product();
            for &n in rest {
                let (from, to) = (first / inner, last / inner);
                if from != to {
                    return Self { fixed, interval: Some((from, to)) };
                }
                fixed.push(from);
                first -= from * inner;
                last -= from * inner;
                inner /= n;
            }
        }
        Self { fixed, interval: (!shape.is_empty()).then_some((first, last)) }
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
    pub(crate) fn span(&self, extent: &Extent) -> (usize, usize) {
        let mut at = self.offset;
        for (index, stride) in extent.fixed.iter().zip(&self.strides) {
            at += *index as isize * stride;
        }
        let Some((from, to)) = extent.interval else { return (at as usize, at as usize) };
        let axis = extent.fixed.len();
        let (a, b) = (from as isize * self.strides[axis], to as isize * self.strides[axis]);
        let (low, high) = self.later[axis];
        ((at + a.min(b) + low) as usize, (at + a.max(b) + high) as usize)
    }
}

/// Where the elements of several layouts over one axis lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    stride: isize,
    low: isize,
    high: isize,
}

impl Line {
    /// Of a layout over one axis that does not run backwards.
    pub(crate) fn new(layout: &Layout) -> Option<Self> {
        match layout.strides[..] {
            [stride] if stride >= 0 => Some(Self { stride, low: layout.offset, high: layout.offset }),
            _ => None,
        }
    }

    /// Of both, if they step alike.
    pub(crate) fn join(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.min(other.low), self.high.max(other.high));
        (self.stride == other.stride).then_some(Self { low, high, ..self })
    }

    /// Lowest and highest element address of a non-empty stretch: what [`Reach::span`] gives for each, in one.
    #[inline]
    pub(crate) fn span(&self, range: &Range<usize>) -> (usize, usize) {
        let (first, last) = (range.start as isize, range.end as isize - 1);
        ((self.low + first * self.stride) as usize, (self.high + last * self.stride) as usize)
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
    fn the_span_of_a_line_is_that_of_the_boxes_of_its_layouts() {
        let base = Layout::contiguous(&[100]).unwrap();
        let layouts = [s![3..90;2], s![0..87;2], s![7..94;2]].map(|view| base.index(view.as_ref()).unwrap());
        let line = layouts.iter().map(|l| Line::new(l).unwrap()).reduce(|a, b| a.join(b).unwrap()).unwrap();
        for range in [0..1, 0..44, 5..6, 7..31] {
            let extent = Extent::new(&[44], &range);
            let spans = layouts.each_ref().map(|layout| Reach::new(layout).span(&extent));
            let low = spans.iter().map(|span| span.0).min().unwrap();
            assert_eq!(line.span(&range), (low, spans.iter().map(|span| span.1).max().unwrap()), "{range:?}");
        }
        assert!(Line::new(&base).unwrap().join(line).is_none(), "they step differently");
        assert!(Line::new(&base.index(s![..;-1].as_ref()).unwrap()).is_none(), "it runs backwards");
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
