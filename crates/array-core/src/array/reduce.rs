//! Reductions and scans: over all elements, or along any set of axes.
//!
//! Lazy, like operators. A reduction over all elements is one pass that may be cut into nodes of a tree; along some of the
//! axes it is an operation on a whole array ([`Array::is_whole`]). What is computed elementwise before it is fused into it.

use super::Array;
use crate::{
    dtype::{DType, Kind as TypeKind, Scalar},
    error::ArrayError,
    expr::{Node, Op, ReduceOp, Whole},
    index::Index,
    layout::{Dims, broadcast_shapes},
};
use smallvec::SmallVec;
use std::panic::Location;

/// Along which axes a reduction goes, and how: NumPy's `axis`, `keepdims`, `where`, `initial` and `dtype`.
///
/// An axis, an array of axes, or [`Along::all`]; negative axes count from the end.
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
    axes: Option<SmallVec<[isize; 4]>>,
    keepdims: bool,
    filter: Option<Array>,
    initial: Option<Scalar>,
    dtype: Option<DType>,
    /// Type and shape of the target.
    out: Option<(DType, Dims)>,
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

    /// Only elements where `mask` holds count; it broadcasts with the array. NumPy's `where`.
    #[must_use]
    pub fn filter(mut self, mask: impl Into<Array>) -> Along {
        self.filter = Some(mask.into());
        self
    }

    /// What the reduction starts from.
    #[must_use]
    pub fn initial(mut self, value: impl Into<Scalar>) -> Along {
        self.initial = Some(value.into());
        self
    }

    /// The type that elements are cast to before they are reduced.
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

    /// The axes, ascending.
    fn resolve(&self, ndim: usize) -> Result<Dims, ArrayError> {
        let Some(axes) = &self.axes else { return Ok((0..ndim).collect()) };
        let mut found = Dims::new();
        for &axis in axes {
            let at = resolve_axis(axis, ndim)?;
            if found.contains(&at) {
                return Err(ArrayError::RepeatedAxis { axis: at });
            }
            found.push(at);
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// A negative axis counts from the end.
pub(crate) fn resolve_axis(axis: isize, ndim: usize) -> Result<usize, ArrayError> {
    let at = if axis < 0 { axis.wrapping_add_unsigned(ndim) } else { axis };
    if at < 0 || at as usize >= ndim { Err(ArrayError::Axis { axis, ndim }) } else { Ok(at as usize) }
}

impl From<isize> for Along {
    fn from(axis: isize) -> Along {
        Along { axes: Some(SmallVec::from_slice(&[axis])), ..Along::default() }
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

impl Array {
    /// A reduction over all elements; a 0-d array. Lazy; the same bits at every tile size and thread count.
    #[track_caller]
    pub fn reduce(&self, op: ReduceOp) -> Array {
        if self.error().is_some() {
            return self.clone();
        }
        if self.is_empty() && matches!(op, ReduceOp::Max | ReduceOp::Min) {
            return Array::fail(ArrayError::EmptyReduction { operation: op.name() });
        }
        let dtype = op.result(self.dtype());
        Node::reduce(op, dtype, self.cast(dtype), Location::caller())
    }

    /// A reduction along some axes; see [`Along`]. [`reduce`](Self::reduce) over all, if it says so.
    ///
    /// **Shape** that of `self` without the axes. **Dtype** as [`ReduceOp::result`], or the one asked for. **Bits** those of
    /// NumPy on contiguous data for sums (rows of last axes by the pairwise tree, other axes in order), of any operand fixed by
    /// its shape alone; products of rows use the tree too, where NumPy multiplies in order.
    ///
    /// What is wrong comes out of the evaluation: [`ArrayError::Axis`], [`ArrayError::RepeatedAxis`],
    /// [`ArrayError::EmptyReduction`], [`ArrayError::Broadcast`] of a filter, [`ArrayError::Unsupported`] for an extreme of filtered
    /// elements without a start.
    #[track_caller]
    pub fn reduce_along(&self, op: ReduceOp, along: impl Into<Along>) -> Array {
        let along = along.into();
        match self.try_reduce(op, &along) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    #[track_caller]
    fn try_reduce(&self, op: ReduceOp, along: &Along) -> Result<Array, ArrayError> {
        if self.error().is_some() {
            return Ok(self.clone());
        }
        if op == ReduceOp::Mean {
            return self.try_mean(along);
        }
        let Some((dtype, shape)) = &along.out else { return self.reduced(op, along) };
        let asked = along.dtype.unwrap_or_else(|| self.dtype().promote(*dtype));
        let result = self.reduced(op, &Along { dtype: Some(asked), out: None, ..along.clone() })?;
        if result.error().is_none() && result.shape() != &shape[..] {
            return Err(ArrayError::BroadcastTo { from: result.shape().to_vec(), to: shape.to_vec() });
        }
        Ok(result.cast(*dtype))
    }

    #[track_caller]
    fn reduced(&self, op: ReduceOp, along: &Along) -> Result<Array, ArrayError> {
        let extreme = matches!(op, ReduceOp::Max | ReduceOp::Min);
        let asked =
            along.dtype.unwrap_or_else(|| if extreme { self.dtype() } else { op.result(self.dtype()) });
        // Narrow integers wrap in 64 bits as they would in their own.
        let computed = op.result(asked);
        let mut arg = self.cast(asked).cast(computed);
        let initial = along.initial.map(|value| value.cast(asked));
        if let Some(mask) = &along.filter {
            let neutral = match (extreme, initial) {
                (false, _) => op.identity(computed),
                (true, Some(value)) => value,
                (true, None) => {
                    return Err(ArrayError::Unsupported {
                        operation: op.name(),
                        dtypes: vec![self.dtype()],
                        reason: "the reduction has no identity, so to filter elements it needs an initial value",
                    });
                }
            };
            arg = filtered(&arg, mask, neutral)?;
        }
        let axes = along.resolve(self.ndim())?;
        let shape = arg.shape().to_vec();
        let kept: Dims = (0..shape.len()).filter(|a| !axes.contains(a)).map(|a| shape[a]).collect();
        let nothing = axes.iter().any(|&a| shape[a] == 0);
        let mut out = if nothing && extreme && !kept.contains(&0) {
            // Only the start is left.
            let value = initial.ok_or(ArrayError::EmptyReduction { operation: op.name() })?;
            return Ok(keep(&Array::full(&kept, value), &axes, along.keepdims));
        } else if axes.len() == shape.len() && !axes.is_empty() || shape.is_empty() {
            arg.reduce(op)
        } else if axes.is_empty() {
            arg
        } else {
            Node::whole(
                Whole::Reduce { op, axes: axes.clone() },
                computed,
                kept,
                [arg].into_iter().collect(),
                Location::caller(),
            )
        };
        if let Some(value) = initial {
            let start = Array::scalar(value.cast(computed));
            out = match op {
                ReduceOp::Max => start.maximum(out),
                ReduceOp::Min => start.minimum(out),
                ReduceOp::Prod => start * out,
                _ => start + out,
            };
        }
        Ok(keep(&out.cast(asked), &axes, along.keepdims))
    }

    #[track_caller]
    fn try_mean(&self, along: &Along) -> Result<Array, ArrayError> {
        let dtype = along.dtype.unwrap_or_else(|| ReduceOp::Mean.result(self.dtype()));
        if along.filter.is_none() && along.axes.is_none() && !along.keepdims && along.out.is_none() {
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

    /// Sum of all elements, by NumPy's pairwise tree: the bits of `np.sum` on contiguous data. `bool` and signed integers
    /// sum in `int64`, unsigned in `uint64` (wrapping). Of nothing: 0.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::ones([1000]).sum().item::<f64>()?, 1000.0);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn sum(&self) -> Array {
        self.reduce(ReduceOp::Sum)
    }

    /// Greatest element; NaN if there is one. Of nothing: [`ArrayError::EmptyReduction`], out of the evaluation.
    #[track_caller]
    pub fn max(&self) -> Array {
        self.reduce(ReduceOp::Max)
    }

    /// Least element; NaN if there is one. Of nothing: [`ArrayError::EmptyReduction`], out of the evaluation.
    #[track_caller]
    pub fn min(&self) -> Array {
        self.reduce(ReduceOp::Min)
    }

    /// Arithmetic mean of all elements, of integers in `float64`. Of nothing: NaN.
    #[track_caller]
    pub fn mean(&self) -> Array {
        self.reduce(ReduceOp::Mean)
    }

    /// Product of all elements, in the types of [`sum`](Self::sum). Of nothing: 1.
    #[track_caller]
    pub fn prod(&self) -> Array {
        self.reduce(ReduceOp::Prod)
    }

    /// Sums along axes; see [`reduce_along`](Self::reduce_along).
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 24, 1).reshape([2, 3, 4]);
    /// assert_eq!(a.sum_along([0, 2]).to_vec::<i64>()?, [60, 92, 124]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn sum_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Sum, along)
    }

    /// Products along axes; see [`reduce_along`](Self::reduce_along).
    #[track_caller]
    pub fn prod_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Prod, along)
    }

    /// Greatest elements along axes; see [`reduce_along`](Self::reduce_along).
    #[track_caller]
    pub fn max_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Max, along)
    }

    /// Least elements along axes; see [`reduce_along`](Self::reduce_along).
    #[track_caller]
    pub fn min_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Min, along)
    }

    /// Means along axes; see [`reduce_along`](Self::reduce_along). A start does not apply.
    #[track_caller]
    pub fn mean_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Mean, along)
    }

    /// Whether any element holds (is not zero). Of nothing: no.
    ///
    /// ```
    /// use array_core::{Along, Array};
    /// let a = Array::from_vec(vec![0.0, 2.0, 0.0, 0.0], [2, 2]);
    /// assert_eq!(a.any(1).to_vec::<bool>()?, [true, false]);
    /// assert!(a.any(Along::all()).item::<bool>()? && !a.all(..).item::<bool>()?);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn any(&self, along: impl Into<Along>) -> Array {
        let along = Along { initial: Some(Scalar::Bool(false)), dtype: None, ..along.into() };
        self.cast(DType::Bool).reduce_along(ReduceOp::Max, along)
    }

    /// Whether all elements hold (are not zero). Of nothing: yes.
    #[track_caller]
    pub fn all(&self, along: impl Into<Along>) -> Array {
        let along = Along { initial: Some(Scalar::Bool(true)), dtype: None, ..along.into() };
        self.cast(DType::Bool).reduce_along(ReduceOp::Min, along)
    }

    /// How many elements are not zero, as `int64`.
    #[track_caller]
    pub fn count_nonzero(&self, along: impl Into<Along>) -> Array {
        self.cast(DType::Bool)
            .reduce_along(ReduceOp::Sum, Along { initial: None, dtype: None, ..along.into() })
    }

    /// Variance: the mean of the squared distances from the mean, of `n - ddof` elements; real for complex numbers.
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
        let dtype = along.dtype.unwrap_or_else(|| ReduceOp::Mean.result(self.dtype()));
        let along = Along { initial: None, dtype: Some(dtype), ..along.clone() };
        let data = self.cast(dtype);
        let centre = if along.axes.is_none() && along.filter.is_none() && dtype == DType::F64 {
            // The same bits, as one value.
            data.reduce(ReduceOp::Mean)
        } else {
            data.try_mean(&Along { keepdims: true, out: None, ..along.clone() })?
        };
        let distance = data - centre;
        let squares = if dtype.is_complex() {
            distance.real().square() + distance.imag().square()
        } else {
            distance.square()
        };
        let sum = squares.try_reduce(ReduceOp::Sum, &Along { dtype: None, ..along.clone() })?;
        Ok(quotient(&sum, &self.counted(&along, ddof)?))
    }

    /// Standard deviation: the root of [`var`](Self::var).
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

    /// Position of the first greatest element along `axis`, or in C order of all elements without one; the first NaN counts
    /// as the greatest. `int64`. Of nothing: [`ArrayError::EmptyReduction`].
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1.0, 5.0, 5.0, 0.0], [2, 2]);
    /// assert_eq!(a.argmax(None).item::<i64>()?, 1);
    /// assert_eq!(a.argmax(0).to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn argmax(&self, axis: impl Into<Option<isize>>) -> Array {
        self.arg(true, axis.into())
    }

    /// Position of the first least element; as [`argmax`](Self::argmax).
    #[track_caller]
    pub fn argmin(&self, axis: impl Into<Option<isize>>) -> Array {
        self.arg(false, axis.into())
    }

    #[track_caller]
    fn arg(&self, max: bool, axis: Option<isize>) -> Array {
        if self.error().is_some() {
            return self.clone();
        }
        let axis = match axis.map(|axis| resolve_axis(axis, self.ndim())).transpose() {
            Ok(axis) => axis,
            Err(error) => return Array::fail(error),
        };
        let mut shape = Dims::new();
        let mut length = self.len();
        if let Some(axis) = axis {
            shape = self.shape().into();
            length = shape.remove(axis);
        }
        let op = Whole::Arg { max, axis };
        if length == 0 && !shape.contains(&0) {
            return Array::fail(ArrayError::EmptyReduction { operation: op.name() });
        }
        Node::whole(op, DType::I64, shape, [self.clone()].into_iter().collect(), Location::caller())
    }

    /// Running sums along `axis`, or of all elements in C order without one, in the types of [`sum`](Self::sum); each is the
    /// one before plus the next element, as in NumPy.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(1, 5, 1).reshape([2, 2]);
    /// assert_eq!(a.cumsum(None).to_vec::<i64>()?, [1, 3, 6, 10]);
    /// assert_eq!(a.cumsum(0).to_vec::<i64>()?, [1, 2, 4, 6]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn cumsum(&self, axis: impl Into<Option<isize>>) -> Array {
        self.scan(ReduceOp::Sum, axis.into(), None)
    }

    /// Running products; as [`cumsum`](Self::cumsum).
    #[track_caller]
    pub fn cumprod(&self, axis: impl Into<Option<isize>>) -> Array {
        self.scan(ReduceOp::Prod, axis.into(), None)
    }

    /// [`cumsum`](Self::cumsum) or, of [`ReduceOp::Prod`], [`cumprod`](Self::cumprod), in a type of choice.
    #[track_caller]
    pub fn scan(&self, op: ReduceOp, axis: Option<isize>, dtype: Option<DType>) -> Array {
        if self.error().is_some() {
            return self.clone();
        }
        if !matches!(op, ReduceOp::Sum | ReduceOp::Prod) {
            let reason = "running results are sums or products";
            return Array::fail(ArrayError::Unsupported {
                operation: op.name(),
                dtypes: vec![self.dtype()],
                reason,
            });
        }
        let Some(axis) = axis else {
            return self.reshape([self.len()]).scan(op, Some(0), dtype);
        };
        let axis = match resolve_axis(axis, self.ndim()) {
            Ok(axis) => axis,
            Err(error) => return Array::fail(error),
        };
        let asked = dtype.unwrap_or_else(|| op.result(self.dtype()));
        // Narrow integers wrap in 64 bits as they would in their own.
        let arg = self.cast(asked).cast(op.result(asked));
        let (dtype, shape) = (arg.dtype(), arg.shape().into());
        Node::whole(Whole::Scan { op, axis }, dtype, shape, [arg].into_iter().collect(), Location::caller())
            .cast(asked)
    }
}

