//! What [`Array::eval`] computes on its short ways, over data that somebody else keeps: operations on dense data, one reduction, a mean.
//!
//! A scheduler that keeps arrays in tiles has such answers with this at what they cost [`Array::eval`]: no layout is
//! copied, and no expression is rewritten. The kernels are those of [`direct`](super::direct), [`value`](super::value) and
//! [`whole`](super::whole), so the bits are those of a plan.

use super::{
    direct::{Given, call_into, dense, flat_into, is_dense},
    value, whole,
};
use crate::{
    array::Array,
    buffer::{BlockPool, TileBuf},
    expr::{Kind, Whole},
    kernels::Isa,
    source::Lend,
};

/// Whether a map is one operation on leaves that lie as it will, and on what is computed first.
fn is_single(array: &Array) -> bool {
    let Kind::Map { args, shape, .. } = &array.0.kind else { return false };
    args.iter().all(|arg| match &arg.0.kind {
        Kind::Buffer { layout, .. } | Kind::Source { layout, .. } => {
            is_dense(layout, shape) || layout.len() == 1
        }
        Kind::Const { .. } => true,
        _ => is_inner(arg),
    })
}

/// Whether it is a value, or results of which there may be some, that are computed first.
fn is_inner(array: &Array) -> bool {
    matches!(array.0.kind, Kind::Reduce { .. } | Kind::Whole { .. })
}

impl Array {
    /// Whether [`eval_lent`](Self::eval_lent) may compute it, by its form: cheap to ask.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::ones([4]);
    /// assert!((&a * 2.0 + 1.0).is_plain() && (&a - a.mean()).is_plain() && !(&a * 2.0 - a.mean()).is_plain());
    /// ```
    pub fn is_plain(&self) -> bool {
        match &self.0.kind {
            Kind::Map { .. } => !self.0.barrier || is_single(self),
            Kind::Source { layout, .. } | Kind::Buffer { layout, .. } => layout.is_contiguous(),
            _ => is_inner(self),
        }
    }

    /// How many operations the expression has, one that is used twice counted twice.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::ones([4]);
    /// assert_eq!(((&a * 2.0 + 1.0).operations(), a.operations()), (2, 0));
    /// ```
    pub fn operations(&self) -> u32 {
        self.0.weight
    }

    /// Computes the array to `out`, in C order, if it is plain: whether it did. Otherwise nothing was written. On the calling
    /// thread.
    ///
    /// Plain are a copy of a source, operations on sources, data and constants of its shape, the total of such data and of products and squared
    /// distances of it, where its extremes are, reductions along its first or its last axes, and one operation on such results.
    ///
    /// ```
    /// use array_core::{Array, DType, Source};
    /// use std::{any::Any, sync::Arc};
    /// #[derive(Debug)]
    /// struct Mine([f64; 3]);
    /// impl Source for Mine {
    ///     fn dtype(&self) -> DType { DType::F64 }
    ///     fn shape(&self) -> &[usize] { &[3] }
    ///     fn as_any(&self) -> &dyn Any { self }
    /// }
    /// let a = Array::from_source(Arc::new(Mine([1.0, 2.0, 6.0])));
    /// let mut out = [0.0; 3];
    /// // SAFETY: the elements lie in the source, which `a` holds; `out` has room for three.
    /// let done = unsafe {
    ///     (&a - a.mean()).eval_lent(
    ///         &|source, layout| {
    ///             let Mine(elements) = source.as_any().downcast_ref()?;
    ///             Some(elements.as_ptr().wrapping_offset(layout.offset).cast())
    ///         },
    ///         out.as_mut_ptr().cast(),
    ///     )
    /// };
    /// assert!(done && out == [-2.0, -1.0, 3.0]);
    /// ```
    ///
    /// # Safety
    /// At an address that `lend` gives lie as many elements as the layout has, of the source's type, aligned to their size (to 8
    /// bytes at most), which nobody writes meanwhile.
    /// `out` is aligned, has room for the array's elements, is touched by nobody else, and none of the elements that are read.
    pub unsafe fn eval_lent(&self, lend: Lend<'_>, out: *mut u8) -> bool {
        let isa = Isa::active();
        match &self.0.kind {
            Kind::Map { .. } => {
                let mut aside = None;
                let given = |arg: &Array, shape: &[usize], cell: &mut u128| {
                    given((arg, shape), cell, isa, lend, &mut aside)
                };
                // SAFETY: the caller's; the expression lives, and so does what is aside.
                unsafe {
                    (is_single(self) && call_into(self, isa, given, out)) || flat_into(self, isa, lend, out)
                }
            }
            Kind::Reduce { .. } | Kind::Whole { .. } => match value::of(self, isa, Some(lend)) {
                Some(value) => {
                    // SAFETY: the caller's: there is room for one.
                    unsafe { value.write(out, 0) };
                    true
                }
                None => along(self, isa, lend, out).is_some(),
            },
            Kind::Source { .. } | Kind::Buffer { .. } if !self.is_empty() => {
                let Some(from) = dense(self, self.shape(), Some(lend)) else { return false };
                // SAFETY: the caller's.
                unsafe { from.copy_to_nonoverlapping(out, self.len() * self.dtype().size()) };
                true
            }
            _ => false,
        }
    }
}

/// A reduction along axes that needs no plan.
fn along(array: &Array, isa: Isa, lend: Lend<'_>, out: *mut u8) -> Option<()> {
    let Kind::Whole { op, args, .. } = &array.0.kind else { return None };
    let Whole::Reduce { op, axes, start } = &**op else { return None };
    whole::plain((*op, *start), axes, &args[0], (array.dtype(), array.len(), out), (isa, Some(lend)))
}

