//! The cache of plans, by structure: the door to the concurrent map.
//!
//! No guard of the map is held while a plan is compiled; two threads that meet the same new structure may both compile it,
//! and one result is kept. Structures are few (they come from lines of programs), but a program may generate them: past
//! a limit the cache starts afresh, which costs compiling again and nothing else.
//!
//! **Memo** each thread remembers a few plans, one for each of some values of a hash: the lock of the map and the count of a plan's
//! owners are four locked instructions. What is remembered may outlive the map's entry, which is as good: a plan never changes.

use super::{Plan, compile::compile};
use crate::expr::AddressHasher;
use dashmap::DashMap;
use std::{
    cell::RefCell,
    hash::BuildHasherDefault,
    sync::{Arc, OnceLock},
};

type Cache = DashMap<Box<[u32]>, Arc<Plan>, BuildHasherDefault<AddressHasher>>;

const LIMIT: usize = 4096;
/// Plans that a thread remembers, at most.
const REMEMBERED: usize = 64;

type Memo = [Option<(Box<[u32]>, Arc<Plan>)>; REMEMBERED];

thread_local! {
    static MEMO: RefCell<Memo> = const { RefCell::new([const { None }; REMEMBERED]) };
}

fn cache() -> &'static Cache {
    static CACHE: OnceLock<Cache> = OnceLock::new();
    CACHE.get_or_init(Cache::default)
}

/// The plan of a structure.
pub(crate) fn plan(key: &[u32]) -> Arc<Plan> {
    let cache = cache();
    if let Some(plan) = cache.get(key) {
        return plan.clone();
    }
    let plan = Arc::new(Plan { program: compile(key) });
    if cache.len() >= LIMIT {
        cache.clear();
    }
    cache.entry(key.into()).or_insert(plan).clone()
}

/// What `f` makes of the plan of a structure. `f` asks for no other plan.
#[inline]
pub(super) fn with_plan<R>(key: &[u32], f: impl FnOnce(&Plan) -> R) -> R {
    let place = place_of(key);
    MEMO.with_borrow_mut(|memo| match &mut memo[place] {
        Some((known, plan)) if **known == *key => f(plan),
        entry => f(&entry.insert((key.into(), plan(key))).1),
    })
}

/// Where the plan of a structure is remembered.
#[inline]
fn place_of(key: &[u32]) -> usize {
    // Each pair of words by a factor of its own: the products do not wait for each other.
    let mut factor = 0x9E37_79B9_7F4A_7C15u64;
    let mut mix = |hash: u64, word: u64| {
        factor = factor.rotate_left(9) | 1;
        hash.wrapping_add((word ^ word >> 29).wrapping_mul(factor))
    };
    let (pairs, rest) = key.as_chunks::<2>();
    let hash = pairs.iter().fold(0, |hash, [a, b]| mix(hash, u64::from(*a) | u64::from(*b) << 32));
    let hash = rest.iter().fold(hash, |hash, word| mix(hash, u64::from(*word)));
    (hash >> (u64::BITS - REMEMBERED.ilog2())) as usize % REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;

    /// Chains of additions and multiplications, one for each number of `codes`, and all of them again: each is a structure of its own.
    fn check(steps: u32, codes: std::ops::Range<usize>) {
        let a = Array::from_vec(vec![1.0, 2.0, 4.0], [3]);
        for (round, code) in (0..2).flat_map(|round| codes.clone().map(move |code| (round, code))) {
            let adds = |step: u32| code >> step & 1 == 0;
            let number = |x: f64, step: u32| if adds(step) { x + 1.0 } else { x * 2.0 };
            let expected = [1.0, 2.0, 4.0].map(|x| (0..steps).fold(x, number));
            let x = (0..steps).fold(a.abs(), |x, step| if adds(step) { x + 1.0 } else { x * 2.0 });
            assert_eq!(x.to_vec::<f64>().unwrap(), expected, "{code} in round {round}");
        }
    }

    #[test]
    fn more_structures_than_are_remembered_give_their_own_results() {
        check(8, 0..4 * REMEMBERED);
    }

    #[test]
    #[cfg_attr(miri, ignore = "minutes")]
    fn threads_that_make_more_plans_than_the_map_keeps_get_their_own_results() {
        std::thread::scope(|scope| {
            // Half of what one makes its neighbour makes, too: plans are found, made twice, and thrown away meanwhile.
            for number in 0..3 {
                let from = number * LIMIT / 3;
                scope.spawn(move || check(13, from..from + 2 * LIMIT / 3));
            }
        });
        // Each thread of the process may have put one more than it saw room for.
        assert!(cache().len() <= LIMIT + 64);
    }
}
