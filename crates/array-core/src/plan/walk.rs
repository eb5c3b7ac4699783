//! Walking operands: cursors that move together through an iteration, over strides and tiles.
//!
//! **Invariant** W1: a cursor's address is the address of the walk's current element; `base` is that of the element `lo`, and those
//! up to `hi` follow it in memory: the rest of a tile, and of those behind it that lie in a row with it.

use super::TileRef;
use crate::{
    buffer::SPACED,
    kernels::moves::{gather, scatter},
};
use smallvec::SmallVec;

/// Rows shorter than this are gathered.
const NARROW: usize = 48;

/// Whether rows are so short that they are gathered.
pub(super) fn is_narrow(shape: &[usize]) -> bool {
    shape.len() > 1 && shape[shape.len() - 1] < NARROW
}

/// A place in one operand (or the output) that moves with the walk.
pub(super) struct Cursor {
    /// Strides of the iteration's axes.
    pub(super) strides: *const isize,
    /// Address of the current element, in elements.
    pub(super) addr: isize,
    /// Stride of the last axis.
    pub(super) inner: isize,
    pub(super) size: usize,
    tile_elems: usize,
    first: usize,
    tiles: *const *mut u8,
    /// How many there are.
    count: usize,
    lo: isize,
    hi: isize,
    base: *mut u8,
    /// Number in the table of addresses.
    pub(super) loc: usize,
    /// Where it is gathered when it cannot be read in place.
    pub(super) stage: *mut u8,
}

impl Cursor {
    #[inline(always)]
    pub(super) fn new(tile: &TileRef<'_>, size: usize, loc: usize, stage: *mut u8) -> Cursor {
        Cursor {
            strides: tile.layout.strides.as_ptr(),
            addr: tile.layout.offset,
            inner: tile.layout.strides.last().copied().unwrap_or(0),
            size,
            tile_elems: tile.tile_elems,
            first: tile.first,
            tiles: tile.tiles.as_ptr().cast(),
            count: tile.tiles.len(),
            lo: 0,
            hi: 0,
            base: std::ptr::null_mut(),
            loc,
            stage,
        }
    }

    /// The memory at `addr`.
    ///
    /// # Safety
    /// The tile that holds `addr` is in the table.
    #[inline(always)]
    pub(super) unsafe fn locate(&mut self, addr: isize) -> *mut u8 {
        // SAFETY: the caller's; W1.
        unsafe {
            if addr < self.lo || addr >= self.hi {
                self.enter_tile(addr);
            }
            self.base.offset((addr - self.lo) * self.size as isize)
        }
    }

    /// # Safety
    /// As [`Cursor::locate`].
    pub(super) unsafe fn enter_tile(&mut self, addr: isize) {
        if self.tile_elems == usize::MAX {
            self.hi = isize::MAX;
            // SAFETY: the caller's: a plain buffer is entry 0.
            self.base = unsafe { *self.tiles };
            return;
        }
        let tile = addr as usize / self.tile_elems;
        self.lo = (tile * self.tile_elems) as isize;
        // SAFETY: the caller's: tile `first` is entry 0, and this one is in the table; so are those up to `count`.
        unsafe {
            let mut next = tile - self.first + 1;
            self.base = *self.tiles.add(next - 1);
            let bytes = self.tile_elems.saturating_mul(self.size);
            if bytes >= SPACED {
                let mut end = self.base.wrapping_add(bytes);
                while next < self.count && *self.tiles.add(next) == end {
                    (next, end) = (next + 1, end.wrapping_add(bytes));
                }
            }
            self.hi = ((self.first + next).saturating_mul(self.tile_elems)).try_into().unwrap_or(isize::MAX);
        }
    }

    /// Elements along the last axis from `addr` to the end of the tile that `locate(addr)` found.
    #[inline(always)]
    pub(super) fn room(&self, addr: isize) -> usize {
        match self.inner {
            1 => (self.hi - addr) as usize,
            0 => usize::MAX,
            s if s > 0 => ((self.hi - 1 - addr) / s) as usize + 1,
            s => ((addr - self.lo) / -s) as usize + 1,
        }
    }

