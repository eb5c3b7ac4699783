//! Which kernel runs an instruction: from operation, types and scalar sides to machine code.

mod chains;

pub(crate) use chains::{Link, chain, compare_select, paired, weighted};

use super::{
    Isa, Kernel,
    arith::{self, *},
    complex::{self, Conjugate, FGreatest, FLeast, Greatest, ImagPart, Least, RealPart},
    convert::{Truth, via},
    loops::{CheckedPow, Convert, Copy1, Map1, Map2, S, V, Where},
    moves::Pair,
    pick, scalar,
};
use crate::{dtype::DType, expr::Op, functions};
use num_complex::Complex;
use smallvec::SmallVec;

type C64 = Complex<f32>;
type C128 = Complex<f64>;

/// Bit `k` of a mask: source `k` (from 0) is a scalar.
pub(crate) type Mask = u8;

/// Kernels by which sides are vectors. Where a kernel is missing the compiler of plans spreads the scalar over a block, which
/// costs one pass in the cache; so only the types that computing is done in have all, and operations that commute need not
/// have a scalar on the left (the compiler puts it right).
macro_rules! sides {
    ($isa:expr, $mask:expr, $F:ty, $T:ty) => {
        match $mask {
            0b00 => pick::<Map2<$F, $T, V, V>>($isa),
            0b10 => pick::<Map2<$F, $T, V, S>>($isa),
            0b01 => pick::<Map2<$F, $T, S, V>>($isa),
            _ => return None,
        }
    };
    ($isa:expr, $mask:expr, $F:ty, $T:ty, commutes) => {
        match $mask {
            0b00 => pick::<Map2<$F, $T, V, V>>($isa),
            0b10 => pick::<Map2<$F, $T, V, S>>($isa),
            _ => return None,
        }
    };
    ($isa:expr, $mask:expr, $F:ty, $T:ty, vectors) => {
        if $mask == 0 { pick::<Map2<$F, $T, V, V>>($isa) } else { return None }
    };
    ($isa:expr, $mask:expr, $F:ty, $T:ty, scalar) => {
        if $mask == 0 { scalar::<Map2<$F, $T, V, V>>() } else { return None }
    };
}

/// By the size of an integer, signed or not.
macro_rules! unsigned {
    ($dtype:expr, $macro:ident) => {
        match $dtype.size() {
            1 => $macro!(u8),
            2 => $macro!(u16),
            4 => $macro!(u32),
            _ => $macro!(u64),
        }
    };
}

/// By integer type.
macro_rules! integer {
    ($dtype:expr, $macro:ident) => {
        match $dtype {
            DType::I8 => $macro!(i8),
            DType::I16 => $macro!(i16),
            DType::I32 => $macro!(i32),
            DType::I64 => $macro!(i64),
            DType::U16 => $macro!(u16),
            DType::U32 => $macro!(u32),
            DType::U64 => $macro!(u64),
            // The byte of a `bool` orders as a number.
            DType::U8 | DType::Bool => $macro!(u8),
            _ => return None,
        }
    };
}

/// The kernel of one operation on operands of type `input` giving `output`, or none for this combination of scalar sides:
/// then the compiler of plans spreads a scalar over a block first.
pub(crate) fn op(isa: Isa, op: Op, input: DType, output: DType, mask: Mask) -> Option<Kernel> {
    match (op, op.arity()) {
        (Op::Where, _) => choose(isa, output, mask),
        (Op::Copy, _) => copy(isa, input, mask),
        (Op::Cast, _) => {
            if mask == 0 {
                cast(isa, input, output)
            } else {
                None
            }
        }
        (_, 1) => {
            if mask == 0 {
                unary(isa, op, input)
            } else {
                None
            }
        }
        _ => binary(isa, op, input, mask),
    }
}

fn binary(isa: Isa, op: Op, input: DType, mask: Mask) -> Option<Kernel> {
    match input {
        DType::F64 => float64(isa, op, mask),
        DType::F32 => float32(isa, op, mask),
        DType::C64 | DType::C128 => complex(isa, op, input, mask),
        _ => integral(isa, op, input, mask),
    }
}

