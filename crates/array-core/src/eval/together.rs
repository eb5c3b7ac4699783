//! Several results in one pass: what they read in common is read once, what they compute in common is computed once.
//!
//! The results of one iteration shape go over their elements together, piece by piece: for each piece every plan runs in turn,
//! while what it reads is still in the cache from the one before. A result that another one is built on is read from its own
//! memory, just written; other common parts are computed into a block that is used again for the next piece.
//!
//! **Promise** the same bits as one by one: those of an element do not depend on pieces, and pieces are nodes of the tree of
//! sums ([`reduction_nodes`]), whose results do not depend on how the tree is cut; a reduction along the last axes computes a result when
//! its last element is there, from all of its row.
//!
//! **Invariant** G1: within a piece, jobs run in an order in which each reads only what earlier jobs have written of the same
//! piece: all of one group have one iteration shape, and a stage is read through its whole C order, so element `i` of a job needs
//! element `i` of a stage. G2: a row may begin in an earlier piece, so what reads rows reads no block that holds one piece only.

use super::SCRATCH;
use crate::{
    array::Array,
    buffer::{BlockPool, TileBuf},
    caches::last_level_cache,
    dtype::DType,
    error::ArrayError,
    expr::{AddressMap, Args, Kind, Node, Rewrite, Whole, rewrite},
    kernels::Isa,
    layout::{Dims, Layout},
    plan::{
        AxisReduction, Bound, OperandData, Partial, Scratch, TileMut, TileRef, bind_for, finish_reduction,
        normalise, reduction_nodes, split_together,
    },
    source::Source,
};
use smallvec::SmallVec;
use std::{any::Any, convert::Infallible, ops::Range, sync::Arc};

/// Elements of a piece: a dozen arrays of doubles stay in the second-level cache.
const PIECE: usize = 8192;

impl Array {
    /// Computes several arrays in one pass over what they read: same values, bit for bit, as each by [`eval`](Self::eval).
    ///
    /// Elementwise results, reductions over all elements, and sums, products, extremes and positions of extremes along the last axes that
    /// go over the same shape share the pass, and what they have in common is computed once. Others are computed on their own: another
    /// shape; reductions along other axes, whose results all need the last piece; means and variances along axes; scans.
    ///
    /// ```
    /// use array_core::Array;
    /// let u = Array::arange(0.0, 6.0, 1.0);
    /// let new = &u * 0.5 + 1.0;
    /// let residual = (&new - &u).abs().max();
    /// let [new, residual] = Array::eval_together([&new, &residual])?;   // u is read once
    /// assert_eq!((new.slice([5.into()]).item::<f64>()?, residual.item::<f64>()?), (3.5, 1.5));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As of [`eval`](Self::eval), of one of the arrays.
    pub fn eval_together<const N: usize>(arrays: [&Array; N]) -> Result<[Array; N], ArrayError> {
        let done = Array::eval_all(&arrays, Isa::active())?;
        Ok(done.try_into().expect("one result for each"))
    }

    /// As [`eval_together`](Self::eval_together), of any number of arrays and on a given instruction set; one that this machine lacks
    /// counts as the baseline.
    ///
    /// ```
    /// use array_core::{Array, Isa};
    /// let u = Array::arange(0, 5, 1);
    /// let powers: Vec<Array> = (1..4).map(|n| u.pow(n).sum()).collect();
    /// let sums = Array::eval_all(&powers.iter().collect::<Vec<_>>(), Isa::active())?;
    /// assert_eq!(sums.iter().map(|sum| sum.item::<i64>()).collect::<Result<Vec<_>, _>>()?, [10, 30, 100]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As [`eval_together`](Self::eval_together).
    pub fn eval_all(arrays: &[&Array], isa: Isa) -> Result<Vec<Array>, ArrayError> {
        let isa = isa.or_baseline();
        let roots = split_together(arrays, &mut |part| part.into_evaluated_for(isa))?;
        let mut results: Vec<Option<Array>> = vec![None; roots.len()];
        for first in 0..roots.len() {
            if results[first].is_some() {
                continue;
            }
            let group = partners(&roots, &results, first);
            let members: Vec<Array> = group.iter().map(|&i| roots[i].clone()).collect();
            let done = match &members[..] {
                [one] => vec![one.eval_for(isa)?],
                members => Group::new(members, isa)?.run()?,
            };
            for (i, done) in group.into_iter().zip(done) {
                // The same expression asked for twice.
                for j in (i..roots.len()).filter(|&j| roots[j].address() == roots[i].address()) {
                    results[j] = Some(done.clone());
                }
            }
        }
        Ok(results.into_iter().map(|done| done.expect("every root is in a group")).collect())
    }
}

