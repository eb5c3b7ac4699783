//! Irrevocable transactions among others: they run once, one at a time, and never lose.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use stm_engine::{Abort, Options, TVar, Txn};

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "irrevocable",
    about: "an irrevocable body that runs twice, loses, sees two moments, or has company",
    round,
};

const ACCOUNTS: usize = 16;
const EACH: i64 = 100;
const TRANSFERS: usize = 400;

/// The world outside of transactions: what is done here cannot be undone.
#[derive(Default)]
struct Outside {
    /// Somebody is irrevocable.
    busy: AtomicBool,
    effects: AtomicU64,
    company: AtomicU64,
}

impl Outside {
    fn enter(&self) {
        self.company.fetch_add(u64::from(self.busy.swap(true, Relaxed)), Relaxed);
        self.effects.fetch_add(1, Relaxed);
        std::thread::yield_now();
    }

    fn leave(&self) {
        self.busy.store(false, Relaxed);
    }
}

fn total(tx: &Txn<'_>, accounts: &[TVar<i64>]) -> Result<i64, Abort> {
    accounts.iter().try_fold(0, |sum, account| Ok(sum + tx.get(account)?))
}

fn transfer(tx: &Txn<'_>, from: &TVar<i64>, to: &TVar<i64>) -> Result<(), Abort> {
    tx.modify(from, |x| x - 1)?;
    tx.modify(to, |x| x + 1)
}

fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let accounts: Vec<_> = (0..ACCOUNTS).map(|_| engine.tvar(EACH)).collect();
    let sum = EACH * ACCOUNTS as i64;
    let outside = Outside::default();
    let results = round.spawn(|index| {
        let mut rng = round.rng(index);
        let mut wanted = 0;
        for _ in 0..TRANSFERS {
            let (from, to) = (&accounts[rng.below(ACCOUNTS)], &accounts[rng.below(ACCOUNTS)]);
            let found = match rng.below(8) {
                // From its first line.
                0 => {
                    wanted += 1;
                    let result = engine.irrevocably(&Options::new(), |tx| {
                        outside.enter();
                        transfer(tx, from, to)?;
                        let found = total(tx, &accounts);
                        outside.leave();
                        found
                    });
                    result.map_err(|error| format!("an irrevocable transaction ended: {error}"))?
                }
                // From the middle on, with reads behind it and after it.
                1 => {
                    wanted += 1;
                    engine.atomically(|tx| {
                        transfer(tx, from, to)?;
                        tx.become_irrevocable()?;
                        outside.enter();
                        let found = total(tx, &accounts);
                        outside.leave();
                        found
                    })
                }
                2 => engine.snapshot(|view| accounts.iter().map(|account| *view.get(account)).sum()),
                _ => engine.atomically(|tx| {
                    transfer(tx, from, to)?;
                    total(tx, &accounts)
                }),
            };
            if found != sum {
                return Err(format!("thread {index} counted {found}, not {sum}"));
            }
        }
        Ok(wanted)
    });
    let wanted = results.into_iter().sum::<Result<u64, String>>()?;
    let Outside { effects, company, .. } = outside;
    match (effects.into_inner(), company.into_inner()) {
        (effects, 0) if effects == wanted => Ok((TRANSFERS * round.threads) as u64),
        (effects, company) => {
            Err(format!("{wanted} irrevocable transactions had {effects} effects, {company} in company"))
        }
    }
}
