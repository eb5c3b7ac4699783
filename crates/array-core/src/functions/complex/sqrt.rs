//! The square root of complex numbers.
//!
//! **How** with t = sqrt((|x| + |z|) / 2), all of it in two parts, the root of z = x + iy is t + i y/2t, or |y|/2t ± it where x is
//! negative (Kahan, Branch cuts for complex elementary functions, 1987): nothing cancels, so that each part is rounded from a
//! value good to 2^-100. Parts whose squares could leave the normal range are scaled by a power of four; y is divided without
//! its scale where that made it small.

use super::{Complex1, INF};
use crate::functions::{
    double::{Double, fast_sum, product},
    lanes::Lanes,
};

/// `sqrt`.
pub(crate) struct ComplexSqrt;
impl Complex1 for ComplexSqrt {
    #[inline(always)]
    fn call<V: Lanes>(x: V, y: V) -> (V, V) {
        let (zero, inf) = (V::splat(0.0), V::splat(INF));
        let (a, b) = (x.abs(), y.abs());
        let (t, q) = magnitudes(a, b);
        // Infinite x: the other part is 0, or unknown as y is. Infinite y: both parts are, whatever x is.
        let nan = !(x.eq(x) & y.eq(y));
        let (t, q) = (V::select(nan, V::splat(f64::NAN), t), V::select(nan, V::splat(f64::NAN), q));
        let far = a.eq(inf);
        let (t, q) = (V::select(far, inf, t), V::select(far, V::select(y.eq(y), zero, y), q));
        let far = b.eq(inf);
        let (t, q) = (V::select(far, inf, t), V::select(far, inf, q));
        let none = a.eq(zero) & b.eq(zero);
        let (t, q) = (V::select(none, zero, t), V::select(none, zero, q));
        let left = x.lt(zero);
        (V::select(left, q, t), V::select(left, t, q).or(y.sign()))
    }
}

/// sqrt((a + |a + ib|) / 2) and b over twice that; for a, b >= 0, finite and not both 0.
#[inline(always)]
fn magnitudes<V: Lanes>(a: V, b: V) -> (V, V) {
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let (up, down) = (V::splat(2f64.powi(600)), V::splat(2f64.powi(-600)));
    let (root_up, root_down) = (V::splat(2f64.powi(300)), V::splat(2f64.powi(-300)));
    let most = V::select(a.lt(b), b, a);
    let usual = zero.lt(most) & most.lt(V::splat(INF));
    let (a, b) = (V::select(usual, a, one), V::select(usual, b, one));
    let (large, small) = (V::splat(2f64.powi(500)).lt(most), most.lt(V::splat(2f64.powi(-400))));
    let scale = V::select(large, down, V::select(small, up, one));
    let back = V::select(large, root_up, V::select(small, root_down, one));
    let (c, d) = (a * scale, b * scale);
    let size = squares(c, d).sqrt();
    let sum = fast_sum(size.hi, c);
    let half = V::splat(0.5);
    let t = Double { hi: sum.hi * half, lo: (sum.lo + size.lo) * half }.sqrt();
    let t = fast_sum(t.hi, t.lo);
    // Beside large numbers b itself is divided: its scaled form may have lost bits.
    let (b, above) = (V::select(large, b, d), V::select(large, root_up, one));
    let twice = Double { hi: (t.hi + t.hi) * above, lo: (t.lo + t.lo) * above };
    let q = Double { hi: b, lo: zero }.over(twice).round();
    (t.hi * back, q * V::select(small, root_down, one))
}

/// c² + d² to 2^-104, for parts of which the larger is ordinary. What is below 2^-500 adds nothing.
#[inline(always)]
pub(super) fn squares<V: Lanes>(c: V, d: V) -> Double<V> {
    let swap = c.lt(d);
    let (c, d) = (V::select(swap, d, c), V::select(swap, c, d));
    let d = V::select(d.lt(V::splat(2f64.powi(-500))), V::splat(0.0), d);
    let (cc, dd) = (product(c, c), product(d, d));
    let s = fast_sum(cc.hi, dd.hi);
    fast_sum(s.hi, s.lo + (cc.lo + dd.lo))
}
