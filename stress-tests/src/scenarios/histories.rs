//! Random programs, every attempt recorded, judged afterwards.

use stm_engine::{Engine, Faults};

use crate::history::{check, record};
use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "histories",
    about: "random transactions over 8 variables: no serial order, or an attempt that saw no one moment",
    round,
};

const VARS: usize = 8;
const TRANSACTIONS: usize = 400;

fn round(round: &Round) -> Result<u64, String> {
    // Undisturbed as well: a shared counter at every step orders what should order itself.
    let one_in = *round.rng(usize::MAX).pick(&[0, 3, 10, 50]);
    let engine = Engine::with_faults(Faults::new().shake(one_in));
    let history = record(&engine, round, VARS, TRANSACTIONS);
    match check(&history) {
        Ok(()) => Ok(history.attempts.len() as u64),
        Err(flaw) => Err(format!("{flaw:?}, shaken at one step in {one_in}")),
    }
}
