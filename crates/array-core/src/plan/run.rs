//! Running a program block by block over tiles and strides: its table of addresses and what moves along. `run/map.rs` fills outputs.
//!
//! **Invariant** W2: a block never spans two tiles of an operand that is read in place, nor of an output that is written in
//! place.
//!
//! **Why two paths** long rows are cut into blocks that kernels read and write in place. Short rows ([`is_narrow`]) would
//! cost more in calls than in arithmetic; there the operands of many rows are copied to dense blocks first.

mod map;

use super::{
    Program, TileMut, TileRef,
    walk::{Cursor, Walk, is_narrow},
};
use crate::{
    dtype::Scalar,
    error::ArrayError,
    expr::ReduceOp,
    kernels::{
        moves::gather,
        reduce::{Kernels, Tree},
    },
};
use std::{fmt, mem::MaybeUninit};

/// Elements of a block: with the temporaries of a typical plan it stays in the first-level cache.
pub(crate) const BLOCK: usize = 1024;
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line(#[allow(dead_code, reason = "only its size and alignment count")] [MaybeUninit<u8>; 64]);

/// Memory for the blocks of a run. Make one per thread and use it again: it grows to the largest plan it has run.
///
/// ```
/// let scratch = array_core::Scratch::new();
/// assert_eq!(scratch.bytes(), 0);
/// ```
#[derive(Default)]
pub struct Scratch {
    lines: Vec<Line>,
    /// The table of addresses of the run under way. Here, as the cursors, only so that a run allocates nothing.
    locs: Vec<*mut u8>,
    cursors: Vec<Cursor>,
    target: Vec<Cursor>,
}

// SAFETY: the pointers mean something only during a run, which borrows the scratch; between runs they are never read.
unsafe impl Send for Scratch {}
// SAFETY: a shared scratch only tells its size.
unsafe impl Sync for Scratch {}

impl Scratch {
    /// Empty; allocates at its first use.
    pub const fn new() -> Scratch {
        Scratch { lines: Vec::new(), locs: Vec::new(), cursors: Vec::new(), target: Vec::new() }
    }

    /// Memory of at least so many cache lines.
    #[inline(always)]
    pub(super) fn memory(&mut self, lines: usize) -> *mut u8 {
        memory(&mut self.lines, lines)
    }

    /// Bytes held for blocks.
    pub fn bytes(&self) -> usize {
        self.lines.len() * 64
    }
}

#[inline(always)]
fn memory(lines: &mut Vec<Line>, wanted: usize) -> *mut u8 {
    if lines.len() < wanted {
        lines.resize(wanted, Line([MaybeUninit::uninit(); 64]));
    }
    lines.as_mut_ptr().cast()
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("bytes", &self.bytes()).finish()
    }
}

/// A run of a program: the table of addresses and the walk over its vector operands, then the output.
pub(crate) struct Run<'a> {
    program: &'a Program,
    locs: &'a mut [*mut u8],
    walk: Walk<'a>,
    /// The walk's first cursors are those of operands; one more may be that of an output written in place.
    reads: usize,
    /// The failure flag.
    flag: *mut u8,
    /// A slot for output that is not written in place.
    spare: *mut u8,
    /// The first temporary's slot, and how far into their slots the temporaries start now, in bytes.
    temps: *mut u8,
    phase: usize,
}

