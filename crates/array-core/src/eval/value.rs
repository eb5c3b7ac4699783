//! One value of dense data: the kernel of its reduction at once, without a plan.
//!
//! **Why** as in `direct`: finding a plan and starting it takes several times what ten thousand elements take to be summed. The
//! kernel is the one that the plan would run, over the same elements as one node, so the bits are the same.
//! **What** a reduction of data, of products and of squared distances of data, and what the distance is measured from, which may be
//! such a value again: so the sum of a variance needs no plan, and neither does its mean.

use super::{direct::dense, turns};
use crate::{
    array::Array,
    dtype::{DType, Scalar},
    expr::{Kind, Op, ReduceOp, Whole},
    kernels::{
        Isa, arg,
        eight::{self, Form},
        reduce,
    },
    plan::Partial,
    source::Lend,
};
use std::ops::Range;

/// Values inside values that are looked into: no expression is followed without end.
const DEPTH: u32 = 3;

/// The value of a reduction of something simple, or a value that is there.
pub(super) fn of(array: &Array, isa: Isa, lend: Option<Lend<'_>>) -> Option<Scalar> {
    inside(array, isa, lend, DEPTH)
}

fn inside(array: &Array, isa: Isa, lend: Option<Lend<'_>>, depth: u32) -> Option<Scalar> {
    match &array.0.kind {
        Kind::Const { value, .. } => Some(*value),
        Kind::Buffer { data, layout } if layout.len() == 1 => {
            Some(super::element(data, layout.offset as usize))
        }
        Kind::Source { .. } if array.len() == 1 => {
            let first = dense(array, array.shape(), lend)?;
            // SAFETY: who lends promises an element there.
            Some(unsafe { Scalar::read(array.dtype(), first, 0) })
        }
        Kind::Reduce { op, args, .. } if isa.runs_here() => {
            reduced(*op, &args[0], isa, lend, depth.checked_sub(1)?)
        }
        Kind::Whole { op, args, .. } if isa.runs_here() => match **op {
            Whole::Arg { max, axis: None } => position(max, &args[0], isa, lend),
            _ => None,
        },
        _ => None,
    }
}

fn reduced(op: ReduceOp, arg: &Array, isa: Isa, lend: Option<Lend<'_>>, depth: u32) -> Option<Scalar> {
    let (dtype, len) = (arg.dtype(), arg.len());
    if len == 0 {
        return None;
    }
    if let Some(data) = dense(arg, arg.shape(), lend) {
        let fold = reduce::kernels(op, dtype, isa).fold;
        // SAFETY: `len` elements of data, of which there are some.
        let node = |at: Range<usize>| unsafe { fold(data.add(at.start * dtype.size()), at.len(), len) };
        return turns::reduce(op, dtype, len, dtype.size(), |at| Ok(Partial(node(at)))).ok();
    }
    let single = match dtype {
        DType::F64 => false,
        DType::F32 => true,
        _ => return None,
    };
    // A pass over one element has kernels of its own.
    if !matches!(op, ReduceOp::Sum | ReduceOp::Mean) || len == 1 {
        return None;
    }
    let Kind::Map { op: last, args, .. } = &arg.0.kind else { return None };
    let data = |array: &Array| (array.dtype() == dtype).then(|| dense(array, arg.shape(), lend)).flatten();
    let mut value = None;
    let (form, x, y) = match last {
        Op::Multiply => (Form::Products, data(&args[0])?, data(&args[1])?),
        Op::Square => match &args[0].0.kind {
            Kind::Map { op: Op::Subtract, args, .. } => match (data(&args[0]), data(&args[1])) {
                (Some(x), Some(y)) => (Form::Squares, x, y),
                (Some(x), None) => (Form::Spread, x, cell(&mut value, &args[1], dtype, (isa, lend), depth)?),
                // The sign is lost in the square.
                (None, Some(x)) => (Form::Spread, x, cell(&mut value, &args[0], dtype, (isa, lend), depth)?),
                (None, None) => return None,
            },
            _ => data(&args[0]).map(|x| (Form::Products, x, x))?,
        },
        _ => return None,
    };
    let kernel = eight::fused(isa, single, form);
    let (size, others) = (dtype.size(), if form == Form::Spread { 0 } else { dtype.size() });
    let node = |at: Range<usize>| {
        // SAFETY: `len` elements of data each, or one value where the form reads one; the arrays live.
        unsafe {
            let locs = [x.add(at.start * size).cast_mut(), y.add(at.start * others).cast_mut()];
            kernel(locs.as_ptr(), [0, 1].as_ptr(), at.len(), len)
        }
    };
    turns::reduce(op, dtype, len, size + others, |at| Ok(Partial(node(at)))).ok()
}

