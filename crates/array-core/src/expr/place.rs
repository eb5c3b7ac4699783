//! Nodes of the commonest kinds, written part by part where they stay.
//!
//! **Why** a node that is put together by its parts and then moved in by the vector has to wait for its words to leave the processor:
//! a load across several stores is not served from them. Of an addition of eight elements, built, evaluated and dropped, that was 15 ns
//! in 92, of a polynomial of six operations 90 in 550.
//!
//! **Invariant** N1: a parts' structure lies as its variant of [`Kind`](super::Kind) does. The reference says so of an enumeration with a primitive
//! representation: it is a union of `repr(C)` structures that start with the discriminant; the fields stand in the order of the variant.

use super::{Args, Node, Op, ReduceOp};
use crate::{
    array::Array,
    buffer::Buffer,
    dtype::{DType, Scalar},
    held::{Held, Vacant},
    layout::{Dims, Layout, few},
    source::Source,
};
use std::{mem::ManuallyDrop, panic::Location, ptr, sync::Arc};

/// Discriminants of what is written here.
pub(super) const CONST: u8 = 1;
pub(super) const BUFFER: u8 = 2;
pub(super) const SOURCE: u8 = 3;
pub(super) const MAP: u8 = 4;
pub(super) const REDUCE: u8 = 5;

/// [`Kind::Const`](super::Kind::Const).
#[repr(C)]
struct Const {
    tag: u8,
    shape: Dims,
    value: Scalar,
}

/// [`Kind::Buffer`](super::Kind::Buffer), [`Kind::Source`](super::Kind::Source).
#[repr(C)]
struct View<D> {
    tag: u8,
    layout: Layout,
    data: D,
}

impl<D> View<D> {
    /// # Safety
    /// `view` has room for a view.
    #[inline(always)]
    unsafe fn write<const AXES: usize>(
        view: *mut Self,
        (tag, data): (u8, D),
        axes: [usize; AXES],
        strides: [isize; AXES],
        offset: isize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            (&raw mut (*view).tag).write(tag);
            (&raw mut (*view).data).write(data);
            (&raw mut (*view).layout.shape).write(few(&axes));
            (&raw mut (*view).layout.strides).write(few(&strides));
            (&raw mut (*view).layout.offset).write(offset);
        }
    }
}

/// [`Kind::Map`](super::Kind::Map).
#[repr(C)]
struct Map {
    tag: u8,
    op: Op,
    shape: Dims,
    args: Args,
    at: &'static Location<'static>,
}

/// [`Kind::Reduce`](super::Kind::Reduce).
#[repr(C)]
struct Reduce {
    tag: u8,
    op: ReduceOp,
    args: Args,
    at: &'static Location<'static>,
}

/// A node to be written, but for its kind.
#[inline(always)]
fn begin(dtype: DType, barrier: bool, weight: u32) -> Vacant<Node> {
    let mut room = Held::vacant();
    let node: *mut Node = room.as_mut_ptr();
    // SAFETY: there is room for a node.
    unsafe {
        (&raw mut (*node).dtype).write(dtype);
        (&raw mut (*node).barrier).write(barrier);
        (&raw mut (*node).weight).write(weight);
    }
    room
}

impl Node {
    /// As [`Node::map`], of few axes and arguments.
    #[inline(always)]
    pub(crate) fn map_of<const AXES: usize, const ARGS: usize>(
        op: Op,
        dtype: DType,
        axes: [usize; AXES],
        args: [Array; ARGS],
        at: &'static Location<'static>,
    ) -> Array {
        const { assert!(ARGS <= 3) }
        let weight = args.iter().fold(1u32, |w, a| w.saturating_add(a.0.weight));
        let barrier = args.iter().fold(false, |b, a| b | a.0.barrier);
        let args = ManuallyDrop::new(args);
        let mut room = begin(dtype, barrier, weight);
        // SAFETY: there is room for a node, and every part of it is written (N1). The arguments move there, each once.
        Array(unsafe {
            let map: *mut Map = (&raw mut (*room.as_mut_ptr()).kind).cast();
            (&raw mut (*map).tag).write(MAP);
            (&raw mut (*map).op).write(op);
            (&raw mut (*map).shape).write(few(&axes));
            let list = &raw mut (*map).args;
            list.write(Args::new());
            // Each for itself: an array's iterator would take them all at once from where they were just put one by one.
            args.iter().for_each(|arg| (*list).push(ptr::read(arg)));
            (&raw mut (*map).at).write(at);
            room.filled()
        })
    }

    /// A reduction over all elements.
    pub(crate) fn reduce(op: ReduceOp, dtype: DType, arg: Array, at: &'static Location<'static>) -> Array {
        let mut room = begin(dtype, true, arg.0.weight);
        // SAFETY: as above.
        Array(unsafe {
            let reduce: *mut Reduce = (&raw mut (*room.as_mut_ptr()).kind).cast();
            (&raw mut (*reduce).tag).write(REDUCE);
            (&raw mut (*reduce).op).write(op);
            let list = &raw mut (*reduce).args;
            list.write(Args::new());
            (*list).push(arg);
            (&raw mut (*reduce).at).write(at);
            room.filled()
        })
    }

    /// A leaf of all of a buffer, of few axes in C order.
    #[inline(always)]
    pub(crate) fn packed<const AXES: usize>(data: Buffer, axes: [usize; AXES]) -> Array {
        let mut room = begin(data.dtype(), false, 0);
        let mut strides = [1isize; AXES];
        (1..AXES).rev().for_each(|k| strides[k - 1] = strides[k] * axes[k].max(1) as isize);
        // SAFETY: as above.
        Array(unsafe {
            let view = (&raw mut (*room.as_mut_ptr()).kind).cast();
            View::write(view, (BUFFER, data), axes, strides, 0);
            room.filled()
        })
    }

