//! Reductions and scans: over all elements, or along any set of axes.
//!
//! Lazy, like operators. A reduction over all elements is one pass that may be cut into nodes of a tree; along some of the
//! axes it is an operation on a whole array ([`Array::is_whole`]). What is computed elementwise before it is fused into it.

use super::{Along, Array, Term, along::resolve_axis};
use crate::{
    dtype::{DType, Scalar},
    error::ArrayError,
    expr::{Node, ReduceOp, Whole},
    index::Index,
    layout::{Dims, broadcast_shapes},
};
use smallvec::SmallVec;
use std::panic::Location;

impl Array {
    /// A reduction over all elements; a 0-d array. Lazy; the same bits at every tile size and thread count. Extremes of nothing are
    /// [`ArrayError::EmptyReduction`], out of the evaluation.
    ///
    /// ```
    /// use array_core::{Array, ReduceOp};
    /// let a = Array::arange(1, 5, 1);
    /// let all = [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max].map(|op| a.reduce(op).item::<i64>());
    /// assert_eq!(all, [Ok(10), Ok(24), Ok(4)]);
    /// ```
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
    ///
    /// ```
    /// use array_core::{Along, Array, ReduceOp};
    /// let a = Array::arange(0, 6, 1).reshape([2, 3]);
    /// assert_eq!(a.reduce_along(ReduceOp::Max, 1).to_vec::<i64>()?, [2, 5]);
    /// assert_eq!(a.reduce_along(ReduceOp::Sum, Along::from([0, 1]).keepdims()).shape(), [1, 1]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn reduce_along(&self, op: ReduceOp, along: impl Into<Along>) -> Array {
        let along = along.into();
        match self.try_reduce(op, &along) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    #[track_caller]
    pub(super) fn try_reduce(&self, op: ReduceOp, along: &Along) -> Result<Array, ArrayError> {
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
        if let Some(value) = along.initial.and_then(|value| Term::Weak(value).out_of_bounds(asked)) {
            return Err(ArrayError::IntegerBounds { value, dtype: asked });
        }
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
        // What the result's axes are made of.
        let lengths: Dims = self.shape().into();
        let mut restored: SmallVec<[Index; 6]> = SmallVec::new();
        for (axis, length) in lengths.iter().enumerate() {
            match (axes.contains(&axis), length) {
                (true, _) if !along.keepdims => (),
                (true, _) | (false, 1) => restored.push(Index::NewAxis),
                (false, _) => restored.push(Index::ALL),
            }
        }
        // As in NumPy axes of length 1 do not count: a column is summed as a row is, with its bits.
        let mut left: Dims = axes.clone();
        if lengths.contains(&1) && axes.len() < lengths.len() {
            let one: SmallVec<[Index; 6]> =
                lengths.iter().map(|&n| if n == 1 { Index::At(0) } else { Index::ALL }).collect();
            arg = arg.slice(one);
            left =
                axes.iter().filter(|&&a| lengths[a] != 1).map(|&a| a - units_before(&lengths, a)).collect();
        }
        let shape = arg.shape().to_vec();
        // As in NumPy rows are reduced, then put to the start; what is reduced row after row begins with it.
        let rows = left.iter().copied().eq(shape.len() - left.len()..shape.len());
        let begins = initial.map(|value| value.cast(computed));
        let begins = begins.filter(|_| !extreme && !computed.is_integer() && !rows);
        let kept: Dims = (0..shape.len()).filter(|a| !left.contains(a)).map(|a| shape[a]).collect();
        let nothing = left.iter().any(|&a| shape[a] == 0);
        let mut out = if nothing && extreme && !kept.contains(&0) {
            // Only the start is left.
            let value = initial.ok_or(ArrayError::EmptyReduction { operation: op.name() })?;
            return Ok(Array::full(&kept, value).slice(restored));
        } else if left.len() == shape.len() && !left.is_empty() || self.ndim() == 0 {
            arg.reduce(op)
        } else if left.is_empty() {
            // The sum of one negative zero is positive.
            if op == ReduceOp::Sum && !computed.is_integer() {
                Array::scalar(Scalar::zero(computed)) + arg
            } else {
                arg
            }
        } else {
            Node::whole(
                Whole::Reduce { op, axes: left, start: begins },
                computed,
                kept,
                [arg].into_iter().collect(),
                Location::caller(),
            )
        };
        if let Some(value) = initial.filter(|_| begins.is_none()) {
            let start = Array::scalar(value.cast(computed));
            out = match op {
                ReduceOp::Max => start.maximum(out),
                ReduceOp::Min => start.minimum(out),
                ReduceOp::Prod => start * out,
                _ => start + out,
            };
        }
        let out = out.cast(asked);
        Ok(if restored.iter().all(|item| *item == Index::ALL) { out } else { out.slice(restored) })
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
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1.0, 3.0, 2.0], [3]);
    /// assert_eq!((a.max().item::<f64>()?, a.min().item::<f64>()?), (3.0, 1.0));
    /// assert!((a * f64::NAN).max().item::<f64>()?.is_nan());
    /// assert!(Array::zeros([0]).max().eval().is_err());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
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
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 4, 1).mean().item::<f64>()?, 1.5);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn mean(&self) -> Array {
        self.reduce(ReduceOp::Mean)
    }

    /// Product of all elements, in the types of [`sum`](Self::sum). Of nothing: 1.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(1, 6, 1).prod().item::<i64>()?, 120);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
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
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 6, 1).reshape([2, 3]).prod_along(0).to_vec::<i64>()?, [0, 4, 10]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn prod_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Prod, along)
    }

    /// Greatest elements along axes; see [`reduce_along`](Self::reduce_along).
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 6, 1).reshape([2, 3]).max_along(-1).to_vec::<i64>()?, [2, 5]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn max_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Max, along)
    }

    /// Least elements along axes; see [`reduce_along`](Self::reduce_along).
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 6, 1).reshape([2, 3]).min_along(0).to_vec::<i64>()?, [0, 1, 2]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn min_along(&self, along: impl Into<Along>) -> Array {
        self.reduce_along(ReduceOp::Min, along)
    }

    /// Means along axes; see [`reduce_along`](Self::reduce_along). A start does not apply.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 6, 1).reshape([2, 3]).mean_along(1).to_vec::<f64>()?, [1.0, 4.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
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

    /// Position of the first greatest element along an axis, or in C order of all elements; the first NaN counts as the greatest.
    /// `int64`. Several axes but not all, a filter, a start or a type are [`ArrayError::Unsupported`], a target
    /// ([`Along::out`]) of another type than `int64` is [`ArrayError::WrongType`]. Of nothing: [`ArrayError::EmptyReduction`].
    ///
    /// ```
    /// use array_core::{Along, Array};
    /// let a = Array::from_vec(vec![1.0, 5.0, 5.0, 0.0], [2, 2]);
    /// assert_eq!(a.argmax(None).item::<i64>()?, 1);
    /// assert_eq!(a.argmax(0).to_vec::<i64>()?, [1, 0]);
    /// assert_eq!(a.argmax(Along::from(0).keepdims()).shape(), [1, 2]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn argmax(&self, along: impl Into<Along>) -> Array {
        match self.try_arg(true, &along.into()) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    /// Position of the first least element; as [`argmax`](Self::argmax).
    #[track_caller]
    pub fn argmin(&self, along: impl Into<Along>) -> Array {
        match self.try_arg(false, &along.into()) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    #[track_caller]
    fn try_arg(&self, max: bool, along: &Along) -> Result<Array, ArrayError> {
        if self.error().is_some() {
            return Ok(self.clone());
        }
        let operation = Whole::Arg { max, axis: None }.name();
        let refused = |reason| Err(ArrayError::Unsupported { operation, dtypes: vec![self.dtype()], reason });
        if along.filter.is_some() || along.initial.is_some() || along.dtype.is_some() {
            return refused("positions take neither a filter, nor a start, nor a type");
        }
        let axis = match &along.resolve(self.ndim())?[..] {
            _ if along.axes.is_none() => None,
            &[axis] => Some(axis),
            axes if axes.len() == self.ndim() => None,
            _ => return refused("positions are along one axis or of all elements"),
        };
        let mut shape = Dims::new();
        let mut length = self.len();
        if let Some(axis) = axis {
            shape = self.shape().into();
            length = shape.remove(axis);
        }
        if length == 0 && (axis.is_some() || !shape.contains(&0)) {
            return Err(ArrayError::EmptyReduction { operation });
        }
        let args = [self.clone()].into_iter().collect();
        let mut out = Node::whole(Whole::Arg { max, axis }, DType::I64, shape, args, Location::caller());
        if along.keepdims {
            let searched = |k| axis.is_none_or(|axis| axis == k);
            let item = |k| if searched(k) { Index::NewAxis } else { Index::ALL };
            out = out.slice((0..self.ndim()).map(item).collect::<SmallVec<[Index; 6]>>());
        }
        match &along.out {
            Some((dtype, _)) if *dtype != DType::I64 => {
                Err(ArrayError::WrongType { have: *dtype, asked: DType::I64 })
            }
            Some((_, shape)) if out.shape() != &shape[..] => {
                Err(ArrayError::BroadcastTo { from: out.shape().to_vec(), to: shape.to_vec() })
            }
            _ => Ok(out),
        }
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
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(1, 5, 1).cumprod(0).to_vec::<i64>()?, [1, 2, 6, 24]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn cumprod(&self, axis: impl Into<Option<isize>>) -> Array {
        self.scan(ReduceOp::Prod, axis.into(), None)
    }

    /// [`cumsum`](Self::cumsum) or, of [`ReduceOp::Prod`], [`cumprod`](Self::cumprod), in a type of choice. Other reductions are
    /// [`ArrayError::Unsupported`], an axis that is not there [`ArrayError::Axis`], out of the evaluation.
    ///
    /// ```
    /// use array_core::{Array, DType, ReduceOp};
    /// let bytes = Array::full([3], 100).cast(DType::U8);
    /// assert_eq!(bytes.scan(ReduceOp::Sum, None, Some(DType::U8)).to_vec::<u8>()?, [100, 200, 44]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
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
            Ok(Some(axis)) => axis,
            Ok(None) => return self.scan(op, None, dtype),
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
    if mask.dtype() != DType::Bool {
        return Err(ArrayError::WrongType { have: mask.dtype(), asked: DType::Bool });
    }
    let shape = broadcast_shapes(&[array.shape(), mask.shape()])?;
    if shape[..] != *array.shape() {
        return Err(ArrayError::BroadcastTo { from: mask.shape().to_vec(), to: array.shape().to_vec() });
    }
    Ok(Array::where_(mask, array, Array::scalar(neutral)))
}

/// How many axes before one have length 1.
fn units_before(lengths: &[usize], axis: usize) -> usize {
    lengths[..axis].iter().filter(|&&n| n == 1).count()
}
