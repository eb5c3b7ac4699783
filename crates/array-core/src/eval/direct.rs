//! Operations on dense data: a single one is its kernel at once, without a plan; several run from bare addresses ([`Flat`]).
//!
//! **Why** binding and starting a plan in general costs some hundred nanoseconds, many times the arithmetic of a few elements and a good
//! part of that of some thousand. The kernels are those that the plan would run, on the same elements, so the bits are the same.

use super::SCRATCH;
use crate::{
    array::Array,
    buffer::{BlockPool, Buffer, FEW_BYTES},
    dtype::Scalar,
    expr::{Kind, Node, Op},
    functions,
    kernels::{Isa, Kernel, select, sweep},
    layout::{Layout, alike, volume},
    plan::{Flat, Plan},
    source::Lend,
};
use std::{marker::PhantomData, ptr::NonNull};

/// Bytes of a result up to which starting a plan counts where a larger one may take the memory of an operand instead.
pub(super) const MOST: usize = 64 << 10;

/// The entries of a call's table that its kernel uses: all, in their order.
const IX: [u16; 8] = [0, 1, 2, 3, 0, 0, 0, 0];

/// A kernel and its table of addresses.
struct Call<'a> {
    kernel: Kernel,
    /// Of the destination, once it is known, and of the sources: data, or constants in `values`.
    locs: [*mut u8; 4],
    /// How far the destination and the sources move on with an element.
    steps: [u8; 4],
    /// Whether the kernel leaves looking ahead to us.
    sweeps: bool,
    len: usize,
    values: PhantomData<&'a mut [u128; 3]>,
}

impl<'a> Call<'a> {
    /// The call that computes `array`, which takes at most so many bytes, if it is one operation whose operands are dense data
    /// of its shape or constants, for which there is room in `values`.
    #[inline(always)]
    fn of(
        array: &Array,
        isa: Isa,
        most: usize,
        mut given: impl FnMut(&Array, &[usize], &mut u128) -> Option<Given>,
        values: &'a mut [u128; 3],
    ) -> Option<Call<'a>> {
        let Kind::Map { op, shape, args, .. } = &array.0.kind else { return None };
        let (op, len, size) = (*op, volume(shape), array.dtype().size());
        // Powers of integers may fail, which needs a flag.
        if len == 0 || len * size > most || op == Op::Power || !isa.runs_here() {
            return None;
        }
        let mut locs = [std::ptr::null_mut(); 4];
        let mut steps = [size as u8, 0, 0, 0];
        let mut mask = 0;
        for (k, (arg, value)) in args.iter().zip(values).enumerate() {
            let Given { first, is_one } = given(arg, shape, value)?;
            locs[k + 1] = first.as_ptr();
            if is_one {
                mask |= u8::from(len > 1) << k;
            } else {
                steps[k + 1] = arg.dtype().size() as u8;
            }
        }
        if mask == 0b01 && args.len() == 2 && op.commutes() {
            locs.swap(1, 2);
            steps.swap(1, 2);
            mask = 0b10;
        }
        let kernel = select::op(isa, op, args.last()?.dtype(), array.dtype(), mask)?;
        Some(Call { kernel, locs, steps, sweeps: !functions::is_called(op), len, values: PhantomData })
    }

    /// # Safety
    /// The array that the call is of lives; `out` has room for its elements, which nobody else touches.
    #[inline(always)]
    unsafe fn run(mut self, out: *mut u8) {
        self.locs[0] = out;
        // SAFETY: every source has `len` elements, or one where the kernel's mask says so; kernels only read them. The values live as long
        // as this. The rest is the caller's.
        unsafe {
            if self.sweeps {
                sweep(self.kernel, &mut self.locs, &self.steps, &IX, self.len);
            } else {
                (self.kernel)(self.locs.as_ptr(), IX.as_ptr(), self.len);
            }
        }
    }
}

/// An operand of a call.
pub(super) struct Given {
    first: NonNull<u8>,
    /// Whether that is the value of all elements.
    is_one: bool,
}

