//! Rows are taken for arrays, and not for a tile at a time: what lies in them stays a small multiple of what there is.

use array_core::{Array, BlockPool};
use tx_scheduler::{Config, Session};

#[test]
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

#[test]
fn no_more_than_a_limit_is_dead_in_rows() {
    const N: usize = 600_000;
    let mut session = Session::new(Config::single_thread());
    let x = session.array(Array::linspace(0.0, 1.0, N)).unwrap();
    let mut u = session.array(Array::linspace(1.0, 2.0, N)).unwrap();
    for round in 0..200 {
        // New memory, which dies beside what replaces it.
        let step = session.array(x.read() * f64::from(round)).unwrap();
        u = session.array(u.read() * 0.5 + step.read()).unwrap();
        drop(step);
        if round % 3 == 0 {
            session.item(u.read().greater(0.5).count_nonzero(..)).unwrap();
        }
        let (dead, all) = (BlockPool::shared().dead_row_bytes(), BlockPool::shared().row_bytes());
        assert!(dead <= 80 << 20 && all <= 128 << 20, "{dead} bytes of {all} are dead, round {round}");
    }
}
