//! Evaluation on the calling thread: the same plans a scheduler runs, over whole buffers.

mod direct;
mod inplace;
mod lent;
mod scan;
mod select;
mod together;
mod turns;
mod value;
mod whole;

pub use select::{AtPositions, Selection};

use crate::kernels::Isa;
use crate::{
    array::Array,
    buffer::{BlockPool, Buffer, TileBuf},
    caches::last_level_cache,
    dtype::{Element, Scalar},
    error::ArrayError,
    expr::{Kind, Node},
    layout::Layout,
    plan::{Bound, OperandData, Scratch, TileMut, TileRef, bind_for, normalise, split_owned},
};
use smallvec::SmallVec;
use std::{cell::RefCell, sync::OnceLock};

/// Unused blocks that the evaluation keeps: a sixteenth of the memory there is, at least 256 MiB.
fn pool_cap() -> usize {
    const LEAST: usize = 256 << 20;
    #[cfg(target_os = "linux")]
    // SAFETY: a question about the system.
    let bytes =
        unsafe { libc::sysconf(libc::_SC_PHYS_PAGES).saturating_mul(libc::sysconf(libc::_SC_PAGESIZE)) };
    #[cfg(not(target_os = "linux"))]
    let bytes = 0;
    usize::try_from(bytes / 16).unwrap_or(0).max(LEAST)
}

thread_local! {
    /// What plans run in. No plan runs inside another's run.
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

impl BlockPool {
    /// The pool that [`Array::eval`] takes its results from; keeps unused blocks of at most a sixteenth of the machine's memory
    /// (or 256 MiB, if that is more).
    pub fn shared() -> &'static BlockPool {
        static POOL: OnceLock<BlockPool> = OnceLock::new();
        POOL.get_or_init(|| BlockPool::new(pool_cap()))
    }
}