    /// A leaf of a source, of few axes.
    #[inline(always)]
    pub(crate) fn of_source<const AXES: usize>(
        data: Arc<dyn Source>,
        axes: [usize; AXES],
        strides: [isize; AXES],
        offset: isize,
    ) -> Array {
        let mut room = begin(data.dtype(), false, 0);
        // SAFETY: as above.
        Array(unsafe {
            let view = (&raw mut (*room.as_mut_ptr()).kind).cast();
            View::write(view, (SOURCE, data), axes, strides, offset);
            room.filled()
        })
    }

    /// A leaf of one value without axes.
    #[inline(always)]
    pub(crate) fn number(value: Scalar) -> Array {
        let mut room = begin(value.dtype(), false, 0);
        // SAFETY: as above.
        Array(unsafe {
            let node: *mut Const = (&raw mut (*room.as_mut_ptr()).kind).cast();
            (&raw mut (*node).tag).write(CONST);
            let place = &raw mut (*node).value;
            match value {
                // Taken out and put in again: what was just written is not moved as a whole.
                Scalar::F64(x) => place.write(Scalar::F64(x)),
                Scalar::I64(x) => place.write(Scalar::I64(x)),
                value => place.write(value),
            }
            (&raw mut (*node).shape).write(Dims::new());
            room.filled()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn numbers(n: usize) -> Array {
        Array::from_vec((0..n).map(|i| i as f64).collect(), [n])
    }

    #[test]
    fn what_is_written_part_by_part_reads_as_its_variant() {
        let (a, b, at) = (numbers(6), numbers(6), Location::caller());
        let map = Node::map_of(Op::Subtract, DType::F64, [2, 3], [a.clone(), b.clone()], at);
        let Kind::Map { op, shape, args, at: line } = &map.0.kind else { panic!("a map") };
        assert_eq!((*op, &shape[..], args.len(), *line), (Op::Subtract, &[2, 3][..], 2, at));
        assert!(args[0].address() == a.address() && args[1].address() == b.address());
        assert_eq!((map.dtype(), map.0.weight, map.0.barrier), (DType::F64, 1, false));

        let total = map.sum();
        let Kind::Reduce { op, args, at: line } = &total.0.kind else { panic!("a reduction") };
        assert_eq!((*op, args.len(), line.line()), (ReduceOp::Sum, 1, line!() - 2));
        assert!(args[0].address() == map.address() && total.shape().is_empty());
        assert_eq!((total.dtype(), total.0.weight, total.0.barrier), (DType::F64, 1, true));
        let choice = Node::map_of(Op::Where, DType::F32, [7], [a.clone(), total, map.clone()], at);
        let Kind::Map { shape, args, .. } = &choice.0.kind else { panic!("a map") };
        assert_eq!((&shape[..], args.len()), (&[7][..], 3));
        assert_eq!((choice.dtype(), choice.0.weight, choice.0.barrier), (DType::F32, 3, true));
        drop((choice, map));
        assert!(!a.is_shared() && !b.is_shared(), "they went with what held them");

        let data = Buffer::from_vec(vec![1i16, 2, 3, 4, 5, 6]);
        for (view, shape, strides) in [
            (Node::packed(data.clone(), []), &[][..], &[][..]),
            (Node::packed(data.clone(), [6]), &[6], &[1]),
            (Node::packed(data.clone(), [2, 3]), &[2, 3], &[3, 1]),
            (Node::packed(data.clone(), [4, 0]), &[4, 0], &[1, 1]),
        ] {
            let Kind::Buffer { data: held, layout } = &view.0.kind else { panic!("a view") };
            assert!(held.same(&data) && view.dtype() == DType::I16 && !view.0.barrier && view.0.weight == 0);
            assert_eq!((&layout.shape[..], &layout.strides[..], layout.offset), (shape, strides, 0));
            assert_eq!(*layout, Layout::packed(shape));
        }
        assert!({ data }.is_unique());
    }

    #[derive(Debug)]
    struct Far;

    impl Source for Far {
        fn dtype(&self) -> DType {
            DType::U8
        }

        fn shape(&self) -> &[usize] {
            &[6, 7]
        }

        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
    }

    #[test]
    fn a_leaf_of_a_source_reads_as_its_variant() {
        let data: Arc<dyn Source> = Arc::new(Far);
        for (leaf, shape, strides) in [
            (Node::of_source(data.clone(), [5], [-2], 9), &[5][..], &[-2][..]),
            (Node::of_source(data.clone(), [3, 4], [14, 1], 9), &[3, 4], &[14, 1]),
        ] {
            let Kind::Source { data: held, layout } = &leaf.0.kind else { panic!("a source") };
            assert!(Arc::ptr_eq(held, &data) && leaf.dtype() == DType::U8);
            assert!(!leaf.0.barrier && leaf.0.weight == 0);
            assert_eq!((&layout.shape[..], &layout.strides[..], layout.offset), (shape, strides, 9));
        }
        assert_eq!(Arc::strong_count(&data), 1, "they went");
    }

    #[test]
    fn numbers_of_every_type_are_constants() {
        for value in
            [Scalar::F64(-0.5), Scalar::I64(-3), Scalar::Bool(true), Scalar::U8(200), Scalar::F32(1.5)]
        {
            let number = Node::number(value);
            let Kind::Const { value: kept, shape } = &number.0.kind else { panic!("a constant") };
            assert_eq!((*kept, shape.len(), number.dtype()), (value, 0, value.dtype()));
        }
        let complex = Scalar::from(num_complex::Complex::new(1.0, -2.0));
        assert_eq!(Node::number(complex).as_const(), Some(complex));
    }
}
