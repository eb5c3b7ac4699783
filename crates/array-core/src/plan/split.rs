//! Cutting an expression into parts that are one pass each.

use super::bind::MAX_WEIGHT;
use crate::{
    array::Array,
    error::ArrayError,
    expr::{AddressMap, Args, Kind, Node, Op, Rewrite, Whole, rewrite, rewrite_known},
    layout::{Dims, Layout},
};
use smallvec::SmallVec;

/// Replaces, innermost first, what must be evaluated before `expr` can run as one pass by what `f` returns for it.
///
/// `f` gets every reduction **strictly inside** `expr` (its root may stay one), every expression that a reshape must see
/// stored, every operation on whole arrays ([`Array::is_whole`]), and, so that a plan stays small, inner parts of expressions
/// of more than some hundred operations. So what `f` gets may or may not be a reduction
/// ([`Bound::reduction`](super::Bound::reduction) says), and is ready for [`bind`](super::bind()) unless it is such an operation. `f`
/// returns a leaf of the same type and shape: data ([`Array::from_buffer`]) or a source ([`Array::from_source`]). The
/// result is ready for [`bind`](super::bind()); nothing happens (and `expr` comes back) where nothing must be cut.
///
/// ```
/// use array_core::{split_reductions, Array};
/// let a = Array::arange(0, 4, 1);
/// let centred = &a - a.mean();
/// let mut seen = 0;
/// let ready = split_reductions(&centred, &mut |part| { seen += 1; part.eval() })?;
/// assert_eq!((seen, ready.to_vec::<f64>()?), (1, vec![-1.5, -0.5, 0.5, 1.5]));
/// # Ok::<(), array_core::ArrayError>(())
/// ```
///
/// # Errors
/// What `f` returns; the error that `expr` carries; [`ArrayError::NotSplit`] if `f` does not return such a leaf.
pub fn split_reductions(
    expr: &Array,
    f: &mut dyn FnMut(&Array) -> Result<Array, ArrayError>,
) -> Result<Array, ArrayError> {
    split_owned(expr, &mut |part| f(&part))
}

/// As [`split_reductions`], handing the parts over: what stored leaves nobody else reads end with their part.
pub(crate) fn split_owned(expr: &Array, f: Store<'_>) -> Result<Array, ArrayError> {
    if let Some(error) = expr.error() {
        return Err(error.clone());
    }
    let inner = match &expr.0.kind {
        Kind::Reduce { args, .. } | Kind::Whole { args, .. } => args.iter().any(|a| a.0.barrier),
        _ => expr.0.barrier,
    };
    if !inner && expr.0.weight <= MAX_WEIGHT {
        return Ok(expr.clone());
    }
    rewrite(expr, &mut Split { root: expr.address(), f })
}

/// As [`split_owned`], of several expressions: what they share is stored once. A reduction or an operation on wholes at the root of
/// one of them stays one, unless it is inside another.
pub(crate) fn split_together(exprs: &[&Array], f: Store<'_>) -> Result<Vec<Array>, ArrayError> {
    if let Some(error) = exprs.iter().find_map(|expr| expr.error()) {
        return Err(error.clone());
    }
    let mut done = AddressMap::default();
    let mut rules = Split { root: std::ptr::null(), f };
    let mut below: Vec<Args> = Vec::with_capacity(exprs.len());
    for expr in exprs {
        let args = expr.0.args().iter().map(|arg| rewrite_known(&mut done, arg, &mut rules));
        below.push(args.collect::<Result<_, _>>()?);
    }
    let mut roots = Vec::with_capacity(exprs.len());
    for (expr, args) in exprs.iter().zip(below) {
        roots.push(match done.get(&expr.address()) {
            Some(known) => known.clone(),
            None if args.is_empty() => Array::clone(expr),
            // What is one pass stays the node that others among these are built on.
            None if rules.enter(expr)?.is_some() => Array::clone(expr),
            None => {
                rules.root = expr.address();
                let root = rules.leave(expr, args)?;
                // The same root may be asked for again.
                done.insert(expr.address(), root.clone());
                root
            }
        });
    }
    Ok(roots)
}

