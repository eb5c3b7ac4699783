//! Views: slices, broadcasts, transposes and reshapes, of data and of expressions.
//!
//! A view of data is a new layout. A view of an expression moves down to the leaves, so that only what is looked at is
//! computed and it still fuses; `(a + b)[i]` becomes `a[i] + b[i]`, each operand first stretched to the shape of the whole. Only a
//! reshape may have to store the expression first, and any view that would move down through more than a thousand operations.

use super::Array;
use crate::{
    error::ArrayError,
    expr::{Args, Kind, Node, Rewrite, rewrite},
    index::Index,
    layout::{Dims, Layout},
};

/// Operations that a view moves down through; an expression of more is stored, and the view laid over it. Four times what a plan
/// holds, so it is computed in parts anyway; and moving each of many views down a long chain would take quadratic time.
const HEAVY: usize = 1024;

/// A change of layout that commutes with elementwise operations.
#[derive(Clone, Copy)]
enum Move<'a> {
    Index(&'a [Index]),
    Broadcast(&'a [usize]),
    Permute(&'a [usize]),
}

impl Move<'_> {
    fn apply(self, layout: &Layout) -> Result<Layout, ArrayError> {
        match self {
            Move::Index(items) => layout.index(items),
            Move::Broadcast(shape) => layout.broadcast_to(shape),
            Move::Permute(axes) => Ok(layout.permute(axes)),
        }
    }
}

/// Moves a view down: every leaf is stretched to the shape of the whole, then viewed.
struct Down<'a> {
    whole: &'a [usize],
    view: Move<'a>,
    shape: Dims,
    /// How many operations it has entered, each once.
    entered: usize,
}

/// The expression has more operations than a view moves through.
struct TooHeavy;

impl Down<'_> {
    fn leaf(&self, layout: &Layout) -> Layout {
        // Arguments broadcast to the whole (E2), and the view was tried on the whole's own layout first.
        let stretched = layout.broadcast_to(self.whole).expect("arguments broadcast to their map");
        self.view.apply(&stretched).expect("the view fits the whole")
    }
}

impl Rewrite for Down<'_> {
    type Error = TooHeavy;

    fn enter(&mut self, node: &Array) -> Result<Option<Array>, TooHeavy> {
        let dtype = node.dtype();
        // What has no axes looks the same from everywhere, and a reduction stays shared.
        if node.ndim() == 0 && !self.whole.is_empty() {
            return Ok(Some(node.clone()));
        }
        Ok(match &node.0.kind {
            Kind::Const { value, .. } => {
                Some(Node::leaf(dtype, Kind::Const { value: *value, shape: self.shape.clone() }))
            }
            Kind::Buffer { data, layout } => {
                Some(Node::leaf(dtype, Kind::Buffer { data: data.clone(), layout: self.leaf(layout) }))
            }
            Kind::Source { data, layout } => {
                Some(Node::leaf(dtype, Kind::Source { data: data.clone(), layout: self.leaf(layout) }))
            }
            Kind::Store { layout, args } => Some(Node::store(args[0].clone(), self.leaf(layout))),
            // A 0-d whole: a view of it only adds axes, stored behind a layout.
            Kind::Reduce { .. } => Some(Node::store(node.clone(), self.leaf(&Layout::default()))),
            // What was computed as a whole is stored, and looked at through a layout.
            Kind::Whole { shape, .. } => {
                let own = Layout::contiguous(shape).expect("it was checked when the node was built");
                Some(Node::store(node.clone(), self.leaf(&own)))
            }
            Kind::Failed(_) => Some(node.clone()),
            Kind::Map { .. } if self.entered == HEAVY => return Err(TooHeavy),
            Kind::Map { .. } => {
                self.entered += 1;
                None
            }
        })
    }

    fn leave(&mut self, node: &Array, args: Args) -> Result<Array, TooHeavy> {
        let Kind::Map { op, at, .. } = &node.0.kind else { unreachable!("only maps are entered") };
        Ok(Node::map(*op, node.dtype(), self.shape.clone(), args, at))
    }
}