impl Array {
    /// Computes the array: gives one that is a view of data. On the calling thread.
    ///
    /// # Errors
    /// What went wrong when the expression was built, with the line of the operator; [`ArrayError::Unbound`] if it reads a
    /// session's array; [`ArrayError::NegativePower`]; [`ArrayError::OutOfMemory`].
    ///
    /// ```
    /// use array_core::Array;
    /// let total = (Array::arange(0, 4, 1) * 2).eval()?;
    /// assert!(total.is_evaluated());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn eval(&self) -> Result<Array, ArrayError> {
        self.evaluated(Isa::active())
    }

    /// As [`eval`](Self::eval), on a given instruction set, to compare results. One that this machine lacks counts as the baseline.
    ///
    /// ```
    /// use array_core::{Array, Isa};
    /// let a = Array::linspace(0.0, 1.0, 1000).sin();
    /// let bits = |isa| a.eval_for(isa).map(|a| a.to_vec::<f64>());
    /// assert!(Isa::available().all(|isa| bits(isa) == bits(Isa::Baseline)));
    /// ```
    ///
    /// # Errors
    /// As [`eval`](Self::eval).
    pub fn eval_for(&self, isa: Isa) -> Result<Array, ArrayError> {
        self.evaluated(isa.or_baseline())
    }

    /// [`eval_for`](Self::eval_for), on what this machine has.
    #[inline(always)]
    fn evaluated(&self, isa: Isa) -> Result<Array, ArrayError> {
        // More is written past the caches, which a plan does.
        match self.simple(isa, last_level_cache()) {
            Some(done) => Ok(done),
            None => evaluate(self.clone(), isa),
        }
    }

    /// As [`eval`](Self::eval), giving the expression away: an operand that nobody else holds, and that has the result's
    /// type, shape and order, lends its memory to the result. So a loop of `x = (x * 0.5 + 1.0).into_evaluated()?` stays
    /// in one block.
    ///
    /// Nothing that can still be seen is ever overwritten, nor is a `Vec` that came from outside. Results of at most 64 KiB
    /// are not worth the care and get memory of their own.
    ///
    /// ```
    /// use array_core::Array;
    /// let address = |a: &Array| a.as_buffer().unwrap().0.as_ptr();
    /// let x = (Array::arange(0.0, 1e5, 1.0) + 1.0).into_evaluated()?;
    /// let before = address(&x);
    /// let y = (x * 2.0).into_evaluated()?;                             // x is gone
    /// assert_eq!(address(&y), before);
    /// let z = (&y * 2.0).into_evaluated()?;                            // y is still there
    /// assert!(address(&z) != before && y.slice([3.into()]).item::<f64>()? == 8.0);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As [`eval`](Self::eval).
    pub fn into_evaluated(self) -> Result<Array, ArrayError> {
        self.into_evaluated_for(Isa::active())
    }

    fn into_evaluated_for(self, isa: Isa) -> Result<Array, ArrayError> {
        match self.simple(isa, direct::MOST) {
            Some(done) => Ok(done),
            None => evaluate(self, isa),
        }
    }

    /// The answer of at most so many bytes for what needs no plan.
    #[inline]
    fn simple(&self, isa: Isa, most: usize) -> Option<Array> {
        match &self.0.kind {
            Kind::Map { .. } => direct::map(self, isa, most),
            Kind::Buffer { .. } => Some(self.clone()),
            Kind::Const { value, shape } if shape.is_empty() => Some(Array::one(*value)),
            Kind::Reduce { .. } | Kind::Whole { .. } => value::of(self, isa, None).map(Array::one),
            _ => None,
        }
    }

    /// Whether the root of the expression is an operation on whole arrays (a reduction along some of the axes, a scan),
    /// which is no pass: [`bind`](crate::bind()) refuses it. [`bind_axes`](crate::bind_axes) takes reductions, [`eval`](Self::eval) all.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::ones([2, 3]);
    /// assert!(a.sum_along(0).is_whole() && !a.sum().is_whole() && !(a.sum_along(0) + 1.0).is_whole());
    /// ```
    pub fn is_whole(&self) -> bool {
        matches!(self.0.kind, Kind::Whole { .. })
    }

    /// Computes the array into `out`, a block of its type and length that the caller has, and gives it as data: NumPy's `out=`.
    /// On the calling thread.
    ///
    /// ```
    /// use array_core::{Array, TileBuf};
    /// let a = Array::arange(0.0, 1000.0, 1.0);
    /// let first = (&a + 1.0).eval()?;
    /// let (buffer, _) = first.as_buffer().unwrap();
    /// let (address, buffer) = (buffer.as_ptr(), buffer.clone());
    /// drop(first);
    /// let block = TileBuf::try_from(buffer).unwrap();                 // nobody else holds it
    /// let second = (&a * 2.0).eval_into(block)?;
    /// assert_eq!(second.as_buffer().unwrap().0.as_ptr(), address);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::WrongType`] or [`ArrayError::Length`] for a block that does not fit; those of [`eval`](Self::eval).
    pub fn eval_into(&self, mut out: TileBuf) -> Result<Array, ArrayError> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        if out.dtype() != self.dtype() {
            return Err(ArrayError::WrongType { have: self.dtype(), asked: out.dtype() });
        }
        if out.len() != self.len() {
            return Err(ArrayError::Length { len: out.len(), shape: self.shape().to_vec() });
        }
        let isa = Isa::active();
        // SAFETY: the block is ours alone and as long as the result.
        if unsafe { direct::map_into(self, isa, last_level_cache(), out.as_mut_ptr()) }.is_some() {
            // SAFETY: all elements were written.
            return Ok(Array::packed(unsafe { out.freeze() }, self.shape()));
        }
        let layout = Layout::contiguous(self.shape())?;
        let ready = split_owned(self, &mut |part| part.into_evaluated_for(isa))?;
        if matches!(ready.0.kind, Kind::Source { .. }) {
            return Err(ArrayError::Unbound);
        }
        let whole = matches!(ready.0.kind, Kind::Whole { .. } | Kind::Reduce { .. });
        let ready = if whole { ready.eval_for(isa)? } else { ready };
        map_into(&mut bind_for(&ready, isa)?, &layout, &mut out)?;
        // SAFETY: all elements were written.
        Ok(Array::from_layout(unsafe { out.freeze() }, layout))
    }

    /// The elements in C order.
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!((Array::ones([2]) + 1.0).to_vec::<f64>()?, [2.0, 2.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::WrongType`] if the elements are not `T`s (cast first); those of [`eval`](Self::eval).
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, ArrayError> {
        let (buffer, layout) = self.contiguous::<T>()?;
        let elements = buffer.as_slice::<T>().expect("checked by contiguous");
        let start = if layout.is_empty() { 0 } else { layout.offset as usize };
        Ok(elements[start..start + layout.len()].to_vec())
    }

    /// The value of an array of one element.
    ///
    /// # Errors
    /// [`ArrayError::NotOneElement`]; as [`to_vec`](Self::to_vec).
    ///
    /// ```
    /// use array_core::Array;
    /// assert_eq!(Array::arange(0, 5, 1).sum().item::<i64>()?, 10);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn item<T: Element>(&self) -> Result<T, ArrayError> {
        let value = self.item_scalar()?;
        if value.dtype() != T::DTYPE {
            return Err(ArrayError::WrongType { have: value.dtype(), asked: T::DTYPE });
        }
        Ok(T::from_scalar(value))
    }

    /// The value of an array of one element, of its own type.
    ///
    /// ```
    /// use array_core::{Array, Scalar};
    /// assert_eq!(Array::ones([1, 1]).item_scalar()?, Scalar::F64(1.0));
    /// assert!(Array::ones([2]).item_scalar().is_err());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::NotOneElement`]; those of [`eval`](Self::eval).
    pub fn item_scalar(&self) -> Result<Scalar, ArrayError> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        if self.len() != 1 {
            return Err(ArrayError::NotOneElement { shape: self.shape().to_vec() });
        }
        if let Some(value) = self.as_const() {
            return Ok(value);
        }
        let leaf = self.eval()?;
        let (buffer, layout) = leaf.as_buffer().expect("evaluated");
        Ok(element(buffer, layout.offset as usize))
    }

    /// Every element in C order, each as a [`Scalar`]. For printing and small things; kernels are faster.
    ///
    /// # Errors
    /// Those of [`eval`](Self::eval).
    pub fn scalars(&self) -> Result<Vec<Scalar>, ArrayError> {
        let leaf = self.compact()?;
        let (buffer, layout) = leaf.as_buffer().expect("evaluated");
        Ok((0..layout.len()).map(|i| element(buffer, layout.offset as usize + i)).collect())
    }

    /// The array evaluated into C order without gaps, as data. Data that lies so is not copied.
    ///
    /// ```
    /// use array_core::Array;
    /// let turned = Array::arange(0, 6, 1).reshape([2, 3]).transpose().compact()?;
    /// assert!(turned.as_buffer().is_some_and(|(_, layout)| layout.is_contiguous()));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`eval`](Self::eval).
    pub fn compact(&self) -> Result<Array, ArrayError> {
        let leaf = self.eval()?;
        match leaf.as_buffer() {
            Some((_, layout)) if layout.is_contiguous() => Ok(leaf),
            _ => {
                let mut bound = bind_for(&leaf, Isa::active())?;
                map(&mut bound, &mut Scratch::new())
            }
        }
    }

    /// The array evaluated into C order, in a block of its own.
    pub(crate) fn copied(&self) -> Result<Array, ArrayError> {
        let leaf = self.eval()?;
        let layout = Layout::contiguous(leaf.shape())?;
        let mut block = BlockPool::shared().take(leaf.dtype(), layout.len())?;
        map_into(&mut bind_for(&leaf, Isa::active())?, &layout, &mut block)?;
        // SAFETY: all elements were written.
        Ok(Array::from_layout(unsafe { block.freeze() }, layout))
    }

    fn contiguous<T: Element>(&self) -> Result<(Buffer, Layout), ArrayError> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        if self.dtype() != T::DTYPE {
            return Err(ArrayError::WrongType { have: self.dtype(), asked: T::DTYPE });
        }
        let leaf = self.compact()?;
        let (buffer, layout) = leaf.as_buffer().expect("evaluated");
        Ok((buffer.clone(), layout.clone()))
    }
}

