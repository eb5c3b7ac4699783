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

/// The plan of a structure.
pub(crate) fn plan(key: &[u32]) -> Arc<Plan> {
    static CACHE: OnceLock<Cache> = OnceLock::new();
    let cache = CACHE.get_or_init(Cache::default);
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

    #[test]
    fn more_structures_than_are_remembered_give_their_own_results() {
        let a = Array::from_vec(vec![1.0, 2.0, 4.0], [3]);
        for round in 0..2 {
            for code in 0..4 * REMEMBERED {
                let mut x = a.abs();
                for bit in 0..8 {
                    x = if code >> bit & 1 == 0 { x + 1.0 } else { x * 2.0 };
                }
                let fold =
                    |x: f64| (0..8).fold(x, |x, bit| if code >> bit & 1 == 0 { x + 1.0 } else { x * 2.0 });
                let expected = [1.0, 2.0, 4.0].map(fold);
                assert_eq!(x.to_vec::<f64>().unwrap(), expected, "{code} in round {round}");
            }
        }
    }
}
