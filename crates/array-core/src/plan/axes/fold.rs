//! Reductions along some of the axes, at the speed of memory whichever axes they are.
//!
//! **Order** that of NumPy on contiguous data, and fixed by the shape alone: where the last axes are reduced, each row of them
//! is reduced by the pairwise tree; the other reduced axes are taken row after row, in C order, into accumulators that start
//! from zero (one, for products) or from what is given. NumPy follows the memory of transposed and strided arrays, so its bits differ there.
//!
//! **How** the axes are walked in the order: kept ones before the first reduced one, reduced ones, kept ones, the last reduced
//! ones. Whole rows of accumulators then take whole rows of elements, eight rows at a time where the elements are those of one operand.

use super::Region;
use crate::{
    dtype::Scalar,
    error::ArrayError,
    expr::ReduceOp,
    kernels::reduce,
    layout::Layout,
    plan::{
        run::{BLOCK, Scratch},
        walk::Cursor,
    },
};
use smallvec::SmallVec;
use std::mem::MaybeUninit;

/// Reduces the elements of a region to `out`, one result after another, from a start if there is one.
///
/// # Safety
/// As [`AxisReduction::results`](super::AxisReduction::results); the region has results.
pub(super) unsafe fn reduce(
    (op, start): (ReduceOp, Option<Scalar>),
    region: &Region<'_>,
    out: *mut u8,
    scratch: &mut Scratch,
) -> Result<(), ArrayError> {
    let [outer, steps, kept, row] = region.lengths();
    let (dtype, all) = (region.program.element, outer * kept);
    let from = start.unwrap_or_else(|| op.identity(dtype));
    if steps * row == 0 {
        // SAFETY: the caller's: there are so many results.
        unsafe { fill(out, from, all) };
        return Ok(());
    }
    debug_assert!(start.is_none() || region.groups[1] > 0);
    if region.groups[1] == 0 {
        // SAFETY: there are `outer` results of rows of `row` elements.
        return unsafe { region.stream(scratch, |stream| stream.rows(row, outer, out)) };
    }
    let has_start = start.is_some() || matches!(op, ReduceOp::Sum | ReduceOp::Prod);
    if has_start {
        // SAFETY: the caller's: there are so many results.
        unsafe { fill(out, from, all) };
    }
    let mut acc = Accumulators { at: out, size: dtype.size(), kept, fresh: !has_start };
    if row == 1 {
        let kernels = region.program.fold.expect("bound as a reduction");
        // SAFETY: rows and accumulators have `kept` elements, there is an accumulator for each run; `o` and the steps are in range.
        unsafe {
            if let Some(mut rows) = MemoryRows::of(region) {
                for o in 0..outer {
                    rows.take(o, steps, acc.at.add(o * kept * acc.size), acc.fresh, &kernels);
                }
                return Ok(());
            }
            if let Some(mut runs) = MemoryRuns::of(region) {
                runs.take(all, acc.at, acc.fresh, &kernels);
                return Ok(());
            }
        }
    }
    let read = |stream: &mut crate::plan::stream::Stream<'_>| {
        let mut partial = [const { MaybeUninit::<u128>::uninit() }; BLOCK];
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
    };
    // SAFETY: the caller's.
    unsafe { region.stream(scratch, read) }
}

/// Writes `value` to `n` elements.
///
/// # Safety
/// There is room for them, aligned.
unsafe fn fill(out: *mut u8, value: Scalar, n: usize) {
    for i in 0..n {
        // SAFETY: the caller's.
        unsafe { value.write(out, i) };
    }
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
    /// Where each of eight rows that are taken together is.
    cursors: [Cursor; 8],
    offset: isize,
    /// Elements of a row.
    len: usize,
    /// Lengths and strides of the axes before the reduced ones, and of the reduced ones.
    outer: Axes,
    steps: Axes,
}

type Axes = SmallVec<[(usize, isize); 4]>;

impl MemoryRows {
    /// Elements of a row that are accumulated together: they stay in the second-level cache while rows go by.
    const PANEL: usize = 16 << 10;
    /// Shorter rows are not worth their addresses.
    const LEAST: usize = 32;

    fn of(region: &Region<'_>) -> Option<MemoryRows> {
        let (_, layout) = region.leaf()?;
        let len = dense(region, 2)?;
        let (outer, steps) = (region.steps(0).collect(), region.steps(1).collect());
        Some(MemoryRows { cursors: cursors(region)?, offset: layout.offset, len, outer, steps })
    }

