//! Plans over tiles that lie in rows: neighbours are read and written as one run, with the same bits and nothing beside them touched.

use array_core::{
    Array, BlockPool, Bound, DType, Layout, Operand, OperandData, Scalar, Scratch, TileBuf, TileMut, TileRef,
    bind, bind_axes, finish_reduction, reduction_nodes, s,
};

/// The elements of a buffer in tiles of `elems`, in rows of one tile, two, three and so on.
fn rows(from: *const u8, len: usize, dtype: DType, elems: usize) -> Vec<TileBuf> {
    let pool = BlockPool::new(1 << 24);
    let (mut tiles, mut count) = (Vec::new(), 0);
    while tiles.len() * elems < len {
        count += 1;
        tiles.extend(pool.take_row(dtype, elems, count).unwrap());
    }
    for (i, tile) in tiles.iter_mut().enumerate() {
        let n = elems.min(len.saturating_sub(i * elems)) * dtype.size();
        // SAFETY: the elements are there; a tile has room for `elems`, and what is beyond them is told from them.
        unsafe {
            let at = tile.as_mut_ptr();
            at.write_bytes(0xA5, elems * dtype.size());
            at.copy_from(from.wrapping_add(i * elems * dtype.size()), n);
        }
    }
    tiles
}

/// Whether some tiles follow their neighbours, and some do not.
fn are_mixed(tiles: &[TileBuf], elems: usize) -> bool {
    let follows =
        |pair: &[TileBuf]| pair[0].as_ptr().wrapping_add(elems * pair[0].dtype().size()) == pair[1].as_ptr();
    tiles.windows(2).any(follows) && !tiles.windows(2).all(follows)
}

