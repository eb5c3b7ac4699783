//! Sessions beside the loops that people write instead: C with full optimisation (with OpenMP for several threads), and
//! NumPy, Numba, JAX and dask where they are installed (`cargo xtask bench` does it where Python is); `ndarray` for the program.
//!
//! `laplace` is an ordinary program of slice assignments with two arrays in turn; `numeric1` to `5` are the five ways in which
//! NumPy programs write the same relaxation; `program` is forty expressions of 200 000 elements, eight of which read an
//! earlier result. The `cost` rows are what a statement, a tile and a closure cost when they compute next to nothing;
//! `storm` and `tenth` are closures that conflict, beside the same closures run one after the other.

mod closures;
mod costs;
mod programs;
mod relax;

use crate::rival::Rival;
use crate::{Contest, Row, Suite, Unit};

pub(crate) const SUITE: Suite = Suite {
    name: "scheduler",
    about: "sessions beside C, OpenMP, NumPy, Numba, JAX and dask; costs; conflict storms",
    run,
};

fn run(threads: &[usize]) -> Vec<Row> {
    let mut rows = Vec::new();
    for &n in threads {
        relax::rows(n, &mut rows);
        programs::rows(n, &mut rows);
        costs::rows(n, &mut rows);
        closures::rows(n, &mut rows);
    }
    rows
}

/// Add every rival that knows `job`, which does `operations` operations; slow ones do a `fraction` of them.
fn against<'a>(
    mut contest: Contest<'a>,
    rivals: &'a mut [Option<Rival>],
    job: &str,
    size: usize,
    operations: usize,
) -> Contest<'a> {
    if !contest.is_wanted() {
        return contest;
    }
    for rival in rivals.iter_mut().flatten() {
        let name = rival.name().to_owned();
        // A first turn tells how many operations are enough.
        let few = operations.min(15);
        let Some(first) = rival.turn(&format!("{job} {size} {few}")) else { continue };
        let many = if first.as_secs_f64() > 0.3 { few } else { operations };
        let line = format!("{job} {size} {many}");
        contest = contest.rival(name.clone(), move || {
            let spent = rival.turn(&line).unwrap_or_else(|| panic!("{name} has gone"));
            spent.mul_f64(operations as f64 / many as f64)
        });
    }
    contest
}

fn contest<'a>(id: String, unit: Unit, operations: usize, threads: usize) -> Contest<'a> {
    Contest::new(id, unit, operations).threads(threads)
}