/// Where the first greatest (`max`) or least element is.
fn position(max: bool, array: &Array, isa: Isa, lend: Option<Lend<'_>>) -> Option<Scalar> {
    if array.is_empty() {
        return None;
    }
    let (data, len) = (dense(array, array.shape(), lend)?, array.len());
    // The best so far, aligned for every type.
    let mut best = 0u128;
    // SAFETY: `len` elements of data, of which there are some, and a cell for the best.
    let place =
        unsafe { (arg::kernels(max, array.dtype(), isa).find)(data, len, (&raw mut best).cast(), true) };
    Some(Scalar::I64(place? as i64))
}

/// One value of a type, in a cell that outlives it.
fn cell(
    cell: &mut Option<u128>,
    array: &Array,
    dtype: DType,
    (isa, lend): (Isa, Option<Lend<'_>>),
    depth: u32,
) -> Option<*const u8> {
    let value = inside(array, isa, lend, depth).filter(|value| value.dtype() == dtype)?;
    Some((&raw const *cell.insert(value.bits())).cast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dtype::Element, plan::Scratch};

    /// The value by the plan that evaluates what is not simple.
    fn planned(array: &Array, isa: Isa) -> Scalar {
        let bound = crate::plan::bind_for(array, isa).unwrap();
        let done = crate::eval::reduce(&bound, &mut Scratch::new()).unwrap();
        super::super::element(done.as_buffer().unwrap().0, 0)
    }

    fn check<T: Element>(n: usize, numbers: impl Fn(usize) -> T) {
        let a = Array::from_vec((0..n).map(&numbers).collect(), [n]);
        let b = Array::from_vec((0..n).map(|i| numbers(n - i)).collect(), [n]);
        let (start, line) = (a.slice([0.into()]), a.reshape([1, n, 1]));
        let forms = [
            a.sum(),
            a.max(),
            a.min(),
            a.mean(),
            a.prod(),
            line.sum(),
            (&a * &b).sum(),
            a.square().mean(),
            (&a - &b).square().sum(),
            (&a - &start).square().sum(),
            (&start - &a).square().mean(),
        ];
        for (isa, (k, form)) in
            Isa::available().flat_map(|isa| forms.iter().enumerate().map(move |f| (isa, f)))
        {
            let Some(value) = of(form, isa, None) else {
                assert!(!T::DTYPE.is_float() || (n == 1 && k > 5), "form {k} of {n}");
                continue;
            };
            assert_eq!(value.bits(), planned(form, isa).bits(), "form {k} of {n} {} on {isa}", form.dtype());
        }
    }

    #[test]
    fn a_value_without_a_plan_has_the_bits_of_the_plans() {
        for n in [1, 2, 7, 8, 100, 128, 129, 1000, 1025, 9999] {
            check(n, |i| (i as f64 * 0.7).sin() * 10f64.powi(i as i32 % 7));
            check(n, |i| (i as f32 * 0.7).cos() * 100.0);
            check(n, |i| (i * i) as i64 - 77);
            check(n, |i| (i % 251) as u8);
            check(n, |i| i % 3 == 0);
        }
    }

    #[test]
    fn distances_are_measured_from_values_inside_and_no_chain_is_followed_to_its_end() {
        let a = Array::linspace(-3.0, 5.0, 1000).eval().unwrap();
        let spread = (&a - a.mean()).square().sum();
        let stored = (&a - a.mean().eval().unwrap()).square().sum();
        assert_eq!(of(&spread, Isa::active(), None), Some(planned(&stored, Isa::active())));
        let mut chain = a.mean();
        for _ in 0..100_000 {
            chain = (&a - &chain).square().mean();
        }
        assert_eq!(of(&chain, Isa::active(), None), None);
        assert!(
            of(&Array::zeros([0]).eval().unwrap().sum(), Isa::active(), None).is_none(),
            "there is nothing to read"
        );
    }
}