    /// # Safety
    /// As [`reduce`]; `o` and `steps` are within the axes; `acc` has room for a row.
    unsafe fn take(&mut self, o: usize, steps: usize, acc: *mut u8, fresh: bool, kernels: &reduce::Kernels) {
        let start = self.offset + address(o, &self.outer);
        let mut from = 0;
        while from < self.len {
            let n = (self.len - from).min(Self::PANEL);
            let row = |step: usize| start + address(step, &self.steps) + from as isize;
            let size = self.cursors[0].size;
            // SAFETY: the caller's.
            unsafe {
                let acc = acc.add(from * size);
                let mut step = 0;
                if fresh {
                    along(&mut self.cursors[..1], [row(0)], n, |first, done, m| {
                        acc.add(done * size).copy_from_nonoverlapping(first[0], m * size);
                    });
                    step = 1;
                }
                while step < steps {
                    let count = (steps - step).min(8);
                    let rows: [isize; 8] = std::array::from_fn(|i| row(step + i.min(count - 1)));
                    along(&mut self.cursors, rows, n, |rows, done, m| {
                        (kernels.columns)(acc.add(done * size), rows.as_ptr(), count, m);
                    });
                    step += count;
                }
            }
            from += n;
        }
    }
}

/// The elements of each result, one after another in memory: those of a transposed array.
struct MemoryRuns {
    cursors: [Cursor; 8],
    offset: isize,
    /// Elements of a run.
    len: usize,
    /// Lengths and strides of the kept axes, in the order of the results.
    kept: Axes,
}

impl MemoryRuns {
    fn of(region: &Region<'_>) -> Option<MemoryRuns> {
        let (_, layout) = region.leaf()?;
        let len = dense(region, 1)?;
        let kept = region.steps(0).chain(region.steps(2)).collect();
        Some(MemoryRuns { cursors: cursors(region)?, offset: layout.offset, len, kept })
    }

    /// # Safety
    /// As [`reduce`]; there are `results` of them in `acc`, and on the kept axes.
    unsafe fn take(&mut self, results: usize, acc: *mut u8, fresh: bool, kernels: &reduce::Kernels) {
        for from in (0..results).step_by(8) {
            let count = (results - from).min(8);
            let size = self.cursors[0].size;
            let run = |i: usize| self.offset + address(from + i.min(count - 1), &self.kept);
            let mut runs: [isize; 8] = std::array::from_fn(run);
            let mut n = self.len;
            // SAFETY: the caller's.
            unsafe {
                let acc = acc.add(from * size);
                if fresh {
                    for (i, run) in runs.iter().enumerate().take(count) {
                        let first = self.cursors[i].locate(*run);
                        acc.add(i * size).copy_from_nonoverlapping(first, size);
                    }
                    runs.iter_mut().for_each(|run| *run += 1);
                    n -= 1;
                }
                along(&mut self.cursors, runs, n, |runs, _, m| {
                    (kernels.chains)(acc, runs.as_ptr(), count, m)
                });
            }
        }
    }
}

/// How many elements a group's axes have, if they lie in memory one after another and are worth it.
fn dense(region: &Region<'_>, group: usize) -> Option<usize> {
    let axes: SmallVec<[usize; 6]> = region.axes(group).collect();
    let layout = Layout { offset: 0, ..region.layouts[0].permute(&axes) };
    let len = layout.len();
    (layout.is_contiguous() && len >= MemoryRows::LEAST).then_some(len)
}

/// A cursor for each of eight places in the leaf.
fn cursors(region: &Region<'_>) -> Option<[Cursor; 8]> {
    let (tile, _) = region.leaf()?;
    Some(std::array::from_fn(|_| Cursor::new(tile, region.program.element.size(), 0, std::ptr::null_mut())))
}

/// Calls `f` with pieces of the `n` elements from each address on, none of which goes past the end of a tile; with how many were
/// before, and how many there are.
///
/// # Safety
/// As [`Cursor::locate`], of every element.
#[inline(always)]
unsafe fn along<const K: usize>(
    cursors: &mut [Cursor],
    from: [isize; K],
    n: usize,
    mut f: impl FnMut([*const u8; K], usize, usize),
) {
    let mut done = 0;
    while done < n {
        let mut m = n - done;
        let mut at = [std::ptr::null::<u8>(); K];
        for ((at, cursor), from) in at.iter_mut().zip(cursors.iter_mut()).zip(from) {
            let address = from + done as isize;
            // SAFETY: the caller's.
            *at = unsafe { cursor.locate(address) };
            m = m.min(cursor.left(address));
        }
        f(at, done, m);
        done += m;
    }
}

/// Where position `flat` lies on axes of these lengths and strides, from the first.
fn address(mut flat: usize, axes: &[(usize, isize)]) -> isize {
    let mut at = 0;
    for (i, &(length, stride)) in axes.iter().enumerate().rev() {
        if i == 0 {
            return at + flat as isize * stride;
        }
        at += (flat % length) as isize * stride;
        flat /= length;
    }
    at
}
