//! Operands of operators: arrays, or scalars that adapt to the array beside them.

use super::Array;
use crate::dtype::Scalar;

/// An operand: an array, or a plain number.
///
/// A plain `bool`, `i32`, `i64`, `usize`, `f64` or `Complex<f64>` is *weak* as a Python scalar (NEP 50): it takes the type of
/// the array beside it, unless its kind is higher (an integer beside a `bool` array, a float beside integers). Values of the
/// other types insist on theirs, and so does [`Array::scalar`] of any value.
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
    #[inline]
    fn from(array: Array) -> Term {
        Term::Array(array)
    }
}

impl From<&Array> for Term {
    #[inline]
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
    #[inline]
    fn from(value: T) -> Term {
        match value.into() {
            weak @ (Scalar::Bool(_) | Scalar::I64(_) | Scalar::F64(_) | Scalar::C128(_)) => Term::Weak(weak),
            strong => Term::Array(Array::scalar(strong)),
        }
    }
}
