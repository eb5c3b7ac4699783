//! Forty medium expressions, eight of which read an earlier result.

use array_core::Array;
use ndarray::{Array1, Zip};
use tx_collections::View;
use tx_scheduler::{Config, Session, SessionError};

use super::{against, contest};
use crate::{Row, Unit, rival, timed};

const N: usize = 200_000;
const TIMES: usize = 5;

pub(super) fn rows(threads: usize, rows: &mut Vec<Row>) {
    let mut rivals = vec![
        rival::c("scheduler", threads),
        rival::python("scheduler", "numpy", 1),
        rival::python("scheduler", "numba", threads),
        rival::python("scheduler", "jax", threads),
        rival::python("scheduler", "dask", threads),
    ];
    let mut program = Program::new(threads);
    let plain = inputs().map(Array1::from_vec);
    let row = contest("scheduler/program/f64/200k".into(), Unit::UsPerOp, TIMES, threads)
        .ours(|| timed(|| (0..TIMES).try_for_each(|_| program.run()).expect("the shapes fit")))
        .rival("ndarray", || timed(|| (0..TIMES).for_each(|_| drop(by_zip(&plain)))));
    rows.push(against(row, &mut rivals, "program", N, TIMES).run(7));
}

fn inputs() -> [Vec<f64>; 3] {
    [0, 1, 2].map(|i| (0..N).map(|j| 0.1 + ((j * (i + 7)) % 1000) as f64 / 500.0).collect())
}

/// The program with `ndarray`, at its best: one fused `Zip` an expression. It has no threads for this.
fn by_zip([x, y, z]: &[Array1<f64>; 3]) -> Vec<Array1<f64>> {
    let mut results: Vec<Array1<f64>> = Vec::with_capacity(40);
    for k in 0..40 {
        let x = if k % 5 == 4 { &results[k - 4] } else { x };
        let c = 0.5 + k as f64 * 0.01;
        let zip = Zip::from(x).and(y).and(z);
        results.push(match k % 5 {
            0 => zip.map_collect(|x, y, z| ((x * c + y) * x + z) * x + c),
            1 => zip.map_collect(|x, y, z| ((y * y - x * 4.0 * z).abs().sqrt() - y) / (z + c)),
            2 => zip.map_collect(|x, y, _| x / (y * y + 1.0) + y / (x * x + 1.0) * c),
            3 => zip.map_collect(|x, y, z| if x < y { x * y * c } else { x - z }),
            _ => zip.map_collect(|x, y, z| (x * x + y * y).sqrt() * c + z),
        });
    }
    std::hint::black_box(results)
}

struct Program {
    session: Session,
    inputs: [View; 3],
}

impl Program {
    fn new(threads: usize) -> Self {
        let mut session = Session::new(Config::threads(threads).expect("at least one thread"));
        let inputs = inputs().map(|values| session.array(Array::from_vec(values, [N])).expect("it fits"));
        Self { session, inputs }
    }

    fn run(&mut self) -> Result<(), SessionError> {
        let [x, y, z] = &self.inputs;
        let mut results: Vec<View> = Vec::with_capacity(40);
        for k in 0..40 {
            let x = if k % 5 == 4 { &results[k - 4] } else { x };
            results.push(self.session.array(expression(k, x, y, z))?);
        }
        self.session.finish()
    }
}

fn expression(k: usize, x: &View, y: &View, z: &View) -> Array {
    let c = 0.5 + k as f64 * 0.01;
    match k % 5 {
        0 => ((x * c + y) * x + z) * x + c,
        1 => ((y * y - x * 4.0 * z).abs().sqrt() - y) / (z + c),
        2 => x / (y * y + 1.0) + y / (x * x + 1.0) * c,
        3 => Array::where_(x.read().less(y), x * y * c, x - z),
        _ => (x * x + y * y).sqrt() * c + z,
    }
}
