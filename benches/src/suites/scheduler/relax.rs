//! Five-point relaxation of a plate, and the write of one column.

use array_core::{Array, s};
use tx_collections::View;
use tx_scheduler::{Config, Session, SessionError};

use super::{against, contest};
use crate::{Row, Unit, rival, timed};

const ROUNDS: usize = 5;
const DX2: f64 = 0.01;
const DY2: f64 = 0.01;
const SCALE: f64 = 0.5 / (DX2 + DY2);

/// Sweeps of one turn: some tens of milliseconds.
fn sweeps(n: usize) -> usize {
    match n {
        0..=200 => 3000,
        201..=500 => 900,
        501..=2000 => 150,
        _ => 30,
    }
}

pub(super) fn rows(threads: usize, rows: &mut Vec<Row>) {
    let mut rivals = vec![
        rival::c("scheduler", threads),
        rival::python("scheduler", "numpy", 1),
        rival::python("scheduler", "numba", threads),
        rival::python("scheduler", "jax", threads),
    ];
    for n in [100, 300, 1000, 3000] {
        let mut plate = Plate::new(n, threads);
        let row = contest(format!("scheduler/laplace/f64/{n}"), Unit::UsPerOp, sweeps(n), threads)
            .ours(|| timed(|| plate.laplace(sweeps(n)).expect("the shapes fit")));
        rows.push(against(row, &mut rivals, "laplace", n, sweeps(n)).run(ROUNDS));
    }
    for form in 1..=5 {
        for n in [300, 1000, 3000] {
            let mut plate = Plate::new(n, threads);
            let row = contest(format!("scheduler/numeric{form}/f64/{n}"), Unit::UsPerOp, sweeps(n), threads)
                .ours(|| timed(|| plate.numeric(form, sweeps(n)).expect("the shapes fit")));
            let numpy = &mut rivals[1..2];
            rows.push(against(row, numpy, &format!("numeric{form}"), n, sweeps(n)).run(3));
        }
    }
    let (n, times) = (3000, 300);
    let mut plate = Plate::new(n, threads);
    let row = contest(format!("scheduler/column/f64/{n}"), Unit::UsPerOp, times, threads)
        .ours(|| timed(|| plate.column(times).expect("the shapes fit")));
    rows.push(against(row, &mut rivals, "column", n, times).run(ROUNDS));
}

/// Two plates in a session. Not zero at first: what comes in from a hot border falls to a quarter from row to row, and after some
/// hundred sweeps much of a plate would be subnormal numbers, which take several times as long.
struct Plate {
    session: Session,
    n: usize,
    u: View,
    v: View,
}

fn interior(u: &View) -> Array {
    let vertical = u.at(s![0..-2, 1..-1]) + u.at(s![2.., 1..-1]);
    let horizontal = u.at(s![1..-1, 0..-2]) + u.at(s![1..-1, 2..]);
    (vertical * DY2 + horizontal * DX2) * SCALE
}

impl Plate {
    fn new(n: usize, threads: usize) -> Self {
        let mut session = Session::new(Config::threads(threads).expect("at least one thread"));
        let u = session.array(Array::full([n, n], 0.5)).expect("it fits");
        session.assign(u.at(s![0, ..]), 1.0).expect("it fits");
        let v = session.array(&u).expect("it fits");
        Self { session, n, u, v }
    }

    fn laplace(&mut self, sweeps: usize) -> Result<(), SessionError> {
        let Self { session, u, v, .. } = self;
        for k in 1..=sweeps {
            session.assign(v.at(s![1..-1, 1..-1]), interior(u))?;
            std::mem::swap(u, v);
            if k % 15 == 0 {
                std::hint::black_box(session.item((u.read() - v.read()).abs().max())?);
            }
        }
        session.finish()
    }

    fn borders(session: &mut Session, u: &View, src: &View) -> Result<(), SessionError> {
        for border in [s![0, ..], s![-1, ..], s![.., 0], s![.., -1]] {
            session.assign(u.at(border), src.at(border))?;
        }
        Ok(())
    }

    /// The relaxation as NumPy programs write it, in five ways.
    fn numeric(&mut self, form: usize, sweeps: usize) -> Result<(), SessionError> {
        let Self { session, n, u, v } = self;
        let inner = s![1..-1, 1..-1];
        for _ in 0..sweeps {
            match form {
                1 => session.assign(u.at(inner), interior(u))?,
                2 => {
                    let src = u.clone();
                    *u = session.array(&src)?;
                    session.assign(u.at(inner), interior(&src))?;
                }
                3 => {
                    let src = std::mem::replace(u, session.array(Array::zeros([*n, *n]))?);
                    Self::borders(session, u, &src)?;
                    session.assign(u.at(inner), interior(&src))?;
                }
                4 => {
                    session.assign(&*v, &*u)?;
                    session.assign(u.at(inner), interior(v))?;
                }
                _ => {
                    std::mem::swap(u, v);
                    Self::borders(session, u, v)?;
                    session.assign(u.at(inner), interior(v))?;
                }
            }
        }
        session.finish()
    }

    /// `u[:, 0] = c`, each time for somebody who looks.
    fn column(&mut self, times: usize) -> Result<(), SessionError> {
        for k in 0..times {
            self.session.assign(self.u.at(s![.., 0]), k as f64)?;
            self.session.finish()?;
        }
        Ok(())
    }
}
