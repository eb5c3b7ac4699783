//! Items of one type in a row, shared until somebody writes.
//!
//! **Trade-offs** A clone is a reference count, so a list in a transactional variable costs readers nothing; the
//! price is one hop more on the way to an item and a copy at the first write of whoever is not alone.
//! Room doubles up to 1024 items and grows by an eighth above, so that a million ints pushed one by one hold
//! 9 MB at most.

use array_core::SharedVec;

use crate::slice::Picked;
use crate::{Strategy, Value};

/// A type of item that has a storage of its own.
pub(crate) trait Unboxed: Clone {
    const STRATEGY: Strategy;

    fn boxed(&self) -> Value;

    /// The item itself where `value` is one of this type, exactly.
    fn unboxed(value: Value) -> Option<Self>;
}

impl Unboxed for i64 {
    const STRATEGY: Strategy = Strategy::Int;

    fn boxed(&self) -> Value {
        Value::Int(*self)
    }

    fn unboxed(value: Value) -> Option<Self> {
        if let Value::Int(i) = value { Some(i) } else { None }
    }
}

impl Unboxed for f64 {
    const STRATEGY: Strategy = Strategy::Float;

    fn boxed(&self) -> Value {
        Value::Float(*self)
    }

    fn unboxed(value: Value) -> Option<Self> {
        if let Value::Float(f) = value { Some(f) } else { None }
    }
}

impl Unboxed for Value {
    const STRATEGY: Strategy = Strategy::Object;

    fn boxed(&self) -> Value {
        self.clone()
    }

    fn unboxed(value: Value) -> Option<Self> {
        Some(value)
    }
}

/// Items of one type in a row.
#[derive(Debug, Clone)]
pub(crate) struct Run<T>(SharedVec<T>);

impl<T: Clone> Run<T> {
    pub(crate) fn new(items: Vec<T>) -> Self {
        Self(SharedVec::new(items))
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The items, for somebody who keeps them.
    pub(crate) fn shared(&self) -> SharedVec<T> {
        self.0.clone()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The items for writing: copied first when a clone has them too.
    #[inline]
    pub(crate) fn write(&mut self) -> &mut Vec<T> {
        self.0.make_mut()
    }

    /// The items for writing, with room for one more.
    #[inline]
    pub(crate) fn write_one_more(&mut self) -> &mut Vec<T> {
        let items = self.write();
        if items.len() == items.capacity() {
            items.reserve_exact(room(items.len()));
        }
        items
    }

    pub(crate) fn pick(&self, picked: Picked) -> Vec<T> {
        let items = self.as_slice();
        if picked.step == 1 {
            return items[picked.first..picked.first + picked.len].to_vec();
        }
        picked.places().map(|place| items[place].clone()).collect()
    }
}

impl<T> From<SharedVec<T>> for Run<T> {
    fn from(items: SharedVec<T>) -> Self {
        Self(items)
    }
}

/// How many items to make room for when `len` are there and one more comes.
pub(crate) fn room(len: usize) -> usize {
    if len < 1024 { len.max(4) } else { len / 8 }
}
