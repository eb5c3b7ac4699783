//! Attributes and methods of values.
//!
//! **Promise** only names in these tables reach the interpreter; whether the value has the attribute depends on its type,
//! which is known at run time.

use crate::{
    arrays, create,
    fault::{Result, fail},
    interp::Interp,
    iter,
    modules::{Args, Native},
    ndarray::NdArray,
    reductions,
    value::Value,
};
use std::{cell::RefCell, rc::Rc};
use txarray::Scalar;

const ATTRIBUTES: &[&str] = &["shape", "ndim", "size", "dtype", "itemsize", "nbytes"];

static METHODS: &[Native] = &[
    Native::new("copy", &[], 0, copy),
    Native::new("astype", &["dtype"], 1, astype),
    Native::new("item", &[], 0, item).with_rest(),
    Native::new("reshape", &[], 0, reshape).with_rest(),
    Native::new("tolist", &[], 0, tolist),
    Native::new("fill", &["value"], 1, fill),
    Native::new("append", &["object"], 1, |interp, mut args| {
        let value = interp.bind(args.take(0))?;
        list(&args, "append")?.borrow_mut().push(value);
        Ok(Value::None)
    }),
    Native::new("extend", &["iterable"], 1, |interp, mut args| {
        let more = interp.bind(args.take(0))?;
        let more = iter::collect(&more)?;
        list(&args, "extend")?.borrow_mut().extend(more);
        Ok(Value::None)
    }),
    Native::new("insert", &["index", "object"], 2, |interp, mut args| {
        let at = interp.integer(&args.take(0), "the index")?;
        let value = interp.bind(args.take(1))?;
        let mut items = list(&args, "insert")?.borrow_mut();
        let len = items.len() as i64;
        let at = if at < 0 { at.saturating_add(len).max(0) } else { at.min(len) };
        items.insert(at as usize, value);
        Ok(Value::None)
    }),
    Native::new("pop", &["index"], 0, pop),
    Native::new("clear", &[], 0, |_, args| {
        list(&args, "clear")?.borrow_mut().clear();
        Ok(Value::None)
    }),
    Native::new("reverse", &[], 0, |_, args| {
        list(&args, "reverse")?.borrow_mut().reverse();
        Ok(Value::None)
    }),
];

/// The method of that name.
pub(crate) fn find(name: &str) -> Option<&'static Native> {
    METHODS.iter().chain(reductions::methods()).find(|method| method.name == name)
}

/// The attribute of that name, with the life of the table.
pub(crate) fn attribute(name: &str) -> Option<&'static str> {
    ATTRIBUTES.iter().copied().find(|attribute| *attribute == name)
}

/// All names after a dot.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let methods = METHODS.iter().chain(reductions::methods());
    ATTRIBUTES.iter().copied().chain(methods.map(|method| method.name))
}

/// The value of an attribute.
pub(crate) fn get(value: &Value, name: &str) -> Result<Value> {
    let (shape, dtype) = match value {
        Value::Array(array) => (array.shape(), array.dtype()),
        Value::Scalar(scalar) => (&[][..], scalar.dtype()),
        Value::DType(dtype) if name == "itemsize" => return Ok(Value::from(dtype.size())),
        other => return no_attribute(other, name),
    };
    let size: usize = shape.iter().product();
    Ok(match name {
        "shape" => Value::tuple(shape.iter().map(|&n| Value::from(n)).collect::<Vec<_>>()),
        "ndim" => Value::from(shape.len()),
        "size" => Value::from(size),
        "dtype" => Value::DType(dtype),
        "itemsize" => Value::from(dtype.size()),
        "nbytes" => Value::from(size * dtype.size()),
        _ => return no_attribute(value, name),
    })
}

fn no_attribute<T>(value: &Value, name: &str) -> Result<T> {
    fail!("a value of type '{}' has no attribute '{name}'", value.type_name())
}

/// The receiver, if it is NumPy's.
pub(crate) fn numpy<'a>(args: &'a Args, name: &str) -> Result<&'a Value> {
    match &args.receiver {
        value @ (Value::Array(_) | Value::Scalar(_)) => Ok(value),
        other => no_attribute(other, name),
    }
}

fn list<'a>(args: &'a Args, name: &str) -> Result<&'a Rc<RefCell<Vec<Value>>>> {
    match &args.receiver {
        Value::List(items) => Ok(items),
        other => no_attribute(other, name),
    }
}

fn pending(value: NdArray) -> Value {
    Value::Array(Rc::new(value))
}

fn copy(_: &mut Interp<'_>, args: Args) -> Result<Value> {
    Ok(match &args.receiver {
        Value::Array(array) if array.is_scalar() => pending(NdArray::pending(array.read())?),
        Value::Array(array) => pending(NdArray::pending_array(array.read())?),
        Value::Scalar(scalar) => Value::Scalar(*scalar),
        Value::List(items) => Value::list(items.borrow().clone()),
        other => return no_attribute(other, "copy"),
    })
}