impl Given {
    /// One value for all elements, which is kept in `cell`.
    #[inline]
    pub(super) fn value(value: Scalar, cell: &mut u128) -> Given {
        *cell = value.bits();
        Given { first: NonNull::from(cell).cast(), is_one: true }
    }

    /// As many elements as the result has.
    #[inline(always)]
    pub(super) fn data(first: *const u8) -> Option<Given> {
        NonNull::new(first.cast_mut()).map(|first| Given { first, is_one: false })
    }
}

/// What constants and data are to a call.
#[inline(always)]
fn given(array: &Array, shape: &[usize], cell: &mut u128) -> Option<Given> {
    match &array.0.kind {
        Kind::Const { value, .. } => Some(Given::value(*value, cell)),
        _ => dense(array, shape, None).and_then(Given::data),
    }
}

/// The first element of data that has some, of this shape and in C order; that of a source is where `lend` says.
#[inline(always)]
pub(super) fn dense(array: &Array, shape: &[usize], lend: Option<Lend<'_>>) -> Option<*const u8> {
    match &array.0.kind {
        Kind::Buffer { data, layout } => {
            // SAFETY: the first element of a leaf that has elements lies in its buffer (L1).
            is_dense(layout, shape)
                .then(|| unsafe { data.as_ptr().offset(layout.offset * array.dtype().size() as isize) })
        }
        Kind::Source { data, layout } if is_dense(layout, shape) => lend.and_then(|lend| lend(data, layout)),
        _ => None,
    }
}

/// Whether a layout is one of this shape in C order; of one axis, as most have, at a glance.
#[inline(always)]
pub(super) fn is_dense(layout: &Layout, shape: &[usize]) -> bool {
    #[inline(never)]
    fn of_axes(layout: &Layout, shape: &[usize]) -> bool {
        alike(&layout.shape, shape) && layout.is_contiguous()
    }
    match (shape, &layout.shape[..], &layout.strides[..]) {
        (&[n], &[len], &[stride]) => n == len && (stride == 1 || n <= 1),
        _ => of_axes(layout, shape),
    }
}

/// The result of `array`, of at most so many bytes, if it is operations on dense data. (Nothing too where there is no memory for it: what
/// comes next says so.)
#[inline]
pub(super) fn map(array: &Array, isa: Isa, most: usize) -> Option<Array> {
    few(array, isa, most).or_else(|| single(array, isa, most)).or_else(|| several(array, isa, most))
}

/// [`map`] of one operation on two rows of few elements: nothing is asked that does not concern these. Of an addition of eight, built,
/// evaluated and dropped, that saves an eighth of the instructions.
#[inline(always)]
fn few(array: &Array, isa: Isa, most: usize) -> Option<Array> {
    let Kind::Map { op, shape, args, .. } = &array.0.kind else { return None };
    let (&[len], [a, b]) = (&shape[..], &args[..]) else { return None };
    let dtype = array.dtype();
    // No row of so many elements has bytes that do not fit `usize`.
    let fits = len <= FEW_BYTES && len * dtype.size() <= FEW_BYTES.min(most);
    if len == 0 || !fits || *op == Op::Power || !isa.runs_here() {
        return None;
    }
    let (a, b, input) = (dense(a, &[len], None)?, dense(b, &[len], None)?, b.dtype());
    let kernel = select::op(isa, *op, input, dtype, 0)?;
    // SAFETY: both have `len` elements, which kernels only read, and live as long as the array; there is room for as many, and all are
    // written.
    let data = unsafe {
        Buffer::few(dtype, len, |out| {
            let locs = [out, a.cast_mut(), b.cast_mut()];
            kernel(locs.as_ptr(), IX.as_ptr(), len);
        })
    };
    Some(Node::packed(data, [len]))
}

/// [`map`] of one operation.
#[inline(never)]
fn single(array: &Array, isa: Isa, most: usize) -> Option<Array> {
    let mut values = [0; 3];
    let call = Call::of(array, isa, most, given, &mut values)?;
    // SAFETY: the array lives, and the memory is fresh.
    result(array, call.len, |out| unsafe { call.run(out) })
}

