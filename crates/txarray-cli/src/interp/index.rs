//! `a[…]`: reading and writing items of lists, tuples, strings, ranges and arrays.

use super::Interp;
use crate::{
    arrays, create,
    fault::{Located as _, Result, fail},
    ir::{Item, Subscript},
    ndarray::NdArray,
    ops::Range,
    value::Value,
};
use smallvec::SmallVec;
use std::rc::Rc;
use txarray::Index;

/// What stands between the brackets, evaluated.
pub(super) type Keys = SmallVec<[Key; 2]>;

#[derive(Debug)]
pub(super) enum Key {
    Int(i64),
    Slice([Option<i64>; 3]),
    Ellipsis,
    NewAxis,
    /// An array of booleans or of indices.
    Array(Rc<NdArray>),
    /// Anything else, refused by whoever is indexed.
    Other(Value),
}

impl<'p> Interp<'p> {
    pub(super) fn keys(&mut self, subscript: &'p Subscript) -> Result<Keys> {
        let mut keys = Keys::new();
        for item in &subscript.items {
            match item {
                Item::Value(expr) => {
                    let value = self.eval(expr)?;
                    match value {
                        Value::Int(n) => keys.push(Key::Int(n)),
                        // `a[t]` with a tuple t is `a[t[0], t[1], …]`.
                        Value::Tuple(items) if !subscript.tuple => {
                            for item in items.iter() {
                                let key = self.key(item.clone()).at(expr.span)?;
                                keys.push(key);
                            }
                        }
                        value => {
                            let key = self.key(value).at(expr.span)?;
                            keys.push(key);
                        }
                    }
                }
                Item::Slice(bounds) => {
                    let mut parts = [None; 3];
                    for (part, bound) in parts.iter_mut().zip(bounds.iter()) {
                        if let Some(bound) = bound {
                            let value = self.eval(bound)?;
                            if !matches!(value, Value::None) {
                                *part = Some(self.integer(&value, "a slice bound").at(bound.span)?);
                            }
                        }
                    }
                    keys.push(Key::Slice(parts));
                }
            }
        }
        Ok(keys)
    }

    fn key(&mut self, value: Value) -> Result<Key> {
        Ok(match value {
            Value::None => Key::NewAxis,
            Value::Ellipsis => Key::Ellipsis,
            Value::Array(array) if array.is_scalar() => {
                match self.force(&Value::Array(array.clone()))?.as_int() {
                    Some(n) => Key::Int(n),
                    None => Key::Other(Value::Array(array)),
                }
            }
            Value::Array(array) => Key::Array(array),
            Value::Bool(_) => Key::Other(value),
            other => match other.as_int() {
                Some(n) => Key::Int(n),
                None => Key::Other(other),
            },
        })
    }

    /// `container[keys]`.
    pub(super) fn get_item(&mut self, container: &Value, keys: &Keys) -> Result<Value> {
        match container {
            Value::Array(array) => match self.full_index(keys)? {
                Some(items) => self.picked(array, &items),
                None => array.index(&basic(keys)?),
            },
            Value::List(items) => {
                let items = items.borrow();
                Ok(match self.sequence_key(keys, items.len(), "list")? {
                    Picked::One(at) => items[at].clone(),
                    Picked::Many(range) => Value::list(picked(&items, range)),
                })
            }
            Value::Tuple(items) => Ok(match self.sequence_key(keys, items.len(), "tuple")? {
                Picked::One(at) => items[at].clone(),
                Picked::Many(range) => Value::tuple(picked(items, range)),
            }),
            Value::Str(text) => {
                let chars: Vec<char> = text.chars().collect();
                Ok(match self.sequence_key(keys, chars.len(), "str")? {
                    Picked::One(at) => Value::str(chars[at].to_string()),
                    Picked::Many(range) => Value::str(
                        (0..range.len()).map(|at| chars[range.get(at) as usize]).collect::<String>(),
                    ),
                })
            }
            Value::Range(range) => Ok(match self.sequence_key(keys, range.len(), "range")? {
                Picked::One(at) => Value::Int(range.get(at)),
                Picked::Many(part) => {
                    let number = |at: i64| i128::from(range.start) + i128::from(at) * i128::from(range.step);
                    let fit = |n: i128| {
                        i64::try_from(n).map_err(|_| crate::fault::Fault::failed("the range is too long"))
                    };
                    let step = i128::from(range.step) * i128::from(part.step);
                    let (start, stop, step) = (fit(number(part.start))?, fit(number(part.stop))?, fit(step)?);
                    Value::Range(Rc::new(Range { start, stop, step }))
                }
            }),
            other => fail!("a value of type '{}' cannot be indexed", other.type_name()),
        }
    }