/// The shape that a pass for the array goes over, and whether it is a reduction of complex numbers, whose tree is another one.
fn pass(root: &Array) -> Option<(&[usize], Option<bool>)> {
    match &root.0.kind {
        Kind::Map { shape, .. } => Some((shape, None)),
        Kind::Reduce { args, .. } => Some((args[0].shape(), Some(root.dtype().is_complex()))),
        Kind::Whole { op, args, .. } if row(op, args[0].shape()).is_some() => Some((args[0].shape(), None)),
        _ => None,
    }
}

/// The elements of a result, if they are a row: those of the last axes.
fn row(op: &Whole, shape: &[usize]) -> Option<usize> {
    let ndim = shape.len();
    let first = match op {
        Whole::Reduce { axes, .. } if axes.iter().copied().eq(ndim - axes.len()..ndim) => ndim - axes.len(),
        Whole::Arg { axis: Some(axis), .. } if axis + 1 == ndim => *axis,
        _ => return None,
    };
    (first > 0 && !shape.contains(&0)).then(|| shape[first..].iter().product())
}

/// `first` and the roots after it that share its pass, no two the same.
fn partners(roots: &[Array], results: &[Option<Array>], first: usize) -> Vec<usize> {
    let mut group = vec![first];
    let Some((shape, mut tree)) = pass(&roots[first]) else { return group };
    for i in first + 1..roots.len() {
        let known = group.iter().any(|&j| roots[j].address() == roots[i].address());
        let Some((own, own_tree)) = pass(&roots[i]) else { continue };
        let fits = own == shape && (tree.is_none() || own_tree.is_none() || tree == own_tree);
        if fits && !known && results[i].is_none() {
            tree = tree.or(own_tree);
            group.push(i);
        }
    }
    group
}

/// What an earlier job of the group writes, as a leaf of a later one.
#[derive(Debug)]
struct Stage {
    job: usize,
    dtype: DType,
    shape: Dims,
}

impl Source for Stage {
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Expressions whose pieces are computed one after another.
struct Group {
    jobs: Vec<Job>,
    /// The job of each member.
    members: Vec<usize>,
    pieces: Vec<Range<usize>>,
    len: usize,
}

struct Job {
    bound: Bound,
    /// The operands that are stages: number, and job.
    stages: SmallVec<[(usize, usize); 4]>,
    /// Layout of the result of a map over its block, as its plan walks it.
    out: Option<Layout>,
    /// As it is.
    result: Layout,
    /// A stage that is no result holds one piece only.
    temporary: bool,
    /// Whether a later job reads what it writes.
    read: bool,
    block: Option<TileBuf>,
    partials: Vec<Partial>,
    rows: Option<Rows>,
}

/// A reduction along the last axes.
struct Rows {
    axes: AxisReduction,
    /// Elements of a row.
    len: usize,
    /// Rows whose results are there.
    done: usize,
}

/// Whether computing it twice costs more than writing and reading it.
fn is_work(node: &Array) -> bool {
    matches!(&node.0.kind, Kind::Map { op, .. } if node.0.weight > 1 || op.is_function())
}

/// Calls `f` with the maps below `root` that go over its whole shape, each once; descends where it says so.
fn walk<'a>(root: &'a Array, shape: &[usize], f: &mut dyn FnMut(&'a Array) -> bool) {
    let mut seen: AddressMap<*const Node, ()> = AddressMap::default();
    let mut stack: Vec<&Array> = root.0.args().iter().collect();
    while let Some(node) = stack.pop() {
        let whole = matches!(node.0.kind, Kind::Map { .. }) && node.shape() == shape;
        if whole && seen.insert(node.address(), ()).is_none() && f(node) {
            stack.extend(node.0.args());
        }
    }
}

/// The parts worth a stage that several members have in common, as far up as they are common.
fn common(members: &[Array], shape: &[usize], is_member: &dyn Fn(&Array) -> bool) -> Vec<Array> {
    let mut uses: AddressMap<*const Node, usize> = AddressMap::default();
    for member in members {
        walk(member, shape, &mut |node| {
            let descend = !is_member(node);
            *uses.entry(node.address()).or_default() += usize::from(descend);
            descend
        });
    }
    let mut found: Vec<Array> = Vec::new();
    for member in members {
        walk(member, shape, &mut |node| {
            let shared = uses[&node.address()] > 1 && is_work(node);
            if shared && !found.iter().any(|known| known.address() == node.address()) {
                found.push(node.clone());
            }
            !shared && !is_member(node)
        });
    }
    found
}

/// Puts stages in the place of what other jobs compute.
struct Staged<'a> {
    root: *const Node,
    sources: &'a AddressMap<*const Node, Arc<dyn Source>>,
}

