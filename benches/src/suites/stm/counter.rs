//! One counter that all threads add to.

use stm_engine::{TVar, atomically};
use tx_runtime::park::Mutex;

use super::{FAST_STM, MUTEXES, ROUNDS, STM_CORE, contest, share};
use crate::{Contest, Row};

const N: usize = 100_000;

pub(super) fn rows(threads: &[usize]) -> Vec<Row> {
    let (ours, mutex) = (TVar::new(0_u64), Mutex::new(0_u64));
    let (fast, core) = (fast_stm::TVar::new(0_u64), stm_core::TVar::new(0_u64));
    let (ours, mutex, fast, core) = (&ours, &mutex, &fast, &core);
    let contests = threads.iter().map(|&threads| {
        contest("stm/counter/hot", N)
            .threads(threads)
            .ours(move || share(threads, N, |_| atomically(|tx| tx.modify(ours, |n| n + 1))))
            .rival(FAST_STM, move || {
                share(threads, N, |_| fast_stm::atomically(|tx| fast.modify(tx, |n| n + 1)))
            })
            .rival(STM_CORE, move || {
                share(threads, N, |_| stm_core::atomically(|tx| core.modify(tx, |n| n + 1)))
            })
            .rival(MUTEXES, move || share(threads, N, |_| *mutex.lock() += 1))
    });
    Contest::together(contests.collect(), ROUNDS)
}
