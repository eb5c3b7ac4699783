//! Reductions along axes as a scheduler runs them: stretches of the results and parts of the elements, in any order, over tiles of
//! any size, give the bits of [`Array::eval`].

mod dice;

use array_core::{
    Along, Array, Bound, DType, Index, OperandData, ReduceOp, Scalar, Scratch, TileRef, bind_axes,
};
use dice::Dice;

/// Data of a type with awkward elements, through a random view of `shape`.
fn operand(dice: &mut Dice, shape: &[usize], dtype: DType) -> Array {
    let mut own: Vec<usize> = shape.iter().map(|&n| if dice.below(12) == 0 { 1 } else { n }).collect();
    let turned = dice.below(4) == 0;
    if turned {
        own.reverse();
    }
    let step = if dice.below(4) == 0 { 2 } else { 1 };
    let whole: Vec<usize> = own.iter().map(|n| n * step + dice.below(3)).collect();
    let count = whole.iter().product();
    let value = |dice: &mut Dice| match dice.below(40) {
        0 => f64::NAN,
        1 => -0.0,
        2 => f64::INFINITY,
        _ => (dice.below(2001) as f64 - 1000.0) / 7.0,
    };
    let data = Array::from_vec((0..count).map(|_| value(dice)).collect(), &whole[..]);
    let data = if dtype.is_complex() || dtype.size() == 8 || dtype == DType::F32 { data } else { data * 0.1 };
    let data = data.cast(dtype).eval().unwrap();
    let backwards = dice.below(4) == 0;
    let index = |&n: &usize| {
        let reach = (n * step) as isize;
        match backwards && n > 0 {
            true => Index::Slice { start: Some(reach - 1), stop: None, step: -(step as isize) },
            false => Index::Slice { start: Some(0), stop: Some(reach), step: step as isize },
        }
    };
    let view = data.slice(own.iter().map(index).collect::<Vec<_>>());
    let view = if turned { view.transpose() } else { view };
    view.broadcast_to(shape)
}

fn expression(dice: &mut Dice, dtype: DType) -> Array {
    let ndim = 1 + dice.below(4);
    let most = [3000, 60, 18, 8][ndim - 1];
    let mut shape: Vec<usize> = (0..ndim).map(|_| 1 + dice.below(most)).collect();
    if ndim > 1 && dice.below(3) == 0 {
        let wide = dice.below(ndim);
        shape[wide] = 30 + dice.below(1500);
    }
    let mut array = operand(dice, &shape, dtype);
    if dice.below(3) == 0 {
        array = array + operand(dice, &shape, dtype);
    }
    let axes: Vec<isize> = (0..ndim as isize).filter(|_| dice.below(2) == 0).collect();
    match dice.below(9) {
        0 => array.argmax(None),
        1 => array.argmin(dice.below(ndim) as isize),
        2 => array.argmax(dice.below(ndim) as isize),
        3 => array.any(Along::from(&axes[..])),
        4 => array.count_nonzero(Along::from(&axes[..])),
        n => {
            let op = [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min][n - 5];
            array.reduce_along(op, &axes[..])
        }
    }
}

/// The bound operands as tiles of `elems` elements, each in memory of its own.
fn tiles(bound: &Bound, elems: usize) -> Vec<Vec<Vec<u128>>> {
    let cut = |operand: &array_core::Operand| {
        let OperandData::Buffer(buffer) = &operand.data else { panic!("data") };
        let size = buffer.dtype().size();
        (0..buffer.len())
            .step_by(elems)
            .map(move |start| {
                let n = elems.min(buffer.len() - start);
                let mut tile = vec![0u128; (n * size).div_ceil(16)];
                // SAFETY: the buffer has the elements, the tile has room for them.
                unsafe {
                    let from = buffer.as_ptr().add(start * size);
                    from.copy_to_nonoverlapping(tile.as_mut_ptr().cast(), n * size);
                }
                tile
            })
            .collect::<Vec<_>>()
    };
    bound.operands.iter().map(cut).collect()
}

