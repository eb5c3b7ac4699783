//! Elementary functions beside Rust's std, NumPy and the `wide` crate; and whole expressions of them beside C with glibc's vector
//! library (libmvec, to 4 ulp) and NumPy.
//!
//! `functions/NAME/RANGE` is ns per value of 4096 f64 in the first-level cache, one thread: `ordinary` values, `huge` ones (1e10 to
//! 1e300, for functions of bounded argument left out) and `subnormal` ones; `functions/NAME/f32` is of ordinary f32.
//! `arrays/trig` is sin(a)² + cos(b)², `arrays/gauss` exp(-(x - m)² / (2 s²)), evaluated to a new array.

use array_core::{Array, Isa, Op, functions};
use wide::f64x4;

use crate::points::{Random, ordinary};
use crate::rival::{self, Rival};
use crate::{Contest, Row, Suite, Unit, timed};

pub(crate) const SUITE: Suite =
    Suite { name: "functions", about: "elementary functions beside std, NumPy, wide and libmvec", run };

/// The expressions alone: half a minute.
pub(crate) const FUSED: Suite = Suite {
    name: "fused",
    about: "expressions of elementary functions beside libmvec and NumPy",
    run: fused,
};

const N: usize = 4096;
const REPEAT: usize = 25;
const ROUNDS: usize = 15;

fn run(_: &[usize]) -> Vec<Row> {
    let mut numpy = rival::python("functions", "numpy", 1);
    let mut rows = Vec::new();
    for &op in functions::ALL {
        for range in ["ordinary", "huge", "subnormal"] {
            rows.extend(function(op, range, &mut numpy));
        }
        rows.push(single(op, &mut numpy));
    }
    rows.extend(expressions(&mut numpy));
    rows
}

fn fused(_: &[usize]) -> Vec<Row> {
    expressions(&mut rival::python("functions", "numpy", 1))
}

fn expressions(numpy: &mut Option<Rival>) -> Vec<Row> {
    let mut rows = Vec::new();
    let flags = ["-ffast-math", "-mprefer-vector-width=512"];
    let mut c = rival::c_with("functions", "c-libmvec", 1, &flags);
    for n in [10_000, 1_000_000, 30_000_000] {
        rows.push(expression("trig", n, trig, [&mut c, numpy]));
        rows.push(expression("gauss", n, gauss, [&mut c, numpy]));
    }
    rows
}

/// Arguments of a range, or none where the function has no values there.
fn arguments(op: Op, range: &str) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut random = Random(1);
    let bounded = matches!(op, Op::Asin | Op::Acos | Op::Atanh);
    if bounded && range == "huge" || op == Op::Acosh && range == "subnormal" {
        return None;
    }
    let positive =
        matches!(op, Op::Log | Op::Log2 | Op::Log10 | Op::Log1p | Op::Sqrt | Op::Acosh | Op::Power);
    let mut draw = |second: bool| {
        let sign = if positive || random.bits() & 1 == 0 { 1.0 } else { -1.0 };
        match range {
            "ordinary" if op == Op::Power && !second => random.uniform(0.0, 100.0),
            "ordinary" if op == Op::Power => random.uniform(-10.0, 10.0),
            "ordinary" => {
                let (lo, hi) = ordinary(op);
                random.uniform(lo, hi)
            }
            _ if op == Op::Power && second => random.uniform(-1.0, 1.0),
            "huge" => sign * 10f64.powf(random.uniform(10.0, 300.0)),
            _ => sign * f64::from_bits(random.below(1 << 52)),
        }
    };
    Some(((0..N).map(|_| draw(false)).collect(), (0..N).map(|_| draw(true)).collect()))
}

