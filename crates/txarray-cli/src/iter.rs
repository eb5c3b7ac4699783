//! Iteration: what `for`, `zip`, `enumerate`, `list` and unpacking step through.
//!
//! **Promise** nothing is collected ahead: a range is three numbers, a list may grow while it is walked (as in Python),
//! an array gives its rows as views on the same storage.

use crate::{
    fault::{Result, fail},
    ndarray::NdArray,
    ops::Range,
    value::Value,
};
use std::{cell::RefCell, rc::Rc};

/// A position in something iterable.
#[derive(Debug)]
pub(crate) enum Iter {
    Range { range: Range, at: usize, len: usize },
    List { items: Rc<RefCell<Vec<Value>>>, at: usize },
    Tuple { items: Rc<[Value]>, at: usize },
    Str { text: Rc<str>, at: usize },
    Rows { array: Rc<NdArray>, at: usize },
    Enumerate { inner: Box<Iter>, at: i64 },
    Zip(Vec<Iter>),
    Shared(Rc<RefCell<Iter>>),
}

impl Iter {
    /// Starts iterating over a value.
    pub(crate) fn over(value: &Value) -> Result<Iter> {
        Ok(match value {
            Value::Range(range) => Iter::Range { range: **range, at: 0, len: range.len() },
            Value::List(items) => Iter::List { items: items.clone(), at: 0 },
            Value::Tuple(items) => Iter::Tuple { items: items.clone(), at: 0 },
            Value::Str(text) => Iter::Str { text: text.clone(), at: 0 },
            Value::Array(array) if array.ndim() > 0 => Iter::Rows { array: array.clone(), at: 0 },
            Value::Iter(shared) => Iter::Shared(shared.clone()),
            other => fail!("a value of type '{}' cannot be iterated over", other.type_name()),
        })
    }

    /// The next value, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Value>> {
        Ok(match self {
            Iter::Range { range, at, len } => {
                let value = (at < len).then(|| Value::Int(range.get(*at)));
                *at += usize::from(value.is_some());
                value
            }
            Iter::List { items, at } => {
                let value = items.borrow().get(*at).cloned();
                *at += 1;
                value
            }
            Iter::Tuple { items, at } => {
                let value = items.get(*at).cloned();
                *at += 1;
                value
            }
            Iter::Str { text, at } => {
                let next = text[*at..].chars().next();
                *at += next.map_or(0, char::len_utf8);
                next.map(|c| Value::str(c.to_string()))
            }
            Iter::Rows { array, at } => {
                if *at >= array.shape()[0] {
                    return Ok(None);
                }
                *at += 1;
                Some(array.index(&[txarray::Index::At(*at as isize - 1)])?)
            }
            Iter::Enumerate { inner, at } => match inner.next()? {
                Some(value) => {
                    *at += 1;
                    Some(Value::tuple(vec![Value::Int(*at - 1), value]))
                }
                None => None,
            },
            Iter::Zip(inner) => {
                let mut items = Vec::with_capacity(inner.len());
                for iter in inner {
                    match iter.next()? {
                        Some(value) => items.push(value),
                        None => return Ok(None),
                    }
                }
                (!items.is_empty()).then(|| Value::tuple(items))
            }
            Iter::Shared(shared) => shared.borrow_mut().next()?,
        })
    }
}

/// All values of an iterable.
pub(crate) fn collect(value: &Value) -> Result<Vec<Value>> {
    match value {
        Value::List(items) => return Ok(items.borrow().clone()),
        Value::Tuple(items) => return Ok(items.to_vec()),
        _ => {}
    }
    let mut iter = Iter::over(value)?;
    let mut out = Vec::new();
    while let Some(value) = iter.next()? {
        out.push(value);
    }
    Ok(out)
}
