//! A run over dense operands, each in one tile, as the output.
//!
//! **Why** a task of a few elements spends its time on cursors, a walk and two vectors of addresses that it uses once. Here the
//! table of addresses stands on the stack, and all that changes between blocks is added to it. The kernels are called as the
//! general run would call them, on the same elements, so the bits are the same; what does not fit this form is left to it.

use super::{Plan, Program, TileMut, TileRef, run::Scratch};
use crate::{error::ArrayError, kernels::sweep, layout::Layout};
use std::{mem::MaybeUninit, ops::Range};

/// Addresses of the largest table that stands on the stack.
const ADDRESSES: usize = 32;

/// A table of addresses under construction, and how many bytes each moves on with an element.
struct Table {
    at: [MaybeUninit<*mut u8>; ADDRESSES],
    steps: [u8; ADDRESSES],
    len: usize,
}

impl Table {
    #[inline(always)]
    fn new() -> Table {
        Table { at: [const { MaybeUninit::uninit() }; ADDRESSES], steps: [0; ADDRESSES], len: 0 }
    }

    /// # Safety
    /// The table has room for one more.
    #[inline(always)]
    unsafe fn enter(&mut self, address: *mut u8, step: usize) {
        debug_assert!(self.len < ADDRESSES);
        // SAFETY: the caller's.
        unsafe {
            self.at.get_unchecked_mut(self.len).write(address);
            *self.steps.get_unchecked_mut(self.len) = step as u8;
        }
        self.len += 1;
    }
}

impl Plan {
    /// Whether [`map_flat`](Self::map_flat) runs it.
    #[inline]
    pub(super) fn is_flat(&self) -> bool {
        self.program.fits() && !self.program.can_fail && self.program.reduction.is_none()
    }

    /// Computes `n > 0` elements that lie dense at `out`, of operands that lie dense too.
    ///
    /// # Safety
    /// The plan [`is_flat`](Self::is_flat). As many constants and sources as it has; each source is valid for `n` elements of its
    /// type, or for one if it is one value. `out` is writable for `n` elements, which overlap no source.
    pub(super) unsafe fn map_flat(
        &self,
        consts: &[u128],
        sources: &[*const u8],
        out: *mut u8,
        n: usize,
        scratch: &mut Scratch,
    ) {
        let program = &self.program;
        debug_assert_eq!((sources.len(), consts.len()), (program.operands.len(), program.consts));
        let mut table = Table::new();
        // SAFETY: the program's table fits, and the caller's.
        unsafe {
            for (source, &(dtype, scalar)) in sources.iter().zip(&*program.operands) {
                table.enter(source.cast_mut(), if scalar { 0 } else { dtype.size() });
            }
            program.run_dense(table, consts, out, n, scratch);
        }
    }

    /// As [`Plan::map`] of a range that is not empty, if its elements are dense along the one axis.
    ///
    /// # Safety
    /// As [`Plan::map`].
    #[inline(always)]
    pub(super) unsafe fn map_short(
        &self,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        out: &TileMut<'_>,
        range: &Range<usize>,
        scratch: &mut Scratch,
    ) -> Option<Result<(), ArrayError>> {
        let program = &self.program;
        let n = range.len();
        debug_assert_eq!((operands.len(), consts.len()), (program.operands.len(), program.consts));
        if shape.len() > 1 || !program.fits() {
            return None;
        }
        let mut table = Table::new();
        let size = program.element.size();
        // SAFETY: the caller's: tile `out.first` is entry 0.
        let to = unsafe {
            dense(out.layout, out.tile_elems, out.first, out.tiles.as_ptr(), size, range.start, n)?
        };
        for (operand, &(dtype, scalar)) in operands.iter().zip(&*program.operands) {
            let &TileRef { layout, tile_elems, first, tiles } = operand;
            let (size, span) = (dtype.size(), if scalar { 1 } else { n });
            // SAFETY: as above; the program's table fits.
            unsafe {
                let at = dense(layout, tile_elems, first, tiles.as_ptr().cast(), size, range.start, span)?;
                table.enter(at, if scalar { 0 } else { size });
            }
        }
        // SAFETY: the caller's.
        let failed = unsafe { program.run_dense(table, consts, to, n, scratch) };
        Some(if failed { Err(ArrayError::NegativePower) } else { Ok(()) })
    }

