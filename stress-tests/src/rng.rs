//! The random numbers of the scenarios: SplitMix64, the same for a seed on every machine and in every release.
//!
//! **Source** Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014.

/// A seeded stream of random numbers.
///
/// ```
/// use stress_tests::Rng;
/// let (mut a, mut b) = (Rng::new(7), Rng::new(7));
/// assert_eq!(a.next(), b.next());
/// assert!(a.below(10) < 10);
/// ```
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own for `name`, which other streams of the same seed do not disturb.
    pub fn named(seed: u64, name: &str) -> Self {
        // FNV-1a: short names spread over all 64 bits.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        Self::new(Self::new(seed ^ hash).next())
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless stream, not an iterator")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; the bias of the multiplication is under `bound / 2^64`.
    ///
    /// # Panics
    /// When `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "no number is below zero");
        let wide = u128::from(self.next()) * bound as u128;
        (wide >> 64) as usize
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs for seed 1234567, as every implementation of SplitMix64 gives them.
        let mut rng = Rng::new(1_234_567);
        let first = [rng.next(), rng.next(), rng.next()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn names_have_streams_of_their_own() {
        let first = |seed, name| Rng::named(seed, name).next();
        assert_eq!(first(1, "bank"), first(1, "bank"));
        assert_ne!(first(1, "bank"), first(1, "pop"));
        assert_ne!(first(1, "bank"), first(2, "bank"));
    }

    #[test]
    fn numbers_below_a_bound_reach_both_ends() {
        let mut rng = Rng::new(3);
        let drawn: Vec<_> = (0..1000).map(|_| rng.below(7)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&0), Some(&6)));
    }
}
