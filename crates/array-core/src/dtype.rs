//! Element types: what an array holds, how types promote, and single values of them.
//!
//! Everything that depends on the list of types is made from **one table** ([`DType`]'s macro below); a new type is a row
//! there, plus its kernels. Promotion is NumPy 2's (NEP 50) and computed from kind and size, so it needs no table of pairs.

use num_complex::Complex;
use std::fmt;

mod sealed {
    pub trait Sealed {}
}

/// The kind of an element type, in NumPy's order of promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `bool`.
    Bool,
    /// Unsigned integers.
    Unsigned,
    /// Signed integers.
    Signed,
    /// Floating point numbers.
    Float,
    /// Pairs of floating point numbers.
    Complex,
}

/// A Rust type that is an element of arrays: `bool`, `i8` to `i64`, `u8` to `u64`, `f32`, `f64`, `Complex<f32>`,
/// `Complex<f64>`. Sealed.
///
/// ```
/// use array_core::{DType, Element};
/// assert_eq!(f64::DTYPE, DType::F64);
/// ```
pub trait Element: sealed::Sealed + Copy + Send + Sync + PartialEq + fmt::Debug + 'static {
    /// The run-time name of this type.
    const DTYPE: DType;
    /// This value as a [`Scalar`].
    fn to_scalar(self) -> Scalar;
    /// `value` cast to this type by NumPy's rules ([`Scalar::cast`]).
    fn from_scalar(value: Scalar) -> Self;
}

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident: $rust:ty, $name:literal, $kind:ident, $descr:literal;)*) => {
        /// The type of an array's elements.
        ///
        /// ```
        /// use array_core::DType;
        /// assert_eq!(DType::I64.to_string(), "int64");
        /// assert_eq!(DType::I64.promote(DType::U64), DType::F64);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum DType { $($(#[$doc])* $variant),* }

        /// One value of any element type.
        ///
        /// ```
        /// use array_core::{DType, Scalar};
        /// assert_eq!(Scalar::from(-1.5).cast(DType::I64), Scalar::I64(-1));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum Scalar { $($(#[$doc])* $variant($rust)),* }

        impl DType {
            /// Every type, in the order of the table.
            pub const ALL: &'static [DType] = &[$(DType::$variant),*];
            const SIZES: &'static [usize] = &[$(size_of::<$rust>()),*];

            /// NumPy's name: `"float64"`.
            pub const fn name(self) -> &'static str { match self { $(DType::$variant => $name),* } }
            /// Kind, for promotion.
            pub const fn kind(self) -> Kind { match self { $(DType::$variant => Kind::$kind),* } }
            /// The type letter and size of the `.npy` format, without byte order: `"f8"`.
            pub const fn descr(self) -> &'static str { match self { $(DType::$variant => $descr),* } }
        }

        impl Scalar {
            /// The type of this value.
            pub const fn dtype(self) -> DType { match self { $(Scalar::$variant(_) => DType::$variant),* } }
            /// Element `at` of a run of elements of `dtype`.
            ///
            /// # Safety
            /// The run holds a written element there, aligned, and nobody writes it during the call.
            pub unsafe fn read(dtype: DType, run: *const u8, at: usize) -> Scalar {
                match dtype { $(DType::$variant => {
                    // SAFETY: the caller's promise.
                    Scalar::$variant(unsafe { *run.cast::<$rust>().add(at) })
                }),* }
            }
            /// Replace element `at` of a run of elements of this value's type.
            ///
            /// # Safety
            /// The run has room there, aligned, and nobody else touches it during the call.
            pub unsafe fn write(self, run: *mut u8, at: usize) {
                match self { $(Scalar::$variant(v) => {
                    // SAFETY: the caller's promise.
                    unsafe { run.cast::<$rust>().add(at).write(v) }
                }),* }
            }
            /// The bytes a kernel reads this value from (native order, zero padded).
            pub(crate) fn bits(self) -> Const { match self { $(Scalar::$variant(v) => {
                let mut cell: Const = 0;
                // SAFETY: every element type fits the bytes of `cell`, which any bit pattern may fill.
                unsafe { (&raw mut cell).cast::<$rust>().write(v) };
                cell
            }),* } }
        }

        $(
            impl sealed::Sealed for $rust {}
            impl Element for $rust {
                const DTYPE: DType = DType::$variant;
                fn to_scalar(self) -> Scalar { Scalar::$variant(self) }
                fn from_scalar(value: Scalar) -> Self {
                    match value.cast(DType::$variant) { Scalar::$variant(v) => v, _ => unreachable!("cast gives the type asked for") }
                }
            }
            /// The value, if it has exactly this type ([`Scalar::cast`] first, if not).
            impl TryFrom<Scalar> for $rust {
                type Error = crate::ArrayError;
                fn try_from(value: Scalar) -> Result<Self, Self::Error> {
                    match value {
                        Scalar::$variant(v) => Ok(v),
                        other => Err(crate::ArrayError::WrongType { have: other.dtype(), asked: DType::$variant }),
                    }
                }
            }
        )*
    };
}

