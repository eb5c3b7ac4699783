//! Results as the files under tests/fixtures digest them.

use array_core::{Array, ArrayError, DType, Scalar};

/// FNV-1a, 32 bits.
pub(crate) fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |h, byte| (h ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

/// A result as the generator digests it. With `zeros` either zero is written as the positive one.
pub(crate) fn words(result: &Array, zeros: bool) -> Result<String, ArrayError> {
    let join = |words: Vec<String>, by: &str| words.join(by);
    let shape = join(result.shape().iter().map(usize::to_string).collect(), ",");
    let word = |value: Scalar| {
        let single = |x: f32| {
            if x.is_nan() { "nan".into() } else { format!("{:x}", if zeros { x + 0.0 } else { x }.to_bits()) }
        };
        let double = |x: f64| {
            if x.is_nan() { "nan".into() } else { format!("{:x}", if zeros { x + 0.0 } else { x }.to_bits()) }
        };
        match value {
            Scalar::Bool(x) => u8::from(x).to_string(),
            Scalar::F32(x) => single(x),
            Scalar::F64(x) => double(x),
            Scalar::C64(z) => format!("{},{}", single(z.re), single(z.im)),
            Scalar::C128(z) => format!("{},{}", double(z.re), double(z.im)),
            Scalar::U64(x) => x.to_string(),
            whole => match whole.cast(DType::I64) {
                Scalar::I64(x) => x.to_string(),
                _ => unreachable!("cast to it"),
            },
        }
    };
    Ok(format!("{shape}: {}", join(result.scalars()?.into_iter().map(word).collect(), " ")))
}
