//! Means, variances and standard deviations: sums and counts, divided.

use super::{Along, Array};
use crate::{
    dtype::{DType, Kind as TypeKind},
    error::ArrayError,
    expr::{Op, ReduceOp},
};

impl Array {
    #[track_caller]
    pub(super) fn try_mean(&self, along: &Along) -> Result<Array, ArrayError> {
        let dtype = along.dtype.unwrap_or_else(|| ReduceOp::Mean.result(self.dtype()));
        if along.is_plain() && (dtype.is_float() || dtype.is_complex()) {
            return Ok(self.cast(dtype).reduce(ReduceOp::Mean));
        }
        // As NumPy: floats are summed in the common type with the target, integers in double precision.
        let whole = !matches!(self.dtype().kind(), TypeKind::Float | TypeKind::Complex);
        let summed = along.dtype.or((whole || along.out.is_none()).then_some(dtype));
        let sum = self.try_reduce(ReduceOp::Sum, &Along { dtype: summed, initial: None, ..along.clone() })?;
        Ok(quotient(&sum, &self.counted(along, 0)?))
    }

    /// How many elements go into each result, less `less`, as `float64`.
    #[track_caller]
    fn counted(&self, along: &Along, less: usize) -> Result<Array, ArrayError> {
        let count = match &along.filter {
            None => {
                let axes = along.resolve(self.ndim())?;
                let count: usize = axes.iter().map(|&a| self.shape()[a]).product();
                return Ok(Array::scalar(count.saturating_sub(less) as f64));
            }
            Some(mask) => {
                let ones = Array::full(self.shape(), 1.0);
                let all = Along {
                    dtype: Some(DType::F64),
                    initial: None,
                    filter: Some(mask.clone()),
                    out: None,
                    ..along.clone()
                };
                ones.try_reduce(ReduceOp::Sum, &all)?
            }
        };
        Ok((count - less as f64).maximum(0.0))
    }

    /// Variance: the mean of the squared distances from the mean, of `n - ddof` elements; NaN or infinite where that is none.
    ///
    /// **Dtype** the floating point type of the elements, real for complex numbers; [`Along::dtype`] names another one, in which
    /// sums are computed, but distances and squares in the common type with the elements. A start does not apply. Errors as of [`reduce_along`](Self::reduce_along), and
    /// [`ArrayError::Unsupported`] for a type that is not floating point (NumPy rounds the distances to it).
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(a.var(.., 0).item::<f64>()?, 1.25);
    /// assert_eq!(a.std(0, 1).to_vec::<f64>()?, [2f64.sqrt(); 2]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn var(&self, along: impl Into<Along>, ddof: usize) -> Array {
        let along = along.into();
        match self.try_var(&along, ddof) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    #[track_caller]
    fn try_var(&self, along: &Along, ddof: usize) -> Result<Array, ArrayError> {
        if self.error().is_some() {
            return Ok(self.clone());
        }
        let explicit = along.dtype.is_some() && along.out.is_none();
        let asked = along.dtype.unwrap_or_else(|| ReduceOp::Mean.result(self.dtype()));
        if !(asked.is_float() || asked.is_complex()) {
            let reason = "squares of distances are summed in floating point";
            return Err(ArrayError::Unsupported { operation: "var", dtypes: vec![asked], reason });
        }
        // The distances of complex numbers are complex, in whatever precision.
        let dtype = if self.dtype().is_complex() { asked.promote(DType::C64) } else { asked };
        let given = along.dtype.is_some();
        let along = Along { initial: None, dtype: Some(dtype), ..along.clone() };
        let data = self.cast(dtype);
        let centre = if along.axes.is_none() && along.filter.is_none() && dtype.is_float() {
            // The same bits, as one value.
            data.reduce(ReduceOp::Mean)
        } else {
            data.try_mean(&Along { keepdims: true, out: None, ..along.clone() })?
        };
        // Of elements that are wider than what was asked for, distances and squares are so, too.
        let wider = self.dtype().promote(dtype) != dtype;
        let distance = if wider { self - centre } else { data - centre };
        let squares = if dtype.is_complex() {
            distance.real().square() + distance.imag().square()
        } else {
            distance.square()
        }
        .cast(dtype.real());
        let var = if along.is_plain() && ddof == 0 {
            // The same bits, as one value.
            squares.reduce(ReduceOp::Mean)
        } else {
            let summed = Along { dtype: given.then(|| dtype.real()), ..along.clone() };
            let sum = squares.try_reduce(ReduceOp::Sum, &summed)?;
            quotient(&sum, &self.counted(&along, ddof)?)
        };
        // Real, but for who asks for a complex type.
        Ok(if explicit && asked.is_complex() { var.cast(asked) } else { var })
    }

    /// Standard deviation: the root of [`var`](Self::var), whose errors it has, and [`ArrayError::Casting`] for a target of integers.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::from_vec(vec![1.0, 3.0], [2]).std(.., 0).item::<f64>()?, 1.0);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn std(&self, along: impl Into<Along>, ddof: usize) -> Array {
        let var = self.var(along, ddof);
        let root = var.sqrt();
        // A target of integers: NumPy's root of them is none, and does not go back.
        if root.dtype().is_same_kind(var.dtype()) {
            return root;
        }
        Array::fail(ArrayError::Casting { operation: "sqrt", from: root.dtype(), to: var.dtype() })
    }
}

/// A sum divided by counts: in double precision, then in the sum's type, as NumPy.
#[track_caller]
fn quotient(sum: &Array, count: &Array) -> Array {
    let wide = if sum.dtype().kind() == TypeKind::Complex { DType::C128 } else { DType::F64 };
    Array::binary(Op::Divide, sum.cast(wide), count).cast(sum.dtype())
}
