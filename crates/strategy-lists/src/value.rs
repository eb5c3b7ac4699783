//! One item of a list, boxed: what goes in and comes out.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use array_core::Array;

use crate::{Item, List};

/// An item of a list.
///
/// Equality is Python's: `Bool(true) == Int(1) == Float(1.0)`, integers and floats compare exactly, a NaN is
/// unequal to everything, lists compare item by item, arrays and foreign objects by identity alone.
///
/// ```
/// use strategy_lists::Value;
/// assert_eq!(Value::from(1), Value::from(1.0));
/// assert_ne!(Value::from(9_007_199_254_740_993_i64), Value::from(9_007_199_254_740_992.0));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Value {
    /// Python's `None`.
    None,
    /// A truth value. A kind of its own for storage, a number for arithmetic.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// A string.
    Str(Arc<str>),
    /// A list inside the list: a value, which later writes to the list it came from do not change.
    List(List),
    /// An array.
    Array(Array),
    /// Something that only the program around the list understands.
    Foreign(Arc<dyn Foreign>),
}

/// An item that lists store and compare by identity, and otherwise know nothing of.
pub trait Foreign: Any + Send + Sync + fmt::Debug {
    /// Its type, for messages.
    fn type_name(&self) -> &'static str;

    /// How it is written inside a list.
    fn text(&self) -> String {
        format!("<{}>", self.type_name())
    }
}

impl Value {
    /// The kind of item this is to a strategy.
    #[inline]
    pub fn item(&self) -> Item {
        match self {
            Self::Int(_) => Item::Int,
            Self::Float(_) => Item::Float,
            _ => Item::Other,
        }
    }

    /// The name of its type, as Python says it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Array(_) => "ndarray",
            Self::Foreign(object) => object.type_name(),
        }
    }

    /// Whether it is the same object or an equal one: how Python's containers compare. An unboxed float has no
    /// identity but its bits, so a NaN is found again.
    ///
    /// ```
    /// use strategy_lists::Value;
    /// let nan = Value::from(f64::NAN);
    /// assert!(nan != nan && nan.is_same(&nan));
    /// ```
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a == b || a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}

macro_rules! into_value {
    ($($from:ty => |$x:ident| $value:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($x: $from) -> Self {
                $value
            }
        }
    )*};
}

into_value! {
    bool => |x| Self::Bool(x);
    i64 => |x| Self::Int(x);
    i32 => |x| Self::Int(x.into());
    u8 => |x| Self::Int(x.into());
    f64 => |x| Self::Float(x);
    &str => |x| Self::Str(x.into());
    String => |x| Self::Str(x.into());
    Arc<str> => |x| Self::Str(x);
    List => |x| Self::List(x);
    Array => |x| Self::Array(x);
}
