//! The list: its making, its writes, its reads.
//!
//! Storage and strategy sit on the list itself. A write first makes the storage admit the item (the transition
//! table decides), then hands it to the run, which then cannot refuse it.

use crate::iter::Iter;
use crate::range::Range;
use crate::run::{Run, Unboxed, room};
use crate::slice::Picked;
use crate::storage::{Storage, with_run};
use crate::{ListError, Strategy, Value};

/// A list that stores its items in the form that fits them: a range as three numbers, ints and floats unboxed.
///
/// Indices are Python's: negative ones count from the end. A list is a value: its clone costs a reference
/// count and shares the storage until one of the two is written. `Send + Sync`.
///
/// ```
/// use strategy_lists::{List, Strategy};
/// let mut list = List::range(0, 1_000_000, 1);
/// assert_eq!(list.strategy(), Strategy::Range);
/// list.set(-1, 7)?;
/// assert_eq!(list.strategy(), Strategy::Int);
/// list.push("seven");
/// assert_eq!(list.strategy(), Strategy::Object);
/// list.clear();
/// assert_eq!(list.strategy(), Strategy::Empty);
/// # Ok::<(), strategy_lists::ListError>(())
/// ```
#[derive(Debug, Clone)]
pub struct List {
    pub(crate) storage: Storage,
}

impl List {
    /// A list without items; it allocates nothing.
    pub const fn new() -> Self {
        Self { storage: Storage::Empty }
    }