/// Evaluates an expression that is given away: what only it holds ends here, and may lend its memory (D1).
fn evaluate(expr: Array, isa: Isa) -> Result<Array, ArrayError> {
    if matches!(expr.0.kind, Kind::Source { .. }) {
        return Err(ArrayError::Unbound);
    }
    if let Some(ready) = shallow(&expr, isa) {
        // What only the expression holds may lend its memory now.
        drop(expr);
        return ready?.into_evaluated_for(isa);
    }
    let ready = split_owned(&expr, &mut |part| part.into_evaluated_for(isa))?;
    let replaced = ready.address() != expr.address();
    drop(expr);
    if ready.is_evaluated() {
        return Ok(ready);
    }
    // What had other parts may be operations on data alone now.
    if replaced && let Some(done) = direct::map(&ready, isa, direct::MOST) {
        return Ok(done);
    }
    if let Kind::Whole { op, shape, args, at } = &ready.0.kind {
        return whole::eval(op, ready.dtype(), shape, args, isa).map_err(|error| error.at(at));
    }
    let mut bound = bind_for(&ready, isa)?;
    drop(ready);
    // Lent, so that a source, whose end is its user's code and may evaluate, ends when nothing is borrowed any more.
    SCRATCH.with_borrow_mut(|scratch| match bound.reduction {
        Some(_) => reduce(&bound, scratch),
        None => map(&mut bound, scratch),
    })
}

