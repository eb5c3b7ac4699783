//! Leaves over data that others keep: making them through a layout, and exchanging them.

use super::Array;
use crate::{
    error::ArrayError,
    expr::{Args, Kind, Node, Rewrite, Whole, rewrite},
    layout::{Layout, checked_len},
    source::Source,
};
use std::sync::Arc;

impl Array {
    /// An array that carries `error` to its evaluation, as an operator that went wrong does; names the caller's line.
    ///
    /// ```
    /// use array_core::{Array, ArrayError};
    /// let failed = Array::from_error(ArrayError::Unbound) + 1.0;
    /// assert_eq!(failed.eval().unwrap_err().root(), &ArrayError::Unbound);
    /// ```
    #[track_caller]
    pub fn from_error(error: ArrayError) -> Array {
        Array::fail(error)
    }

    /// A leaf that sees the elements of a source through a layout over its C order. A layout that reaches outside is an
    /// error that comes out of the evaluation.
    #[track_caller]
    pub fn from_source_view(source: Arc<dyn Source>, layout: Layout) -> Array {
        let len = match checked_len(source.shape()) {
            Ok(len) => len,
            Err(error) => return Array::fail(error),
        };
        if !layout.fits(len) {
            return Array::fail(ArrayError::Length { len, shape: layout.shape.to_vec() });
        }
        Node::leaf(source.dtype(), Kind::Source { data: source, layout: layout.settled() })
    }

    /// As [`from_source_view`](Self::from_source_view), of a layout that is known to be good.
    ///
    /// # Safety
    /// The layout [fits](Layout::fits) the elements of the source's shape.
    pub unsafe fn from_source_within(source: Arc<dyn Source>, layout: &Layout) -> Array {
        debug_assert!(checked_len(source.shape()).is_ok_and(|len| layout.fits(len)));
        match (&layout.shape[..], &layout.strides[..]) {
            // Axes of several elements are settled.
            (&[n], &[stride]) if n > 1 => Node::of_source(source, [n], [stride], layout.offset),
            (&[m, n], &[far, near]) if m > 1 && n > 1 => {
                Node::of_source(source, [m, n], [far, near], layout.offset)
            }
            _ => {
                let layout = layout.clone().settled();
                Node::leaf(source.dtype(), Kind::Source { data: source, layout })
            }
        }
    }

    /// The expression with every source leaf replaced by what `f` makes of it: an array of the same type and of the
    /// layout's shape. O(nodes), without recursion; `f` sees a shared leaf once.
    ///
    /// ```
    /// use array_core::{Array, DType, Source};
    /// use std::{any::Any, sync::Arc};
    /// #[derive(Debug)]
    /// struct Name(&'static str);
    /// impl Source for Name {
    ///     fn dtype(&self) -> DType { DType::F64 }
    ///     fn shape(&self) -> &[usize] { &[2] }
    ///     fn as_any(&self) -> &dyn Any { self }
    /// }
    /// let [x, y] = ["x", "y"].map(|name| Array::from_source(Arc::new(Name(name))));
    /// let formula = &x * 10.0 + &y;
    /// let value = formula.map_sources(&mut |source, _layout| {
    ///     let first = if source.as_any().downcast_ref::<Name>().is_some_and(|name| name.0 == "x") { 1.0 } else { 2.0 };
    ///     Ok(Array::full([2], first))
    /// })?;
    /// assert_eq!(value.to_vec::<f64>()?, [12.0, 12.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// The first error of `f`; [`ArrayError::Replaced`] if what it returns has another shape or type; [`ArrayError::NegativePower`] if
    /// an integer's exponent becomes a negative constant.
    pub fn map_sources(&self, f: Replace<'_>) -> Result<Array, ArrayError> {
        rewrite(self, &mut Exchange(f))
    }
}

/// What [`Array::map_sources`] asks.
type Replace<'a> = &'a mut dyn FnMut(&Arc<dyn Source>, &Layout) -> Result<Array, ArrayError>;

struct Exchange<'a>(Replace<'a>);

impl Rewrite for Exchange<'_> {
    type Error = ArrayError;

    fn enter(&mut self, node: &Array) -> Result<Option<Array>, ArrayError> {
        match &node.0.kind {
            Kind::Source { data, layout } => {
                let new = (self.0)(data, layout)?;
                if let Some(error) = new.error() {
                    return Err(error.clone());
                }
                if new.shape() != node.shape() || new.dtype() != node.dtype() {
                    return Err(ArrayError::Replaced);
                }
                Ok(Some(new))
            }
            _ if node.0.args().is_empty() => Ok(Some(node.clone())),
            _ => Ok(None),
        }
    }

    fn leave(&mut self, node: &Array, mut args: Args) -> Result<Array, ArrayError> {
        let dtype = node.dtype();
        Ok(match &node.0.kind {
            Kind::Map { op, shape, at, .. } => Node::map_again(*op, dtype, shape.clone(), args, at)?,
            Kind::Reduce { op, at, .. } => Node::reduce(*op, dtype, args.remove(0), at),
            Kind::Whole { op, shape, at, .. } => {
                Node::whole(Whole::clone(op), dtype, shape.clone(), args, at)
            }
            Kind::Store { layout, .. } => Node::store(args.remove(0), layout.clone()),
            _ => unreachable!("leaves are not entered"),
        })
    }
}
