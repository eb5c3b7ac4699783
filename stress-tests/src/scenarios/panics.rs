//! Panics at random points: whatever a panicking body did is undone, and nothing stays locked.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use stm_engine::{Abort, Options, TVar, Txn};

use crate::{Rng, Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "panics",
    about: "a body, a nested part or a hook that panics at a random point and leaves a trace or a lock",
    round,
};

const ACCOUNTS: usize = 8;
const TRANSFERS: usize = 1500;

/// What a panic here carries; any other is a failure.
struct OnPurpose;

/// Counts down the points of a body; at zero it panics.
struct Fuse(Cell<usize>);

impl Fuse {
    fn burn(&self) {
        let left = self.0.get();
        self.0.set(left.wrapping_sub(1));
        if left == 0 {
            resume_unwind(Box::new(OnPurpose));
        }
    }
}

fn transfer(tx: &Txn<'_>, accounts: &[TVar<i64>], path: &[usize], fuse: &Fuse) -> Result<(), Abort> {
    fuse.burn();
    tx.modify(&accounts[path[0]], |x| {
        fuse.burn();
        x - 1
    })?;
    fuse.burn();
    let _ = tx.nested(|tx| {
        tx.modify(&accounts[path[1]], |x| x + 1000)?;
        fuse.burn();
        tx.abort::<()>("taken back")
    })?;
    tx.or_else(
        |tx| {
            tx.modify(&accounts[path[2]], |x| x + 1000)?;
            fuse.burn();
            tx.retry()
        },
        |tx| tx.modify(&accounts[path[1]], |x| x + 1),
    )?;
    fuse.burn();
    Ok(())
}

fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let accounts: Vec<_> = (0..ACCOUNTS).map(|_| engine.tvar(100_i64)).collect();
    let count = engine.tvar(0_i64);
    let (returned, hook_panics) = (AtomicI64::new(0), AtomicI64::new(0));
    let counts = Arc::new(AtomicI64::new(0));
    let results = round.spawn(|index| {
        let mut rng = round.rng(index);
        for _ in 0..TRANSFERS {
            let path: Vec<_> = (0..3).map(|_| rng.below(ACCOUNTS)).collect();
            let (points, in_hook) = (fuse_length(&mut rng), rng.chance(5));
            let ended = catch_unwind(AssertUnwindSafe(|| {
                engine.atomically(|tx| {
                    // Every attempt has its own: one that panics is the last.
                    transfer(tx, &accounts, &path, &Fuse(Cell::new(points)))?;
                    tx.modify(&count, |n| n + 1)?;
                    let counts = Arc::clone(&counts);
                    tx.on_commit(move || {
                        counts.fetch_add(1, Ordering::Relaxed);
                        if in_hook {
                            resume_unwind(Box::new(OnPurpose));
                        }
                    });
                    Ok(())
                });
            }));
            match ended {
                Ok(()) => drop(returned.fetch_add(1, Ordering::Relaxed)),
                Err(panic) if !panic.is::<OnPurpose>() => resume_unwind(panic),
                // From the hook: the transaction has committed.
                Err(_) if points > LAST => drop(hook_panics.fetch_add(1, Ordering::Relaxed)),
                Err(_) => {}
            }
        }
        TRANSFERS as u64
    });
    let committed = returned.into_inner() + hook_panics.into_inner();
    let ran = counts.load(Ordering::Relaxed);
    // With nobody else around the first attempt gets every lock, or somebody has kept one.
    let once = Options::new().max_attempts(1);
    let all = engine.try_atomically(&once, |tx| {
        accounts.iter().try_for_each(|account| tx.modify(account, |x| x + 1))?;
        Ok(*tx.get(&count)?)
    });
    let sum: i64 = accounts.iter().map(TVar::load).sum();
    match all {
        Err(error) => Err(format!("somebody has kept a lock: {error}")),
        Ok(count) if (count, ran) != (committed, committed) => {
            Err(format!("{committed} transfers returned, {count} are counted, {ran} hooks ran"))
        }
        Ok(_) if sum != 101 * ACCOUNTS as i64 => Err(format!("the sum is {sum}")),
        Ok(_) => Ok(results.into_iter().sum()),
    }
}

/// The number of the last point of `transfer`.
const LAST: usize = 5;

/// At a point of the body, or past them all.
fn fuse_length(rng: &mut Rng) -> usize {
    if rng.chance(30) { rng.below(LAST + 1) } else { usize::MAX }
}
