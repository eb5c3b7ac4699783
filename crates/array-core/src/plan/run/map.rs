//! Elementwise results into an output's tiles: written by the kernels, past the caches, or aside first.

use super::{BLOCK, Run, Scratch};
use crate::{
    error::ArrayError,
    kernels::moves::{stream, stream_fence},
    plan::{Plan, TileMut, TileRef, walk::is_narrow},
};
use std::ops::Range;

/// How a block reaches a dense output: its kernels write it there, it is written past the caches when it is done, or copied
/// when all of it was read.
const DIRECT: u8 = 0;
const STREAM: u8 = 1;
const ASIDE: u8 = 2;
/// A tape writes it there itself, past the caches.
const PAST: u8 = 3;
/// Elements of a block that is computed aside to be written past the caches, where nothing else is kept: what is written waits less
/// for what is read.
const STREAMED: usize = 256;

impl Plan {
    /// Evaluates the elements `range` (flat, in C order of `shape`) into the output's tiles.
    ///
    /// Costs well under 100 ns beside its arithmetic, so ranges may be small. Any two ranges may be computed at the same
    /// time.
    ///
    /// ```
    /// use array_core::{bind, Array, Layout, Scratch, TileMut, TileRef};
    /// let a = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0, 5.0], [5]);
    /// let bound = bind(&(&a * 2.0 + 1.0))?;
    /// let operand = &bound.operands[0];
    /// // Whoever keeps the data says where it is: here in tiles of three elements.
    /// let (first, second) = ([1.0, 2.0, 3.0], [4.0, 5.0]);
    /// let tiles = [first.as_ptr().cast(), second.as_ptr().cast()];
    /// let source = TileRef { layout: &operand.layout, tile_elems: 3, first: 0, tiles: &tiles };
    /// let mut out = [0.0; 5];
    /// let (layout, target) = (Layout::contiguous(&[5])?, [out.as_mut_ptr().cast::<u8>()]);
    /// let target = TileMut { layout: &layout, tile_elems: usize::MAX, first: 0, tiles: &target };
    /// let mut scratch = Scratch::new();
    /// for range in [2..5, 0..2] {
    ///     // SAFETY: the tiles hold the elements of the shape and are no part of `out`, which has room for them.
    ///     unsafe { bound.plan.map(&bound.consts, &bound.shape, &[source], &target, range, &mut scratch)? };
    /// }
    /// assert_eq!(out, [3.0, 5.0, 7.0, 9.0, 11.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::NegativePower`], only if [`can_fail`](Plan::can_fail); some elements may have been written.
    ///
    /// # Safety
    /// - `self` is not a reduction; `consts`, `shape` and the number and types of `operands` are those of a [`Bound`](crate::Bound) of this
    ///   plan (`shape` and layouts possibly normalised together); all layouts, the output's too, have the shape `shape`.
    /// - `range` lies in the iteration space. For every element of it, each operand's tile that holds the element's address is
    ///   in the operand's table, readable, aligned to the element's size (to 8 bytes at most) and holds valid elements; likewise the output's, writable.
    /// - An operand that is one value (its layout's strides are all 0) has that element's tile in its table even if `range` is
    ///   empty.
    /// - No element of the output that is written overlaps an element that is read, and no two are at one address.
    /// - Nobody else writes the operands or touches the written elements meanwhile.
    pub unsafe fn map(
        &self,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        out: &TileMut<'_>,
        range: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<(), ArrayError> {
        debug_assert!(self.program.reduction.is_none() && range.end <= shape.iter().product());
        if range.is_empty() {
            return Ok(());
        }
        // SAFETY: the caller's.
        unsafe {
            match self.map_short(consts, shape, operands, out, &range, scratch) {
                Some(done) => done,
                None => self.map_by::<DIRECT>(consts, shape, operands, out, range, scratch),
            }
        }
    }

    /// As [`map`](Plan::map), past the caches where the output is dense: for outputs that are larger than the caches
    /// ([`last_level_cache`](crate::last_level_cache)) and not read soon. The same bits.
    ///
    /// Ends with a store fence: who learns of the output by an ordinary release, as with `map`, sees all of it.
    ///
    /// ```
    /// use array_core::{bind, last_level_cache, Array, BlockPool, DType, Layout, Scratch, TileMut};
    /// let n = 1000; // More than `last_level_cache()` bytes are worth it.
    /// let bound = bind(&(Array::full([n], 0.5) + 1.0))?;
    /// let mut block = BlockPool::shared().take(DType::F64, n)?;
    /// let (layout, target) = (Layout::contiguous(&[n])?, [block.as_mut_ptr()]);
    /// let out = TileMut { layout: &layout, tile_elems: usize::MAX, first: 0, tiles: &target };
    /// // SAFETY: there are no operands; the block has room for the elements, all of which are written before it is frozen.
    /// let buffer = unsafe {
    ///     bound.plan.map_streaming(&bound.consts, &bound.shape, &[], &out, 0..n, &mut Scratch::new())?;
    ///     block.freeze()
    /// };
    /// assert_eq!(buffer.as_slice::<f64>(), Some(&[1.5; 1000][..]));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Plan::map`].
    ///
    /// # Safety
    /// As [`Plan::map`].
    pub unsafe fn map_streaming(
        &self,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        out: &TileMut<'_>,
        range: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<(), ArrayError> {
        // SAFETY: the caller's.
        let done = unsafe {
            match &self.program.past {
                Some(_) => self.map_by::<PAST>(consts, shape, operands, out, range, scratch),
                None => self.map_by::<STREAM>(consts, shape, operands, out, range, scratch),
            }
        };
        stream_fence();
        done
    }

    /// As [`map`](Plan::map), over the memory of an operand: each block is computed aside and copied when it is done.
    ///
    /// # Safety
    /// As [`Plan::map`], but the output may be the memory of one operand, whose layout is the output's: so element `i` is
    /// read before it is written, and by nobody after.
    pub(crate) unsafe fn map_over(
        &self,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        out: &TileMut<'_>,
        range: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<(), ArrayError> {
        // SAFETY: the caller's; outputs that are not dense are computed aside anyway.
        unsafe { self.map_by::<ASIDE>(consts, shape, operands, out, range, scratch) }
    }

    /// # Safety
    /// As [`Plan::map`]; `ASIDE`, as [`Plan::map_over`].
    unsafe fn map_by<const TO: u8>(
        &self,
        consts: &[u128],
        shape: &[usize],
        operands: &[TileRef<'_>],
        out: &TileMut<'_>,
        range: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<(), ArrayError> {
        debug_assert!(self.program.reduction.is_none() && range.end <= shape.iter().product());
        if range.is_empty() {
            return Ok(());
        }
        let size = self.program.element.size();
        let mut left = range.len();
        // SAFETY: the caller's contract covers every address below; blocks fit the stages and the spare slot.
        unsafe {
            let (mut run, apart) =
                Run::new(&self.program, consts, shape, operands, Some(out), range.start, scratch);
            let Some(mut target) = apart else {
                // Nothing to keep in a cache: rows need not be cut.
                let staged = run.walk.cursors.iter().any(|c| c.inner != 1);
                let in_place = TO == PAST || self.program.slots == 0 && TO == DIRECT;
                let block = match TO {
                    _ if in_place && !staged => usize::MAX,
                    STREAM if self.program.slots == 0 => STREAMED,
                    _ => run.program.block,
                };
                loop {
                    let at = &mut run.walk.cursors[run.reads];
                    let phase = if self.program.alignable { at.locate(at.addr).addr() % 64 } else { 0 };
                    run.align(phase);
                    // The first block of a row ends where a cache line does, so the next ones start there.
                    let n = run.open(left.min(block - phase / size));
                    if let (PAST, Some(step)) = (TO, &self.program.past) {
                        (step.kernel)(run.locs.as_ptr(), step.ix.as_ptr(), n);
                    } else if TO != DIRECT {
                        let place = run.program.out();
                        let aside = run.spare.add(phase);
                        let dst = std::mem::replace(&mut run.locs[place], aside);
                        run.steps(n);
                        if TO == STREAM {
                            stream(self.program.isa, dst, aside, n * size);
                        } else {
                            dst.copy_from_nonoverlapping(aside, n * size);
                        }
                    } else {
                        run.steps(n);
                    }
                    left -= n;
                    if left == 0 {
                        return run.finish();
                    }
                    run.walk.advance(n);
                }
            };
            while left > 0 {
                let n = if is_narrow(shape) {
                    let n = left.min(BLOCK);
                    run.gather_rows(n);
                    n
                } else {
                    run.open(left.min(BLOCK))
                };
                run.steps(n);
                if !is_narrow(shape) {
                    run.walk.advance(n);
                }
                let mut done = 0;
                while done < n {
                    let piece = (n - done).min(target.width - target.col);
                    target.cursors[0].copy_in(run.spare.add(done * size), piece);
                    target.advance(piece);
                    done += piece;
                }
                left -= n;
            }
            run.finish()
        }
    }
}
