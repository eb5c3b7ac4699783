//! Random expressions over every type of element: sessions of any number of threads, and tiles of any size, give what plain evaluation
//! gives operation by operation, bit for bit.

#[path = "../../crates/array-core/tests/dice/mod.rs"]
mod dice;
#[path = "../../crates/array-core/tests/random/mod.rs"]
mod random;

use array_core::{Along, Array};
use dice::Dice;
use random::{Case, Reduction, assert_same, axes, expression, shape};
use tx_scheduler::{Config, Session};

/// How many expressions, each in every session.
const CASES: u64 = 150;

/// Checks one expression; how many tasks the session ran for it.
fn check(seed: u64, threads: usize, at_once: bool) -> u64 {
    let mut dice = Dice(seed);
    let shape = shape(&mut dice);
    let mut config = Config::threads(threads).expect("threads").tile_elems(1 + dice.below(900));
    if !at_once {
        config = config.inline_effort(0).shared_effort(0);
    }
    let what = format!("seed {seed}, {threads} threads, {config:?}");
    let mut session = Session::new(config);
    let mut keep = |data: Array| session.array(data).expect("data").read();
    let Case { whole, single, refused } = expression(&mut dice, &shape, &mut keep);
    assert_same(&session.eval(&whole).expect(&what), &single, &what);
    let stored = session.array(&whole).expect(&what);
    assert_same(&session.eval(stored.read() * 1).expect(&what), &(&single * 1).eval().unwrap(), &what);
    let axes = axes(&mut dice, whole.ndim());
    for _ in 0..3 {
        let (reduction, mut along) = (dice.pick(&Reduction::ALL), Along::from(&axes[..]));
        if dice.chance(30) {
            along = along.keepdims();
        }
        if dice.chance(30) {
            along = along.initial(3);
        }
        if let Ok(expected) = reduction.of(&single, along.clone()).eval() {
            assert_same(&session.eval(reduction.of(&whole, along)).expect(&what), &expected, &what);
        }
    }
    let running = session.eval(whole.cumsum(None)).expect(&what);
    assert_same(&running, &single.cumsum(None).eval().unwrap(), &what);
    let place = Along::from(axes.first().copied()).keepdims();
    if let Ok(expected) = single.argmax(place.clone()).eval() {
        assert_same(&session.eval(whole.argmax(place)).expect(&what), &expected, &what);
    }
    let tasks = session.report().tasks;
    // The last, for a task that fails ends the session's run.
    if let Some(wrong) = refused.first() {
        assert!(session.eval(wrong).is_err(), "{what}: {wrong:?}");
    }
    tasks
}

#[test]
fn sessions_compute_every_expression_as_plain_evaluation_does() {
    // The seeds are fixed: a run that was green stays green.
    let mut tasks = 0;
    for seed in 0..CASES {
        tasks += [1, 2, 3, 8].map(|threads| check(seed, threads, false)).iter().sum::<u64>();
        check(seed, 2, true);
    }
    assert!(tasks > 4 * 20 * CASES, "{tasks} tasks for {CASES} expressions in four sessions");
}