/// Room for one value of any element type, aligned for each.
pub(crate) type Const = u128;

dtypes! {
    /// Truth value, one byte that is 0 or 1.
    Bool: bool, "bool", Bool, "b1";
    /// 8-bit signed integer.
    I8: i8, "int8", Signed, "i1";
    /// 16-bit signed integer.
    I16: i16, "int16", Signed, "i2";
    /// 32-bit signed integer.
    I32: i32, "int32", Signed, "i4";
    /// 64-bit signed integer.
    I64: i64, "int64", Signed, "i8";
    /// 8-bit unsigned integer.
    U8: u8, "uint8", Unsigned, "u1";
    /// 16-bit unsigned integer.
    U16: u16, "uint16", Unsigned, "u2";
    /// 32-bit unsigned integer.
    U32: u32, "uint32", Unsigned, "u4";
    /// 64-bit unsigned integer.
    U64: u64, "uint64", Unsigned, "u8";
    /// 32-bit floating point number.
    F32: f32, "float32", Float, "f4";
    /// 64-bit floating point number.
    F64: f64, "float64", Float, "f8";
    /// Complex number of two 32-bit parts.
    C64: Complex<f32>, "complex64", Complex, "c8";
    /// Complex number of two 64-bit parts.
    C128: Complex<f64>, "complex128", Complex, "c16";
}

macro_rules! plain {
    ($($rust:ty => $variant:ident;)*) => {$(
        impl From<$rust> for Scalar { fn from(value: $rust) -> Self { Scalar::$variant(value) } }
    )*};
}
// Not `i32`: a plain `7` in Rust is an `i32`, and a plain integer is an `int64`; see below.
plain! {
    bool => Bool; i8 => I8; i16 => I16; i64 => I64; u8 => U8; u16 => U16; u32 => U32; u64 => U64;
    f32 => F32; f64 => F64; Complex<f32> => C64; Complex<f64> => C128;
}

impl DType {
    /// Bytes of one element.
    pub const fn size(self) -> usize {
        Self::SIZES[self as usize]
    }

    /// Whether NumPy casts to `to` under its rule `same_kind`: to the same kind or a higher one, whatever the size.
    ///
    /// ```
    /// use array_core::DType;
    /// assert!(DType::F64.is_same_kind(DType::F32) && DType::U64.is_same_kind(DType::I8));
    /// assert!(!DType::F64.is_same_kind(DType::I64) && !DType::I8.is_same_kind(DType::U64));
    /// ```
    pub fn is_same_kind(self, to: DType) -> bool {
        self.kind() <= to.kind()
    }

    /// The type of that kind and size in bytes, if there is one.
    fn of(kind: Kind, size: usize) -> Option<DType> {
        Self::ALL.iter().copied().find(|d| d.kind() == kind && d.size() == size)
    }

