//! What a variable that names a NumPy array holds.
//!
//! **Promise** NumPy's view rules: an array bound to a name is a [`View`] on storage, and basic indexing gives another
//! view on the same storage. The result of arithmetic stays a lazy [`Array`] (*pending*) until something gives it an
//! identity: a name, an argument, a list. A pending value already bound what it reads, so computing it late or twice
//! never shows; rank 0 results are NumPy scalars, which nobody can write to.

use crate::{
    array_repr,
    engine::fault,
    fault::{Result, fail},
    value::Value,
};
use std::rc::Rc;
use txarray::{Array, DType, Index, View};

/// An n-dimensional array or a NumPy scalar that is still lazy.
#[derive(Debug, Clone)]
pub(crate) struct NdArray {
    data: Data,
    /// A NumPy scalar, as against an array of rank 0.
    scalar: bool,
}

#[derive(Debug, Clone)]
enum Data {
    View(View),
    Pending(Array),
}

impl NdArray {
    /// An array over storage.
    pub(crate) fn view(view: View) -> Self {
        Self { data: Data::View(view), scalar: false }
    }

    /// The result of an operation: rank 0 is a scalar. The error an [`Array`] carries comes out here.
    pub(crate) fn pending(array: Array) -> Result<Self> {
        match array.error() {
            Some(error) => Err(fault(error.clone().into())),
            None => Ok(Self { scalar: array.ndim() == 0, data: Data::Pending(array) }),
        }
    }

    /// The same with rank 0 meaning an array, as `np.array(1.0)` makes.
    pub(crate) fn pending_array(array: Array) -> Result<Self> {
        Ok(Self { scalar: false, ..Self::pending(array)? })
    }

    /// The same value with storage of its own.
    pub(crate) fn bound(&self, view: View) -> Self {
        Self { data: Data::View(view), scalar: self.scalar }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// The storage view of an array that has one.
    pub(crate) fn as_view(&self) -> Option<&View> {
        match &self.data {
            Data::View(view) => Some(view),
            Data::Pending(_) => None,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.as_view().is_none()
    }

    /// The value as it is now, as an operand of an expression.
    pub(crate) fn read(&self) -> Array {
        match &self.data {
            Data::View(view) => view.read(),
            Data::Pending(array) => array.clone(),
        }
    }

    pub(crate) fn shape(&self) -> &[usize] {
        match &self.data {
            Data::View(view) => view.shape(),
            Data::Pending(array) => array.shape(),
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        match &self.data {
            Data::View(view) => view.dtype(),
            Data::Pending(array) => array.dtype(),
        }
    }

    pub(crate) fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// `a[keys]`: a view on the same storage, or a scalar when every axis is indexed by an integer.
    pub(crate) fn index(&self, keys: &[Index]) -> Result<Value> {
        if self.scalar {
            fail!("a value of type '{}' cannot be indexed", crate::value::scalar_type_name(self.dtype()));
        }
        let element = !keys.is_empty()
            && keys.iter().all(|key| matches!(key, Index::At(_)))
            && keys.len() == self.ndim();
        let array = match &self.data {
            Data::View(view) => {
                let view = view.try_at(keys).map_err(|error| fault(error.into()))?;
                if element { Self::pending(view.read())? } else { Self::view(view) }
            }
            Data::Pending(array) => Self { scalar: element, ..Self::pending(array.slice(keys))? },
        };
        Ok(Value::Array(Rc::new(array)))
    }

    /// `str()` of an array that has been evaluated.
    pub(crate) fn text(&self) -> String {
        self.read().to_string()
    }

    /// `repr()` of an array that has been evaluated.
    pub(crate) fn repr(&self) -> String {
        array_repr::repr(&self.read())
    }
}
