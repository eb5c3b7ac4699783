//! The values a script computes with.
//!
//! **Promise** a `Value` is three words; copying one costs at most a reference count. Python's own numbers
//! ([`Value::Int`], [`Value::Float`], [`Value::Bool`]) are *weak* beside arrays (NEP 50); NumPy's scalars are
//! [`Value::Scalar`] when known and a [`NdArray`] of rank 0 while nobody has looked at them.

use crate::{
    interp::Function,
    iter::Iter,
    modules::{Module, Native},
    ndarray::NdArray,
    ops::Range,
};
use std::{cell::RefCell, rc::Rc};
use txarray::{DType, Scalar};

/// A value of the script language.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// The content of a variable before its first assignment; never the result of an expression.
    Unbound,
    None,
    Ellipsis,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    Tuple(Rc<[Value]>),
    List(Rc<RefCell<Vec<Value>>>),
    Range(Rc<Range>),
    /// An iterator: what `enumerate` and `zip` return.
    Iter(Rc<RefCell<Iter>>),
    /// A NumPy scalar whose value is known.
    Scalar(Scalar),
    /// A NumPy array, or a NumPy scalar still to be computed.
    Array(Rc<NdArray>),
    /// What `a.dtype` gives.
    DType(DType),
    /// `np.float64` and its like: converts when called, names a dtype when passed.
    ScalarType(DType),
    /// A function of ours, also `int`, `float`, `bool` (which name dtypes too).
    Native(&'static Native),
    /// A `def` of the script.
    Function(Rc<Function>),
    Module(Module),
}

impl Value {
    pub(crate) fn str(text: impl Into<Rc<str>>) -> Self {
        Value::Str(text.into())
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Value::List(Rc::new(RefCell::new(items)))
    }

    pub(crate) fn tuple(items: impl Into<Rc<[Value]>>) -> Self {
        Value::Tuple(items.into())
    }

    /// The type's name as Python's messages spell it.
    pub(crate) fn type_name(&self) -> String {
        match self {
            Value::Unbound => "nothing",
            Value::None => "NoneType",
            Value::Ellipsis => "ellipsis",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::Tuple(_) => "tuple",
            Value::List(_) => "list",
            Value::Range(_) => "range",
            Value::Iter(_) => "iterator",
            Value::Scalar(scalar) => return scalar_type_name(scalar.dtype()),
            Value::Array(array) if array.is_scalar() => return scalar_type_name(array.dtype()),
            Value::Array(_) => "numpy.ndarray",
            Value::DType(_) => "numpy.dtype",
            Value::ScalarType(_) => "type",
            Value::Native(native) if native.dtype.is_some() => "type",
            Value::Native(_) => "builtin function",
            Value::Function(_) => "function",
            Value::Module(_) => "module",
        }
        .to_owned()
    }

    /// An integer that can stand where Python wants one (`bool` counts), of values that are already known.
    #[inline]
    pub(crate) fn as_int(&self) -> Option<i64> {
        match *self {
            Value::Int(n) => Some(n),
            Value::Bool(b) => Some(i64::from(b)),
            Value::Scalar(Scalar::I64(n)) => Some(n),
            Value::Scalar(Scalar::U8(n)) => Some(i64::from(n)),
            Value::Scalar(Scalar::U64(n)) => i64::try_from(n).ok(),
            _ => None,
        }
    }

    /// The same object, as `is` asks.
    pub(crate) fn is(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::None, Value::None) | (Value::Ellipsis, Value::Ellipsis) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Str(a), Value::Str(b)) => Rc::ptr_eq(a, b),
            (Value::Tuple(a), Value::Tuple(b)) => Rc::ptr_eq(a, b),
            (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b),
            (Value::Array(a), Value::Array(b)) => Rc::ptr_eq(a, b),
            (Value::Function(a), Value::Function(b)) => Rc::ptr_eq(a, b),
            (Value::Native(a), Value::Native(b)) => std::ptr::eq(*a, *b),
            (Value::DType(a), Value::DType(b)) | (Value::ScalarType(a), Value::ScalarType(b)) => a == b,
            (Value::Module(a), Value::Module(b)) => a == b,
            _ => false,
        }
    }
}

/// `numpy.float64`, and `numpy.bool` for booleans, as NumPy 2 calls the types of its scalars.
pub(crate) fn scalar_type_name(dtype: DType) -> String {
    format!("numpy.{}", dtype.name())
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}

/// A length; no container holds more than `i64::MAX` items.
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Value::Int(value as i64)
    }
}

/// Literals in tests.
#[cfg(test)]
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Int(value.into())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_is_three_words() {
        assert!(size_of::<super::Value>() <= 24);
        assert!(size_of::<crate::fault::Result<super::Value>>() <= 24);
    }
}
