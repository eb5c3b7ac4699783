//! The checker of histories, on a sound engine and on engines with one wrong line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stm_engine::{Engine, Faults, Mutant};
use stress_tests::Round;
use stress_tests::history::{End, Flaw, History, check, record};

const VARS: usize = 8;
const THREADS: usize = 4;
/// Far more than any mistake here needs, on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);

fn history(faults: Faults, seed: u64) -> History {
    record(&Engine::with_faults(faults), &Round::new(seed, THREADS), VARS, 200)
}

/// Rounds until the checker finds something.
fn first_flaw(mutant: Mutant) -> (u64, Flaw) {
    let start = Instant::now();
    let mut seed = 1;
    loop {
        if let Err(flaw) = check(&history(Faults::new().mutant(mutant).shake(3), seed)) {
            return (seed, flaw);
        }
        assert!(start.elapsed() < PATIENCE, "{mutant:?}: {seed} histories, and nothing wrong in any");
        seed += 1;
    }
}

#[test]
fn the_sound_engine_passes_and_the_histories_are_worth_checking() {
    let (mut ends, mut foreign) = (BTreeMap::new(), 0);
    for seed in 1..=12 {
        let one_in = [0, 3, 10][seed as usize % 3];
        let history = history(Faults::new().shake(one_in), seed);
        assert_eq!(check(&history), Ok(()), "seed {seed}");
        for attempt in &history.attempts {
            *ends.entry(attempt.end == End::Aborted).or_insert(0) += 1;
            foreign += usize::from(attempt.before > attempt.after + 1);
        }
    }
    // Commits, attempts that lost, and attempts beside which others committed: all of them, and many.
    assert!(ends[&false] > 1000 && ends[&true] > 100 && foreign > 1000, "{ends:?}, {foreign}");
}

#[test]
fn every_seeded_protocol_mistake_turns_the_checker_red() {
    for &mutant in Faults::MUTANTS {
        let (histories, flaw) = first_flaw(mutant);
        println!("{mutant:?}: {flaw:?} after {histories} histories");
    }
}

#[test]
fn what_the_checker_finds_is_what_the_mistake_breaks() {
    // Without validation updates get lost; with any of the other two a body sees two moments.
    assert!(matches!(first_flaw(Mutant::NoValidation).1, Flaw::NotSerial { .. }));
    assert!(matches!(first_flaw(Mutant::ReadUnderLock).1, Flaw::NoMoment { .. }));
    assert!(matches!(first_flaw(Mutant::ExtendBlindly).1, Flaw::NoMoment { .. }));
}