/// A single operation on what is there and one thing that is computed before it (a mean along an axis: sums and a count), with that
/// thing computed. Expressions of more are cut by rewriting, which costs as much as some thousand elements.
fn shallow(expr: &Array, isa: Isa) -> Option<Result<Array, ArrayError>> {
    let Kind::Map { op, shape, args, at } = &expr.0.kind else { return None };
    let mut inner = args.iter().enumerate().filter(|(_, arg)| !arg.0.args().is_empty());
    let (k, part) = inner.next().filter(|_| expr.0.barrier)?;
    if inner.next().is_some() {
        return None;
    }
    let done = match &part.0.kind {
        Kind::Reduce { .. } | Kind::Whole { .. } => match value::of(part, isa, None) {
            Some(value) => Ok(Array::one(value)),
            None if part.0.args().iter().any(|arg| arg.0.barrier) => return None,
            None => part.eval_for(isa),
        },
        _ => return None,
    };
    Some(done.map(|done| {
        let mut args = args.clone();
        args[k] = done;
        Node::map(*op, expr.dtype(), shape.clone(), args, at)
    }))
}

/// One element of a buffer. Panics outside.
pub(crate) fn element(buffer: &Buffer, i: usize) -> Scalar {
    assert!(i < buffer.len(), "element {i} of {}", buffer.len());
    // SAFETY: the element exists, and a buffer's elements are written and never change (B1, B2).
    unsafe { Scalar::read(buffer.dtype(), buffer.as_ptr(), i) }
}

/// The operands as single tiles. The pointers outlive the table, the buffers are kept by `bound`.
fn pointers(bound: &Bound) -> Result<SmallVec<[*const u8; 6]>, ArrayError> {
    let address = |data: &OperandData| match data {
        OperandData::Buffer(buffer) => Ok(buffer.as_ptr()),
        OperandData::Source(_) => Err(ArrayError::Unbound),
    };
    // One by one, here and below: collecting into a small vector costs more than starting the plan.
    let mut pointers = SmallVec::new();
    for operand in &bound.operands {
        pointers.push(address(&operand.data)?);
    }
    Ok(pointers)
}

fn tiles<'a>(bound: &'a Bound, pointers: &'a [*const u8]) -> SmallVec<[TileRef<'a>; 6]> {
    let mut tiles = SmallVec::new();
    for (operand, pointer) in bound.operands.iter().zip(pointers) {
        tiles.push(TileRef {
            layout: &operand.layout,
            tile_elems: usize::MAX,
            first: 0,
            tiles: std::slice::from_ref(pointer),
        });
    }
    tiles
}

fn map(bound: &mut Bound, scratch: &mut Scratch) -> Result<Array, ArrayError> {
    let layout = Layout::contiguous(&bound.shape)?;
    if let Some(done) = inplace::map(bound, &layout, scratch) {
        return done;
    }
    let mut block = BlockPool::shared().take(bound.plan.dtype(), layout.len())?;
    let streams = is_large(bound, &layout);
    run_map(bound, &layout, &mut block, streams, scratch)?;
    // SAFETY: all elements were written.
    Ok(Array::from_layout(unsafe { block.freeze() }, layout))
}

/// Computes a map into a block of its type, through a C-contiguous layout that fills it.
fn map_into(bound: &mut Bound, layout: &Layout, block: &mut TileBuf) -> Result<(), ArrayError> {
    let streams = is_large(bound, layout);
    SCRATCH.with_borrow_mut(|scratch| run_map(bound, layout, block, streams, scratch))
}

/// Whether a result is written past the caches.
fn is_large(bound: &Bound, layout: &Layout) -> bool {
    layout.len() * bound.plan.dtype().size() > last_level_cache()
}

