//! The order of tasks is real: many tiles, several sweeps in flight, no barrier between statements.

use array_core::{Array, s};
use serde_json::Value;
#[cfg(feature = "faults")]
use tx_collections::View;
use tx_scheduler::{Config, Order, Session};

/// Statement and part of every tile task, in the order they began.
fn tile_tasks(session: &Session) -> Vec<(u64, u64)> {
    let mut text = Vec::new();
    session.write_trace(&mut text).unwrap();
    let Value::Array(events) = serde_json::from_slice(&text).unwrap() else { panic!("a trace is an array") };
    let number = |value: &Value| value.as_u64().unwrap();
    events
        .iter()
        .filter(|event| event["name"] == "tile")
        .map(|event| (number(&event["args"]["statement"]), number(&event["args"]["part"])))
        .collect()
}

fn sweeps(config: Config) -> (Vec<f64>, Session) {
    let mut session = Session::new(config.trace(true).tile_elems(300));
    let mut u = session.array(Array::zeros([60, 100])).unwrap();
    session.assign(u.at(s![0, ..]), 1.0).unwrap();
    let mut v = session.array(&u).unwrap();
    for _ in 0..10 {
        let sum = u.at(s![..-2, 1..-1]) + u.at(s![2.., 1..-1]) + u.at(s![1..-1, ..-2]) + u.at(s![1..-1, 2..]);
        session.assign(v.at(s![1..-1, 1..-1]), sum * 0.25).unwrap();
        std::mem::swap(&mut u, &mut v);
    }
    let values = session.eval(&u).unwrap().to_vec().unwrap();
    (values, session)
}

#[test]
fn successive_sweeps_interleave_and_no_statement_is_a_barrier() {
    let (expected, _) = sweeps(Config::single_thread().order(Order::Breadth));
    for threads in [1, 2] {
        let (values, session) = sweeps(Config::threads(threads).unwrap());
        assert_eq!(values, expected);
        let tasks = tile_tasks(&session);
        let tiles = tasks.iter().map(|&(_, part)| part).max().unwrap() + 1;
        assert!(tiles >= 8, "{tiles} tiles");
        // In some stretch of six tasks at least three different sweeps are at work.
        let mixed = tasks.windows(6).any(|stretch| {
            let mut statements: Vec<u64> = stretch.iter().map(|&(statement, _)| statement).collect();
            statements.sort_unstable();
            statements.dedup();
            statements.len() >= 3
        });
        assert!(mixed, "no three sweeps are in flight at once");
        // Later statements begin before earlier ones have ended: there is no barrier.
        let overtakes = tasks.windows(2).filter(|pair| pair[1].0 < pair[0].0).count();
        assert!(overtakes >= 15, "only {overtakes} times did an older sweep go on after a newer one");
    }
}

#[test]
fn what_a_statement_at_rest_reads_is_written_after_it() {
    let old: Vec<f64> = (0..1600).map(f64::from).collect();
    for (threads, order) in [(1, Order::Depth), (1, Order::Breadth), (2, Order::Depth), (3, Order::Depth)] {
        let config = Config::threads(threads).unwrap().order(order).shared_effort(0).inline_effort(0);
        let mut session = Session::new(config.tile_elems(100));
        let u = session.array(Array::from_vec(old.clone(), [1600])).unwrap();
        session.finish().unwrap();
        for round in 0..3 {
            // Nothing is under way: tasks of several tiles, which record no more than that they read.
            let copy = session.array(u.read() * 1.0).unwrap();
            let twice = session.array(u.read() * 2.0).unwrap();
            // A few elements of every tile, in place.
            session.assign(u.at(s![3..; 100]), -1.0).unwrap();
            session.finish().unwrap();
            let [copy, twice] =
                [copy, twice].map(|view| session.eval(&view).unwrap().to_vec::<f64>().unwrap());
            assert_eq!(copy, old, "{threads} threads, {order:?}, round {round}");
            assert!(
                twice.iter().zip(&old).all(|(twice, old)| *twice == 2.0 * old),
                "{threads} threads, {order:?}"
            );
            let erased = Array::from_vec(old.iter().copied().skip(3).step_by(100).collect(), [16]);
            session.assign(u.at(s![3..; 100]), erased).unwrap();
            session.finish().unwrap();
        }
    }
}

#[test]
fn breadth_finishes_one_statement_before_the_next() {
    let (_, session) = sweeps(Config::single_thread().order(Order::Breadth));
    let tasks = tile_tasks(&session);
    assert!(tasks.windows(2).all(|pair| pair[0].0 <= pair[1].0));
}

