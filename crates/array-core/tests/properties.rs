//! Laws over random expressions and layouts: one pass = operation by operation = every instruction set = tiles of any size in
//! any order, bit for bit; indices, spans and broadcasts against brute force.

mod dice;
mod random;

use array_core::{
    Along, Array, Bound, Dims, Index, Isa, Layout, OperandData, Scalar, Scratch, TileMut, TileRef, bind_for,
    normalise, split_reductions,
};
use dice::Dice;
use proptest::prelude::*;
use random::{Case, Reduction, assert_same, axes, expression, same, shape};

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
    let Case { whole, single, refused } = expression(&mut dice, &shape, &mut |data| data);
    for wrong in refused {
        assert!(wrong.eval().is_err(), "seed {seed}: {wrong:?}");
    }
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
    reduced(&mut dice, seed, &whole, &single);
}

/// Reductions and running results of an expression are those of its value.
fn reduced(dice: &mut Dice, seed: u64, whole: &Array, single: &Array) {
    let check = |what: &str, whole: Array, single: Array| match single.eval() {
        Ok(single) => {
            for isa in Isa::available() {
                assert_same(&whole.eval_for(isa).unwrap(), &single, &format!("seed {seed}, {what} on {isa}"));
            }
        }
        Err(_) => assert!(whole.eval().is_err(), "seed {seed}, {what}: {whole:?}"),
    };
    check("mean", whole.mean(), single.mean());
    check("sum", whole.sum(), single.sum());
    check("least", whole.min(), single.min());
    for _ in 0..2 {
        let mut along = Along::from(&axes(dice, whole.ndim())[..]);
        if dice.chance(30) {
            along = along.keepdims();
        }
        if dice.chance(30) {
            along = along.initial(3);
        }
        if dice.chance(30) {
            along = along.filter(single.equal(single.clone().cast(dice.pick(array_core::DType::ALL))));
        }
        let reduction = dice.pick(&Reduction::ALL);
        check("along axes", reduction.of(whole, along.clone()), reduction.of(single, along));
    }
    let axis = (whole.ndim() > 0).then(|| dice.below(whole.ndim().max(1)) as isize);
    check("place", whole.argmax(axis), single.argmax(axis));
    check("place", whole.argmin(None), single.argmin(None));
    check("running", whole.cumsum(axis), single.cumsum(axis));
    check("running", whole.cumprod(None), single.cumprod(None));
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
        let Case { whole, .. } = expression(&mut dice, &shape, &mut |data| data);
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