fn astype(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let dtype = arrays::dtype(&args.take(0))?;
    match numpy(&args, "astype")? {
        Value::Array(array) if !array.is_scalar() => {
            Ok(pending(NdArray::pending_array(array.read().cast(dtype))?))
        }
        scalar => arrays::convert(interp, scalar, dtype),
    }
}

fn item(interp: &mut Interp<'_>, args: Args) -> Result<Value> {
    let array = arrays::operand(numpy(&args, "item")?)?;
    let array = if args.rest.is_empty() {
        array
    } else {
        let mut index = Vec::with_capacity(args.rest.len());
        for value in &args.rest {
            index.push(txarray::Index::At(interp.integer(value, "an index")? as isize));
        }
        if index.len() != array.ndim() {
            fail!("item() was given {} indices for an array of {} dimensions", index.len(), array.ndim());
        }
        array.slice(index)
    };
    Ok(python(interp.engine.item(array)?))
}

/// A NumPy scalar as the Python number it stands for.
fn python(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Bool(b) => Value::Bool(b),
        Scalar::F64(x) => Value::Float(x),
        other => match other.as_integer().and_then(|n| i64::try_from(n).ok()) {
            Some(n) => Value::Int(n),
            None => Value::Scalar(other),
        },
    }
}

fn reshape(interp: &mut Interp<'_>, args: Args) -> Result<Value> {
    let Value::Array(array) = numpy(&args, "reshape")? else { fail!("a NumPy scalar cannot be reshaped") };
    if !array.is_pending() {
        fail!(
            "reshape of an array that has a name is not supported: NumPy would share its storage; write a.copy().reshape(...)"
        );
    }
    let wanted = match &args.rest[..] {
        [only] => only.clone(),
        several => Value::tuple(several.to_vec()),
    };
    let mut lengths = Vec::new();
    for value in iter::collect(&match wanted {
        Value::Tuple(_) | Value::List(_) => wanted,
        other => Value::tuple(vec![other]),
    })? {
        lengths.push(interp.integer(&value, "a length in a shape")?);
    }
    // One length may be -1: what is left.
    let fixed: i64 = lengths.iter().filter(|&&n| n != -1).product();
    let free = lengths.iter().filter(|&&n| n == -1).count();
    if free > 1
        || lengths.iter().any(|&n| n < -1)
        || (free == 1 && (fixed == 0 || array.len() as i64 % fixed != 0))
    {
        fail!(
            "cannot reshape an array of size {} into {}",
            array.len(),
            crate::text::repr(&shape_value(&lengths))
        );
    }
    let shape: Vec<usize> =
        lengths.iter().map(|&n| if n == -1 { array.len() / fixed as usize } else { n as usize }).collect();
    Ok(pending(NdArray::pending_array(array.read().reshape(shape))?))
}

fn shape_value(lengths: &[i64]) -> Value {
    Value::tuple(lengths.iter().map(|&n| Value::Int(n)).collect::<Vec<_>>())
}

fn tolist(interp: &mut Interp<'_>, args: Args) -> Result<Value> {
    let array = interp.engine.eval(arrays::operand(numpy(&args, "tolist")?)?)?;
    nested(&array)
}

/// An evaluated array as nested lists of Python numbers.
fn nested(array: &txarray::Array) -> Result<Value> {
    macro_rules! numbers {
        ($($dtype:ident $rust:ty),*) => { match array.dtype() {
            $(txarray::DType::$dtype => array
                .to_vec::<$rust>()
                .map_err(|error| crate::engine::fault(error.into()))?
                .into_iter()
                .map(|value| python(txarray::Element::to_scalar(value)))
                .collect::<Vec<Value>>(),)*
            other => fail!("tolist() of {other} is not supported"),
        } };
    }
    let mut level = numbers!(Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64);
    for (axis, &len) in array.shape().iter().enumerate().skip(1).rev() {
        let rows: usize = array.shape()[..axis].iter().product();
        level = (0..rows).map(|row| Value::list(level[row * len..(row + 1) * len].to_vec())).collect();
    }
    match array.ndim() {
        0 => Ok(level.swap_remove(0)),
        _ => Ok(Value::list(level)),
    }
}

fn fill(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let value = create::array_like(interp, &args.take(0))?;
    let Value::Array(array) = numpy(&args, "fill")? else { fail!("a NumPy scalar cannot be filled") };
    let Some(view) = array.as_view() else { return Ok(Value::None) };
    if let Value::Int(n) = value {
        arrays::fits(n, array.dtype())?;
    }
    let value = arrays::operand(&value)?;
    if value.ndim() > 0 {
        fail!("fill() takes a single value");
    }
    interp.engine.assign(view, value)?;
    Ok(Value::None)
}

fn pop(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let at = match args.optional(0) {
        Some(at) => interp.integer(&at, "the index")?,
        None => -1,
    };
    let mut items = list(&args, "pop")?.borrow_mut();
    let len = items.len();
    match usize::try_from(if at < 0 { at + len as i64 } else { at }) {
        Ok(at) if at < len => Ok(items.remove(at)),
        _ => fail!("index {at} is out of range: the list has {len} item{}", if len == 1 { "" } else { "s" }),
    }
}
