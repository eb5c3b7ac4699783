//! Bodies that would fall over an impossible state: an index that does not fit, a loop without an end.

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "zombies",
    about: "a body, also one that will lose, that indexes with a length from another moment",
    round,
};

const STEPS: usize = 2000;
const MOST: usize = 64;

/// A list and its length in two variables, and a step that divides the length: they always fit, so nothing here
/// checks a bound that the list does not.
fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let (items, len, step) = (engine.tvar(vec![1_u64; 4]), engine.tvar(4_usize), engine.tvar(2_usize));
    let mine: Vec<_> = (0..round.threads).map(|_| engine.tvar(0_u64)).collect();
    round.spawn(|index| {
        let mut rng = round.rng(index);
        for _ in 0..STEPS {
            let to = 2 * (1 + rng.below(MOST / 2));
            let divisor = *rng.pick(&[1, 2]);
            let writes = rng.chance(30);
            engine.atomically(|tx| {
                // Not in the order in which they are written.
                let end = *tx.get(&len)?;
                let by = *tx.get(&step)?;
                if pauses_at(end) {
                    std::thread::yield_now();
                }
                let list = tx.get(&items)?;
                let (mut at, mut sum) = (0, 0);
                while at != end {
                    sum += list[at];
                    at += by;
                }
                assert_eq!(sum * by as u64, list.len() as u64, "a body saw an impossible state");
                tx.set(&mine[index], sum)?;
                if writes {
                    tx.set(&items, vec![1; to])?;
                    tx.set(&len, to)?;
                    tx.set(&step, divisor)?;
                }
                Ok(())
            });
        }
    });
    Ok((STEPS * round.threads) as u64)
}

/// Give others the time to commit between two reads, at some lengths.
fn pauses_at(len: usize) -> bool {
    len.is_multiple_of(6)
}