fn function(op: Op, range: &str, numpy: &mut Option<Rival>) -> Option<Row> {
    let (x, y) = arguments(op, range)?;
    let (mut ours, mut theirs, mut lanes) = (vec![0.0; N], vec![0.0; N], vec![0.0; N]);
    let id = format!("functions/{}/{range}", op.name());
    let mut contest = Contest::new(id, Unit::NsPerOp, N * REPEAT).ours(|| {
        let sources: [&[f64]; 2] = [&x, &y];
        timed(|| {
            (0..REPEAT).for_each(|_| functions::apply(op, Isa::active(), &sources[..op.arity()], &mut ours))
        })
    });
    contest = contest.rival("std", || timed(|| (0..REPEAT).for_each(|_| std_f64(op, &x, &y, &mut theirs))));
    if with_wide(op, &x[..4], &y[..4], &mut [0.0; 4]) {
        contest = contest
            .rival("wide", || timed(|| (0..REPEAT).for_each(|_| assert!(with_wide(op, &x, &y, &mut lanes)))));
    }
    Some(beside(contest, numpy, &format!("{} {range} f64 {N} {REPEAT}", op.name())).run(ROUNDS))
}

fn single(op: Op, numpy: &mut Option<Rival>) -> Row {
    let (x, y) = arguments(op, "ordinary").expect("every function has ordinary arguments");
    let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<_>>();
    let (x, y) = (narrow(&x), narrow(&y));
    let (mut ours, mut theirs) = (vec![0f32; N], vec![0f32; N]);
    let contest = Contest::new(format!("functions/{}/f32", op.name()), Unit::NsPerOp, N * REPEAT)
        .ours(|| {
            let sources: [&[f32]; 2] = [&x, &y];
            timed(|| {
                (0..REPEAT)
                    .for_each(|_| functions::apply(op, Isa::active(), &sources[..op.arity()], &mut ours));
            })
        })
        .rival("std", || timed(|| (0..REPEAT).for_each(|_| std_f32(op, &x, &y, &mut theirs))));
    beside(contest, numpy, &format!("{} ordinary f32 {N} {REPEAT}", op.name())).run(ROUNDS)
}

/// Add a rival that knows the job.
fn beside<'a>(contest: Contest<'a>, rival: &'a mut Option<Rival>, job: &str) -> Contest<'a> {
    let Some(rival) = rival.as_mut().filter(|_| contest.is_wanted()) else { return contest };
    let (name, job) = (rival.name().to_owned(), job.to_owned());
    if rival.turn(&job).is_none() {
        return contest;
    }
    contest.rival(name.clone(), move || rival.turn(&job).unwrap_or_else(|| panic!("{name} has gone")))
}

macro_rules! std_functions {
    ($name:ident $t:ty) => {
        /// Rust's own functions, in a loop.
        pub fn $name(op: Op, x: &[$t], y: &[$t], out: &mut [$t]) {
            fn one(x: &[$t], out: &mut [$t], f: impl Fn($t) -> $t) {
                x.iter().zip(out).for_each(|(x, out)| *out = f(*x));
            }
            fn two(x: &[$t], y: &[$t], out: &mut [$t], f: impl Fn($t, $t) -> $t) {
                x.iter().zip(y).zip(out).for_each(|((x, y), out)| *out = f(*x, *y));
            }
            match op {
                Op::Sin => one(x, out, <$t>::sin),
                Op::Cos => one(x, out, <$t>::cos),
                Op::Tan => one(x, out, <$t>::tan),
                Op::Asin => one(x, out, <$t>::asin),
                Op::Acos => one(x, out, <$t>::acos),
                Op::Atan => one(x, out, <$t>::atan),
                Op::Sinh => one(x, out, <$t>::sinh),
                Op::Cosh => one(x, out, <$t>::cosh),
                Op::Tanh => one(x, out, <$t>::tanh),
                Op::Asinh => one(x, out, <$t>::asinh),
                Op::Acosh => one(x, out, <$t>::acosh),
                Op::Atanh => one(x, out, <$t>::atanh),
                Op::Exp => one(x, out, <$t>::exp),
                Op::Exp2 => one(x, out, <$t>::exp2),
                Op::Expm1 => one(x, out, <$t>::exp_m1),
                Op::Log => one(x, out, <$t>::ln),
                Op::Log2 => one(x, out, <$t>::log2),
                Op::Log10 => one(x, out, <$t>::log10),
                Op::Log1p => one(x, out, <$t>::ln_1p),
                Op::Sqrt => one(x, out, <$t>::sqrt),
                Op::Cbrt => one(x, out, <$t>::cbrt),
                Op::Atan2 => two(x, y, out, <$t>::atan2),
                Op::Power => two(x, y, out, <$t>::powf),
                Op::Hypot => two(x, y, out, <$t>::hypot),
                _ => unreachable!("{} is not an elementary function", op.name()),
            }
        }
    };
}
std_functions! { std_f64 f64 }
std_functions! { std_f32 f32 }

