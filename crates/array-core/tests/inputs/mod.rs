//! What the tables of tests/fixtures were computed from: the generator's INPUTS, and functions by their names.

#![allow(dead_code, reason = "each test uses a part")]

use crate::fixture::dtype;
use array_core::{Array, Complex, DType, Op};

/// The generator's INPUTS.
pub(crate) fn input(name: &str) -> Array {
    let dtype = dtype(name);
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let integers = |values: &[i128]| {
        // In 64 bits, of either sign, then cut: all of them fit the type.
        Array::from_vec(values.iter().map(|v| *v as u64).collect(), [values.len()]).cast(dtype)
    };
    let top = 1i128 << (dtype.size() * 8 - 1);
    match &name[..1] {
        "b" => Array::from_vec(vec![false, true], [2]),
        "i" => integers(&[0, 1, -1, 3, -7, top / 2, -top, top - 1]),
        "u" => integers(&[0, 1, 5, if dtype == DType::U64 { (1 << 53) + 1 } else { 7 }, top, 2 * top - 1]),
        "f" => {
            let (least, greatest) = if dtype == DType::F32 { (1e-45, 3.4e38) } else { (5e-324, 1.7e308) };
            Array::from_vec(vec![0.0, -0.0, 1.0, -1.5, 2.5, inf, -inf, nan, least, greatest, -3.0], [11])
                .cast(dtype)
        }
        _ => {
            let parts = [
                (0.0, 0.0),
                (-0.0, -0.0),
                (1.0, 0.0),
                (-1.5, 2.0),
                (3.0, -4.0),
                (2.5, nan),
                (inf, 1.0),
                (0.5, 1e30),
            ];
            Array::from_vec(parts.map(|(re, im)| Complex::new(re, im)).to_vec(), [8]).cast(dtype)
        }
    }
}

/// The function that NumPy calls so.
pub(crate) fn op(name: &str) -> Op {
    use Op::*;
    let all = [
        Negative,
        Abs,
        Sqrt,
        Square,
        Invert,
        Sign,
        Floor,
        Ceil,
        Trunc,
        Rint,
        IsNan,
        IsInf,
        IsFinite,
        SignBit,
        Conjugate,
        Real,
        Imag,
        Reciprocal,
        Add,
        Subtract,
        Multiply,
        Divide,
        FloorDivide,
        Remainder,
        FMod,
        Power,
        Minimum,
        Maximum,
        FMin,
        FMax,
        Hypot,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        BitAnd,
        BitOr,
        BitXor,
        LeftShift,
        RightShift,
    ];
    all.into_iter().find(|op| op.name() == name).unwrap_or_else(|| panic!("function {name}"))
}
