//! Python's slices: which items `[start:stop:step]` picks of a list of `len`.

use crate::ListError;

/// The items `first, first + step, …`, `len` of them, all of which exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Picked {
    pub(crate) first: usize,
    pub(crate) step: isize,
    pub(crate) len: usize,
}

impl Picked {
    /// Bounds may be left out, negative (counted from the end) or past the ends (cut off).
    pub(crate) fn new(
        start: Option<isize>,
        stop: Option<isize>,
        step: isize,
        len: usize,
    ) -> Result<Self, ListError> {
        if step == 0 {
            return Err(ListError::ZeroStep { what: "slice" });
        }
        let step = step.max(-isize::MAX); // its size has to be a number; nothing is that far apart
        let size = len as isize; // a list is no longer than isize::MAX
        // Going down, the bound past the first item is -1.
        let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
        let cut = |bound: isize| {
            let bound = if bound < 0 { bound.saturating_add(size).max(-1) } else { bound };
            bound.clamp(low, high)
        };
        let (first, end) = if step > 0 { (low, high) } else { (high, low) };
        let (first, end) = (start.map_or(first, cut), stop.map_or(end, cut));
        let distance = if step > 0 { end - first } else { first - end };
        let len = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
        if len == 0 {
            return Ok(Self { first: 0, step: 1, len: 0 });
        }
        Ok(Self { first: first as usize, step, len: len as usize })
    }

    /// The whole list, backwards.
    pub(crate) fn reversed(len: usize) -> Self {
        Self { first: len.saturating_sub(1), step: -1, len }
    }

    /// The places picked, in order.
    pub(crate) fn places(self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.len).map(move |index| self.first.wrapping_add_signed(self.step.wrapping_mul(index as isize)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By definition: walk from the first bound while the second is not reached.
    fn walk(start: Option<isize>, stop: Option<isize>, step: isize, len: usize) -> Vec<usize> {
        let size = len as isize;
        let inside = |at: isize| (0..size).contains(&at);
        let from_end = |bound: isize| if bound < 0 { bound + size } else { bound };
        let all: Vec<isize> = if step > 0 { (0..size).collect() } else { (0..size).rev().collect() };
        let begun = |at: isize| match start.map(from_end) {
            None => true,
            Some(bound) => {
                if step > 0 {
                    at >= bound
                } else {
                    at <= bound
                }
            }
        };
        let ended = |at: isize| match stop.map(from_end) {
            None => false,
            Some(bound) => {
                if step > 0 {
                    at >= bound
                } else {
                    at <= bound
                }
            }
        };
        let kept = all.into_iter().filter(|&at| inside(at) && begun(at) && !ended(at));
        kept.step_by(step.unsigned_abs()).map(|at| at as usize).collect()
    }

    #[test]
    fn every_small_slice_picks_what_the_definition_walks_over() {
        let bounds: Vec<_> = std::iter::once(None).chain((-7..=7).map(Some)).collect();
        for len in 0..=5 {
            for &start in &bounds {
                for &stop in &bounds {
                    for step in (-6..=6).filter(|&s| s != 0) {
                        let picked = Picked::new(start, stop, step, len).unwrap();
                        let found: Vec<_> = picked.places().collect();
                        assert_eq!(
                            found,
                            walk(start, stop, step, len),
                            "[{start:?}:{stop:?}:{step}] of {len}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn extreme_bounds_are_cut_off() {
        let (min, max) = (isize::MIN, isize::MAX);
        let picked =
            |start, stop, step| Picked::new(start, stop, step, 4).unwrap().places().collect::<Vec<_>>();
        assert_eq!(picked(Some(min), Some(max), 1), [0, 1, 2, 3]);
        assert_eq!(picked(Some(max), Some(min), -1), [3, 2, 1, 0]);
        assert_eq!(picked(None, None, min), [3]);
        assert_eq!(picked(None, None, max), [0]);
    }
}
