//! Transfers between accounts, bare and with work in the body.

use std::hint::black_box;
use std::time::{Duration, Instant};

use stm_engine::{TVar, atomically};
use tx_runtime::park::Mutex;

use super::{FAST_STM, MUTEXES, ONE_LOCK, ROUNDS, Random, STM_CORE, contest, share};
use crate::{Contest, Row};

const ACCOUNTS: usize = 1000;

/// Arithmetic that takes a given time on this machine, today.
#[derive(Clone, Copy)]
struct Work {
    steps: usize,
}

impl Work {
    const NONE: Self = Self { steps: 0 };

    /// So many steps as take this time, when nobody disturbs them: the quickest of many trials says.
    fn of(time: Duration) -> Self {
        let trial = Self { steps: 2000 };
        let once = |_| {
            let start = Instant::now();
            trial.run();
            start.elapsed()
        };
        let quickest = (0..200).map(once).min().unwrap_or(Duration::from_nanos(1));
        Self { steps: (trial.steps as f64 * time.as_secs_f64() / quickest.as_secs_f64()) as usize }
    }

    #[inline]
    fn run(self) {
        // Each step waits for the one before it, so all run alike however they are compiled into their bodies.
        let mut x = 1.0_f64;
        for _ in 0..self.steps {
            x = black_box(x * 0.999 + 0.5);
        }
    }
}

pub(super) fn rows(threads: &[usize]) -> Vec<Row> {
    let mut rows = bank("stm/bank/tiny", threads, 100_000, Work::NONE);
    rows.extend(bank("stm/bank/4us", threads, 3_000, Work::of(Duration::from_micros(4))));
    rows
}

struct Accounts {
    ours: Vec<TVar<i64>>,
    fast: Vec<fast_stm::TVar<i64>>,
    core: Vec<stm_core::TVar<i64>>,
    mutexes: Vec<Mutex<i64>>,
    whole: Mutex<Vec<i64>>,
    unguarded: Vec<std::sync::atomic::AtomicI64>,
}

fn bank(id: &str, threads: &[usize], operations: usize, work: Work) -> Vec<Row> {
    fn all<V>(account: impl Fn(i64) -> V) -> Vec<V> {
        (0..ACCOUNTS).map(|_| account(100)).collect()
    }
    let accounts = Accounts {
        ours: all(TVar::new),
        fast: all(fast_stm::TVar::new),
        core: all(stm_core::TVar::new),
        mutexes: all(Mutex::new),
        whole: Mutex::new(vec![100; ACCOUNTS]),
        unguarded: all(Into::into),
    };
    let contests = threads.iter().map(|&n| transfers(id, n, operations, work, &accounts)).collect();
    Contest::together(contests, ROUNDS)
}

fn pair(random: &mut Random) -> (usize, usize) {
    let from = random.below(ACCOUNTS);
    // Two different ones.
    (from, (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS)
}

fn transfers<'a>(id: &str, threads: usize, operations: usize, work: Work, all: &'a Accounts) -> Contest<'a> {
    let Accounts { ours, fast, core, mutexes, whole, unguarded } = all;
    let share = move |transfer: &(dyn Fn(usize, usize) + Sync)| {
        share(threads, operations, |random| {
            let (from, to) = pair(random);
            transfer(from, to);
        })
    };
    let mut contest = contest(id, operations)
        .threads(threads)
        .ours(move || {
            share(&|from, to| {
                atomically(|tx| {
                    tx.modify(&ours[from], |x| x - 1)?;
                    work.run();
                    tx.modify(&ours[to], |x| x + 1)
                });
            })
        })
        .rival(FAST_STM, move || {
            share(&|from, to| {
                fast_stm::atomically(|tx| {
                    fast[from].modify(tx, |x| x - 1)?;
                    work.run();
                    fast[to].modify(tx, |x| x + 1)
                });
            })
        })
        .rival(STM_CORE, move || {
            share(&|from, to| {
                stm_core::atomically(|tx| {
                    core[from].modify(tx, |x| x - 1)?;
                    work.run();
                    core[to].modify(tx, |x| x + 1)
                });
            })
        })
        .rival(MUTEXES, move || {
            share(&|from, to| {
                // The one with the smaller number first, or two transfers could wait for each other.
                let mut low = mutexes[from.min(to)].lock();
                let mut high = mutexes[from.max(to)].lock();
                let (from, to) = if from < to { (&mut *low, &mut *high) } else { (&mut *high, &mut *low) };
                *from -= 1;
                work.run();
                *to += 1;
            })
        })
        .rival(ONE_LOCK, move || {
            share(&|from, to| {
                let mut accounts = whole.lock();
                accounts[from] -= 1;
                work.run();
                accounts[to] += 1;
            })
        });
    if work.steps > 0 {
        contest = contest.rival("alone", move || {
            share(&|from, to| {
                unguarded[from].fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                work.run();
                unguarded[to].fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            })
        });
    }
    contest
}