/// Runs the reduction at the root of `expr`, if there is one, in pieces; the result, and whether it went by parts.
fn in_pieces(dice: &mut Dice, expr: &Array) -> Option<(Vec<Scalar>, bool)> {
    let (mut bound, axes) = bind_axes(expr).unwrap()?;
    let (results, elements) = axes.counts(&bound.shape);
    assert_eq!(results, expr.len());
    let mut scratch = Scratch::new();
    let elems = 1 + dice.below(700);
    let parted = if dice.below(2) == 0 { axes.clone().into_parts(&mut bound) } else { None };
    let memory = tiles(&bound, elems);
    let tables: Vec<Vec<*const u8>> =
        memory.iter().map(|tiles| tiles.iter().map(|tile| tile.as_ptr().cast()).collect()).collect();
    let operands: Vec<TileRef<'_>> = bound
        .operands
        .iter()
        .zip(&tables)
        .map(|(operand, tiles)| TileRef { layout: &operand.layout, tile_elems: elems, first: 0, tiles })
        .collect();
    let dtype = expr.dtype();
    let mut out = vec![0u128; (results * dtype.size()).div_ceil(16) + 1];
    let at: *mut u8 = out.as_mut_ptr().cast();
    let (plan, consts, shape) = (&bound.plan, &bound.consts, &bound.shape);
    if let Some(axes) = &parted {
        assert_eq!(axes.counts(shape), (results, elements));
        let step = results * elements / shape[0];
        let (mut parts, mut from) = (Vec::new(), 0);
        while from < shape[0] {
            let to = (from + 1 + dice.below(shape[0])).min(shape[0]);
            // SAFETY: the tables hold all tiles; whole steps of the first axis.
            let part =
                unsafe { axes.part(plan, consts, shape, &operands, from * step..to * step, &mut scratch) };
            parts.push(part.unwrap());
            from = to;
        }
        // SAFETY: `out` has room for the results.
        unsafe { axes.join(plan, shape, &parts, at) };
    } else {
        let (mut ranges, mut from) = (Vec::new(), 0);
        while from < results {
            let to = (from + 1 + dice.below(results)).min(results);
            ranges.push(from..to);
            from = to;
        }
        if dice.below(2) == 0 {
            ranges.reverse();
        }
        for range in ranges {
            // SAFETY: the tables hold all tiles; `out` has room for the results.
            unsafe {
                let at = at.add(range.start * dtype.size());
                axes.results(plan, consts, shape, &operands, range, at, &mut scratch).unwrap();
            }
        }
    }
    // SAFETY: the results were written.
    let values = (0..results).map(|i| unsafe { Scalar::read(dtype, at, i) }).collect();
    Some((values, parted.is_some()))
}

#[test]
fn results_in_pieces_over_tiles_have_the_bits_of_the_whole() {
    let (mut whole, mut parts) = (0, 0);
    for seed in 0..3000 {
        let dice = &mut Dice(seed);
        let dtype = DType::ALL[dice.below(DType::ALL.len())];
        // The root alone: what comes after a reduction is a pass of its own.
        let mut expr = expression(dice, dtype);
        let mut root = None;
        let _ = array_core::split_reductions(&(expr.clone().cast(DType::C128) + 0.5), &mut |part| {
            root = Some(part.clone());
            part.eval()
        });
        if let Some(root) = root {
            expr = root;
        }
        let expected = expr.eval().unwrap().scalars().unwrap();
        let Some((ours, by_parts)) = in_pieces(dice, &expr) else { continue };
        (whole, parts) = (whole + usize::from(!by_parts), parts + usize::from(by_parts));
        for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
            let same = bits(*a) == bits(*b) || is_nan(*a) && is_nan(*b);
            assert!(same, "seed {seed}: {expr:?}: element {i} is {a:?}, should be {b:?}");
        }
    }
    assert!(whole >= 800 && parts >= 300, "{whole} in stretches, {parts} in parts");
}

fn bits(value: Scalar) -> [u8; 16] {
    let mut bytes = [0u128; 1];
    // SAFETY: one element, of at most sixteen bytes.
    unsafe { value.write(bytes.as_mut_ptr().cast(), 0) };
    bytes[0].to_le_bytes()
}

/// The sign and payload of a NaN are nobody's promise.
fn is_nan(value: Scalar) -> bool {
    match value {
        Scalar::F32(x) => x.is_nan(),
        Scalar::F64(x) => x.is_nan(),
        Scalar::C64(x) => x.re.is_nan() || x.im.is_nan(),
        Scalar::C128(x) => x.re.is_nan() || x.im.is_nan(),
        _ => false,
    }
}