    /// Python's `list(range(start, stop, step))`, in three numbers.
    ///
    /// # Panics
    /// When `step` is 0, or there are more than `isize::MAX` numbers; [`try_range`](Self::try_range) returns an
    /// error instead.
    ///
    /// ```
    /// use strategy_lists::List;
    /// assert_eq!(List::range(10, 0, -3).to_string(), "[10, 7, 4, 1]");
    /// ```
    pub fn range(start: i64, stop: i64, step: i64) -> Self {
        Self::try_range(start, stop, step).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Python's `list(range(start, stop, step))`, in three numbers.
    ///
    /// # Errors
    /// [`ListError::ZeroStep`], [`ListError::TooLong`].
    pub fn try_range(start: i64, stop: i64, step: i64) -> Result<Self, ListError> {
        let len = Range::count(start, stop, step)?;
        Ok(Self { storage: Storage::range(Range::new(start, step.into(), len)) })
    }

    /// How the items are stored at present.
    pub fn strategy(&self) -> Strategy {
        self.storage.strategy()
    }

    /// The number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.storage.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items as they are stored, where the strategy is [`Strategy::Int`].
    pub fn as_ints(&self) -> Option<&[i64]> {
        if let Storage::Int(run) = &self.storage { Some(run.as_slice()) } else { None }
    }

    /// The items as they are stored, where the strategy is [`Strategy::Float`].
    pub fn as_floats(&self) -> Option<&[f64]> {
        if let Storage::Float(run) = &self.storage { Some(run.as_slice()) } else { None }
    }

    /// Bytes on the heap for the items, unused room included; what objects hold in turn is not counted.
    ///
    /// ```
    /// use strategy_lists::List;
    /// assert_eq!(List::range(0, 1_000_000, 1).heap_bytes(), 0);
    /// assert_eq!(List::from(vec![0; 1_000_000]).heap_bytes(), 8_000_000);
    /// ```
    pub fn heap_bytes(&self) -> usize {
        fn bytes<T: Clone>(run: &Run<T>) -> usize {
            run.capacity() * size_of::<T>()
        }
        with_run!(&self.storage, run => bytes(run), Storage::Empty | Storage::Range(_) => 0)
    }

    /// Give unused room back.
    pub fn shrink_to_fit(&mut self) {
        with_run!(&mut self.storage, run => run.write().shrink_to_fit(), Storage::Empty | Storage::Range(_) => {});
    }

    /// The item at `index`.
    ///
    /// # Errors
    /// [`ListError::Index`].
    #[inline]
    pub fn get(&self, index: isize) -> Result<Value, ListError> {
        Ok(self.storage.at(self.place(index)?))
    }

    /// Put `value` at `index`, in place of what is there. A range that has that very number there stays one.
    ///
    /// # Errors
    /// [`ListError::Index`].
    #[inline]
    pub fn set(&mut self, index: isize, value: impl Into<Value>) -> Result<(), ListError> {
        let (place, value) = (self.place(index)?, value.into());
        match (&mut self.storage, &value) {
            (Storage::Int(run), Value::Int(item)) => run.write()[place] = *item,
            (Storage::Float(run), Value::Float(item)) => run.write()[place] = *item,
            _ => self.set_any(place, value),
        }
        Ok(())
    }

    #[inline(never)]
    fn set_any(&mut self, place: usize, value: Value) {
        fn put<T: Unboxed>(run: &mut Run<T>, place: usize, value: Value) {
            run.write()[place] = admitted(value);
        }
        if let (Storage::Range(range), Value::Int(new)) = (&self.storage, &value)
            && range.at(place) == *new
        {
            return;
        }
        self.storage.admit(&value, 0);
        with_run!(&mut self.storage, run => put(run, place, value), _ => no_run());
    }

    /// Add `value` at the end. Amortised O(1).
    ///
    /// # Panics
    /// When there is no memory for it, as a `Vec` does; so do all writes that add items.
    ///
    /// ```
    /// use strategy_lists::{List, Strategy};
    /// let mut list = List::new();
    /// list.push(2.5);
    /// assert_eq!(list.strategy(), Strategy::Float);
    /// list.push(1); // stays the int it is
    /// assert_eq!(list.to_string(), "[2.5, 1]");
    /// ```
    #[inline]
    pub fn push(&mut self, value: impl Into<Value>) {
        self.push_expecting(value.into(), 1);
    }

    /// Push; a storage that is made for it has room for `more` items.
    #[inline]
    fn push_expecting(&mut self, value: Value, more: usize) {
        // What loops do, before what is general: 3 ns instead of 30 (bench `lists/push`).
        match (&mut self.storage, &value) {
            (Storage::Int(run), Value::Int(item)) => return run.write_one_more().push(*item),
            (Storage::Float(run), Value::Float(item)) => return run.write_one_more().push(*item),
            _ => {}
        }
        fn put<T: Unboxed>(run: &mut Run<T>, value: Value) {
            run.write_one_more().push(admitted(value));
        }
        self.storage.admit(&value, more);
        with_run!(&mut self.storage, run => put(run, value), _ => no_run());
    }

    /// Put `value` before the item at `index`; past an end it goes to that end, as in Python. O(len).
    ///
    /// ```
    /// use strategy_lists::List;
    /// let mut list = List::from(vec![1, 2]);
    /// list.insert(-1, 9);
    /// list.insert(100, 8);
    /// assert_eq!(list.to_string(), "[1, 9, 2, 8]");
    /// ```
    pub fn insert(&mut self, index: isize, value: impl Into<Value>) {
        fn put<T: Unboxed>(run: &mut Run<T>, place: usize, value: Value) {
            run.write_one_more().insert(place, admitted(value));
        }
        let len = self.len();
        let place =
            if index < 0 { len.saturating_sub(index.unsigned_abs()) } else { len.min(index as usize) };
        let value = value.into();
        self.storage.admit(&value, 1);
        with_run!(&mut self.storage, run => put(run, place, value), _ => no_run());
    }

    /// Take the last item off. A range stays a range.
    pub fn pop(&mut self) -> Option<Value> {
        let last = self.len().checked_sub(1)?;
        Some(self.take(last))
    }

    /// Take the item at `index` out. A range that loses an end stays a range; otherwise O(len).
    ///
    /// # Errors
    /// [`ListError::Empty`], [`ListError::Index`].
    ///
    /// ```
    /// use strategy_lists::{List, Strategy, Value};
    /// let mut list = List::range(0, 5, 1);
    /// assert_eq!(list.pop_at(0)?, Value::Int(0));
    /// assert_eq!(list.strategy(), Strategy::Range);
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn pop_at(&mut self, index: isize) -> Result<Value, ListError> {
        if self.is_empty() {
            return Err(ListError::Empty { operation: "pop" });
        }
        let place = self.place(index)?;
        Ok(self.take(place))
    }

    /// Take out the first item that is the same as `value` ([`Value::is_same`]). O(len).
    ///
    /// # Errors
    /// [`ListError::Absent`].
    pub fn remove(&mut self, value: impl Into<Value>) -> Result<(), ListError> {
        let place = self.index(value)?;
        self.take(place);
        Ok(())
    }

    /// Add the items of `other` at the end; typed storage is copied as it is.
    ///
    /// ```
    /// use strategy_lists::{List, Strategy};
    /// let mut list = List::new();
    /// list.extend_from(&List::range(0, 3, 1));
    /// assert_eq!(list.strategy(), Strategy::Range); // an empty list takes what comes
    /// list.extend_from(&List::range(7, 9, 1));
    /// assert_eq!((list.strategy(), list.to_string()), (Strategy::Int, "[0, 1, 2, 7, 8]".into()));
    /// ```
    pub fn extend_from(&mut self, other: &List) {
        match (&mut self.storage, &other.storage) {
            (_, Storage::Empty) => {}
            (Storage::Empty, theirs) => self.storage = theirs.clone(),
            (Storage::Int(run), Storage::Int(theirs)) => run.write().extend_from_slice(theirs.as_slice()),
            (Storage::Int(run), Storage::Range(theirs)) => run.write().extend(theirs.iter()),
            (Storage::Float(run), Storage::Float(theirs)) => run.write().extend_from_slice(theirs.as_slice()),
            _ => self.extend(other),
        }
    }

    /// `self + self + …`, `times` of it; Python's `list * n`.
    ///
    /// # Errors
    /// [`ListError::TooLong`].
    ///
    /// ```
    /// use strategy_lists::List;
    /// assert_eq!(List::from(vec![0.0]).repeat(3)?.as_floats(), Some(&[0.0; 3][..]));
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn repeat(&self, times: usize) -> Result<List, ListError> {
        let len = self.len().checked_mul(times).filter(|&n| isize::try_from(n).is_ok());
        if len.is_none() {
            return Err(ListError::TooLong { len: self.len() as u128 * times as u128 });
        }
        let storage = match &self.storage {
            storage if times == 1 => storage.clone(),
            Storage::Empty => Storage::Empty,
            Storage::Range(range) => Storage::ints(range.iter().collect::<Vec<_>>().repeat(times)),
            Storage::Int(run) => Storage::ints(run.as_slice().repeat(times)),
            Storage::Float(run) => Storage::floats(run.as_slice().repeat(times)),
            Storage::Object(run) => {
                Storage::objects((0..times).flat_map(|_| run.as_slice().iter().cloned()).collect())
            }
        };
        Ok(Self { storage })
    }

    /// Forget all items and the strategy.
    pub fn clear(&mut self) {
        self.storage = Storage::Empty;
    }

    /// Turn the order round. A range stays a range.
    pub fn reverse(&mut self) {
        match &mut self.storage {
            Storage::Empty => {}
            Storage::Range(range) => {
                self.storage = Storage::range(range.slice(Picked::reversed(range.len())))
            }
            Storage::Int(run) => run.write().reverse(),
            Storage::Float(run) => run.write().reverse(),
            Storage::Object(run) => run.write().reverse(),
        }
    }

    /// Python's `list[start:stop:step]`: a list of its own with the same strategy. A slice of a range is a range.
    ///
    /// # Errors
    /// [`ListError::ZeroStep`]. Bounds past the ends are cut off, as in Python.
    ///
    /// ```
    /// use strategy_lists::{List, Strategy};
    /// let list = List::range(0, 10, 1);
    /// let back = list.slice(None, 2, -3)?;
    /// assert_eq!((back.strategy(), back.to_string()), (Strategy::Range, "[9, 6, 3]".into()));
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn slice(
        &self,
        start: impl Into<Option<isize>>,
        stop: impl Into<Option<isize>>,
        step: isize,
    ) -> Result<List, ListError> {
        let picked = Picked::new(start.into(), stop.into(), step, self.len())?;
        Ok(Self { storage: self.storage.slice(picked) })
    }

    /// The items in order, boxed one at a time.
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self)
    }

    /// The place that a Python index means.
    #[inline]
    fn place(&self, index: isize) -> Result<usize, ListError> {
        let len = self.len();
        let place = if index < 0 { len.checked_sub(index.unsigned_abs()) } else { Some(index as usize) };
        place.filter(|&p| p < len).ok_or(ListError::Index { index, len })
    }

    /// Take the item at `place < len` out.
    fn take(&mut self, place: usize) -> Value {
        if let Storage::Range(range) = self.storage {
            let (value, last) = (Value::Int(range.at(place)), range.len() - 1);
            self.storage = if place == 0 || place == last {
                Storage::range(range.slice(Picked { first: usize::from(place == 0), step: 1, len: last }))
            } else {
                let kept = |&(index, _): &(usize, i64)| index != place;
                Storage::ints(range.iter().enumerate().filter(kept).map(|(_, item)| item).collect())
            };
            return value;
        }
        with_run!(&mut self.storage, run => run.write().remove(place).boxed(), _ => no_run())
    }
}

