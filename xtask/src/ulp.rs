//! `cargo xtask ulp`: the greatest error of each vector function; `cargo xtask coefficients`: where their constants come from.

use crate::python;
use crate::shell::{Outcome, Shell};

/// What checks the reference and makes the constants.
const MPMATH: &str = "mpmath==1.4.1";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The long run: 10^7 points for each f64 function, every f32 for functions of one f32 (an hour)
    #[arg(long)]
    pub(crate) long: bool,
    /// Points for each function
    #[arg(long)]
    pub(crate) points: Option<usize>,
    /// Only this function, by NumPy's name
    #[arg(long)]
    pub(crate) only: Option<String>,
    /// Put the table into docs/functions.md
    #[arg(long)]
    pub(crate) write: bool,
    /// Compare the reference with mpmath first (installs it in target/rivals/venv)
    #[arg(long)]
    pub(crate) check: bool,
}

/// The sample of `cargo xtask ci`: about a minute.
pub(crate) const SAMPLE: Options =
    Options { long: false, points: None, only: None, write: false, check: false };

pub(crate) fn run(options: &Options) -> Outcome {
    let mut cargo = Shell::cargo().args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "txarray-benches",
        "--bin",
        "ulp",
        "--",
    ]);
    if options.long {
        cargo = cargo.args(["--points", "10000000", "--every-f32"]);
    }
    if let Some(points) = options.points {
        cargo = cargo.args(["--points", &points.to_string()]);
    }
    if let Some(only) = &options.only {
        cargo = cargo.args(["--only", only]);
    }
    if options.check {
        cargo = cargo.arg("--check").arg(python::with(&[MPMATH])?);
    }
    if options.write {
        cargo = cargo.args(["--write", "docs/functions.md"]);
    }
    cargo.run()
}

/// Write the tables and polynomials of the functions again.
pub(crate) fn coefficients() -> Outcome {
    let file = "crates/array-core/src/functions/constants.rs";
    Shell::new(python::with(&[MPMATH])?).args(["xtask/data/coefficients.py", file]).run()?;
    Shell::cargo().args(["fmt", "--package", "array-core"]).run()
}
