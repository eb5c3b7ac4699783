//! How long the elements of a plan take, by an estimate: for who decides whether work is worth sharing out.
//!
//! **Model** an instruction takes the longer of two times: what it computes, by the table below, and what it moves, [`BYTE_PS`] for each
//! byte read and written. So fusing is seen (a chain moves less than its parts), and so is what a function costs. Instructions
//! that read one value for all elements count nothing: they run once.
//!
//! **Source** measured on a Xeon with AVX-512 at 2.6 GHz, arrays of 16384 elements in the second-level cache, by
//! `cargo run --release -p array-core --example costs`, which prints measured times beside these. Additions take 0.24 ns an element
//! and sines 0.66; the estimates are within a third for most operations of floats and within a factor of two for most others. Where data
//! comes from memory everything takes a nanosecond or so: the estimate is a lower bound.

use super::compile::{Code, Inst};
use crate::{
    dtype::{DType, Kind},
    expr::{Op, ReduceOp},
    kernels::{
        Isa,
        tape::{self, Act},
    },
};

/// Picoseconds for a byte to and from the second-level cache.
const BYTE_PS: u32 = 9;
/// The same where bytes are only read, in line: a reduction of data.
const READ_PS: u32 = 7;

/// Picoseconds for an element of the instruction.
pub(super) fn instruction(inst: &Inst, isa: Isa, is_scalar: impl Fn(super::bind::Arg) -> bool) -> u32 {
    let read: usize = inst
        .args
        .iter()
        .enumerate()
        .filter(|(_, arg)| !is_scalar(**arg))
        .map(|(k, _)| source_size(inst, k))
        .sum();
    let moves = (read + inst.output.size()) as u32 * BYTE_PS;
    let computes = match inst.code {
        Code::Op(op) => operation(op, inst.input, isa),
        Code::Tape => tape::words(inst.tape.as_deref().unwrap_or_default())
            .map(|(act, ..)| action(act, inst.output))
            .sum(),
        Code::Spread | Code::Chain(..) | Code::Weighted { .. } | Code::Paired { .. } | Code::Select(_) => 0,
    };
    moves.max(computes)
}

/// Bytes of an element of a source.
fn source_size(inst: &Inst, k: usize) -> usize {
    match inst.code {
        Code::Op(Op::Where) if k == 0 => DType::Bool.size(),
        _ => inst.input.size(),
    }
}

/// Picoseconds for taking in an element of the argument of a reduction, of data or of what instructions have just written.
pub(super) fn fold(op: ReduceOp, element: DType, data: bool) -> u32 {
    let computes = match (op, element.kind()) {
        (ReduceOp::Prod, Kind::Complex) => 500,
        (ReduceOp::Prod, _) => 160,
        (ReduceOp::Max | ReduceOp::Min, Kind::Complex) => 800,
        _ => 40,
    };
    computes.max(if data { element.size() as u32 * READ_PS } else { 0 })
}

/// What is computed beyond moving the operands.
fn operation(op: Op, input: DType, isa: Isa) -> u32 {
    let float = if input == DType::F32 { 1 } else { 3 };
    match (op, input.kind()) {
        (_, Kind::Complex) => complex(op),
        (_, Kind::Float) if op.is_function() || matches!(op, Op::Power) => function(op, input) * lanes(isa),
        (Op::Divide | Op::Reciprocal, Kind::Float) => 200 * float,
        (Op::Sqrt, Kind::Float) => 280 * float,
        (Op::Hypot, Kind::Float) => 500 * float,
        (Op::FloorDivide | Op::Remainder, Kind::Float) => 3300,
        (Op::FMod, Kind::Float) => 1150,
        (Op::FloorDivide | Op::Remainder | Op::FMod | Op::Reciprocal, _) => 1750,
        (Op::Power, _) => 2500,
        (Op::Sign, Kind::Signed | Kind::Unsigned) if input.size() == 8 => 560,
        (Op::Cast, _) if input.size() < 4 => 180,
        _ => 0,
    }
}

/// The elementary functions, on eight lanes of f64.
fn function(op: Op, input: DType) -> u32 {
    match op {
        Op::Exp | Op::Exp2 => 450,
        Op::Sin | Op::Cos | Op::Log => 680,
        Op::Expm1 => 850,
        Op::Cbrt | Op::Sinh | Op::Cosh => 1100,
        Op::Log2 | Op::Log10 => 1000,
        Op::Tan | Op::Atan | Op::Log1p => 1250,
        Op::Asin | Op::Acos | Op::Tanh => 1500,
        Op::Atanh => 1850,
        Op::Power if input == DType::F32 => 1500,
        Op::Atan2 | Op::Power => 2050,
        // `asinh`, `acosh`.
        _ => 2400,
    }
}

/// How many times as long functions take where there are fewer lanes. Without an instruction for fused multiply-adds, which the
/// narrowest x86 has not, they are computed from others: 100 ns each.
fn lanes(isa: Isa) -> u32 {
    match isa {
        Isa::Avx512 => 1,
        Isa::Avx2 => 2,
        Isa::Baseline if cfg!(target_arch = "x86_64") => 160,
        Isa::Baseline => 4,
    }
}

fn complex(op: Op) -> u32 {
    match op {
        Op::Power => 16_000,
        Op::Log => 8700,
        Op::Sqrt => 4800,
        Op::Sin | Op::Cos => 4300,
        Op::Exp | Op::Rint => 3000,
        Op::Sign => 2700,
        Op::Divide | Op::Reciprocal => 2000,
        Op::Abs => 1500,
        Op::Minimum | Op::Maximum | Op::FMin | Op::FMax => 900,
        _ if op.is_comparison() => 500,
        _ => 0,
    }
}

/// An action of a tape, whose sources are counted as bytes that move.
fn action(act: Act, dtype: DType) -> u32 {
    let float = if dtype == DType::F32 { 1 } else { 3 };
    match act {
        Act::Div | Act::RDiv | Act::Recip => 190 * float,
        Act::Sqrt => 280 * float,
        _ => 12 * float,
    }
}
