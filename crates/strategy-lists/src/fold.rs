//! Smallest, largest, sum.

use std::cmp::Ordering;

use crate::compare::{Number, order};
use crate::run::Unboxed;
use crate::storage::Storage;
use crate::{List, ListError, Value};

impl List {
    /// The smallest item; the first of several. As in Python a NaN is smaller than nothing, so one that comes
    /// first stays. O(1) for a range.
    ///
    /// # Errors
    /// [`ListError::Empty`], [`ListError::Unordered`].
    pub fn min(&self) -> Result<Value, ListError> {
        self.extreme("min", Ordering::Less)
    }

    /// The largest item; the first of several. As in Python a NaN is larger than nothing, so one that comes
    /// first stays. O(1) for a range.
    ///
    /// # Errors
    /// [`ListError::Empty`], [`ListError::Unordered`].
    pub fn max(&self) -> Result<Value, ListError> {
        self.extreme("max", Ordering::Greater)
    }

    /// The first item that is `wanted` than all before it.
    fn extreme(&self, operation: &'static str, wanted: Ordering) -> Result<Value, ListError> {
        let best = match &self.storage {
            Storage::Empty => None,
            Storage::Range(range) => {
                range.ends().map(|(low, high)| Value::Int(if wanted == Ordering::Less { low } else { high }))
            }
            Storage::Int(run) => first_best(run.as_slice(), |new, best| Ok(new.cmp(best) == wanted))?,
            Storage::Float(run) => {
                first_best(run.as_slice(), |new, best| Ok(new.partial_cmp(best) == Some(wanted)))?
            }
            Storage::Object(run) => {
                first_best(run.as_slice(), |new, best| Ok(order(new, best)? == Some(wanted)))?
            }
        };
        best.ok_or(ListError::Empty { operation })
    }

    /// The sum of the items: an int while all are ints (a bool counts as 0 or 1), else a float. No items: 0.
    ///
    /// Ints add up exactly. Floats add up from left to right with the lost low parts carried along (Neumaier's
    /// sum, as `sum` in Python 3.12 and later). O(1) for a range.
    ///
    /// # Errors
    /// [`ListError::Overflow`] with the exact sum, [`ListError::NotANumber`] with the item's place.
    ///
    /// ```
    /// use strategy_lists::{List, Value};
    /// assert_eq!(List::from(vec![1e16, 1.0, -1e16]).sum()?, Value::Float(1.0));
    /// assert_eq!(List::range(0, 1_000_000_000, 1).sum()?, Value::Int(499_999_999_500_000_000));
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn sum(&self) -> Result<Value, ListError> {
        match &self.storage {
            Storage::Empty => Ok(Value::Int(0)),
            Storage::Range(range) => whole(range.sum()),
            Storage::Int(run) => whole(run.as_slice().iter().map(|&i| i128::from(i)).sum()),
            // An emptied list has no floats: its sum is the int that the sum of nothing is.
            Storage::Float(run) if run.as_slice().is_empty() => Ok(Value::Int(0)),
            Storage::Float(run) => {
                let mut sum = Neumaier::from(0.0);
                run.as_slice().iter().for_each(|&f| sum.add(f));
                Ok(Value::Float(sum.value()))
            }
            Storage::Object(run) => sum_of_objects(run.as_slice()),
        }
    }
}

fn first_best<T: Unboxed>(
    items: &[T],
    better: impl Fn(&T, &T) -> Result<bool, ListError>,
) -> Result<Option<Value>, ListError> {
    let Some((mut best, rest)) = items.split_first() else { return Ok(None) };
    for new in rest {
        if better(new, best)? {
            best = new;
        }
    }
    Ok(Some(best.boxed()))
}

fn whole(sum: i128) -> Result<Value, ListError> {
    i64::try_from(sum).map(Value::Int).map_err(|_| ListError::Overflow { value: sum })
}

fn sum_of_objects(items: &[Value]) -> Result<Value, ListError> {
    let number = |(index, value): (usize, &Value)| {
        Number::of(value).ok_or(ListError::NotANumber { index, type_name: value.type_name() })
    };
    let mut numbers = items.iter().enumerate().map(number);
    let mut ints = 0_i128;
    for number in numbers.by_ref() {
        match number? {
            Number::Int(i) => ints += i128::from(i),
            Number::Float(f) => {
                // From the first float on the sum is a float. Ints are then added without a carried part.
                let mut sum = Neumaier::from(ints as f64);
                sum.add(f);
                for number in numbers.by_ref() {
                    match number? {
                        Number::Int(i) => sum.high += i as f64,
                        Number::Float(f) => sum.add(f),
                    }
                }
                return Ok(Value::Float(sum.value()));
            }
        }
    }
    whole(ints)
}

/// A running sum and the low parts it has lost.
struct Neumaier {
    high: f64,
    low: f64,
}

impl From<f64> for Neumaier {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Neumaier {
    fn add(&mut self, x: f64) {
        let sum = self.high + x;
        self.low += if self.high.abs() >= x.abs() { (self.high - sum) + x } else { (x - sum) + self.high };
        self.high = sum;
    }

    fn value(&self) -> f64 {
        // An infinite sum has lost nothing that could be told.
        if self.low != 0.0 && self.low.is_finite() { self.high + self.low } else { self.high }
    }
}
