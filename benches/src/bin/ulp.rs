//! `ulp [--points N] [--every-f32] [--check PYTHON] [--write FILE]`: the greatest error of each vector function, in ulp.
//!
//! Results of this library are sent to `ulp/reference.c`, which judges them by libquadmath's 113-bit functions; `--check` compares
//! those with mpmath's on a sample. Needs a C compiler with libquadmath (gcc), and for `--check` Python.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use array_core::{Isa, Op, functions};
use clap::Parser;
use txarray_benches::{
    points::{Random, one, two},
    suites::functions::std_f64,
};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask ulp", about = "The greatest error of each vector function, in ulp")]
struct Arguments {
    /// Points per function and type
    #[arg(long, default_value_t = 300_000)]
    points: usize,
    /// Every f32 for functions of one f32
    #[arg(long)]
    every_f32: bool,
    /// Only this function, by NumPy's name
    #[arg(long)]
    only: Option<String>,
    /// Seed of the points
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Compare the reference with mpmath first, by this Python
    #[arg(long, value_name = "PYTHON")]
    check: Option<PathBuf>,
    /// Put the table into this file, between its marks; rows of functions that were not measured stay
    #[arg(long)]
    write: Option<PathBuf>,
}

const BAR: f64 = 1.0;

/// What the reference found.
struct Verdict {
    points: u64,
    error: f64,
    at: [String; 3],
    wrong: u64,
    bad: [String; 3],
}

fn reference() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.parent().unwrap_or(folder).join("target/ulp-reference");
    // Built aside: another run may be using it.
    let fresh = program.with_extension(std::process::id().to_string());
    let done = Command::new("gcc")
        .args(["-O2", "-o"])
        .arg(&fresh)
        .arg(folder.join("ulp/reference.c"))
        .args(["-lquadmath", "-lm"])
        .status()
        .map_err(|e| format!("the reference needs gcc with libquadmath: gcc did not start: {e}"))?;
    if done.success() {
        std::fs::rename(&fresh, &program).map_err(|e| format!("{}: {e}", program.display()))?;
        Ok(program)
    } else {
        Err("gcc could not build ulp/reference.c (is libquadmath there?)".into())
    }
}

/// Sends blocks of `(x, y, result)` to the reference.
fn judge(
    program: &Path,
    op: Op,
    single: bool,
    mut block: impl FnMut(&mut Vec<[f64; 3]>) -> bool,
) -> Result<Verdict, String> {
    let mut child = Command::new(program)
        .args([op.name(), if single { "f32" } else { "f64" }])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("the reference did not start: {e}"))?;
    let mut pipe = child.stdin.take().ok_or("no pipe to the reference")?;
    let mut records = Vec::new();
    let mut bytes = Vec::new();
    loop {
        records.clear();
        let more = block(&mut records);
        bytes.clear();
        bytes.extend(records.iter().flatten().flat_map(|x| x.to_le_bytes()));
        pipe.write_all(&bytes).map_err(|e| format!("writing to the reference: {e}"))?;
        if !more {
            break;
        }
    }
    drop(pipe);
    let mut text = String::new();
    child
        .stdout
        .take()
        .ok_or("no pipe from the reference")?
        .read_to_string(&mut text)
        .map_err(|e| e.to_string())?;
    child.wait().map_err(|e| e.to_string())?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let [points, error, x, y, z, wrong, u, v, w] = words[..] else {
        return Err(format!("the reference does not know {}: {text:?}", op.name()));
    };
    Ok(Verdict {
        points: points.parse().map_err(|e| format!("{points}: {e}"))?,
        error: error.parse().map_err(|e| format!("{error}: {e}"))?,
        at: [x, y, z].map(str::to_owned),
        wrong: wrong.parse().map_err(|e| format!("{wrong}: {e}"))?,
        bad: [u, v, w].map(str::to_owned),
    })
}

const BLOCK: usize = 4096;

fn f64_verdict(program: &Path, op: Op, seed: u64, points: usize) -> Result<Verdict, String> {
    let mut random = Random(seed);
    let mut left = points;
    judge(program, op, false, |records| {
        let n = left.min(BLOCK);
        left -= n;
        let (mut x, mut y, mut z) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for i in 0..n {
            (x[i], y[i]) = if op.arity() == 1 { (one(op, &mut random), 0.0) } else { two(op, &mut random) };
        }
        let sources: [&[f64]; 2] = [&x, &y];
        functions::apply(op, Isa::active(), &sources[..op.arity()], &mut z);
        records.extend((0..n).map(|i| [x[i], y[i], z[i]]));
        left > 0
    })
}

