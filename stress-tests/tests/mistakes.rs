//! Scenarios on engines with one wrong line: each has to notice the mistakes that it is there to find.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use stm_engine::{Faults, Mutant};
use stress_tests::scenarios::ALL;
use stress_tests::{Round, Scenario};

/// Far more than any of them needs, on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds until one fails.
fn notices(name: &str, mutant: Mutant) {
    let scenario: &Scenario = ALL.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no {name}"));
    let start = Instant::now();
    let mut seed = 1;
    loop {
        let round = Round { faults: Faults::new().mutant(mutant).shake(3), ..Round::new(seed, 4) };
        // An impossible state may also end a body by an assertion or an index.
        if !matches!(catch_unwind(AssertUnwindSafe(|| (scenario.round)(&round))), Ok(Ok(_))) {
            println!("{name} noticed {mutant:?} in round {seed} after {:?}", start.elapsed());
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{name} did not notice {mutant:?} in {seed} rounds");
        seed += 1;
    }
}

#[test]
fn lost_updates_and_write_skew_are_noticed() {
    for name in [
        "bank",
        "write-skew",
        "pop-once",
        "update-ring",
        "update-each-other",
        "philosophers",
        "irrevocable",
        "commute",
    ] {
        notices(name, Mutant::NoValidation);
    }
}

#[test]
fn views_of_two_moments_are_noticed() {
    notices("bank", Mutant::ExtendBlindly);
    notices("zombies", Mutant::ExtendBlindly);
    notices("irrevocable", Mutant::ExtendBlindly);
    notices("bank", Mutant::ReadUnderLock);
    notices("zombies", Mutant::ReadUnderLock);
}

#[test]
fn a_snapshot_that_runs_ahead_is_noticed() {
    for name in ["bank", "long-reader", "commute", "drops", "irrevocable"] {
        notices(name, Mutant::NewestInSnapshot);
    }
}