    /// Elements that follow each other in memory from `addr` to the end of the tile that `locate(addr)` found.
    #[inline(always)]
    pub(super) fn left(&self, addr: isize) -> usize {
        (self.hi - addr) as usize
    }

    /// Copies the next `n` elements along the last axis to dense memory, across tiles.
    ///
    /// # Safety
    /// As [`Cursor::locate`] for each of them; `dst` has room.
    pub(super) unsafe fn copy_out(&mut self, mut dst: *mut u8, mut n: usize) {
        let mut addr = self.addr;
        while n > 0 {
            // SAFETY: the caller's; the piece ends at the tile's edge.
            unsafe {
                let src = self.locate(addr);
                let m = self.room(addr).min(n);
                gather(self.size, dst, src, self.inner, m);
                dst = dst.add(m * self.size);
                addr += m as isize * self.inner;
                n -= m;
            }
        }
    }

    /// Copies dense memory to the next `n` elements along the last axis, across tiles.
    ///
    /// # Safety
    /// As [`Cursor::copy_out`]; the elements are writable.
    pub(super) unsafe fn copy_in(&mut self, mut src: *const u8, mut n: usize) {
        let mut addr = self.addr;
        while n > 0 {
            // SAFETY: the caller's; the piece ends at the tile's edge.
            unsafe {
                let dst = self.locate(addr);
                let m = self.room(addr).min(n);
                scatter(self.size, dst, self.inner, src, m);
                src = src.add(m * self.size);
                addr += m as isize * self.inner;
                n -= m;
            }
        }
    }
}

/// A position in the iteration space and the cursors that move with it.
pub(crate) struct Walk<'a> {
    pub(super) shape: &'a [usize],
    /// Positions on all axes but the last.
    index: SmallVec<[usize; 4]>,
    pub(super) col: usize,
    pub(super) width: usize,
    pub(super) cursors: &'a mut [Cursor],
}

impl<'a> Walk<'a> {
    /// # Safety
    /// Each cursor's `strides` are as many as `shape` has axes.
    #[inline(always)]
    pub(super) unsafe fn new(shape: &'a [usize], start: usize, cursors: &'a mut [Cursor]) -> Walk<'a> {
        let Some((&width, outer)) = shape.split_last() else {
            return Walk { shape, index: SmallVec::new(), col: 0, width: 1, cursors };
        };
        let mut index: SmallVec<[usize; 4]> = SmallVec::new();
        index.resize(outer.len(), 0);
        let mut col = 0;
        if start > 0 {
            let mut rest = start / width;
            col = start % width;
            for axis in (1..outer.len()).rev() {
                (rest, index[axis]) = (rest / outer[axis], rest % outer[axis]);
            }
            if let Some(first) = index.first_mut() {
                *first = rest;
            }
            for c in cursors.iter_mut() {
                c.addr += col as isize * c.inner;
                for (axis, i) in index.iter().enumerate() {
                    // SAFETY: the caller's.
                    c.addr += *i as isize * unsafe { *c.strides.add(axis) };
                }
            }
        }
        Walk { shape, index, col, width, cursors }
    }

    /// `n` elements on; not past the end of the row.
    #[inline(always)]
    pub(super) fn advance(&mut self, n: usize) {
        self.col += n;
        for c in self.cursors.iter_mut() {
            c.addr += n as isize * c.inner;
        }
        if self.col == self.width {
            self.next_row();
        }
    }

    pub(super) fn next_row(&mut self) {
        self.col = 0;
        for c in self.cursors.iter_mut() {
            c.addr -= self.width as isize * c.inner;
        }
        for axis in (0..self.index.len()).rev() {
            self.index[axis] += 1;
            let wraps = self.index[axis] == self.shape[axis];
            let back = if wraps { self.shape[axis] as isize } else { 0 };
            for c in self.cursors.iter_mut() {
                // SAFETY: `new`'s caller: there are as many strides as axes.
                c.addr += (1 - back) * unsafe { *c.strides.add(axis) };
            }
            if !wraps {
                return;
            }
            self.index[axis] = 0;
        }
    }
}