/// An operand of the operation: constants, data, and what is computed first, one array of which is kept `aside`.
fn given(
    (array, shape): (&Array, &[usize]),
    cell: &mut u128,
    isa: Isa,
    lend: Lend<'_>,
    aside: &mut Option<TileBuf>,
) -> Option<Given> {
    match &array.0.kind {
        Kind::Reduce { .. } => value::of(array, isa, Some(lend)).map(|value| Given::value(value, cell)),
        Kind::Whole { .. } if array.shape() == shape && aside.is_none() => {
            let mut block = BlockPool::shared().take(array.dtype(), array.len()).ok()?;
            along(array, isa, lend, block.as_mut_ptr())?;
            Given::data(aside.insert(block).as_ptr())
        }
        Kind::Const { value, .. } => Some(Given::value(*value, cell)),
        Kind::Source { .. } | Kind::Buffer { .. } if array.len() == 1 => {
            value::of(array, isa, Some(lend)).map(|value| Given::value(value, cell))
        }
        _ => dense(array, shape, Some(lend)).and_then(Given::data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Index, Layout, Source};
    use std::{any::Any, sync::Arc};

    /// An array that an expression knows as a source only.
    #[derive(Debug)]
    struct Kept(Array);

    impl Source for Kept {
        fn dtype(&self) -> DType {
            self.0.dtype()
        }

        fn shape(&self) -> &[usize] {
            self.0.shape()
        }

        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    fn lend(source: &Arc<dyn Source>, layout: &Layout) -> Option<*const u8> {
        let Kept(array) = (&**source as &dyn Any).downcast_ref()?;
        let (buffer, own) = array.as_buffer()?;
        assert!(layout.is_contiguous() && !layout.is_empty() && own.is_contiguous());
        Some(buffer.as_ptr().wrapping_offset((own.offset + layout.offset) * array.dtype().size() as isize))
    }

    /// The bytes by the plan and by the kernels at once, if these do it.
    fn both(lent: &Array, plain: &Array) -> Option<(Vec<u8>, Vec<u8>)> {
        let plain = plain.compact().unwrap();
        let (buffer, layout) = plain.as_buffer().unwrap();
        let bytes = |at: *const u8, len: usize| {
            // SAFETY: so many elements were written there.
            unsafe { std::slice::from_raw_parts(at, len * plain.dtype().size()) }.to_vec()
        };
        let mut block = BlockPool::shared().take(lent.dtype(), lent.len()).unwrap();
        // SAFETY: the sources' arrays live as long as the expression; the block has room for the result.
        let done = unsafe { lent.eval_lent(&lend, block.as_mut_ptr()) };
        assert!(!done || lent.is_plain());
        let first = buffer.as_ptr().wrapping_offset(layout.offset * plain.dtype().size() as isize);
        done.then(|| (bytes(block.as_ptr(), lent.len()), bytes(first, plain.len())))
    }

    #[test]
    fn what_is_plain_has_the_bits_of_evaluation() {
        let mut simple = 0;
        for dtype in [DType::F64, DType::F32, DType::I64, DType::U8, DType::Bool, DType::C128] {
            let data = |shift: f64| {
                let line = ((Array::arange(0.0, 2400.0, 1.0) + shift) * 0.37).sin() * 90.0 + 100.0;
                line.cast(dtype).reshape([40, 60]).compact().unwrap()
            };
            let (a, b) = (data(0.0), data(7.0));
            let one = a.slice([Index::At(3), Index::At(5)]).compact().unwrap();
            let kept = |array: &Array| Array::from_source(Arc::new(Kept(array.clone())));
            let rows = |array: &Array| array.slice([Index::Slice { start: Some(3), stop: Some(9), step: 1 }]);
            let forms: [fn(&Array, &Array, &Array) -> Array; 19] = [
                |a, b, _| a + b,
                |a, b, one| (a * 2.0 + b) * one + a,
                |a, _, _| a * 2.0,
                |a, _, _| 1.0 - a,
                |a, b, _| a.equal(b),
                |a, b, one| Array::where_(a.equal(b), a, one),
                |a, _, one| a + one,
                |a, _, _| a.sum(),
                |a, b, _| (a * b).sum(),
                |a, _, _| a.max(),
                |_, b, _| b.argmax(None),
                |a, _, _| a.sum_along(0),
                |a, _, _| a.max_along(1),
                |a, _, _| a.mean_along(0),
                |a, _, _| a.mean_along(1),
                |a, _, _| a - a.mean(),
                |a, _, _| a.var(.., 1),
                |a, _, _| a.prod_along(0),
                |_, _, one| one * 3.0,
            ];
            for (k, form) in forms.iter().enumerate() {
                let (lent, plain) = (form(&kept(&a), &kept(&b), &kept(&one)), form(&a, &b, &one));
                let part =
                    (form(&rows(&kept(&a)), &rows(&kept(&b)), &kept(&one)), form(&rows(&a), &rows(&b), &one));
                for (lent, plain) in [(lent, plain), part] {
                    if lent.error().is_some() {
                        continue;
                    }
                    let Some((ours, expected)) = both(&lent, &plain) else {
                        assert!(dtype != DType::F64, "form {k} needs a plan");
                        continue;
                    };
                    assert_eq!(ours, expected, "form {k} of {dtype}");
                    simple += 1;
                }
            }
            let turned = kept(&a).transpose();
            assert!(
                both(&turned, &a.transpose()).is_none()
                    && both(&(&turned + 1.0), &(a.transpose() + 1.0)).is_none()
            );
            assert_eq!(both(&kept(&a), &a).map(|(ours, theirs)| ours == theirs), Some(true));
        }
        assert!(simple > 100, "{simple}");
    }
}