/// Every f32, judged by Rust's f64 functions: those are within 2^-26 ulp of f32, and libquadmath would take a day.
fn every_f32(op: Op) -> Verdict {
    let none = || [const { String::new() }; 3];
    let mut verdict = Verdict { points: 1 << 32, error: 0.0, at: none(), wrong: 0, bad: none() };
    let (mut x, mut y) = (vec![0f32; BLOCK], vec![0f32; BLOCK]);
    let mut exact = vec![0.0; BLOCK];
    for block in 0..(1_u64 << 32) / BLOCK as u64 {
        for (i, x) in x.iter_mut().enumerate() {
            *x = f32::from_bits((block * BLOCK as u64) as u32 + i as u32);
        }
        functions::apply(op, Isa::active(), &[&x], &mut y);
        let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        std_f64(op, &wide, &wide, &mut exact);
        for ((x, y), exact) in wide.iter().zip(&y).zip(&exact) {
            let text = || [hexadecimal(*x), "0".into(), hexadecimal(f64::from(*y))];
            if y.is_nan() && exact.is_nan() {
                continue;
            }
            if y.is_nan() || exact.is_nan() || y.is_sign_negative() != exact.is_sign_negative() {
                verdict.wrong += 1;
                verdict.bad = text();
                continue;
            }
            // An infinity stands for 2^128, the first power of two that is too large.
            let value = |x: f64| x.clamp(-2f64.powi(128), 2f64.powi(128));
            let exact = value(*exact);
            let exponent = ((exact.to_bits() >> 52 & 0x7ff) as i32 - 1023).clamp(-126, 127);
            let error = (value(f64::from(*y)) - exact).abs() * 2f64.powi(23 - exponent);
            if error > verdict.error {
                verdict.error = error;
                verdict.at = text();
            }
        }
    }
    verdict
}

/// Random points.
fn f32_verdict(program: &Path, op: Op, seed: u64, points: usize) -> Result<Verdict, String> {
    let mut random = Random(seed);
    let mut left = points as u64;
    judge(program, op, true, |records| {
        let n = left.min(BLOCK as u64) as usize;
        left -= n as u64;
        let (mut x, mut y, mut z) = (vec![0f32; n], vec![0f32; n], vec![0f32; n]);
        for i in 0..n {
            if op.arity() == 1 && i % 2 == 0 {
                x[i] = one(op, &mut random) as f32;
            } else if op.arity() == 1 {
                x[i] = f32::from_bits(random.bits() as u32);
            } else if i % 2 == 0 {
                let (a, b) = two(op, &mut random);
                (x[i], y[i]) = (a as f32, b as f32);
            } else if op == Op::Power {
                x[i] = f32::from_bits(random.bits() as u32).abs();
                y[i] = random.uniform(-152.0, 130.0) as f32 / x[i].log2();
            } else {
                (x[i], y[i]) = (f32::from_bits(random.bits() as u32), f32::from_bits(random.bits() as u32));
            }
        }
        let sources: [&[f32]; 2] = [&x, &y];
        functions::apply(op, Isa::active(), &sources[..op.arity()], &mut z);
        records.extend((0..n).map(|i| [f64::from(x[i]), f64::from(y[i]), f64::from(z[i])]));
        left > 0
    })
}

