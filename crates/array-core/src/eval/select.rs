//! Picking from arrays at positions, and changing them there.
//!
//! **Invariant** P1: positions are checked against the axis they index before an address is made of them.

use super::whole;
use crate::{
    array::Array,
    buffer::TileBuf,
    dtype::DType,
    error::ArrayError,
    expr::{Kind, Op, Whole},
    kernels::{Isa, moves, select},
    layout::{Dims, Layout},
    plan::BLOCK,
};
use smallvec::SmallVec;
use std::panic::Location;

/// Picking from an array at positions ([`Array::pick`], [`Array::take`]), or putting values there ([`Array::set`]), taken apart for who
/// keeps arrays elsewhere: see [`Array::at_positions`].
///
/// ```
/// use array_core::{pick, Array};
/// let a = Array::arange(0, 6, 1).reshape([3, 2]).eval()?;
/// let parts = a.pick(pick![&Array::from_vec(vec![2, 0i64], [2])]).at_positions().unwrap();
/// let selection = parts.selection(parts.base.as_buffer().unwrap().1, &parts.positions)?;
/// assert_eq!((selection.rows().collect::<Vec<_>>(), selection.row()), (vec![4, 0], (2, 1)));
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AtPositions {
    /// What is picked from, or changed.
    pub base: Array,
    /// For values that are put: the view of the base, by its elements in C order, of which the positions pick.
    pub put: Option<Layout>,
    /// The values that are put, of the selection's shape.
    pub value: Option<Array>,
    /// Of one shape, `int64`; one for each of the first axes of the base, or of the view.
    pub positions: SmallVec<[Array; 4]>,
    axes: Dims,
    at: &'static Location<'static>,
}

impl Array {
    /// The parts of an array that picks elements at positions, or puts values there; nothing if it is something else or operates at
    /// positions ([`Array::at`]).
    pub fn at_positions(&self) -> Option<AtPositions> {
        let Kind::Whole { op, args, at, .. } = &self.0.kind else { return None };
        let (put, axes, first) = match &**op {
            Whole::Take { axes } => (None, axes, 1),
            Whole::Put { op: None, view, axes } => (Some(view.clone()), axes, 2),
            _ => return None,
        };
        Some(AtPositions {
            base: args[0].clone(),
            value: put.is_some().then(|| args[1].clone()),
            put,
            positions: args[first..].iter().cloned().collect(),
            axes: axes.clone(),
            at,
        })
    }
}

impl AtPositions {
    /// Where the selected elements lie, in C order of the selection: `positions` are evaluated, and pick from the first axes of `layout`
    /// (that of the base, or [`put`](Self::put)).
    ///
    /// # Errors
    /// [`ArrayError::IndexOutOfBounds`], with the line of the operation; those of [`Array::eval`].
    pub fn selection(&self, layout: &Layout, positions: &[Array]) -> Result<Selection, ArrayError> {
        Selection::new(layout, &self.axes, positions, Isa::active()).map_err(|error| error.at(self.at))
    }
}

/// Where what is selected lies in a run of elements: blocks of one layout at many offsets.
#[derive(Debug, Clone)]
pub struct Selection {
    offsets: Vec<isize>,
    /// Rows of a block: offsets from its start, then length and stride of each.
    rows: Vec<isize>,
    width: usize,
    stride: isize,
}

