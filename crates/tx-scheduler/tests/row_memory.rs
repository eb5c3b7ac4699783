//! Rows are taken for arrays, and not for a tile at a time: what lies in them stays a small multiple of what there is.

use array_core::{Array, BlockPool, DType, TileBuf};
use tx_scheduler::{Config, Session};

/// One test, since all count in the pool that sessions share.
#[test]
fn what_lies_in_rows_is_bounded() {
    arrays_that_are_replaced_again_and_again_keep_no_rows();
    no_rows_are_taken_while_much_of_others_is_dead();
}

fn arrays_that_are_replaced_again_and_again_keep_no_rows() {
    const N: usize = 1_000_000;
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap());
        let mut arrays: Vec<_> =
            (0..2).map(|_| session.array(Array::linspace(0.0, 1.0, N)).unwrap()).collect();
        let mut most = 0;
        for _ in 0..60 {
            for array in &mut arrays {
                *array = session.array(array.read() * 0.5 + 1.0).unwrap();
            }
            // A mask that is dropped leaves its blocks where tiles that died wait to be used again.
            let mask = session.array(arrays[0].read().greater(0.5)).unwrap();
            session.item(mask.read().count_nonzero(..)).unwrap();
            most = most.max(BlockPool::shared().row_bytes());
        }
        // Two arrays, and two that replace them.
        assert!(most <= 5 * N * size_of::<f64>(), "{most} bytes in rows");
    }
}

fn no_rows_are_taken_while_much_of_others_is_dead() {
    const N: usize = 1_000_000;
    let pool = BlockPool::shared();
    let mut session = Session::new(Config::single_thread());
    let mut grown = || {
        let before = pool.row_bytes();
        let array = session.array(Array::linspace(0.0, 1.0, N)).unwrap();
        session.finish().unwrap();
        let grown = pool.row_bytes() - before;
        drop(array);
        // The next statement lets it go.
        session.array(Array::zeros([1])).unwrap();
        grown
    };
    assert!(grown() > 0);
    let survivors: Vec<TileBuf> =
        (0..20).filter_map(|_| pool.take_row(DType::F64, 1 << 16, 8).unwrap().pop()).collect();
    assert!(pool.dead_row_bytes() > 64 << 20);
    assert_eq!(grown(), 0);
    drop(survivors);
    assert!(grown() > 0);
    assert_eq!(pool.dead_row_bytes(), 0);
}