    /// `container[keys] = value`.
    pub(super) fn set_item(&mut self, container: &Value, keys: &Keys, value: Value) -> Result<()> {
        match container {
            Value::Array(array) if !array.is_scalar() => {
                if let Some(items) = self.full_index(keys)? {
                    return self.put(array, &items, &value);
                }
                let Some(view) = array.as_view() else {
                    fail!("this array is the result of an expression: assigning to it has no effect")
                };
                let region =
                    view.try_at(&basic(keys)?).map_err(|error| crate::engine::fault(error.into()))?;
                let value = create::array_like(self, &value)?;
                if let Value::Int(n) = value {
                    arrays::fits(n, array.dtype())?;
                }
                let value = arrays::operand(&value)?;
                self.engine.assign(&region, value)
            }
            Value::List(items) => {
                let value = self.bind(value)?;
                let len = items.borrow().len();
                match self.sequence_key(keys, len, "list")? {
                    Picked::One(at) => items.borrow_mut()[at] = value,
                    Picked::Many(range) => {
                        let new = crate::iter::collect(&value)?;
                        if range.step == 1 {
                            let start = range.start as usize;
                            items.borrow_mut().splice(start..start + range.len(), new);
                        } else if new.len() == range.len() {
                            let mut items = items.borrow_mut();
                            for (at, value) in new.into_iter().enumerate() {
                                items[range.get(at) as usize] = value;
                            }
                        } else {
                            fail!("{} values do not fit a slice of {} items", new.len(), range.len());
                        }
                    }
                }
                Ok(())
            }
            other => fail!("a value of type '{}' does not support item assignment", other.type_name()),
        }
    }

    /// The positions a key picks from a sequence.
    fn sequence_key(&mut self, keys: &Keys, len: usize, what: &str) -> Result<Picked> {
        match &keys[..] {
            [Key::Int(n)] => {
                let at = if *n < 0 { n + len as i64 } else { *n };
                match usize::try_from(at) {
                    Ok(at) if at < len => Ok(Picked::One(at)),
                    _ => fail!(
                        "index {n} is out of range: the {what} has {len} item{}",
                        if len == 1 { "" } else { "s" }
                    ),
                }
            }
            [Key::Slice(bounds)] => Ok(Picked::Many(slice(*bounds, len as i64)?)),
            _ => fail!("the index of a {what} must be an integer or a slice"),
        }
    }
}

/// One position, or the positions of a slice.
enum Picked {
    One(usize),
    Many(Range),
}

fn picked(items: &[Value], range: Range) -> Vec<Value> {
    (0..range.len()).map(|at| items[range.get(at) as usize].clone()).collect()
}

/// The positions of `start:stop:step` in a sequence of `len` items: Python's `slice.indices`.
fn slice([start, stop, step]: [Option<i64>; 3], len: i64) -> Result<Range> {
    let step = step.unwrap_or(1);
    if step == 0 {
        fail!("slice step cannot be zero");
    }
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |bound: Option<i64>, default: i64| match bound {
        None => default,
        Some(at) if at < 0 => at.saturating_add(len).max(low),
        Some(at) => at.min(high),
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let range = Range { start: bound(start, first), stop: bound(stop, last), step };
    // An empty slice still says where an insertion would go.
    Ok(if range.len() == 0 { Range { stop: range.start, ..range } } else { range })
}

/// The keys as NumPy's basic index.
fn basic(keys: &Keys) -> Result<SmallVec<[Index; 4]>> {
    keys.iter().map(index_of).collect()
}

/// One key of a basic index.
pub(super) fn index_of(key: &Key) -> Result<Index> {
    let position = |n: i64| isize::try_from(n).unwrap_or(isize::MAX);
    Ok(match key {
        Key::Int(n) => Index::At(position(*n)),
        Key::Slice([start, stop, step]) => Index::Slice {
            start: start.map(position),
            stop: stop.map(position),
            step: position(step.unwrap_or(1)),
        },
        Key::Ellipsis => Index::Ellipsis,
        Key::NewAxis => Index::NewAxis,
        Key::Array(_) => unreachable!("an index with arrays is a full one"),
        Key::Other(value) => {
            fail!(
                "an array index must be an integer, a slice, ..., None, or an array or list of integers or booleans, not '{}'",
                value.type_name()
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cut_their_bounds_as_python_does() {
        for (bounds, len, expected) in [
            ([None, None, None], 4, vec![0, 1, 2, 3]),
            ([Some(1), Some(-1), None], 4, vec![1, 2]),
            ([None, None, Some(-1)], 3, vec![2, 1, 0]),
            ([Some(10), Some(-10), Some(-2)], 5, vec![4, 2, 0]),
            ([Some(3), Some(1), None], 4, vec![]),
            ([Some(i64::MIN), Some(i64::MAX), None], 2, vec![0, 1]),
        ] {
            let range = slice(bounds, len).unwrap();
            assert_eq!((0..range.len()).map(|at| range.get(at)).collect::<Vec<_>>(), expected, "{bounds:?}");
        }
        assert!(slice([None, None, Some(0)], 3).is_err());
    }
}
