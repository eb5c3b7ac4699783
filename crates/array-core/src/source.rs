//! Data that lives outside this crate.
//!
//! An expression can read arrays whose elements somebody else keeps (a session's tiles). Here such a leaf is only a type, a
//! shape and an opaque handle; whoever evaluates the expression knows the handle and supplies the elements to the plan.

use crate::{dtype::DType, layout::Layout};
use std::{any::Any, fmt::Debug, sync::Arc};

/// Says where the elements of a source lie that a layout shows, one after another, if they do: the address of the first. Asked for
/// layouts in C order without gaps, of at least one element. See [`Array::eval_lent`](crate::Array::eval_lent).
pub type Lend<'a> = &'a dyn Fn(&Arc<dyn Source>, &Layout) -> Option<*const u8>;

/// Data that lives outside this crate. The array knows its dtype and shape; who evaluates supplies the elements.
///
/// The elements are those of a C-contiguous array of `shape`; slices of the leaf become layouts over it. Neither answer may
/// change during the life of the source.
///
/// ```
/// use array_core::{Array, ArrayError, DType, Source};
/// use std::{any::Any, sync::Arc};
/// #[derive(Debug)]
/// struct Remote;
/// impl Source for Remote {
///     fn dtype(&self) -> DType { DType::F64 }
///     fn shape(&self) -> &[usize] { &[2, 3] }
///     fn as_any(&self) -> &dyn Any { self }
/// }
/// let doubled = Array::from_source(Arc::new(Remote)) * 2.0;
/// assert_eq!(doubled.shape(), [2, 3]);
/// assert_eq!(doubled.eval().unwrap_err().root(), &ArrayError::Unbound);
/// ```
pub trait Source: Any + Send + Sync + Debug {
    /// Type of the elements.
    fn dtype(&self) -> DType;
    /// Shape of the whole array.
    fn shape(&self) -> &[usize];
    /// The handle itself, for the evaluator to recognise.
    fn as_any(&self) -> &dyn Any;
}
