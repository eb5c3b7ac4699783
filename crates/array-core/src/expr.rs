//! Expression nodes: what an [`Array`] is made of.
//!
//! **Invariants**
//! - E1: nodes are immutable and form a DAG; a parent holds its arguments.
//! - E2: dtype and shape are known when a node is built; all arguments of a map have the type its kernel reads (casts are nodes),
//!   and broadcast to its shape. `Where`'s first argument is `bool`.
//! - E3: walking, rewriting and dropping never recurse deeply, so a chain of a million nodes is as safe as one.
//!
//! `weight` bounds the size of the plan of a subtree from above (it counts a shared node once per use), `barrier` says that
//! the subtree holds a reduction, an operation on wholes or a store, which must be evaluated before what stands on it.

mod debug;
mod formula;
mod op;
mod place;
mod rewrite;
mod whole;

pub use op::{Op, ReduceOp};
pub(crate) use rewrite::{AddressHasher, AddressMap, Rewrite, rewrite, rewrite_known};
pub(crate) use whole::Whole;

use crate::{
    array::Array,
    buffer::Buffer,
    dtype::{DType, Scalar},
    error::ArrayError,
    held::Held,
    layout::{Dims, Layout},
    source::Source,
};
use smallvec::SmallVec;
use std::{panic::Location, sync::Arc};

pub(crate) type Args = SmallVec<[Array; 3]>;

pub(crate) struct Node {
    pub(crate) dtype: DType,
    pub(crate) barrier: bool,
    pub(crate) weight: u32,
    pub(crate) kind: Kind,
}

/// The representation is what `place` writes by (N1 there). What has a shape has it in one place, so that asking for it is no way through
/// a table: the first field of eight bytes, which in a layout is the shape.
#[repr(u8)]
pub(crate) enum Kind {
    /// Building it went wrong; everything built on it carries the same error.
    Failed(ArrayError),
    /// One value everywhere.
    Const { shape: Dims, value: Scalar } = place::CONST,
    /// A view of a buffer.
    Buffer { layout: Layout, data: Buffer } = place::BUFFER,
    /// A view of data that somebody else keeps; `layout` is over its C-contiguous shape.
    Source { layout: Layout, data: Arc<dyn Source> } = place::SOURCE,
    /// An elementwise operation.
    Map { op: Op, shape: Dims, args: Args, at: &'static Location<'static> } = place::MAP,
    /// A reduction over all elements.
    #[expect(dead_code, reason = "what `place` writes part by part, nobody constructs")]
    Reduce { op: ReduceOp, args: Args, at: &'static Location<'static> } = place::REDUCE,
    /// An operation on whole arrays.
    Whole { shape: Dims, op: Box<Whole>, args: Args, at: &'static Location<'static> },
    /// The argument, stored in C order, seen through `layout` (a reshape of what cannot be reshaped in place).
    Store { layout: Layout, args: Args },
}

impl Node {
    #[inline(always)]
    pub(crate) fn leaf(dtype: DType, kind: Kind) -> Array {
        Array(Held::new(|| Node { dtype, barrier: false, weight: 0, kind }))
    }

    pub(crate) fn failed(error: ArrayError) -> Array {
        Node::leaf(DType::F64, Kind::Failed(error))
    }

    /// A map over arguments that already satisfy E2.
    #[inline]
    pub(crate) fn map(
        op: Op,
        dtype: DType,
        shape: Dims,
        args: Args,
        at: &'static Location<'static>,
    ) -> Array {
        let weight = args.iter().fold(1u32, |w, a| w.saturating_add(a.0.weight));
        let barrier = args.iter().any(|a| a.0.barrier);
        Array(Held::new(|| Node { dtype, barrier, weight, kind: Kind::Map { op, shape, args, at } }))
    }

    /// As [`map`](Self::map), of arguments that came into the place of others: what is refused of a constant when an expression is
    /// built, and not looked for again by plans, is refused of one that came later.
    pub(crate) fn map_again(
        op: Op,
        dtype: DType,
        shape: Dims,
        args: Args,
        at: &'static Location<'static>,
    ) -> Result<Array, ArrayError> {
        let negative = |exponent: &Array| match exponent.0.kind {
            Kind::Const { value, .. } => value.as_integer().is_some_and(|value| value < 0),
            _ => false,
        };
        if op == Op::Power && dtype.is_integer() && negative(&args[1]) {
            return Err(ArrayError::NegativePower.at(at));
        }
        Ok(Node::map(op, dtype, shape, args, at))
    }

    /// An operation whose result has this shape and type.
    pub(crate) fn whole(
        op: Whole,
        dtype: DType,
        shape: Dims,
        args: Args,
        at: &'static Location<'static>,
    ) -> Array {
        let weight = args.iter().map(|a| a.0.weight).max().unwrap_or(0);
        Array(Held::new(|| Node {
            dtype,
            barrier: true,
            weight,
            kind: Kind::Whole { op: Box::new(op), shape, args, at },
        }))
    }

    pub(crate) fn store(arg: Array, layout: Layout) -> Array {
        let (dtype, weight) = (arg.0.dtype, arg.0.weight);
        let args = Args::from_iter([arg]);
        Array(Held::new(|| Node { dtype, barrier: true, weight, kind: Kind::Store { layout, args } }))
    }

    pub(crate) fn shape(&self) -> &[usize] {
        match &self.kind {
            Kind::Failed(_) | Kind::Reduce { .. } => &[],
            Kind::Const { shape, .. } | Kind::Map { shape, .. } | Kind::Whole { shape, .. } => shape,
            Kind::Buffer { layout, .. } | Kind::Source { layout, .. } | Kind::Store { layout, .. } => {
                &layout.shape
            }
        }
    }

    pub(crate) fn args(&self) -> &[Array] {
        match &self.kind {
            Kind::Map { args, .. }
            | Kind::Reduce { args, .. }
            | Kind::Whole { args, .. }
            | Kind::Store { args, .. } => args,
            _ => &[],
        }
    }
}

impl Kind {
    fn args_mut(&mut self) -> Option<&mut Args> {
        match self {
            Kind::Map { args, .. }
            | Kind::Reduce { args, .. }
            | Kind::Whole { args, .. }
            | Kind::Store { args, .. } => Some(args),
            _ => None,
        }
    }
}

/// Operations that may be dropped by recursion, at some hundred bytes of the stack each.
const SHALLOW: u32 = 32;

impl Drop for Node {
    #[inline]
    fn drop(&mut self) {
        // Below what holds no barrier are only maps, which all count, and leaves: so few of them are not deep, and go by themselves.
        if self.weight <= SHALLOW && !self.barrier {
            return;
        }
        // Leaves have nothing to hand on: they go with the node.
        if let Some(args) = self.kind.args_mut()
            && args.iter().any(|arg| !arg.0.args().is_empty())
        {
            drop_args(args);
        }
    }
}

/// Drops arguments and all that end with them, one by one (E3).
#[inline(never)]
fn drop_args(args: &mut Args) {
    let mut stack: SmallVec<[Array; 8]> = SmallVec::new();
    // Leaves have nothing to hand on.
    let put = |args: &mut Args, stack: &mut SmallVec<[Array; 8]>| {
        while let Some(arg) = args.pop() {
            if !arg.0.args().is_empty() {
                stack.push(arg);
            }
        }
    };
    put(args, &mut stack);
    while let Some(Array(node)) = stack.pop() {
        // Only the last owner sees inside; its node is dropped here, without arguments, so not deeper than one call.
        if let Some(mut node) = node.last()
            && let Some(args) = node.kind.args_mut()
        {
            put(args, &mut stack);
        }
    }
}