    /// The type that both convert to without surprise, as NumPy 2's `np.promote_types`.
    ///
    /// Where an unsigned and a signed integer have no common integer type the answer is `float64`; integers of 32 and 64
    /// bits meet `float32` and `complex64` in the type of twice the precision.
    ///
    /// ```
    /// use array_core::DType;
    /// assert_eq!(DType::I32.promote(DType::F32), DType::F64);
    /// assert_eq!(DType::F64.promote(DType::C64), DType::C128);
    /// ```
    #[inline]
    pub fn promote(self, other: DType) -> DType {
        if self == other { self } else { self.promote_unlike(other) }
    }

    fn promote_unlike(self, other: DType) -> DType {
        let (low, high) = if (self.kind(), self.size()) <= (other.kind(), other.size()) {
            (self, other)
        } else {
            (other, self)
        };
        match (low.kind(), high.kind()) {
            (a, b) if a == b => high,
            (Kind::Bool, _) => high,
            (_, Kind::Float) => {
                if low.real() == DType::F64 {
                    DType::F64
                } else {
                    high
                }
            }
            (_, Kind::Complex) => {
                if low.real() == DType::F64 {
                    DType::C128
                } else {
                    high
                }
            }
            // Unsigned with signed: the signed type must be wider than the unsigned one.
            _ if high.size() > low.size() => high,
            _ => Self::of(Kind::Signed, low.size() * 2).unwrap_or(DType::F64),
        }
    }

    /// The real floating point type that holds this type's values and parts: `float32` for `bool` and integers up to 16
    /// bits, `float64` for wider ones, the type of the parts of a complex number.
    ///
    /// ```
    /// use array_core::DType;
    /// assert_eq!((DType::I16.real(), DType::I32.real(), DType::C64.real()), (DType::F32, DType::F64, DType::F32));
    /// ```
    pub const fn real(self) -> DType {
        match self.kind() {
            Kind::Bool => DType::F32,
            Kind::Signed | Kind::Unsigned if self.size() <= 2 => DType::F32,
            Kind::Signed | Kind::Unsigned => DType::F64,
            Kind::Float => self,
            Kind::Complex if self.size() == 8 => DType::F32,
            Kind::Complex => DType::F64,
        }
    }

    /// The floating point or complex type in which functions of this type's values are computed: [`real`](Self::real), but
    /// a complex type itself.
    pub const fn inexact(self) -> DType {
        if self.is_complex() { self } else { self.real() }
    }

