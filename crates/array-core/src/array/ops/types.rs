//! Types of operands: promotion by NEP 50, and operands taken to the type of an operation.

use super::super::{Array, Term};
use crate::{
    dtype::{DType, Kind as TypeKind, Scalar},
    error::ArrayError,
    expr::Op,
};
use smallvec::SmallVec;

/// The common type of two operands by NEP 50; `inexact` takes two arrays to their floating point types first.
pub(in crate::array) fn common(a: &Term, b: &Term, inexact: bool) -> DType {
    let own = |array: &Array| if inexact { array.dtype().inexact() } else { array.dtype() };
    match (a, b) {
        (Term::Array(a), Term::Array(b)) => own(a).promote(own(b)),
        (Term::Array(a), Term::Weak(v)) | (Term::Weak(v), Term::Array(a)) => beside(a.dtype(), *v),
        (Term::Weak(a), Term::Weak(b)) => a.dtype().promote(b.dtype()),
    }
}

/// The common type of an array's type and a plain number.
fn beside(array: DType, value: Scalar) -> DType {
    match (value.dtype().kind(), array.kind()) {
        (TypeKind::Complex, TypeKind::Complex) => array,
        (TypeKind::Complex, _) if array == DType::F32 => DType::C64,
        (TypeKind::Complex, _) => DType::C128,
        (TypeKind::Float, TypeKind::Float | TypeKind::Complex) => array,
        (TypeKind::Float, _) => DType::F64,
        (TypeKind::Signed | TypeKind::Unsigned, TypeKind::Bool) => DType::I64,
        _ => array,
    }
}

/// The common type of an array and more operands. As NumPy, types of the highest kind meet first: `int8` and `uint16` are no
/// `int32` beside `float32`.
pub(super) fn common_with(array: &Array, others: &[&Term]) -> DType {
    let mut types: SmallVec<[DType; 4]> = SmallVec::new();
    types.push(array.dtype());
    types.extend(others.iter().filter_map(|term| match term {
        Term::Array(array) => Some(array.dtype()),
        Term::Weak(_) => None,
    }));
    types.sort_by_key(|dtype| std::cmp::Reverse((dtype.kind(), dtype.size())));
    let common = types.into_iter().reduce(DType::promote).expect("there is the array's");
    others.iter().fold(common, |common, term| match term {
        Term::Array(_) => common,
        Term::Weak(value) => beside(common, *value),
    })
}

impl Term {
    pub(in crate::array) fn dtype(&self) -> DType {
        match self {
            Term::Array(a) => a.dtype(),
            Term::Weak(v) => v.dtype(),
        }
    }

    pub(super) fn as_const(&self) -> Option<Scalar> {
        match self {
            Term::Array(a) => a.as_const(),
            Term::Weak(v) => Some(*v),
        }
    }

    pub(in crate::array) fn into_array(self) -> Array {
        match self {
            Term::Array(a) => a,
            Term::Weak(v) => Array::scalar(v),
        }
    }

    /// The integer that `dtype` cannot hold, if this is a plain integer and it cannot.
    pub(in crate::array) fn out_of_bounds(&self, dtype: DType) -> Option<i64> {
        match *self {
            Term::Weak(Scalar::I64(v)) if dtype.is_integer() => {
                (Scalar::I64(v).cast(dtype).as_integer() != Some(i128::from(v))).then_some(v)
            }
            _ => None,
        }
    }

    /// As an array of `dtype`.
    #[track_caller]
    pub(super) fn of(self, dtype: DType) -> Array {
        let this = match self {
            Term::Array(array) => return array.into_type(dtype),
            this => this,
        };
        match this.out_of_bounds(dtype) {
            Some(value) => Array::fail(ArrayError::IntegerBounds { value, dtype }),
            None => this.into_array().into_type(dtype),
        }
    }
}

/// The type of the result, if the operation reads two arrays as they are.
#[inline]
pub(super) fn own_types(op: Op, a: &Array, b: &Array) -> Option<DType> {
    let dtype = a.dtype();
    if dtype != b.dtype() || op.is_comparison() || op == Op::Power {
        return None;
    }
    let (input, output) = op.types(dtype).ok()?;
    (input == dtype && a.error().is_none() && b.error().is_none()).then_some(output)
}

/// The type of the result, if the operation reads an array and a plain number of the array's type as they are.
#[inline]
pub(super) fn own_types_beside(op: Op, a: &Array, value: Scalar) -> Option<DType> {
    let dtype = a.dtype();
    if dtype != value.dtype() || op.is_comparison() || op == Op::Power {
        return None;
    }
    let (input, output) = op.types(dtype).ok()?;
    (input == dtype && a.error().is_none()).then_some(output)
}
