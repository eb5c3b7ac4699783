//! Arrays beside a hand-written loop for the same instruction set, `ndarray`, and NumPy, numexpr, Numba and JAX where they are
//! installed (`cargo xtask bench` does it where Python is).
//!
//! `given` writes into memory that is there already, `fresh` takes a result each time; reductions have results of next to no
//! size and are `fresh`. On one thread ours is `Array::eval`. On more it is a session, and the same statements in a session of one
//! thread (`one-thread`) are a rival, too. The loop, `ndarray` and NumPy have one thread, the others as many as ours.
//! `tiny` is one addition of eight elements: building the expression, evaluating it, dropping both, in a process of as many threads.
//! `first` is the first use of an expression that no plan was made for.

mod hand;

use array_core::{Array, Op, TileBuf, s};
use std::{cell::RefCell, sync::mpsc, time::Duration};
use tx_collections::View;
use tx_scheduler::{Config, Session};

use crate::rival::{self, Rival};
use crate::{Contest, Row, Suite, Unit, timed};

pub(crate) const SUITE: Suite = Suite {
    name: "arrays",
    about: "array expressions beside hand-written loops, ndarray, NumPy, numexpr, Numba and JAX",
    run,
};

const SIZES: [(&str, usize, [usize; 2]); 3] =
    [("1e4", 10_000, [100, 100]), ("1e6", 1_000_000, [1000, 1000]), ("3e7", 30_000_000, [3000, 10_000])];
const MAPS: [&str; 4] = ["add", "poly", "quad", "where"];
const REDUCTIONS: [&str; 6] = ["sum", "mean0", "max1", "argmax", "var", "dot"];
/// What has two operands.
const READ_BOTH: [&str; 4] = ["add", "quad", "where", "dot"];
/// Of short turns, which are a third off now and then with the core's clock.
const ROUNDS: usize = 45;
/// Of the rounds those in which long turns are taken.
const LONG: usize = 3;

fn run(threads: &[usize]) -> Vec<Row> {
    let mut rows = Vec::new();
    for &n in threads {
        let rivals: Vec<_> = [("numpy", 1), ("numexpr", n), ("numba", n), ("jax", n)]
            .into_iter()
            .filter_map(|(kind, threads)| rival::python("arrays", kind, threads).map(RefCell::new))
            .collect();
        let sizes = SIZES.map(|(name, len, shape)| Data::new(name, len, shape, n));
        // All rows in the same rounds: a shared machine has slow stretches of many seconds, which would take a row's rounds one and all.
        let contests = sizes.iter().flat_map(|data| data.contests(&rivals)).collect();
        rows.extend(Contest::together(contests, ROUNDS));
        rows.push(tiny(n, &rivals));
        if n == 1 {
            rows.push(first());
        }
    }
    rows
}

/// The operands, in every form that a contestant wants.
struct Data {
    size: &'static str,
    len: usize,
    shape: [usize; 2],
    threads: usize,
    a: Array,
    b: Array,
    /// The same in a session of as many threads and in one of one thread, for more than one.
    live: Option<[Live; 2]>,
}

/// A session's operands and its given result.
struct Live {
    session: RefCell<Session>,
    a: View,
    b: View,
    out: View,
}

/// An expression of the suite.
fn expression(operation: &str, a: &Array, b: &Array, shape: [usize; 2]) -> Array {
    match operation {
        "add" => a + b,
        "poly" => ((a * 2.0 + 1.0) * a + 3.0) * a + 4.0,
        "quad" => ((b * b + 4.0 * a).sqrt() - b) / (2.0 * a),
        "where" => Array::where_(a.greater(b), a * 2.0, b + 1.0),
        "sum" => a.sum(),
        "mean0" => a.reshape(shape).mean_along(0),
        "max1" => a.reshape(shape).max_along(1),
        "argmax" => b.argmax(None),
        "var" => a.var(.., 0),
        _ => (a * b).sum(),
    }
}