    /// Whether this is a (real) floating point type.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// Whether this is a complex type.
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), Kind::Complex)
    }

    /// The least and the greatest integer of an integer type.
    pub(crate) fn integers(self) -> Option<(i128, i128)> {
        let bits = 8 * self.size() as u32;
        match self.kind() {
            Kind::Unsigned => Some((0, (1 << bits) - 1)),
            Kind::Signed => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
            _ => None,
        }
    }

    /// Whether this is an integer type (`bool` is not).
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Scalar {
    /// The zero (or `false`) of a type.
    pub fn zero(dtype: DType) -> Scalar {
        Scalar::Bool(false).cast(dtype)
    }

    /// The value in another type, as NumPy casts on x86-64: integers wrap; a float is cut towards zero (what `i64` cannot
    /// hold, and NaN, give the least `i64`; for narrower types the low bits of a 32- or 64-bit conversion); a complex number
    /// loses its imaginary part; anything but zero is `true`.
    ///
    /// ```
    /// use array_core::{DType, Scalar};
    /// assert_eq!(Scalar::F64(-1.9).cast(DType::I64), Scalar::I64(-1));
    /// assert_eq!(Scalar::I64(-1).cast(DType::U8), Scalar::U8(255));
    /// assert_eq!(Scalar::F64(f64::NAN).cast(DType::I64), Scalar::I64(i64::MIN));
    /// ```
    pub fn cast(self, dtype: DType) -> Scalar {
        use crate::kernels::convert as c;
        if self.dtype() == dtype {
            return self;
        }
        macro_rules! from_integer {
            ($v:expr) => {
                match dtype {
                    DType::Bool => Scalar::Bool($v != 0),
                    DType::I8 => Scalar::I8($v as i8),
                    DType::I16 => Scalar::I16($v as i16),
                    DType::I32 => Scalar::I32($v as i32),
                    DType::I64 => Scalar::I64($v as i64),
                    DType::U8 => Scalar::U8($v as u8),
                    DType::U16 => Scalar::U16($v as u16),
                    DType::U32 => Scalar::U32($v as u32),
                    DType::U64 => Scalar::U64($v as u64),
                    DType::F32 => Scalar::F32($v as f32),
                    DType::F64 => Scalar::F64($v as f64),
                    DType::C64 => Scalar::C64(Complex::new($v as f32, 0.0)),
                    DType::C128 => Scalar::C128(Complex::new($v as f64, 0.0)),
                }
            };
        }
        let from_float = |v: f64| match dtype {
            DType::Bool => Scalar::Bool(v != 0.0),
            DType::I8 => Scalar::I8(c::f64_to_i32(v) as i8),
            DType::I16 => Scalar::I16(c::f64_to_i32(v) as i16),
            DType::I32 => Scalar::I32(c::f64_to_i32(v)),
            DType::I64 => Scalar::I64(c::f64_to_i64(v)),
            DType::U8 => Scalar::U8(c::f64_to_i32(v) as u8),
            DType::U16 => Scalar::U16(c::f64_to_i32(v) as u16),
            DType::U32 => Scalar::U32(c::f64_to_i64(v) as u32),
            DType::U64 => Scalar::U64(c::f64_to_u64(v)),
            DType::F32 => Scalar::F32(v as f32),
            DType::F64 => Scalar::F64(v),
            DType::C64 => Scalar::C64(Complex::new(v as f32, 0.0)),
            DType::C128 => Scalar::C128(Complex::new(v, 0.0)),
        };
        match (self, dtype) {
            (Scalar::C64(v), DType::Bool) => Scalar::Bool(v.re != 0.0 || v.im != 0.0),
            (Scalar::C128(v), DType::Bool) => Scalar::Bool(v.re != 0.0 || v.im != 0.0),
            (Scalar::C64(v), DType::C128) => Scalar::C128(Complex::new(v.re.into(), v.im.into())),
            (Scalar::C128(v), DType::C64) => Scalar::C64(Complex::new(v.re as f32, v.im as f32)),
            (Scalar::C64(v), _) => from_float(v.re.into()),
            (Scalar::C128(v), _) => from_float(v.re),
            (Scalar::F32(v), _) => from_float(v.into()),
            (Scalar::F64(v), _) => from_float(v),
            (Scalar::Bool(v), _) => from_integer!(u8::from(v)),
            (Scalar::I8(v), _) => from_integer!(v),
            (Scalar::I16(v), _) => from_integer!(v),
            (Scalar::I32(v), _) => from_integer!(v),
            (Scalar::I64(v), _) => from_integer!(v),
            (Scalar::U8(v), _) => from_integer!(v),
            (Scalar::U16(v), _) => from_integer!(v),
            (Scalar::U32(v), _) => from_integer!(v),
            (Scalar::U64(v), _) => from_integer!(v),
        }
    }

    /// The nearest `f64` (`true` is 1; of a complex number, its real part).
    pub fn as_f64(self) -> f64 {
        match self.cast(DType::F64) {
            Scalar::F64(v) => v,
            _ => unreachable!("cast gives the type asked for"),
        }
    }

    /// The value as an integer, where it is a `bool` or an integer (a float has none).
    ///
    /// ```
    /// use array_core::Scalar;
    /// assert_eq!((Scalar::U64(u64::MAX).as_integer(), Scalar::F64(1.0).as_integer()), (Some((1 << 64) - 1), None));
    /// ```
    pub fn as_integer(self) -> Option<i128> {
        Some(match self {
            Scalar::Bool(v) => v.into(),
            Scalar::I8(v) => v.into(),
            Scalar::I16(v) => v.into(),
            Scalar::I32(v) => v.into(),
            Scalar::I64(v) => v.into(),
            Scalar::U8(v) => v.into(),
            Scalar::U16(v) => v.into(),
            Scalar::U32(v) => v.into(),
            Scalar::U64(v) => v.into(),
            Scalar::F32(_) | Scalar::F64(_) | Scalar::C64(_) | Scalar::C128(_) => return None,
        })
    }
}