/// Holds the reference against mpmath on a sample of each function.
fn check(program: &Path, python: &Path, seed: u64) -> Result<(), String> {
    const SAMPLE: usize = 400;
    let fail = |e: std::io::Error| format!("checking the reference: {e}");
    let mut lines = String::new();
    for &op in functions::ALL {
        let mut random = Random(seed);
        let points: Vec<_> = (0..SAMPLE)
            .map(|_| if op.arity() == 1 { (one(op, &mut random), 0.0) } else { two(op, &mut random) })
            .collect();
        let mut child = Command::new(program)
            .args([op.name(), "f64", "values"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        let bytes: Vec<u8> =
            points.iter().flat_map(|(x, y)| [*x, *y, 0.0]).flat_map(|x| x.to_le_bytes()).collect();
        // The answers of a sample fit into the pipe.
        child.stdin.take().ok_or("no pipe to the reference")?.write_all(&bytes).map_err(fail)?;
        let done = child.wait_with_output().map_err(fail)?;
        let values = String::from_utf8_lossy(&done.stdout).into_owned();
        for ((x, y), value) in points.iter().zip(values.lines()) {
            lines += &format!("{} {} {} {value}\n", op.name(), hexadecimal(*x), hexadecimal(*y));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ulp/check.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).spawn().map_err(fail)?;
    child.stdin.take().ok_or("no pipe to Python")?.write_all(lines.as_bytes()).map_err(fail)?;
    if child.wait().map_err(fail)?.success() { Ok(()) } else { Err("the reference and mpmath differ".into()) }
}

/// As C's `%a`.
fn hexadecimal(x: f64) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    let (exponent, fraction) = ((x.to_bits() >> 52 & 0x7ff) as i32, x.to_bits() & ((1 << 52) - 1));
    let sign = if x.is_sign_negative() { "-" } else { "" };
    format!("{sign}0x{}.{fraction:013x}p{}", i32::from(exponent != 0), exponent.max(1) - 1023)
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let program = reference()?;
    if let Some(python) = &arguments.check {
        check(&program, python, arguments.seed)?;
    }
    let mut table =
        String::from("| function | type | greatest error (ulp) | points | at |\n|---|---|---|---|---|\n");
    let mut failed = Vec::new();
    for &op in functions::ALL {
        if arguments.only.as_deref().is_some_and(|name| name != op.name()) {
            continue;
        }
        for single in [false, true] {
            let verdict = if single && arguments.every_f32 && op.arity() == 1 {
                every_f32(op)
            } else if single {
                f32_verdict(&program, op, arguments.seed, arguments.points)?
            } else {
                f64_verdict(&program, op, arguments.seed, arguments.points)?
            };
            let at = &verdict.at[..op.arity()];
            let row = format!(
                "| `{}` | {} | {:.3} | {} | `{}` |\n",
                op.name(),
                if single { "f32" } else { "f64" },
                verdict.error,
                verdict.points,
                at.join(", ")
            );
            print!("{row}");
            table += &row;
            if verdict.error > BAR {
                failed.push(format!(
                    "{} of {}: {} ulp, gives {}",
                    op.name(),
                    at.join(", "),
                    verdict.error,
                    verdict.at[2]
                ));
            }
            if verdict.wrong > 0 {
                let [x, y, z] = &verdict.bad;
                failed.push(format!(
                    "{}: {} wrong NaN or sign, as {x}, {y} -> {z}",
                    op.name(),
                    verdict.wrong
                ));
            }
        }
    }
    if let Some(file) = &arguments.write {
        replace(file, &table)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n  ")) }
}

/// Puts `table` between the marks of a document.
fn replace(file: &Path, table: &str) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("{}: {e}", file.display());
    let text = std::fs::read_to_string(file).map_err(fail)?;
    let (begin, end) = ("<!-- errors: begin -->\n", "<!-- errors: end -->");
    let (Some(from), Some(to)) = (text.find(begin), text.find(end)) else {
        return Err(format!("{} has no marks for the table", file.display()));
    };
    let text =
        format!("{}{begin}{}{}", &text[..from], merged(&text[from + begin.len()..to], table), &text[to..]);
    std::fs::write(file, text).map_err(fail)
}

/// The rows of `old` with those of `new` in their places, and behind them what `old` does not have.
fn merged(old: &str, new: &str) -> String {
    // Function and type.
    let key = |row: &str| row.split('|').skip(1).take(2).map(str::to_owned).collect::<Vec<_>>();
    let fresh = |row: &&str| new.lines().find(|other| key(other) == key(row));
    let stale = old.lines().map(|row| fresh(&row).unwrap_or(row));
    let added = new.lines().filter(|row| old.lines().all(|other| key(other) != key(row)));
    stale.chain(added).flat_map(|row| [row, "\n"]).collect()
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn rows_that_were_not_measured_stay() {
        let head = "| function | type | error |\n|---|---|---|\n";
        let old = format!("{head}| `sin` | f64 | 1 |\n| `sin` | f32 | 2 |\n");
        let new = format!("{head}| `sin` | f32 | 3 |\n| `cos` | f32 | 4 |\n");
        assert_eq!(
            merged(&old, &new),
            format!("{head}| `sin` | f64 | 1 |\n| `sin` | f32 | 3 |\n| `cos` | f32 | 4 |\n")
        );
        assert_eq!(merged("", &new), new);
    }
}