#[test]
fn a_snapshot_shares_tiles_until_it_is_written() {
    let mut session = Session::new(Config::single_thread().tile_elems(100).inline_effort(0));
    let u = session.array(Array::arange(0.0, 1000.0, 1.0)).unwrap();
    session.finish().unwrap();
    let before = session.report().tasks;
    let v = session.array(&u).unwrap();
    session.finish().unwrap();
    assert_eq!(session.report().tasks, before, "a copy runs nothing");
    session.assign(u.at(s![150..170]), 0.0).unwrap();
    assert_eq!(session.eval(v.at(s![160])).unwrap().item::<f64>().unwrap(), 160.0);
    session.finish().unwrap();
    assert_eq!(session.report().tasks, before + 1, "one tile was written");
}

#[test]
fn a_column_write_is_at_most_one_task_in_place() {
    let mut session = Session::new(Config::single_thread().inline_effort(0));
    let u = session.array(Array::zeros([300, 3000])).unwrap();
    session.finish().unwrap();
    let before = session.report().tasks;
    session.assign(u.at(s![.., 0]), 1.0).unwrap();
    session.assign(u.at(s![.., 1]), u.at(s![.., 0]) + 1.0).unwrap();
    session.finish().unwrap();
    session.assign(u.at(s![.., 1]), u.at(s![.., 1]) - 1.0).unwrap();
    session.finish().unwrap();
    // A constant that nobody stands in the way of needs no task at all.
    assert_eq!(session.report().tasks, before + 2);
    let total = session.item(u.read().sum()).unwrap().as_f64();
    assert_eq!(total, 600.0);
}

#[test]
fn wrong_statements_are_refused_when_they_are_recorded_and_leave_nothing() {
    let mut session = Session::new(Config::single_thread());
    let (u, v) = (session.array(Array::ones([3, 4])).unwrap(), session.array(Array::ones([4, 3])).unwrap());
    let statements = session.report().statements;
    let error = session.assign(&u, u.read() + v.read()).unwrap_err();
    assert!(error.to_string().contains("(3, 4) and (4, 3)"), "{error}");
    assert!(session.assign(u.at(s![7]), 1.0).unwrap_err().to_string().contains("index 7"));
    assert!(session.assign(&u, v.read()).is_err());
    let mut other = Session::new(Config::single_thread());
    assert!(other.eval(&u).is_err(), "a view of another session");
    assert_eq!(session.report().statements, statements);
    assert_eq!(session.item(u.read().sum()).unwrap().as_f64(), 12.0);
}

#[test]
fn an_integer_power_that_fails_says_so_where_it_stands() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let exponents = session.array(Array::from_vec(vec![1i64, -1], [2])).unwrap();
    let error = session.array(Array::from_vec(vec![2i64, 2], [2]).pow(exponents.read())).unwrap_err();
    assert!(error.to_string().contains("negative integer powers"), "{error}");
    assert!(error.to_string().contains("order.rs:"), "names the line of the power: {error}");
    // Nothing was recorded, so the session goes on.
    session.assign(exponents.at(s![1]), 3).unwrap();
    let powers = session.eval(Array::from_vec(vec![2i64, 2], [2]).pow(exponents.read())).unwrap();
    assert_eq!(powers.to_vec::<i64>().unwrap(), [2, 8]);
}

#[test]
fn a_single_power_that_fails_is_looked_at_in_vain() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let exponents = session.array(Array::from_vec(vec![3i64, -1], [2])).unwrap();
    session.finish().unwrap();
    let power = |at: isize| Array::from_vec(vec![2i64], [1]).pow(exponents.at(s![at]));
    assert_eq!(session.item(power(0)).unwrap().as_integer(), Some(8));
    let error = session.item(power(1)).unwrap_err().to_string();
    assert!(error.contains("negative integer powers") && error.contains("order.rs:"), "{error}");
}

#[cfg(feature = "faults")]
#[test]
fn a_panic_in_a_task_is_an_internal_error_with_the_line_of_its_statement() {
    use tx_scheduler::{Faults, SessionError};
    for (threads, inline, n) in [(1, 0, 30), (2, 0, 30), (1, 25_000, 3), (2, 25_000, 3)] {
        let config = Config::threads(threads).unwrap().faults(Faults::default().panic_in_task(n));
        let mut session = Session::new(config.tile_elems(300).inline_effort(inline));
        let u: View = session.array(Array::zeros([60, 100])).unwrap();
        let outcome =
            (0..5).try_for_each(|_| session.assign(&u, u.read() + 1.0)).and_then(|()| session.finish());
        let error = outcome.unwrap_err();
        assert!(matches!(&error, SessionError::Internal { .. }), "{error}");
        assert!(error.to_string().contains("order.rs:"), "{error}");
        assert!(session.eval(&u).is_err(), "the session refuses everything afterwards");
    }
}

