//! Laws over random expressions and layouts: one pass = operation by operation = every instruction set = tiles of any size in
//! any order, bit for bit; indices, spans and broadcasts against brute force.

mod dice;

use array_core::{
    Array, Bound, Complex, DType, Dims, Element, Index, Isa, Layout, Op, OperandData, Scalar, Scratch,
    TileMut, TileRef, bind_for, normalise, split_reductions,
};
use dice::Dice;
use proptest::prelude::*;

impl Dice {
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
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

/// Elements of a type, a few of them awkward.
fn leaf_of(dice: &mut Dice, dtype: DType, len: usize) -> Array {
    let float = |d: &mut Dice| {
        if d.chance(5) { d.pick(&AWKWARD) } else { d.next() as i64 as f64 / 1e18 }
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

/// A leaf that broadcasts to `shape`, by a random path of views.
fn leaf(dice: &mut Dice, shape: &[usize]) -> Array {
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
    let view = base.slice(&index);
    if transposed { view.transpose() } else { view }
}

const BINARY: [Op; 29] = [
    Op::Add,
    Op::Add,
    Op::Add,
    Op::Subtract,
    Op::Subtract,
    Op::Multiply,
    Op::Multiply,
    Op::Multiply,
    Op::Divide,
    Op::FloorDivide,
    Op::Remainder,
    Op::Minimum,
    Op::Maximum,
    Op::Hypot,
    Op::Equal,
    Op::NotEqual,
    Op::Less,
    Op::LessEqual,
    Op::Greater,
    Op::GreaterEqual,
    Op::BitAnd,
    Op::BitOr,
    Op::BitXor,
    Op::Power,
    Op::FMod,
    Op::FMin,
    Op::FMax,
    Op::LeftShift,
    Op::RightShift,
];
const UNARY: [Op; 18] = [
    Op::Negative,
    Op::Abs,
    Op::Sqrt,
    Op::Square,
    Op::Invert,
    Op::Sign,
    Op::Floor,
    Op::Ceil,
    Op::Trunc,
    Op::Rint,
    Op::IsNan,
    Op::IsInf,
    Op::IsFinite,
    Op::SignBit,
    Op::Conjugate,
    Op::Real,
    Op::Imag,
    Op::Reciprocal,
];

/// A random expression, and the same computed operation by operation.
fn expression(dice: &mut Dice, shape: &[usize]) -> (Array, Array) {
    let count = 1 + dice.below(4);
    let mut pool: Vec<(Array, Array)> = (0..count)
        .map(|_| {
            let a = leaf(dice, shape);
            (a.clone(), a)
        })
        .collect();
    for _ in 0..dice.below(12) {
        let (a, a1) = pool[dice.below(pool.len())].clone();
        let (b, b1) = pool[dice.below(pool.len())].clone();
        let (whole, single) = match dice.below(10) {
            0 if dice.chance(50) => {
                let dtype = dice.pick(DType::ALL);
                (a.cast(dtype), a1.cast(dtype))
            }
            0 => {
                let op = dice.pick(&UNARY);
                (Array::unary(op, &a), Array::unary(op, &a1))
            }
            1 => {
                let (c, c1) = pool[dice.below(pool.len())].clone();
                (Array::where_(&c, &a, &b), Array::where_(&c1, &a1, &b1))
            }
            2 => {
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
            3 | 4 => {
                let op = dice.pick(&BINARY);
                let x = Scalar::F64(dice.pick(&[2.0, -0.75, 0.0, 3.5]));
                if dice.chance(30) {
                    (Array::binary(op, x, &a), Array::binary(op, x, &a1))
                } else {
                    (Array::binary(op, &a, x), Array::binary(op, &a1, x))
                }
            }
            5 => {
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
            _ => {
                let op = dice.pick(&BINARY);
                (Array::binary(op, &a, &b), Array::binary(op, &a1, &b1))
            }
        };
        // Types without the operation, and negative exponents, are errors in both or neither.
        match single.eval() {
            Ok(single) => pool.push((whole, single)),
            Err(_) => assert!(whole.eval().is_err()),
        }
    }
    // One with many operations, of the full shape.
    let (whole, single) = pool.pop().expect("not empty");
    (whole.broadcast_to(shape), single.broadcast_to(shape))
}

fn shape(dice: &mut Dice) -> Vec<usize> {
    match dice.below(6) {
        0 => vec![dice.below(3000)],
        1 => vec![1 + dice.below(5), 40 + dice.below(200)],
        2 => vec![1 + dice.below(40), 1 + dice.below(60)],
        3 => vec![1 + dice.below(6), 1 + dice.below(7), 1 + dice.below(90)],
        4 => vec![],
        _ => vec![1 + dice.below(3), dice.below(4), 1 + dice.below(5), 1 + dice.below(3)],
    }
}

fn same(a: &Scalar, b: &Scalar) -> bool {
    // Any part NaN in both; else the same bits, which single precision keeps when it is widened.
    let part = |x: f64, y: f64| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
    match (a.cast(DType::C128), b.cast(DType::C128)) {
        _ if a.dtype() != b.dtype() => false,
        _ if a.as_integer().is_some() => a == b,
        (Scalar::C128(a), Scalar::C128(b)) => part(a.re, b.re) && part(a.im, b.im),
        _ => unreachable!(),
    }
}

#[track_caller]
fn assert_same(a: &Array, b: &Array, what: &str) {
    assert_eq!((a.dtype(), a.shape()), (b.dtype(), b.shape()), "{what}");
    let (x, y) = (a.scalars().unwrap(), b.scalars().unwrap());
    for (i, (p, q)) in x.iter().zip(&y).enumerate() {
        assert!(same(p, q), "{what}: element {i} of shape {:?} is {p:?}, should be {q:?}", a.shape());
    }
}

/// Memory cut into tiles of their own, as a scheduler keeps it.
struct Tiles {
    elems: usize,
    size: usize,
    tiles: Vec<Vec<u64>>,
}

impl Tiles {
    fn new(len: usize, elems: usize, size: usize) -> Tiles {
        let count = len.div_ceil(elems).max(1);
        Tiles { elems, size, tiles: vec![vec![0xAAAA_AAAA_AAAA_AAAA; (elems * size).div_ceil(8)]; count] }
    }
    /// The tiles of a whole buffer.
    fn of(buffer: &array_core::Buffer, elems: usize) -> Tiles {
        let size = buffer.dtype().size();
        let mut tiles = Tiles::new(buffer.len(), elems, size);
        for i in 0..buffer.len() {
            // SAFETY: element i exists, and its tile has room for it.
            unsafe { buffer.as_ptr().add(i * size).copy_to(tiles.at(i), size) };
        }
        tiles
    }
    fn at(&mut self, i: usize) -> *mut u8 {
        let tile = self.tiles[i / self.elems].as_mut_ptr().cast::<u8>();
        // SAFETY: tiles hold `elems` elements.
        unsafe { tile.add(i % self.elems * self.size) }
    }
    /// Addresses of the tiles that `layout` touches in `range`, and the number of the first.
    fn table(&mut self, layout: &Layout, range: std::ops::Range<usize>) -> (usize, Vec<*mut u8>) {
        let Some((low, high)) = layout.span(range) else { return (0, vec![]) };
        let (first, last) = (low as usize / self.elems, high as usize / self.elems);
        (first, self.tiles[first..=last].iter_mut().map(|t| t.as_mut_ptr().cast()).collect())
    }
}

/// Runs a bound map over tiles: ranges in random order, output in a random view of a larger tiled array.
fn over_tiles(dice: &mut Dice, mut bound: Bound) -> Vec<Scalar> {
    let dtype = bound.plan.dtype();
    // The output: a part of an array with a margin and a step on each axis, maybe with axes reversed.
    let whole: Vec<usize> = bound.shape.iter().map(|d| 2 * d + 3).collect();
    let flip = dice.chance(30);
    let items: Vec<Index> = bound
        .shape
        .iter()
        .map(|&d| {
            let (start, n) = (1 + dice.below(2) as isize, d as isize);
            match dice.below(4) {
                0 => Index::Slice { start: Some(start), stop: Some(start + 2 * n), step: 2 },
                1 if n > 0 => Index::Slice { start: Some(start + n - 1), stop: Some(start - 1), step: -1 },
                _ => Index::Slice { start: Some(start), stop: Some(start + n), step: 1 },
            }
        })
        .collect();
    let base = if flip {
        // Fortran order.
        let mut stride = 1;
        let mut layout = Layout::contiguous(&whole).unwrap();
        for (s, d) in layout.strides.iter_mut().zip(&whole) {
            *s = stride;
            stride *= *d as isize;
        }
        layout
    } else {
        Layout::contiguous(&whole).unwrap()
    };
    let original = base.index(&items).unwrap();
    let mut out = original.clone();
    let mut shape: Dims = bound.shape.clone();
    assert_eq!(out.shape, shape);
    let plain = dice.chance(30);
    if !plain {
        normalise(&mut shape, &mut out, &mut bound.operands);
    }
    let size = dtype.size();
    let total: usize = whole.iter().product();
    let mut target = Tiles::new(total, 1 + dice.below(total.min(700)), size);
    let mut inputs: Vec<Tiles> = bound
        .operands
        .iter()
        .map(|o| match &o.data {
            OperandData::Buffer(b) => Tiles::of(b, 1 + dice.below(b.len().clamp(1, 900))),
            OperandData::Source(_) => unreachable!(),
        })
        .collect();
    let len: usize = shape.iter().product();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < len {
        let end = (at + 1 + dice.below(len)).min(len);
        ranges.push(at..end);
        at = end;
    }
    for i in (1..ranges.len()).rev() {
        ranges.swap(i, dice.below(i + 1));
    }
    let mut scratch = Scratch::new();
    for range in ranges {
        let tables: Vec<_> =
            inputs.iter_mut().zip(&bound.operands).map(|(t, o)| t.table(&o.layout, range.clone())).collect();
        let operands: Vec<TileRef> = tables
            .iter()
            .zip(&bound.operands)
            .zip(&inputs)
            .map(|(((first, tiles), o), input)| TileRef {
                layout: &o.layout,
                tile_elems: input.elems,
                first: *first,
                // SAFETY: a pointer for writing reads as one for reading.
                tiles: unsafe { std::slice::from_raw_parts(tiles.as_ptr().cast(), tiles.len()) },
            })
            .collect();
        let (first, tiles) = target.table(&out, range.clone());
        let target = TileMut { layout: &out, tile_elems: target.elems, first, tiles: &tiles };
        // SAFETY: the tables hold every tile of the range; tiles are whole and apart.
        unsafe { bound.plan.map(&bound.consts, &shape, &operands, &target, range, &mut scratch).unwrap() };
    }
    // Read back in logical order; what was not written must be as it was.
    let mut written = vec![false; total];
    let mut values = Vec::new();
    for i in 0..original.len() {
        let (mut rest, mut address) = (i, original.offset);
        for axis in (0..original.ndim()).rev() {
            address += (rest % original.shape[axis]) as isize * original.strides[axis];
            rest /= original.shape[axis];
        }
        written[address as usize] = true;
        let place = target.at(address as usize);
        // SAFETY: an element of this type was written there.
        values.push(unsafe { Scalar::read(dtype, place, 0) });
    }
    for (address, written) in written.iter().enumerate() {
        // SAFETY: inside the tile.
        let byte = unsafe { *target.at(address) };
        assert!(*written || byte == 0xAA, "element {address} was overwritten");
    }
    values
}

fn check_case(seed: u64) {
    let mut dice = Dice(seed);
    let shape = shape(&mut dice);
    let (whole, single) = expression(&mut dice, &shape);
    for isa in Isa::available() {
        assert_same(&whole.eval_for(isa).unwrap(), &single, &format!("seed {seed} on {isa}"));
    }
    let ready = split_reductions(&whole, &mut |part| part.eval()).unwrap();
    let expected = single.scalars().unwrap();
    for isa in Isa::available() {
        let bound = bind_for(&ready, isa).unwrap();
        let ours = over_tiles(&mut dice, bound);
        assert_eq!(ours.len(), expected.len());
        for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
            assert!(
                same(a, b),
                "seed {seed} over tiles on {isa}: element {i} of {shape:?} is {a:?}, should be {b:?}"
            );
        }
    }
    // A view of the expression is the view of its value.
    let items: Vec<Index> = shape
        .iter()
        .map(|&d| {
            let bound =
                |dice: &mut Dice| dice.chance(60).then(|| dice.below(2 * d + 2) as isize - d as isize);
            let (start, stop) = (bound(&mut dice), bound(&mut dice));
            Index::Slice { start, stop, step: dice.pick(&[1, -1, 2]) }
        })
        .collect();
    assert_same(&whole.slice(&items), &single.slice(&items), &format!("seed {seed} sliced"));
    if !single.is_empty() {
        let reductions = [whole.max(), whole.min(), whole.sum(), whole.mean()];
        let singles = [single.max(), single.min(), single.sum(), single.mean()];
        for (a, b) in reductions.iter().zip(&singles) {
            for isa in Isa::available() {
                assert_same(&a.eval_for(isa).unwrap(), b, &format!("seed {seed} reduced on {isa}"));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 400 }, ..ProptestConfig::default() })]

    #[test]
    fn one_pass_is_operation_by_operation_is_every_isa_is_every_tiling(seed: u64) {
        check_case(seed);
    }

    #[test]
    fn an_index_selects_what_brute_force_selects(
        shape in prop::collection::vec(0usize..6, 0..4),
        seed: u64,
    ) {
        let dice = &mut Dice(seed);
        let len: usize = shape.iter().product();
        let a = Array::from_vec((0..len as i64).collect(), &shape);
        let mut items = Vec::new();
        // The answer, axis by axis: the positions taken, or one that goes away.
        let mut taken: Vec<Vec<usize>> = Vec::new();
        let mut expected_shape = Vec::new();
        for &d in &shape {
            if dice.chance(15) {
                items.push(Index::NewAxis);
                expected_shape.push(1);
            }
            if dice.chance(25) && d > 0 {
                let i = dice.below(2 * d) as isize - d as isize;
                items.push(Index::At(i));
                taken.push(vec![if i < 0 { (i + d as isize) as usize } else { i as usize }]);
            } else {
                let bound = |dice: &mut Dice| dice.chance(70).then(|| dice.below(14) as isize - 7);
                let (start, stop) = (bound(dice), bound(dice));
                let step = dice.pick(&[1isize, 1, 2, 3, -1, -2]);
                items.push(Index::Slice { start, stop, step });
                // Python's definition by listing.
                let n = d as isize;
                let place = |b: isize| if b < 0 { b + n } else { b };
                let (from, to) = if step > 0 {
                    (start.map_or(0, |b| place(b).clamp(0, n)), stop.map_or(n, |b| place(b).clamp(0, n)))
                } else {
                    (start.map_or(n - 1, |b| place(b).clamp(-1, n - 1)), stop.map_or(-1, |b| place(b).clamp(-1, n - 1)))
                };
                let mut positions = Vec::new();
                let mut i = from;
                while (step > 0 && i < to) || (step < 0 && i > to) {
                    positions.push(i as usize);
                    i += step;
                }
                expected_shape.push(positions.len());
                taken.push(positions);
            }
        }
        if dice.chance(20) {
            items.push(Index::Ellipsis);
        }
        let view = a.slice(&items);
        prop_assert_eq!(view.shape(), &expected_shape[..]);
        let mut expected = vec![0usize];
        for (axis, positions) in taken.iter().enumerate() {
            let d = shape[axis];
            expected = expected.iter().flat_map(|at| positions.iter().map(move |p| at * d + p)).collect();
        }
        let expected: Vec<i64> = expected.iter().map(|i| *i as i64).collect();
        prop_assert_eq!(view.to_vec::<i64>().unwrap(), expected);
    }

    #[test]
    fn a_span_is_the_hull_of_the_addresses(seed: u64) {
        let dice = &mut Dice(seed);
        let shape: Vec<usize> = (0..dice.below(4)).map(|_| 1 + dice.below(5)).collect();
        let layout = Layout {
            shape: shape.as_slice().into(),
            strides: shape.iter().map(|_| dice.below(13) as isize - 6).collect(),
            offset: dice.below(50) as isize,
        };
        let len = layout.len();
        let (a, b) = (dice.below(len + 1), dice.below(len + 2));
        let range = a.min(b)..a.max(b);
        let addresses = (range.start..range.end.min(len)).map(|i| {
            let (mut rest, mut address) = (i, layout.offset);
            for axis in (0..shape.len()).rev() {
                address += (rest % shape[axis]) as isize * layout.strides[axis];
                rest /= shape[axis];
            }
            address
        });
        let hull = addresses.fold(None, |hull, x| match hull {
            None => Some((x, x)),
            Some((low, high)) => Some((x.min(low), x.max(high))),
        });
        prop_assert_eq!(layout.span(range), hull);
    }

    #[test]
    fn shapes_broadcast_as_their_axes_do(
        a in prop::collection::vec(0usize..4, 0..4),
        b in prop::collection::vec(0usize..4, 0..4),
    ) {
        let ndim = a.len().max(b.len());
        let axis = |s: &[usize], k: usize| if k + s.len() < ndim { 1 } else { s[k + s.len() - ndim] };
        let expected: Option<Vec<usize>> = (0..ndim)
            .map(|k| match (axis(&a, k), axis(&b, k)) {
                (x, y) if x == y => Some(x),
                (1, y) => Some(y),
                (x, 1) => Some(x),
                _ => None,
            })
            .collect();
        let ours = array_core::broadcast_shapes(&[&a, &b]).ok().map(|d| d.to_vec());
        prop_assert_eq!(ours, expected);
    }
}

#[test]
fn cases_are_as_varied_as_they_should_be() {
    let (mut fused, mut tapes, mut steps, mut empty, mut cases) = (0, 0, 0, 0, 0);
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let shape = shape(&mut dice);
        let (whole, _) = expression(&mut dice, &shape);
        let ready = split_reductions(&whole, &mut |part| part.eval()).unwrap();
        let bound = bind_for(&ready, Isa::active()).unwrap();
        cases += 1;
        empty += usize::from(whole.is_empty());
        steps += bound.plan.instructions();
        let text = format!("{:?}", bound.plan);
        fused += usize::from(["Chain", "Weighted", "Paired", "Select"].iter().any(|k| text.contains(k)));
        tapes += usize::from(text.contains("Tape"));
    }
    assert!(
        steps > 2 * cases && fused > cases / 10 && tapes > cases / 10 && empty < cases / 4,
        "{steps} {fused} {tapes} {empty} of {cases}"
    );
}