/// [`map`] of more than one operation.
#[inline(never)]
fn several(array: &Array, isa: Isa, most: usize) -> Option<Array> {
    flat(array, isa, most, None, |flat, plan| {
        result(array, array.len(), |out| {
            // SAFETY: the array lives, and the memory is fresh; the flat form was bound to the array.
            SCRATCH.with_borrow_mut(|scratch| unsafe { flat.run(plan, out, scratch) });
        })
    })
    .flatten()
}

/// Computes `array`, of at most so many bytes, into `out`, if it is operations on dense data; else gives nothing.
///
/// # Safety
/// `out` has room for the elements, which nobody else touches.
pub(super) unsafe fn map_into(array: &Array, isa: Isa, most: usize, out: *mut u8) -> Option<()> {
    let mut values = [0; 3];
    if let Some(call) = Call::of(array, isa, most, given, &mut values) {
        // SAFETY: the array lives; the rest is the caller's.
        unsafe { call.run(out) };
        return Some(());
    }
    flat(array, isa, most, None, |flat, plan| {
        // SAFETY: as above; the flat form was bound to the array.
        SCRATCH.with_borrow_mut(|scratch| unsafe { flat.run(plan, out, scratch) });
    })
}

/// Computes one operation into `out`, of operands as `given` has them: whether it did.
///
/// # Safety
/// As [`map_into`]; what the operands are lives.
pub(super) unsafe fn call_into(
    array: &Array,
    isa: Isa,
    given: impl FnMut(&Array, &[usize], &mut u128) -> Option<Given>,
    out: *mut u8,
) -> bool {
    let mut values = [0; 3];
    let call = Call::of(array, isa, usize::MAX, given, &mut values);
    // SAFETY: the caller's.
    call.map(|call| unsafe { call.run(out) }).is_some()
}

/// Computes operations on dense data and on sources that are lent into `out`: whether it did.
///
/// # Safety
/// As [`map_into`]; what is lent is as it is said to be.
pub(super) unsafe fn flat_into(array: &Array, isa: Isa, lend: Lend<'_>, out: *mut u8) -> bool {
    let done = flat(array, isa, usize::MAX, Some(lend), |flat, plan| {
        // SAFETY: the caller's; the flat form was bound to the array.
        SCRATCH.with_borrow_mut(|scratch| unsafe { flat.run(plan, out, scratch) });
    });
    done.is_some()
}

/// What `run` makes of the expression bound to addresses, if it takes at most so many bytes and can be.
#[inline]
fn flat<R>(
    array: &Array,
    isa: Isa,
    most: usize,
    lend: Option<Lend<'_>>,
    run: impl FnOnce(&Flat, &Plan) -> R,
) -> Option<R> {
    if !matches!(array.0.kind, Kind::Map { .. }) || !isa.runs_here() {
        return None;
    }
    let bytes = array.len() * array.dtype().size();
    if bytes == 0 || bytes > most {
        return None;
    }
    let mut flat = Flat::new();
    flat.bind(array, isa, lend)?;
    flat.with_plan(|plan| run(&flat, plan))
}