#[test]
fn views_of_one_session_are_released_with_their_last_handle() {
    let mut session = Session::new(Config::single_thread().tile_elems(50));
    let kept = session.array(Array::ones([1000])).unwrap();
    for i in 0..200 {
        let scratch = session.array(kept.read() * f64::from(i)).unwrap();
        session.assign(scratch.at(s![..10]), 0.0).unwrap();
    }
    session.finish().unwrap();
    assert_eq!(session.item(kept.read().sum()).unwrap().as_f64(), 1000.0);
}

#[test]
fn looking_at_a_number_that_is_known_hurries_nothing() {
    let mut session = Session::new(Config::single_thread().tile_elems(300));
    let u = session.array(Array::ones([60, 100])).unwrap();
    let total = session.array(u.read().sum()).unwrap();
    session.finish().unwrap();
    session.assign(&u, u.read() * 2.0).unwrap();
    let (tasks, statements) = (session.report().tasks, session.report().statements);
    assert_eq!(session.item(total.read().sqrt().greater(1.0)).unwrap(), true.into());
    let half = session.array(total.read() * 0.5).unwrap();
    assert_eq!(session.item(&half).unwrap(), 3000.0.into());
    assert_eq!((session.report().tasks, session.report().statements), (tasks, statements + 1));
    assert_eq!(session.item(u.read().sum()).unwrap(), 12000.0.into());
}

/// Tiles that are overwritten as wholes are computed into the memory that is there, but not while somebody is to see what was.
#[test]
fn what_is_overwritten_as_a_whole_stays_with_those_that_have_yet_to_look() {
    const N: usize = 300;
    let line = |step: f64| (Array::arange(0.0, N as f64, 1.0) * step).eval().unwrap();
    // Also past the caches.
    for (threads, cache) in [(1, usize::MAX), (2, usize::MAX), (3, usize::MAX), (1, 0), (2, 0)] {
        let config = Config::threads(threads).unwrap().tile_elems(64).inline_effort(0).shared_effort(0);
        let mut session = Session::new(config.cache_bytes(cache));
        let (a, b, out) = (line(1.0), line(0.5), session.array(Array::full([N], 7.0)).unwrap());
        let (x, y) = (session.array(&a).unwrap(), session.array(&b).unwrap());
        session.finish().unwrap();
        let expected = |value: Array| value.eval().unwrap().to_vec::<f64>().unwrap();
        let seen = |session: &mut Session, view: &tx_collections::View| {
            session.eval(view.read()).unwrap().to_vec::<f64>().unwrap()
        };
        for _ in 0..3 {
            // Nobody looks at it.
            session.assign(&out, x.read() + y.read()).unwrap();
            let past = session.report().bytes_past_caches;
            assert_eq!(seen(&mut session, &out), expected(&a + &b));
            let past = session.report().bytes_past_caches - past;
            assert_eq!(past, if cache == 0 { (N * size_of::<f64>()) as u64 } else { 0 });
            // A snapshot holds what was; a sum has yet to read it, and so has a neighbour's statement.
            let snapshot = session.array(&out).unwrap();
            session.assign(&out, x.read() * y.read()).unwrap();
            let sum = session.array(out.read().sum()).unwrap();
            let shifted = session.array(out.at(s![1..]) - out.at(s![..-1])).unwrap();
            session.assign(&out, x.read() - y.read()).unwrap();
            session.assign(&out, y.read() - x.read()).unwrap();
            assert_eq!(seen(&mut session, &out), expected(&b - &a));
            assert_eq!(seen(&mut session, &snapshot), expected(&a + &b));
            let product = (&a * &b).eval().unwrap();
            assert_eq!(session.item(sum.read()).unwrap(), product.sum().item_scalar().unwrap());
            assert_eq!(
                seen(&mut session, &shifted),
                expected(product.slice(s![1..]) - product.slice(s![..-1]))
            );
            // It reads itself, backwards.
            session.finish().unwrap();
            session.assign(&out, out.at(s![..; -1]) * 2.0).unwrap();
            assert_eq!(seen(&mut session, &out), expected((&b - &a).slice(s![..; -1]) * 2.0));
        }
    }
}
