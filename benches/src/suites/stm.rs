//! Transactions beside the other engines that Rust programmers use, and beside the locks that they replace.
//!
//! | rival | what it is |
//! |---|---|
//! | `fast-stm`, `stm-core` | the two engines in use; the first is a faster child of the second |
//! | `mutex-per-var` | `parking_lot`, one for each variable; several are taken in one order and held together |
//! | `one-lock` | one `parking_lot` mutex around everything |
//! | `dashmap`, `condvar` | what one would take instead for a set, and to wait |
//! | `alone` | the work of a body and nothing around it |
//!
//! All do the same work on the same data, each through its ordinary interface. The single-thread rows are what a
//! transaction costs when nobody disturbs it. `bank` moves money between 1000 accounts: `tiny` is all protocol, `4us`
//! adds four microseconds of arithmetic to the body. Several threads share the operations, so a row that scales
//! halves its time; rows of one id run in the same rounds.

mod audit;
mod bank;
mod basic;
mod cores;
mod counter;
mod handover;
mod list;
mod set;

use std::thread;
use std::time::Duration;

use crate::{Contest, Row, Suite, Unit, timed};

pub(crate) const SUITE: Suite =
    Suite { name: "stm", about: "stm-engine beside fast-stm, stm-core, mutexes, one lock, dashmap", run };

/// Odd, so that a median is a turn.
const ROUNDS: usize = 11;

const FAST_STM: &str = "fast-stm";
const STM_CORE: &str = "stm-core";
const MUTEXES: &str = "mutex-per-var";
const ONE_LOCK: &str = "one-lock";

fn run(threads: &[usize]) -> Vec<Row> {
    let mut rows = basic::rows();
    rows.extend(bank::rows(threads));
    rows.extend(counter::rows(threads));
    rows.extend(audit::rows());
    rows.extend(set::rows(threads));
    rows.extend(list::rows(threads));
    rows.extend(handover::rows());
    rows
}

fn contest<'a>(id: impl Into<String>, operations: usize) -> Contest<'a> {
    Contest::new(id, Unit::NsPerOp, operations)
}

/// Numbers in no order, the same every time (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn of_thread(id: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (id as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * bound as u128) >> 64) as usize
    }
}

/// `operations` calls, shared among the threads.
fn share(threads: usize, operations: usize, operation: impl Fn(&mut Random) + Sync) -> Duration {
    let work = |id| {
        let mut random = Random::of_thread(id);
        (0..operations / threads).for_each(|_| operation(&mut random));
    };
    if threads == 1 {
        return timed(|| work(0));
    }
    timed(|| {
        thread::scope(|scope| {
            for id in 0..threads {
                let work = &work;
                scope.spawn(move || {
                    cores::stay_on(id);
                    work(id);
                });
            }
        });
    })
}
