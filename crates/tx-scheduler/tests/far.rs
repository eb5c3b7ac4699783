//! What a session writes past the caches has the bits of what it does not.

use array_core::{Array, DType, s};
use tx_scheduler::{Config, Session};

const N: usize = 20_011;

fn numbers(scale: f64) -> Array {
    Array::from_vec((0..N).map(|i| (i as f64 * scale).sin() * 3.0).collect(), [N])
}

/// As bits; a NaN is a NaN.
fn bits(array: &Array) -> Vec<u64> {
    let of = |x: f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
    array.astype::<f64>().to_vec::<f64>().unwrap().into_iter().map(of).collect()
}

/// Tapes, single operations, functions, choices, other types, and operands that lie across tiles.
fn forms(a: &Array, b: &Array) -> Vec<Array> {
    let shifted = |array: &Array| array.slice(s![1..]);
    vec![
        a + b,
        -a,
        ((a * 2.0 + 1.0) * a + 3.0) * a + 4.0,
        ((b * b + 4.0 * a).sqrt() - b) / (2.0 * a),
        Array::where_(a.greater(b), a * 2.0, b + 1.0),
        a.sin() * b,
        a.less(b),
        (a * 3.0).cast(DType::I64) * 5,
        a.astype::<f32>() * 2.0 + b.astype::<f32>(),
        shifted(a) * 2.0 + b.slice(s![..-1]),
        a.slice(s![..; -2]) - b.slice(s![..; 2]),
        a.slice(s![7]) * b + numbers(0.1),
    ]
}

#[test]
fn results_past_the_caches_have_the_bits_of_plain_evaluation() {
    let (a, b) = (numbers(0.7), numbers(1.3));
    let expected: Vec<_> = forms(&a, &b).iter().map(|form| bits(&form.eval().unwrap())).collect();
    for (threads, tile) in [(1, 1000), (2, 1000), (3, 4096), (2, 1 << 20)] {
        let config = Config::threads(threads).unwrap().shared_effort(0).inline_effort(0).tile_elems(tile);
        let mut session = Session::new(config.cache_bytes(0));
        let (x, y) = (session.array(&a).unwrap(), session.array(&b).unwrap());
        session.finish().unwrap();
        let results: usize = forms(&a, &b).iter().map(|form| form.len() * form.dtype().size()).sum();
        // All at once: of each tile nobody is recorded who reads it. Twice: the second time blocks come back.
        for round in 0..2 {
            let views: Vec<_> =
                forms(&x.read(), &y.read()).into_iter().map(|form| session.array(form).unwrap()).collect();
            session.finish().unwrap();
            // The first time all of them go there, as their operands did; the second time not those in blocks that just died.
            let past = session.report().bytes_past_caches as usize;
            let all = results + 2 * N * size_of::<f64>();
            assert!(past >= all && (round > 0 || past == all), "{past} of {all} bytes");
            for (i, (view, expected)) in views.iter().zip(&expected).enumerate() {
                let ours = bits(&session.eval(view).unwrap());
                assert!(ours == *expected, "form {i}, {threads} threads, tiles of {tile}");
            }
        }
    }
}

#[test]
fn statements_go_on_over_what_was_written_past_the_caches() {
    let (a, b) = (numbers(0.7), numbers(1.3));
    let (mut u, mut w) = (a.clone(), a.clone());
    for _ in 0..6 {
        w = (&u * 0.5 + &b).eval().unwrap();
        u = (&w * 0.25 - &u).eval().unwrap();
    }
    for threads in [1, 2, 3] {
        for looks in [1, 3, 100] {
            let config = Config::threads(threads).unwrap().shared_effort(0).inline_effort(0).tile_elems(1000);
            let mut session = Session::new(config.cache_bytes(0));
            let [x, y, z] = [&a, &b, &a].map(|array| session.array(array).unwrap());
            session.finish().unwrap();
            for k in 0..6 {
                // Who looks now sees to it that nobody is recorded who reads `z`, whose old blocks are not in a cache.
                session.assign(&z, x.read() * 0.5 + y.read()).unwrap();
                if k % looks == 0 {
                    session.finish().unwrap();
                }
                session.assign(&x, z.read() * 0.25 - x.read()).unwrap();
            }
            let past = session.report().bytes_past_caches as usize;
            assert!(past > 3 * N * size_of::<f64>(), "more than the three arrays it began with: {past}");
            let ours = [&x, &z].map(|view| bits(&session.eval(view).unwrap()));
            assert!(ours == [bits(&u), bits(&w)], "{threads} threads, a look every {looks}");
        }
    }
}

#[test]
fn results_inside_the_caches_are_never_written_past_them() {
    let (a, b) = (numbers(0.7), numbers(1.3));
    let config = Config::threads(2).unwrap().shared_effort(0).inline_effort(0).tile_elems(1000);
    let mut session = Session::new(config.cache_bytes(N * size_of::<f64>()));
    let (x, y) = (session.array(&a).unwrap(), session.array(&b).unwrap());
    let _views: Vec<_> =
        forms(&x.read(), &y.read()).into_iter().map(|form| session.array(form).unwrap()).collect();
    session.finish().unwrap();
    assert_eq!(session.report().bytes_past_caches, 0);
}