/// The `wide` crate's function, if it has one, four f64 at a time.
fn with_wide(op: Op, x: &[f64], y: &[f64], out: &mut [f64]) -> bool {
    fn each(x: &[f64], y: &[f64], out: &mut [f64], f: impl Fn(f64x4, f64x4) -> f64x4) {
        let lanes = |x: &[f64]| f64x4::new([x[0], x[1], x[2], x[3]]);
        for ((x, y), out) in x.chunks_exact(4).zip(y.chunks_exact(4)).zip(out.chunks_exact_mut(4)) {
            out.copy_from_slice(&f(lanes(x), lanes(y)).to_array());
        }
    }
    match op {
        Op::Sin => each(x, y, out, |x, _| x.sin()),
        Op::Cos => each(x, y, out, |x, _| x.cos()),
        Op::Tan => each(x, y, out, |x, _| x.tan()),
        Op::Asin => each(x, y, out, |x, _| x.asin()),
        Op::Acos => each(x, y, out, |x, _| x.acos()),
        Op::Atan => each(x, y, out, |x, _| x.atan()),
        Op::Sinh => each(x, y, out, |x, _| x.sinh()),
        Op::Cosh => each(x, y, out, |x, _| x.cosh()),
        Op::Tanh => each(x, y, out, |x, _| x.tanh()),
        Op::Exp => each(x, y, out, |x, _| x.exp()),
        Op::Exp2 => each(x, y, out, |x, _| x.exp2()),
        Op::Expm1 => each(x, y, out, |x, _| x.exp_m1()),
        Op::Log => each(x, y, out, |x, _| x.ln()),
        Op::Log2 => each(x, y, out, |x, _| x.log2()),
        Op::Log10 => each(x, y, out, |x, _| x.log10()),
        Op::Log1p => each(x, y, out, |x, _| x.ln_1p()),
        Op::Sqrt => each(x, y, out, |x, _| x.sqrt()),
        Op::Cbrt => each(x, y, out, |x, _| x.cbrt()),
        Op::Atan2 => each(x, y, out, f64x4::atan2),
        Op::Power => each(x, y, out, f64x4::powf_simd),
        _ => return false,
    }
    true
}

fn trig([a, b, _]: &[Array; 3]) -> Array {
    a.sin().square() + b.cos().square()
}

fn gauss([x, m, s]: &[Array; 3]) -> Array {
    (-(x - m).square() / (s.square() * 2.0)).exp()
}

fn expression(name: &str, n: usize, f: fn(&[Array; 3]) -> Array, rivals: [&mut Option<Rival>; 2]) -> Row {
    let mut random = Random(7);
    let mut draw = |lo, hi| Array::from_vec((0..n).map(|_| random.uniform(lo, hi)).collect(), [n]);
    let arrays = [draw(-10.0, 10.0), draw(-10.0, 10.0), draw(1.0, 3.0)];
    let repeat = (2_000_000 / n).max(1);
    let rounds = if n > 1_000_000 { 5 } else { ROUNDS };
    let mut contest = Contest::new(format!("arrays/{name}/f64/{n}"), Unit::UsPerOp, repeat)
        .ours(|| timed(|| (0..repeat).for_each(|_| drop(f(&arrays).eval().expect("the shapes fit")))));
    for rival in rivals {
        contest = beside(contest, rival, &format!("{name} ordinary f64 {n} {repeat}"));
    }
    contest.run(rounds)
}
