//! Shapes, strides, indices and buffers that nobody means well with: an error or a right answer, never a crash, and no memory
//! for what cannot be.

use array_core::{
    Along, Array, ArrayError, BlockPool, Buffer, DType, Dims, Index, Isa, Layout, Op, Select, Strides,
    TileBuf,
};
use proptest::prelude::*;

/// Lengths from nothing to absurd.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0usize..5, 1 => Just(1usize << 20), 1 => Just(1usize << 40), 1 => Just(usize::MAX), 1 => Just(isize::MAX as usize)]
}

fn position() -> impl Strategy<Value = isize> {
    prop_oneof![4 => -6isize..6, 1 => Just(isize::MIN), 1 => Just(isize::MAX), 1 => Just(isize::MIN + 1)]
}

fn item() -> impl Strategy<Value = Index> {
    prop_oneof![
        position().prop_map(Index::At),
        (prop::option::of(position()), prop::option::of(position()), position())
            .prop_map(|(start, stop, step)| Index::Slice { start, stop, step }),
        Just(Index::Ellipsis),
        Just(Index::NewAxis),
    ]
}

/// Looks at an array only where it is small enough to be looked at.
fn look(array: &Array) {
    if array.error().is_none() && array.len() <= 1 << 12 {
        let text = array.to_string();
        assert!(!text.is_empty());
        if let Ok(values) = array.scalars() {
            assert_eq!(values.len(), array.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 600 }, ..ProptestConfig::default() })]

    #[test]
    fn absurd_shapes_are_errors_or_lazy(
        shape in prop::collection::vec(length(), 0..4),
        other in prop::collection::vec(length(), 0..4),
        items in prop::collection::vec(item(), 0..4),
        axis in position(),
    ) {
        let a = Array::full(&shape, 7);
        for array in [
            a.slice(&items),
            a.broadcast_to(&other),
            a.reshape(&other),
            &a + Array::full(&other, 1),
            a.transpose().slice(&items) * 2.0,
            a.sum_along(axis),
            a.max_along(Along::from(axis).keepdims()),
            a.argmin(axis),
            a.slice(&items).cumsum(axis),
        ] {
            // Reductions of what is lazily enormous would take their time: only small results of small operands are looked at.
            if a.error().is_none() && a.len() <= 1 << 12 {
                look(&array);
            } else {
                prop_assert!(array.error().is_some() || array.shape().iter().all(|&n| n <= isize::MAX as usize));
            }
        }
    }

    #[test]
    fn layouts_that_reach_outside_are_refused(
        shape in prop::collection::vec(length(), 0..4),
        strides in prop::collection::vec(position(), 0..4),
        offset in position(),
        len in 0usize..20,
    ) {
        let layout = Layout { shape: Dims::from_slice(&shape), strides: Strides::from_slice(&strides), offset };
        let fits = layout.fits(len);
        let array = Array::from_parts(Buffer::from_vec(vec![1i16; len]), layout);
        prop_assert_eq!(array.error().is_none(), fits);
        if fits {
            look(&(&array + 1));
            if array.len() <= 1 << 12 {
                prop_assert_eq!(array.sum().item::<i64>().unwrap(), array.len() as i64);
            }
        }
    }

    #[test]
    fn hostile_positions_change_nothing_outside(
        rows in prop::collection::vec(any::<i64>().prop_map(|i| if i % 3 == 0 { i } else { i % 5 }), 0..6),
        items in prop::collection::vec(item(), 0..2),
        value in prop::collection::vec(length().prop_filter("small", |n| *n < 10), 0..3),
    ) {
        let a = Array::arange(0, 12, 1).reshape([3, 4]);
        let n = rows.len();
        let positions = Array::from_vec(rows.clone(), [n]);
        let index: Vec<Select> = items.iter().copied().map(Select::from).chain([Select::from(&positions)]).collect();
        look(&a.pick(&index));
        let changed = a.set(&index, Array::full(&value, -1));
        if let Ok(values) = changed.to_vec::<i64>() {
            prop_assert!(values.iter().enumerate().all(|(i, v)| *v == -1 || *v == i as i64));
        }
        prop_assert_eq!(a.to_vec::<i64>().unwrap(), (0..12).collect::<Vec<i64>>());
    }
}