/// A plain integer becomes an `int64`, as a Python integer; write [`Scalar::I32`] for an `int32`.
impl From<i32> for Scalar {
    fn from(value: i32) -> Self {
        Scalar::I64(i64::from(value))
    }
}

/// Lengths and positions become `int64`; those beyond its range cannot be lengths of anything and saturate.
impl From<usize> for Scalar {
    fn from(value: usize) -> Self {
        Scalar::I64(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// NumPy's `str()` of the value: `True`, `3`, `0.1`, `1e-05`. A width pads it; a precision means nothing.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::display::padded(f, &crate::display::scalar_text(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_is_numpys_table() {
        use DType::*;
        // Rows and columns: b i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 c64 c128, from np.promote_types.
        let expected = [
            [Bool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128],
            [I8, I8, I16, I32, I64, I16, I32, I64, F64, F32, F64, C64, C128],
            [I16, I16, I16, I32, I64, I16, I32, I64, F64, F32, F64, C64, C128],
            [I32, I32, I32, I32, I64, I32, I32, I64, F64, F64, F64, C128, C128],
            [I64, I64, I64, I64, I64, I64, I64, I64, F64, F64, F64, C128, C128],
            [U8, I16, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128],
            [U16, I32, I32, I32, I64, U16, U16, U32, U64, F32, F64, C64, C128],
            [U32, I64, I64, I64, I64, U32, U32, U32, U64, F64, F64, C128, C128],
            [U64, F64, F64, F64, F64, U64, U64, U64, U64, F64, F64, C128, C128],
            [F32, F32, F32, F64, F64, F32, F32, F64, F64, F32, F64, C64, C128],
            [F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, C128, C128],
            [C64, C64, C64, C128, C128, C64, C64, C128, C128, C64, C128, C64, C128],
            [C128, C128, C128, C128, C128, C128, C128, C128, C128, C128, C128, C128, C128],
        ];
        for (i, a) in DType::ALL.iter().enumerate() {
            for (j, b) in DType::ALL.iter().enumerate() {
                assert_eq!(a.promote(*b), expected[i][j], "{a} with {b}");
            }
        }
    }

    #[test]
    fn casts_wrap_and_cut() {
        assert_eq!(Scalar::I64(-1).cast(DType::U8), Scalar::U8(255));
        assert_eq!(Scalar::F64(-1.9).cast(DType::I64), Scalar::I64(-1));
        assert_eq!(Scalar::F64(f64::NAN).cast(DType::I64), Scalar::I64(i64::MIN));
        assert_eq!(Scalar::F64(300.0).cast(DType::U8), Scalar::U8(44));
        assert_eq!(Scalar::F64(-1.0).cast(DType::U64), Scalar::U64(u64::MAX));
        assert_eq!(Scalar::F64(0.5).cast(DType::Bool), Scalar::Bool(true));
    }

    #[test]
    fn a_scalar_keeps_its_bits() {
        assert_eq!(Scalar::F64(1.5).bits() as u64, 1.5f64.to_bits());
        assert_eq!(Scalar::Bool(true).bits().to_ne_bytes()[0], 1);
    }
}
