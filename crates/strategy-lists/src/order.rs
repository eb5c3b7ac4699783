//! Sorting: unboxed where the storage is, in place, stable, and all or nothing.

use std::cmp::Ordering;

use crate::compare::sort_order;
use crate::slice::Picked;
use crate::storage::Storage;
use crate::{List, ListError, Value};

impl List {
    /// Sort the items, the smallest first; equal ones keep their order, every NaN goes last. A range turns round
    /// in O(1).
    ///
    /// # Errors
    /// [`ListError::Unordered`]: two items have no order. The list is as it was.
    ///
    /// ```
    /// use strategy_lists::List;
    /// let mut list = List::from(vec![2.5, f64::NAN, -1.0]);
    /// list.sort()?;
    /// assert_eq!(list.to_string(), "[-1.0, 2.5, nan]");
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn sort(&mut self) -> Result<(), ListError> {
        self.sort_by_direction(false)
    }

    /// Sort the items, the largest first; equal ones keep their order, every NaN goes first.
    ///
    /// # Errors
    /// As [`sort`](Self::sort).
    pub fn sort_descending(&mut self) -> Result<(), ListError> {
        self.sort_by_direction(true)
    }

    fn sort_by_direction(&mut self, down: bool) -> Result<(), ListError> {
        let turn = |order: Ordering| if down { order.reverse() } else { order };
        match &mut self.storage {
            Storage::Empty => {}
            Storage::Range(range) => {
                if range.len() > 1 && range.is_descending() != down {
                    self.storage = Storage::range(range.slice(Picked::reversed(range.len())));
                }
            }
            Storage::Int(run) => run.write().sort_unstable_by(|a, b| turn(a.cmp(b))),
            Storage::Float(run) => run.write().sort_by(|a, b| turn(float_order(*a, *b))),
            Storage::Object(run) => {
                let sorted = merge_sort(run.as_slice(), &|a, b| sort_order(a, b).map(turn))?;
                self.storage = Storage::objects(sorted);
            }
        }
        Ok(())
    }
}

fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// A stable merge sort whose comparison may fail. The standard library's may not, and panics where an order is
/// inconsistent, which that of lists with NaNs inside can be.
fn merge_sort(
    items: &[Value],
    order: &impl Fn(&Value, &Value) -> Result<Ordering, ListError>,
) -> Result<Vec<Value>, ListError> {
    if items.len() < 2 {
        return Ok(items.to_vec());
    }
    let (left, right) = items.split_at(items.len() / 2);
    let (left, right) = (merge_sort(left, order)?, merge_sort(right, order)?);
    let mut sorted = Vec::with_capacity(items.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        // On a tie the left one goes first: stable.
        let next = if order(b, a)? == Ordering::Less { right.next() } else { left.next() };
        sorted.extend(next);
    }
    sorted.extend(left.chain(right));
    Ok(sorted)
}
