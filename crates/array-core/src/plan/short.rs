//! A run of one block: every operand dense and in one tile each, as the output.
//!
//! **Why** a task of a few elements spends its time on cursors, a walk and two vectors of addresses that it uses once. Here the
//! table of addresses stands on the stack and is filled in one loop. The kernels are called with the very arguments that the
//! general run would call them with, so the bits are the same; what does not fit this form is left to it.

use super::{
    Plan, TileMut, TileRef,
    run::{BLOCK, Scratch},
};
use crate::{error::ArrayError, layout::Layout};
use std::{mem::MaybeUninit, ops::Range};

/// Addresses of the largest table that stands on the stack.
const ADDRESSES: usize = 32;

impl Plan {
    /// As [`Plan::map`] of a range that is not empty, if it is one block of dense elements along the one axis.
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
        let (n, last) = (range.len(), program.out() + 1);
        debug_assert_eq!((operands.len(), consts.len()), (program.operands.len(), program.consts));
        if shape.len() > 1 || last >= ADDRESSES {
            return None;
        }
        let mut table = [const { MaybeUninit::<*mut u8>::uninit() }; ADDRESSES];
        let size = program.element.size();
        // SAFETY: the caller's: tile `out.first` is entry 0.
        let to = unsafe {
            dense(out.layout, out.tile_elems, out.first, out.tiles.as_ptr(), size, range.start, n)?
        };
        // Temporaries start at the output's place in its cache line, as in the general run.
        let phase = if program.alignable { to.addr() % 64 } else { 0 };
        if program.slots > 0 && n > BLOCK - phase / size {
            return None;
        }
        let mut at: *mut *mut u8 = table.as_mut_ptr().cast();
        let mut enter = |address: *mut u8| {
            // SAFETY: the table has room for `last + 1` addresses, the operands, constants, invariants and slots of the program, the
            // output and the flag; each is entered once.
            unsafe {
                at.write(address);
                at = at.add(1);
            }
        };
        for (operand, &(dtype, scalar)) in operands.iter().zip(&*program.operands) {
            let &TileRef { layout, tile_elems, first, tiles } = operand;
            let (size, span) = (dtype.size(), if scalar { 1 } else { n });
            // SAFETY: as above.
            enter(unsafe {
                dense(layout, tile_elems, first, tiles.as_ptr().cast(), size, range.start, span)?
            });
        }
        // Kernels only read constants.
        consts.iter().for_each(|value| enter((&raw const *value).cast_mut().cast()));
        if program.invariants + program.slots > 0 {
            // SAFETY: the memory has room for the slots, and behind them a line for each invariant.
            unsafe {
                let memory = scratch.memory(program.slots * (program.slot_bytes / 64) + program.invariants);
                let lines = memory.add(program.slots * program.slot_bytes);
                (0..program.invariants).for_each(|i| enter(lines.add(i * 64)));
                (0..program.slots).for_each(|i| enter(memory.add(i * program.slot_bytes + phase)));
            }
        }
        let mut flag = 0u8;
        enter(to);
        enter(&raw mut flag);
        let locs: *const *mut u8 = table.as_ptr().cast();
        for step in &*program.prologue {
            // SAFETY: it reads single values, whose addresses the table has, and writes one line.
            unsafe { (step.kernel)(locs, step.ix.as_ptr(), 1) }
        }
        for step in &*program.steps {
            // SAFETY: the table holds every address of the program (C1), each good for `n` elements, or one of a single value.
            unsafe { (step.kernel)(locs, step.ix.as_ptr(), n) }
        }
        Some(if program.can_fail && flag != 0 { Err(ArrayError::NegativePower) } else { Ok(()) })
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
