//! Commuting writes beside ordinary ones: nothing is lost, and nobody sees half.

use stm_engine::Commute;

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "commute",
    about: "an addition lost between commuting and ordinary writers, or seen in one of two variables",
    round,
};

const STEPS: u64 = 1500;

/// Two counters that always go up together, the largest amount so far, and all bits of the amounts.
fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let (left, right) = (engine.tvar(0_u64), engine.tvar(0_u64));
    let (most, bits) = (engine.tvar(0_u64), engine.tvar(0_u64));
    let results = round.spawn(|index| {
        let mut rng = round.rng(index);
        let (mut sum, mut largest, mut all) = (0, 0, 0);
        for _ in 0..STEPS {
            let amount = rng.below(1 << 20) as u64;
            let how = rng.below(8);
            let pair = engine.atomically(|tx| {
                tx.commute(&most, Commute::Max(amount))?;
                tx.commute(&bits, Commute::Or(amount))?;
                match how {
                    // Twice on one variable is once with both amounts.
                    0 => {
                        tx.commute(&left, Commute::Add(amount / 2))?;
                        tx.commute(&left, Commute::Add(amount - amount / 2))?;
                        tx.commute(&right, Commute::Add(amount))?;
                    }
                    1 => {
                        tx.modify(&left, |n| n + amount)?;
                        tx.modify(&right, |n| n + amount)?;
                    }
                    2 => {
                        tx.commute(&left, Commute::Add(amount))?;
                        tx.modify(&right, |n| n + amount)?;
                    }
                    _ => {
                        tx.commute(&left, Commute::Add(amount))?;
                        tx.commute(&right, Commute::Add(amount))?;
                    }
                }
                // Reading what is pending makes it an ordinary write.
                Ok(if how == 3 { Some((*tx.get(&left)?, *tx.get(&right)?)) } else { None })
            });
            let seen = engine.snapshot(|view| (*view.get(&left), *view.get(&right)));
            for (a, b) in pair.into_iter().chain([seen]) {
                if a != b {
                    return Err(format!("thread {index} saw {a} and {b}"));
                }
            }
            (sum, largest, all) = (sum + amount, largest.max(amount), all | amount);
        }
        Ok((sum, largest, all))
    });
    let parts = results.into_iter().collect::<Result<Vec<_>, String>>()?;
    let sum: u64 = parts.iter().map(|part| part.0).sum();
    let largest = parts.iter().map(|part| part.1).max().unwrap_or(0);
    let all = parts.iter().fold(0, |all, part| all | part.2);
    let found = [left.load(), right.load(), most.load(), bits.load()];
    let expected = [sum, sum, largest, all];
    if found == expected {
        Ok(STEPS * round.threads as u64)
    } else {
        Err(format!("{found:?}, not {expected:?}"))
    }
}
