//! One thread: what an increment, a read and a read with a write cost.

use std::hint::black_box;
use std::time::Duration;

use stm_engine::{TVar, atomically};
use tx_runtime::park::Mutex;

use super::{FAST_STM, MUTEXES, ONE_LOCK, ROUNDS, STM_CORE, contest};
use crate::{Row, timed};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![increment()];
    rows.extend([1, 10, 100].map(read_only));
    rows.extend([10, 100].map(read_write));
    rows
}

fn increment() -> Row {
    const N: usize = 100_000;
    let (ours, mutex) = (TVar::new(0_u64), Mutex::new(0_u64));
    let (fast, core) = (fast_stm::TVar::new(0_u64), stm_core::TVar::new(0_u64));
    contest("stm/increment", N)
        .ours(|| timed(|| (0..N).for_each(|_| atomically(|tx| tx.modify(&ours, |n| n + 1)))))
        .rival(FAST_STM, || {
            timed(|| (0..N).for_each(|_| fast_stm::atomically(|tx| fast.modify(tx, |n| n + 1))))
        })
        .rival(STM_CORE, || {
            timed(|| (0..N).for_each(|_| stm_core::atomically(|tx| core.modify(tx, |n| n + 1))))
        })
        .rival(MUTEXES, || timed(|| (0..N).for_each(|_| *black_box(&mutex).lock() += 1)))
        .run(ROUNDS)
}

fn read_only(vars: usize) -> Row {
    let n = 300_000 / vars;
    let numbers = 0..vars as u64;
    let ours: Vec<_> = numbers.clone().map(TVar::new).collect();
    let fast: Vec<_> = numbers.clone().map(fast_stm::TVar::new).collect();
    let core: Vec<_> = numbers.clone().map(stm_core::TVar::new).collect();
    let mutexes: Vec<_> = numbers.clone().map(Mutex::new).collect();
    let whole = Mutex::new(numbers.collect::<Vec<_>>());
    contest(format!("stm/read-only/{vars}"), n)
        .ours(|| repeat(n, || atomically(|tx| ours.iter().try_fold(0, |sum, v| Ok(sum + tx.get(v)?)))))
        .rival(FAST_STM, || {
            repeat(n, || fast_stm::atomically(|tx| fast.iter().try_fold(0, |sum, v| Ok(sum + v.read(tx)?))))
        })
        .rival(STM_CORE, || {
            repeat(n, || stm_core::atomically(|tx| core.iter().try_fold(0, |sum, v| Ok(sum + v.read(tx)?))))
        })
        // One after the other: cheaper than a consistent view of them, which a transaction gives.
        .rival(MUTEXES, || repeat(n, || black_box(&mutexes).iter().map(|v| *v.lock()).sum::<u64>()))
        .rival(ONE_LOCK, || repeat(n, || black_box(&whole).lock().iter().sum::<u64>()))
        .run(ROUNDS)
}

fn read_write(vars: usize) -> Row {
    let n = 100_000 / vars;
    let numbers = 0..vars as u64;
    let ours: Vec<_> = numbers.clone().map(TVar::new).collect();
    let fast: Vec<_> = numbers.clone().map(fast_stm::TVar::new).collect();
    let core: Vec<_> = numbers.clone().map(stm_core::TVar::new).collect();
    let mutexes: Vec<_> = numbers.clone().map(Mutex::new).collect();
    let whole = Mutex::new(numbers.collect::<Vec<_>>());
    contest(format!("stm/read-write/{vars}"), n)
        .ours(|| repeat(n, || atomically(|tx| ours.iter().try_for_each(|v| tx.modify(v, |x| x + 1)))))
        .rival(FAST_STM, || {
            repeat(n, || fast_stm::atomically(|tx| fast.iter().try_for_each(|v| v.modify(tx, |x| x + 1))))
        })
        .rival(STM_CORE, || {
            repeat(n, || stm_core::atomically(|tx| core.iter().try_for_each(|v| v.modify(tx, |x| x + 1))))
        })
        .rival(MUTEXES, || repeat(n, || black_box(&mutexes).iter().for_each(|v| *v.lock() += 1)))
        .rival(ONE_LOCK, || repeat(n, || black_box(&whole).lock().iter_mut().for_each(|x| *x += 1)))
        .run(ROUNDS)
}

fn repeat<R>(times: usize, operation: impl Fn() -> R) -> Duration {
    timed(|| {
        for _ in 0..times {
            black_box(operation());
        }
    })
}
