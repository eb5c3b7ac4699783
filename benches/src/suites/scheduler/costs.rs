//! What a statement, a tile and a closure cost beside what they compute, and what many statements hold.

use std::collections::BTreeMap;

use array_core::{Array, s};
use stm_engine::TVar;
use tx_collections::View;
use tx_scheduler::{Config, Session};

use super::contest;
use crate::contest::is_wanted;
use crate::{Row, Unit, timed};

const ROUNDS: usize = 7;

fn session(threads: usize) -> Session {
    Session::new(Config::threads(threads).expect("at least one thread"))
}

fn zeros(session: &mut Session, n: usize) -> View {
    session.array(Array::zeros([n])).expect("it fits")
}

pub(super) fn rows(threads: usize, rows: &mut Vec<Row>) {
    rows.push(statement("empty", threads, |_| 1.0.into()));
    rows.push(statement("copy", threads, |v| v.at(s![..;-1]).read()));
    rows.push(statement("add", threads, |v| v.read() + 1.0));
    rows.push(tile(threads));
    rows.push(dynamic(threads));
    rows.push(many(threads));
}

/// `u[...] = value` on four elements: a number, the elements of another array backwards (a task that computes nothing), a
/// sum.
fn statement(name: &str, threads: usize, value: impl Fn(&View) -> Array) -> Row {
    const N: usize = 20_000;
    let mut session = session(threads);
    let (u, v) = (zeros(&mut session, 4), zeros(&mut session, 4));
    contest(format!("scheduler/cost/statement-{name}"), Unit::NsPerOp, N, threads)
        .ours(|| {
            timed(|| {
                (0..N).try_for_each(|_| session.assign(&u, value(&v))).expect("it fits");
                session.finish()
            })
        })
        .run(ROUNDS)
}

/// `u += 1.0` over tiles of one element: the time of a tile.
fn tile(threads: usize) -> Row {
    const TILES: usize = 1000;
    const N: usize = 20;
    let config = Config::threads(threads).expect("at least one thread").tile_elems(1);
    let mut session = Session::new(config);
    let u = zeros(&mut session, TILES);
    contest("scheduler/cost/tile".into(), Unit::NsPerOp, N * TILES, threads)
        .ours(|| {
            timed(|| {
                (0..N).try_for_each(|_| session.assign(&u, u.read() + 1.0)).expect("it fits");
                session.finish()
            })
        })
        .run(ROUNDS)
}

/// A closure that adds one to a variable of its own.
fn dynamic(threads: usize) -> Row {
    const N: usize = 10_000;
    let mut session = session(threads);
    let vars: Vec<TVar<u64>> = (0..64).map(|_| TVar::new(0)).collect();
    contest("scheduler/cost/dynamic".into(), Unit::NsPerOp, N, threads)
        .ours(|| {
            timed(|| {
                for i in 0..N {
                    let var = vars[i % vars.len()].clone();
                    session.dynamic(&[], move |tx| tx.modify(&var, |n| n + 1)).expect("it fits");
                }
                session.finish()
            })
        })
        .run(ROUNDS)
}

/// A hundred thousand statements on ten arrays: the time of one, and what the process holds more at the end than after the
/// first thousand, in bytes a statement.
fn many(threads: usize) -> Row {
    const N: usize = 100_000;
    let id = "scheduler/cost/100k-on-10".to_owned();
    if !is_wanted(&id) {
        return Row { id, unit: Unit::NsPerOp, ours: f64::NAN, rivals: BTreeMap::new(), threads };
    }
    let mut session = session(threads);
    let arrays: Vec<View> = (0..10).map(|_| zeros(&mut session, 100)).collect();
    let mut run = |from: usize, to: usize| {
        for i in from..to {
            let (a, b) = (&arrays[i % 10], &arrays[(i * 7 + 3) % 10]);
            session.assign(a, b.read() * 0.5 + 1.0).expect("it fits");
        }
    };
    run(0, 1000);
    let before = resident_bytes();
    let time = timed(|| run(1000, N));
    let grown = resident_bytes().saturating_sub(before) as f64 / N as f64;
    let ours = time.as_secs_f64() * 1e9 / (N - 1000) as f64;
    eprintln!(
        "scheduler/cost/100k-on-10, {threads} threads: resident memory grew by {grown:.2} bytes a statement"
    );
    Row { id, unit: Unit::NsPerOp, ours, rivals: BTreeMap::new(), threads }
}

/// Bytes of memory the process has; 0 where the system does not tell.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}
