//! Reductions along some of the axes, at the speed of memory whichever axes they are.
//!
//! **Order** that of NumPy on contiguous data, and fixed by the shape alone: where the last axes are reduced, each row of them
//! is reduced by the pairwise tree; the other reduced axes are taken row after row, in C order, into accumulators that start
//! from zero (one, for products). NumPy follows the memory of transposed and strided arrays, so its bits differ there.
//!
//! **How** the axes are walked in the order: kept ones before the first reduced one, reduced ones, kept ones, the last reduced
//! ones. Whole rows of accumulators then take whole rows of elements, eight rows at a time where the elements lie in memory.

use super::{stream::Stream, whole::fill};
use crate::{
    array::Array,
    buffer::TileBuf,
    error::ArrayError,
    expr::ReduceOp,
    kernels::{Isa, reduce},
    layout::{Dims, Layout},
    plan::BLOCK,
};
use smallvec::SmallVec;

/// The axes by their part in the walk.
struct Order {
    /// Kept, before the first that is reduced row by row.
    outer: Dims,
    /// Reduced, row by row.
    steps: Dims,
    /// Kept, after the first of `steps`.
    kept: Dims,
    /// Reduced by the tree.
    row: Dims,
}

impl Order {
    fn new(ndim: usize, axes: &[usize]) -> Order {
        let reduced = |axis: &usize| axes.contains(axis);
        let row_from = (0..ndim).rev().take_while(reduced).last().unwrap_or(ndim);
        let first = (0..row_from).find(reduced).unwrap_or(row_from);
        Order {
            outer: (0..first).collect(),
            steps: (first..row_from).filter(reduced).collect(),
            kept: (first..row_from).filter(|a| !reduced(a)).collect(),
            row: (row_from..ndim).collect(),
        }
    }
}

/// Reduces `arg` along `axes` into `out`, which is not empty.
pub(super) fn reduce(
    op: ReduceOp,
    axes: &[usize],
    arg: &Array,
    out: &mut TileBuf,
    isa: Isa,
) -> Result<(), ArrayError> {
    let shape = arg.shape();
    let order = Order::new(shape.len(), axes);
    let len = |axes: &[usize]| axes.iter().map(|&a| shape[a]).product::<usize>();
    let (outer, steps, kept, row) = (len(&order.outer), len(&order.steps), len(&order.kept), len(&order.row));
    let (dtype, all) = (out.dtype(), out.len());
    if steps * row == 0 {
        fill(out, op.identity(dtype), 0, all);
        return Ok(());
    }
    if order.steps.is_empty() {
        let walk: Dims = order.outer.iter().chain(&order.row).copied().collect();
        let at = out.as_mut_ptr();
        // SAFETY: there are `outer` results of rows of `row` elements.
        return Stream::open(arg, &walk, op, isa, |stream| unsafe { stream.rows(row, outer, at) });
    }
    let has_start = matches!(op, ReduceOp::Sum | ReduceOp::Prod);
    if has_start {
        fill(out, op.identity(dtype), 0, all);
    }
    let mut acc = Accumulators { at: out.as_mut_ptr(), size: dtype.size(), kept, fresh: !has_start };
    if row == 1
        && let Some(rows) = MemoryRows::of(arg, &order)
    {
        let kernels = reduce::kernels(op, dtype, isa);
        for o in 0..outer {
            // SAFETY: rows and accumulators have `kept` elements; `o` and the steps are in range.
            unsafe { rows.take(o, steps, acc.at.add(o * kept * acc.size), acc.fresh, &kernels) };
        }
        return Ok(());
    }
    if row == 1
        && let Some(runs) = MemoryRuns::of(arg, &order)
    {
        let kernels = reduce::kernels(op, dtype, isa);
        // SAFETY: there is an accumulator for each run.
        unsafe { runs.take(outer * kept, acc.at, acc.fresh, &kernels) };
        return Ok(());
    }
    let walk: Dims = [&order.outer[..], &order.steps, &order.kept, &order.row].concat().into();
    Stream::open(arg, &walk, op, isa, |stream| {
        let mut partial = [0u128; BLOCK];
        let partial: *mut u8 = partial.as_mut_ptr().cast();
        // Short rows of accumulators take many rows from one block.
        let batch = if row == 1 && kept > 0 { (BLOCK / kept).max(1) } else { 1 };
        for o in 0..outer {
            let mut step = 0;
            while batch > 1 && step < steps {
                let count = batch.min(steps - step);
                let elements = stream.next(count * kept);
                // SAFETY: the block has that many rows, and there is a row of accumulators.
                unsafe { acc.take_rows(o, elements, count, step == 0, &stream.kernels) };
                step += count;
            }
            for step in step..steps {
                let mut done = 0;
                while done < kept {
                    let n = (kept - done).min(BLOCK);
                    // SAFETY: `n` elements fit the block of partial results, and the accumulators from `done` on.
                    unsafe {
                        let elements = if row == 1 {
                            stream.next(n)
                        } else {
                            stream.rows(row, n, partial);
                            partial
                        };
                        acc.take(o, done, elements, n, step == 0, &stream.kernels);
                    }
                    done += n;
                }
            }
        }
        acc.fresh = false;
    })
}

