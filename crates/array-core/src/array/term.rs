//! Operands of operators: arrays, or scalars that adapt to the array beside them.

use super::Array;
use crate::dtype::Scalar;

/// An operand: an array, or a plain number.
///
/// A plain `bool`, integer or `f64` is *weak* as a Python scalar (NEP 50): it takes the type of the array beside it, unless
/// its kind is higher (an integer beside a `bool` array, a float beside integers). Write [`Array::scalar`] for a value that
/// insists on its type; `u8` and `u64` values insist too.
///
/// ```
/// use array_core::{Array, DType};
/// let bytes = Array::from_vec(vec![1u8, 2], [2]);
/// assert_eq!((&bytes + 1).dtype(), DType::U8);
/// assert_eq!((&bytes + Array::scalar(1)).dtype(), DType::I64);
/// assert_eq!((&bytes + 1.5).dtype(), DType::F64);
/// ```
#[derive(Debug, Clone)]
pub enum Term {
    /// An array.
    Array(Array),
    /// A plain number.
    Weak(Scalar),
}

impl From<Array> for Term {
    fn from(array: Array) -> Term {
        Term::Array(array)
    }
}

impl From<&Array> for Term {
    fn from(array: &Array) -> Term {
        Term::Array(array.clone())
    }
}

impl From<&Term> for Term {
    fn from(term: &Term) -> Term {
        term.clone()
    }
}

impl<T: Into<Scalar>> From<T> for Term {
    fn from(value: T) -> Term {
        match value.into() {
            strong @ (Scalar::U8(_) | Scalar::U64(_)) => Term::Array(Array::scalar(strong)),
            weak => Term::Weak(weak),
        }
    }
}