/// Calls `f` with the operands laid over rows.
fn over_rows<R>(bound: &Bound, elems: usize, f: impl FnOnce(&[TileRef<'_>]) -> R) -> R {
    let tiles: Vec<Vec<TileBuf>> = bound
        .operands
        .iter()
        .map(|operand| {
            let OperandData::Buffer(buffer) = &operand.data else { panic!("data") };
            rows(buffer.as_ptr(), buffer.len(), buffer.dtype(), elems)
        })
        .collect();
    assert!(tiles.iter().all(|tiles| are_mixed(tiles, elems)));
    let tables: Vec<Vec<*const u8>> =
        tiles.iter().map(|tiles| tiles.iter().map(TileBuf::as_ptr).collect()).collect();
    let lay = |(operand, tiles)| {
        let operand: &Operand = operand;
        TileRef { layout: &operand.layout, tile_elems: elems, first: 0, tiles }
    };
    f(&bound.operands.iter().zip(tables.iter().map(Vec::as_slice)).map(lay).collect::<Vec<_>>())
}

/// The value of a map over rows, into rows, in pieces.
fn map(expr: &Array, elems: usize) -> Vec<Scalar> {
    let bound = bind(expr).unwrap();
    let (len, dtype) = (expr.len(), bound.plan.dtype());
    let nothing = vec![0u8; len * dtype.size()];
    let mut out = rows(nothing.as_ptr(), len, dtype, elems);
    let table: Vec<*mut u8> = out.iter_mut().map(TileBuf::as_mut_ptr).collect();
    let layout = Layout::contiguous(&bound.shape).unwrap();
    over_rows(&bound, elems, |operands| {
        let mut scratch = Scratch::new();
        let target = TileMut { layout: &layout, tile_elems: elems, first: 0, tiles: &table };
        for start in (0..len).step_by(7001).rev() {
            let range = start..len.min(start + 7001);
            // SAFETY: the tables hold all tiles, which are apart.
            unsafe {
                bound.plan.map(&bound.consts, &bound.shape, operands, &target, range, &mut scratch).unwrap();
            }
        }
    });
    for i in len..out.len() * elems {
        // SAFETY: the tile was filled.
        let byte = unsafe { *out[i / elems].as_ptr().add(i % elems * dtype.size()) };
        assert_eq!(byte, 0xA5, "nothing beyond the output is written");
    }
    // SAFETY: all were written.
    let at = |i: usize| unsafe { Scalar::read(dtype, out[i / elems].as_ptr(), i % elems) };
    (0..len).map(at).collect()
}

fn reduce(expr: &Array, elems: usize) -> Scalar {
    let bound = bind(expr).unwrap();
    let (plan, len) = (&bound.plan, bound.shape.iter().product());
    over_rows(&bound, elems, |operands| {
        let mut scratch = Scratch::new();
        let partials: Vec<_> = reduction_nodes(plan.dtype(), len, 9000)
            .into_iter()
            // SAFETY: the tables hold all tiles.
            .map(|node| unsafe {
                plan.reduce(&bound.consts, &bound.shape, operands, node, &mut scratch).unwrap()
            })
            .collect();
        finish_reduction(bound.reduction.unwrap(), plan.dtype(), len, 9000, &partials).unwrap()
    })
}

fn along(expr: &Array, elems: usize) -> Vec<Scalar> {
    let (bound, axes) = bind_axes(expr).unwrap().expect("it is a reduction along axes");
    let (results, dtype) = (axes.counts(&bound.shape).0, expr.dtype());
    let mut out = vec![0u128; (results * dtype.size()).div_ceil(16)];
    let at: *mut u8 = out.as_mut_ptr().cast();
    over_rows(&bound, elems, |operands| {
        let (plan, consts, shape) = (&bound.plan, &bound.consts, &bound.shape);
        // SAFETY: the tables hold all tiles; `out` has room for the results.
        unsafe { axes.results(plan, consts, shape, operands, 0..results, at, &mut Scratch::new()).unwrap() };
    });
    // SAFETY: the results were written.
    (0..results).map(|i| unsafe { Scalar::read(dtype, at, i) }).collect()
}

fn values(array: &Array) -> Vec<Scalar> {
    let array = array.eval().unwrap();
    let bits = array.as_buffer().expect("evaluated").0;
    // SAFETY: a fresh result is dense from its buffer's start.
    (0..array.len()).map(|i| unsafe { Scalar::read(array.dtype(), bits.as_ptr(), i) }).collect()
}

fn numbers(len: usize, seed: f64) -> Array {
    Array::from_vec((0..len).map(|i| ((i as f64 + seed) * 0.7).sin() * 3.0).collect(), [len])
}

#[test]
fn rows_have_the_bits_of_whole_arrays() {
    let (height, width) = (151, 200);
    let len = height * width;
    // Of 16 KiB of the widest elements, from where on neighbours are seen, and more.
    for elems in [2048, 3000, 4096] {
        let (a, b) = (numbers(len, 0.0), numbers(len, 0.3));
        let (t, u) = (a.reshape([height, width]), b.reshape([height, width]));
        let small = (&a * 10.0).cast(DType::I64).eval().unwrap();
        let maps = [
            &a + &b,
            ((&a * 2.0 + 1.0) * &a + 3.0) * &b,
            a.slice(s![..; -1]) * 2.0,
            a.slice(s![5..; 3]) - b.slice(s![..-5; 3]),
            t.transpose() + u.transpose() * 2.0,
            t.slice(s![1.., 3..]) * u.slice(s![..-1, ..-3]),
            t.slice(s![.., 7]) + u.slice(s![.., -1]),
            t.slice(s![..; -2, 1..5]) * 3.0,
            &small + 1,
            a.greater(&b),
        ];
        for (i, expr) in maps.iter().enumerate() {
            assert_eq!(map(expr, elems), values(expr), "map {i}, tiles of {elems}");
        }
        let sums =
            [a.sum(), (&a * &b).sum(), a.slice(s![..; -1]).sum(), t.slice(s![.., 2..]).max(), small.sum()];
        for (i, expr) in sums.iter().enumerate() {
            assert_eq!(vec![reduce(expr, elems)], values(expr), "reduction {i}, tiles of {elems}");
        }
        let axes = [t.sum_along(0), t.sum_along(1), (&t * &u).max_along(1), t.transpose().argmax(1)];
        for (i, expr) in axes.iter().enumerate() {
            assert_eq!(along(expr, elems), values(expr), "along axes {i}, tiles of {elems}");
        }
    }
}
