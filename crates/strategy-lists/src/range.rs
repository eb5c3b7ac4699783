//! The storage of `Range`: three numbers.
//!
//! **Invariant** P1: every element is an `i64`, so `start + i * step` computed modulo 2^64 is exact for
//! `i < len`. P2: `step` is never 0, and 1 where there are fewer than two elements, so that equal ranges are equal
//! field by field.

use crate::ListError;
use crate::slice::Picked;

/// `start, start + step, …`, `len` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    start: i64,
    step: i64,
    len: usize,
}

impl Range {
    /// `len` numbers from `start` by `step`, all of which are an `i64`. A step of more than 63 bits is none of a
    /// range; there are no more than two such numbers, and they come back as they are.
    pub(crate) fn new(start: i64, step: i128, len: usize) -> Result<Self, Vec<i64>> {
        let narrow = if len < 2 { Some(1) } else { i64::try_from(step).ok() };
        match narrow {
            Some(step) => Ok(Self { start, step, len }),
            None => Err((0..len as i64).map(|i| start.wrapping_add((step as i64).wrapping_mul(i))).collect()),
        }
    }

    /// How many numbers Python's `range(start, stop, step)` has.
    pub(crate) fn count(start: i64, stop: i64, step: i64) -> Result<usize, ListError> {
        let distance = match step {
            0 => return Err(ListError::ZeroStep { what: "range" }),
            1.. => i128::from(stop) - i128::from(start),
            _ => i128::from(start) - i128::from(stop),
        };
        let len = if distance <= 0 { 0 } else { (distance - 1) / i128::from(step).abs() + 1 };
        // As in Python, no list is longer than `isize::MAX`.
        let fits = isize::try_from(len).ok().and_then(|n| usize::try_from(n).ok());
        fits.ok_or(ListError::TooLong { len: len.unsigned_abs() })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The element at `index < len`.
    pub(crate) fn at(&self, index: usize) -> i64 {
        debug_assert!(index < self.len);
        self.start.wrapping_add(self.step.wrapping_mul(index as i64)) // exact by P1
    }

    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = i64> + DoubleEndedIterator {
        (0..self.len).map(move |index| self.at(index))
    }

    /// Where `value` stands.
    pub(crate) fn position(&self, value: i64) -> Option<usize> {
        let (ahead, step) = (i128::from(value) - i128::from(self.start), i128::from(self.step));
        let index = usize::try_from(ahead / step).ok()?;
        (ahead % step == 0 && index < self.len).then_some(index)
    }

    /// What a slice leaves; see [`new`](Self::new).
    pub(crate) fn slice(&self, picked: Picked) -> Result<Self, Vec<i64>> {
        let start = if picked.len == 0 { 0 } else { self.at(picked.first) };
        Self::new(start, i128::from(self.step) * picked.step as i128, picked.len)
    }

    /// Smallest and largest element; `None` where there is none.
    pub(crate) fn ends(&self) -> Option<(i64, i64)> {
        let last = self.at(self.len.checked_sub(1)?);
        Some((self.start.min(last), self.start.max(last)))
    }

    pub(crate) fn is_descending(&self) -> bool {
        self.step < 0
    }

    /// The exact sum. By P1 `|step| * (len - 1) < 2^64` and `len < 2^63`, so nothing passes 2^127.
    pub(crate) fn sum(&self) -> i128 {
        let len = self.len as i128;
        let triangle = if len == 0 { 0 } else { i128::from(self.step) * (len - 1) * len / 2 };
        i128::from(self.start) * len + triangle
    }
}
