//! Random expressions over data of all types and layouts, and the same computed operation by operation.

#![allow(dead_code, reason = "each test uses a part")]

use super::dice::Dice;
use array_core::{Along, Array, Complex, DType, Element, Index, Op, Scalar};

impl Dice {
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const AWKWARD: [f64; 8] = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NAN, 5e-324, 1e300];

/// Values as data of a type, cast one by one by other code than the kernels'.
fn data(values: impl Iterator<Item = Scalar>, dtype: DType) -> Array {
    fn typed<T: Element>(values: impl Iterator<Item = Scalar>) -> Array {
        let values: Vec<T> = values.map(T::from_scalar).collect();
        let len = values.len();
        Array::from_vec(values, [len])
    }
    match dtype {
        DType::I8 => typed::<i8>(values),
        DType::I16 => typed::<i16>(values),
        DType::I32 => typed::<i32>(values),
        DType::I64 => typed::<i64>(values),
        DType::U8 => typed::<u8>(values),
        DType::U16 => typed::<u16>(values),
        DType::U32 => typed::<u32>(values),
        DType::U64 => typed::<u64>(values),
        DType::F32 => typed::<f32>(values),
        DType::F64 => typed::<f64>(values),
        DType::C64 => typed::<Complex<f32>>(values),
        DType::C128 => typed::<Complex<f64>>(values),
        _ => typed::<bool>(values),
    }
}

/// Elements of a type, a few of them awkward; a third of the floating ones where functions do not overflow.
fn leaf_of(dice: &mut Dice, dtype: DType, len: usize) -> Array {
    let scale = dice.pick(&[1e18, 1e18, 8e18]);
    let float = |d: &mut Dice| {
        if d.chance(5) { d.pick(&AWKWARD) } else { d.next() as i64 as f64 / scale }
    };
    match dtype {
        DType::Bool => Array::from_vec((0..len).map(|_| dice.chance(50)).collect(), [len]),
        DType::F32 | DType::F64 => data((0..len).map(|_| Scalar::F64(float(dice))), dtype),
        DType::C64 | DType::C128 => {
            data((0..len).map(|_| Scalar::C128(Complex::new(float(dice), float(dice)))), dtype)
        }
        _ => data((0..len).map(|_| Scalar::I64(dice.next() as i64 >> dice.below(60))), dtype),
    }
}

/// An array before and after.
type Pair = (Array, Array);

/// A leaf that broadcasts to `shape`, by a random path of views of `keep(data)`, and of the data.
fn leaf(dice: &mut Dice, shape: &[usize], keep: &mut dyn FnMut(Array) -> Array) -> Pair {
    let dtype = if dice.chance(40) { DType::F64 } else { dice.pick(DType::ALL) };
    let mut own: Vec<usize> = shape.iter().map(|&d| if dice.chance(15) { 1 } else { d }).collect();
    while own.first().is_some_and(|_| dice.chance(10)) {
        own.remove(0);
    }
    let transposed = dice.chance(20);
    if transposed {
        own.reverse();
    }
    // A larger array, of which the leaf is a strided part.
    let steps: Vec<isize> = own.iter().map(|_| dice.pick(&[1, 1, 1, 2, -1, -2, 3])).collect();
    let starts: Vec<usize> = own.iter().map(|_| dice.below(4)).collect();
    let whole: Vec<usize> = own
        .iter()
        .zip(&steps)
        .zip(&starts)
        .map(|((&d, s), start)| start + (d.max(1) - 1) * s.unsigned_abs() + 1 + dice.below(3))
        .collect();
    let base = leaf_of(dice, dtype, whole.iter().product()).reshape(&whole);
    let index: Vec<Index> = own
        .iter()
        .zip(&steps)
        .zip(&starts)
        .map(|((&d, &step), &start)| {
            let far = start as isize + (d as isize - 1) * step.abs();
            if d == 0 {
                Index::Slice { start: Some(0), stop: Some(0), step: 1 }
            } else if step > 0 {
                Index::Slice { start: Some(start as isize), stop: Some(far + 1), step }
            } else {
                let stop = if start == 0 { None } else { Some(start as isize - 1) };
                Index::Slice { start: Some(far), stop, step }
            }
        })
        .collect();
    let view = |base: &Array| {
        let view = base.slice(&index);
        if transposed { view.transpose() } else { view }
    };
    (view(&keep(base.clone())), view(&base))
}