/// The results while they are computed.
struct Accumulators {
    at: *mut u8,
    size: usize,
    /// In a row.
    kept: usize,
    /// Whether the first elements are the start.
    fresh: bool,
}

impl Accumulators {
    /// # Safety
    /// Row `o` exists; `elements` has `count <= BLOCK` rows.
    unsafe fn take_rows(
        &self,
        o: usize,
        elements: *const u8,
        count: usize,
        first: bool,
        kernels: &reduce::Kernels,
    ) {
        let mut rows: SmallVec<[*const u8; 64]> = SmallVec::new();
        // SAFETY: the caller's.
        unsafe {
            rows.extend((0..count).map(|i| elements.add(i * self.kept * self.size)));
            let acc = self.at.add(o * self.kept * self.size);
            let skip = usize::from(first && self.fresh);
            if skip == 1 {
                acc.copy_from_nonoverlapping(elements, self.kept * self.size);
            }
            (kernels.columns)(acc, rows[skip..].as_ptr(), count - skip, self.kept);
        }
    }

    /// # Safety
    /// Row `o` exists and has elements `from..from + n`; `elements` has `n`.
    unsafe fn take(
        &self,
        o: usize,
        from: usize,
        elements: *const u8,
        n: usize,
        first: bool,
        kernels: &reduce::Kernels,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let acc = self.at.add((o * self.kept + from) * self.size);
            if first && self.fresh {
                acc.copy_from_nonoverlapping(elements, n * self.size);
            } else {
                (kernels.columns)(acc, &elements, 1, n);
            }
        }
    }
}

/// Rows of kept elements that lie in memory as they are wanted.
struct MemoryRows {
    base: *const u8,
    size: usize,
    /// Elements of a row.
    len: usize,
    /// Lengths and strides of the axes before the reduced ones, and of the reduced ones.
    outer: SmallVec<[(usize, isize); 4]>,
    steps: SmallVec<[(usize, isize); 4]>,
}

impl MemoryRows {
    /// Elements of a row that are accumulated together: they stay in the second-level cache while rows go by.
    const PANEL: usize = 16 << 10;
    /// Shorter rows are not worth their addresses.
    const LEAST: usize = 32;

    fn of(arg: &Array, order: &Order) -> Option<MemoryRows> {
        let (buffer, layout) = arg.as_buffer()?;
        let kept = layout.permute(&order.kept);
        let len = kept.len();
        if !(Layout { offset: 0, ..kept }).is_contiguous() || len < Self::LEAST {
            return None;
        }
        let axes = |axes: &[usize]| axes.iter().map(|&a| (layout.shape[a], layout.strides[a])).collect();
        let size = buffer.dtype().size();
        // SAFETY: the first element of a leaf that has elements lies in its buffer (L1).
        let base = unsafe { buffer.as_ptr().offset(layout.offset * size as isize) };
        Some(MemoryRows { base, size, len, outer: axes(&order.outer), steps: axes(&order.steps) })
    }

