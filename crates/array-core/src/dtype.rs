//! Element types: what an array holds, how types promote, and single values of them.
//!
//! Everything that depends on the list of types is made from **one table** ([`DType`]'s macro below); a new type is a row
//! there, plus its kernels. Promotion is NumPy 2's (NEP 50) and computed from kind and size, so it needs no table of pairs.

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
}

/// A Rust type that is an element of arrays: `bool`, `u8`, `i64`, `u64`, `f64`. Sealed.
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
            /// The eight bytes a kernel reads this value from (native order, zero padded).
            pub(crate) fn bits(self) -> u64 { match self { $(Scalar::$variant(v) => {
                let mut cell = 0u64;
                // SAFETY: every element type fits the eight bytes of `cell`, which any bit pattern may fill.
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
            impl From<$rust> for Scalar { fn from(value: $rust) -> Self { Scalar::$variant(value) } }
        )*
    };
}

dtypes! {
    /// Truth value, one byte that is 0 or 1.
    Bool: bool, "bool", Bool, "b1";
    /// 8-bit unsigned integer.
    U8: u8, "uint8", Unsigned, "u1";
    /// 64-bit signed integer.
    I64: i64, "int64", Signed, "i8";
    /// 64-bit unsigned integer.
    U64: u64, "uint64", Unsigned, "u8";
    /// 64-bit floating point number.
    F64: f64, "float64", Float, "f8";
}

impl DType {
    /// Bytes of one element.
    pub const fn size(self) -> usize {
        Self::SIZES[self as usize]
    }

    /// The type of that kind and size in bytes, if there is one.
    fn of(kind: Kind, size: usize) -> Option<DType> {
        Self::ALL.iter().copied().find(|d| d.kind() == kind && d.size() == size)
    }

    /// The type that both convert to without surprise, as NumPy 2's `np.promote_types`.
    ///
    /// Where an unsigned and a signed integer have no common integer type the answer is `float64`.
    pub fn promote(self, other: DType) -> DType {
        let (low, high) = if (self.kind(), self.size()) <= (other.kind(), other.size()) {
            (self, other)
        } else {
            (other, self)
        };
        match (low.kind(), high.kind()) {
            (a, b) if a == b => high,
            (Kind::Bool, _) | (_, Kind::Float) => high,
            // Unsigned with signed: the signed type must be wider than the unsigned one.
            _ if high.size() > low.size() => high,
            _ => Self::of(Kind::Signed, low.size() * 2).unwrap_or(DType::F64),
        }
    }

    /// Whether this is a floating point type.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
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

    /// The value in another type, as NumPy casts: integers wrap, a float is cut towards zero (out of range and NaN give
    /// the smallest `i64`, as on x86; for `u64` and `u8` what that leaves after wrapping), anything but zero is `true`.
    pub fn cast(self, dtype: DType) -> Scalar {
        use crate::kernels::convert as c;
        match (self, dtype) {
            (s, d) if s.dtype() == d => s,
            (Scalar::Bool(v), d) => Scalar::U8(u8::from(v)).cast(d),
            (Scalar::U8(v), DType::Bool) => Scalar::Bool(v != 0),
            (Scalar::U8(v), DType::I64) => Scalar::I64(i64::from(v)),
            (Scalar::U8(v), DType::U64) => Scalar::U64(u64::from(v)),
            (Scalar::U8(v), _) => Scalar::F64(f64::from(v)),
            (Scalar::I64(v), DType::Bool) => Scalar::Bool(v != 0),
            (Scalar::I64(v), DType::U8) => Scalar::U8(v as u8),
            (Scalar::I64(v), DType::U64) => Scalar::U64(v as u64),
            (Scalar::I64(v), _) => Scalar::F64(v as f64),
            (Scalar::U64(v), DType::Bool) => Scalar::Bool(v != 0),
            (Scalar::U64(v), DType::U8) => Scalar::U8(v as u8),
            (Scalar::U64(v), DType::I64) => Scalar::I64(v as i64),
            (Scalar::U64(v), _) => Scalar::F64(v as f64),
            (Scalar::F64(v), DType::Bool) => Scalar::Bool(v != 0.0),
            (Scalar::F64(v), DType::U8) => Scalar::U8(c::f64_to_u8(v)),
            (Scalar::F64(v), DType::I64) => Scalar::I64(c::f64_to_i64(v)),
            (Scalar::F64(v), _) => Scalar::U64(c::f64_to_u64(v)),
        }
    }

    /// The nearest `f64` (`true` is 1).
    pub fn as_f64(self) -> f64 {
        match self {
            Scalar::Bool(v) => f64::from(u8::from(v)),
            Scalar::U8(v) => f64::from(v),
            Scalar::I64(v) => v as f64,
            Scalar::U64(v) => v as f64,
            Scalar::F64(v) => v,
        }
    }

    /// The value as an integer, where it is a `bool` or an integer (a float has none).
    pub fn as_integer(self) -> Option<i128> {
        match self {
            Scalar::Bool(v) => Some(i128::from(v)),
            Scalar::U8(v) => Some(i128::from(v)),
            Scalar::I64(v) => Some(i128::from(v)),
            Scalar::U64(v) => Some(i128::from(v)),
            Scalar::F64(_) => None,
        }
    }
}

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

/// NumPy's `str()` of the value: `True`, `3`, `0.1`, `1e-05`.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&crate::display::scalar_text(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_is_numpys_table() {
        use DType::*;
        // Rows and columns: bool u8 i64 u64 f64, from np.promote_types.
        let expected = [
            [Bool, U8, I64, U64, F64],
            [U8, U8, I64, U64, F64],
            [I64, I64, I64, F64, F64],
            [U64, U64, F64, U64, F64],
            [F64, F64, F64, F64, F64],
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
        assert_eq!(Scalar::F64(1.5).bits(), 1.5f64.to_bits());
        assert_eq!(Scalar::Bool(true).bits().to_ne_bytes()[0], 1);
    }
}
