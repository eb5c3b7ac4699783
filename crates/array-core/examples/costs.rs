//! What plans take beside what they say they will: `cargo run --release -p array-core --example costs`.
//!
//! Tenths of a nanosecond an element, measured / estimated ([`Plan::element_ps`](array_core::Plan::element_ps)), over arrays that stay in
//! the second-level cache. `TXARRAY_ISA` picks the instruction set. The table in `plan/cost.rs` is made from this.

use array_core::{Array, DType, Isa, Kind, Op, ReduceOp, bind};
use std::{hint::black_box, time::Instant};

const ELEMS: usize = 16384;
const TYPES: [DType; 9] = [
    DType::F64,
    DType::F32,
    DType::C128,
    DType::C64,
    DType::I64,
    DType::I32,
    DType::I8,
    DType::U64,
    DType::Bool,
];

/// The best of many runs, in tenths of a nanosecond an element.
fn measured(expression: &Array) -> f64 {
    let (mut best, started) = (f64::INFINITY, Instant::now());
    while started.elapsed().as_millis() < 10 {
        let t = Instant::now();
        black_box(expression.eval().expect("it is valid"));
        best = best.min(t.elapsed().as_nanos() as f64);
    }
    best / ELEMS as f64 * 10.0
}

fn both(expression: &Array) -> Option<(f64, f64)> {
    let estimate = f64::from(bind(expression).ok()?.plan.element_ps()) / 100.0;
    Some((measured(expression), estimate))
}

/// Values of a type, from 0 to a few.
fn values(dtype: DType, step: f64, most: f64) -> Array {
    let wide = if matches!(dtype.kind(), Kind::Float | Kind::Complex) { 1.0 } else { 25.0 };
    let data = (0..ELEMS).map(|i| (0.02 + (i as f64 * step).fract() * most) * wide).collect();
    Array::from_vec(data, [ELEMS]).cast(dtype).eval().expect("memory")
}

fn of(op: Op, x: &Array, y: &Array) -> Array {
    match (op, op.arity()) {
        (Op::Cast, _) => x.cast(if x.dtype() == DType::F64 { DType::F32 } else { DType::F64 }),
        (_, 1) => Array::unary(op, x),
        (_, 2) => Array::binary(op, x, y),
        _ => Array::where_(x.lt(y), x, y),
    }
}

fn row<'a>(name: &str, expressions: impl Iterator<Item = Array> + 'a) {
    print!("{name:14}");
    for expression in expressions {
        match both(&expression) {
            Some((measured, estimate)) => print!("{measured:7.1} /{estimate:6.1}"),
            None => print!("{:>15}", "-"),
        }
    }
    println!();
}

fn main() {
    println!("tenths of a nanosecond an element, measured / estimated, {}", Isa::active());
    print!("{:14}", "");
    TYPES.iter().for_each(|dtype| print!("{:>15}", dtype.name()));
    println!();
    let data: Vec<(Array, Array)> =
        TYPES.iter().map(|&dtype| (values(dtype, 0.37, 0.9), values(dtype, 0.61, 3.0))).collect();
    for &op in Op::ALL {
        row(op.name(), data.iter().map(|(x, y)| of(op, x, y)));
    }
    for op in [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max] {
        row(&format!("all: {}", op.name()), data.iter().map(|(x, _)| x.reduce(op)));
    }
    let (a, b) = &data[0];
    row("a + b * 2", [a + b * 2.0].into_iter());
    row("polynomial", [((a * 2.0 + 1.0) * a + 3.0) * a - 4.0].into_iter());
    row("root, ratio", [((a - b) / (a + b) * a + b).abs().sqrt()].into_iter());
    row("sin + cos", [a.sin() + b.cos()].into_iter());
    row("sum of a * b", [(a * b).sum()].into_iter());
    row("choice", [Array::where_(a.lt(b), a * 2.0, b + 1.0)].into_iter());
}
