//! Arrays from Python's numbers, lists and shapes.

use crate::{
    arrays,
    fault::{Result, fail},
    interp::Interp,
    iter,
    ndarray::NdArray,
    value::Value,
};
use std::rc::Rc;
use txarray::{Array, DType, Element, Scalar};

/// Lists nested deeper than this cannot be an array (NumPy's own limit of dimensions).
const MAX_NDIM: usize = 64;

/// A value where an array or a number is expected: lists, tuples and ranges become arrays.
pub(crate) fn array_like(interp: &mut Interp<'_>, value: &Value) -> Result<Value> {
    match value {
        Value::List(_) | Value::Tuple(_) | Value::Range(_) => {
            let array = from_nested(interp, value, None)?;
            Ok(Value::Array(Rc::new(NdArray::pending_array(array)?)))
        }
        Value::Array(_) | Value::Scalar(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
            Ok(value.clone())
        }
        other => fail!("expected an array or a number, not a value of type '{}'", other.type_name()),
    }
}

/// `np.array(value, dtype)` of nested sequences: one shape, one dtype.
///
/// # Errors
/// Sequences of unlike lengths or depths, items that are not numbers.
pub(crate) fn from_nested(interp: &mut Interp<'_>, value: &Value, dtype: Option<DType>) -> Result<Array> {
    let mut flat = Flat { shape: Vec::new(), items: Vec::new(), dtype: None };
    flat.measure(value)?;
    flat.gather(interp, value, 0)?;
    let found = flat.dtype.unwrap_or(DType::F64);
    let dtype = dtype.unwrap_or(found);
    if dtype.is_integer() {
        for item in &flat.items {
            if let Item::Weak(Scalar::I64(n)) = *item {
                arrays::fits(n, dtype)?;
            }
        }
    }
    let Flat { shape, items, .. } = flat;
    Ok(match dtype {
        DType::Bool => fill::<bool>(items, shape),
        DType::I8 => fill::<i8>(items, shape),
        DType::I16 => fill::<i16>(items, shape),
        DType::I32 => fill::<i32>(items, shape),
        DType::I64 => fill::<i64>(items, shape),
        DType::U8 => fill::<u8>(items, shape),
        DType::U16 => fill::<u16>(items, shape),
        DType::U32 => fill::<u32>(items, shape),
        DType::U64 => fill::<u64>(items, shape),
        DType::F32 => fill::<f32>(items, shape),
        DType::F64 => fill::<f64>(items, shape),
        other => fail!("np.array does not make arrays of {other}"),
    })
}

fn fill<T: Element>(items: Vec<Item>, shape: Vec<usize>) -> Array {
    let value = |item: Item| match item {
        Item::Weak(scalar) | Item::Strong(scalar) => T::from_scalar(scalar),
    };
    Array::from_vec(items.into_iter().map(value).collect(), shape)
}

/// A number on its way into an array.
#[derive(Debug, Clone, Copy)]
enum Item {
    /// Python's own.
    Weak(Scalar),
    /// NumPy's: it insists on its dtype.
    Strong(Scalar),
}

struct Flat {
    shape: Vec<usize>,
    items: Vec<Item>,
    dtype: Option<DType>,
}

impl Flat {
    /// The shape that the first items down to a number give.
    fn measure(&mut self, value: &Value) -> Result<()> {
        let mut value = value.clone();
        loop {
            match &value {
                Value::List(_) | Value::Tuple(_) | Value::Range(_) => {
                    let items = iter::collect(&value)?;
                    if self.shape.len() == MAX_NDIM {
                        fail!("a list nested more than {MAX_NDIM} deep is no array");
                    }
                    self.shape.push(items.len());
                    match items.into_iter().next() {
                        Some(first) => value = first,
                        None => return Ok(()),
                    }
                }
                Value::Array(array) => {
                    self.shape.extend(array.shape());
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    fn gather(&mut self, interp: &mut Interp<'_>, value: &Value, depth: usize) -> Result<()> {
        match value {
            Value::List(_) | Value::Tuple(_) | Value::Range(_) => {
                let items = iter::collect(value)?;
                self.expect(depth, items.len())?;
                for item in &items {
                    self.gather(interp, item, depth + 1)?;
                }
                Ok(())
            }
            Value::Array(array) if !array.is_scalar() => {
                let shape = array.shape();
                if self.shape[depth..] != *shape {
                    return self.ragged(depth);
                }
                let array = interp.engine.eval(array.read())?;
                self.elements(&array)
            }
            other => {
                if depth != self.shape.len() {
                    return self.ragged(depth);
                }
                let item = match interp.force(other)? {
                    Value::Int(n) => Item::Weak(Scalar::I64(n)),
                    Value::Float(x) => Item::Weak(Scalar::F64(x)),
                    Value::Bool(b) => Item::Weak(Scalar::Bool(b)),
                    Value::Scalar(scalar) => Item::Strong(scalar),
                    other => fail!("an array holds numbers; a value of type '{}' is none", other.type_name()),
                };
                self.push(item);
                Ok(())
            }
        }
    }

    fn elements(&mut self, array: &Array) -> Result<()> {
        macro_rules! push {
            ($($dtype:ident $rust:ty),*) => { match array.dtype() {
                $(DType::$dtype => {
                    let values = array.to_vec::<$rust>().map_err(|error| crate::engine::fault(error.into()))?;
                    values.into_iter().for_each(|value| self.push(Item::Strong(value.to_scalar())));
                })*
                other => fail!("np.array does not take elements of {other}"),
            } };
        }
        push!(
            Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64
        );
        Ok(())
    }

    fn push(&mut self, item: Item) {
        let (Item::Weak(scalar) | Item::Strong(scalar)) = item;
        self.dtype = Some(match self.dtype {
            Some(dtype) => dtype.promote(scalar.dtype()),
            None => scalar.dtype(),
        });
        self.items.push(item);
    }

    fn expect(&self, depth: usize, len: usize) -> Result<()> {
        if self.shape.get(depth) == Some(&len) { Ok(()) } else { self.ragged(depth) }
    }

    fn ragged(&self, depth: usize) -> Result<()> {
        let shape = arrays::shape_text(&self.shape[..depth.min(self.shape.len())]);
        fail!("the nested lists do not make an array: beyond shape {shape} their lengths differ")
    }
}

/// A shape argument: an integer or a sequence of integers.
pub(crate) fn shape(interp: &mut Interp<'_>, value: &Value) -> Result<Vec<usize>> {
    let items = match value {
        Value::List(_) | Value::Tuple(_) | Value::Range(_) => iter::collect(value)?,
        other => vec![other.clone()],
    };
    let mut shape = Vec::with_capacity(items.len());
    for item in &items {
        let n = interp.integer(item, "a length in a shape")?;
        match usize::try_from(n) {
            Ok(n) => shape.push(n),
            Err(_) => fail!("a shape cannot have the negative length {n}"),
        }
    }
    Ok(shape)
}
