//! Extremes and their places.
//!
//! They compare as the machine does, which drops NaN and takes either zero; both are put right at the end, from what was noticed
//! on the way and, for zeros, by looking again.

use super::{
    lanes::{Eight, Float},
    values::{AHEAD, Reach, announce},
};

/// Rows that are read side by side.
pub(super) const SIDE: usize = 8;
/// Bytes ahead of what is read of each: half a KiB takes 4 % longer.
const SIDE_AHEAD: usize = 1 << 10;

/// Greatest (least) of `n > 0` elements: NaN wins, then the positive (negative) zero.
///
/// # Safety
/// They are readable.
#[inline(always)]
pub(super) unsafe fn extreme<E: Eight, const MAX: bool>(
    a: *const E::Item,
    n: usize,
    reach: Reach,
) -> E::Item {
    // SAFETY: the caller's.
    unsafe {
        let mut best = [E::splat(*a); 4];
        let mut odd = E::nothing();
        let mut i = 0;
        while i + 32 <= n {
            if reach != Reach::Near {
                for k in 0..4 {
                    announce::<_, AHEAD>(a, i + 8 * k, reach == Reach::Remote);
                }
            }
            let x =
                [E::load(a.add(i)), E::load(a.add(i + 8)), E::load(a.add(i + 16)), E::load(a.add(i + 24))];
            odd = E::either(odd, E::either(x[0].unordered(x[1]), x[2].unordered(x[3])));
            let mut k = 0;
            while k < 4 {
                best[k] = x[k].better::<MAX>(best[k]);
                k += 1;
            }
            i += 32;
        }
        while i + 8 <= n {
            let x = E::load(a.add(i));
            odd = E::either(odd, x.unordered(x));
            best[0] = x.better::<MAX>(best[0]);
            i += 8;
        }
        let both = best[0].better::<MAX>(best[1]).better::<MAX>(best[2].better::<MAX>(best[3]));
        let (mut top, mut nan) = (both.best::<MAX>(), E::any(odd));
        while i < n {
            let x = *a.add(i);
            nan |= x.is_nan();
            top = x.better::<MAX>(top);
            i += 1;
        }
        if nan {
            return E::Item::NAN;
        }
        if top.is_zero() { right_zero::<E, MAX>(a, n, top) } else { top }
    }
}

/// The zero that is the extreme of `n` elements, of which `top`, either zero, is one: the comparisons took either, and the one that wins
/// may stand anywhere.
///
/// # Safety
/// As [`extreme`].
#[inline(always)]
unsafe fn right_zero<E: Eight, const MAX: bool>(a: *const E::Item, n: usize, top: E::Item) -> E::Item {
    let wanted = E::Item::zero::<MAX>();
    let mut i = 0;
    // SAFETY: the caller's.
    unsafe {
        while i + 8 <= n {
            if E::any(E::load(a.add(i)).same(E::splat(wanted))) {
                return wanted;
            }
            i += 8;
        }
        while i < n {
            if (*a.add(i)).has_bits_of(wanted) {
                return wanted;
            }
            i += 1;
        }
    }
    top
}

/// The extremes of [`SIDE`] rows of `n >= 8` elements that lie one behind another, read side by side: memory answers faster where
/// several of its pages are read at once. Maxima of the rows of 3000 * 10000 f64 take 12.9 ms instead of 15.6, with AVX2 14.3 instead of
/// 17.2.
///
/// # Safety
/// They are readable; `out` is writable for as many.
#[inline(always)]
pub(super) unsafe fn side_by_side<E: Eight, const MAX: bool>(
    a: *const E::Item,
    n: usize,
    reach: Reach,
    out: *mut E::Item,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut best = [E::splat(*a); SIDE];
        let mut k = 0;
        while k < SIDE {
            best[k] = E::load(a.add(k * n));
            k += 1;
        }
        let mut odd = E::nothing();
        let mut i = 0;
        while i + 8 <= n {
            let mut k = 0;
            while k < SIDE {
                let (p, q) = (a.add(k * n), a.add((k + 1) * n));
                announce::<_, SIDE_AHEAD>(p, i, reach == Reach::Remote);
                announce::<_, SIDE_AHEAD>(q, i, reach == Reach::Remote);
                let (x, y) = (E::load(p.add(i)), E::load(q.add(i)));
                odd = E::either(odd, x.unordered(y));
                best[k] = x.better::<MAX>(best[k]);
                best[k + 1] = y.better::<MAX>(best[k + 1]);
                k += 2;
            }
            i += 8;
        }
        let nan = E::any(odd);
        for (k, best) in best.iter().enumerate() {
            let row = a.add(k * n);
            let mut top = best.best::<MAX>();
            let mut odd = nan;
            for i in i..n {
                odd |= (*row.add(i)).is_nan();
                top = (*row.add(i)).better::<MAX>(top);
            }
            out.add(k).write(if odd {
                // Which row has the NaN needs another look.
                extreme::<E, MAX>(row, n, reach)
            } else if top.is_zero() {
                right_zero::<E, MAX>(row, n, top)
            } else {
                top
            });
        }
    }
}

/// Elements that are searched together: their extreme first, its place only where it is new.
const PIECE: usize = 2048;

