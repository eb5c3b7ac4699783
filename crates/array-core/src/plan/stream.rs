//! An expression read from front to back, one dense block after another.

use super::{
    Program, TileRef,
    reduce::fold,
    run::{BLOCK, Run, Scratch},
};
use crate::{
    error::ArrayError,
    kernels::reduce::{Kernels, Tree},
};

/// The elements of an expression that was bound as the argument of a reduction ([`bind_reading`](super::bind_reading)).
pub(crate) struct Stream<'a> {
    run: Run<'a>,
    pub(crate) kernels: Kernels,
    tree: Tree,
    /// Bytes of an element.
    pub(crate) size: usize,
    /// Elements in all, and those that are left.
    all: usize,
    left: usize,
}

impl<'a> Stream<'a> {
    /// Opens a program over operands and reads it, in C order of `shape`, by `f`.
    ///
    /// # Errors
    /// [`ArrayError::NegativePower`], after all of `f`.
    ///
    /// # Safety
    /// As [`Plan::reduce`](super::Plan::reduce), for all elements of `shape`.
    pub(crate) unsafe fn open<R>(
        program: &'a Program,
        consts: &'a [u128],
        shape: &'a [usize],
        operands: &'a [TileRef<'a>],
        scratch: &'a mut Scratch,
        f: impl FnOnce(&mut Stream<'a>) -> R,
    ) -> Result<R, ArrayError> {
        // SAFETY: the caller's.
        let (run, _) = unsafe { Run::new(program, consts, shape, operands, None, 0, scratch) };
        let kernels = program.fold.expect("bound as a reduction");
        let (tree, size) = (Tree::of(program.element), program.element.size());
        let all = shape.iter().product();
        let mut stream = Stream { run, kernels, tree, size, all, left: all };
        let value = f(&mut stream);
        stream.run.finish()?;
        Ok(value)
    }

    /// The next `n <= BLOCK` elements, good until the next call.
    pub(crate) fn next(&mut self, n: usize) -> *const u8 {
        assert!(n <= BLOCK.min(self.left), "{n} elements of {}", self.left);
        self.left -= n;
        // SAFETY: as in `open`; that many elements are left.
        unsafe { self.run.dense(n) }
    }

    /// The next `n > 0` elements, or less: as many as can be had at once.
    pub(super) fn most(&mut self, n: usize) -> (*const u8, usize) {
        assert!(0 < n && n <= self.left, "{n} elements of {}", self.left);
        // SAFETY: as in `open`; that many elements are left.
        if let Some((at, n)) = unsafe { self.run.most_in_place(n) } {
            self.left -= n;
            return (at, n);
        }
        let n = n.min(BLOCK);
        (self.next(n), n)
    }

    /// Reduces each of the next `rows` rows of `n` elements to one element of `out`.
    ///
    /// # Safety
    /// `out` has room for `rows` elements. `n > 0`.
    pub(super) unsafe fn rows(&mut self, n: usize, rows: usize, out: *mut u8) {
        let Stream { kernels, size, .. } = *self;
        // SAFETY: each piece has whole rows, and as many results as rows; the caller's.
        unsafe {
            let piece = BLOCK / n;
            let mut done = 0;
            while done < rows {
                let dst = out.add(done * size);
                assert!(n <= self.left);
                let in_place = if piece < 4 { self.run.in_place(n) } else { None };
                if let Some(row) = in_place {
                    self.left -= n;
                    (kernels.rows)(row, n, 1, dst);
                    done += 1;
                } else if piece == 0 {
                    let op = self.run.reduction();
                    assert!(n <= self.left);
                    self.left -= n;
                    let (tree, of) = (self.tree, self.all);
                    let value = fold(op, tree, n, &mut |n| self.run.node(&kernels, tree, n, of));
                    // The row's own start, as the kernel gives it.
                    let mut cell = [0u128; 1];
                    value.write(cell.as_mut_ptr().cast(), 0);
                    (kernels.rows)(cell.as_ptr().cast(), 1, 1, dst);
                    done += 1;
                } else {
                    let k = piece.min(rows - done);
                    (kernels.rows)(self.next(k * n), n, k, dst);
                    done += k;
                }
            }
        }
    }
}