impl Rewrite for Staged<'_> {
    type Error = Infallible;

    fn enter(&mut self, node: &Array) -> Result<Option<Array>, Infallible> {
        Ok(match self.sources.get(&node.address()) {
            Some(source) if node.address() != self.root => Some(Array::from_source(source.clone())),
            _ if node.0.args().is_empty() => Some(node.clone()),
            _ => None,
        })
    }

    fn leave(&mut self, node: &Array, mut args: Args) -> Result<Array, Infallible> {
        Ok(match &node.0.kind {
            Kind::Map { op, shape, at, .. } => Node::map(*op, node.dtype(), shape.clone(), args, at),
            Kind::Reduce { op, at, .. } => Node::reduce(*op, node.dtype(), args.remove(0), at),
            Kind::Whole { op, shape, at, .. } => {
                Node::whole(Whole::clone(op), node.dtype(), shape.clone(), args, at)
            }
            _ => unreachable!("members are one pass each"),
        })
    }
}

impl Group {
    /// `members` are distinct, maps over one shape or reductions of such, by trees of one kind.
    fn new(members: &[Array], isa: Isa) -> Result<Group, ArrayError> {
        let shape: Dims = pass(&members[0]).expect("a member is a pass").0.into();
        let len = shape.iter().product();
        let is_map = |array: &Array| matches!(array.0.kind, Kind::Map { .. });
        let takes_rows = |array: &Array| matches!(array.0.kind, Kind::Whole { .. });
        let by_pieces: Vec<Array> = members.iter().filter(|member| !takes_rows(member)).cloned().collect();
        let temporaries = common(&by_pieces, &shape, &|node| {
            members.iter().any(|member| is_map(member) && member.address() == node.address())
        });
        // What is part of another expression is lighter, or the argument of a reduction: so it comes first (G1).
        let mut order: Vec<(Array, bool)> = temporaries.into_iter().map(|part| (part, true)).collect();
        order.extend(members.iter().map(|member| (member.clone(), false)));
        order.sort_by_key(|(expr, _)| (expr.0.weight, !is_map(expr)));
        let mut sources: AddressMap<*const Node, Arc<dyn Source>> = AddressMap::default();
        // What stays whole (G2).
        let mut kept: AddressMap<*const Node, Arc<dyn Source>> = AddressMap::default();
        for (job, (expr, temporary)) in order.iter().enumerate().filter(|(_, (expr, _))| is_map(expr)) {
            let stage: Arc<dyn Source> = Arc::new(Stage { job, dtype: expr.dtype(), shape: shape.clone() });
            if !temporary {
                kept.insert(expr.address(), stage.clone());
            }
            sources.insert(expr.address(), stage);
        }
        let mut jobs: Vec<Job> = Vec::with_capacity(order.len());
        for (expr, temporary) in &order {
            let sources = if takes_rows(expr) { &kept } else { &sources };
            let Ok(staged) = rewrite(expr, &mut Staged { root: expr.address(), sources });
            let job = Job::new(&staged, *temporary, isa)?;
            for &(_, stage) in &job.stages {
                jobs[stage].read = true;
            }
            jobs.push(job);
        }
        let place = |member: &Array| order.iter().position(|(expr, _)| expr.address() == member.address());
        let reduced = members.iter().find(|member| matches!(member.0.kind, Kind::Reduce { .. }));
        Ok(Group {
            members: members.iter().map(|member| place(member).expect("every member is a job")).collect(),
            pieces: match reduced.map(Array::dtype) {
                Some(dtype) => reduction_nodes(dtype, len, PIECE),
                None => (0..len).step_by(PIECE).map(|start| start..len.min(start + PIECE)).collect(),
            },
            jobs,
            len,
        })
    }

