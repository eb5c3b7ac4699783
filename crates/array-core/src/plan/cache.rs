//! The cache of plans, by structure: the door to the concurrent map.
//!
//! No guard of the map is held while a plan is compiled; two threads that meet the same new structure may both compile it,
//! and one result is kept. Structures are few (they come from lines of programs), but a program may generate them: past
//! a limit the cache starts afresh, which costs compiling again and nothing else.

use super::{Plan, compile::compile};
use crate::expr::AddressHasher;
use dashmap::DashMap;
use std::{
    hash::BuildHasherDefault,
    sync::{Arc, OnceLock},
};

type Cache = DashMap<Box<[u32]>, Arc<Plan>, BuildHasherDefault<AddressHasher>>;

const LIMIT: usize = 4096;

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
