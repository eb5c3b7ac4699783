//! Results into what another array holds: NumPy's `out=` and `where=` of elementwise operations.
//!
//! Arrays do not change, so the result is a new value of the target's type and shape. Where the target dies with the expression
//! ([`Array::into_evaluated`]) it is computed in the target's memory.

use super::{Array, Term, select::trimmed};
use crate::{dtype::DType, error::ArrayError, expr::Op, layout::broadcast_shapes};

/// Where an elementwise result goes: over what an array holds, and at which of its elements.
///
/// ```
/// use array_core::{Array, Op, Out};
/// let (a, b) = (Array::arange(0, 4, 1), Array::arange(0, 4, 1).remainder(2));
/// let before = Array::full([4], -1.0).eval()?;
/// // np.divide(a, b, out=before, where=b != 0)
/// let quotient = Array::binary_into(Op::Divide, &a, &b, Out::from(before).filter(b.not_equal(0)));
/// assert_eq!(quotient.to_vec::<f64>()?, [-1.0, 1.0, -1.0, 3.0]);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Out {
    target: Array,
    filter: Option<Array>,
}

impl Out {
    /// Only where `mask`, an array of `bool`, holds; elsewhere the target's elements stay. It broadcasts with the operands.
    /// NumPy's `where`.
    #[must_use]
    pub fn filter(mut self, mask: impl Into<Array>) -> Out {
        self.filter = Some(mask.into());
        self
    }
}

impl From<Array> for Out {
    fn from(target: Array) -> Out {
        Out { target, filter: None }
    }
}

impl From<&Array> for Out {
    fn from(target: &Array) -> Out {
        Out::from(target.clone())
    }
}

impl Array {
    /// [`unary`](Self::unary) over what `out` holds: NumPy's `ufunc(a, out=..., where=...)`.
    ///
    /// **Shape**, **dtype** those of `out`. What is wrong comes out of the evaluation: [`ArrayError::Casting`] for a result of a
    /// higher kind than `out`, [`ArrayError::BroadcastTo`] for one that does not stretch to it, [`ArrayError::WrongType`] for a mask
    /// that is not `bool`, and what `unary` finds.
    ///
    /// ```
    /// use array_core::{Array, DType, Op};
    /// let roots = Array::unary_into(Op::Sqrt, Array::arange(0, 2, 1), Array::zeros([2]).cast(DType::F32));
    /// assert_eq!(roots.to_vec::<f32>()?, [0.0, 1.0]);
    /// let wrong = Array::unary_into(Op::Sqrt, Array::arange(0, 2, 1), Array::full([2], 0));
    /// assert!(wrong.eval().unwrap_err().to_string().contains("cannot cast the result of sqrt from float64 to int64"));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Panics
    /// As [`unary`](Self::unary), for an operation of two arguments.
    #[track_caller]
    pub fn unary_into(op: Op, a: impl Into<Term>, out: impl Into<Out>) -> Array {
        Array::unary(op, a).over(out.into(), op.name())
    }

    /// [`binary`](Self::binary) over what `out` holds; see [`unary_into`](Self::unary_into). Elements that the mask leaves out are
    /// not looked at: a negative exponent among them is no error.
    ///
    /// # Panics
    /// As [`binary`](Self::binary), for an operation of one argument.
    #[track_caller]
    pub fn binary_into(op: Op, a: impl Into<Term>, b: impl Into<Term>, out: impl Into<Out>) -> Array {
        let (out, mut b): (Out, Term) = (out.into(), b.into());
        if let (Op::Power, Some(mask), Term::Array(exponent)) = (op, &out.filter, &b)
            && exponent.dtype().is_integer()
            && mask.dtype() == DType::Bool
        {
            let one = Array::scalar(true).cast(exponent.dtype());
            b = Term::Array(Array::where_(mask, exponent, one));
        }
        Array::binary(op, a, b).over(out, op.name())
    }

    /// The elements over what `out` holds, in its type: NumPy's `copyto(out, self, where=...)`. Axes of length 1 that the array has
    /// too many do not count. Errors as of [`unary_into`](Self::unary_into).
    ///
    /// ```
    /// use array_core::{Array, Out};
    /// let rows = Array::full([2, 3], 0u8);
    /// let mask = Array::from_vec(vec![true, false], [2, 1]);
    /// let changed = Array::from_vec(vec![1u8, 2, 3], [3]).copied_into(Out::from(&rows).filter(mask));
    /// assert_eq!(changed.to_vec::<u8>()?, [1, 2, 3, 0, 0, 0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn copied_into(&self, out: impl Into<Out>) -> Array {
        let out = out.into();
        trimmed(self, out.target.ndim()).over(out, "copyto")
    }

    #[track_caller]
    fn over(self, out: Out, operation: &'static str) -> Array {
        let Out { target, filter } = out;
        if let Some(failed) =
            [Some(&self), Some(&target), filter.as_ref()].into_iter().flatten().find(|a| a.error().is_some())
        {
            return failed.clone();
        }
        let (from, to) = (self.dtype(), target.dtype());
        if !from.is_same_kind(to) {
            return Array::fail(ArrayError::Casting { operation, from, to });
        }
        let value = self.cast(to);
        let Some(mask) = filter else { return value.broadcast_to(target.shape()) };
        if mask.dtype() != DType::Bool {
            return Array::fail(ArrayError::WrongType { have: mask.dtype(), asked: DType::Bool });
        }
        // The mask stretches the operands, but nothing stretches the target.
        match broadcast_shapes(&[value.shape(), mask.shape()]) {
            Ok(shape)
                if broadcast_shapes(&[&shape, target.shape()])
                    .is_ok_and(|all| all[..] == *target.shape()) =>
            {
                Array::where_(mask, value, target)
            }
            Ok(shape) => {
                Array::fail(ArrayError::BroadcastTo { from: shape.to_vec(), to: target.shape().to_vec() })
            }
            Err(error) => Array::fail(error),
        }
    }
}
