//! How the files under tests/fixtures write values: as the hexadecimal of their bits.

use array_core::{Complex, DType, Scalar};

/// A value of the type.
pub(crate) fn parse(text: &str, dtype: DType) -> Scalar {
    let bits = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let double = |text: &str| if text == "nan" { f64::NAN } else { f64::from_bits(bits(text)) };
    let single = |text: &str| if text == "nan" { f32::NAN } else { f32::from_bits(bits(text) as u32) };
    match dtype {
        DType::Bool => Scalar::Bool(text == "1"),
        DType::U64 => Scalar::U64(text.parse().unwrap()),
        DType::F32 => Scalar::F32(single(text)),
        DType::F64 => Scalar::F64(double(text)),
        DType::C64 | DType::C128 => {
            let (re, im) = text.split_once(',').unwrap();
            if dtype == DType::C64 {
                Scalar::C64(Complex::new(single(re), single(im)))
            } else {
                Scalar::C128(Complex::new(double(re), double(im)))
            }
        }
        _ => Scalar::I64(text.parse().unwrap()).cast(dtype),
    }
}
