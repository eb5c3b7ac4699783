//! `View`: a storage seen through NumPy's offset, shape and strides; what a variable of a program holds.
//!
//! Basic indexing makes another view of the same storage. Arithmetic reads the view as a lazy [`Array`], bound to
//! the value the view has now.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::Arc;

use array_core::{Array, ArrayError, DType, Dims, Index, Layout, Select, Term};

use crate::binding::Bindings;
use crate::grid::Grid;
use crate::storage::{Home, Storage};

/// A storage seen through a layout that shows no element twice. Clone is three counts at most.
///
/// A view is made by a session (`Session::array`) or from a [`TArray`](crate::TArray):
///
/// ```
/// use array_core::{s, Array};
/// use tx_collections::TArray;
/// let u = TArray::new(&Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], [2, 2]))?.view();
/// let column = u.at(s![.., 0]);
/// assert_eq!(column.shape(), [2]);
/// assert!(column.same_storage(&u));
/// assert!(u.try_at(s![5].as_ref()).is_err());
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug, Clone)]
pub struct View {
    storage: Whole,
    layout: Layout,
    error: Option<Arc<ArrayError>>,
}

/// All of a storage, counted among its views: what a view is made of, in one word. Clone is two counts.
///
/// ```
/// use array_core::{DType, Dims};
/// use tx_collections::{Dropped, Grid, Home, View, Whole};
/// let (shape, home) = (Dims::from_slice(&[3]), Home::Private { slot: 0, dropped: Dropped::default() });
/// let view = View::from(Whole::new(DType::F64, shape, Grid::new(&[3], 64), home));
/// assert_eq!(view.shape(), [3]);
/// ```
#[derive(Debug)]
pub struct Whole(Arc<Storage>);

impl Whole {
    /// All of a [new storage](Storage::new).
    ///
    /// # Panics
    /// As that.
    pub fn new(dtype: DType, shape: Dims, grid: Grid, home: Home) -> Self {
        Self(Arc::new(Storage::seen(dtype, shape, grid, home, Bindings::of_one_view())))
    }

    /// The storage.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.0
    }

    fn of(storage: Arc<Storage>) -> Self {
        storage.bindings.seen();
        Self(storage)
    }
}

impl Clone for Whole {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.0))
    }
}

impl Drop for Whole {
    #[inline]
    fn drop(&mut self) {
        self.0.bindings.unseen();
    }
}

impl From<Whole> for View {
    #[inline]
    fn from(storage: Whole) -> Self {
        let layout =
            Layout::contiguous(storage.0.shape()).expect("a storage's shape was checked when it was made");
        Self { storage, layout, error: None }
    }
}

impl From<View> for Whole {
    /// All of what the view shows a part of.
    fn from(view: View) -> Self {
        view.storage
    }
}

impl View {
    /// The whole storage.
    pub fn whole(storage: Arc<Storage>) -> Self {
        Whole::of(storage).into()
    }

    /// Part of a storage, through a layout over its C order such as basic indexing makes.
    ///
    /// # Panics
    /// If the layout is none, reaches outside, shows an element twice, or has axes that interleave: a view may be written,
    /// tile by tile.
    pub fn new(storage: Arc<Storage>, layout: Layout) -> Self {
        assert!(layout.fits(storage.grid().len()), "the layout reaches outside the storage");
        assert!(is_nested(&layout), "the layout shows elements twice or out of order");
        Self { storage: Whole::of(storage), layout, error: None }
    }

    /// Lengths along the axes.
    pub fn shape(&self) -> &[usize] {
        &self.layout.shape
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.storage.0.dtype()
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.layout.shape.len()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the elements lie in the storage's C order.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The storage behind.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage.0
    }

    /// Whether a write to one may be seen through the other.
    pub fn same_storage(&self, other: &View) -> bool {
        Arc::ptr_eq(&self.storage.0, &other.storage.0)
    }

    /// The error of an [`at`](View::at) that did not fit, if there was one.
    pub fn error(&self) -> Option<&ArrayError> {
        self.error.as_deref()
    }