macro_rules! float {
    ($name:ident $T:ty) => {
        fn $name(isa: Isa, op: Op, mask: Mask) -> Option<Kernel> {
            Some(match op {
                Op::Add => sides!(isa, mask, arith::Add, $T, commutes),
                Op::Subtract => sides!(isa, mask, arith::Sub, $T),
                Op::Multiply => sides!(isa, mask, arith::Mul, $T, commutes),
                Op::Divide => sides!(isa, mask, arith::Div, $T),
                Op::Minimum => sides!(isa, mask, Min, $T),
                Op::Maximum => sides!(isa, mask, Max, $T),
                Op::FMin => sides!(isa, mask, Fmin, $T, vectors),
                Op::FMax => sides!(isa, mask, Fmax, $T, vectors),
                Op::Equal => sides!(isa, mask, Eq, $T, commutes),
                Op::NotEqual => sides!(isa, mask, Ne, $T, commutes),
                Op::Less => sides!(isa, mask, Lt, $T),
                Op::LessEqual => sides!(isa, mask, Le, $T),
                Op::FloorDivide => sides!(isa, mask, FloorDiv, $T, scalar),
                Op::Remainder => sides!(isa, mask, arith::Rem, $T, scalar),
                Op::FMod => sides!(isa, mask, Fmod, $T, scalar),
                _ => return functions::kernel::<$T>(isa, op, mask),
            })
        }
    };
}
float! { float64 f64 }
float! { float32 f32 }

fn integral(isa: Isa, op: Op, input: DType, mask: Mask) -> Option<Kernel> {
    // What computing is done in has kernels with scalar sides.
    macro_rules! ring {
        ($F:ty, $($how:ident)?) => {
            match input.size() {
                1 => sides!(isa, mask, $F, u8, vectors),
                2 => sides!(isa, mask, $F, u16, vectors),
                4 => sides!(isa, mask, $F, u32, vectors),
                _ => sides!(isa, mask, $F, u64 $(, $how)?),
            }
        };
    }
    macro_rules! order {
        ($F:ty) => {
            match input {
                DType::I64 => sides!(isa, mask, $F, i64),
                DType::U64 => sides!(isa, mask, $F, u64),
                _ => {
                    macro_rules! vectors {
                        ($T:ty) => {
                            sides!(isa, mask, $F, $T, vectors)
                        };
                    }
                    integer!(input, vectors)
                }
            }
        };
    }
    macro_rules! division {
        ($F:ty) => {{
            macro_rules! typed {
                ($T:ty) => {
                    sides!(isa, mask, $F, $T, scalar)
                };
            }
            integer!(input, typed)
        }};
    }
    macro_rules! shift {
        ($F:ty) => {{
            macro_rules! typed {
                ($T:ty) => {
                    sides!(isa, mask, $F, $T, vectors)
                };
            }
            integer!(input, typed)
        }};
    }
    Some(match op {
        Op::Add => ring!(arith::Add, commutes),
        Op::Subtract => ring!(arith::Sub,),
        Op::Multiply => ring!(arith::Mul, commutes),
        Op::Equal => ring!(Eq, commutes),
        Op::NotEqual => ring!(Ne, commutes),
        Op::BitAnd => ring!(And, commutes),
        Op::BitOr => ring!(Or, commutes),
        Op::BitXor => ring!(Xor, commutes),
        Op::Less => order!(Lt),
        Op::LessEqual => order!(Le),
        Op::Minimum | Op::FMin => order!(Min),
        Op::Maximum | Op::FMax => order!(Max),
        Op::FloorDivide => division!(FloorDiv),
        Op::Remainder => division!(arith::Rem),
        Op::FMod => division!(Fmod),
        Op::LeftShift => shift!(Shl),
        Op::RightShift => shift!(Shr),
        Op::Power if mask != 0 => return None,
        Op::Power => match input {
            DType::I8 => scalar::<CheckedPow<i8>>(),
            DType::I16 => scalar::<CheckedPow<i16>>(),
            DType::I32 => scalar::<CheckedPow<i32>>(),
            DType::I64 => scalar::<CheckedPow<i64>>(),
            _ => {
                macro_rules! power {
                    ($T:ty) => {
                        scalar::<Map2<Pow, $T, V, V>>()
                    };
                }
                unsigned!(input, power)
            }
        },
        _ => return None,
    })
}

fn complex(isa: Isa, op: Op, input: DType, mask: Mask) -> Option<Kernel> {
    macro_rules! both {
        ($F:ty, $how:ident) => {
            if input == DType::C64 {
                sides!(isa, mask, $F, C64, $how)
            } else {
                sides!(isa, mask, $F, C128, $how)
            }
        };
    }
    Some(match op {
        Op::Add => both!(arith::Add, vectors),
        Op::Subtract => both!(arith::Sub, vectors),
        Op::Multiply => both!(arith::Mul, commutes),
        Op::Divide => both!(arith::Div, scalar),
        Op::Equal => both!(Eq, vectors),
        Op::NotEqual => both!(Ne, vectors),
        Op::Less => both!(complex::Less, scalar),
        Op::LessEqual => both!(complex::LessEqual, scalar),
        Op::Minimum => both!(Least, scalar),
        Op::Maximum => both!(Greatest, scalar),
        Op::FMin => both!(FLeast, scalar),
        Op::FMax => both!(FGreatest, scalar),
        Op::Power if mask != 0 => return None,
        Op::Power if input == DType::C64 => return functions::complex_kernel::<f32>(isa, op),
        Op::Power => return functions::complex_kernel::<f64>(isa, op),
        _ => return None,
    })
}

