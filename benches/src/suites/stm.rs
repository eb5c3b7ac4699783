//! Transactions beside the other engine that Rust programmers use, a mutex per variable, and one lock for all.
//!
//! The single-thread rows are what a transaction costs when nobody disturbs it. The `bank` rows move money
//! between 1000 accounts: `tiny` is all protocol, `4us` adds four microseconds of arithmetic to the body, which
//! one lock for all cannot run in parallel and transactions can. Several threads share the operations, so a row
//! that scales halves its time.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use fast_stm::{TVar as FastVar, atomically as fast};
use stm_engine::{TVar, atomically};
use tx_runtime::park::Mutex;

use crate::{Contest, Row, Suite, Unit, timed};

pub(crate) const SUITE: Suite =
    Suite { name: "stm", about: "stm-engine beside fast-stm, a mutex per variable, one lock", run };

const ROUNDS: usize = 11;
const ACCOUNTS: usize = 1000;

fn run(threads: &[usize]) -> Vec<Row> {
    let mut rows = vec![increment()];
    rows.extend([1, 10, 100].map(read_only));
    rows.extend([10, 100].map(read_write));
    for &n in threads {
        rows.push(bank("stm/bank/tiny", n, 200_000, 0));
        rows.push(bank("stm/bank/4us", n, 20_000, 4));
        rows.push(hot_counter(n));
    }
    rows
}

fn contest<'a>(id: impl Into<String>, operations: usize) -> Contest<'a> {
    Contest::new(id, Unit::NsPerOp, operations)
}

fn increment() -> Row {
    const N: usize = 200_000;
    let (ours, theirs, mutex) = (TVar::new(0_u64), FastVar::new(0_u64), Mutex::new(0_u64));
    contest("stm/increment", N)
        .ours(|| timed(|| (0..N).for_each(|_| atomically(|tx| tx.modify(&ours, |n| n + 1)))))
        .rival("fast-stm", || timed(|| (0..N).for_each(|_| fast(|tx| theirs.modify(tx, |n| n + 1)))))
        .rival("mutex", || timed(|| (0..N).for_each(|_| *black_box(&mutex).lock() += 1)))
        .run(ROUNDS)
}

fn read_only(vars: usize) -> Row {
    let n = 1_000_000 / vars;
    let ours: Vec<_> = (0..vars as u64).map(TVar::new).collect();
    let theirs: Vec<_> = (0..vars as u64).map(FastVar::new).collect();
    let mutexes: Vec<_> = (0..vars as u64).map(Mutex::new).collect();
    let whole = Mutex::new((0..vars as u64).collect::<Vec<_>>());
    contest(format!("stm/read-only/{vars}"), n)
        .ours(|| {
            timed(|| {
                for _ in 0..n {
                    black_box(atomically(|tx| ours.iter().try_fold(0, |sum, v| Ok(sum + tx.get(v)?))));
                }
            })
        })
        .rival("fast-stm", || {
            timed(|| {
                for _ in 0..n {
                    black_box(fast(|tx| theirs.iter().try_fold(0, |sum, v| Ok(sum + v.read(tx)?))));
                }
            })
        })
        .rival("mutexes", || {
            timed(|| {
                for _ in 0..n {
                    black_box(black_box(&mutexes).iter().map(|v| *v.lock()).sum::<u64>());
                }
            })
        })
        .rival("one-lock", || {
            timed(|| {
                for _ in 0..n {
                    black_box(black_box(&whole).lock().iter().sum::<u64>());
                }
            })
        })
        .run(ROUNDS)
}

fn read_write(vars: usize) -> Row {
    let n = 200_000 / vars;
    let ours: Vec<_> = (0..vars as u64).map(TVar::new).collect();
    let theirs: Vec<_> = (0..vars as u64).map(FastVar::new).collect();
    let mutexes: Vec<_> = (0..vars as u64).map(Mutex::new).collect();
    contest(format!("stm/read-write/{vars}"), n)
        .ours(|| {
            timed(|| {
                for _ in 0..n {
                    atomically(|tx| ours.iter().try_for_each(|v| tx.modify(v, |x| x + 1)));
                }
            })
        })
        .rival("fast-stm", || {
            timed(|| {
                for _ in 0..n {
                    fast(|tx| theirs.iter().try_for_each(|v| v.modify(tx, |x| x + 1)));
                }
            })
        })
        .rival("mutexes", || {
            timed(|| (0..n).for_each(|_| black_box(&mutexes).iter().for_each(|v| *v.lock() += 1)))
        })
        .run(ROUNDS)
}

/// Numbers in no order, the same every time.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 20) as usize
}

/// About so many microseconds of arithmetic.
fn work(us: u32) {
    for i in 0..us * 250 {
        black_box(black_box(f64::from(i)).sqrt());
    }
}

/// `operations` transfers, shared among the threads.
fn share(threads: usize, operations: usize, transfer: impl Fn(usize, usize) + Sync) -> Duration {
    timed(|| {
        thread::scope(|scope| {
            for id in 0..threads {
                let transfer = &transfer;
                scope.spawn(move || {
                    let mut state = 0x9e37_79b9 + id as u64;
                    for _ in 0..operations / threads {
                        transfer(random(&mut state) % ACCOUNTS, random(&mut state) % ACCOUNTS);
                    }
                });
            }
        });
    })
}

fn bank(id: &str, threads: usize, operations: usize, us: u32) -> Row {
    let ours: Vec<_> = (0..ACCOUNTS).map(|_| TVar::new(100_i64)).collect();
    let theirs: Vec<_> = (0..ACCOUNTS).map(|_| FastVar::new(100_i64)).collect();
    let whole = Mutex::new(vec![100_i64; ACCOUNTS]);
    contest(id, operations)
        .threads(threads)
        .ours(|| {
            share(threads, operations, |from, to| {
                atomically(|tx| {
                    tx.modify(&ours[from], |x| x - 1)?;
                    work(us);
                    tx.modify(&ours[to], |x| x + 1)
                });
            })
        })
        .rival("fast-stm", || {
            share(threads, operations, |from, to| {
                fast(|tx| {
                    theirs[from].modify(tx, |x| x - 1)?;
                    work(us);
                    theirs[to].modify(tx, |x| x + 1)
                });
            })
        })
        .rival("one-lock", || {
            share(threads, operations, |from, to| {
                let mut accounts = whole.lock();
                accounts[from] -= 1;
                work(us);
                accounts[to] += 1;
            })
        })
        .run(ROUNDS)
}

fn hot_counter(threads: usize) -> Row {
    const N: usize = 200_000;
    let (ours, theirs, mutex) = (TVar::new(0_u64), FastVar::new(0_u64), Mutex::new(0_u64));
    contest("stm/counter/hot", N)
        .threads(threads)
        .ours(|| share(threads, N, |_, _| atomically(|tx| tx.modify(&ours, |n| n + 1))))
        .rival("fast-stm", || share(threads, N, |_, _| fast(|tx| theirs.modify(tx, |n| n + 1))))
        .rival("mutex", || share(threads, N, |_, _| *mutex.lock() += 1))
        .run(ROUNDS)
}