/// The item in the form of a storage that has admitted it.
fn admitted<T: Unboxed>(value: Value) -> T {
    match T::unboxed(value) {
        Some(item) => item,
        None => unreachable!("the transition table leads to {:?} for an item it cannot hold", T::STRATEGY),
    }
}

fn no_run() -> ! {
    unreachable!("a list that is written has a run")
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Vec<i64>> for List {
    /// Takes the vector over as it is.
    fn from(items: Vec<i64>) -> Self {
        Self { storage: Storage::ints(items) }
    }
}

impl From<Vec<f64>> for List {
    /// Takes the vector over as it is.
    fn from(items: Vec<f64>) -> Self {
        Self { storage: Storage::floats(items) }
    }
}

impl From<Vec<Value>> for List {
    /// Unboxes the items where they are of one kind, else takes the vector over as it is.
    fn from(items: Vec<Value>) -> Self {
        let strategy = items.iter().fold(Strategy::Empty, |strategy, value| strategy.after(value.item()));
        match strategy {
            Strategy::Object => Self { storage: Storage::objects(items) },
            _ => items.into_iter().collect(),
        }
    }
}

impl<V: Into<Value>> Extend<V> for List {
    fn extend<I: IntoIterator<Item = V>>(&mut self, items: I) {
        /// Push while the items fit; the first that does not.
        fn fill<T: Unboxed>(run: &mut Run<T>, items: &mut impl Iterator<Item = Value>) -> Option<Value> {
            let run = run.write();
            for item in items {
                if T::STRATEGY.after(item.item()) != T::STRATEGY {
                    return Some(item);
                }
                if run.len() == run.capacity() {
                    run.reserve_exact(room(run.len()));
                }
                run.push(admitted(item));
            }
            None
        }
        let mut items = items.into_iter().map(Into::into);
        let mut misfit = items.next();
        while let Some(item) = misfit {
            self.push_expecting(item, items.size_hint().0.saturating_add(1));
            misfit = with_run!(&mut self.storage, run => fill(run, &mut items), _ => no_run());
        }
    }
}

impl<V: Into<Value>> FromIterator<V> for List {
    /// The first item chooses the strategy; a size hint is believed, so an exact one leaves no unused room.
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        let mut list = Self::new();
        list.extend(items);
        list
    }
}
