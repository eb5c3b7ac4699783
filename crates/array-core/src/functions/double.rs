//! Error-free transformations: sums and products with what their rounding lost.
//!
//! **Source** Dekker, Numer. Math. 18 (1971); Knuth, TAOCP 2, 4.2.2; with a fused multiply-add a product's error is one operation
//! (Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., ch. 4 and 5).

use super::lanes::Lanes;

/// An unevaluated sum: `hi` and a small `lo`.
#[derive(Clone, Copy)]
pub(super) struct Double<V> {
    pub(super) hi: V,
    pub(super) lo: V,
}

/// `a + b` and its error, for |a| >= |b| or a = 0.
#[inline(always)]
pub(super) fn fast_sum<V: Lanes>(a: V, b: V) -> Double<V> {
    let hi = a + b;
    Double { hi, lo: (a - hi) + b }
}

/// `a + b` and its error.
#[inline(always)]
pub(super) fn sum<V: Lanes>(a: V, b: V) -> Double<V> {
    let hi = a + b;
    let bb = hi - a;
    Double { hi, lo: (a - (hi - bb)) + (b - bb) }
}

/// `a * b` and its error.
#[inline(always)]
pub(super) fn product<V: Lanes>(a: V, b: V) -> Double<V> {
    let hi = a * b;
    Double { hi, lo: a.fma(b, -hi) }
}

impl<V: Lanes> Double<V> {
    /// The nearest single number.
    #[inline(always)]
    pub(super) fn round(self) -> V {
        self.hi + self.lo
    }

    /// `self * (hi + lo)`, to about 2^-102.
    #[inline(always)]
    pub(super) fn times(self, hi: V, lo: V) -> Self {
        let p = product(self.hi, hi);
        Double { hi: p.hi, lo: self.hi.fma(lo, self.lo.fma(hi, p.lo)) }
    }

    /// `self / other`, to about 2^-100.
    #[inline(always)]
    pub(super) fn over(self, other: Self) -> Self {
        let inverse = V::splat(1.0) / other.hi;
        let q = self.hi * inverse;
        // What q leaves of the numerator; the division is undone exactly.
        let rest = q.nfma(other.hi, self.hi) + q.nfma(other.lo, self.lo);
        Double { hi: q, lo: rest * inverse }
    }

    /// The square root, to about 2^-100; not of 0.
    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        let s = self.hi.sqrt();
        let rest = s.nfma(s, self.hi) + self.lo;
        Double { hi: s, lo: rest / (s + s) }
    }
}
