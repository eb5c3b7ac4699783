//! The array value: construction and questions. Operators are in `array/ops.rs`, views in `array/view.rs`.
//!
//! **Promise** an [`Array`] never changes; a clone is one reference count; type and shape are known at once, elements when
//! somebody looks. Nothing here panics on wrong shapes or types: the array carries the error to its evaluation.

mod along;
mod moments;
#[cfg(feature = "ndarray")]
mod ndarray;
mod nonzero;
mod ops;
mod out;
mod reduce;
mod select;
mod sources;
mod term;
mod view;

pub use along::Along;
pub use out::Out;
pub use term::Term;

use crate::{
    buffer::Buffer,
    dtype::{DType, Element, Scalar},
    error::ArrayError,
    expr::{AddressMap, Kind, Node},
    held::Held,
    layout::{Dims, Layout, checked_len, volume},
    source::Source,
};
use smallvec::SmallVec;
use std::{panic::Location, sync::Arc};

/// An immutable n-dimensional array: data, or a lazy expression over data.
///
/// ```
/// use array_core::{s, Array};
/// let a = Array::linspace(0.0, 1.0, 5);
/// let b = &a * 2.0 + 1.0;                                 // nothing is computed yet
/// assert_eq!(b.slice(s![1..-1]).to_vec::<f64>()?, [1.5, 2.0, 2.5]);
/// assert_eq!((&b * &b).sum().item::<f64>()?, 22.5);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Clone)]
pub struct Array(pub(crate) Held<Node>);

impl Array {
    /// The elements of `vec` in C order under `shape`; the vector is kept, not copied. A wrong length is an error that
    /// comes out of the evaluation.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6i64], [2, 3]);
    /// assert_eq!(a.shape(), [2, 3]);
    /// assert!(Array::from_vec(vec![1.0], [2]).error().is_some());
    /// ```
    #[track_caller]
    pub fn from_vec<T: Element>(vec: Vec<T>, shape: impl AsRef<[usize]>) -> Array {
        Array::from_buffer(Buffer::from_vec(vec), shape)
    }

    /// The elements of a buffer in C order under `shape`. A wrong length is [`ArrayError::Length`], which comes out of the evaluation.
    ///
    /// ```
    /// use array_core::{Array, Buffer};
    /// let buffer = Buffer::from_vec(vec![1, 2, 3, 4i64]);
    /// let (row, square) = (Array::from_buffer(buffer.clone(), [4]), Array::from_buffer(buffer, [2, 2]));
    /// assert_eq!((row + square.reshape([4])).to_vec::<i64>()?, [2, 4, 6, 8]);   // both see one memory
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn from_buffer(buffer: Buffer, shape: impl AsRef<[usize]>) -> Array {
        let shape = shape.as_ref();
        match Layout::contiguous(shape) {
            Ok(layout) if layout.len() == buffer.len() => Array::from_layout(buffer, layout),
            Ok(_) => Array::fail(ArrayError::Length { len: buffer.len(), shape: shape.to_vec() }),
            Err(error) => Array::fail(error),
        }
    }

