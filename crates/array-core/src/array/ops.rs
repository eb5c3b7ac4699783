//! Operators and functions on arrays: type resolution, then a node.
//!
//! Every door is `#[track_caller]`, so an error names the line of the operator that made it. The rules are NumPy 2's: operands
//! are promoted ([`DType::promote`]), plain numbers are weak ([`Term`]), comparisons of `int64` with `uint64` are exact.
//! Where NumPy's result would be `float16` (`sqrt` of `bool` or of 8-bit integers) it is `float32` here.

mod clip;
mod compare;
mod methods;
mod operators;
mod types;

use super::{Array, Term};
use crate::{
    dtype::{DType, Element, Scalar},
    error::ArrayError,
    expr::{Args, Kind, Node, Op},
    layout::{Dims, alike, broadcast_shapes, few},
};
use compare::compare;
use smallvec::smallvec;
use std::panic::Location;
pub(super) use types::common;
use types::{own_types, own_types_beside};

/// A map over arguments of the right types; broadcasts their shapes.
#[track_caller]
fn map(op: Op, dtype: DType, args: Args) -> Array {
    if let Some(failed) = args.iter().find(|a| a.error().is_some()) {
        return failed.clone();
    }
    let shape = match &args[..] {
        [a] => few(a.shape()),
        [a, b] if alike(a.shape(), b.shape()) => few(a.shape()),
        [a, b] if b.ndim() == 0 => few(a.shape()),
        [a, b] if a.ndim() == 0 => few(b.shape()),
        [a, b, c] if [b, c].iter().all(|x| x.ndim() == 0 || alike(x.shape(), a.shape())) => few(a.shape()),
        [a, b, rest @ ..] => {
            let third = rest.first().map_or(&[][..], Array::shape);
            match broadcast_shapes(&[a.shape(), b.shape(), third]) {
                Ok(shape) => shape,
                Err(error) => return Array::fail(error),
            }
        }
        [] => Dims::new(),
    };
    Node::map(op, dtype, shape, args, Location::caller())
}

/// As [`map`], of two arguments.
#[track_caller]
fn pair(op: Op, dtype: DType, a: Array, b: Array) -> Array {
    if a.error().is_none() && b.error().is_none() {
        let at = Location::caller();
        let shape = match (a.shape(), b.shape()) {
            (shape, []) | ([], shape) => shape,
            (shape, other) if alike(shape, other) => shape,
            _ => return map(op, dtype, smallvec![a, b]),
        };
        match *shape {
            [n] => return Node::map_of(op, dtype, [n], [a, b], at),
            [m, n] => return Node::map_of(op, dtype, [m, n], [a, b], at),
            _ => {}
        }
    }
    map(op, dtype, smallvec![a, b])
}

/// As [`map`], of a choice.
#[track_caller]
fn choice(dtype: DType, condition: Array, a: Array, b: Array) -> Array {
    let fits = |x: &Array| x.error().is_none() && (x.ndim() == 0 || alike(x.shape(), condition.shape()));
    if condition.error().is_none() && fits(&a) && fits(&b) {
        let at = Location::caller();
        match *condition.shape() {
            [n] => return Node::map_of(Op::Where, dtype, [n], [condition, a, b], at),
            [m, n] => return Node::map_of(Op::Where, dtype, [m, n], [condition, a, b], at),
            _ => {}
        }
    }
    map(Op::Where, dtype, smallvec![condition, a, b])
}