    /// The results of the members.
    fn run(mut self) -> Result<Vec<Array>, ArrayError> {
        SCRATCH.with_borrow_mut(|scratch| {
            for piece in &self.pieces {
                for number in 0..self.jobs.len() {
                    let (before, rest) = self.jobs.split_at_mut(number);
                    rest[0].step(before, piece.clone(), scratch)?;
                }
            }
            Ok::<(), ArrayError>(())
        })?;
        let mut result = |&number: &usize| self.jobs[number].finish(self.len);
        self.members.iter().map(&mut result).collect()
    }
}

impl Job {
    fn new(expr: &Array, temporary: bool, isa: Isa) -> Result<Job, ArrayError> {
        let (mut out, mut block, mut result, mut rows) = (None, None, Layout::default(), None);
        let mut bound = match &expr.0.kind {
            Kind::Whole { op, args, shape, .. } => {
                let (bound, axes) = AxisReduction::bind(op, &args[0], isa).expect("a row is reduced")?;
                let len = row(op, args[0].shape()).expect("members go by rows");
                result = Layout::contiguous(shape)?;
                block = Some(BlockPool::shared().take(expr.dtype(), result.len())?);
                rows = Some(Rows { axes, len, done: 0 });
                bound
            }
            _ => bind_for(expr, isa)?,
        };
        if rows.is_none() && bound.reduction.is_none() {
            let mut layout = Layout::contiguous(&bound.shape)?;
            let len = layout.len();
            result = layout.clone();
            block =
                Some(BlockPool::shared().take(expr.dtype(), if temporary { len.min(PIECE) } else { len })?);
            // The output is in C order, so the order of elements stays.
            normalise(&mut bound.shape, &mut layout, &mut bound.operands);
            out = Some(layout);
        }
        let mut stages = SmallVec::new();
        for (k, operand) in bound.operands.iter().enumerate() {
            if let OperandData::Source(source) = &operand.data {
                let stage = source.as_any().downcast_ref::<Stage>().ok_or(ArrayError::Unbound)?;
                stages.push((k, stage.job));
            }
        }
        Ok(Job { bound, stages, out, result, temporary, read: false, block, partials: Vec::new(), rows })
    }

    /// Where element `start` of its block is element 0: what a layout over the whole shape has to be moved by.
    fn origin(&self, start: usize) -> isize {
        if self.temporary { -(start as isize) } else { 0 }
    }