impl Array {
    #[track_caller]
    fn moved(&self, view: Move<'_>) -> Array {
        if self.error().is_some() {
            return self.clone();
        }
        let layout = match Layout::contiguous(self.shape()).and_then(|whole| view.apply(&whole)) {
            Ok(layout) => layout,
            Err(error) => return Array::fail(error),
        };
        let mut down = Down { whole: self.shape(), view, shape: layout.shape.clone(), entered: 0 };
        rewrite(self, &mut down).unwrap_or_else(|TooHeavy| Node::store(self.clone(), layout))
    }

    /// The part that a NumPy basic index selects; see [`s!`](crate::s). Nothing is copied or computed now; evaluation computes only
    /// what is selected, unless the array is an expression of more than 1024 operations, which it computes as a whole.
    ///
    /// A wrong index is an error ([`ArrayError::IndexOutOfBounds`] and kin) that comes out of the evaluation.
    ///
    /// ```
    /// use array_core::{s, Array};
    /// let a = Array::from_vec((0..6).collect::<Vec<i64>>(), [2, 3]);
    /// assert_eq!((&a + &a).slice(s![-1, ..; -1]).to_vec::<i64>()?, [10, 8, 6]);
    /// assert!(a.slice(s![2]).error().is_some());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn slice(&self, index: impl AsRef<[Index]>) -> Array {
        self.moved(Move::Index(index.as_ref()))
    }

    /// The array stretched to `shape` by NumPy's rule, without copying.
    ///
    /// A shape it does not stretch to is [`ArrayError::BroadcastTo`], which comes out of the evaluation.
    ///
    /// ```
    /// use array_core::Array;
    /// let row = Array::from_vec(vec![1, 2i64], [2]);
    /// assert_eq!(row.broadcast_to([2, 2]).to_vec::<i64>()?, [1, 2, 1, 2]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl AsRef<[usize]>) -> Array {
        if self.shape() == shape.as_ref() {
            self.clone()
        } else {
            self.moved(Move::Broadcast(shape.as_ref()))
        }
    }

    /// The axes in another order; `axes` is a permutation.
    #[track_caller]
    pub(super) fn permuted(&self, axes: &[usize]) -> Array {
        if axes.is_sorted() { self.clone() } else { self.moved(Move::Permute(axes)) }
    }

    /// The axes in reverse order (`.T`), without copying.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6i64], [2, 3]);
    /// assert_eq!(a.transpose().to_vec::<i64>()?, [1, 4, 2, 5, 3, 6]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn transpose(&self) -> Array {
        let axes: Dims = (0..self.ndim()).rev().collect();
        self.moved(Move::Permute(&axes))
    }

    /// The same elements in C order under another shape. Contiguous data is not copied; other arrays are stored first,
    /// when they are evaluated.
    ///
    /// Another number of elements is [`ArrayError::Reshape`], which comes out of the evaluation.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0, 6, 1).reshape([2, 3]).transpose().reshape([6]);
    /// assert_eq!(a.to_vec::<i64>()?, [0, 3, 1, 4, 2, 5]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Array {
        let shape = shape.as_ref();
        if self.error().is_some() {
            return self.clone();
        }
        let fresh = match Layout::contiguous(shape) {
            Ok(layout) if layout.len() == self.len() => layout,
            Ok(_) => {
                return Array::fail(ArrayError::Reshape { from: self.shape().to_vec(), to: shape.to_vec() });
            }
            Err(error) => return Array::fail(error),
        };
        let dtype = self.dtype();
        let kind = match &self.0.kind {
            Kind::Const { value, .. } => Some(Kind::Const { value: *value, shape: fresh.shape.clone() }),
            Kind::Buffer { data, layout } => {
                layout.reshape(shape).map(|layout| Kind::Buffer { data: data.clone(), layout })
            }
            Kind::Source { data, layout } => {
                layout.reshape(shape).map(|layout| Kind::Source { data: data.clone(), layout })
            }
            Kind::Store { layout, args } => {
                layout.reshape(shape).map(|layout| Kind::Store { layout, args: args.clone() })
            }
            _ => None,
        };
        match kind {
            Some(Kind::Store { layout, args }) => Node::store(args[0].clone(), layout),
            Some(kind) => Node::leaf(dtype, kind),
            None => Node::store(self.clone(), fresh),
        }
    }
}