fn run_map(
    bound: &mut Bound,
    layout: &Layout,
    block: &mut TileBuf,
    streams: bool,
    scratch: &mut Scratch,
) -> Result<(), ArrayError> {
    let len = layout.len();
    let pointers = pointers(bound)?;
    let (mut shape, mut out) = (bound.shape.clone(), layout.clone());
    normalise(&mut shape, &mut out, &mut bound.operands);
    let target = [block.as_mut_ptr()];
    let out = TileMut { layout: &out, tile_elems: usize::MAX, first: 0, tiles: &target };
    // SAFETY: the operands are whole buffers kept by `bound`, whose leaves' layouts stay inside (L1); the output is a
    // fresh block of `len` elements, all of which are written before it is frozen.
    unsafe {
        let (plan, tiles) = (&bound.plan, tiles(bound, &pointers));
        let done = if streams {
            plan.map_streaming(&bound.consts, &shape, &tiles, &out, 0..len, scratch)
        } else {
            plan.map(&bound.consts, &shape, &tiles, &out, 0..len, scratch)
        };
        done.map_err(|error| bound.locate(error))
    }
}

fn reduce(bound: &Bound, scratch: &mut Scratch) -> Result<Array, ArrayError> {
    let pointers = pointers(bound)?;
    let tiles = tiles(bound, &pointers);
    let (op, len) = (bound.reduction.expect("asked by the caller"), bound.shape.iter().product());
    let dtype = bound.plan.dtype();
    let size = bound.operands.iter().map(|operand| operand.dtype.size()).sum();
    let value = turns::reduce(op, dtype, len, size, |node| {
        // SAFETY: as in `map`.
        let partial = unsafe { bound.plan.reduce(&bound.consts, &bound.shape, &tiles, node, scratch) };
        partial.map_err(|error| bound.locate(error))
    })?;
    Ok(Array::one(value))
}

impl Array {
    /// A 0-d array of one value, as data.
    fn one(value: Scalar) -> Array {
        // SAFETY: one element is written, of at most sixteen bytes.
        let data = unsafe { Buffer::few(value.dtype(), 1, |at| value.write(at, 0)) };
        Node::packed(data, [])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dtype::DType, s};

    #[test]
    fn what_is_written_past_the_caches_has_the_bits_of_what_is_not() {
        for n in [1, 7, 8, 63, 64, 65, 300, 1025, 5000] {
            let numbers = |scale: f64| {
                Array::from_vec((0..2 * n).map(|i| (i as f64 * scale).sin() * 3.0).collect(), [2 * n])
            };
            let (all, other) = (numbers(0.7), numbers(1.3));
            let (a, b) = (all.slice(s![..n as isize]), other.slice(s![n as isize..]));
            let (f, g) = (a.astype::<f32>().eval().unwrap(), other.slice(s![..; -2]));
            let forms = [
                &a + &b,
                -&a,
                &a * 1.0,
                a.less(&b),
                ((&a * 2.0 + 1.0) * &a + 3.0) * &a + 4.0,
                ((&b * &b + 4.0 * &a).sqrt() - &b) / (2.0 * &a),
                Array::where_(a.greater(&b), &a * 2.0, &b + 1.0),
                a.sin() * &b,
                &f * 2.0 + &f,
                &a * 2.0 + &g,
                (&a * 3.0).cast(DType::I64) * 5,
                (&a - a.slice(s![0]) * 2.0) * &b,
                Array::full([n], 2.5) * 1.0,
            ];
            for (isa, form) in Isa::available().flat_map(|isa| forms.iter().map(move |form| (isa, form))) {
                let layout = Layout::contiguous(form.shape()).unwrap();
                let written = |streams: bool| {
                    let mut block = BlockPool::shared().take(form.dtype(), layout.len()).unwrap();
                    let mut bound = bind_for(form, isa).unwrap();
                    run_map(&mut bound, &layout, &mut block, streams, &mut Scratch::new()).unwrap();
                    // SAFETY: all elements were written.
                    let data = Array::from_layout(unsafe { block.freeze() }, layout.clone());
                    data.scalars().unwrap().into_iter().map(Scalar::bits).collect::<Vec<_>>()
                };
                assert!(written(true) == written(false), "{} of {n} on {isa}", form.formula());
            }
        }
    }
}
