//! Arrays large enough to be laid in rows have the bits of plain evaluation, however their tiles are replaced, shared and dropped.

use array_core::{Array, s};
use tx_collections::View;
use tx_scheduler::{Config, Session};

/// More than one row, with a shorter tile at the end.
const N: usize = 1_200_011;
/// Tiles that a walk takes for neighbours.
const TILE: usize = 2048;

fn bits(array: &Array) -> Vec<u64> {
    array.to_vec::<f64>().unwrap().into_iter().map(f64::to_bits).collect()
}

fn assert_same(session: &mut Session, view: &View, expected: &Array, what: &str) {
    assert!(bits(&session.eval(view).unwrap()) == bits(expected), "{what}");
}

#[test]
fn large_arrays_have_the_bits_of_plain_evaluation() {
    let a = Array::from_vec((0..N).map(|i| (i as f64 * 0.7).sin() * 3.0).collect(), [N]);
    let b = (&a * 0.5 + 1.0).eval().unwrap();
    for threads in 1..=3 {
        let config = Config::threads(threads).unwrap().shared_effort(0).inline_effort(0).tile_elems(TILE);
        let mut session = Session::new(config);
        let (x, y) = (session.array(&a).unwrap(), session.array(&b).unwrap());
        let (mut u, mut expected) = (session.array(&a).unwrap(), a.clone());
        let over = session.array(&b).unwrap();
        for round in 0..4 {
            // A new array, the old one dropped, with something that still reads it.
            let new = session.array(u.read() * 0.5 + y.read()).unwrap();
            let sum = session.array((u.read() * x.read()).sum()).unwrap();
            let plain = (&expected * &a).sum().eval().unwrap();
            u = new;
            expected = (&expected * 0.5 + &b).eval().unwrap();
            // Into the memory that is there, from what is at rest.
            session.assign(&over, x.read() * f64::from(round) - y.read()).unwrap();
            let differences = (&a * f64::from(round) - &b).eval().unwrap();
            // Shared, then changed in part and as a whole.
            let shared = session.array(u.read()).unwrap();
            let kept = expected.clone();
            session.assign(u.at(s![5..-700_000]), x.read().slice(s![700_000..-5]) - 1.0).unwrap();
            let mut values = expected.to_vec::<f64>().unwrap();
            let from = a.to_vec::<f64>().unwrap();
            (5..N - 700_000).for_each(|i| values[i] = from[i - 5 + 700_000] - 1.0);
            expected = Array::from_vec(values, [N]);
            session.assign(&u, u.read().slice(s![..; -1]) + y.read()).unwrap();
            expected = (expected.slice(s![..; -1]) + &b).eval().unwrap();
            let what = |name| format!("{name}, round {round}, {threads} threads");
            if round % 2 == 1 {
                assert_same(&mut session, &u, &expected, &what("the array"));
            }
            assert_same(&mut session, &over, &differences, &what("the one that stays where it is"));
            assert_same(&mut session, &shared, &kept, &what("the shared one"));
            assert_same(&mut session, &sum, &plain, &what("the sum of products"));
        }
        assert_same(&mut session, &u, &expected, "the array at the end");
        let rows = u.read().slice(s![..1_200_000]).reshape([1000, 1200]);
        let plain = expected.slice(s![..1_200_000]).reshape([1000, 1200]);
        for axis in [0, 1] {
            let sums = session.array(rows.sum_along(axis)).unwrap();
            assert_same(&mut session, &sums, &plain.sum_along(axis).eval().unwrap(), "sums along an axis");
        }
    }
}
