//! Dining philosophers: a fork in one hand at a time, everybody eats.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario =
    Scenario { name: "philosophers", about: "a fork in two hands, a philosopher who never eats", round };

const MEALS: usize = 300;

fn round(round: &Round) -> Result<u64, String> {
    let seats = round.threads;
    let engine = round.engine();
    let taken: Vec<_> = (0..seats).map(|_| engine.tvar(false)).collect();
    // What the hands hold, outside of all transactions.
    let hands: Vec<_> = (0..seats).map(|_| AtomicUsize::new(0)).collect();
    let results = round.spawn(|me| {
        let mut rng = round.rng(me);
        let forks = [me, (me + 1) % seats];
        for meal in 0..MEALS {
            engine.atomically(|tx| {
                for fork in forks {
                    if *tx.get(&taken[fork])? {
                        return tx.retry();
                    }
                }
                forks.iter().try_for_each(|&fork| tx.set(&taken[fork], true))
            });
            let held = forks.map(|fork| hands[fork].fetch_add(1, Ordering::Relaxed));
            if rng.chance(20) {
                std::thread::yield_now();
            }
            for fork in forks {
                hands[fork].fetch_sub(1, Ordering::Relaxed);
            }
            engine.atomically(|tx| forks.iter().try_for_each(|&fork| tx.set(&taken[fork], false)));
            if held != [0, 0] {
                return Err(format!(
                    "meal {meal} of philosopher {me} with a fork in another's hand: {held:?}"
                ));
            }
        }
        Ok(MEALS as u64)
    });
    results.into_iter().sum()
}