    /// Computes one piece; `before` are the jobs before it.
    fn step(&mut self, before: &[Job], piece: Range<usize>, scratch: &mut Scratch) -> Result<(), ArrayError> {
        let mut pointers: SmallVec<[*const u8; 6]> = SmallVec::new();
        for operand in &self.bound.operands {
            pointers.push(match &operand.data {
                OperandData::Buffer(buffer) => buffer.as_ptr(),
                OperandData::Source(_) => std::ptr::null(),
            });
        }
        for &(operand, stage) in &self.stages {
            let stage = &before[stage];
            pointers[operand] = stage.block.as_ref().expect("a stage has a block").as_ptr();
            self.bound.operands[operand].layout.offset = stage.origin(piece.start);
        }
        let tile = |(operand, pointer)| {
            let operand: &crate::plan::Operand = operand;
            TileRef {
                layout: &operand.layout,
                tile_elems: usize::MAX,
                first: 0,
                tiles: std::slice::from_ref(pointer),
            }
        };
        let tiles: SmallVec<[TileRef<'_>; 6]> = self.bound.operands.iter().zip(&pointers).map(tile).collect();
        let origin = self.origin(piece.start);
        let Bound { plan, consts, shape, .. } = &self.bound;
        // SAFETY: operands are whole buffers kept by `bound`, whose leaves' layouts stay inside (L1), or blocks of earlier jobs,
        // which have written all of this piece (G1), and of those before it where rows are read (G2); rows are not empty; a temporary block has room for a piece, and its layout is moved so that the
        // piece starts at its first element. The output is a block apart from all of them. The plan is a reduction
        // exactly if there is no output.
        let done = unsafe {
            match (&mut self.out, &mut self.block) {
                (None, Some(block)) => {
                    let rows = self.rows.as_mut().expect("what has a block and no layout goes by rows");
                    let wanted = rows.done..piece.end / rows.len;
                    rows.done = wanted.end;
                    let out = block.as_mut_ptr().add(wanted.start * block.dtype().size());
                    rows.axes.results(plan, consts, shape, &tiles, wanted, out, scratch)
                }
                (Some(layout), Some(block)) => {
                    layout.offset = origin;
                    let target = [block.as_mut_ptr()];
                    let out = TileMut { layout, tile_elems: usize::MAX, first: 0, tiles: &target };
                    // Past the caches only what nobody reads soon.
                    if !self.read && block.len() * block.dtype().size() > last_level_cache() {
                        plan.map_streaming(consts, shape, &tiles, &out, piece, scratch)
                    } else {
                        plan.map(consts, shape, &tiles, &out, piece, scratch)
                    }
                }
                _ => plan.reduce(consts, shape, &tiles, piece, scratch).map(|part| self.partials.push(part)),
            }
        };
        done.map_err(|error| self.bound.locate(error))
    }

    /// The result, after the last piece.
    fn finish(&mut self, len: usize) -> Result<Array, ArrayError> {
        if let (Some(op), None) = (self.bound.reduction, &self.rows) {
            let value = finish_reduction(op, self.bound.plan.dtype(), len, PIECE, &self.partials)?;
            return Ok(Array::one(value));
        }
        let block = self.block.take().expect("it has a block, and is finished once");
        // SAFETY: the pieces cover the shape, so every element of the block was written.
        Ok(Array::from_layout(unsafe { block.freeze() }, self.result.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The jobs of each pass: which results they write, and whose elements they read.
    fn passes(arrays: &[&Array]) -> Vec<Vec<(bool, Vec<usize>)>> {
        let roots = split_together(arrays, &mut |part| part.into_evaluated_for(Isa::active())).unwrap();
        let none = vec![None; roots.len()];
        let mut left: Vec<usize> = (0..roots.len()).collect();
        let mut passes = Vec::new();
        while let Some(&first) = left.first() {
            let group = partners(&roots, &none, first);
            left.retain(|i| !group.contains(i));
            let members: Vec<Array> = group.iter().map(|&i| roots[i].clone()).collect();
            let group = Group::new(&members, Isa::active()).unwrap();
            let job = |job: &Job| (!job.temporary, job.stages.iter().map(|stage| stage.1).collect());
            passes.push(group.jobs.iter().map(job).collect());
        }
        passes
    }

    #[test]
    fn an_update_and_its_residual_are_one_pass_in_which_nothing_is_computed_twice() {
        let u = Array::linspace(0.0, 1.0, 20_000);
        let new = &u * 0.5 + 1.0;
        let residual = (&new - &u).abs().max();
        assert_eq!(passes(&[&residual, &new]), [[(true, vec![]), (true, vec![0])]]);
        // What is no result but a part of two is computed once, too.
        let sine = u.sin();
        let (sum, least) = ((&sine + 1.0).sum(), (&sine - 1.0).min());
        assert_eq!(passes(&[&sum, &least]), [[(false, vec![]), (true, vec![0]), (true, vec![0])]]);
        let other = Array::linspace(0.0, 1.0, 20_001).square();
        assert_eq!(passes(&[&new, &other]).len(), 2, "of other lengths");
    }
}
