//! Memory: what is superseded is dropped once, not before its last reader is gone, and then soon.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};

use stm_engine::Engine;

use crate::{Round, Scenario};

pub(crate) const DROPS: Scenario = Scenario {
    name: "drops",
    about: "a value dropped twice, never, or while a stuck snapshot reads it; limbo that does not empty",
    round: drops,
};

pub(crate) const RESIDENT: Scenario = Scenario {
    name: "resident-set",
    about: "memory that grows with the number of updates: 10^6 of 10 to 100 writes beside 10^5",
    round: |round| resident(round, 1_000_000),
};

pub(crate) const RESIDENT_FULL: Scenario = Scenario {
    name: "resident-set-full",
    about: "the same with 10^7 updates; a quarter of a minute",
    round: |round| resident(round, 10_000_000),
};

/// Counts how many of its kind are alive.
struct Counted {
    alive: Arc<AtomicI64>,
    number: usize,
}

impl Counted {
    fn new(alive: &Arc<AtomicI64>, number: usize) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self { alive: Arc::clone(alive), number }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // A second drop would come here too, and make the balance negative.
        self.number = usize::MAX;
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

const VARS: usize = 16;
const UPDATES: usize = 500;

fn drops(round: &Round) -> Result<u64, String> {
    let alive = Arc::new(AtomicI64::new(0));
    let living = || alive.load(Ordering::Relaxed);
    let engine = round.engine();
    let vars: Vec<_> = (0..VARS).map(|var| engine.tvar(Counted::new(&alive, var))).collect();
    let update = |round: &Round| {
        round.spawn(|index| {
            let mut rng = round.rng(index);
            for _ in 0..UPDATES {
                let (a, b) = (rng.below(VARS), rng.below(VARS));
                engine.atomically(|tx| {
                    // Some replace their own value, so versions that nobody ever saw are dropped too.
                    for var in [a, b, a] {
                        let number = tx.get(&vars[var])?.number;
                        tx.set(&vars[var], Counted::new(&alive, number + VARS))?;
                    }
                    Ok(())
                });
            }
        })
    };

    let ((stuck, is_stuck), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    let (vars_of_reader, reader_engine) = (vars.clone(), engine.clone());
    let reader = std::thread::spawn(move || {
        reader_engine.snapshot(|view| {
            let _ = stuck.send(());
            let _ = released.recv();
            vars_of_reader.iter().enumerate().all(|(number, var)| view.get(var).number == number)
        })
    });
    let _ = is_stuck.recv();
    update(round);
    engine.reclaim();
    let held = living();
    drop(release);
    let whole = reader.join().unwrap_or(false);
    if !whole {
        return Err("the stuck snapshot lost what it was to read".into());
    }
    // Every commit superseded a version that the snapshot, or an older one, may have read.
    let commits = i64::try_from(UPDATES * round.threads).unwrap_or(i64::MAX);
    if held < commits {
        return Err(format!("{held} values alive beside a stuck snapshot and {commits} commits after it"));
    }
    engine.reclaim();
    let after = living();
    if after != VARS as i64 {
        return Err(format!("{after} values alive for {VARS} variables, after the snapshot has ended"));
    }
    // Without one, memory stays bounded while the updates run, whoever exits with what in limbo.
    update(&Round { seed: round.seed ^ 1, ..*round });
    engine.reclaim();
    let again = living();
    drop(vars);
    engine.reclaim();
    match (again, living()) {
        (16, 0) => Ok(2 * commits as u64),
        (again, end) => Err(format!("{again} values alive for {VARS} variables, then {end} for none")),
    }
}

/// How much more memory may be resident after many updates than after a few.
const SLACK: u64 = 4 << 20;

fn resident(round: &Round, updates: usize) -> Result<u64, String> {
    resident_beside(round, updates, |_| ())
}

/// One thread updates; `beside` makes what is kept while it does for the second time: nothing, or a mistake.
///
/// One, because several hold each other's versions back for as long as the kernel keeps one of them from its processor
/// in the middle of a transaction, some megabytes a millisecond. That those are dropped afterwards is for `drops`.
fn resident_beside<K>(
    round: &Round,
    updates: usize,
    beside: impl FnOnce(&Engine) -> K,
) -> Result<u64, String> {
    const FEW: usize = 100_000;
    let engine = round.engine();
    let vars: Vec<_> = (0..1024_u64).map(|n| engine.tvar(n)).collect();
    let mut rng = round.rng(0);
    let mut update = |times: usize| {
        for _ in 0..times {
            let (from, len) = (rng.below(vars.len() - 100), 10 + rng.below(91));
            let some = &vars[from..from + len];
            engine.atomically(|tx| some.iter().try_for_each(|var| tx.modify(var, |n| n.wrapping_add(1))));
        }
    };
    update(FEW);
    let Some(before) = resident_bytes() else { return Ok(0) };
    let kept = beside(&engine);
    update(updates - FEW);
    let after = resident_bytes().unwrap_or(u64::MAX);
    drop(kept);
    if after > before + SLACK {
        return Err(format!("{before} bytes resident after {FEW} updates, {after} after {updates}"));
    }
    Ok(updates as u64)
}

/// Bytes of this process that are in memory now; nothing where the kernel does not tell.
fn resident_bytes() -> Option<u64> {
    // Exact, where `statm` and `status` may lag behind by some pages for each processor.
    let text = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stuck_transaction_holds_back_is_seen_in_the_resident_set() {
        let stuck = |engine: &Engine| engine.prepare(|_| Ok(())).expect("nothing in it can fail");
        let result = resident_beside(&Round::new(1, 2), 120_000, stuck);
        if cfg!(target_os = "linux") {
            assert!(result.unwrap_err().contains("bytes resident"));
        }
    }
}
