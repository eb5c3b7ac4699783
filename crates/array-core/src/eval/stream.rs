//! An expression read from front to back, in any order of its axes.

use super::{SCRATCH, pointers};
use crate::{
    array::Array,
    error::ArrayError,
    expr::ReduceOp,
    kernels::{
        Isa,
        reduce::{Kernels, Tree},
    },
    plan::{BLOCK, Run, bind_reading, coalesce, fold},
};

/// The elements of an expression, one dense block after another.
pub(super) struct Stream<'a> {
    run: Run<'a>,
    pub(super) kernels: Kernels,
    pub(super) tree: Tree,
    pub(super) op: ReduceOp,
    /// Bytes of an element.
    pub(super) size: usize,
    left: usize,
}

impl Stream<'_> {
    /// Opens `expr`, its axes in the order `axes` (a permutation), and reads it by `f`. `op` has kernels for its type.
    pub(super) fn open<R>(
        expr: &Array,
        axes: &[usize],
        op: ReduceOp,
        isa: Isa,
        f: impl FnOnce(&mut Stream<'_>) -> R,
    ) -> Result<R, ArrayError> {
        let mut bound = bind_reading(expr, op, isa)?;
        let left = bound.shape.iter().product();
        bound.shape = axes.iter().map(|&a| bound.shape[a]).collect();
        for operand in &mut bound.operands {
            operand.layout = operand.layout.permute(axes);
        }
        coalesce(&mut bound.shape, None, &mut bound.operands);
        let pointers = pointers(&bound)?;
        let tiles = super::tiles(&bound, &pointers);
        let program = &bound.plan.program;
        let kernels = program.fold.expect("bound as a reduction");
        SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: the operands are whole buffers kept by `bound`, whose leaves' layouts stay inside (L1), permuted and
            // merged together with the shape.
            let (run, _) =
                unsafe { Run::new(program, &bound.consts, &bound.shape, &tiles, None, 0, scratch) };
            let (tree, size) = (Tree::of(expr.dtype()), expr.dtype().size());
            let mut stream = Stream { run, kernels, tree, op, size, left };
            let value = f(&mut stream);
            let done = stream.run.finish();
            done.map_err(|error| bound.locate(error))?;
            Ok(value)
        })
    }

    /// The next `n <= BLOCK` elements, good until the next call.
    pub(super) fn next(&mut self, n: usize) -> *const u8 {
        assert!(n <= BLOCK.min(self.left), "{n} elements of {}", self.left);
        self.left -= n;
        // SAFETY: as in `open`; that many elements are left.
        unsafe { self.run.dense(n) }
    }

    /// The next `n` elements, or less: as many as can be had at once.
    pub(super) fn most(&mut self, n: usize) -> (*const u8, usize) {
        assert!(n <= self.left, "{n} elements of {}", self.left);
        // SAFETY: as in `open`; that many elements are left.
        if let Some(at) = unsafe { self.run.in_place(n) } {
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
                    let value = fold(self.op, self.tree, n, &mut |n| {
                        (n <= BLOCK).then(|| (kernels.fold)(self.next(n), n))
                    });
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
