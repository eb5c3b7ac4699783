//! The way of the many and the way of the few.
//!
//! A function of one argument is fast between two magnitudes; a vector with a lane outside goes the cold way, which knows every
//! case. Zero and what is tiny is outside too: products of tiny numbers are subnormal, and one subnormal number costs a processor
//! more than a whole vector. Both ways give a lane the same bits, so that company does not matter.

use super::lanes::{Function1, Lanes};
use std::marker::PhantomData;

/// Below this, squares and cubes may be subnormal.
pub(super) const SQUARES: f64 = f64::from_bits((1023 - 300) << 52);

/// A function of one argument by magnitudes.
pub(crate) trait Guarded: 'static {
    /// Below this the function is [`tiny`](Self::tiny).
    const LEAST: f64 = SQUARES;
    /// Up to this it is [`fast`](Self::fast).
    const MOST: f64;
    /// For LEAST <= |x| <= MOST.
    fn fast<V: Lanes>(x: V) -> V;
    /// For 0 and LEAST <= |x|, and NaN; the bits of `fast` where that answers.
    fn every<V: Lanes>(x: V) -> V;
    /// For |x| < LEAST, rounded.
    fn tiny<V: Lanes>(x: V) -> V;
}

/// A guarded function.
pub(crate) struct Guard<F>(PhantomData<F>);
struct Cold<F>(PhantomData<F>);

impl<F: Guarded> Function1 for Guard<F> {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        if x.any_outside(F::LEAST, F::MOST) {
            return V::cold::<Cold<F>>(x);
        }
        F::fast(x)
    }
}

impl<F: Guarded> Function1 for Cold<F> {
    #[inline(always)]
    fn call<V: Lanes>(x: V) -> V {
        let tiny = x.abs().lt(V::splat(F::LEAST));
        if !V::any(!tiny) {
            return F::tiny(x);
        }
        let y = F::every(V::select(tiny, V::splat(0.0), x));
        V::select(tiny, F::tiny(x), y)
    }
}
