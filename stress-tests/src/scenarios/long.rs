//! Long transactions beside short ones.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::yield_now;

use stm_engine::{Abort, Cause, Engine, TVar, Txn};

use crate::{Round, Scenario};

pub(crate) const READER: Scenario = Scenario {
    name: "long-reader",
    about: "a reader of many variables that many writers make lose, or that sees two moments",
    round: reader,
};

pub(crate) const UPDATER: Scenario = Scenario {
    name: "long-updater",
    about: "a long update that short ones starve: more attempts than the bound",
    round: updater,
};

const VARS: usize = 256;
const READS: usize = 4;
const UPDATES: usize = 5;
/// Losses in a row after which a body is preferred to those that have none.
const PREFERRED: u64 = 16;

/// Each writer keeps the sum of its own variables: one goes up, its neighbour down.
fn write_until(done: &AtomicBool, engine: &Engine, pairs: &[(&TVar<i64>, &TVar<i64>)]) -> u64 {
    let mut commits = 0;
    while !done.load(Ordering::Relaxed) {
        for (up, down) in pairs {
            engine.atomically(|tx| {
                tx.modify(up, |x| x + 1)?;
                tx.modify(down, |x| x - 1)
            });
            commits += 1;
        }
        yield_now();
    }
    commits
}

/// Writers have variables of their own, so whoever loses in this engine is the reader.
fn reader(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let vars: Vec<_> = (0..VARS).map(|_| engine.tvar(0_i64)).collect();
    let (done, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    let results = round.spawn(|index| {
        if index > 0 {
            let own = vars.chunks_exact(2).skip(index - 1).step_by(round.threads - 1);
            let pairs: Vec<_> = own.map(|pair| (&pair[0], &pair[1])).collect();
            commits.fetch_add(write_until(&done, &engine, &pairs), Ordering::Relaxed);
            return Ok(());
        }
        let result = (0..READS).try_for_each(|turn| read(&engine, &vars, turn));
        done.store(true, Ordering::Relaxed);
        result
    });
    results.into_iter().collect::<Result<(), _>>()?;
    let stats = engine.stats();
    // A snapshot never loses. A body may, where a committer loses its processor while it holds a lock; never because
    // what it has read is old. A slice of time is long enough for so many losses that the body is preferred, and then a writer may lose.
    let (locked, preferred) = (stats.aborts_by(Cause::ReadLocked), stats.aborts_by(Cause::Priority));
    if stats.aborts() > locked + preferred || (preferred > 0 && locked < PREFERRED) {
        return Err(format!("a reader lost: {stats}"));
    }
    Ok(commits.into_inner() + 2 * READS as u64)
}

fn read(engine: &Engine, vars: &[TVar<i64>], turn: usize) -> Result<(), String> {
    // Once in the middle: others get a time slice each.
    let stop = |at: usize| at == 100 + turn;
    let sum: i64 = engine.snapshot(|view| {
        let seen = vars.iter().enumerate().map(|(at, var)| {
            if stop(at) {
                yield_now();
            }
            *view.get(var)
        });
        seen.sum()
    });
    let body = engine.atomically(|tx| {
        vars.iter().enumerate().try_fold(0, |sum, (at, var)| {
            if stop(at) {
                yield_now();
            }
            Ok(sum + tx.get(var)?)
        })
    });
    if (sum, body) == (0, 0) {
        Ok(())
    } else {
        Err(format!("turn {turn}: the sums are {sum} and {body}, not 0"))
    }
}

/// One thread adds up everything and writes the sum down while the others change what it reads. After 64 losses it is
/// irrevocable, and the next attempt is the last.
fn updater(round: &Round) -> Result<u64, String> {
    const BOUND: u64 = 64 + 1;
    let engine = round.engine();
    let vars: Vec<_> = (0..VARS).map(|_| engine.tvar(0_i64)).collect();
    let sum = engine.tvar(1_i64);
    let done = AtomicBool::new(false);
    let results = round.spawn(|index| {
        if index > 0 {
            let pairs: Vec<_> = vars.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect();
            return Ok(write_until(&done, &engine, &pairs[..8]));
        }
        let attempts = AtomicU64::new(0);
        let most = (0..UPDATES).map(|turn| {
            attempts.store(0, Ordering::Relaxed);
            engine.atomically(|tx| {
                attempts.fetch_add(1, Ordering::Relaxed);
                add_up(tx, &vars, &sum, turn)
            });
            attempts.load(Ordering::Relaxed)
        });
        let most = most.max().unwrap_or(0);
        done.store(true, Ordering::Relaxed);
        if most > BOUND {
            Err(format!("{most} attempts for one update, more than {BOUND}"))
        } else {
            Ok(most)
        }
    });
    let operations = results.into_iter().sum::<Result<u64, _>>()?;
    match sum.load() {
        0 => Ok(operations),
        other => Err(format!("the sum is {other}, not 0")),
    }
}

fn add_up(tx: &Txn<'_>, vars: &[TVar<i64>], sum: &TVar<i64>, turn: usize) -> Result<(), Abort> {
    let mut total = 0;
    for (at, var) in vars.iter().enumerate() {
        // Once in the middle: short ones get all the time they want.
        if at == 100 + turn {
            yield_now();
        }
        total += tx.get(var)?;
    }
    tx.set(sum, total)
}