impl Selection {
    /// The blocks of `view` that `positions`, as many as `axes` of the array, pick from its first axes.
    fn new(view: &Layout, axes: &[usize], positions: &[Array], isa: Isa) -> Result<Selection, ArrayError> {
        let lengths = &view.shape[..axes.len()];
        let count = positions.first().map_or(1, Array::len);
        let mut offsets = Vec::new();
        offsets
            .try_reserve_exact(count)
            .map_err(|_| ArrayError::OutOfMemory { bytes: count.saturating_mul(8) })?;
        offsets.resize(count, view.offset);
        for (k, positions) in positions.iter().enumerate() {
            let (length, stride) = (lengths[k], view.strides[k]);
            let positions = positions.eval_for(isa)?.to_vec::<i64>()?;
            for (offset, &index) in offsets.iter_mut().zip(&positions) {
                let at = if index < 0 { index.wrapping_add_unsigned(length as u64) } else { index };
                // P1
                if at < 0 || at as u64 >= length as u64 {
                    return Err(ArrayError::IndexOutOfBounds {
                        index: index as isize,
                        axis: axes[k],
                        length,
                    });
                }
                *offset += at as isize * stride;
            }
        }
        let block: SmallVec<[usize; 4]> = (axes.len()..view.ndim()).collect();
        let mut block = Layout { offset: 0, ..view.permute(&block) };
        if count == 0 || block.is_empty() {
            // Of nothing the other lengths may be any, too many to list.
            return Ok(Selection { offsets, rows: Vec::new(), width: 0, stride: 1 });
        }
        let mut shape: Dims = block.shape.clone();
        crate::plan::coalesce::<Layout>(&mut shape, Some(&mut block), &mut []);
        let (width, stride) = match (block.shape.pop(), block.strides.pop()) {
            (Some(width), Some(stride)) => (width, stride),
            _ => (1, 1),
        };
        let mut rows = vec![0];
        for (&length, &stride) in block.shape.iter().zip(&block.strides) {
            rows = rows.iter().flat_map(|row| (0..length as isize).map(move |i| row + i * stride)).collect();
        }
        Ok(Selection { offsets, rows, width, stride })
    }

    /// Elements of each of the rows, and the distance of each from the one before.
    pub fn row(&self) -> (usize, isize) {
        (self.width, self.stride)
    }

    /// Where each of the rows that are selected begins, in order.
    pub fn rows(&self) -> impl Iterator<Item = isize> {
        self.offsets.iter().flat_map(|offset| self.rows.iter().map(move |row| offset + row))
    }

    /// Calls `f` with the place of each row that is selected.
    fn each(&self, mut f: impl FnMut(isize)) {
        for offset in &self.offsets {
            for row in &self.rows {
                f(offset + row);
            }
        }
    }
}

/// Copies what `positions` pick from the first axes of `source` to `out`, in order.
pub(super) fn take(
    source: &Array,
    axes: &[usize],
    positions: &[Array],
    out: &mut TileBuf,
    isa: Isa,
) -> Result<(), ArrayError> {
    if let Some(value) = source.as_const() {
        // Every position that there is picks the same: an array of any size needs no memory.
        let everywhere = Layout::default().broadcast_to(source.shape())?;
        Selection::new(&everywhere, axes, positions, isa)?;
        let len = out.len();
        whole::fill(out, value, 0, len);
        return Ok(());
    }
    let source = source.eval_for(isa)?;
    let (buffer, layout) = source.as_buffer().expect("evaluated");
    let selection = Selection::new(layout, axes, positions, isa)?;
    let (size, width) = (buffer.dtype().size(), selection.width);
    let mut dst = out.as_mut_ptr();
    debug_assert_eq!(out.len(), selection.offsets.len() * selection.rows.len() * width);
    // SAFETY: rows lie in the buffer (L1, P1), and their elements fill the output.
    selection.each(|place| unsafe {
        let src = buffer.as_ptr().offset(place * size as isize);
        moves::gather(size, dst, src, selection.stride, width);
        dst = dst.add(width * size);
    });
    Ok(())
}