impl Data {
    fn new(size: &'static str, len: usize, shape: [usize; 2], threads: usize) -> Data {
        let line = Array::linspace(0.5, 1.5, len);
        let stored = |array: Array| (array * 1.0).eval().expect("it fits memory");
        let (a, b) = (stored(line.clone()), stored(line.slice(s![..; -1])));
        let live = (threads > 1).then(|| [threads, 1].map(|threads| Live::new(&a, &b, threads)));
        Data { size, len, shape, threads, a, b, live }
    }

    /// A contest for each row.
    fn contests<'a>(&'a self, rivals: &'a [RefCell<Rival>]) -> Vec<Contest<'a>> {
        let maps = MAPS.into_iter().flat_map(|operation| [(operation, "given"), (operation, "fresh")]);
        let reductions = REDUCTIONS.into_iter().map(|operation| (operation, "fresh"));
        maps.chain(reductions).map(|(operation, place)| self.contest(operation, place, rivals)).collect()
    }

    fn times(&self) -> usize {
        (10_000_000 / self.len).clamp(1, 1000)
    }

    fn contest<'a>(
        &'a self,
        operation: &'static str,
        place: &'static str,
        rivals: &'a [RefCell<Rival>],
    ) -> Contest<'a> {
        let times = self.times();
        let id = format!("arrays/{operation}/{place}/{}", self.size);
        let mut contest = Contest::new(id, Unit::UsPerOp, times).threads(self.threads);
        if self.len > 10_000 {
            contest = contest.every(LONG);
        }
        if !contest.is_wanted() {
            return contest.ours(|| Duration::ZERO);
        }
        contest = match &self.live {
            Some([ours, one]) => contest
                .ours(self.statements(ours, operation, place))
                .rival("one-thread", self.statements(one, operation, place)),
            None => self.evaluated(contest, operation, place),
        };
        if let Some(pair) = self.slices() {
            contest = hand::join(contest, operation, place, pair, self.shape, times);
        }
        for rival in rivals {
            let (name, job) =
                (rival.borrow().name().to_owned(), format!("{operation} {place} {} {times}", self.len));
            // What it does not know it says at once.
            if rival.borrow_mut().turn(&job).is_some() {
                contest = contest.rival(name.clone(), move || {
                    rival.borrow_mut().turn(&job).unwrap_or_else(|| panic!("{name} has gone"))
                });
            }
        }
        contest
    }

    fn slices(&self) -> Option<(&[f64], &[f64])> {
        let slice = |array: &'_ Array| {
            array.as_buffer().and_then(|(buffer, _)| buffer.as_slice::<f64>().map(<[f64]>::as_ptr))
        };
        let (a, b) = (slice(&self.a)?, slice(&self.b)?);
        // SAFETY: both arrays are dense data of `len` elements, which live as long as `self`.
        Some(unsafe { (std::slice::from_raw_parts(a, self.len), std::slice::from_raw_parts(b, self.len)) })
    }

    fn evaluated<'a>(&'a self, contest: Contest<'a>, operation: &'static str, place: &str) -> Contest<'a> {
        let (a, b, shape, times) = (&self.a, &self.b, self.shape, self.times());
        let fresh = move || expression(operation, a, b, shape).eval().expect("it fits memory");
        if place == "fresh" {
            return contest
                .ours(move || timed(|| (0..times).for_each(|_| drop(std::hint::black_box(fresh())))));
        }
        let mut out = Some(fresh());
        contest.ours(move || {
            timed(|| {
                for _ in 0..times {
                    let block = block(out.take().expect("it comes back"));
                    out = Some(expression(operation, a, b, shape).eval_into(block).expect("it fits"));
                }
            })
        })
    }

    /// The time of the statements in a session.
    fn statements<'a>(
        &self,
        live: &'a Live,
        operation: &'static str,
        place: &'static str,
    ) -> impl FnMut() -> Duration + 'a {
        let (shape, times) = (self.shape, self.times());
        move || {
            let mut session = live.session.borrow_mut();
            timed(|| {
                for _ in 0..times {
                    let value = live.expression(operation, shape);
                    if place == "given" {
                        session.assign(&live.out, value).expect("it fits");
                    } else if MAPS.contains(&operation) {
                        drop(session.array(value).expect("it fits"));
                    } else {
                        drop(std::hint::black_box(session.eval(value).expect("it fits")));
                        continue;
                    }
                    session.finish().expect("nothing fails");
                }
            })
        }
    }
}

