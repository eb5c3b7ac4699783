//! Binding: from an expression to the key of its plan, its operands and its constants, in one walk.
//!
//! The key is the expression's structure in post-order, as 32-bit words: a head, the instructions, then types and scalar sides of
//! the operands. Equal structures have equal keys, so they share a plan, whatever their data, shapes and constants.

use super::{Bound, Consts, Operand, OperandData, cache, compile::may_fail, normalise::coalesce};
use crate::{
    array::Array,
    dtype::DType,
    error::ArrayError,
    expr::{Kind, Node, Op, ReduceOp},
    kernels::Isa,
    layout::{Dims, Layout, alike, few},
};
use smallvec::SmallVec;
use std::{borrow::Cow, panic::Location};

/// Expressions of more operations than this are cut by [`split_reductions`](super::split_reductions).
pub(crate) const MAX_WEIGHT: u32 = 256;

/// Where an instruction finds an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Arg {
    /// The result of an instruction.
    Temp(u16),
    Operand(u16),
    Const(u16),
}

impl Arg {
    #[inline]
    pub(super) fn encode(self) -> u32 {
        match self {
            Arg::Temp(i) => u32::from(i),
            Arg::Operand(i) => 1 << 16 | u32::from(i),
            Arg::Const(i) => 2 << 16 | u32::from(i),
        }
    }

    pub(crate) fn decode(word: u32) -> Arg {
        let i = word as u16;
        match word >> 16 {
            0 => Arg::Temp(i),
            1 => Arg::Operand(i),
            _ => Arg::Const(i),
        }
    }
}

type Key = SmallVec<[u32; 64]>;

/// Words of a key before its instructions.
pub(super) const HEAD: usize = 4;

/// What a key begins with: what the plan is for, where the result is, how many operands and constants there are.
#[inline]
pub(super) fn head(
    (isa, reduction, dtype): (Isa, Option<ReduceOp>, DType),
    result: u32,
    operands: usize,
    consts: usize,
) -> [u32; HEAD] {
    let what = u32::from(isa as u8) | (reduction.map_or(0xff, |r| r as u32)) << 8 | (dtype as u32) << 16;
    [what, result, operands as u32, consts as u32]
}

/// What an instruction begins with; as many words of arguments follow.
#[inline]
pub(super) fn instruction(op: Op, input: DType, output: DType, args: usize) -> u32 {
    op as u32 | (input as u32) << 8 | (output as u32) << 16 | (args as u32) << 24
}

/// The word of an operand.
#[inline]
pub(super) fn operand(dtype: DType, scalar: bool) -> u32 {
    dtype as u32 | u32::from(scalar) << 8
}

/// The types of a word of the key.
pub(crate) fn dtype_from(code: u8) -> DType {
    DType::ALL[code as usize]
}

/// Binds an expression: looks its plan up (compiling it the first time) and collects what it reads.
///
/// `expr` has no inner reductions ([`split_reductions`](super::split_reductions)); its root may be one. Equal operands (same data and layout) are
/// merged.
///
/// ```
/// use array_core::{bind, Array};
/// let a = Array::arange(0.0, 4.0, 1.0);
/// let bound = bind(&((&a + &a) * 2.0))?;
/// assert_eq!((bound.operands.len(), bound.consts.len(), bound.plan.instructions()), (1, 1, 1));
/// # Ok::<(), array_core::ArrayError>(())
/// ```
///
/// # Errors
/// The error that `expr` carries; [`ArrayError::NotSplit`] (also if it is an operation on whole arrays,
/// [`Array::is_whole`]).
pub fn bind(expr: &Array) -> Result<Bound, ArrayError> {
    bind_for(expr, Isa::active())
}

/// As [`bind()`], for a given instruction set, to compare results.
///
/// # Errors
/// As [`bind()`]. An instruction set this machine lacks counts as the baseline.
pub fn bind_for(expr: &Array, isa: Isa) -> Result<Bound, ArrayError> {
    let isa = isa.or_baseline();
    if let Some(error) = expr.error() {
        return Err(error.clone());
    }
    let (root, reduction) = match &expr.0.kind {
        Kind::Reduce { op, args, .. } => (&args[0], Some(*op)),
        _ => (expr, None),
    };
    let mut bound = structure(root, reduction, expr.dtype(), isa)?;
    if reduction.is_some() {
        coalesce(&mut bound.shape, None, &mut bound.operands);
    }
    Ok(bound)
}

/// Binds an expression that will be read as the argument of a reduction to `dtype`, with its axes as they are.
pub(crate) fn bind_reading(expr: &Array, op: ReduceOp, isa: Isa) -> Result<Bound, ArrayError> {
    let isa = isa.or_baseline();
    match expr.error() {
        Some(error) => Err(error.clone()),
        None => structure(expr, Some(op), expr.dtype(), isa),
    }
}

