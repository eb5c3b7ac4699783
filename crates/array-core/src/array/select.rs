//! Full indexing on both sides of `=`: arrays of positions, masks and mixtures, `take`, `put`, and operations at positions.
//!
//! Arrays do not change: what NumPy writes as `a[index] = value` is [`Array::set`], which gives the changed array. Everything on the
//! right is seen as it was before, so `a[1:] = a[:-1]` and `a += a.T` need no care.

use super::{Array, Term, along::resolve_axis, ops::common};
use crate::{
    dtype::{DType, Scalar},
    error::ArrayError,
    expr::{Args, Node, Op, Whole},
    index::{Index, Select, select::Parts},
    layout::{Dims, Layout},
};
use smallvec::SmallVec;
use std::panic::Location;

impl Array {
    /// The elements that a full index selects, NumPy's `a[...]`; see [`pick!`](crate::pick).
    ///
    /// **Shape** arrays of positions are stretched to one shape, which stands where they stood, or first if a slice stands
    /// between them; integers beside them count as positions. **Copies** unless the index is a basic one
    /// ([`slice`](Self::slice)). Masks among the items are evaluated at once, for the shape depends on them; those over a session's
    /// arrays its `pick` and `put` compute.
    ///
    /// What is wrong comes out of the evaluation: [`ArrayError::IndexOutOfBounds`], [`ArrayError::MaskShape`],
    /// [`ArrayError::TooManyIndices`], [`ArrayError::Broadcast`] of positions, [`ArrayError::Unsupported`] types.
    ///
    /// ```
    /// use array_core::{pick, Array};
    /// let a = Array::arange(0, 6, 1).reshape([2, 3]);
    /// assert_eq!(a.pick(pick![.., &Array::from_vec(vec![2, 0, 2i64], [3])]).to_vec::<i64>()?, [2, 0, 2, 5, 3, 5]);
    /// assert_eq!(a.pick(pick![a.greater(2)]).to_vec::<i64>()?, [3, 4, 5]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn pick(&self, items: impl AsRef<[Select]>) -> Array {
        match self.try_pick(items.as_ref()) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    #[track_caller]
    fn try_pick(&self, items: &[Select]) -> Result<Array, ArrayError> {
        if self.error().is_some() {
            return Ok(self.clone());
        }
        let Some(parts) = Parts::of(items, self.shape())? else {
            return Ok(self.slice(basic(items)));
        };
        let view = self.slice(&parts.basic);
        if let Some(error) = view.error() {
            return Err(error.clone());
        }
        let source = view.permuted(&parts.front(view.ndim()));
        let shape: Dims = parts.shape.iter().chain(&source.shape()[parts.axes.len()..]).copied().collect();
        Layout::contiguous(&shape)?;
        let place = parts.place(shape.len());
        let axes = parts.axes.iter().map(|a| a.1).collect();
        let args: Args = [source].into_iter().chain(parts.positions).collect();
        let picked = Node::whole(Whole::Take { axes }, self.dtype(), shape, args, Location::caller());
        Ok(picked.permuted(&place))
    }

