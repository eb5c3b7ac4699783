//! Reading many variables beside a writer: how long it takes, and what is seen on the way.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use stm_engine::{TVar, atomically, snapshot};
use tx_runtime::park::{Mutex, MutexGuard};

use super::cores::stay_on;
use super::{FAST_STM, MUTEXES, ONE_LOCK, ROUNDS, Random, STM_CORE, contest};
use crate::{Row, Unit, timed};

const VARS: usize = 100;
const AUDITS: usize = 300;

pub(super) fn rows() -> Vec<Row> {
    vec![audit(), zombies()]
}

/// Time `work` while another thread writes.
fn beside(write: impl Fn(usize, usize) + Sync, work: impl FnOnce() + Send) -> Duration {
    let (started, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            stay_on(1);
            let mut random = Random::of_thread(1);
            while !done.load(Relaxed) {
                write(random.below(VARS), random.below(VARS));
                started.store(true, Relaxed);
            }
        });
        let reader = scope.spawn(|| {
            stay_on(0);
            let _stop = Stop(&done);
            while !started.load(Relaxed) {
                spin_loop();
            }
            timed(work)
        });
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Ends the writer, also when a reader has found something wrong.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The sum of 100 accounts at one moment, while one thread moves money.
fn audit() -> Row {
    const SUM: i64 = 100 * VARS as i64;
    fn all<V>(account: impl Fn(i64) -> V) -> Vec<V> {
        (0..VARS).map(|_| account(100)).collect()
    }
    let audits = |sum: &(dyn Fn() -> i64 + Sync)| (0..AUDITS).for_each(|_| assert_eq!(sum(), SUM));
    let (ours, mutexes) = (all(TVar::new), all(Mutex::new));
    let (fast, core) = (all(fast_stm::TVar::new), all(stm_core::TVar::new));
    let whole = Mutex::new(vec![100_i64; VARS]);
    contest("stm/audit", AUDITS)
        .threads(2)
        .ours(|| {
            let write = |from: usize, to: usize| {
                atomically(|tx| {
                    tx.modify(&ours[from], |x| x - 1)?;
                    tx.modify(&ours[to], |x| x + 1)
                });
            };
            beside(write, || audits(&|| snapshot(|view| ours.iter().map(|v| *view.get(v)).sum())))
        })
        .rival(FAST_STM, || {
            let write = |from: usize, to: usize| {
                fast_stm::atomically(|tx| {
                    fast[from].modify(tx, |x| x - 1)?;
                    fast[to].modify(tx, |x| x + 1)
                });
            };
            let sum = || fast_stm::atomically(|tx| fast.iter().try_fold(0, |sum, v| Ok(sum + v.read(tx)?)));
            beside(write, || audits(&sum))
        })
        .rival(STM_CORE, || {
            let write = |from: usize, to: usize| {
                stm_core::atomically(|tx| {
                    core[from].modify(tx, |x| x - 1)?;
                    core[to].modify(tx, |x| x + 1)
                });
            };
            let sum = || stm_core::atomically(|tx| core.iter().try_fold(0, |sum, v| Ok(sum + v.read(tx)?)));
            beside(write, || audits(&sum))
        })
        .rival(MUTEXES, || {
            let write = |from: usize, to: usize| {
                if from != to {
                    let (mut a, mut b) = (mutexes[from.min(to)].lock(), mutexes[from.max(to)].lock());
                    *a -= 1;
                    *b += 1;
                }
            };
            // One moment means all of them at once.
            let sum = || {
                let held: Vec<MutexGuard<'_, i64>> = mutexes.iter().map(Mutex::lock).collect();
                held.iter().map(|account| **account).sum()
            };
            beside(write, || audits(&sum))
        })
        .rival(ONE_LOCK, || {
            let write = |from: usize, to: usize| {
                let mut accounts = whole.lock();
                accounts[from] -= 1;
                accounts[to] += 1;
            };
            beside(write, || audits(&|| whole.lock().iter().sum()))
        })
        .run(ROUNDS)
}

/// How long bodies are watched for impossible views, each round.
const WATCH: Duration = Duration::from_millis(30);

/// Views in a second, inside bodies, of two variables that always move together and are seen apart.
fn zombies() -> Row {
    fn pair<V>(var: impl Fn(u64) -> V) -> [V; 2] {
        [var(0), var(0)]
    }
    let (ours, fast, core) = (pair(TVar::new), pair(fast_stm::TVar::new), pair(stm_core::TVar::new));
    let watch = |write: &(dyn Fn() + Sync), look: &(dyn Fn(&AtomicU64) + Sync)| {
        let seen = AtomicU64::new(0);
        let mut time = Duration::ZERO;
        beside(
            |_, _| write(),
            || {
                let start = Instant::now();
                while time < WATCH {
                    (0..100).for_each(|_| look(&seen));
                    time = start.elapsed();
                }
            },
        );
        seen.into_inner() as f64 / time.as_secs_f64()
    };
    // Between the two reads, as long as a body that computes something.
    let think = || (0..20).for_each(|_| spin_loop());
    let note = |seen: &AtomicU64, a: u64, b: u64| {
        seen.fetch_add(u64::from(a != b), Relaxed);
    };
    let rates = |_| {
        let ours =
            watch(&|| atomically(|tx| ours.iter().try_for_each(|v| tx.modify(v, |n| n + 1))), &|seen| {
                atomically(|tx| {
                    let a = *tx.get(&ours[0])?;
                    think();
                    note(seen, a, *tx.get(&ours[1])?);
                    Ok(())
                });
            });
        let fast = watch(
            &|| fast_stm::atomically(|tx| fast.iter().try_for_each(|v| v.modify(tx, |n| n + 1))),
            &|seen| {
                fast_stm::atomically(|tx| {
                    let a = fast[0].read(tx)?;
                    think();
                    note(seen, a, fast[1].read(tx)?);
                    Ok(())
                });
            },
        );
        let core = watch(
            &|| stm_core::atomically(|tx| core.iter().try_for_each(|v| v.modify(tx, |n| n + 1))),
            &|seen| {
                stm_core::atomically(|tx| {
                    let a = core[0].read(tx)?;
                    think();
                    note(seen, a, core[1].read(tx)?);
                    Ok(())
                });
            },
        );
        [ours, fast, core]
    };
    let rounds: Vec<_> = (0..ROUNDS).map(rates).collect();
    let median = |who: usize| {
        let mut rates: Vec<_> = rounds.iter().map(|rates| rates[who]).collect();
        rates.sort_by(f64::total_cmp);
        rates[ROUNDS / 2]
    };
    // Ours must be none at all, not none in the middle.
    let ours = rounds.iter().map(|rates| rates[0]).fold(0.0, f64::max);
    let rivals = [(FAST_STM, 1), (STM_CORE, 2)].map(|(name, who)| (name.to_owned(), median(who)));
    Row { id: "stm/zombies".into(), unit: Unit::PerSecond, ours, rivals: rivals.into(), threads: 2 }
}
