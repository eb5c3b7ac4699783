//! The storage of a list: one variant for each strategy, and the one way from each to the next.

use crate::range::Range;
use crate::run::{Run, Unboxed, room};
use crate::slice::Picked;
use crate::{Strategy, Value};

/// What a list holds, and how.
#[derive(Debug, Clone)]
pub(crate) enum Storage {
    Empty,
    Range(Range),
    Int(Run<i64>),
    Float(Run<f64>),
    Object(Run<Value>),
}

/// Do `$body` with the run, where the storage has one; `$other` for `Empty` and a range.
macro_rules! with_run {
    ($storage:expr, $run:ident => $body:expr, $($other:tt)*) => {
        match $storage {
            Storage::Int($run) => $body,
            Storage::Float($run) => $body,
            Storage::Object($run) => $body,
            $($other)*
        }
    };
}
pub(crate) use with_run;

impl Storage {
    #[inline]
    pub(crate) fn strategy(&self) -> Strategy {
        match self {
            Self::Empty => Strategy::Empty,
            Self::Range(_) => Strategy::Range,
            Self::Int(_) => Strategy::Int,
            Self::Float(_) => Strategy::Float,
            Self::Object(_) => Strategy::Object,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        with_run!(self, run => run.as_slice().len(),
            Self::Empty => 0,
            Self::Range(range) => range.len(),
        )
    }

    /// The item at `index < len`.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Value {
        with_run!(self, run => run.as_slice()[index].boxed(),
            Self::Empty => unreachable!("an empty list has no item {index}"),
            Self::Range(range) => Value::Int(range.at(index)),
        )
    }

    /// A run under its strategy, where it has items.
    pub(crate) fn run<T: Clone>(run: Run<T>, strategy: impl Fn(Run<T>) -> Self) -> Self {
        if run.as_slice().is_empty() { Self::Empty } else { strategy(run) }
    }

    pub(crate) fn ints(items: Vec<i64>) -> Self {
        if items.is_empty() { Self::Empty } else { Self::Int(Run::new(items)) }
    }

    pub(crate) fn floats(items: Vec<f64>) -> Self {
        if items.is_empty() { Self::Empty } else { Self::Float(Run::new(items)) }
    }

    pub(crate) fn objects(items: Vec<Value>) -> Self {
        if items.is_empty() { Self::Empty } else { Self::Object(Run::new(items)) }
    }

    /// A range, or what stands in for one; see [`Range::new`].
    pub(crate) fn range(range: Result<Range, Vec<i64>>) -> Self {
        match range {
            Ok(range) if range.len() == 0 => Self::Empty,
            Ok(range) => Self::Range(range),
            Err(items) => Self::ints(items),
        }
    }

    /// Generalise until an item like `value` fits. A list that has lost its last item has nothing to keep, so
    /// it takes the edge from `Empty`. `more` items are about to be added: the new storage has room for them.
    #[inline]
    pub(crate) fn admit(&mut self, value: &Value, more: usize) {
        let before = self.strategy();
        let after = before.after(value.item());
        if before != after {
            self.generalise(after, value, more);
        }
    }

    #[cold]
    fn generalise(&mut self, after: Strategy, value: &Value, more: usize) {
        let after = if self.len() == 0 { Strategy::Empty.after(value.item()) } else { after };
        *self = match after {
            Strategy::Int => Self::Int(Run::new(roomy(self.int_items(), more))),
            Strategy::Float => Self::Float(Run::new(roomy(std::iter::empty(), more))),
            Strategy::Object => Self::Object(Run::new(roomy((0..self.len()).map(|i| self.at(i)), more))),
            Strategy::Empty | Strategy::Range => unreachable!("no write leads to {after:?}"),
        };
    }

    /// The items of a range; the other storages that become ints have none.
    fn int_items(&self) -> impl ExactSizeIterator<Item = i64> + use<> {
        let range = if let Self::Range(range) = self { Some(*range) } else { None };
        let len = range.map_or(0, |r| r.len());
        (0..len).map(move |index| range.map_or(0, |r| r.at(index)))
    }

    /// The slice `picked`, with the same strategy; no item left is `Empty`.
    pub(crate) fn slice(&self, picked: Picked) -> Self {
        match self {
            _ if picked.len == 0 => Self::Empty,
            _ if picked == (Picked { first: 0, step: 1, len: self.len() }) => self.clone(),
            Self::Empty => Self::Empty,
            Self::Range(range) => Self::range(range.slice(picked)),
            Self::Int(run) => Self::Int(Run::new(run.pick(picked))),
            Self::Float(run) => Self::Float(Run::new(run.pick(picked))),
            Self::Object(run) => Self::Object(Run::new(run.pick(picked))),
        }
    }
}

/// A vector of `items` with room for `more`, and some spare where they grow one by one.
fn roomy<T>(items: impl ExactSizeIterator<Item = T>, more: usize) -> Vec<T> {
    let len = items.len();
    let spare = match (len, more) {
        (_, 0) => 0,
        (0, 1) => room(0),
        // A million ints that were a range keep within 8.1 MB after one push.
        _ => more.max(len.min(len / 128 + 4)),
    };
    let mut vec = Vec::with_capacity(len.saturating_add(spare));
    vec.extend(items);
    vec
}