impl Live {
    fn new(a: &Array, b: &Array, threads: usize) -> Live {
        let mut session = Session::new(Config::threads(threads).expect("at least one thread"));
        let [a, b, out] = [a, b, a].map(|array| session.array(array).expect("it fits"));
        session.finish().expect("nothing fails");
        Live { session: RefCell::new(session), a, b, out }
    }

    /// [`expression`] of what it reads and nothing else.
    fn expression(&self, operation: &str, shape: [usize; 2]) -> Array {
        if READ_BOTH.contains(&operation) {
            return expression(operation, &self.a.read(), &self.b.read(), shape);
        }
        let only = if operation == "argmax" { &self.b } else { &self.a }.read();
        expression(operation, &only, &only, shape)
    }
}

/// The memory of an array that nobody else holds.
fn block(array: Array) -> TileBuf {
    let (buffer, _) = array.as_buffer().expect("evaluated");
    let buffer = buffer.clone();
    drop(array);
    TileBuf::try_from(buffer).expect("nobody else holds it")
}

/// On the calling thread, in a process that has `threads` of them: counting references costs more where there are several.
fn tiny(threads: usize, rivals: &[RefCell<Rival>]) -> Row {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| mpsc::channel::<()>()).collect();
        // Each waits until its end of the line is let go of, which a panic does too.
        let _held: Vec<_> =
            others.into_iter().map(|(held, end)| (held, scope.spawn(move || end.recv()))).collect();
        alone(threads, rivals)
    })
}

fn alone(threads: usize, rivals: &[RefCell<Rival>]) -> Row {
    let times = 20_000;
    let data = Data::new("8", 8, [2, 4], 1);
    let add = || (&data.a + &data.b).eval().expect("it fits memory");
    let mut contest = Contest::new("arrays/tiny", Unit::NsPerOp, times)
        .threads(threads)
        .ours(|| timed(|| (0..times).for_each(|_| drop(std::hint::black_box(add())))));
    let (a, b) = (ndarray::Array1::linspace(0.5, 1.5, 8), ndarray::Array1::linspace(1.5, 0.5, 8));
    contest = contest
        .rival("ndarray", move || timed(|| (0..times).for_each(|_| drop(std::hint::black_box(&a + &b)))));
    for rival in rivals {
        let (name, job) = (rival.borrow().name().to_owned(), format!("add fresh 8 {times}"));
        contest = contest.rival(name.clone(), move || {
            rival.borrow_mut().turn(&job).unwrap_or_else(|| panic!("{name} has gone"))
        });
    }
    contest.run(ROUNDS)
}

/// An expression of four operations, each time one that was not seen before.
fn first() -> Row {
    let a = Array::linspace(0.5, 1.5, 8).eval().expect("data");
    let ops = [Op::Add, Op::Subtract, Op::Multiply, Op::Divide, Op::Minimum, Op::Maximum, Op::Hypot];
    let mut next = 0usize;
    Contest::new("arrays/first", Unit::UsPerOp, 50)
        .ours(move || {
            timed(|| {
                for _ in 0..50 {
                    let mut x = a.sqrt();
                    let mut code = next;
                    next += 1;
                    for _ in 0..4 {
                        x = Array::binary(ops[code % ops.len()], x, &a);
                        code /= ops.len();
                    }
                    drop(std::hint::black_box(x.eval()));
                }
            })
        })
        .run(ROUNDS)
}
