//! Elements cut to bounds.

use super::{
    super::{Array, Term},
    types::common_with,
};
use crate::dtype::Scalar;

impl Array {
    /// `minimum(maximum(self, low), high)`: the element cut to `low..=high`; NaN if an operand is (of complex numbers, one of those that
    /// count; an element that is NaN stays as it is). Where `low` is above `high` the
    /// result is `high`.
    ///
    /// **Shape** the three broadcast together. **Dtype** the common one of the three; plain numbers are weak ([`Term`]). A plain
    /// integer beyond the end of an integer array's type, at the side where it bounds nothing, is no bound, as in NumPy; at the
    /// other side it is [`ArrayError::IntegerBounds`](crate::ArrayError::IntegerBounds), which comes out of the evaluation. Of an
    /// element and a bound that are zeros of different signs: the element if it is real and the bounds have no axes, else the bound.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 5, 1).clip(1, 3).to_vec::<i64>()?, [1, 1, 2, 3, 3]);
    /// let bytes = Array::from_vec(vec![3u8, 200], [2]);
    /// assert_eq!(bytes.clip(-1, 100).to_vec::<u8>()?, [3, 100]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn clip(&self, low: impl Into<Term>, high: impl Into<Term>) -> Array {
        let (low, high): (Term, Term) = (low.into(), high.into());
        for term in [&Term::from(self), &low, &high] {
            if let Term::Array(array) = term
                && array.error().is_some()
            {
                return array.clone();
            }
        }
        let dtype = common_with(self, &[&low, &high]);
        // A plain integer at or beyond the end of the array's type bounds nothing.
        let (least, greatest) = self.dtype().integers().unwrap_or((i128::MIN, i128::MAX));
        let plain = |term: &Term| {
            if let Term::Weak(Scalar::I64(value)) = term { Some(i128::from(*value)) } else { None }
        };
        let low = (plain(&low).is_none_or(|value| value > least)).then(|| low.of(dtype));
        let high = (plain(&high).is_none_or(|value| value < greatest)).then(|| high.of(dtype));
        let element = self.cast(dtype);
        // Of equal ones an extreme is its second operand.
        match (low, high) {
            (Some(low), Some(high)) if dtype.is_complex() => {
                let raised = unless(before(&low, &element), element, low);
                unless(before(&raised, &high), raised, high)
            }
            (Some(low), Some(high)) if low.ndim() + high.ndim() == 0 => high.minimum(low.maximum(element)),
            (Some(low), Some(high)) => element.maximum(low).minimum(high),
            (Some(low), None) => element.maximum(low),
            (None, Some(high)) => element.minimum(high),
            (None, None) => element,
        }
    }
}

/// Whether complex numbers come before others: by their real parts, and where these are equal by the imaginary ones. Unlike
/// [`Array::less`] it does not ask whether a part that does not count is NaN: so NumPy's `clip` orders them.
#[track_caller]
fn before(a: &Array, b: &Array) -> Array {
    let (left, right) = (a.real(), b.real());
    left.less(&right) | (left.equal(&right) & a.imag().less(b.imag()))
}

/// The element, if it lies `inside` or is NaN; else the bound.
#[track_caller]
fn unless(inside: Array, element: Array, bound: Array) -> Array {
    Array::where_(element.isnan() | inside, element, bound)
}
