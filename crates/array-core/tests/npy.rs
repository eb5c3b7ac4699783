//! `.npy` files: those NumPy wrote, those we write, and those somebody broke.

use array_core::{
    Array, Complex, DType, NpyError, Scalar,
    npy::{read_npy_from, write_npy},
    read_npy,
};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}.npy", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn numpys_files_are_read() {
    let read = |name: &str| read_npy_from(&fixture(name)[..]).unwrap();
    let floats = |n: usize| (0..n).map(|i| i as f64).collect::<Vec<_>>();
    assert_eq!(read("c_order").to_vec::<f64>().unwrap(), floats(12));
    assert_eq!(read("c_order").shape(), [3, 4]);
    assert_eq!(read("fortran").to_vec::<i64>().unwrap(), (0..12).collect::<Vec<_>>());
    assert_eq!(read("fortran").shape(), [3, 4]);
    assert_eq!(read("big_endian").to_vec::<f64>().unwrap(), floats(5));
    assert_eq!(read("bool").to_vec::<bool>().unwrap(), [true, false, true]);
    assert_eq!(read("scalar").item::<u64>().unwrap(), u64::MAX);
    assert_eq!((read("empty").shape(), read("empty").dtype()), (&[0, 3][..], DType::U8));
    assert_eq!(read("version2").to_vec::<f64>().unwrap(), floats(6));
    assert_eq!(read("version3").to_vec::<i64>().unwrap(), [0, 1, 2]);
    assert_eq!(read("float32").to_vec::<f32>().unwrap(), [0.5, -1.5, 3.25]);
    assert_eq!(read("int16_big").to_vec::<i16>().unwrap(), [1, -2, 300]);
    let (re, im) = (Complex::new(1.0, 2.0), Complex::new(-0.0, -0.5));
    assert_eq!(read("complex_big").to_vec::<Complex<f64>>().unwrap(), [re, im]);
    assert_eq!(read("complex64").cast(DType::C128).to_vec::<Complex<f64>>().unwrap(), [re, im]);
    match read_npy_from(&fixture("float16")[..]) {
        Err(NpyError::UnsupportedType { descr }) => assert_eq!(descr, "'<f2'"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_what_numpy_writes() {
    for name in ["c_order", "bool", "scalar", "empty", "float32", "complex64"] {
        let bytes = fixture(name);
        let mut ours = Vec::new();
        write_npy(&mut ours, &read_npy_from(&bytes[..]).unwrap()).unwrap();
        assert_eq!(ours, bytes, "{name}");
    }
}

#[test]
fn broken_files_say_how() {
    let good = fixture("c_order");
    let error = |bytes: &[u8]| read_npy_from(bytes).unwrap_err();
    assert!(matches!(error(b""), NpyError::NotNpy));
    assert!(matches!(error(&good[..5]), NpyError::NotNpy));
    for n in 6..128 {
        assert!(matches!(error(&good[..n]), NpyError::Header { .. }), "{n} bytes");
    }
    for n in 128..good.len() {
        match error(&good[..n]) {
            NpyError::Truncated { expected: 96, found } => assert_eq!(found, n as u64 - 128),
            other => panic!("{n} bytes: {other}"),
        }
    }
    let mut version = good.clone();
    version[6] = 9;
    assert!(matches!(error(&version), NpyError::Version { major: 9, minor: 0 }));
    // A shape that overflows, and one that is merely larger than the file: no memory is taken for either.
    for (shape, overflow) in [("(9223372036854775807, 8)", true), ("(1152921504606846,)", false)] {
        let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes());
        bytes.extend([0; 64]);
        match (error(&bytes), overflow) {
            (NpyError::Array(_), true) | (NpyError::Truncated { found: 64, .. }, false) => {}
            (other, _) => panic!("{shape}: {other}"),
        }
    }
    assert!(matches!(read_npy("/nonexistent/file.npy"), Err(NpyError::Io(_))));
    let failed = Array::zeros([2]) + Array::zeros([3]);
    let mut out = Vec::new();
    assert!(matches!(write_npy(&mut out, &failed), Err(NpyError::Array(_))));
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn any_corruption_is_an_error_or_an_array(
        name in prop::sample::select(vec!["c_order", "fortran", "bool", "scalar", "version2", "version3"]),
        changes in prop::collection::vec((0usize..300, any::<u8>()), 1..6),
        cut in prop::option::of(0usize..300),
    ) {
        let mut bytes = fixture(name);
        for (at, byte) in changes {
            let n = bytes.len();
            bytes[at % n] = byte;
        }
        bytes.truncate(cut.unwrap_or(usize::MAX));
        if let Ok(array) = read_npy_from(&bytes[..]) {
            prop_assert_eq!(array.scalars().unwrap().len(), array.len());
        }
    }

    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(any::<u64>(), 0..50), kind in 0..DType::ALL.len()) {
        let n = values.len();
        let bits = Array::from_vec(values.clone(), [n]);
        let floats = Array::from_vec(values.iter().map(|v| f64::from_bits(*v)).collect(), [n]);
        let pairs = Array::from_vec(values.iter().map(|v| Complex::new(f64::from_bits(*v), *v as f64)).collect(), [n]);
        let array = match DType::ALL[kind] {
            dtype if dtype.is_complex() => pairs.cast(dtype),
            dtype if dtype.is_float() => floats.cast(dtype),
            dtype => bits.cast(dtype),
        };
        let mut file = Vec::new();
        write_npy(&mut file, &array).unwrap();
        let back = read_npy_from(&file[..]).unwrap();
        prop_assert_eq!(back.dtype(), array.dtype());
        // The bits, of NaN too: what is written again is the same file.
        let mut again = Vec::new();
        write_npy(&mut again, &back).unwrap();
        prop_assert_eq!(again, file);
        let near = |a: &Scalar, b: &Scalar| a == b || a.cast(DType::C128) != a.cast(DType::C128);
        let (a, b) = (array.scalars().unwrap(), back.scalars().unwrap());
        prop_assert!(a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| near(a, b)));
    }
}