    /// NumPy basic indexing: another view of the same storage.
    ///
    /// # Errors
    /// An index out of range, too many indices, or a step of zero.
    pub fn try_at(&self, index: &[Index]) -> Result<View, ArrayError> {
        match &self.error {
            Some(error) => Err((**error).clone()),
            None => {
                Ok(Self { storage: self.storage.clone(), layout: self.layout.index(index)?, error: None })
            }
        }
    }

    /// [`try_at`](View::try_at) for chained expressions: an error is kept and comes out where the view is used.
    pub fn at(&self, index: impl AsRef<[Index]>) -> View {
        self.try_at(index.as_ref())
            .unwrap_or_else(|error| View { error: Some(Arc::new(error)), ..self.clone() })
    }

    /// The value of the view at this moment, as a lazy array: later writes do not change it.
    ///
    /// Except that of a [`TArray`](crate::TArray): later array statements of the session do not change it, but what
    /// closures and other threads write before it is computed shows. [`TArray::load`](crate::TArray::load) takes a
    /// snapshot.
    pub fn read(&self) -> Array {
        match &self.error {
            Some(error) => Array::from_error((**error).clone()),
            // SAFETY: a view's layout lies within its storage, which has as many elements as its grid: whole, checked when it was given, or
            // an index of such a one. What a binding is pinned to has the storage's shape.
            None => unsafe {
                let storage = &self.storage.0;
                Array::from_source_within(storage.bindings.bind(storage, true), &self.layout)
            },
        }
    }
}

/// Whether each step along an axis passes all that the axes of smaller steps reach.
fn is_nested(layout: &Layout) -> bool {
    let mut axes: Vec<(usize, usize)> = layout
        .shape
        .iter()
        .zip(&layout.strides)
        .filter(|&(&n, _)| n > 1)
        .map(|(&n, stride)| (stride.unsigned_abs(), n - 1))
        .collect();
    axes.sort_unstable();
    let mut reach = 0;
    layout.is_empty()
        || axes.into_iter().all(|(step, steps)| {
            let passes = step > reach;
            reach += step * steps;
            passes
        })
}

impl AsRef<View> for View {
    fn as_ref(&self) -> &View {
        self
    }
}

impl From<View> for Array {
    fn from(view: View) -> Array {
        view.read()
    }
}

impl From<&View> for Array {
    fn from(view: &View) -> Array {
        view.read()
    }
}

/// Positions or a mask, in a full index.
impl From<&View> for Select {
    fn from(view: &View) -> Select {
        Select::Array(view.read())
    }
}

impl From<View> for Term {
    fn from(view: View) -> Term {
        Term::Array(view.read())
    }
}

impl From<&View> for Term {
    fn from(view: &View) -> Term {
        Term::Array(view.read())
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),*) => {$(
        operators!(@view $trait $method, View);
        operators!(@view $trait $method, &View);
        operators!(@left $trait $method: f64 i64 i32);
    )*};
    (@view $trait:ident $method:ident, $view:ty) => {
        impl<R: Into<Term>> $trait<R> for $view {
            type Output = Array;
            #[track_caller]
            fn $method(self, other: R) -> Array {
                $trait::$method(self.read(), other)
            }
        }
    };
    (@left $trait:ident $method:ident: $($left:ty)*) => {$(
        impl $trait<View> for $left {
            type Output = Array;
            #[track_caller]
            fn $method(self, other: View) -> Array {
                $trait::$method(self, other.read())
            }
        }
        impl $trait<&View> for $left {
            type Output = Array;
            #[track_caller]
            fn $method(self, other: &View) -> Array {
                $trait::$method(self, other.read())
            }
        }
    )*};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for View {
    type Output = Array;
    #[track_caller]
    fn neg(self) -> Array {
        -self.read()
    }
}

impl Neg for &View {
    type Output = Array;
    #[track_caller]
    fn neg(self) -> Array {
        -self.read()
    }
}