/// Operations of one vector. Functions of floats that are calls of scalar code have one version for all instruction sets.
fn unary(isa: Isa, op: Op, input: DType) -> Option<Kernel> {
    macro_rules! floats {
        ($F:ty) => {
            if input == DType::F64 { pick::<Map1<$F, f64>>(isa) } else { pick::<Map1<$F, f32>>(isa) }
        };
    }
    macro_rules! complexes {
        ($F:ty) => {
            if input == DType::C64 { scalar::<Map1<$F, C64>>() } else { scalar::<Map1<$F, C128>>() }
        };
    }
    macro_rules! ring {
        ($F:ty) => {
            match input {
                DType::F64 => pick::<Map1<$F, f64>>(isa),
                DType::F32 => pick::<Map1<$F, f32>>(isa),
                DType::C64 => pick::<Map1<$F, C64>>(isa),
                DType::C128 => pick::<Map1<$F, C128>>(isa),
                _ => {
                    macro_rules! sized {
                        ($T:ty) => {
                            pick::<Map1<$F, $T>>(isa)
                        };
                    }
                    unsigned!(input, sized)
                }
            }
        };
    }
    macro_rules! invert {
        ($T:ty) => {
            pick::<Map1<Invert, $T>>(isa)
        };
    }
    macro_rules! sign {
        ($T:ty) => {
            pick::<Map1<Sign, $T>>(isa)
        };
    }
    Some(match op {
        Op::Negative => ring!(arith::Neg),
        Op::Square => ring!(Square),
        Op::Invert if input == DType::Bool => pick::<Map1<arith::Not, u8>>(isa),
        Op::Invert if !(input.is_float() || input.is_complex()) => unsigned!(input, invert),
        Op::Abs => match input {
            DType::I8 => pick::<Map1<Abs, i8>>(isa),
            DType::I16 => pick::<Map1<Abs, i16>>(isa),
            DType::I32 => pick::<Map1<Abs, i32>>(isa),
            DType::I64 => pick::<Map1<Abs, i64>>(isa),
            DType::F32 | DType::F64 => floats!(Abs),
            DType::C64 => return functions::complex_kernel::<f32>(isa, op),
            DType::C128 => return functions::complex_kernel::<f64>(isa, op),
            _ => return None,
        },
        Op::Sign if input.is_float() => floats!(Sign),
        Op::Sign if input.is_complex() => complexes!(Sign),
        Op::Sign => integer!(input, sign),
        _ if input.is_float() => match op {
            // One instruction, slower by a twentieth on 512 bits than on twice 256.
            Op::Sqrt if input == DType::F64 => pick::<Map1<Sqrt, f64>>(isa.min(Isa::Avx2)),
            Op::Sqrt => pick::<Map1<Sqrt, f32>>(isa.min(Isa::Avx2)),
            Op::Reciprocal => floats!(Reciprocal),
            Op::Floor => floats!(Floor),
            Op::Ceil => floats!(Ceil),
            Op::Trunc => floats!(Trunc),
            Op::Rint => floats!(Rint),
            Op::IsNan => floats!(IsNan),
            Op::IsInf => floats!(IsInf),
            Op::IsFinite => floats!(IsFinite),
            Op::SignBit => floats!(SignBit),
            _ if input == DType::F64 => return functions::kernel::<f64>(isa, op, 0),
            _ => return functions::kernel::<f32>(isa, op, 0),
        },
        _ if input.is_complex() => match op {
            Op::Reciprocal => complexes!(Reciprocal),
            Op::Rint => complexes!(Rint),
            Op::Conjugate => complexes!(Conjugate),
            Op::Real => complexes!(RealPart),
            Op::Imag => complexes!(ImagPart),
            Op::IsNan => complexes!(IsNan),
            Op::IsInf => complexes!(IsInf),
            Op::IsFinite => complexes!(IsFinite),
            _ if input == DType::C64 => return functions::complex_kernel::<f32>(isa, op),
            _ => return functions::complex_kernel::<f64>(isa, op),
        },
        _ => return None,
    })
}

