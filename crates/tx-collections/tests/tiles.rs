//! Tiles are the unit of conflict, and what is moved into them is checked.

use std::panic::{AssertUnwindSafe, catch_unwind};

use array_core::{Array, BlockPool, DType, Layout, s};
use stm_engine::{Engine, TVar, atomically};
use tx_collections::{Grid, TArray, fill, tarray};

#[test]
fn a_view_conflicts_with_the_tiles_it_shows_and_no_others() {
    let array = TArray::with_tile_elems(&Array::arange(0, 100, 1), 10).unwrap();
    let (part, out) = (array.view().at(s![25..41]), TVar::new(0));
    // Written between the reading and the commit: before, first, last and after the tiles 2..5.
    for (at, commits) in [(19, true), (20, false), (49, false), (50, true)] {
        let prepared = Engine::global()
            .prepare(|tx| {
                let shown = tarray::read(&part, tx)?;
                assert_eq!(shown.to_vec::<i64>()?, (25..41).collect::<Vec<_>>());
                tx.set(&out, at)
            })
            .unwrap();
        atomically(|tx| array.set(tx, &[at], at as i64));
        assert_eq!(prepared.commit().is_ok(), commits, "element {at}");
    }
    let nothing = atomically(|tx| tarray::read(&array.view().at(s![7..7]), tx));
    assert_eq!(nothing.shape(), [0]);
}

#[test]
fn views_are_written_across_tiles_in_any_direction() {
    let array = TArray::with_tile_elems(&Array::zeros([6, 7]), 10).unwrap();
    atomically(|tx| array.assign(tx, s![4..1;-1, 1..;3], Array::arange(0, 6, 1).reshape([3, 2])));
    let mut expected = [0.0; 42];
    for (k, (row, column)) in [(4, 1), (4, 4), (3, 1), (3, 4), (2, 1), (2, 4)].into_iter().enumerate() {
        expected[row * 7 + column] = k as f64;
    }
    assert_eq!(array.load().to_vec::<f64>().unwrap(), expected);
    let back = atomically(|tx| tarray::read(&array.view().at(s![4..1;-1, 1..;3]), tx));
    assert_eq!(back.to_vec::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn elements_outside_the_tiles_are_refused() {
    let grid = Grid::new(&[10], 8);
    let value = Array::ones([2]);
    let layout =
        |strides: &[isize], offset| Layout { shape: [2][..].into(), strides: strides.into(), offset };
    for (bad, first, tiles) in [
        (layout(&[1], -1), 0, 2),
        (layout(&[1], 9), 0, 2),
        // In the last tile, which is shorter than the others.
        (layout(&[1], 14), 1, 1),
        (layout(&[7], 1), 0, 1),
        (layout(&[7], 1), 1, 1),
        (layout(&[isize::MIN], 0), 0, 2),
        (layout(&[1, 9], 0), 0, 2),
        (layout(&[], 0), 0, 2),
    ] {
        let mut blocks: Vec<_> = (first..first + tiles)
            .map(|tile| BlockPool::shared().take_zeroed(DType::F64, grid.range(tile).len()).unwrap())
            .collect();
        let filled = catch_unwind(AssertUnwindSafe(|| fill::fill(&value, &bad, &grid, first, &mut blocks)));
        assert!(filled.is_err(), "{bad:?}");
        for block in blocks {
            assert!(block.freeze_zeros().is_ok(), "untouched");
        }
    }
}