/// `array` where `mask` holds, else `neutral`. The mask must stretch to the array.
#[track_caller]
fn filtered(array: &Array, mask: &Array, neutral: Scalar) -> Result<Array, ArrayError> {
    if let Some(error) = mask.error() {
        return Err(error.clone());
    }
    let shape = broadcast_shapes(&[array.shape(), mask.shape()])?;
    if shape[..] != *array.shape() {
        return Err(ArrayError::BroadcastTo { from: mask.shape().to_vec(), to: array.shape().to_vec() });
    }
    Ok(Array::where_(mask, array, Array::scalar(neutral)))
}

/// A sum divided by counts: in double precision, then in the sum's type, as NumPy.
#[track_caller]
fn quotient(sum: &Array, count: &Array) -> Array {
    let wide = if sum.dtype().kind() == TypeKind::Complex { DType::C128 } else { DType::F64 };
    Array::binary(Op::Divide, sum.cast(wide), count).cast(sum.dtype())
}

/// The result with its reduced axes put back.
#[track_caller]
fn keep(array: &Array, axes: &[usize], keepdims: bool) -> Array {
    if !keepdims {
        return array.clone();
    }
    let ndim = array.ndim() + axes.len();
    let items: SmallVec<[Index; 6]> =
        (0..ndim).map(|a| if axes.contains(&a) { Index::NewAxis } else { Index::ALL }).collect();
    array.slice(items)
}
