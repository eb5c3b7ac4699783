//! Powers of integers.

/// Integers that multiply with wrap-around.
pub(crate) trait Wrapping: Copy {
    const ONE: Self;
    fn times(self, other: Self) -> Self;
}

macro_rules! wrapping {
    ($($t:ty)*) => {$(impl Wrapping for $t {
        const ONE: Self = 1;
        #[inline(always)] fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
    })*};
}
wrapping!(u8 u16 u32 u64);

/// `base ** exponent` modulo the type's range, by squaring.
#[inline(always)]
pub(crate) fn integer<T: Wrapping>(mut base: T, mut exponent: u64) -> T {
    let mut out = T::ONE;
    while exponent != 0 {
        if exponent & 1 == 1 {
            out = out.times(base);
        }
        base = base.times(base);
        exponent >>= 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_powers_wrap() {
        assert_eq!(integer(3u64, 40) as i64, 3i64.wrapping_pow(40));
        assert_eq!(integer(3u64, 41) as i64, 3i64.wrapping_pow(41));
        assert_eq!(integer(2u64, 63) as i64, i64::MIN);
        assert_eq!(integer(2u64, 64), 0);
        assert_eq!(integer(0u8, 0), 1);
        assert_eq!(integer(-3i8 as u8, 3) as i8, -27);
    }
}
