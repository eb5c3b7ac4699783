//! Random programs give the serial evaluator's arrays, bit for bit, at every thread count, order and window.

mod common;

use common::oracle::{self, Outcome};
use common::program::{Coverage, generate};
use common::session;
use proptest::prelude::*;
use tx_scheduler::{Config, Order};

/// The arrays, what was looked at, and the counter, as bits.
type Bits = (Vec<Option<Vec<u64>>>, Vec<Vec<u64>>, u64);

fn bits(outcome: &Outcome) -> Bits {
    // The sign and payload of a NaN are nobody's promise.
    let of = |x: &f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
    (
        outcome.arrays.iter().map(|a| a.as_ref().map(|(_, x)| x.iter().map(of).collect())).collect(),
        outcome.looked.iter().map(|x| x.iter().map(of).collect()).collect(),
        of(&outcome.counter),
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
    format!("looks or counter ({} and {})", ours.counter, expected.counter)
}

fn configs() -> Vec<(&'static str, Config)> {
    let threads = |n| Config::threads(n).unwrap();
    vec![
        ("1 thread", threads(1)),
        ("2 threads", threads(2)),
        ("3 threads", threads(3)),
        ("8 threads", threads(8)),
        ("1 thread, breadth", threads(1).order(Order::Breadth)),
        ("2 threads, small window", threads(2).window_bytes(3000)),
        ("1 thread, small window", threads(1).window_bytes(3000)),
    ]
}

#[test]
fn random_programs_equal_the_serial_evaluator_at_every_thread_count() {
    let mut coverage = Coverage::default();
    // The seeds are fixed: a run that was green stays green.
    for seed in 0..300 {
        let program = generate(seed, 40, seed % 3 == 0, &mut coverage);
        let serial = oracle::run(&program);
        let expected = bits(&serial);
        for (name, config) in configs() {
            let (outcome, _) =
                session::run(&program, config).unwrap_or_else(|e| panic!("seed {seed}, {name}: {e}"));
            assert!(bits(&outcome) == expected, "seed {seed}, {name}: {}", difference(&outcome, &serial));
        }
    }
    let tiles = &mut coverage.tiles;
    tiles.sort_unstable();
    let median = tiles[tiles.len() / 2];
    let share = |n: usize| n as f64 / coverage.assignments as f64;
    let (overlapping, partial) = (share(coverage.overlapping), share(coverage.partial));
    println!("median tiles {median}, overlapping {overlapping:.2}, partial {partial:.2}");
    assert!(median >= 4, "median tiles per array {median}");
    assert!(overlapping >= 0.2, "overlapping views {overlapping}");
    assert!(partial >= 0.2, "partial-tile writes {partial}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_program_equals_the_serial_evaluator(seed in 1000u64.., steps in 2usize..80, threads in 1usize..5) {
        let program = generate(seed, steps, seed % 2 == 0, &mut Coverage::default());
        let (outcome, _) = session::run(&program, Config::threads(threads).unwrap()).unwrap();
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
            let config = Config::single_thread().faults(Faults::default().drop_edge(edge));
            // One thread: what a missing edge breaks is the order, not memory.
            let run = std::panic::catch_unwind(|| session::run(&program, config));
            caught += usize::from(!matches!(run, Ok(Ok((outcome, _))) if bits(&outcome) == expected));
        }
    }
    println!("{caught} of 120 dropped edges were noticed");
    assert!(caught >= 15, "only {caught} of 120 dropped edges were noticed");
}