    /// As [`Plan::map`] where all elements are dense: those of the `n` at `out` are computed from the `n` from element `first` on of
    /// each of `operands`. `None`, and nothing done, if an operand is one value for all, or there are very many.
    ///
    /// ```
    /// use array_core::{bind, Array, Scratch};
    /// let x = [1.0, 2.0, 3.0, 4.0];
    /// let bound = bind(&Array::from_vec(x.to_vec(), [4]).square())?;
    /// let mut out = [0.0; 2];
    /// // SAFETY: elements 2 and 3 of `x` are there, and there is room for two.
    /// let done = unsafe {
    ///     let (from, to) = ([x.as_ptr().cast()], out.as_mut_ptr().cast());
    ///     bound.plan.map_dense(&bound.consts, &from, 2, to, 2, &mut Scratch::new())
    /// };
    /// assert_eq!((done, out), (Some(Ok(())), [9.0, 16.0]));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Plan::map`].
    ///
    /// # Safety
    /// - `self` is not a reduction; `consts` and the number and types of the operands are those of a [`Bound`](super::Bound) of
    ///   this plan; `n` is at least 1.
    /// - The elements of every operand are readable, aligned and valid, those at `out` writable, and none of these is read.
    /// - Nobody else writes the former or touches the latter meanwhile.
    pub unsafe fn map_dense(
        &self,
        consts: &[u128],
        operands: &[*const u8],
        first: usize,
        out: *mut u8,
        n: usize,
        scratch: &mut Scratch,
    ) -> Option<Result<(), ArrayError>> {
        let program = &self.program;
        debug_assert_eq!((operands.len(), consts.len()), (program.operands.len(), program.consts));
        debug_assert!(program.reduction.is_none() && n > 0);
        if !program.fits() {
            return None;
        }
        let mut table = Table::new();
        for (operand, &(dtype, scalar)) in operands.iter().zip(&*program.operands) {
            if scalar {
                return None;
            }
            // SAFETY: the caller's: the elements are there; the program's table fits.
            unsafe { table.enter(operand.add(first * dtype.size()).cast_mut(), dtype.size()) };
        }
        // SAFETY: the caller's.
        let failed = unsafe { program.run_dense(table, consts, out, n, scratch) };
        Some(if failed { Err(ArrayError::NegativePower) } else { Ok(()) })
    }
}

impl Program {
    /// Whether its table of addresses stands on the stack: one for each operand, constant, invariant and slot, the output and the flag.
    #[inline(always)]
    fn fits(&self) -> bool {
        self.out() + 1 < ADDRESSES
    }

    /// Runs over `n > 0` dense elements; says whether it failed.
    ///
    /// # Safety
    /// The table [`fits`](Self::fits) and has the operands, which are valid for `n` elements or one; so is `out`, for writes.
    #[inline(always)]
    unsafe fn run_dense(
        &self,
        mut table: Table,
        consts: &[u128],
        out: *mut u8,
        n: usize,
        scratch: &mut Scratch,
    ) -> bool {
        let size = self.element.size();
        // Temporaries start at the output's place in its cache line, as in the general run.
        let mut phase = if self.alignable { out.addr() % 64 } else { 0 };
        let mut flag = 0u8;
        // SAFETY: the table has room for all of the program (the caller's). The memory has room for the slots, and behind them a line
        // for each invariant. Kernels only read constants, and find every address of the program in the table (C1), each good for
        // the elements of the block, or one of a single value.
        unsafe {
            consts.iter().for_each(|value| table.enter((&raw const *value).cast_mut().cast(), 0));
            let first_slot = table.len + self.invariants;
            if self.invariants + self.slots > 0 {
                let memory = scratch.memory(self.slots * (self.slot_bytes / 64) + self.invariants);
                let lines = memory.add(self.slots * self.slot_bytes);
                (0..self.invariants).for_each(|i| table.enter(lines.add(i * 64), 0));
                (0..self.slots).for_each(|i| table.enter(memory.add(i * self.slot_bytes + phase), 0));
            }
            table.enter(out, size);
            table.enter(&raw mut flag, 0);
            let Table { at, steps: strides, len } = &mut table;
            let locs: &mut [*mut u8] = std::slice::from_raw_parts_mut(at.as_mut_ptr().cast(), *len);
            for step in &*self.prologue {
                (step.kernel)(locs.as_ptr(), step.ix.as_ptr(), 1);
            }
            if self.slots == 0 {
                // Nothing to keep in a cache.
                for step in &*self.steps {
                    if self.sweeps {
                        sweep(step.kernel, locs, &strides[..*len], &step.ix, n);
                    } else {
                        (step.kernel)(locs.as_ptr(), step.ix.as_ptr(), n);
                    }
                }
                return self.can_fail && flag != 0;
            }
            let mut left = n;
            loop {
                // The first block ends where a cache line of the output does, so the next ones start there.
                let block = left.min(self.block - phase / size);
                for step in &*self.steps {
                    (step.kernel)(locs.as_ptr(), step.ix.as_ptr(), block);
                }
                left -= block;
                if left == 0 {
                    return self.can_fail && flag != 0;
                }
                for (address, stride) in locs.iter_mut().zip(&*strides) {
                    *address = address.add(usize::from(*stride) * block);
                }
                for slot in &mut locs[first_slot..first_slot + self.slots] {
                    *slot = slot.sub(phase);
                }
                phase = 0;
            }
        }
    }
}