impl Array {
    /// An operation of one operand, with NumPy's types.
    ///
    /// Types the operation does not have are [`ArrayError::Unsupported`], which comes out of the evaluation. Where NumPy's result is
    /// `float16` (roots, functions and `rint` of `bool` and 8-bit integers) it is `float32`.
    ///
    /// ```
    /// use array_core::{Array, DType, Op};
    /// let bytes = Array::from_vec(vec![4u8, 9], [2]);
    /// assert_eq!(Array::unary(Op::Sqrt, &bytes).to_vec::<f32>()?, [2.0, 3.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Panics
    /// If the operation takes another number of operands.
    #[track_caller]
    pub fn unary(op: Op, a: impl Into<Term>) -> Array {
        assert_eq!(op.arity(), 1, "{} takes {} operands", op.name(), op.arity());
        let a = a.into().into_array();
        match op.types(a.dtype()) {
            Err(reason) => {
                let error = ArrayError::Unsupported { operation: op.name(), dtypes: vec![a.dtype()], reason };
                if a.error().is_some() { a } else { Array::fail(error) }
            }
            Ok((input, output)) => {
                let real = !input.is_complex();
                let whole = real && !input.is_float();
                match op {
                    _ if op.is_itself(input) => a.cast(output),
                    Op::Imag if real => Array::full(a.shape(), Scalar::zero(output)),
                    Op::IsNan | Op::IsInf | Op::IsFinite if whole => {
                        Array::full(a.shape(), op == Op::IsFinite)
                    }
                    Op::SignBit if whole => a.less(0),
                    // As NumPy: in double precision, and back.
                    Op::Reciprocal if whole => a.cast(DType::F64).reciprocal().cast(output),
                    _ => map(op, output, smallvec![a.into_type(input)]),
                }
            }
        }
    }

    /// An operation of two operands, with NumPy's types; plain numbers are weak ([`Term`]).
    ///
    /// What is wrong comes out of the evaluation: [`ArrayError::Broadcast`], [`ArrayError::Unsupported`],
    /// [`ArrayError::IntegerBounds`], [`ArrayError::NegativePower`].
    ///
    /// ```
    /// use array_core::{Array, Op};
    /// let a = Array::arange(0, 4, 1);
    /// for (op, expected) in [(Op::Add, [7, 8, 9, 10]), (Op::Minimum, [0, 1, 2, 3]), (Op::Remainder, [0, 1, 2, 3])] {
    ///     assert_eq!(Array::binary(op, &a, 7).to_vec::<i64>()?, expected);
    /// }
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Panics
    /// If the operation takes another number of operands.
    #[track_caller]
    #[inline]
    pub fn binary(op: Op, a: impl Into<Term>, b: impl Into<Term>) -> Array {
        assert!(op.arity() == 2, "{} takes {} operands", op.name(), op.arity());
        match (a.into(), b.into()) {
            (Term::Array(a), Term::Array(b)) => Array::binary_of_arrays(op, a, b),
            (a, b) => Array::binary_of_terms(op, a, b),
        }
    }

    /// [`binary`](Self::binary) of two arrays.
    #[track_caller]
    fn binary_of_arrays(op: Op, a: Array, b: Array) -> Array {
        match own_types(op, &a, &b) {
            // Of the type that the operation reads, as most are: nothing to promote.
            Some(output) => pair(op.on_truth(a.dtype()), output, a, b),
            None => Array::promoted(op, Term::Array(a), Term::Array(b)),
        }
    }

    /// [`binary`](Self::binary), where one at least is a plain number.
    #[track_caller]
    fn binary_of_terms(op: Op, a: Term, b: Term) -> Array {
        let (a, b) = match (a, b) {
            (Term::Array(a), Term::Weak(v)) => match own_types_beside(op, &a, v) {
                Some(output) => return pair(op.on_truth(v.dtype()), output, a, Array::scalar(v)),
                None => (Term::Array(a), Term::Weak(v)),
            },
            (Term::Weak(v), Term::Array(a)) => match own_types_beside(op, &a, v) {
                Some(output) => return pair(op.on_truth(v.dtype()), output, Array::scalar(v), a),
                None => (Term::Weak(v), Term::Array(a)),
            },
            terms => terms,
        };
        Array::promoted(op, a, b)
    }

