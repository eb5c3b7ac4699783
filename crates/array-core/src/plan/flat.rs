//! Expressions over dense data of one shape, bound to bare addresses.
//!
//! **Why** binding an expression in general copies the layout of every operand and takes a share in its data; putting the axes in
//! order, tables of tiles and cursors follow. For data that lies as the result will, addresses say it all, and the way to the
//! kernels is a fraction as long. The key, and so the plan, is that of [`super::bind()`], and its steps are called as [`Plan::map`] calls
//! them, so the bits are the same.
//! **Trade-offs** all room is on the stack and of fixed size, and the walk recurses to a fixed depth: what is larger is bound in general.

use super::{
    Plan,
    bind::{Arg, HEAD, head, instruction, operand},
    cache,
    run::Scratch,
};
use crate::{
    array::Array,
    expr::{Kind, Node, Op},
    kernels::Isa,
    source::Lend,
};

/// Words of the longest key.
const WORDS: usize = 96;
/// Operations below each other.
const DEPTH: u32 = 16;
/// Operands, constants, and operations that are read twice.
const FEW: usize = 8;

/// An expression bound to the addresses of what it reads, good while the expression lives.
pub(crate) struct Flat {
    key: [u32; WORDS],
    words: usize,
    /// Elements of the result.
    len: usize,
    sources: [*const u8; FEW],
    kinds: [u32; FEW],
    operands: usize,
    consts: [u128; FEW],
    values: usize,
    /// Operations with several readers, and where their results are.
    known: [(*const Node, u32); FEW],
    shared: usize,
    /// Instructions so far.
    count: u16,
}

impl Flat {
    /// Bound to nothing.
    #[inline(always)]
    pub(crate) fn new() -> Flat {
        Flat {
            key: [0; WORDS],
            words: HEAD,
            len: 0,
            sources: [std::ptr::null(); FEW],
            kinds: [0; FEW],
            operands: 0,
            consts: [0; FEW],
            values: 0,
            known: [(std::ptr::null(), 0); FEW],
            shared: 0,
            count: 0,
        }
    }

    /// Binds a map that has elements, if all that it reads is dense data of as many elements, or single values; that of sources is
    /// where `lend` says.
    pub(crate) fn bind(&mut self, array: &Array, isa: Isa, lend: Option<Lend<'_>>) -> Option<()> {
        if array.0.barrier {
            return None;
        }
        self.len = array.len();
        let result = self.part(array, DEPTH, lend)?;
        let purpose = (isa, None, array.dtype());
        self.key[..HEAD].copy_from_slice(&head(purpose, result, self.operands, self.values));
        for k in 0..self.operands {
            self.push(self.kinds[k])?;
        }
        Some(())
    }

    #[inline(always)]
    fn push(&mut self, word: u32) -> Option<()> {
        *self.key.get_mut(self.words)? = word;
        self.words += 1;
        Some(())
    }

    /// Where a part of the expression is: the result of its instructions, which are written, or an operand.
    #[inline(always)]
    fn part(&mut self, array: &Array, depth: u32, lend: Option<Lend<'_>>) -> Option<u32> {
        match &array.0.kind {
            Kind::Map { op, args, .. } => self.operation(array, *op, args, depth, lend),
            Kind::Const { value, .. } => {
                *self.consts.get_mut(self.values)? = value.bits();
                self.values += 1;
                Some(Arg::Const(self.values as u16 - 1).encode())
            }
            Kind::Buffer { .. } | Kind::Source { .. } => self.data(array, lend),
            _ => None,
        }
    }

    /// Writes the instructions of an operation; gives where its result is.
    fn operation(
        &mut self,
        array: &Array,
        op: Op,
        args: &[Array],
        depth: u32,
        lend: Option<Lend<'_>>,
    ) -> Option<u32> {
        let is_shared = array.is_shared();
        if is_shared
            && let Some((_, at)) = self.known[..self.shared].iter().find(|(node, _)| *node == array.address())
        {
            return Some(*at);
        }
        let mut values = [0; 3];
        for (value, arg) in values.iter_mut().zip(args) {
            *value = self.part(arg, depth.checked_sub(1)?, lend)?;
        }
        // The type that counts is that of the last argument: `Where` has its condition first.
        debug_assert!(args.len() <= 3);
        let first = instruction(op, args.last()?.dtype(), array.dtype(), args.len());
        // What is written behind the arguments is written again, or not read.
        *self.key.get_mut(self.words..)?.first_chunk_mut()? = [first, values[0], values[1], values[2]];
        self.words += 1 + args.len();
        let result = Arg::Temp(self.count).encode();
        self.count += 1;
        if is_shared {
            *self.known.get_mut(self.shared)? = (array.address(), result);
            self.shared += 1;
        }
        Some(result)
    }

    /// An operand: of as many elements as the result, in C order (stretching adds only axes of one element), or one value. An iteration
    /// over one element reads operands as vectors of one.
    #[inline(always)]
    fn data(&mut self, leaf: &Array, lend: Option<Lend<'_>>) -> Option<u32> {
        let (Kind::Buffer { layout, .. } | Kind::Source { layout, .. }) = &leaf.0.kind else { return None };
        let len = layout.len();
        let scalar = len == 1 && self.len != 1;
        if !scalar && (len != self.len || !layout.is_contiguous()) {
            return None;
        }
        let dtype = leaf.dtype();
        let source = match &leaf.0.kind {
            // SAFETY: the first element of a leaf that has elements lies in its buffer (L1).
            Kind::Buffer { data, .. } => unsafe {
                data.as_ptr().offset(layout.offset * dtype.size() as isize)
            },
            Kind::Source { data, .. } => lend?(data, layout)?,
            _ => return None,
        };
        let kind = operand(dtype, scalar);
        let known = (0..self.operands).find(|&k| self.sources[k] == source && self.kinds[k] == kind);
        let k = known.unwrap_or(self.operands);
        if k == self.operands {
            *self.sources.get_mut(k)? = source;
            self.kinds[k] = kind;
            self.operands += 1;
        }
        Some(Arg::Operand(k as u16).encode())
    }

    /// What `f` makes of the plan, if it can run on addresses alone. `f` evaluates nothing else.
    #[inline]
    pub(crate) fn with_plan<R>(&self, f: impl FnOnce(&Plan) -> R) -> Option<R> {
        cache::with_plan(&self.key[..self.words], |plan| plan.is_flat().then(|| f(plan)))
    }

    /// Computes all elements, by the plan that [`with_plan`](Self::with_plan) found.
    ///
    /// # Safety
    /// What the expression reads lives; `out` has room for its elements, which nobody else touches.
    #[inline]
    pub(crate) unsafe fn run(&self, plan: &Plan, out: *mut u8, scratch: &mut Scratch) {
        let (consts, sources) = (&self.consts[..self.values], &self.sources[..self.operands]);
        // SAFETY: the key says what is read: as many elements at each address as the result has, or one. The rest is the caller's.
        unsafe { plan.map_flat(consts, sources, out, self.len, scratch) }
    }
}
