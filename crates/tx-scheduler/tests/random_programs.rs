//! Random programs give the serial evaluator's arrays, bit for bit, at every thread count, order and window.

mod common;

use common::oracle::{self, Outcome};
use common::program::{Coverage, generate};
use common::session;
use proptest::prelude::*;
use tx_scheduler::{Config, NotParallel, Order};

/// The arrays, what was looked at, the counter and the list, as bits.
type Bits = (Vec<Option<Vec<u64>>>, Vec<Vec<u64>>, u64, Vec<u64>);

fn bits(outcome: &Outcome) -> Bits {
    // The sign and payload of a NaN are nobody's promise.
    let of = |x: &f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
    (
        outcome.arrays.iter().map(|a| a.as_ref().map(|(_, x)| x.iter().map(of).collect())).collect(),
        outcome.looked.iter().map(|x| x.iter().map(of).collect()).collect(),
        of(&outcome.counter),
        outcome.list.iter().map(of).collect(),
    )
}

/// Where two outcomes differ first.
fn difference(ours: &Outcome, expected: &Outcome) -> String {
    for (i, pair) in ours.arrays.iter().zip(&expected.arrays).enumerate() {
        if let (Some((shape, a)), Some((_, b))) = pair
            && let Some(at) =
                (0..a.len()).find(|&j| a[j].to_bits() != b[j].to_bits() && !(a[j].is_nan() && b[j].is_nan()))
        {
            return format!("array {i} of shape {shape:?}, element {at}: {:?}, expected {:?}", a[at], b[at]);
        }
    }
    format!(
        "looks, counter ({} and {}) or list ({:?} and {:?})",
        ours.counter, expected.counter, ours.list, expected.list
    )
}

/// Nanoseconds: about half of the statements have less. So small ones meet tasks that have not run.
const SMALL: u64 = 12;

fn configs() -> Vec<(&'static str, Config)> {
    let at_once = |n| Config::threads(n).unwrap().shared_effort(0);
    let threads = |n| at_once(n).inline_effort(0);
    vec![
        ("1 thread", threads(1)),
        ("2 threads", threads(2)),
        ("3 threads", threads(3)),
        ("8 threads", threads(8)),
        #[cfg(feature = "faults")]
        (
            "2 threads, every other speculation lost",
            threads(2).faults(tx_scheduler::Faults::default().lose(2)),
        ),
        #[cfg(feature = "faults")]
        ("3 threads, all speculations lost", threads(3).faults(tx_scheduler::Faults::default().lose(1))),
        ("1 thread, breadth", threads(1).order(Order::Breadth)),
        ("2 threads, small window", threads(2).window_bytes(3000)),
        ("1 thread, small window", threads(1).window_bytes(3000)),
        ("1 thread, small statements at once", at_once(1).inline_effort(SMALL)),
        ("2 threads, small statements at once", at_once(2).inline_effort(SMALL).window_bytes(3000)),
        (
            "1 thread, breadth, small statements at once",
            at_once(1).inline_effort(SMALL).order(Order::Breadth),
        ),
        ("1 thread, all that can be at once", at_once(1)),
        ("2 threads, all that can be at once", at_once(2)),
        ("1 thread, past the caches", threads(1).cache_bytes(0)),
        ("2 threads, past the caches", threads(2).cache_bytes(0)),
        ("3 threads, small window, past the caches", threads(3).cache_bytes(0).window_bytes(3000)),
    ]
}

/// How many programs: 300, or what `TXARRAY_PROGRAMS` says (a long run takes ten thousand).
fn programs() -> u64 {
    match std::env::var("TXARRAY_PROGRAMS") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("TXARRAY_PROGRAMS={text:?}: expected a number")),
        Err(_) => 300,
    }
}