fn copy(isa: Isa, dtype: DType, mask: Mask) -> Option<Kernel> {
    macro_rules! sized {
        ($T:ty) => {
            if mask == 0 { pick::<Copy1<$T, V>>(isa) } else { pick::<Copy1<$T, S>>(isa) }
        };
    }
    Some(match dtype.size() {
        1 => sized!(u8),
        2 => sized!(u16),
        4 => sized!(u32),
        8 => sized!(u64),
        _ => sized!(Pair),
    })
}

/// The kernels that cast one after another; none for a type to itself.
pub(crate) fn casts(isa: Isa, from: DType, to: DType) -> SmallVec<[Kernel; 4]> {
    let (mut kernels, mut at) = (SmallVec::new(), from);
    while at != to {
        let mut next = to;
        let kernel = loop {
            match cast(isa, at, next) {
                Some(kernel) => break kernel,
                None => next = via(at, next),
            }
        };
        kernels.push(kernel);
        at = next;
    }
    kernels
}

/// The kernel of a cast, where there is one; else [`via`](super::convert::via) says the way.
pub(crate) fn cast(isa: Isa, from: DType, to: DType) -> Option<Kernel> {
    use DType::{Bool, C64 as C8, C128 as C16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    macro_rules! to {
        ($T:ty => $U:ty) => {
            pick::<Convert<$T, $U>>(isa)
        };
    }
    macro_rules! truth { ($T:ty) => { to!($T => Truth) }; }
    let whole = |d: DType| d.is_integer() || d == Bool;
    Some(match (from, to) {
        (F32, Bool) => to!(f32 => Truth),
        (F64, Bool) => to!(f64 => Truth),
        (C8, Bool) => to!(C64 => Truth),
        (C16, Bool) => to!(C128 => Truth),
        (_, Bool) => unsigned!(from, truth),
        _ if whole(from) && whole(to) => match (from, to.size()) {
            _ if from.size() == to.size() => return copy(isa, from, 0),
            (U8 | Bool, 2) => to!(u8 => u16),
            (U8 | Bool, 4) => to!(u8 => u32),
            (U8 | Bool, _) => to!(u8 => u64),
            (I8, 2) => to!(i8 => u16),
            (I8, 4) => to!(i8 => u32),
            (I8, _) => to!(i8 => u64),
            (U16 | I16, 1) => to!(u16 => u8),
            (U16, 4) => to!(u16 => u32),
            (U16, _) => to!(u16 => u64),
            (I16, 4) => to!(i16 => u32),
            (I16, _) => to!(i16 => u64),
            (U32 | I32, 1) => to!(u32 => u8),
            (U32 | I32, 2) => to!(u32 => u16),
            (U32, _) => to!(u32 => u64),
            (I32, _) => to!(i32 => u64),
            (_, 1) => to!(u64 => u8),
            (_, 2) => to!(u64 => u16),
            _ => to!(u64 => u32),
        },
        (U8 | Bool, F32) => to!(u8 => f32),
        (U8 | Bool, F64) => to!(u8 => f64),
        (I32, F32) => to!(i32 => f32),
        (I32, F64) => to!(i32 => f64),
        (U32, F64) => to!(u32 => f64),
        (I64, F32) => to!(i64 => f32),
        (I64, F64) => to!(i64 => f64),
        (U64, F32) => to!(u64 => f32),
        (U64, F64) => to!(u64 => f64),
        (F64, U8 | I8) => to!(f64 => u8),
        (F64, I32) => to!(f64 => i32),
        (F64, I64) => to!(f64 => i64),
        (F64, U64) => to!(f64 => u64),
        (F64, F32) => to!(f64 => f32),
        (F32, F64) => to!(f32 => f64),
        (F32, C8) => to!(f32 => C64),
        (F64, C16) => to!(f64 => C128),
        (C8, F32) => to!(C64 => f32),
        (C16, F64) => to!(C128 => f64),
        (C8, C16) => to!(C64 => C128),
        (C16, C8) => to!(C128 => C64),
        _ => return None,
    })
}

fn choose(isa: Isa, dtype: DType, mask: Mask) -> Option<Kernel> {
    macro_rules! sized {
        ($T:ty) => {
            match mask {
                0b000 => pick::<Where<$T, V, V>>(isa),
                0b010 => pick::<Where<$T, S, V>>(isa),
                0b100 => pick::<Where<$T, V, S>>(isa),
                0b110 => pick::<Where<$T, S, S>>(isa),
                _ => return None,
            }
        };
        ($T:ty, vectors) => {
            if mask == 0 { pick::<Where<$T, V, V>>(isa) } else { return None }
        };
    }
    Some(match dtype.size() {
        1 => sized!(u8, vectors),
        2 => sized!(u16, vectors),
        4 => sized!(u32),
        8 => sized!(u64),
        _ => sized!(Pair, vectors),
    })
}
