//! Equality and order of items, as Python defines them.
//!
//! Integers and floats compare exactly: the integer is never rounded to a float first.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::{ListError, Value};

/// A number among the values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match *value {
            Value::Bool(b) => Some(Self::Int(b.into())),
            Value::Int(i) => Some(Self::Int(i)),
            Value::Float(f) => Some(Self::Float(f)),
            _ => None,
        }
    }

    /// `None` when a NaN is among them.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => int_with_float(a, b),
            (Self::Float(a), Self::Int(b)) => int_with_float(b, a).map(Ordering::reverse),
        }
    }

    /// The integer it equals exactly.
    pub(crate) fn as_int(self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(i),
            // The cast saturates, so the comparison decides.
            Self::Float(f) => Some(f as i64).filter(|&i| int_with_float(i, f) == Some(Ordering::Equal)),
        }
    }

    /// The float it equals exactly; a NaN is its own.
    pub(crate) fn as_float(self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(i as f64).filter(|&f| int_with_float(i, f) == Some(Ordering::Equal)),
            Self::Float(f) => Some(f),
        }
    }

    fn is_nan(self) -> bool {
        matches!(self, Self::Float(f) if f.is_nan())
    }
}

fn int_with_float(int: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63, the first float above every i64
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    // Exact: |whole| <= 2^63, and 2^63 itself was handled.
    Some(int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal)))
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (Number::of(self), Number::of(other)) {
            return a.compare(b) == Some(Ordering::Equal);
        }
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Foreign(a), Self::Foreign(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// How `left` stands to `right`; `None` where a NaN decides.
///
/// # Errors
/// [`ListError::Unordered`] for two types that have no order.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, ListError> {
    order_of(left, right, false)
}

/// The order in which `sort` puts two items: Python's, with every NaN after every other number.
pub(crate) fn sort_order(left: &Value, right: &Value) -> Result<Ordering, ListError> {
    Ok(order_of(left, right, true)?.unwrap_or(Ordering::Equal))
}

fn order_of(left: &Value, right: &Value, nan_last: bool) -> Result<Option<Ordering>, ListError> {
    if let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) {
        return Ok(a.compare(b).or_else(|| nan_last.then(|| a.is_nan().cmp(&b.is_nan()))));
    }
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::List(a), Value::List(b)) => {
            // The first pair that differs decides, else the lengths.
            match a.iter().zip(b.iter()).find(|(x, y)| !x.is_same(y)) {
                Some((x, y)) => order_of(&x, &y, nan_last),
                None => Ok(Some(a.len().cmp(&b.len()))),
            }
        }
        _ => Err(ListError::Unordered { left: left.type_name(), right: right.type_name() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIG: i64 = 1 << 53;

    #[test]
    fn ints_and_floats_compare_exactly() {
        let cases = [
            (BIG + 1, BIG as f64, Some(Ordering::Greater)),
            (BIG, BIG as f64, Some(Ordering::Equal)),
            (i64::MAX, 9_223_372_036_854_775_807.0, Some(Ordering::Less)), // the literal is 2^63
            (i64::MIN, -9_223_372_036_854_775_808.0, Some(Ordering::Equal)),
            (i64::MIN, -1e300, Some(Ordering::Greater)),
            (-1, -1.5, Some(Ordering::Greater)),
            (-2, -1.5, Some(Ordering::Less)),
            (1, 1.5, Some(Ordering::Less)),
            (0, -0.0, Some(Ordering::Equal)),
            (0, f64::INFINITY, Some(Ordering::Less)),
            (0, f64::NAN, None),
        ];
        for (int, float, expected) in cases {
            assert_eq!(int_with_float(int, float), expected, "{int} with {float}");
        }
    }

    #[test]
    fn a_number_becomes_another_kind_only_when_it_is_equal() {
        assert_eq!(Number::Float(3.0).as_int(), Some(3));
        assert_eq!(Number::Float(3.5).as_int(), None);
        assert_eq!(Number::Float(1e300).as_int(), None);
        assert_eq!(Number::Int(BIG + 1).as_float(), None);
        assert_eq!(Number::Int(BIG).as_float(), Some(BIG as f64));
        assert_eq!(Number::Int(i64::MAX).as_float(), None);
    }
}