/// # Safety
/// As [`crate::kernels::arg::Find`].
#[inline(always)]
pub(super) unsafe fn find<E: Eight, const MAX: bool>(
    a: *const E::Item,
    n: usize,
    best: &mut E::Item,
    fresh: bool,
) -> Option<usize> {
    let mut place = None;
    let mut at = 0;
    let reach = Reach::of::<E::Item>(n);
    while at < n {
        let length = if n - at < PIECE { n - at } else { PIECE };
        // SAFETY: the caller's: the piece lies within.
        unsafe {
            let top = extreme::<E, MAX>(a.add(at), length, reach);
            let first = fresh && at == 0;
            if first || !best.is_nan() && (top.is_nan() || top.beats::<MAX>(*best)) {
                *best = top;
                // Equal to the extreme (of zeros, either), or NaN as it is.
                let same = E::splat(top);
                let mut i = 0;
                while i + 8 <= length && !E::any(E::load(a.add(at + i)).matches(same)) {
                    i += 8;
                }
                while !((*a.add(at + i)).is_nan() || *a.add(at + i) == top) {
                    i += 1;
                }
                place = Some(at + i);
            }
        }
        at += length;
    }
    place
}

#[cfg(test)]
mod tests {
    use crate::{
        dtype::{DType, Scalar},
        expr::ReduceOp,
        kernels::{Isa, arg, reduce},
    };

    #[test]
    fn extremes_find_nan_and_the_right_zero_wherever_they_stand() {
        for (isa, of) in Isa::available().flat_map(|isa| [(isa, 0), (isa, 1 << 40)]) {
            let fold = |a: &[f64], max| {
                let op = if max { ReduceOp::Max } else { ReduceOp::Min };
                // SAFETY: a slice, not empty.
                match unsafe { (reduce::kernels(op, DType::F64, isa).fold)(a.as_ptr().cast(), a.len(), of) } {
                    Scalar::F64(x) => x,
                    other => panic!("{other:?}"),
                }
            };
            let place = |a: &[f64], max| {
                let mut best = 0.0f64;
                // SAFETY: as above.
                unsafe {
                    (arg::kernels(max, DType::F64, isa).find)(
                        a.as_ptr().cast(),
                        a.len(),
                        (&raw mut best).cast(),
                        true,
                    )
                }
            };
            for n in [1, 2, 7, 8, 9, 31, 32, 33, 100, 5000] {
                for at in [0, n / 2, n - 1] {
                    let mut a: Vec<f64> = (0..n).map(|i| ((i * 37) % 101) as f64).collect();
                    a[at] = 1e9;
                    assert_eq!((fold(&a, true), place(&a, true)), (1e9, Some(at)), "{n} {at} {isa}");
                    a[at] = -1e9;
                    assert_eq!((fold(&a, false), place(&a, false)), (-1e9, Some(at)), "{n} {at} {isa}");
                    a[at] = f64::NAN;
                    assert!(fold(&a, true).is_nan() && fold(&a, false).is_nan(), "{n} {at} {isa}");
                    assert_eq!((place(&a, true), place(&a, false)), (Some(at), Some(at)), "{n} {at} {isa}");
                    let (mut high, mut low) = (vec![-0.0; n], vec![0.0; n]);
                    assert_eq!(fold(&high, true).to_bits(), (-0.0f64).to_bits());
                    assert_eq!(fold(&low, false).to_bits(), 0);
                    (high[at], low[at]) = (0.0, -0.0);
                    assert_eq!(fold(&high, true).to_bits(), 0, "{n} {at} {isa}");
                    assert_eq!(fold(&low, false).to_bits(), (-0.0f64).to_bits(), "{n} {at} {isa}");
                    assert_eq!((place(&high, true), place(&low, false)), (Some(0), Some(0)));
                }
            }
        }
    }

    #[test]
    fn rows_side_by_side_have_the_extremes_of_each() {
        let (n, rows) = (613, 1001);
        let mut a: Vec<f64> = (0..n * rows).map(|i| ((i * 7919) % 100_003) as f64 - 5e4).collect();
        a[3 * n + 600] = f64::NAN;
        a[n * 8 + 612] = f64::NAN;
        a[n * 20..n * 21].fill(-0.0);
        a[n * 20 + 77] = 0.0;
        a[n * 500] = 1e9;
        let single: Vec<f32> = a.iter().map(|&x| x as f32).collect();
        for isa in Isa::available() {
            for op in [ReduceOp::Max, ReduceOp::Min] {
                let kernels = reduce::kernels(op, DType::F64, isa);
                let mut out = vec![0.0f64; rows];
                // SAFETY: so many rows, and room for their results.
                unsafe { (kernels.rows)(a.as_ptr().cast(), n, rows, out.as_mut_ptr().cast()) };
                let of_single = reduce::kernels(op, DType::F32, isa);
                let mut out_single = vec![0.0f32; rows];
                // SAFETY: as above.
                unsafe { (of_single.rows)(single.as_ptr().cast(), n, rows, out_single.as_mut_ptr().cast()) };
                // Rounding keeps the order, and these numbers as they are.
                let same =
                    |(x, y): (&f64, &f32)| x.is_nan() && y.is_nan() || (*x as f32).to_bits() == y.to_bits();
                assert!(out.iter().zip(&out_single).all(same), "{op:?} on {isa}");
                for (row, x) in out.iter().enumerate() {
                    // SAFETY: a row, which is not empty.
                    let alone = unsafe { (kernels.fold)(a[row * n..].as_ptr().cast(), n, n) };
                    let Scalar::F64(alone) = alone else { panic!("{alone:?}") };
                    assert_eq!(x.to_bits(), alone.to_bits(), "row {row}, {op:?} on {isa}");
                }
            }
        }
    }
}