/// Every operation of one operand but casts.
fn unary(dice: &mut Dice) -> Op {
    let all = Op::ALL.iter().filter(|op| op.arity() == 1 && !matches!(op, Op::Copy | Op::Cast));
    dice.pick(&all.copied().collect::<Vec<_>>())
}

/// Every operation of two operands, and the common ones more often.
fn binary(dice: &mut Dice) -> Op {
    if dice.chance(25) {
        return dice.pick(&[Op::Add, Op::Subtract, Op::Multiply]);
    }
    dice.pick(&Op::ALL.iter().copied().filter(|op| op.arity() == 2).collect::<Vec<_>>())
}

/// A reduction of some axes.
#[derive(Clone, Copy)]
pub(crate) enum Reduction {
    Sum,
    Prod,
    Max,
    Min,
    Mean,
    Var,
    Std,
    Any,
    All,
    CountNonzero,
}

impl Reduction {
    pub(crate) const ALL: [Reduction; 10] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Min,
        Reduction::Mean,
        Reduction::Var,
        Reduction::Std,
        Reduction::Any,
        Reduction::All,
        Reduction::CountNonzero,
    ];

    pub(crate) fn of(self, a: &Array, along: Along) -> Array {
        match self {
            Reduction::Sum => a.sum_along(along),
            Reduction::Prod => a.prod_along(along),
            Reduction::Max => a.max_along(along),
            Reduction::Min => a.min_along(along),
            Reduction::Mean => a.mean_along(along),
            Reduction::Var => a.var(along, 0),
            Reduction::Std => a.std(along, 0),
            Reduction::Any => a.any(along),
            Reduction::All => a.all(along),
            Reduction::CountNonzero => a.count_nonzero(along),
        }
    }
}

/// Some axes of an array with `ndim` of them, maybe none and maybe all.
pub(crate) fn axes(dice: &mut Dice, ndim: usize) -> Vec<isize> {
    (0..ndim as isize).filter(|_| dice.chance(50)).collect()
}

/// A random expression.
pub(crate) struct Case {
    pub(crate) whole: Array,
    /// Its value, computed operation by operation.
    pub(crate) single: Array,
    /// Expressions that are errors: types without the operation, negative exponents, extremes of nothing.
    pub(crate) refused: Vec<Array>,
}