    /// [`binary`](Self::binary) of operands that have to meet in a common type first.
    #[track_caller]
    #[inline(never)]
    fn promoted(op: Op, a: Term, b: Term) -> Array {
        for term in [&a, &b] {
            if let Term::Array(array) = term
                && array.error().is_some()
            {
                return array.clone();
            }
        }
        if op.is_comparison() {
            return compare(op, a, b);
        }
        let common = common(&a, &b, op.is_inexact());
        let (input, output) = match op.types(common) {
            Ok(types) => types,
            Err(reason) => {
                let dtypes = vec![a.dtype(), b.dtype()];
                return Array::fail(ArrayError::Unsupported { operation: op.name(), dtypes, reason });
            }
        };
        if op == Op::Power
            && let Some(exponent) = b.as_const()
            && let Some(shortcut) = power_of_constant(&a, exponent, &b, input)
        {
            return shortcut;
        }
        pair(op.on_truth(input), output, a.of(input), b.of(input))
    }

    /// `a` where `condition` holds, else `b`; the three broadcast together.
    ///
    /// A condition that is not `bool` holds where it is not zero. A plain integer that the type of the array beside it does not
    /// hold is [`ArrayError::IntegerBounds`], as of operators (NumPy's `where` alone wraps it).
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 4, 1);
    /// assert_eq!(Array::where_(a.less(2), &a, 9).to_vec::<i64>()?, [0, 1, 9, 9]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn where_(condition: impl Into<Term>, a: impl Into<Term>, b: impl Into<Term>) -> Array {
        let (a, b): (Term, Term) = (a.into(), b.into());
        let dtype = common(&a, &b, false);
        let condition = condition.into().into_array().into_type(DType::Bool);
        choice(dtype, condition, a.of(dtype), b.of(dtype))
    }

    /// As [`cast`](Self::cast), of an array that is given away.
    #[track_caller]
    fn into_type(self, dtype: DType) -> Array {
        if self.dtype() == dtype { self } else { self.cast(dtype) }
    }

    /// The elements in another type, as NumPy's `astype` ([`Scalar::cast`]); the array itself if it has that type. Any type goes to any.
    ///
    /// ```
    /// use array_core::{Array, DType};
    /// let a = Array::from_vec(vec![-1.5, 300.0], [2]);
    /// assert_eq!(a.cast(DType::U8).to_vec::<u8>()?, [255, 44]);   // cut, and wrapped
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Array {
        if self.dtype() == dtype || self.error().is_some() {
            return self.clone();
        }
        match &self.0.kind {
            Kind::Const { value, shape } => {
                Node::leaf(dtype, Kind::Const { value: value.cast(dtype), shape: shape.clone() })
            }
            _ => map(Op::Cast, dtype, [self.clone()].into_iter().collect()),
        }
    }

    /// [`cast`](Self::cast) to a Rust type.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::linspace(0.0, 2.0, 3).astype::<u8>().to_vec::<u8>()?, [0, 1, 2]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn astype<T: Element>(&self) -> Array {
        self.cast(T::DTYPE)
    }
}

/// Powers that NumPy does not compute by `pow`; `input` is the type of the power.
#[track_caller]
fn power_of_constant(base: &Term, exponent: Scalar, term: &Term, input: DType) -> Option<Array> {
    let plain = matches!(term, Term::Weak(_)) || matches!(term, Term::Array(a) if a.ndim() == 0);
    let value = if exponent.dtype().is_complex() { f64::NAN } else { exponent.as_f64() };
    if input.is_integer() && exponent.as_integer().is_some_and(|e| e < 0) {
        return Some(Array::fail(ArrayError::NegativePower));
    }
    let op = match value {
        _ if !plain => return None,
        2.0 => Op::Square,
        1.0 => Op::Copy,
        0.5 if !input.is_integer() => Op::Sqrt,
        -1.0 if !input.is_integer() => Op::Reciprocal,
        _ => return None,
    };
    let base = base.clone().of(input);
    if op == Op::Copy { Some(base) } else { Some(map(op, input, [base].into_iter().collect())) }
}