    /// The array with `value` in the place of what the index selects: NumPy's `a[...] = value`. `value` is cast to the array's
    /// type and stretched to the selection; where positions repeat, the last one counts.
    ///
    /// Errors as of [`pick`](Self::pick), and [`ArrayError::BroadcastTo`] for a value that does not fit, [`ArrayError::MaskValues`]
    /// for a row of values that are not as many as a mask selects, [`ArrayError::IntegerBounds`] or [`ArrayError::FloatBounds`] for a
    /// plain number that the array's integers do not hold, or [`ArrayError::Casting`] for a plain complex number where elements are
    /// real (of an array of complex numbers the imaginary parts are dropped, and of an array of floats the integers wrap, as in NumPy).
    ///
    /// ```
    /// use array_core::{pick, Array};
    /// let a = Array::arange(0, 5, 1);
    /// assert_eq!(a.set(pick![1..], a.slice(array_core::s![..-1])).to_vec::<i64>()?, [0, 0, 1, 2, 3]);
    /// assert_eq!(a.set(pick![a.greater(2)], -1).to_vec::<i64>()?, [0, 1, 2, -1, -1]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn set(&self, items: impl AsRef<[Select]>, value: impl Into<Term>) -> Array {
        match self.try_change(None, items.as_ref(), Some(value.into())) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    /// The array with `op(element, value)` in the place of each element that the index selects, once for every time it is
    /// selected: NumPy's `ufunc.at`. `op` takes one operand (`value` is not used) or two.
    ///
    /// **Dtype** the array's. `op` is computed in the type it has for the array and `value` (a plain number is weak, see [`Term`]), and
    /// each result is cast back before the next: `1.5` added twice to an integer 5 is 7.
    ///
    /// Errors as of [`set`](Self::set), and [`ArrayError::Unsupported`] for types that `op` does not have, for more than two operands and
    /// for casts, or [`ArrayError::NegativePower`].
    ///
    /// ```
    /// use array_core::{pick, Array, Op};
    /// let bins = Array::from_vec(vec![0, 2, 2, 2i64], [4]);
    /// let counts = Array::full([3], 0).at(Op::Add, pick![&bins], 1);
    /// assert_eq!(counts.to_vec::<i64>()?, [1, 0, 3]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn at(&self, op: Op, items: impl AsRef<[Select]>, value: impl Into<Term>) -> Array {
        let value = (op.arity() == 2).then(|| value.into());
        match self.try_change(Some(op), items.as_ref(), value) {
            Ok(array) => array,
            Err(error) => Array::fail(error),
        }
    }

    #[track_caller]
    fn try_change(&self, op: Option<Op>, items: &[Select], value: Option<Term>) -> Result<Array, ArrayError> {
        if self.error().is_some() {
            return Ok(self.clone());
        }
        let dtype = self.dtype();
        if let Some(Term::Array(array)) = &value
            && let Some(error) = array.error()
        {
            return Err(error.clone());
        }
        if let Some(value) = value.as_ref().and_then(|value| value.out_of_bounds(dtype)) {
            return Err(ArrayError::IntegerBounds { value, dtype });
        }
        if let Some(Term::Weak(Scalar::C128(_))) = value
            && (dtype.is_integer() || dtype.is_float())
        {
            let operation = op.map_or("setting elements", Op::name);
            return Err(ArrayError::Casting { operation, from: DType::C128, to: dtype });
        }
        if let (None, Some(Term::Weak(Scalar::F64(value)))) = (op, &value) {
            whole_part(*value, dtype)?;
        }
        // What the operation reads; without one the value is cast to the array's type.
        let (op, input) = match op {
            Some(op) => applicable(op, self, value.as_ref()).map(|(op, input)| (Some(op), input))?,
            None => (None, dtype),
        };
        let value = value.map(|value| value.into_array().cast(input));
        if let Some(error) = value.as_ref().and_then(Array::error) {
            return Err(error.clone());
        }
        // A mask with one value for all of it needs no positions.
        if let ([Select::Array(mask)], None, Some(value)) = (items, op, &value)
            && mask.dtype() == DType::Bool
            && value.ndim() == 0
            && mask.ndim() > 0
            && self.shape().starts_with(mask.shape())
        {
            let wide: Dims = mask.shape().iter().copied().chain(vec![1; self.ndim() - mask.ndim()]).collect();
            return Ok(Array::where_(mask.reshape(wide), value, self));
        }
        let whole = Layout::contiguous(self.shape())?;
        let (view, positions, axes, shape, place) = match Parts::of(items, self.shape())? {
            None => {
                let view = whole.index(&basic(items))?;
                let (shape, place) = (view.shape.clone(), (0..view.ndim()).collect());
                (view, SmallVec::new(), Dims::new(), shape, place)
            }
            Some(parts) => {
                let view = whole.index(&parts.basic)?;
                let view = view.permute(&parts.front(view.ndim()));
                let shape: Dims =
                    parts.shape.iter().chain(&view.shape[parts.axes.len()..]).copied().collect();
                Layout::contiguous(&shape)?;
                let place = parts.place(shape.len());
                let axes = parts.axes.iter().map(|a| a.1).collect();
                (view, parts.positions, axes, shape, place)
            }
        };
        let mut args: Args = [self.clone()].into_iter().collect();
        if let Some(value) = value {
            // In the selection's order first, then in that of the view: the inverse of where its axes went.
            let selected: Dims = place.iter().map(|&a: &usize| shape[a]).collect();
            let value = trimmed(&value, selected.len()).broadcast_to(&selected);
            if let Some(error) = value.error() {
                return Err(misfit(items, self.ndim(), error.root()));
            }
            let mut back = Dims::from_elem(0, place.len());
            place.iter().enumerate().for_each(|(to, &from)| back[from] = to);
            args.push(value.permuted(&back));
        }
        args.extend(positions);
        Ok(Node::whole(Whole::Put { op, view, axes }, dtype, self.shape().into(), args, Location::caller()))
    }

    /// The parts of the array at `positions` along `axis`, or of its elements in C order without one: `np.take`.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 6, 1).reshape([2, 3]);
    /// let last = Array::from_vec(vec![-1i64], [1]);
    /// assert_eq!(a.take(&last, 1).to_vec::<i64>()?, [2, 5]);
    /// assert_eq!(a.take(&last, None).to_vec::<i64>()?, [5]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn take(&self, positions: &Array, axis: impl Into<Option<isize>>) -> Array {
        let Some(axis) = axis.into() else {
            return self.reshape([self.len()]).take(positions, Some(0));
        };
        if self.error().is_some() {
            return self.clone();
        }
        let axis = match resolve_axis(axis, self.ndim()) {
            Ok(Some(axis)) => axis,
            Ok(None) => return self.take(positions, None),
            Err(error) => return Array::fail(error),
        };
        if positions.dtype() == DType::Bool {
            // Not a mask here: NumPy takes the numbers.
            return self.take(&positions.cast(DType::I64), Some(axis as isize));
        }
        let items: SmallVec<[Select; 4]> =
            std::iter::repeat_n(Index::ALL.into(), axis).chain([positions.into()]).collect();
        self.pick(items)
    }

    /// The array with `values`, as often repeated as it takes, at `positions` of its elements in C order: `np.put`.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::zeros([2, 2]).put(&Array::from_vec(vec![0, 3, -2i64], [3]), &Array::from_vec(vec![1.0, 2.0], [2]));
    /// assert_eq!(a.to_vec::<f64>()?, [1.0, 0.0, 1.0, 2.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn put(&self, positions: &Array, values: &Array) -> Array {
        if let Some(failed) = [self, positions, values].into_iter().find(|a| a.error().is_some()) {
            return failed.clone();
        }
        if positions.dtype() == DType::Bool {
            // As in `take`.
            return self.put(&positions.cast(DType::I64), values);
        }
        let (wanted, given) = (positions.len(), values.len());
        if wanted == 0 || given == 0 && !self.is_empty() {
            return self.clone();
        }
        let turn = Array::arange(0, wanted as i64, 1).remainder(given as i64);
        let values = values.take(&turn, None);
        let changed = self.reshape([self.len()]).set([Select::from(positions.reshape([wanted]))], values);
        changed.reshape(self.shape())
    }
}

