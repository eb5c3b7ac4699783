//! A token that two threads hand to each other, each waiting for it: microseconds for a round trip.
//!
//! Where the two run decides: on two cores the one that waits can look for the token, or must be woken from its sleep; on
//! one core it can only get out of the way. Left alone, the kernel puts a pair like this on one core or on two, and
//! keeps it there. So both are measured, with the threads bound to their cores.

use std::thread;
use std::time::Duration;

use stm_engine::{TVar, atomically};
use tx_runtime::park::{Condvar, Mutex};

use super::cores::stay_on;
use super::{FAST_STM, ROUNDS, STM_CORE};
use crate::{Contest, Row, Unit, timed};

const TRIPS: usize = 1_000;

pub(super) fn rows() -> Vec<Row> {
    let contests =
        vec![handover("stm/retry-handover", [0, 1]), handover("stm/retry-handover/one-core", [0, 0])];
    Contest::together(contests, ROUNDS)
}

/// `pass(me)` waits until it is the turn of `me`, 0 or 1, and makes it the other's.
fn trips(cores: [usize; 2], pass: impl Fn(usize) + Sync) -> Duration {
    timed(|| {
        thread::scope(|scope| {
            for (me, core) in cores.into_iter().enumerate() {
                let pass = &pass;
                scope.spawn(move || {
                    stay_on(core);
                    (0..TRIPS).for_each(|_| pass(me));
                });
            }
        });
    })
}

fn handover(id: &str, cores: [usize; 2]) -> Contest<'static> {
    let (ours, fast, core) = (TVar::new(0), fast_stm::TVar::new(0), stm_core::TVar::new(0));
    let (lock, changed) = (Mutex::new(0), Condvar::new());
    Contest::new(id, Unit::UsPerOp, TRIPS)
        .threads(2)
        .ours(move || {
            trips(cores, |me| {
                atomically(|tx| if *tx.get(&ours)? == me { tx.set(&ours, 1 - me) } else { tx.retry() });
            })
        })
        .rival(FAST_STM, move || {
            trips(cores, |me| {
                fast_stm::atomically(|tx| {
                    if fast.read(tx)? == me { fast.write(tx, 1 - me) } else { fast_stm::retry() }
                });
            })
        })
        .rival(STM_CORE, move || {
            trips(cores, |me| {
                stm_core::atomically(|tx| {
                    if core.read(tx)? == me { core.write(tx, 1 - me) } else { stm_core::retry() }
                });
            })
        })
        .rival("condvar", move || {
            trips(cores, |me| {
                let mut turn = lock.lock();
                while *turn != me {
                    changed.wait(&mut turn);
                }
                *turn = 1 - me;
                changed.notify_one();
            })
        })
}