/// Where the element at `start` lies, if it and those after it, `span` in all, are dense in the first tile of the table.
///
/// # Safety
/// The layout has one axis at most. Entry 0 of the table is the tile `first`, if any of the elements lies there.
#[inline(always)]
unsafe fn dense(
    layout: &Layout,
    tile_elems: usize,
    first: usize,
    tiles: *const *mut u8,
    size: usize,
    start: usize,
    span: usize,
) -> Option<*mut u8> {
    let stride = layout.strides.first().copied().unwrap_or(0);
    if stride != 1 && span != 1 {
        return None;
    }
    let mut at = layout.offset + start as isize * stride;
    if tile_elems != usize::MAX {
        at -= (first * tile_elems) as isize;
        if at < 0 || at as usize + span > tile_elems {
            return None;
        }
    }
    // SAFETY: the elements lie in the tile, which the caller has entered.
    Some(unsafe { (*tiles).offset(at * size as isize) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, bind, plan::run::BLOCK};

    #[test]
    fn dense_runs_have_the_bits_of_the_whole_and_single_values_are_refused() {
        const N: usize = 3 * BLOCK;
        let values = |step: f64| Array::from_vec((0..N).map(|i| i as f64 * step).collect::<Vec<_>>(), [N]);
        let (a, b) = (values(0.7), values(-1.3));
        let tiles: Vec<_> = [&a, &b].map(|array| array.as_buffer().unwrap().0.as_ptr()).into();
        // One kernel, and several with a temporary between them.
        for expression in [&a + &b, (&a / &b).sqrt() + 3.0 * (&a % &b).exp()] {
            let bound = bind(&expression).unwrap();
            let expected = expression.to_vec::<f64>().unwrap();
            let mut scratch = Scratch::default();
            let mut run = |operands: &[*const u8], first: usize, n: usize| {
                let mut out = vec![f64::NAN; n];
                let to = out.as_mut_ptr().cast();
                // SAFETY: the operands hold `N` elements each, `out` holds `n`.
                let done =
                    unsafe { bound.plan.map_dense(&bound.consts, operands, first, to, n, &mut scratch) };
                done.map(|done| done.map(|()| out).unwrap())
            };
            for (first, n) in [(0, 1), (17, 5), (BLOCK + 3, BLOCK / 2), (0, N)] {
                let out = run(&tiles, first, n).expect("all is dense");
                let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&out), bits(&expected[first..first + n]), "{n} from {first}");
            }
        }
        let bound = bind(&(&a + &b.slice([crate::Index::from(1)]))).unwrap();
        let mut out = [0.0; 4];
        // SAFETY: as above; nothing is done.
        let done = unsafe {
            bound.plan.map_dense(
                &bound.consts,
                &tiles,
                0,
                out.as_mut_ptr().cast(),
                4,
                &mut Scratch::default(),
            )
        };
        assert!(done.is_none() && out == [0.0; 4], "one value for all");
    }
}