#[test]
fn blocks_that_do_not_fit_are_refused() {
    let pool = BlockPool::new(1 << 20);
    let a = Array::ones([5]) + 1.0;
    let wrong_type = pool.take_zeroed(DType::F32, 5).unwrap();
    assert_eq!(
        a.eval_into(wrong_type).unwrap_err(),
        ArrayError::WrongType { have: DType::F64, asked: DType::F32 }
    );
    let short = pool.take_zeroed(DType::F64, 4).unwrap();
    assert!(matches!(a.eval_into(short).unwrap_err(), ArrayError::Length { len: 4, .. }));
    let block: TileBuf = pool.take_zeroed(DType::F64, 5).unwrap();
    assert_eq!(a.eval_into(block).unwrap().to_vec::<f64>().unwrap(), [2.0; 5]);
    for array in [
        a.sum_along(0).reshape([1]),
        a.slice([Index::ALL.step(-1)]).cumsum(0).slice([Index::At(4)]).reshape([1]),
    ] {
        let block = pool.take_zeroed(DType::F64, 1).unwrap();
        assert_eq!(array.eval_into(block).unwrap().to_vec::<f64>().unwrap(), [10.0]);
    }
}

#[test]
fn sequences_without_room_are_errors() {
    let huge = Array::full([1 << 50], 1);
    for wrong in [
        Array::arange(0, 1i64 << 50, 1),
        Array::arange(0.0, 1e14, 1.0),
        Array::linspace(0.0, 1.0, 1 << 50),
        Array::ones([3]).put(&huge, &Array::ones([1])),
    ] {
        assert!(matches!(wrong.eval().unwrap_err().root(), ArrayError::OutOfMemory { .. }));
    }
}

/// Evaluation clamps to what the processor has, on every way: on one with less than AVX-512 a kernel of it would end the process.
#[test]
fn an_instruction_set_that_is_not_there_may_be_asked_for() {
    let a = Array::from_vec((0..900).map(|i| f64::from(i) * 0.37 - 20.0).collect(), [3, 300]);
    let (rows, ints) = (Array::from_vec(vec![1i64, 2, 1], [3]), Array::arange(0, 900, 1).reshape([3, 300]));
    let forms = [
        (&a * 2.0 + 1.0) * &a,
        a.sin(),
        a.cast(DType::I8) + a.less(0.0),
        a.sum(),
        (&a * &a).sum_along(1),
        a.max_along(0),
        a.argmax(1),
        a.argmin(None),
        a.var(0, 0),
        a.cumsum(1),
        a.transpose().reshape([900]),
        a.pick([Select::from(&rows)]),
        a.set([Select::from(&rows)], 1.0),
        a.at(Op::Multiply, [Select::from(&rows)], 1.5),
        ints.at(Op::Add, [Select::from(&rows)], 1.5),
        ints.pow(3).prod_along(0),
    ];
    for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
        for form in &forms {
            let expected = form.eval_for(Isa::Baseline).unwrap().scalars().unwrap();
            let bits = |array: &Array| array.scalars().unwrap();
            assert_eq!(bits(&form.eval_for(isa).unwrap()), expected, "{} on {isa}", form.formula());
            let all = Array::eval_all(&[form, &(&a + 1.0), &a.sum()], isa).unwrap();
            assert_eq!(bits(&all[0]), expected, "{} on {isa}, together", form.formula());
        }
    }
}

#[test]
fn slices_of_nothing_go_nowhere() {
    let mut a = Array::from_vec(Vec::<f64>::new(), [1 << 58, 0]);
    for _ in 0..40 {
        a = a.slice(array_core::s![-1.., ..]).reshape([1 << 58, 0]);
    }
    assert_eq!(a.eval().unwrap().shape(), [1 << 58, 0]);
}
