//! Deferred evaluation: long chains, shared parts, errors that name their line, leaves that others own.

use array_core::{Array, ArrayError, Buffer, DType, Source, bind, s, split_reductions};
use std::{any::Any, sync::Arc};

#[test]
fn a_chain_of_a_million_operations_builds_evaluates_and_drops() {
    let n = if cfg!(miri) { 2000 } else { 1_000_000 };
    let mut x = Array::zeros([3]);
    for _ in 0..n {
        x = x + 1.0;
    }
    assert_eq!(x.to_vec::<f64>().unwrap(), [n as f64; 3]);
    let view = x.slice(s![1]);
    drop(x);
    assert_eq!(view.shape(), [0usize; 0]);
    drop(view);
    // And one that is never evaluated, of a failed start.
    let mut x = Array::zeros([3]) + Array::zeros([4]);
    for _ in 0..1000 {
        x = x + 1.0;
    }
    assert!(x.eval().is_err());
}

#[test]
fn doubling_a_shared_node_is_not_exponential() {
    let mut x = Array::from_vec(vec![1i64], [1]);
    for _ in 0..63 {
        x = &x + &x;
    }
    assert_eq!(x.item::<i64>().unwrap(), i64::MIN);
}

#[test]
fn an_error_names_the_first_wrong_line_and_travels() {
    let (a, b) = (Array::zeros([3, 4]), Array::zeros([4, 3]));
    let line = line!() + 1;
    let wrong = &a + &b;
    let later = ((wrong * 2.0).sqrt().sum() + a.sum()).slice(s![..; 2]);
    let error = later.eval().unwrap_err();
    assert_eq!(error.location().unwrap().line(), line);
    assert!(
        error.to_string().ends_with("shapes (3, 4) and (4, 3) do not broadcast: axis 1 has lengths 4 and 3"),
        "{error}"
    );
    assert!(bind(&later).is_err() && later.item::<f64>().is_err() && later.to_vec::<f64>().is_err());
    assert_eq!(
        (Array::from_vec(vec![true], [1]) - true).error().unwrap().root().to_string(),
        "subtract is not supported for bool with bool: use the bitwise_xor, the ^ operator, or logical_xor instead"
    );
    assert_eq!(
        (Array::from_vec(vec![1u8], [1]) + 300).error().unwrap().root(),
        &ArrayError::IntegerBounds { value: 300, dtype: DType::U8 }
    );
}

#[test]
fn equal_operands_and_equal_parts_are_merged() {
    let a = Array::linspace(0.0, 1.0, 100);
    let part = |a: &Array| (a.slice(s![1..]) - a.slice(s![..-1])).abs();
    let bound = bind(&(part(&a) + part(&a) * 2.0)).unwrap();
    assert_eq!(bound.operands.len(), 2, "{:?}", bound.plan);
    assert!(bound.plan.instructions() <= 3, "{:?}", bound.plan);
}

#[test]
fn the_five_point_step_is_one_instruction() {
    let u = Array::zeros([8, 8]) + Array::from_vec(vec![1.0; 64], [8, 8]);
    let u = u.eval().unwrap();
    let step = ((u.slice(s![..-2, 1..-1]) + u.slice(s![2.., 1..-1])) * 0.3
        + (u.slice(s![1..-1, ..-2]) + u.slice(s![1..-1, 2..])) * 0.2)
        * 0.5;
    let bound = bind(&step).unwrap();
    assert_eq!(bound.plan.instructions(), 1, "{:?}", bound.plan);
}

#[test]
fn chains_of_float_operations_are_one_instruction() {
    let a = Array::linspace(0.5, 1.5, 100).eval().unwrap();
    let b = (&a * 3.0).eval().unwrap();
    let poly = ((&a * 2.0 + 1.0) * &a + 3.0) * &a + 4.0;
    let quad = ((&b * &b + 4.0 * &a).sqrt() - &b) / (2.0 * &a);
    let twice = (&a - &b).abs() / ((&a - &b).square() + 1.0);
    let chosen = Array::where_(a.greater(&b), &a * 2.0, Array::where_(b.less(0.5), &b + 1.0, -&b));
    let single = a.cast(DType::F32).eval().unwrap();
    let root = (&single * 0.5f32 + 1.0f32).sqrt();
    for expression in [&poly, &quad, &twice, &chosen, &root] {
        let bound = bind(expression).unwrap();
        assert_eq!(bound.plan.instructions(), 1, "{:?}", bound.plan);
        assert!(format!("{:?}", bound.plan).contains("Tape"), "{:?}", bound.plan);
    }
}