#[inline(always)]
fn result(array: &Array, len: usize, write: impl FnOnce(*mut u8)) -> Option<Array> {
    let dtype = array.dtype();
    let data = if len * dtype.size() <= FEW_BYTES {
        // SAFETY: every element is written.
        unsafe { Buffer::few(dtype, len, write) }
    } else {
        let mut out = BlockPool::shared().take(dtype, len).ok()?;
        write(out.as_mut_ptr());
        // SAFETY: as above.
        unsafe { out.freeze() }
    };
    Some(Array::packed(data, array.shape()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dtype::DType,
        eval,
        plan::{Scratch, bind_for},
        s,
    };

    /// Both ways, and the plan in general, give the same bits by the same instructions.
    fn check(array: &Array, isa: Isa) {
        let what = || format!("{} of {:?} on {isa}", array.formula(), array.shape());
        let mut bound = bind_for(array, isa).unwrap();
        let mut flat = Flat::new();
        flat.bind(array, isa, None).unwrap_or_else(|| panic!("{} is flat", what()));
        let plan = flat.with_plan(|plan| format!("{plan:?}"));
        assert_eq!(plan.as_deref(), Some(&*format!("{:?}", bound.plan)), "{}", what());
        let expected = eval::map(&mut bound, &mut Scratch::new()).unwrap().scalars().unwrap();
        let fresh = map(array, isa, usize::MAX).expect("it is flat").scalars().unwrap();
        let bits = |values: Vec<crate::Scalar>| values.into_iter().map(|v| v.bits()).collect::<Vec<_>>();
        let expected = bits(expected);
        assert!(bits(fresh) == expected, "{}", what());
        // A destination that starts somewhere in a line.
        let size = array.dtype().size();
        let mut room = BlockPool::shared().take(array.dtype(), array.len() + 5).unwrap();
        // SAFETY: there is room for as many elements behind the first three, and they are written before they are read.
        unsafe {
            map_into(array, isa, usize::MAX, room.as_mut_ptr().add(3 * size)).expect("it is flat");
            for (i, expected) in expected.iter().enumerate() {
                let value = crate::Scalar::read(array.dtype(), room.as_mut_ptr(), 3 + i);
                assert_eq!(value.bits(), *expected, "element {i} of {}", what());
            }
        }
    }

    #[test]
    fn operations_on_dense_data_have_the_bits_of_the_plan_in_general() {
        for n in [1, 2, 9, 100, 1023, 1025, 2049, 5000, 20_011] {
            let numbers = |scale: f64| {
                Array::from_vec((0..n + 1).map(|i| (i as f64 * scale).sin() * 3.0).collect(), [n + 1])
            };
            // One of them starts behind its buffer's first element.
            let (a, b) = (numbers(0.7).slice(s![..-1]), numbers(1.3).slice(s![1..]));
            let one = Array::from_vec(vec![0.25], [1]).slice(s![0]);
            let (f, i) = (a.astype::<f32>().eval().unwrap(), (&a * 50.0).astype::<i64>().eval().unwrap());
            let twice = &a - &b;
            let forms = [
                &a + &b,
                2.0 - &a,
                a.less(&b),
                ((&a * 2.0 + 1.0) * &a + 3.0) * &a + 4.0,
                ((&b * &b + 4.0 * &a).sqrt() - &b) / (2.0 * &a),
                Array::where_(a.greater(&b), &a * 2.0, &b + 1.0),
                &twice * &twice + (&twice - 1.0),
                (&a * &one + &one) * &b,
                (&one * 3.0) * &a - (&one + 1.0),
                a.sin().square() + b.cos().square(),
                a.sin(),
                (&a + 1.0) & b.less(0.5),
                &f * 2.0 + &f,
                f.cast(DType::F64) + &a,
                (&i * 3 - &i) % 7,
                (&i + 1).cast(DType::U8) + 2,
                a.reshape([1, n]) * 0.5 + 1.0,
            ];
            for (isa, form) in Isa::available().flat_map(|isa| forms.iter().map(move |form| (isa, form))) {
                match form.error() {
                    // `&` is not for floats; the row is there for its error.
                    Some(_) => assert!(map(form, isa, usize::MAX).is_none()),
                    None => check(form, isa),
                }
            }
        }
    }

    #[test]
    fn what_is_not_flat_or_may_fail_is_left_to_the_plan_in_general() {
        let a = Array::arange(0, 12, 1).reshape([3, 4]).eval().unwrap();
        let row = a.slice(s![0]);
        let mut deep = &a + 1;
        let mut wide = &a + 0;
        for k in 1..40 {
            deep = (deep * 3) ^ k;
            wide = wide + a.slice(s![..; -1]) * k;
        }
        for other in [&a + &row, &a + a.slice(s![.., ..; -1]), &a.pow(&a) + 1, deep, wide, &a + a.sum()] {
            assert!(map(&other, Isa::active(), usize::MAX).is_none(), "{}", other.formula());
            assert_eq!(other.eval().unwrap().shape(), [3, 4]);
        }
        assert!(map(&(Array::zeros([0]) + 1.0), Isa::active(), usize::MAX).is_none());
        assert!(map(&(&a * 2 + 1), Isa::active(), 8 * 12 - 1).is_none(), "more bytes than asked for");
    }
}
