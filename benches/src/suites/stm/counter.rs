//! One counter that all threads add to.

use stm_engine::{Commute, TVar, atomically};
use tx_runtime::park::Mutex;

use super::{FAST_STM, MUTEXES, ROUNDS, STM_CORE, contest, share};
use crate::{Contest, Row};

const N: usize = 100_000;

/// What the others have, in both rows: they know no commuting writes.
struct Rivals {
    fast: fast_stm::TVar<u64>,
    core: stm_core::TVar<u64>,
    mutex: Mutex<u64>,
}

impl Rivals {
    fn join<'a>(&'a self, contest: Contest<'a>, threads: usize) -> Contest<'a> {
        let Self { fast, core, mutex } = self;
        contest
            .threads(threads)
            .rival(FAST_STM, move || {
                share(threads, N, |_| fast_stm::atomically(|tx| fast.modify(tx, |n| n + 1)))
            })
            .rival(STM_CORE, move || {
                share(threads, N, |_| stm_core::atomically(|tx| core.modify(tx, |n| n + 1)))
            })
            .rival(MUTEXES, move || share(threads, N, |_| *mutex.lock() += 1))
    }
}

pub(super) fn rows(threads: &[usize]) -> Vec<Row> {
    let (hot, commuting) = (TVar::new(0_u64), TVar::new(0_u64));
    let (hot, commuting) = (&hot, &commuting);
    let rivals = Rivals { fast: fast_stm::TVar::new(0), core: stm_core::TVar::new(0), mutex: Mutex::new(0) };
    let contests = threads.iter().flat_map(|&threads| {
        let read_and_write = contest("stm/counter/hot", N)
            .ours(move || share(threads, N, |_| atomically(|tx| tx.modify(hot, |n| n + 1))));
        let commute = contest("stm/counter/commute", N)
            .ours(move || share(threads, N, |_| atomically(|tx| tx.commute(commuting, Commute::Add(1)))));
        [rivals.join(read_and_write, threads), rivals.join(commute, threads)]
    });
    Contest::together(contests.collect(), ROUNDS)
}