/// A random expression over what becomes of data by `keep`.
pub(crate) fn expression(dice: &mut Dice, shape: &[usize], keep: &mut dyn FnMut(Array) -> Array) -> Case {
    let count = 1 + dice.below(4);
    let mut pool: Vec<Pair> = (0..count).map(|_| leaf(dice, shape, keep)).collect();
    let mut refused = Vec::new();
    for _ in 0..dice.below(12) {
        let (a, a1) = pool[dice.below(pool.len())].clone();
        let (b, b1) = pool[dice.below(pool.len())].clone();
        let (whole, single) = match dice.below(13) {
            0 if dice.chance(50) => {
                let dtype = dice.pick(DType::ALL);
                (a.cast(dtype), a1.cast(dtype))
            }
            0 | 1 => {
                let op = unary(dice);
                (Array::unary(op, &a), Array::unary(op, &a1))
            }
            2 => {
                let (c, c1) = pool[dice.below(pool.len())].clone();
                (Array::where_(&c, &a, &b), Array::where_(&c1, &a1, &b1))
            }
            3 => {
                let op = dice.pick(&[
                    Op::Less,
                    Op::LessEqual,
                    Op::Greater,
                    Op::GreaterEqual,
                    Op::Equal,
                    Op::NotEqual,
                ]);
                let x = Scalar::F64(dice.pick(&[0.0, 0.0, 1.0, f64::NAN]));
                let choose = |a: &Array, b: &Array| {
                    let (a, b) = (a.cast(DType::F64), b.cast(DType::F64));
                    (Array::binary(op, &a, x), a, b)
                };
                let ((t, p, q), (t1, p1, q1)) = (choose(&a, &b), choose(&a1, &b1));
                let t1 = t1.eval().expect("a comparison");
                (Array::where_(t, p, q), Array::where_(t1, p1, q1))
            }
            4 | 5 => {
                let op = binary(dice);
                let x = Scalar::F64(dice.pick(&[2.0, -0.75, 0.0, 3.5]));
                if dice.chance(30) {
                    (Array::binary(op, x, &a), Array::binary(op, x, &a1))
                } else {
                    (Array::binary(op, &a, x), Array::binary(op, &a1, x))
                }
            }
            6 => {
                // Weighted pairs, the shape of stencils.
                let (c, c1) = pool[dice.below(pool.len())].clone();
                let ops = [0; 4].map(|_| dice.pick(&[Op::Add, Op::Subtract]));
                let scaled = dice.chance(50);
                let step = |a: &Array, b: &Array, c: &Array, single: bool| {
                    let now = |x: Array| if single { x.eval().expect("floats have these") } else { x };
                    let [a, b, c] = [a, b, c].map(|x| now(x.cast(DType::F64)));
                    let left = now(now(Array::binary(ops[0], &a, &b)) * 0.3);
                    let right = now(now(Array::binary(ops[1], &c, &a)) * 1.7);
                    let sum = now(Array::binary(ops[2], left, right));
                    if scaled { now(sum * 0.9) } else { now(Array::binary(ops[3], sum, &b)) }
                };
                (step(&a, &b, &c, false), step(&a1, &b1, &c1, true))
            }
            7 => {
                // What has to be known before the rest: a reduction, laid out over what it was taken of.
                let (op, reduction) = (binary(dice), dice.pick(&Reduction::ALL));
                let along = Along::from(&axes(dice, a.ndim())[..]).keepdims();
                let part = reduction.of(&a1, along.clone()).eval();
                let single =
                    part.map_or_else(|_| reduction.of(&a1, along.clone()), |x| Array::binary(op, &b1, x));
                (Array::binary(op, &b, reduction.of(&a, along)), single)
            }
            8 if a.ndim() > 0 => {
                let (op, axis) = (binary(dice), dice.below(a.ndim()) as isize);
                let sums = dice.chance(70);
                let scan = |x: &Array| if sums { x.cumsum(axis) } else { x.cumprod(axis) };
                let part = scan(&a1).eval().expect("every type has these");
                (Array::binary(op, &b, scan(&a)), Array::binary(op, &b1, part))
            }
            _ => {
                let op = binary(dice);
                (Array::binary(op, &a, &b), Array::binary(op, &a1, &b1))
            }
        };
        match single.eval() {
            Ok(single) => pool.push((whole, single)),
            Err(_) => refused.push(whole),
        }
    }
    // One with many operations, of the full shape.
    let (whole, single) = pool.pop().expect("not empty");
    Case { whole: whole.broadcast_to(shape), single: single.broadcast_to(shape), refused }
}

pub(crate) fn shape(dice: &mut Dice) -> Vec<usize> {
    match dice.below(6) {
        0 if dice.chance(10) => vec![9000 + dice.below(9000)],
        0 => vec![dice.below(3000)],
        1 => vec![1 + dice.below(5), 40 + dice.below(200)],
        2 => vec![1 + dice.below(40), 1 + dice.below(60)],
        3 => vec![1 + dice.below(6), 1 + dice.below(7), 1 + dice.below(90)],
        4 => vec![],
        _ => vec![1 + dice.below(3), dice.below(4), 1 + dice.below(5), 1 + dice.below(3)],
    }
}

/// Any part NaN in both; else the same bits, which single precision keeps when it is widened.
pub(crate) fn same(a: &Scalar, b: &Scalar) -> bool {
    let part = |x: f64, y: f64| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
    match (a.cast(DType::C128), b.cast(DType::C128)) {
        _ if a.dtype() != b.dtype() => false,
        _ if a.as_integer().is_some() => a == b,
        (Scalar::C128(a), Scalar::C128(b)) => part(a.re, b.re) && part(a.im, b.im),
        _ => unreachable!(),
    }
}

#[track_caller]
pub(crate) fn assert_same(a: &Array, b: &Array, what: &str) {
    assert_eq!((a.dtype(), a.shape()), (b.dtype(), b.shape()), "{what}");
    let (x, y) = (a.scalars().unwrap(), b.scalars().unwrap());
    for (i, (p, q)) in x.iter().zip(&y).enumerate() {
        assert!(same(p, q), "{what}: element {i} of shape {:?} is {p:?}, should be {q:?}", a.shape());
    }
}