/// What gives the leaf for a part.
pub(crate) type Store<'a> = &'a mut dyn FnMut(Array) -> Result<Array, ArrayError>;

struct Split<'a> {
    root: *const Node,
    f: Store<'a>,
}

impl Split<'_> {
    fn store(&mut self, part: Array) -> Result<Array, ArrayError> {
        let (dtype, shape): (_, Dims) = (part.dtype(), part.shape().into());
        let leaf = (self.f)(part)?;
        if let Some(error) = leaf.error() {
            return Err(error.clone());
        }
        let fits = leaf.0.args().is_empty() && leaf.dtype() == dtype && leaf.shape() == &shape[..];
        if fits { Ok(leaf) } else { Err(ArrayError::NotSplit) }
    }
}

impl Rewrite for Split<'_> {
    type Error = ArrayError;

    fn enter(&mut self, node: &Array) -> Result<Option<Array>, ArrayError> {
        let whole = !node.0.barrier && node.0.weight <= MAX_WEIGHT;
        Ok(whole.then(|| node.clone()))
    }

    fn leave(&mut self, node: &Array, mut args: Args) -> Result<Array, ArrayError> {
        match &node.0.kind {
            Kind::Map { op, shape, at, .. } => {
                // Store the heaviest arguments until the rest is one pass.
                while args.iter().map(|a| u64::from(a.0.weight)).sum::<u64>() >= u64::from(MAX_WEIGHT) {
                    let (at, _) =
                        args.iter().enumerate().max_by_key(|a| a.1.0.weight).expect("a map has arguments");
                    let address = args[at].address();
                    let others: SmallVec<[usize; 3]> =
                        (0..args.len()).filter(|&i| i != at && args[i].address() == address).collect();
                    // Taken out of the arguments, so that the part may be its only owner.
                    let heaviest = std::mem::replace(&mut args[at], Array::scalar(false));
                    args[at] = self.store(heaviest)?;
                    for i in others {
                        args[i] = args[at].clone();
                    }
                }
                Node::map_again(*op, node.dtype(), shape.clone(), args, at)
            }
            Kind::Reduce { op, at, .. } => {
                let reduce = Node::reduce(*op, node.dtype(), args.remove(0), at);
                if node.address() == self.root { Ok(reduce) } else { self.store(reduce) }
            }
            Kind::Whole { op, shape, at, .. } => {
                let whole = Node::whole(Whole::clone(op), node.dtype(), shape.clone(), args, at);
                if node.address() == self.root { Ok(whole) } else { self.store(whole) }
            }
            Kind::Store { layout, .. } => {
                let arg = args.remove(0);
                let leaf = match seen(&arg, layout) {
                    Some(_) => arg,
                    // A leaf whose elements are scattered is copied as any expression is stored.
                    None if arg.0.args().is_empty() => {
                        let at = std::panic::Location::caller();
                        let (dtype, shape) = (arg.dtype(), arg.shape().into());
                        self.store(Node::map(Op::Copy, dtype, shape, Args::from_iter([arg]), at))?
                    }
                    None => self.store(arg)?,
                };
                seen(&leaf, layout).ok_or(ArrayError::NotSplit)
            }
            _ => Ok(node.clone()),
        }
    }
}

/// A stored leaf, in C order, through another layout.
fn seen(leaf: &Array, view: &Layout) -> Option<Array> {
    let through = |own: &Layout| {
        own.is_contiguous().then(|| Layout { offset: own.offset + view.offset, ..view.clone() })
    };
    let kind = match &leaf.0.kind {
        Kind::Const { value, .. } => Kind::Const { value: *value, shape: view.shape.clone() },
        Kind::Buffer { data, layout } => Kind::Buffer { data: data.clone(), layout: through(layout)? },
        Kind::Source { data, layout } => Kind::Source { data: data.clone(), layout: through(layout)? },
        _ => return None,
    };
    Some(Node::leaf(leaf.dtype(), kind))
}
