//! Closures that conflict: with all others, and one in ten.

use std::hint::black_box;

use stm_engine::TVar;
use tx_scheduler::{Config, Session};

use super::contest;
use crate::{Row, Unit, timed};

const ROUNDS: usize = 7;
const N: usize = 2000;
const WORK_US: u32 = 20;

/// About so many microseconds of arithmetic.
fn work(us: u32) -> f64 {
    let mut x = 1.0;
    for i in 0..us * 200 {
        x = black_box(x + f64::from(i)).sqrt();
    }
    x
}

pub(super) fn rows(threads: usize, rows: &mut Vec<Row>) {
    rows.push(storm("storm", threads, 1));
    rows.push(storm("tenth", threads, 10));
}

/// Closure `i` reads and writes the hot variable if `i` is a multiple of `every`, else one of its own.
fn storm(name: &str, threads: usize, every: usize) -> Row {
    let vars: Vec<TVar<f64>> = (0..N).map(|_| TVar::new(0.0)).collect();
    let run = |threads: usize| {
        let mut session = Session::new(Config::threads(threads).expect("at least one thread"));
        let vars = &vars;
        move || {
            timed(|| {
                for i in 0..N {
                    let var = vars[if i % every == 0 { 0 } else { i }].clone();
                    session
                        .dynamic(&[], move |tx| {
                            let value = *tx.get(&var)?;
                            tx.set(&var, value + work(WORK_US))
                        })
                        .expect("no array is declared");
                }
                session.finish()
            })
        }
    };
    // The same closures' work in a loop: what serial execution takes.
    contest(format!("scheduler/{name}/20us"), Unit::UsPerOp, N, threads)
        .ours(run(threads))
        .rival("one-thread", run(1))
        .rival("loop", || timed(|| (0..N).map(|_| work(WORK_US)).sum::<f64>()))
        .run(ROUNDS)
}