#[test]
fn what_is_one_value_is_computed_once() {
    let a = Array::linspace(0.0, 1.0, 100).eval().unwrap();
    let scale = Array::from_vec(vec![3.0], [1]).eval().unwrap();
    let bound = bind(&(&a - (&scale + 1.0) / 2.0)).unwrap();
    assert_eq!(bound.plan.instructions(), 1, "{:?}", bound.plan);
    assert!(format!("{:?}", bound.plan).contains("once1 = divide(once0, const1)"), "{:?}", bound.plan);
    assert_eq!((&a - (&scale + 1.0) / 2.0).to_vec::<f64>().unwrap()[99], -1.0);
    // Integer powers may fail there too.
    let negative = Array::from_vec(vec![-1i64], [1]).eval().unwrap();
    let power = Array::arange(0, 100, 1) + (&negative + 3).pow(&negative);
    assert_eq!(power.eval().unwrap_err().root(), &ArrayError::NegativePower);
}

#[derive(Debug)]
struct Tiled(Vec<usize>);
impl Source for Tiled {
    fn dtype(&self) -> DType {
        DType::F64
    }
    fn shape(&self) -> &[usize] {
        &self.0
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn sources_are_supplied_by_whoever_evaluates() {
    let source: Arc<dyn Source> = Arc::new(Tiled(vec![4, 5]));
    let a = Array::from_source(source.clone());
    let expr = a.slice(s![1..-1, ..; 2]) * 2.0 - a.mean();
    assert_eq!(expr.eval().unwrap_err().root(), &ArrayError::Unbound);
    let mut asked = Vec::new();
    let ready = split_reductions(&expr, &mut |part| {
        asked.push(bind(part)?.reduction.is_some());
        Ok(Array::from_source(Arc::new(Tiled(vec![]))))
    })
    .unwrap();
    assert_eq!(asked, [true]);
    let bound = bind(&ready).unwrap();
    assert_eq!(bound.operands.len(), 2);
    let layout = &bound.operands[0].layout;
    assert_eq!((&layout.shape[..], &layout.strides[..], layout.offset), (&[2, 3][..], &[5, 2][..], 5));
    assert_eq!(&bound.operands[1].layout.strides[..], [0, 0]);
    let mut seen = 0;
    expr.for_each_source(&mut |s, _| seen += usize::from(Arc::ptr_eq(s, &source)));
    assert!(seen >= 1);
    // A wrong answer is refused, not believed.
    let refused = split_reductions(&expr, &mut |_| Ok(Array::zeros([2, 2])));
    assert_eq!(refused.unwrap_err(), ArrayError::NotSplit);
    assert_eq!(bind(&expr).unwrap_err(), ArrayError::NotSplit);
}

#[test]
fn reshapes_of_expressions_store_them() {
    let a = Array::arange(0, 12, 1).reshape([3, 4]);
    let odd = (&a.transpose() * 2 + 1).reshape([2, 6]);
    assert_eq!(odd.shape(), [2, 6]);
    assert_eq!(odd.slice(s![1, ..; 2]).to_vec::<i64>().unwrap(), [5, 21, 15]);
    assert_eq!((odd.reshape([12]) + 1).sum().item::<i64>().unwrap(), 156);
    assert_eq!(a.sum().reshape([1, 1]).to_vec::<i64>().unwrap(), [66]);
    assert_eq!(a.sum().broadcast_to([2, 2]).to_vec::<i64>().unwrap(), [66; 4]);
}

#[test]
fn layouts_by_hand_are_checked() {
    let buffer = Buffer::from_vec(vec![1.0; 10]);
    let layout = |offset, stride| array_core::Layout {
        shape: [5usize].as_slice().into(),
        strides: [stride].as_slice().into(),
        offset,
    };
    assert!(Array::from_parts(buffer.clone(), layout(0, 2)).error().is_none());
    for (offset, stride) in [(1, 3), (-1, 1), (3, -1), (0, isize::MAX), (0, isize::MIN), (isize::MAX, 1)] {
        assert!(
            Array::from_parts(buffer.clone(), layout(offset, stride)).error().is_some(),
            "{offset} {stride}"
        );
    }
}

#[test]
fn views_of_long_chains_do_not_walk_them() {
    // Each view of an expression moves down to its leaves; of long ones that would be hundreds of millions of steps here.
    let mut a = Array::arange(0, 6, 1).reshape([2, 3]);
    let mut row = Array::arange(0, 4, 1);
    for _ in 0..20_000 {
        a = a.transpose() + 1;
        row = row.slice(s![..; -1]) + 1;
    }
    assert_eq!(a.to_vec::<i64>().unwrap(), [20_000, 20_001, 20_002, 20_003, 20_004, 20_005]);
    assert_eq!(row.to_vec::<i64>().unwrap(), [20_000, 20_001, 20_002, 20_003]);
    let mut shared = Array::arange(0, 4, 1);
    for _ in 0..2_000 {
        shared = &shared ^ shared.slice(s![..; -1]);
    }
    assert_eq!(shared.to_vec::<i64>().unwrap(), [0; 4]);
}

#[test]
fn a_view_of_shared_doublings_computes_what_it_shows() {
    // Two to the twelfth uses of the leaf, but twelve operations; and a negative exponent where the view does not look.
    let mut a = Array::from_vec(vec![2i64, 2], [2]).pow(Array::from_vec(vec![1i64, -1], [2]));
    for _ in 0..12 {
        a = &a + &a;
    }
    assert_eq!(a.slice(s![0]).item::<i64>().unwrap(), 2 << 12);
    assert!(a.slice(s![1]).eval().is_err());
}

/// Two integers that nobody knows yet.
#[derive(Debug)]
struct Later;

impl Source for Later {
    fn dtype(&self) -> DType {
        DType::I64
    }
    fn shape(&self) -> &[usize] {
        &[2]
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn a_negative_power_is_refused_however_its_exponent_comes_to_be_known() {
    let base = Array::full([2], 2i64);
    let negative = |array: Array| {
        let error = array.eval().unwrap_err();
        assert_eq!(error.root(), &ArrayError::NegativePower, "{error}");
        assert!(error.location().is_none_or(|at| at.file().ends_with("laziness.rs")), "{error}");
    };
    negative(base.pow(-Array::full([2], 1i64)));
    negative(base.pow(Array::from_vec(vec![-3, 2i64], [2]).sum()));
    negative(base.pow(Array::from_vec(vec![-3, 2i64], [2]).min()) + 1);
    negative(base.pow(Array::full([2], 1i64) - 2));
    let source = Array::from_source(Arc::new(Later));
    let powers = base.pow(&source) + 1;
    let given = |exponent: i64| powers.map_sources(&mut |_, _| Ok(Array::full([2], exponent)));
    assert_eq!(given(3).unwrap().to_vec::<i64>().unwrap(), [9, 9]);
    assert_eq!(given(-1).unwrap_err().root(), &ArrayError::NegativePower);
}

/// Numbers that evaluate something when nobody asks for them any more.
#[derive(Debug)]
struct Farewell;

impl Source for Farewell {
    fn dtype(&self) -> DType {
        DType::F64
    }
    fn shape(&self) -> &[usize] {
        &[50]
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let last = Array::from_vec(vec![3.0; 50], [50]);
        assert_eq!((&last * &last + last.slice(s![..; -1])).sum().item::<f64>().unwrap(), 600.0);
        assert_eq!((&last.reshape([5, 10]) * 2.0).sum_along(0).to_vec::<f64>().unwrap(), [30.0; 10]);
    }
}

#[test]
fn a_source_may_evaluate_when_it_ends() {
    let source = || Array::from_source(Arc::new(Farewell));
    let results: [fn(Array) -> Array; 5] = [
        |x| x * 2.0 + 1.0,
        |x| (x * 2.0).sum(),
        |x| (x.reshape([5, 10]) * 2.0).sum_along(0),
        |x| (x + 1.0).cumsum(None),
        |x| (x * 2.0).argmax(None),
    ];
    for result in results {
        let error = result(source()).into_evaluated().unwrap_err();
        assert_eq!(error.root(), &ArrayError::Unbound);
    }
    let sum = source() + 1.0;
    let errors = Array::eval_together([&sum.sum(), &sum]).unwrap_err();
    assert_eq!(errors.root(), &ArrayError::Unbound);
}
