//! Finding, counting, comparing: on the storage as it is, without boxing an item.

use crate::compare::Number;
use crate::storage::Storage;
use crate::{List, ListError, Value};

impl List {
    /// Where the first item stands that is the same as `value` ([`Value::is_same`]). O(1) for a range.
    ///
    /// # Errors
    /// [`ListError::Absent`].
    ///
    /// ```
    /// use strategy_lists::List;
    /// let list = List::range(0, 1_000_000_000, 5);
    /// assert_eq!(list.index(999_999_995.0)?, 199_999_999);
    /// assert_eq!(list.index(7).unwrap_err().to_string(), "7 is not in the list");
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn index(&self, value: impl Into<Value>) -> Result<usize, ListError> {
        let value = value.into();
        let place = match &self.storage {
            Storage::Empty => None,
            Storage::Range(range) => int(&value).and_then(|i| range.position(i)),
            Storage::Int(run) => int(&value).and_then(|i| run.as_slice().iter().position(|&x| x == i)),
            Storage::Float(run) => {
                float(&value).and_then(|f| run.as_slice().iter().position(|&x| same(x, f)))
            }
            Storage::Object(run) => run.as_slice().iter().position(|x| x.is_same(&value)),
        };
        place.ok_or_else(|| ListError::Absent { item: value.to_string() })
    }

    /// How many items are the same as `value`. O(1) for a range.
    pub fn count(&self, value: impl Into<Value>) -> usize {
        let value = value.into();
        match &self.storage {
            Storage::Empty => 0,
            Storage::Range(range) => int(&value).and_then(|i| range.position(i)).map_or(0, |_| 1),
            Storage::Int(run) => {
                int(&value).map_or(0, |i| run.as_slice().iter().filter(|&&x| x == i).count())
            }
            Storage::Float(run) => {
                float(&value).map_or(0, |f| run.as_slice().iter().filter(|&&x| same(x, f)).count())
            }
            Storage::Object(run) => run.as_slice().iter().filter(|x| x.is_same(&value)).count(),
        }
    }

    /// Whether an item is the same as `value`. O(1) for a range.
    pub fn contains(&self, value: impl Into<Value>) -> bool {
        self.index(value).is_ok()
    }
}

/// Python's `==`: as long as each other, and each pair the same ([`Value::is_same`]). How the items are stored
/// makes no difference.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        match (&self.storage, &other.storage) {
            (Storage::Range(a), Storage::Range(b)) => a == b,
            (Storage::Int(a), Storage::Int(b)) => a.as_slice() == b.as_slice(),
            (Storage::Float(a), Storage::Float(b)) => {
                a.as_slice().iter().zip(b.as_slice()).all(|(&x, &y)| same(x, y))
            }
            (Storage::Object(a), Storage::Object(b)) => {
                a.as_slice().iter().zip(b.as_slice()).all(|(x, y)| x.is_same(y))
            }
            _ => self.iter().zip(other).all(|(x, y)| x.is_same(&y)),
        }
    }
}

/// The only integer that can be the same as `value`.
fn int(value: &Value) -> Option<i64> {
    Number::of(value)?.as_int()
}

/// The only float that can be the same as `value`.
fn float(value: &Value) -> Option<f64> {
    Number::of(value)?.as_float()
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.to_bits() == b.to_bits()
}