/// The items of an index that has no arrays.
fn basic(items: &[Select]) -> SmallVec<[Index; 6]> {
    let index = |item: &Select| match item {
        Select::Basic(index) => *index,
        Select::Array(_) => unreachable!("the index has no arrays"),
    };
    items.iter().map(index).collect()
}

/// The operation on elements of an array, and beside a value, and the type in which it is computed.
fn applicable(op: Op, array: &Array, value: Option<&Term>) -> Result<(Op, DType), ArrayError> {
    let own = array.dtype();
    let common = value.map_or(own, |value| common(&Term::from(array), value, op.is_inexact()));
    let refuse = |reason| {
        let dtypes = [own].into_iter().chain(value.map(Term::dtype)).collect();
        ArrayError::Unsupported { operation: op.name(), dtypes, reason }
    };
    if op.arity() > 2 || matches!(op, Op::Cast) {
        return Err(refuse("only operations of one or two operands are done at positions"));
    }
    let (input, _) = op.types(common).map_err(refuse)?;
    Ok((op.on_truth(input), input))
}

/// That the whole part of a plain number is one of the integers of `dtype`, if these are such.
fn whole_part(value: f64, dtype: DType) -> Result<(), ArrayError> {
    let Some((least, greatest)) = dtype.integers() else { return Ok(()) };
    // What has no whole part, or a greater one than the type below, saturates.
    let whole = if value.is_nan() { i128::MAX } else { value as i128 };
    if (least..=greatest).contains(&whole) { Ok(()) } else { Err(ArrayError::FloatBounds { value, dtype }) }
}

/// What is wrong with a value that does not stretch to what `items` select of an array of `ndim` axes: of a mask and a row of values
/// their numbers say more than their shapes.
fn misfit(items: &[Select], ndim: usize, error: &ArrayError) -> ArrayError {
    match (items, error) {
        ([Select::Array(mask)], ArrayError::BroadcastTo { from, to })
            if mask.dtype() == DType::Bool && mask.ndim() == ndim && from.len() == 1 =>
        {
            ArrayError::MaskValues { given: from[0], selected: to.iter().product() }
        }
        _ => error.clone(),
    }
}

/// NumPy ignores axes of length 1 that a value has too many.
#[track_caller]
pub(super) fn trimmed(value: &Array, ndim: usize) -> Array {
    let extra = value.ndim().saturating_sub(ndim);
    if value.shape()[..extra].iter().all(|&n| n == 1) {
        value.reshape(&value.shape()[extra..])
    } else {
        value.clone()
    }
}