impl<'a> Run<'a> {
    /// A run, and the walk of an output that is not written in place: rows are gathered, or it is strided.
    ///
    /// # Safety
    /// As [`Plan::map`](super::Plan::map); without an output, as [`Plan::reduce`](super::Plan::reduce).
    #[inline(always)]
    pub(crate) unsafe fn new(
        program: &'a Program,
        consts: &'a [u128],
        shape: &'a [usize],
        operands: &'a [TileRef<'a>],
        out: Option<&'a TileMut<'a>>,
        start: usize,
        scratch: &'a mut Scratch,
    ) -> (Run<'a>, Option<Walk<'a>>) {
        debug_assert_eq!((operands.len(), consts.len()), (program.operands.len(), program.consts));
        let Scratch { lines, locs, cursors, target } = scratch;
        // Slots: temporaries, one stage per operand, the output's, and one whose first byte is the flag. Then a line for each
        // invariant.
        let slots = program.slots + operands.len() + 2;
        let wanted = slots * (program.slot_bytes / 64) + program.invariants;
        let memory = memory(lines, wanted);
        // SAFETY: `memory` has that many slots.
        let slot = |i: usize| unsafe { memory.add(i * program.slot_bytes) };
        locs.clear();
        cursors.clear();
        target.clear();
        for (k, (operand, &(dtype, scalar))) in operands.iter().zip(&*program.operands).enumerate() {
            let mut cursor = Cursor::new(operand, dtype.size(), k, slot(program.slots + k));
            if scalar {
                // SAFETY: the caller's: the one element is in the table.
                locs.push(unsafe { cursor.locate(cursor.addr) });
            } else {
                locs.push(cursor.stage);
                cursors.push(cursor);
            }
        }
        // Kernels only read constants.
        locs.extend(consts.iter().map(|c| (&raw const *c).cast_mut().cast::<u8>()));
        // SAFETY: `memory` has a line for each behind the slots.
        locs.extend((0..program.invariants).map(|i| unsafe { slot(slots).add(i * 64) }));
        locs.extend((0..program.slots).map(slot));
        let (spare, flag) = (slot(slots - 2), slot(slots - 1));
        locs.push(spare);
        locs.push(flag);
        // SAFETY: the flag's slot is ours.
        unsafe { flag.write(0) };
        for step in &*program.prologue {
            // SAFETY: it reads single values, whose addresses the table has, and writes one line.
            unsafe { (step.kernel)(locs.as_ptr(), step.ix.as_ptr(), 1) }
        }
        let reads = cursors.len();
        if let Some(out) = out {
            // SAFETY: the same pointers; a cursor reads only the table itself.
            let tiles = unsafe { std::slice::from_raw_parts(out.tiles.as_ptr().cast(), out.tiles.len()) };
            let out = TileRef { layout: out.layout, tile_elems: out.tile_elems, first: out.first, tiles };
            let cursor = Cursor::new(&out, program.element.size(), program.out(), spare);
            let in_place = cursor.inner == 1 && !is_narrow(shape);
            if in_place { cursors.push(cursor) } else { target.push(cursor) }
        }
        // SAFETY: layouts have the iteration's axes, the caller's.
        let (walk, apart) = unsafe {
            let apart = (!target.is_empty()).then(|| Walk::new(shape, start, target));
            (Walk::new(shape, start, cursors), apart)
        };
        (Run { program, locs, walk, reads, flag, spare, temps: memory, phase: 0 }, apart)
    }

    #[inline(always)]
    unsafe fn steps(&self, n: usize) {
        let locs = self.locs.as_ptr();
        for step in &*self.program.steps {
            // SAFETY: the table holds every address of the program (C1), each good for `n` elements.
            unsafe { (step.kernel)(locs, step.ix.as_ptr(), n) }
        }
    }

    /// Starts the temporaries at the output's place in its cache line, so that blocks are aligned together.
    #[inline(always)]
    fn align(&mut self, phase: usize) {
        if phase != self.phase {
            self.phase = phase;
            let from = self.program.slot_base();
            for (i, loc) in self.locs[from..from + self.program.slots].iter_mut().enumerate() {
                // SAFETY: slots have more room than a block and a cache line.
                *loc = unsafe { self.temps.add(i * self.program.slot_bytes + phase) };
            }
        }
    }

    fn check(&self) -> Result<(), ArrayError> {
        // SAFETY: the flag's slot lives as long as the run; it was written at the start.
        if self.program.can_fail && unsafe { self.flag.read() } != 0 {
            return Err(ArrayError::NegativePower);
        }
        Ok(())
    }

    /// Puts the addresses of the next block's operands into the table, gathering those that are not dense. Gives its length,
    /// at most `limit` and one row.
    ///
    /// # Safety
    /// As [`Plan::map`](super::Plan::map).
    #[inline(always)]
    unsafe fn open(&mut self, limit: usize) -> usize {
        let mut n = limit.min(self.walk.width - self.walk.col);
        for c in self.walk.cursors.iter_mut() {
            // SAFETY: the caller's.
            self.locs[c.loc] = unsafe { c.locate(c.addr) };
            n = n.min(c.room(c.addr));
        }
        for c in &mut self.walk.cursors[..self.reads] {
            if c.inner != 1 && n > 1 {
                // SAFETY: the caller's; `n` elements are in this tile (W2), and the stage has room for a block.
                unsafe { gather(c.size, c.stage, self.locs[c.loc], c.inner, n) };
                self.locs[c.loc] = c.stage;
            }
        }
        n
    }

    /// Gathers the next `n` elements of every operand into its stage and moves on.
    ///
    /// # Safety
    /// As [`Plan::map`](super::Plan::map); `n <= BLOCK`.
    unsafe fn gather_rows(&mut self, n: usize) {
        let mut done = 0;
        while done < n {
            let piece = (n - done).min(self.walk.width - self.walk.col);
            for c in self.walk.cursors.iter_mut() {
                // SAFETY: the caller's; the stage has room for a block.
                unsafe { c.copy_out(c.stage.add(done * c.size), piece) };
            }
            self.walk.advance(piece);
            done += piece;
        }
        for c in self.walk.cursors.iter() {
            self.locs[c.loc] = c.stage;
        }
    }

    /// The next `n` elements where they lie, if the program only reads them and they lie in one dense run.
    ///
    /// # Safety
    /// As [`Plan::reduce`](super::Plan::reduce); at least `n` elements are left.
    #[inline(always)]
    pub(crate) unsafe fn in_place(&mut self, n: usize) -> Option<*const u8> {
        if !self.program.direct || n > self.walk.width - self.walk.col {
            return None;
        }
        let cursor = &mut self.walk.cursors[0];
        if cursor.inner != 1 {
            return None;
        }
        // SAFETY: the caller's.
        let at = unsafe { cursor.locate(cursor.addr) };
        if cursor.room(cursor.addr) < n {
            return None;
        }
        self.walk.advance(n);
        Some(at)
    }

    /// As many of the next `n` elements as lie in one dense run where they are, if the program only reads them.
    ///
    /// # Safety
    /// As [`Run::in_place`].
    pub(super) unsafe fn most_in_place(&mut self, n: usize) -> Option<(*const u8, usize)> {
        let n = n.min(self.walk.width - self.walk.col);
        // SAFETY: the caller's.
        unsafe {
            if let Some(all) = self.in_place(n) {
                return Some((all, n));
            }
            if !self.program.direct || self.walk.cursors[0].inner != 1 {
                return None;
            }
            // `in_place` has looked where they are.
            let n = self.walk.cursors[0].room(self.walk.cursors[0].addr).min(n);
            self.in_place(n).map(|at| (at, n))
        }
    }

    /// The reduction whose argument the program is.
    pub(super) fn reduction(&self) -> ReduceOp {
        self.program.reduction.expect("bound as a reduction")
    }

    /// The value of the next `n` elements, a node of a `tree` over `of`, if it can be had at once: from where they lie, or from a block
    /// that they are computed or copied to.
    ///
    /// Where only the end of a tile is in the way the node is cut on, down to a leaf: then all but a leaf is read where it lies.
    ///
    /// # Safety
    /// As [`Plan::reduce`](super::Plan::reduce); at least `n > 0` elements are left, or none and the reduction is no extreme.
    pub(super) unsafe fn node(
        &mut self,
        kernels: &Kernels,
        tree: Tree,
        n: usize,
        of: usize,
    ) -> Option<Scalar> {
        // SAFETY: the caller's.
        unsafe {
            if let Some(value) = self.fused_in_place(n, of) {
                return Some(value);
            }
            if let Some(at) = self.in_place(n) {
                return Some((kernels.fold)(at, n, of));
            }
            let most = if self.reads_on(n) { tree.leaf() } else { BLOCK };
            (n <= most).then(|| (kernels.fold)(self.dense(n), n, n))
        }
    }

    /// Whether the next `n` elements would be read where they lie, were it not for the ends of tiles.
    #[inline]
    fn reads_on(&self, n: usize) -> bool {
        (self.program.direct || self.program.fused.is_some())
            && n <= self.walk.width - self.walk.col
            && self.walk.cursors.iter().all(|c| c.inner == 1)
    }

    /// The sum of the next `n` elements of a pass over `of`, computed while they are summed, if the program has a kernel for that and all
    /// operands lie in one dense run each.
    ///
    /// # Safety
    /// As [`Plan::reduce`](super::Plan::reduce); at least `n` elements are left.
    #[inline(always)]
    unsafe fn fused_in_place(&mut self, n: usize, of: usize) -> Option<Scalar> {
        let (kernel, ix) = self.program.fused.as_ref()?;
        if n > self.walk.width - self.walk.col {
            return None;
        }
        for c in self.walk.cursors.iter_mut() {
            if c.inner != 1 {
                return None;
            }
            // SAFETY: the caller's.
            self.locs[c.loc] = unsafe { c.locate(c.addr) };
            if c.room(c.addr) < n {
                return None;
            }
        }
        self.walk.advance(n);
        // SAFETY: every vector operand has `n` elements at its address, the others one (C1).
        Some(unsafe { kernel(self.locs.as_ptr(), ix.as_ptr(), n, of) })
    }

    /// Computes the next `n <= BLOCK` elements as one dense run of memory, good until the next call.
    ///
    /// # Safety
    /// As [`Plan::reduce`](super::Plan::reduce).
    pub(crate) unsafe fn dense(&mut self, n: usize) -> *const u8 {
        let (out, size) = (self.program.out(), self.program.element.size());
        // SAFETY: the caller's; blocks fit the stages and the spare slot.
        unsafe {
            if is_narrow(self.walk.shape) {
                self.gather_rows(n);
                if self.program.direct {
                    return self.locs[0];
                }
                self.locs[out] = self.spare;
                self.steps(n);
                return self.spare;
            }
            let mut done = 0;
            while done < n {
                let m = self.open(n - done);
                let dst = self.spare.add(done * size);
                if self.program.direct {
                    if m == n {
                        self.walk.advance(m);
                        return self.locs[0];
                    }
                    gather(size, dst, self.locs[0], 1, m);
                } else {
                    self.locs[out] = dst;
                    self.steps(m);
                }
                self.walk.advance(m);
                done += m;
            }
        }
        self.spare
    }

    pub(crate) fn finish(self) -> Result<(), ArrayError> {
        self.check()
    }
}
