//! The tree of sums: where it splits, and its leaves.

use super::{
    lanes::{Eight, Float},
    values::Values,
};

/// Elements of the largest leaf.
pub(super) const LEAF: usize = 128;

/// Where the tree splits `n` elements, more than a leaf.
#[inline(always)]
pub(super) fn split(n: usize) -> usize {
    n / 2 / 8 * 8
}

/// # Safety
/// `values` has `n <= LEAF` elements.
#[inline(always)]
pub(super) unsafe fn leaf<E: Eight, V: Values<E>>(values: V, n: usize) -> E::Item {
    // SAFETY: the caller's.
    unsafe {
        let mut i = 0;
        let mut sum = E::Item::NEUTRAL;
        if n >= 8 {
            let mut eight = values.eight(0);
            i = 8;
            while i + 8 <= n {
                eight = eight.add(values.eight(i));
                i += 8;
            }
            sum = eight.sum();
        }
        while i < n {
            sum = sum + values.one(i);
            i += 1;
        }
        sum
    }
}

/// Two leaves side by side and their sum; the second is the longer, by less than two eights.
///
/// # Safety
/// `values` has `left + right` elements, neither side more than a leaf or less than eight.
#[inline(always)]
pub(super) unsafe fn twins<E: Eight, V: Values<E>>(values: V, left: usize, right: usize) -> E::Item {
    // SAFETY: the caller's; `left` is a multiple of eight.
    unsafe {
        let other = values.skip(left);
        let (mut a, mut b) = (values.eight(0), other.eight(0));
        let mut i = 8;
        macro_rules! both {
            ($($k:literal)*) => {{ $(a = a.add(values.eight(i + $k)); b = b.add(other.eight(i + $k));)* }};
        }
        // Four at a time: each load of the loop has a long stride, which the processor reads ahead better.
        while i + 32 <= left {
            both!(0 8 16 24);
            i += 32;
        }
        while i < left {
            both!(0);
            i += 8;
        }
        while i + 8 <= right {
            b = b.add(other.eight(i));
            i += 8;
        }
        let mut second = b.sum();
        while i < right {
            second = second + other.one(i);
            i += 1;
        }
        a.sum() + second
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, fused, sums};
    use super::*;
    use crate::{dtype::Scalar, kernels::Isa};

    fn numbers(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.7).sin() * 10f64.powi((i % 7) as i32)).collect()
    }

    /// The tree by recursion, each leaf element by element.
    fn recursive(a: &[f64]) -> f64 {
        if a.len() > LEAF {
            let (left, right) = a.split_at(split(a.len()));
            return recursive(left) + recursive(right);
        }
        let (lanes, rest) = a.as_chunks::<8>();
        let sum = lanes.split_first().map_or(-0.0, |(first, lanes)| {
            let mut r = *first;
            lanes.iter().for_each(|lane| (0..8).for_each(|k| r[k] += lane[k]));
            ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
        });
        rest.iter().fold(sum, |sum, x| sum + x)
    }

    #[test]
    fn sums_walk_the_tree_on_every_machine() {
        let a = numbers(5000);
        let single: Vec<f32> = a.iter().map(|x| *x as f32).collect();
        for n in (0..700).chain([1000, 1023, 1024, 1025, 2048, 4999, 5000]) {
            // SAFETY: that many elements.
            let (double, float) = Isa::available()
                .map(|isa| unsafe {
                    (
                        (sums(isa, false).0)(a.as_ptr().cast(), n, n),
                        (sums(isa, true).0)(single.as_ptr().cast(), n, 1 << 40),
                    )
                })
                .unzip::<_, _, Vec<_>, Vec<_>>();
            assert!(double.iter().all(|x| *x == Scalar::F64(recursive(&a[..n]))), "{n}");
            assert!(float.windows(2).all(|w| w[0] == w[1]), "{n}");
        }
    }

    #[test]
    fn what_is_computed_on_the_way_has_the_bits_of_what_is_stored() {
        let (a, mut b) = (numbers(3001), numbers(3001));
        b.reverse();
        let s = 0.3;
        let locs = [a.as_ptr(), b.as_ptr(), &raw const s].map(|p| p.cast_mut().cast::<u8>());
        let zip = |f: fn(f64, f64) -> f64| a.iter().zip(&b).map(|(x, y)| f(*x, *y)).collect::<Vec<_>>();
        let spread = a.iter().map(|x| (x - s) * (x - s)).collect();
        let forms = [
            (Form::Products, 1, zip(|x, y| x * y)),
            (Form::Squares, 1, zip(|x, y| (x - y) * (x - y))),
            (Form::Spread, 2, spread),
        ];
        for (form, second, stored) in forms {
            for (n, isa) in
                [0, 1, 7, 8, 130, 1000, 3001].into_iter().flat_map(|n| Isa::available().map(move |i| (n, i)))
            {
                for of in [n, 1 << 40] {
                    // SAFETY: that many elements, and one scalar.
                    let sum = unsafe { fused(isa, false, form)(locs.as_ptr(), [0, second].as_ptr(), n, of) };
                    assert_eq!(sum, Scalar::F64(recursive(&stored[..n])), "{form:?} of {n} on {isa}");
                }
            }
        }
    }
}