    /// A view of a buffer through a layout whose addresses all lie in the buffer (checked: else [`ArrayError::Length`] comes out of
    /// the evaluation). Addresses may be those of several elements.
    ///
    /// ```
    /// use array_core::{Array, Buffer, Layout};
    /// let mut windows = Layout::contiguous(&[3, 2])?;
    /// windows.strides[0] = 1;
    /// let data = Buffer::from_vec(vec![1, 2, 3, 4i64]);
    /// assert_eq!(Array::from_parts(data.clone(), windows.clone()).to_vec::<i64>()?, [1, 2, 2, 3, 3, 4]);
    /// windows.offset = 1;
    /// assert!(Array::from_parts(data, windows).error().is_some());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn from_parts(buffer: Buffer, layout: Layout) -> Array {
        if !layout.fits(buffer.len()) {
            return Array::fail(ArrayError::Length { len: buffer.len(), shape: layout.shape.to_vec() });
        }
        Array::from_layout(buffer, layout.settled())
    }

    #[inline]
    pub(crate) fn from_layout(data: Buffer, layout: Layout) -> Array {
        Node::leaf(data.dtype(), Kind::Buffer { data, layout })
    }

    /// All of a buffer, in C order.
    #[inline(always)]
    pub(crate) fn packed(data: Buffer, shape: &[usize]) -> Array {
        match *shape {
            [] => Node::packed(data, []),
            [n] => Node::packed(data, [n]),
            [m, n] => Node::packed(data, [m, n]),
            _ => Array::from_layout(data, Layout::packed(shape)),
        }
    }

    /// A leaf whose elements somebody else keeps; see [`Source`].
    #[track_caller]
    pub fn from_source(source: Arc<dyn Source>) -> Array {
        match Layout::contiguous(source.shape()) {
            Ok(layout) => Node::leaf(source.dtype(), Kind::Source { data: source, layout }),
            Err(error) => Array::fail(error),
        }
    }

    /// A 0-d array of one value, of the value's own type; a plain integer is an `int64`.
    ///
    /// ```
    /// use array_core::{Array, DType};
    /// let bytes = Array::from_vec(vec![1u8, 2], [2]);
    /// assert_eq!((&bytes + Array::scalar(1)).dtype(), DType::I64);   // it insists on its type,
    /// assert_eq!((&bytes + 1).dtype(), DType::U8);                   // a plain number does not
    /// ```
    pub fn scalar(value: impl Into<Scalar>) -> Array {
        Node::number(value.into())
    }

    /// One value everywhere; takes no memory until it is evaluated.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::full([2, 2], 7).to_vec::<i64>()?, [7, 7, 7, 7]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn full(shape: impl AsRef<[usize]>, value: impl Into<Scalar>) -> Array {
        let (shape, value) = (shape.as_ref(), value.into());
        match checked_len(shape) {
            Ok(_) => Node::leaf(value.dtype(), Kind::Const { value, shape: Dims::from_slice(shape) }),
            Err(error) => Array::fail(error),
        }
    }

    /// `float64` zeros.
    #[track_caller]
    pub fn zeros(shape: impl AsRef<[usize]>) -> Array {
        Array::full(shape, 0.0)
    }

    /// `float64` ones.
    #[track_caller]
    pub fn ones(shape: impl AsRef<[usize]>) -> Array {
        Array::full(shape, 1.0)
    }

    /// `start, start + step, …` before `stop`, as `np.arange`: `int64` if all three are integers (or `bool`), else
    /// `float64`. A step of zero, or a bound that is not finite, is an error.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 10, 3).to_vec::<i64>()?, [0, 3, 6, 9]);
    /// assert_eq!(Array::arange(0.0, 1.0, 0.25).to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn arange(start: impl Into<Scalar>, stop: impl Into<Scalar>, step: impl Into<Scalar>) -> Array {
        let (start, stop, step) = (start.into(), stop.into(), step.into());
        #[track_caller]
        fn refuse(reason: &'static str) -> Array {
            Array::fail(ArrayError::Range { reason })
        }
        if let (Some(a), Some(b), Some(s)) = (start.as_integer(), stop.as_integer(), step.as_integer()) {
            if s == 0 {
                return refuse("the step is zero");
            }
            let distance = if s > 0 { b - a } else { a - b };
            let count = if distance > 0 { (distance as u128).div_ceil(s.unsigned_abs()) } else { 0 };
            let Some(count) = usize::try_from(count).ok().filter(|&n| checked_len(&[n]).is_ok()) else {
                return refuse("too many elements");
            };
            return Array::sequence(count, |i| (a + i as i128 * s) as i64);
        }
        let (a, b, s) = (start.as_f64(), stop.as_f64(), step.as_f64());
        if s == 0.0 {
            return refuse("the step is zero");
        }
        let count = ((b - a) / s).ceil().max(0.0);
        if !(a.is_finite() && b.is_finite() && !s.is_nan()) {
            return refuse("the bounds are not finite");
        }
        if count > 1e15 {
            return refuse("too many elements");
        }
        // NumPy fills with the difference of the first two elements, which need not be `step` to the last bit.
        let delta = (a + s) - a;
        Array::sequence(count as usize, |i| a + i as f64 * delta)
    }

    /// `n` evenly spaced `float64` from `start` to `stop`, both included, as `np.linspace`.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::linspace(0.0, 1.0, 5).to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn linspace(start: f64, stop: f64, n: usize) -> Array {
        if checked_len(&[n]).is_err() {
            return Array::fail(ArrayError::TooLarge { shape: vec![n] });
        }
        let (div, delta) = (n.saturating_sub(1) as f64, stop - start);
        let step = delta / div;
        Array::sequence(n, |i| match i {
            _ if n == 1 => 0.0 * delta + start,
            _ if i == n - 1 => stop,
            // A step too small to represent: NumPy divides first.
            _ if step == 0.0 => i as f64 / div * delta + start,
            _ => i as f64 * step + start,
        })
    }

    /// The elements `f(0)`, `f(1)`, …, `n` of them; [`ArrayError::OutOfMemory`] where there is no room, not the end of the process.
    #[track_caller]
    fn sequence<T: Element>(n: usize, f: impl Fn(usize) -> T) -> Array {
        let mut values = Vec::new();
        if values.try_reserve_exact(n).is_err() {
            return Array::fail(ArrayError::OutOfMemory { bytes: n.saturating_mul(size_of::<T>()) });
        }
        values.extend((0..n).map(f));
        Array::from_vec(values, [n])
    }

    /// An array that carries an error made at the caller's line.
    #[track_caller]
    pub(crate) fn fail(error: ArrayError) -> Array {
        Node::failed(error.at(Location::caller()))
    }

    /// Type of the elements. Of an array that carries an error: `float64`.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// Lengths of the axes. Of an array that carries an error: none.
    pub fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// Number of elements (1 for a 0-d array).
    pub fn len(&self) -> usize {
        volume(self.shape())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape().contains(&0)
    }

    /// What went wrong while the expression was built, if something did; with the line of the operator.
    ///
    /// ```
    /// use array_core::{Array, ArrayError};
    /// let wrong = (Array::zeros([2]) + Array::zeros([3])) * 2.0;
    /// let error = wrong.error().expect("the shapes do not go together");
    /// assert!(matches!(error.root(), ArrayError::Broadcast { axis: 0, .. }));
    /// assert_eq!(error.location().map(|line| line.line()), Some(line!() - 3));
    /// ```
    pub fn error(&self) -> Option<&ArrayError> {
        match &self.0.kind {
            Kind::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the elements exist already (a view of a buffer), so that looking at them costs nothing.
    pub fn is_evaluated(&self) -> bool {
        matches!(self.0.kind, Kind::Buffer { .. })
    }

    /// The buffer and the layout of an array that is a view of one.
    ///
    /// ```
    /// use array_core::{s, Array};
    /// let a = Array::from_vec(vec![1.0, 2.0, 3.0], [3]);
    /// let (buffer, layout) = a.slice(s![..; -1]).as_buffer().map(|(b, l)| (b.len(), l.offset)).unwrap();
    /// assert_eq!((buffer, layout), (3, 2));
    /// ```
    pub fn as_buffer(&self) -> Option<(&Buffer, &Layout)> {
        match &self.0.kind {
            Kind::Buffer { data, layout } => Some((data, layout)),
            _ => None,
        }
    }

    /// The source and the layout over it of an array that is a view of one.
    pub fn as_source(&self) -> Option<(&Arc<dyn Source>, &Layout)> {
        match &self.0.kind {
            Kind::Source { data, layout } => Some((data, layout)),
            _ => None,
        }
    }

    /// The value of an array that is one value everywhere by construction ([`Array::scalar`], [`Array::full`]).
    pub fn as_const(&self) -> Option<Scalar> {
        match &self.0.kind {
            Kind::Const { value, .. } => Some(*value),
            _ => None,
        }
    }

    /// Calls `f` with each source the expression reads, once per leaf. [`map_sources`](Self::map_sources) exchanges them.
    ///
    /// Walks the whole expression, without recursion.
    pub fn for_each_source(&self, f: &mut dyn FnMut(&Arc<dyn Source>, &Layout)) {
        // What several hold may be met again. The first few are looked through, more are hashed.
        let mut few: SmallVec<[*const Node; 16]> = SmallVec::new();
        let mut seen: AddressMap<*const Node, ()> = AddressMap::default();
        let mut is_new = |node: *const Node| {
            if few.contains(&node) {
                false
            } else if few.len() < few.inline_size() {
                few.push(node);
                true
            } else {
                seen.insert(node, ()).is_none()
            }
        };
        let mut stack: SmallVec<[&Array; 16]> = SmallVec::new();
        stack.push(self);
        while let Some(node) = stack.pop() {
            if node.is_shared() && !is_new(node.address()) {
                continue;
            }
            if let Kind::Source { data, layout } = &node.0.kind {
                f(data, layout);
            }
            for arg in node.0.args() {
                stack.push(arg);
            }
        }
    }

    /// Where the elements lie, for writing, if this is data that nobody else holds (R2 in `cursor.rs`).
    pub(crate) fn own_elements<T: Element>(&mut self) -> Option<(*mut T, Layout)> {
        match &mut self.0.get_mut()?.kind {
            Kind::Buffer { data, layout } if layout.is_distinct() => {
                Some((data.as_own_mut()?, layout.clone()))
            }
            _ => None,
        }
    }

    pub(crate) fn address(&self) -> *const Node {
        self.0.as_ptr()
    }

    pub(crate) fn is_shared(&self) -> bool {
        !self.0.is_alone()
    }
}

impl<T: Into<Scalar>> From<T> for Array {
    fn from(value: T) -> Array {
        Array::scalar(value)
    }
}

impl From<&Array> for Array {
    fn from(array: &Array) -> Array {
        array.clone()
    }
}