    /// # Safety
    /// `o` and `steps` are within the axes; `acc` has room for a row.
    unsafe fn take(&self, o: usize, steps: usize, acc: *mut u8, fresh: bool, kernels: &reduce::Kernels) {
        let start = address(o, &self.outer);
        let mut from = 0;
        while from < self.len {
            let n = (self.len - from).min(Self::PANEL);
            // SAFETY: the caller's; rows lie in the buffer (L1).
            unsafe {
                let row = |step: usize| {
                    let at = start + address(step, &self.steps) + from as isize;
                    self.base.offset(at * self.size as isize)
                };
                let acc = acc.add(from * self.size);
                let mut step = 0;
                if fresh {
                    acc.copy_from_nonoverlapping(row(0), n * self.size);
                    step = 1;
                }
                while step < steps {
                    let count = (steps - step).min(8);
                    let rows: [*const u8; 8] = std::array::from_fn(|i| row(step + i.min(count - 1)));
                    (kernels.columns)(acc, rows.as_ptr(), count, n);
                    step += count;
                }
            }
            from += n;
        }
    }
}

/// The elements of each result, one after another in memory: those of a transposed array.
struct MemoryRuns {
    base: *const u8,
    size: usize,
    /// Elements of a run.
    len: usize,
    /// Lengths and strides of the kept axes, in the order of the results.
    kept: SmallVec<[(usize, isize); 4]>,
}

impl MemoryRuns {
    fn of(arg: &Array, order: &Order) -> Option<MemoryRuns> {
        let (buffer, layout) = arg.as_buffer()?;
        let steps = layout.permute(&order.steps);
        let len = steps.len();
        if !(Layout { offset: 0, ..steps }).is_contiguous() || len < MemoryRows::LEAST {
            return None;
        }
        let kept = order.outer.iter().chain(&order.kept);
        let kept = kept.map(|&a| (layout.shape[a], layout.strides[a])).collect();
        let size = buffer.dtype().size();
        // SAFETY: the first element of a leaf that has elements lies in its buffer (L1).
        let base = unsafe { buffer.as_ptr().offset(layout.offset * size as isize) };
        Some(MemoryRuns { base, size, len, kept })
    }

    /// # Safety
    /// There are `results` of them in `acc`, and on the kept axes.
    unsafe fn take(&self, results: usize, acc: *mut u8, fresh: bool, kernels: &reduce::Kernels) {
        for from in (0..results).step_by(8) {
            let count = (results - from).min(8);
            // SAFETY: the caller's; runs lie in the buffer (L1).
            unsafe {
                let run = |i: usize| {
                    self.base.offset(address(from + i.min(count - 1), &self.kept) * self.size as isize)
                };
                let mut runs: [*const u8; 8] = std::array::from_fn(run);
                let acc = acc.add(from * self.size);
                let mut n = self.len;
                if fresh {
                    for (i, run) in runs.iter_mut().enumerate().take(count) {
                        acc.add(i * self.size).copy_from_nonoverlapping(*run, self.size);
                        *run = run.add(self.size);
                    }
                    n -= 1;
                }
                (kernels.chains)(acc, runs.as_ptr(), count, n);
            }
        }
    }
}

/// Where position `flat` lies on axes of these lengths and strides, from the first.
fn address(mut flat: usize, axes: &[(usize, isize)]) -> isize {
    let mut at = 0;
    for (i, &(length, stride)) in axes.iter().enumerate().rev() {
        let position = if i == 0 { flat } else { flat % length };
        at += position as isize * stride;
        flat /= length.max(1);
    }
    at
}