#[test]
fn random_programs_equal_the_serial_evaluator_at_every_thread_count() {
    let mut coverage = Coverage::default();
    let (mut speculated, mut aborted) = (0, 0);
    // The seeds are fixed: a run that was green stays green.
    for seed in 0..programs() {
        let steps = if seed % 4 == 0 { 90 } else { 40 };
        let program = generate(seed, steps, seed % 3 != 1, &mut coverage);
        let serial = oracle::run(&program);
        let expected = bits(&serial);
        for (name, config) in configs() {
            let several = config.budget().threads() > 1;
            let (outcome, session) =
                session::run(&program, config).unwrap_or_else(|e| panic!("seed {seed}, {name}: {e}"));
            assert!(bits(&outcome) == expected, "seed {seed}, {name}: {}", difference(&outcome, &serial));
            if several {
                let closures = program.steps.iter().filter(|step| step.is_dynamic()).count();
                speculated += closures as u64;
                aborted += session.report().aborts;
            }
        }
    }
    let tiles = &mut coverage.tiles;
    tiles.sort_unstable();
    let median = tiles[tiles.len() / 2];
    let share = |n: usize| n as f64 / coverage.assignments as f64;
    let (overlapping, partial, in_place) =
        (share(coverage.overlapping), share(coverage.partial), share(coverage.in_place));
    let aborted = aborted as f64 / speculated as f64;
    println!(
        "median tiles {median}, overlapping {overlapping:.2}, partial {partial:.2}, in place {in_place:.2}, aborted \
         {aborted:.2}; {} closures, {} failures, {} cancellations, {} attached arrays",
        coverage.closures, coverage.failures, coverage.cancellations, coverage.attached
    );
    assert!(median >= 4, "median tiles per array {median}");
    assert!(overlapping >= 0.2, "overlapping views {overlapping}");
    assert!(partial >= 0.2, "partial-tile writes {partial}");
    assert!(in_place >= 0.05, "writes of less than half a tile {in_place}");
    assert!(coverage.closures >= 300 && coverage.attached >= 50);
    assert!(coverage.along >= 300, "reductions along axes {}", coverage.along);
    assert!(coverage.positions >= 300, "picks and puts {}", coverage.positions);
    assert!(coverage.masks >= 300, "masks that are computed {}", coverage.masks);
    assert!(coverage.failures >= 50 && coverage.cancellations >= 50);
    // Speculations that lose are forced, so that no machine is too calm for it.
    #[cfg(feature = "faults")]
    assert!(aborted >= 0.1, "aborted closures {aborted}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_program_equals_the_serial_evaluator(
        seed in 1000u64..,
        steps in 2usize..80,
        threads in 1usize..5,
        inline in 0u64..60,
    ) {
        let program = generate(seed, steps, seed % 2 == 0, &mut Coverage::default());
        let config = Config::threads(threads).unwrap().shared_effort(0).inline_effort(inline);
        let (outcome, _) = session::run(&program, config).unwrap();
        prop_assert!(bits(&outcome) == bits(&oracle::run(&program)));
    }
}

/// The mutant: a session that forgets one dependence must be found out.
#[cfg(feature = "faults")]
#[test]
fn a_dropped_dependence_turns_the_comparison_red() {
    use tx_scheduler::Faults;
    let mut caught = 0;
    for seed in 0..40 {
        let program = generate(seed, 40, false, &mut Coverage::default());
        let expected = bits(&oracle::run(&program));
        for edge in [3, 30, 90] {
            let config = Config::single_thread().inline_effort(0).faults(Faults::default().drop_edge(edge));
            // One thread: what a missing edge breaks is the order, not memory.
            let run = std::panic::catch_unwind(|| session::run(&program, config));
            caught += usize::from(!matches!(run, Ok(Ok((outcome, _))) if bits(&outcome) == expected));
        }
    }
    println!("{caught} of 120 dropped edges were noticed");
    assert!(caught >= 15, "only {caught} of 120 dropped edges were noticed");
}

/// The mutant: a session that computes at once what has to wait must be found out.
#[cfg(feature = "faults")]
#[test]
fn a_small_statement_that_does_not_wait_turns_the_comparison_red() {
    use tx_scheduler::Faults;
    let mut caught = 0;
    for seed in 0..60 {
        let program = generate(seed, 40, false, &mut Coverage::default());
        let expected = bits(&oracle::run(&program));
        let config = Config::single_thread().inline_effort(SMALL).faults(Faults::default().skip_settled());
        let run = std::panic::catch_unwind(|| session::run(&program, config));
        caught += usize::from(!matches!(run, Ok(Ok((outcome, _))) if bits(&outcome) == expected));
    }
    println!("{caught} of 60 programs noticed a statement that did not wait");
    assert!(caught >= 30, "only {caught} of 60 programs noticed a statement that did not wait");
}

/// Small statements meet tasks, and tasks meet small statements.
#[test]
fn programs_have_statements_of_both_kinds() {
    let (mut small, mut tasks, mut all) = (0, 0, 0);
    for seed in 0..60 {
        let program = generate(seed, 40, false, &mut Coverage::default());
        let config = Config::single_thread().inline_effort(SMALL).explain(true);
        let (_, session) = session::run(&program, config).unwrap();
        for why in session.explain() {
            all += why.statements;
            small += if why.not_parallel == Some(NotParallel::Small) { why.statements } else { 0 };
            tasks += if why.tasks > 0 { why.statements } else { 0 };
        }
    }
    println!("of {all} statements {small} were computed at once, {tasks} were tasks");
    assert!(small * 5 >= all && tasks * 5 >= all, "{small} and {tasks} of {all}");
}

/// The mutant: a session that commits what ran on a stale snapshot must be found out.
#[cfg(feature = "faults")]
#[test]
fn a_skipped_validation_turns_the_comparison_red() {
    use tx_scheduler::Faults;
    let mut caught = 0;
    for seed in (0..90).filter(|seed| seed % 3 != 1) {
        let program = generate(seed, 80, true, &mut Coverage::default());
        let expected = bits(&oracle::run(&program));
        let config = Config::threads(2).unwrap().shared_effort(0).faults(Faults::default().skip_validation());
        let run = std::panic::catch_unwind(|| session::run(&program, config));
        caught += usize::from(!matches!(run, Ok(Ok((outcome, _))) if bits(&outcome) == expected));
    }
    println!("{caught} of 60 programs noticed a skipped validation");
    assert!(caught >= 6, "only {caught} of 60 programs noticed a skipped validation");
}
