//! Transfers between accounts: the sum is the same at every moment, inside bodies that lose too.

use stm_engine::{Abort, TVar, Txn};

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "bank",
    about: "a body or a snapshot that sees money made or lost (torn reads, lost updates, zombies)",
    round,
};

const ACCOUNTS: usize = 8;
const EACH: i64 = 1000;
const TRANSFERS: usize = 2000;

fn total(accounts: &[TVar<i64>], tx: &Txn<'_>) -> Result<i64, Abort> {
    accounts.iter().try_fold(0, |sum, account| Ok(sum + *tx.get(account)?))
}

fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let accounts: Vec<_> = (0..ACCOUNTS).map(|_| engine.tvar(EACH)).collect();
    let sum = EACH * ACCOUNTS as i64;
    let seen = round.spawn(|index| {
        let mut rng = round.rng(index);
        for _ in 0..TRANSFERS {
            let (from, to) = (rng.below(ACCOUNTS), rng.below(ACCOUNTS));
            let amount = rng.below(100) as i64;
            let found = match rng.below(10) {
                0 => engine.snapshot(|view| accounts.iter().map(|account| *view.get(account)).sum()),
                1 => engine.atomically(|tx| total(&accounts, tx)),
                // The sum inside a body that writes: also a body that will lose has to see it whole.
                2 => engine.atomically(|tx| {
                    let before = total(&accounts, tx)?;
                    assert_eq!(before, sum, "a body saw an impossible state");
                    tx.modify(&accounts[from], |x| x - amount)?;
                    tx.modify(&accounts[to], |x| x + amount)?;
                    total(&accounts, tx)
                }),
                _ => engine.atomically(|tx| {
                    tx.modify(&accounts[from], |x| x - amount)?;
                    tx.modify(&accounts[to], |x| x + amount)?;
                    Ok(sum)
                }),
            };
            if found != sum {
                return Err(format!("thread {index} counted {found}, not {sum}"));
            }
        }
        Ok(TRANSFERS as u64)
    });
    let end: i64 = accounts.iter().map(TVar::load).sum();
    if end != sum {
        return Err(format!("{end} left of {sum}"));
    }
    seen.into_iter().sum()
}
