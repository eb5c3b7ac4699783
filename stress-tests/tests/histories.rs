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

/// What the checker finds, seed by seed, in an engine with this mistake. Panics when it finds nothing for too long.
fn flaws(mutant: Mutant) -> impl Iterator<Item = (u64, Flaw)> {
    let mut last = Instant::now();
    (1..).filter_map(move |seed| {
        let flaw = check(&history(Faults::new().mutant(mutant).shake(3), seed)).err();
        assert!(
            flaw.is_some() || last.elapsed() < PATIENCE,
            "{mutant:?}: seed {seed}, and nothing wrong for long"
        );
        flaw.inspect(|_| last = Instant::now()).map(|flaw| (seed, flaw))
    })
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
        let (seed, flaw) = flaws(mutant).next().expect("it never ends");
        println!("{mutant:?}: {flaw:?} at seed {seed}");
    }
}

#[test]
fn what_the_checker_finds_is_what_the_mistake_breaks() {
    // Without validation every body still sees one moment, and only the order is broken.
    for (seed, flaw) in flaws(Mutant::NoValidation).take(20) {
        assert!(matches!(flaw, Flaw::NotSerial { .. }), "seed {seed}: {flaw:?}");
    }
    // With either of the others a body sees two moments. Now and then the checker meets first a reader that saw one
    // moment and says that it was of a later one (4 of 3000 histories): out of order as well.
    for mutant in [Mutant::ReadUnderLock, Mutant::ExtendBlindly] {
        let two_moments = flaws(mutant).take(20).filter(|(seed, flaw)| match flaw {
            Flaw::NoMoment { .. } => true,
            Flaw::NotSerial { .. } => false,
            _ => panic!("{mutant:?}, seed {seed}: {flaw:?}"),
        });
        assert!(two_moments.count() > 10, "{mutant:?}");
    }
}
