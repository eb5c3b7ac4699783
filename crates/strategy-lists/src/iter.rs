//! Going through a list.

use std::ops;

use crate::{List, Value};

/// The items of a list, boxed one at a time; from [`List::iter`].
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    list: &'a List,
    left: ops::Range<usize>,
}

impl<'a> Iter<'a> {
    pub(crate) fn new(list: &'a List) -> Self {
        Self { list, left: 0..list.len() }
    }
}

impl Iterator for Iter<'_> {
    type Item = Value;

    #[inline]
    fn next(&mut self) -> Option<Value> {
        self.left.next().map(|index| self.list.storage.at(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<Value> {
        self.left.nth(n).map(|index| self.list.storage.at(index))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Value> {
        self.left.next_back().map(|index| self.list.storage.at(index))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a List {
    type Item = Value;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
