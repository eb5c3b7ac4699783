//! Along which axes a reduction goes, and how.

use super::Array;
use crate::{
    dtype::{DType, Scalar},
    error::ArrayError,
    layout::Dims,
};
use smallvec::SmallVec;

/// Along which axes a reduction goes, and how: NumPy's `axis`, `keepdims`, `where`, `initial` and `dtype`.
///
/// An axis, an array of axes, or [`Along::all`] (`..`, `None`); negative axes count from the end.
///
/// ```
/// use array_core::{Along, Array, DType};
/// let a = Array::arange(0, 6, 1).reshape([2, 3]);
/// assert_eq!(a.sum_along(0).to_vec::<i64>()?, [3, 5, 7]);
/// assert_eq!(a.sum_along(Along::from(-1).keepdims()).shape(), [2, 1]);
/// assert_eq!(a.sum_along([0, 1]).item::<i64>()?, 15);
/// let odd = a.remainder(2).equal(1);
/// assert_eq!(a.sum_along(Along::from(1).filter(odd).initial(100).dtype(DType::F64)).to_vec::<f64>()?, [101.0, 108.0]);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Along {
    pub(super) axes: Option<SmallVec<[isize; 4]>>,
    pub(super) keepdims: bool,
    pub(super) filter: Option<Array>,
    pub(super) initial: Option<Scalar>,
    pub(super) dtype: Option<DType>,
    /// Type and shape of the target.
    pub(super) out: Option<(DType, Dims)>,
}

impl Along {
    /// All axes.
    pub fn all() -> Along {
        Along::default()
    }

    /// The reduced axes stay, with length 1.
    #[must_use]
    pub fn keepdims(mut self) -> Along {
        self.keepdims = true;
        self
    }

    /// Only elements where `mask` holds count; it broadcasts with the array, and is `bool` ([`ArrayError::WrongType`]). NumPy's `where`.
    /// What is left out of a sum is zero in it; NumPy sums each run of elements that count by itself, so the last bits of its filtered
    /// sums, means and variances may be others.
    #[must_use]
    pub fn filter(mut self, mask: impl Into<Array>) -> Along {
        self.filter = Some(mask.into());
        self
    }

    /// What the reduction starts from. (Of negative zeros alone, a sum along the last axes from negative zero is positive; NumPy's is
    /// negative.)
    #[must_use]
    pub fn initial(mut self, value: impl Into<Scalar>) -> Along {
        self.initial = Some(value.into());
        self
    }

    /// The type that elements are cast to before they are reduced: what NumPy's `x.astype(dtype).sum()` computes, bit for bit. NumPy's
    /// `x.sum(dtype=dtype)` casts and adds 8192 elements after the other instead (the size of its buffer), so the last bits of its
    /// longer sums may be others.
    ///
    /// ```
    /// use array_core::{Along, Array, DType};
    /// let third = Array::full([3], 1.0) / 3.0;
    /// assert_eq!(third.sum_along(Along::all().dtype(DType::F32)).item::<f32>()?, 1.0);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Along {
        self.dtype = Some(dtype);
        self
    }

    /// The result takes the type of `target`, whose shape it must have: NumPy's `out`. Without a type of its own
    /// ([`dtype`](Self::dtype)), the reduction is computed in the common type of the array and the target. Whatever the filter,
    /// nothing of the target stays; to compute into its memory give its block to [`Array::eval_into`].
    ///
    /// ```
    /// use array_core::{Along, Array, DType};
    /// let singles = Array::full([3], 16777217.0).cast(DType::F32);
    /// let target = Array::zeros([]);
    /// assert_eq!(singles.sum_along(Along::all().out(&target)).dtype(), DType::F64);
    /// assert!(singles.sum_along(Along::all().out(&Array::zeros([1]))).error().is_some());
    /// ```
    #[must_use]
    pub fn out(mut self, target: &Array) -> Along {
        self.out = Some((target.dtype(), target.shape().into()));
        self
    }

    /// Whether it is over all elements, and the result is one value without axes.
    pub(super) fn is_plain(&self) -> bool {
        self.axes.is_none() && self.filter.is_none() && !self.keepdims && self.out.is_none()
    }

    /// The axes, ascending.
    pub(super) fn resolve(&self, ndim: usize) -> Result<Dims, ArrayError> {
        let Some(axes) = &self.axes else { return Ok((0..ndim).collect()) };
        let mut found = Dims::new();
        for &axis in axes {
            let Some(at) = resolve_axis(axis, ndim)? else { continue };
            if found.contains(&at) {
                return Err(ArrayError::RepeatedAxis { axis: at });
            }
            found.push(at);
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// A negative axis counts from the end. The first and the last axis of a value without axes are none, as NumPy lets them pass.
pub(super) fn resolve_axis(axis: isize, ndim: usize) -> Result<Option<usize>, ArrayError> {
    let at = if axis < 0 { axis.wrapping_add_unsigned(ndim) } else { axis };
    match usize::try_from(at) {
        Ok(at) if at < ndim => Ok(Some(at)),
        _ if ndim == 0 && matches!(axis, 0 | -1) => Ok(None),
        _ => Err(ArrayError::Axis { axis, ndim }),
    }
}

impl From<isize> for Along {
    fn from(axis: isize) -> Along {
        Along { axes: Some(SmallVec::from_slice(&[axis])), ..Along::default() }
    }
}

impl From<Option<isize>> for Along {
    fn from(axis: Option<isize>) -> Along {
        axis.map_or_else(Along::all, Along::from)
    }
}

impl From<i32> for Along {
    fn from(axis: i32) -> Along {
        Along::from(axis as isize)
    }
}

impl From<&[isize]> for Along {
    fn from(axes: &[isize]) -> Along {
        Along { axes: Some(SmallVec::from_slice(axes)), ..Along::default() }
    }
}

impl<const N: usize> From<[isize; N]> for Along {
    fn from(axes: [isize; N]) -> Along {
        Along::from(&axes[..])
    }
}

impl From<std::ops::RangeFull> for Along {
    fn from(_: std::ops::RangeFull) -> Along {
        Along::all()
    }
}
