//! Data shared with the crate `ndarray`, in both directions and without a copy (feature `ndarray`).
//!
//! Every layout goes both ways: C and Fortran order, steps, backward axes, stretched axes.
//! **Invariant** N1: what an `ArcArray` shares is immutable while more than one handle holds it (it copies on writing), and a
//! buffer made of one holds a handle for as long as it lives.

use super::Array;
use crate::{buffer::Buffer, dtype::Element, error::ArrayError, layout::Layout};
use ::ndarray::{ArcArray, ArrayViewD, Axis, Dimension, IxDyn, ShapeBuilder};
use std::ptr::NonNull;

impl Array {
    /// The elements of an owned `ndarray` array, without copying: its vector and its strides are kept.
    ///
    /// ```
    /// use array_core::Array;
    /// use ndarray::{array, ShapeBuilder};
    /// let a = Array::from_ndarray(array![[1.0, 2.0], [3.0, 4.0]].reversed_axes());
    /// assert_eq!((&a + 1.0).to_vec::<f64>()?, [2.0, 4.0, 3.0, 5.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn from_ndarray<T: Element, D: Dimension>(array: ::ndarray::Array<T, D>) -> Array {
        let (shape, strides) = (array.shape().into(), array.strides().into());
        let (vec, offset) = array.into_raw_vec_and_offset();
        Array::from_parts(
            Buffer::from_vec(vec),
            Layout { shape, strides, offset: offset.unwrap_or(0) as isize },
        )
    }

    /// The elements of a shared `ndarray` array, without copying: a handle to it is kept for as long as the data is
    /// looked at. As every `ArcArray` it copies itself when its other holders write, so neither side sees the other's changes.
    ///
    /// ```
    /// use array_core::Array;
    /// let mut shared = ndarray::arr1(&[1, 2, 3i64]).into_shared();
    /// let a = Array::from_arc_ndarray(shared.clone());
    /// assert_eq!(a.as_buffer().unwrap().0.as_ptr(), shared.as_ptr().cast());
    /// shared[0] = 9;
    /// assert_eq!(a.to_vec::<i64>()?, [1, 2, 3]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn from_arc_ndarray<T: Element, D: Dimension + 'static>(array: ArcArray<T, D>) -> Array {
        let array = match array.try_into_owned_nocopy() {
            Ok(owned) => return Array::from_ndarray(owned),
            Err(shared) => shared,
        };
        let mut layout = Layout { shape: array.shape().into(), strides: array.strides().into(), offset: 0 };
        if array.is_empty() {
            return Array::from_parts(Buffer::from_vec(Vec::<T>::new()), layout);
        }
        let (low, high) = layout.span(0..array.len()).expect("the array has elements");
        layout.offset = -low;
        // SAFETY: the elements from the lowest to the highest address lie in the vector that the array shares, all of which is
        // initialised; it is not changed while the array moved into the buffer holds a handle (N1).
        let buffer = unsafe {
            let first = array.as_ptr().offset(low);
            Buffer::from_foreign(first, (high - low) as usize + 1, Box::new(array))
        };
        Array::from_parts(buffer, layout)
    }

    /// The elements as a view of `ndarray`, without copying; only of an array that is evaluated.
    ///
    /// ```
    /// use array_core::{s, Array, ArrayError};
    /// let a = Array::arange(0.0, 6.0, 1.0).reshape([2, 3]);
    /// let back = a.slice(s![.., ..; -1]);
    /// let view = back.as_ndarray::<f64>()?;
    /// assert_eq!((view.shape(), view.strides(), view[[1, 0]]), (&[2, 3][..], &[3, -1][..], 5.0));
    /// assert_eq!((&a + 1.0).as_ndarray::<f64>().unwrap_err(), ArrayError::NotEvaluated);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// The view cannot be used when the array is gone, nor while it is changed:
    ///
    /// ```compile_fail,E0505
    /// # use array_core::Array;
    /// let a = Array::arange(0.0, 6.0, 1.0);
    /// let view = a.as_ndarray::<f64>().unwrap();
    /// drop(a);
    /// println!("{view}");
    /// ```
    ///
    /// ```compile_fail,E0502
    /// # use array_core::Array;
    /// let mut a = Array::arange(0.0, 6.0, 1.0);
    /// let view = a.as_ndarray::<f64>().unwrap();
    /// a.elements_mut::<f64>().unwrap().for_each(|x| *x = 0.0);
    /// println!("{view}");
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::NotEvaluated`] of a pending expression ([`eval`](Self::eval) it first); [`ArrayError::WrongType`] if the
    /// elements are not `T`s; the error that the array carries.
    pub fn as_ndarray<T: Element>(&self) -> Result<ArrayViewD<'_, T>, ArrayError> {
        self.expect_type::<T>()?;
        let (data, layout) = self.as_buffer().ok_or(ArrayError::NotEvaluated)?;
        let shape = IxDyn(&layout.shape);
        if layout.is_empty() {
            // SAFETY: there is no element to look at.
            return Ok(unsafe { ArrayViewD::from_shape_ptr(shape, NonNull::dangling().as_ptr()) });
        }
        let (low, _) = layout.span(0..layout.len()).expect("there are elements");
        // Strides of axes without a second element may be anything, and count for `ndarray`.
        let stride = |(&s, &n): (&isize, &usize)| if n == 1 { 0 } else { s };
        let strides: Vec<isize> = layout.strides.iter().zip(&layout.shape).map(stride).collect();
        let steps: Vec<usize> = strides.iter().map(|s| s.unsigned_abs()).collect();
        // SAFETY: all elements lie in the buffer (L1), which `self` keeps and nobody writes while it is borrowed (B1); they are
        // `T`s. From the lowest address all steps go upwards.
        let mut view = unsafe {
            ArrayViewD::from_shape_ptr(shape.strides(IxDyn(&steps)), data.as_ptr().cast::<T>().offset(low))
        };
        for (axis, _) in strides.iter().enumerate().filter(|(_, s)| **s < 0) {
            view.invert_axis(Axis(axis));
        }
        Ok(view)
    }
}