/// Copies `base` to `out`, and then changes what `positions` pick from the first axes of `view`, a view of it in C order, to
/// `value`, or by `op`.
#[allow(clippy::too_many_arguments, reason = "the parts of one node")]
pub(super) fn put(
    op: Option<Op>,
    view: &Layout,
    axes: &[usize],
    base: &Array,
    rest: &[Array],
    out: &mut TileBuf,
    isa: Isa,
) -> Result<(), ArrayError> {
    let dtype = out.dtype();
    let size = dtype.size();
    let (value, positions) = rest.split_at(usize::from(op.is_none_or(|op| op.arity() == 2)));
    let value = value.first().map(|value| value.eval_for(isa)?.compact()).transpose()?;
    let selection = Selection::new(view, axes, positions, isa)?;
    whole::copy(base, out, isa)?;
    let at = out.as_mut_ptr();
    let mut src = match value.as_ref().and_then(Array::as_buffer) {
        // SAFETY: the elements of a compact array start at its offset.
        Some((buffer, layout)) if !layout.is_empty() => unsafe {
            buffer.as_ptr().offset(layout.offset * buffer.dtype().size() as isize)
        },
        _ if selection.width == 0 || selection.offsets.is_empty() || selection.rows.is_empty() => {
            return Ok(());
        }
        _ => std::ptr::null(),
    };
    let Some(op) = op else {
        // SAFETY: rows lie in the output (L1, P1); the value has as many elements as are selected.
        selection.each(|place| unsafe {
            moves::scatter(size, at.offset(place * size as isize), selection.stride, src, selection.width);
            src = src.add(selection.width * size);
        });
        return Ok(());
    };
    // Computed in the type of the value, which the operation reads; results are cast back one by one, for a place may come again.
    let refuse = |reason| ArrayError::Unsupported { operation: op.name(), dtypes: vec![dtype], reason };
    let (input, output) =
        op.types(value.as_ref().map_or_else(|| replaced(op, dtype), Array::dtype)).map_err(refuse)?;
    let kernel = if op.is_itself(input) {
        None
    } else {
        let missing = || refuse("the operation has no kernel of its own");
        Some(select::op(isa, op, input, output, 0).ok_or_else(missing)?)
    };
    // What is computed in another type than its own comes back by way of that.
    let own = if value.is_none() { op.types(dtype).map_err(refuse)?.1 } else { output };
    let (before, back) = (select::casts(isa, dtype, input), select::casts(isa, output, own));
    let after = select::casts(isa, own, dtype);
    let mut flag = 0u8;
    // What a kernel reads and what it writes lie apart: two dense blocks in turns.
    let mut blocks = [vec![0u128; BLOCK], vec![0u128; BLOCK]];
    let [one, two] = &mut blocks;
    let (one, two): (*mut u8, *mut u8) = (one.as_mut_ptr().cast(), two.as_mut_ptr().cast());
    selection.each(|place| {
        let mut done = 0;
        while done < selection.width {
            let n = (selection.width - done).min(BLOCK);
            let (mut now, mut next) = (one, two);
            // SAFETY: as above; the blocks have room for `n` elements of any type, and hold such as the kernel reads: `before` takes
            // them from the array's type to the operation's, `after` from its result's to the array's.
            unsafe {
                let row = at.offset((place + done as isize * selection.stride) * size as isize);
                moves::gather(size, now, row, selection.stride, n);
                let steps = before.iter().chain(&kernel).chain(&back).chain(&after);
                for step in steps {
                    let locs = [next, now, src.cast_mut(), &raw mut flag];
                    step(locs.as_ptr(), [0, 1, 2, 3, 3, 3, 3, 3].as_ptr(), n);
                    (now, next) = (next, now);
                }
                moves::scatter(size, row, selection.stride, now, n);
                if op.arity() == 2 {
                    src = src.add(n * input.size());
                }
            }
            done += n;
        }
    });
    if flag != 0 { Err(ArrayError::NegativePower) } else { Ok(()) }
}

/// The type in which an operation of one operand is computed, of elements for which it has no kernel of its own.
fn replaced(op: Op, dtype: DType) -> DType {
    let whole = !dtype.is_float() && !dtype.is_complex();
    match op {
        Op::IsNan | Op::IsInf | Op::IsFinite | Op::SignBit | Op::Reciprocal if whole => DType::F64,
        Op::Imag => dtype.promote(DType::C64),
        _ => dtype,
    }
}