fn structure(root: &Array, reduction: Option<ReduceOp>, dtype: DType, isa: Isa) -> Result<Bound, ArrayError> {
    if root.0.barrier || root.0.weight > MAX_WEIGHT {
        return Err(ArrayError::NotSplit);
    }
    let shape: Dims = few(root.shape());
    let len: usize = shape.iter().product();
    let mut walk = Walk {
        shape: &shape,
        vectors: len == 1,
        operands: SmallVec::new(),
        scalars: SmallVec::new(),
        consts: Consts::new(),
        key: SmallVec::from_slice(&[0; HEAD]),
        count: 0,
        fails_at: None,
    };
    let result = walk.expression(root)?;
    let Walk { operands, scalars, consts, mut key, fails_at, .. } = walk;
    let purpose = (isa, reduction, dtype);
    key[..HEAD].copy_from_slice(&head(purpose, result.encode(), operands.len(), consts.len()));
    key.extend(operands.iter().zip(&scalars).map(|(o, scalar)| operand(o.dtype, *scalar)));
    let plan = cache::plan(&key);
    Ok(Bound { plan, shape, operands, consts, reduction, fails_at })
}

pub(crate) fn reduction_from(code: u8) -> Option<ReduceOp> {
    ReduceOp::ALL.into_iter().find(|r| *r as u8 == code)
}

struct Walk<'a> {
    shape: &'a [usize],
    /// An iteration over one element reads operands as vectors of one.
    vectors: bool,
    operands: SmallVec<[Operand; 2]>,
    /// Whether each operand is one value.
    scalars: SmallVec<[bool; 6]>,
    consts: Consts,
    key: Key,
    count: u16,
    fails_at: Option<&'static Location<'static>>,
}

impl Walk<'_> {
    /// Post-order without recursion; shared maps are met once.
    fn expression(&mut self, root: &Array) -> Result<Arg, ArrayError> {
        if root.0.args().is_empty() {
            // A leaf alone: a copy, or for a reduction nothing.
            return self.leaf(root);
        }
        let mut known: SmallVec<[(*const Node, Arg); 16]> = SmallVec::new();
        let mut values: SmallVec<[Arg; 16]> = SmallVec::new();
        let mut stack: SmallVec<[(&Array, usize); 16]> = SmallVec::new();
        stack.push((root, 0));
        while let Some((node, child)) = stack.last_mut() {
            let node: &Array = node;
            if let Some(arg) = node.0.args().get(*child) {
                *child += 1;
                if arg.0.args().is_empty() {
                    let leaf = self.leaf(arg)?;
                    values.push(leaf);
                } else if let Some((_, value)) =
                    known.iter().find(|(n, _)| arg.is_shared() && *n == arg.address())
                {
                    values.push(*value);
                } else {
                    stack.push((arg, 0));
                }
                continue;
            }
            let args = node.0.args();
            let Kind::Map { op, at, .. } = &node.0.kind else { return Err(ArrayError::NotSplit) };
            // The type that counts is that of the last argument: `Where` has its condition first.
            let input = args[args.len() - 1].dtype();
            self.key.push(instruction(*op, input, node.dtype(), args.len()));
            let from = values.len() - args.len();
            for value in &values[from..] {
                self.key.push(value.encode());
            }
            if may_fail(*op, input, values.get(from + 1)) {
                self.fails_at.get_or_insert(at);
            }
            values.truncate(from);
            let value = Arg::Temp(self.count);
            self.count += 1;
            if node.is_shared() {
                known.push((node.address(), value));
            }
            values.push(value);
            stack.pop();
        }
        Ok(values[0])
    }

    fn leaf(&mut self, leaf: &Array) -> Result<Arg, ArrayError> {
        let layout = match &leaf.0.kind {
            Kind::Const { value, .. } => {
                self.consts.push(value.bits());
                return Ok(Arg::Const(self.consts.len() as u16 - 1));
            }
            Kind::Buffer { layout, .. } | Kind::Source { layout, .. } => layout,
            Kind::Failed(error) => return Err(error.clone()),
            _ => return Err(ArrayError::NotSplit),
        };
        // Copied only for an operand that is new.
        let mut layout = Cow::Borrowed(layout);
        if !alike(&layout.shape, self.shape) {
            layout = Cow::Owned(layout.broadcast_to(self.shape)?);
        }
        let known = self.operands.iter().position(|o| {
            let same = match (&o.data, &leaf.0.kind) {
                (OperandData::Buffer(a), Kind::Buffer { data, .. }) => a.same(data),
                (OperandData::Source(a), Kind::Source { data, .. }) => std::sync::Arc::ptr_eq(a, data),
                _ => false,
            };
            same && o.layout == *layout
        });
        if let Some(index) = known {
            return Ok(Arg::Operand(index as u16));
        }
        let data = match &leaf.0.kind {
            Kind::Buffer { data, .. } => OperandData::Buffer(data.clone()),
            Kind::Source { data, .. } => OperandData::Source(data.clone()),
            _ => unreachable!("looked at above"),
        };
        self.scalars.push(!self.vectors && is_scalar(&layout));
        self.operands.push(Operand { data, dtype: leaf.dtype(), layout: layout.into_owned() });
        Ok(Arg::Operand(self.operands.len() as u16 - 1))
    }
}

/// Whether all elements lie at one address.
fn is_scalar(layout: &Layout) -> bool {
    layout.strides.iter().zip(&layout.shape).all(|(&s, &d)| s == 0 || d == 1)
}
