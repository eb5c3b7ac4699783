//! The `.npy` format, versions 1.0, 2.0 and 3.0.
//!
//! **Promise** what is read is checked before it is believed: a header that is not exactly NumPy's, a type without an element
//! type here, a shape that does not fit memory and a file that ends early are different errors, and memory is taken only as
//! the data arrives. What is written is what `np.save` writes, byte for byte.

mod header;

use crate::{
    array::Array,
    buffer::Buffer,
    dtype::{DType, Element},
    error::ArrayError,
    layout::{Dims, Layout, checked_len},
};
use header::Header;
use num_complex::Complex;
use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

/// Why a `.npy` file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file does not start as a `.npy` file does.
    #[error("not a .npy file: it does not start with \\x93NUMPY")]
    NotNpy,
    /// A version this crate does not know.
    #[error("unknown .npy version {major}.{minor}; versions 1.0, 2.0 and 3.0 are known")]
    Version {
        /// Major number.
        major: u8,
        /// Minor number.
        minor: u8,
    },
    /// A header that is not the dictionary it should be.
    #[error("corrupt .npy header: {reason} (at byte {at} of the header)")]
    Header {
        /// What is wrong.
        reason: &'static str,
        /// Where.
        at: usize,
    },
    /// Elements of a type that arrays do not have.
    #[error(
        "unsupported .npy element type {descr}; supported are b1, i1 to i8, u1 to u8, f4, f8, c8 and c16 in either byte order"
    )]
    UnsupportedType {
        /// The type as the file names it.
        descr: String,
    },
    /// The file ends before its data does.
    #[error("truncated .npy file: the data should have {expected} bytes, the file has {found}")]
    Truncated {
        /// Bytes of data the header promises.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A shape too large, or an expression that failed when it was written.
    #[error(transparent)]
    Array(#[from] ArrayError),
}

/// Headers longer than this are refused: NumPy's own are below 200 bytes, and its reader's limit is 10 000.
const MAX_HEADER: usize = 1 << 16;

/// Reads a `.npy` file.
///
/// C and Fortran order (the latter becomes strides, nothing is moved) and both byte orders, for the element types of
/// [`DType`].
///
/// # Errors
/// [`NpyError`] says what is wrong with the file. Memory in proportion to the file, whatever its header claims.
///
/// ```
/// use array_core::{read_npy, write_npy, Array};
/// let path = std::env::temp_dir().join(format!("array-core-doc-{}.npy", std::process::id()));
/// write_npy(std::fs::File::create(&path)?, &Array::arange(0, 4, 1).reshape([2, 2]))?;
/// assert_eq!(read_npy(&path)?.to_string(), "[[0 1]\n [2 3]]");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), array_core::NpyError>(())
/// ```
pub fn read_npy(path: impl AsRef<Path>) -> Result<Array, NpyError> {
    read_npy_from(BufReader::new(File::open(path)?))
}

/// Reads the `.npy` format from any reader; bytes after the data are left unread.
///
/// # Errors
/// As [`read_npy`].
///
/// ```
/// use array_core::npy::{read_npy_from, NpyError};
/// assert!(matches!(read_npy_from(&b"PNG"[..]), Err(NpyError::NotNpy)));
/// ```
pub fn read_npy_from(mut reader: impl Read) -> Result<Array, NpyError> {
    let mut magic = [0; 8];
    let got = read_full(&mut reader, &mut magic)?;
    if got < 6 || magic[..6] != *b"\x93NUMPY" {
        return Err(NpyError::NotNpy);
    }
    let short = |at| NpyError::Header { reason: "the file ends inside the header", at };
    let (major, minor) = (magic[6], magic[7]);
    let mut length = [0; 4];
    let wide = match (got, major, minor) {
        (8, 1, 0) => 2,
        (8, 2 | 3, 0) => 4,
        (8, ..) => return Err(NpyError::Version { major, minor }),
        _ => return Err(short(0)),
    };
    if read_full(&mut reader, &mut length[..wide])? < wide {
        return Err(short(0));
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_HEADER {
        return Err(NpyError::Header { reason: "the header is absurdly long", at: 0 });
    }
    let mut text = vec![0; length];
    let got = read_full(&mut reader, &mut text)?;
    if got < length {
        return Err(short(got));
    }
    let header = Header::parse(&text)?;
    let (dtype, big) = element_type(&header.descr)?;
    let len = checked_len(&header.shape)?;
    macro_rules! numbers {
        ($($variant:ident $t:ty),*) => {
            match dtype {
                DType::Bool => data(reader, len, |b: [u8; 1]| b[0] != 0)?,
                $(
                    DType::$variant if big => data(reader, len, <$t>::from_be_bytes)?,
                    DType::$variant => data(reader, len, <$t>::from_le_bytes)?,
                )*
                DType::C64 => data(reader, len, |b: [u8; 8]| complex(b, big, f32::from_be_bytes, f32::from_le_bytes))?,
                DType::C128 => data(reader, len, |b: [u8; 16]| complex(b, big, f64::from_be_bytes, f64::from_le_bytes))?,
            }
        };
    }
    let data = numbers!(I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64);
    let layout = if header.fortran {
        let reversed: Dims = header.shape.iter().rev().copied().collect();
        let axes: Dims = (0..reversed.len()).rev().collect();
        Layout::contiguous(&reversed)?.permute(&axes)
    } else {
        Layout::contiguous(&header.shape)?
    };
    Ok(Array::from_layout(data, layout))
}

/// A complex number from its bytes, real part first.
fn complex<T, const N: usize, const HALF: usize>(
    bytes: [u8; N],
    big: bool,
    from_be: fn([u8; HALF]) -> T,
    from_le: fn([u8; HALF]) -> T,
) -> Complex<T> {
    let part = |at: usize| {
        let part: [u8; HALF] = bytes[at..at + HALF].try_into().expect("half of the bytes");
        if big { from_be(part) } else { from_le(part) }
    };
    Complex::new(part(0), part(HALF))
}

/// Element type and whether bytes are in big-endian order.
fn element_type(descr: &str) -> Result<(DType, bool), NpyError> {
    let unsupported = || NpyError::UnsupportedType { descr: format!("'{descr}'") };
    let order = descr.chars().next().ok_or_else(unsupported)?;
    let name = &descr[order.len_utf8()..];
    let dtype = DType::ALL.iter().copied().find(|d| d.descr() == name).ok_or_else(unsupported)?;
    let big = match order {
        '<' => false,
        '>' => true,
        '=' => cfg!(target_endian = "big"),
        '|' if dtype.size() == 1 => false,
        _ => return Err(unsupported()),
    };
    Ok((dtype, big))
}

/// Fills as much of `into` as the reader has.
fn read_full(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match reader.read(&mut into[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// `len` elements of `N` bytes each. The vector grows with what arrives.
fn data<T: Element, const N: usize>(
    mut reader: impl Read,
    len: usize,
    decode: impl Fn([u8; N]) -> T,
) -> Result<Buffer, NpyError> {
    const CHUNK: usize = 1 << 16;
    let mut bytes = vec![0; CHUNK];
    let mut values = Vec::with_capacity(len.min(CHUNK));
    while values.len() < len {
        let want = ((len - values.len()) * N).min(CHUNK);
        let got = read_full(&mut reader, &mut bytes[..want])?;
        values.extend(bytes[..got].as_chunks::<N>().0.iter().map(|b| decode(*b)));
        if got < want {
            let found = (values.len() * N + got % N) as u64;
            return Err(NpyError::Truncated { expected: (len * N) as u64, found });
        }
    }
    Ok(Buffer::from_vec(values))
}

/// Writes an array as `np.save` does: version 1.0, little-endian, C order. Evaluates it first.
///
/// The writer is flushed, not synced; a caller that must never leave half a file writes to another name and renames.
///
/// # Errors
/// Those of the evaluation, before anything is written; those of the writer.
///
/// ```
/// use array_core::{npy::read_npy_from, write_npy, Array};
/// let mut file = Vec::new();
/// write_npy(&mut file, &Array::ones([3]))?;
/// assert_eq!(file.len(), 128 + 24);
/// assert_eq!(read_npy_from(&file[..])?.to_vec::<f64>()?, [1.0; 3]);
/// # Ok::<(), array_core::NpyError>(())
/// ```
pub fn write_npy(mut writer: impl Write, array: &Array) -> Result<(), NpyError> {
    let array = array.compact()?;
    let (buffer, layout) = array.as_buffer().expect("evaluated");
    writer.write_all(&header::encode(buffer.dtype(), &layout.shape))?;
    let start = if layout.is_empty() { 0 } else { layout.offset as usize };
    let range = start..start + layout.len();
    macro_rules! numbers {
        ($($variant:ident $t:ty),*) => {
            match buffer.dtype() {
                DType::Bool => write_elements(&mut writer, buffer, range, |v: bool| [u8::from(v)])?,
                $(DType::$variant => write_elements(&mut writer, buffer, range, <$t>::to_le_bytes)?,)*
                DType::C64 => write_elements(&mut writer, buffer, range, |v: Complex<f32>| -> [u8; 8] {
                    std::array::from_fn(|i| [v.re, v.im][i / 4].to_le_bytes()[i % 4])
                })?,
                DType::C128 => write_elements(&mut writer, buffer, range, |v: Complex<f64>| -> [u8; 16] {
                    std::array::from_fn(|i| [v.re, v.im][i / 8].to_le_bytes()[i % 8])
                })?,
            }
        };
    }
    numbers!(I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64);
    Ok(writer.flush()?)
}

fn write_elements<T: Element, const N: usize>(
    writer: &mut impl Write,
    buffer: &Buffer,
    range: std::ops::Range<usize>,
    encode: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let values = &buffer.as_slice::<T>().expect("of this type")[range];
    let mut bytes = Vec::with_capacity(values.len().min(8192) * N);
    for chunk in values.chunks(8192) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|v| encode(*v)));
        writer.write_all(&bytes)?;
    }
    Ok(())
}
