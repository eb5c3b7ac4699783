//! A set of numbers: 16 Ki keys, half of them in it; 80 % look-ups, 10 % insertions, 10 % removals.
//!
//! The transactional sets are a table of buckets, each a variable with the keys in it behind an `Arc`, so that no
//! engine copies more than a count. All contestants hash alike, so that hashing is not what differs.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::Arc;

use dashmap::DashSet;
use stm_engine::{TVar, atomically};
use tx_runtime::park::Mutex;

use super::{FAST_STM, ONE_LOCK, ROUNDS, Random, STM_CORE, contest, share};
use crate::{Contest, Row};

const KEYS: usize = 16 * 1024;
const BUCKETS: usize = KEYS / 2;
const N: usize = 200_000;

/// Fibonacci hashing.
#[derive(Default, Clone, Copy)]
struct Fibonacci(u64);

impl Hasher for Fibonacci {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(u32::from(byte)));
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = (self.0 ^ u64::from(key)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Hashing = BuildHasherDefault<Fibonacci>;
type Bucket = Arc<[u32]>;

fn bucket_of(key: u32) -> usize {
    let mut hasher = Fibonacci::default();
    hasher.write_u32(key);
    hasher.finish() as usize % BUCKETS
}

/// The even keys, by bucket.
fn filled() -> Vec<Bucket> {
    let mut buckets = vec![Vec::new(); BUCKETS];
    (0..KEYS as u32).step_by(2).for_each(|key| buckets[bucket_of(key)].push(key));
    buckets.into_iter().map(Into::into).collect()
}

fn with(bucket: &[u32], key: u32) -> Option<Bucket> {
    (!bucket.contains(&key)).then(|| bucket.iter().copied().chain([key]).collect())
}

fn without(bucket: &[u32], key: u32) -> Option<Bucket> {
    bucket.contains(&key).then(|| bucket.iter().copied().filter(|&other| other != key).collect())
}

/// What one operation does, and to which key.
enum Do {
    Contains(u32),
    Insert(u32),
    Remove(u32),
}

fn draw(random: &mut Random) -> Do {
    let key = random.below(KEYS) as u32;
    match random.below(10) {
        0 => Do::Insert(key),
        1 => Do::Remove(key),
        _ => Do::Contains(key),
    }
}

fn ours(set: &[TVar<Bucket>], what: &Do) -> bool {
    match *what {
        Do::Contains(key) => atomically(|tx| Ok(tx.get(&set[bucket_of(key)])?.contains(&key))),
        Do::Insert(key) => update(&set[bucket_of(key)], |bucket| with(bucket, key)),
        Do::Remove(key) => update(&set[bucket_of(key)], |bucket| without(bucket, key)),
    }
}

fn update(var: &TVar<Bucket>, change: impl Fn(&[u32]) -> Option<Bucket>) -> bool {
    atomically(|tx| match change(tx.get(var)?) {
        Some(bucket) => tx.set(var, bucket).map(|()| true),
        None => Ok(false),
    })
}

/// The same for the two engines that share an interface.
macro_rules! elder {
    ($name:ident, $stm:ident) => {
        fn $name(set: &[$stm::TVar<Bucket>], what: &Do) -> bool {
            let update = |key: u32, change: &dyn Fn(&[u32]) -> Option<Bucket>| {
                let var = &set[bucket_of(key)];
                $stm::atomically(|tx| match change(&var.read(tx)?) {
                    Some(bucket) => var.write(tx, bucket).map(|()| true),
                    None => Ok(false),
                })
            };
            match *what {
                Do::Contains(key) => $stm::atomically(|tx| Ok(set[bucket_of(key)].read(tx)?.contains(&key))),
                Do::Insert(key) => update(key, &|bucket| with(bucket, key)),
                Do::Remove(key) => update(key, &|bucket| without(bucket, key)),
            }
        }
    };
}
elder!(fast, fast_stm);
elder!(core, stm_core);

pub(super) fn rows(threads: &[usize]) -> Vec<Row> {
    let ours_set: Vec<_> = filled().into_iter().map(TVar::new).collect();
    let fast_set: Vec<_> = filled().into_iter().map(fast_stm::TVar::new).collect();
    let core_set: Vec<_> = filled().into_iter().map(stm_core::TVar::new).collect();
    let dash: DashSet<u32, Hashing> = (0..KEYS as u32).step_by(2).collect();
    let whole: Mutex<HashSet<u32, Hashing>> = Mutex::new((0..KEYS as u32).step_by(2).collect());
    let contests = threads.iter().map(|&threads| {
        let run = move |operation: &(dyn Fn(&Do) -> bool + Sync)| {
            share(threads, N, |random| {
                black_box(operation(&draw(random)));
            })
        };
        contest("stm/set", N)
            .threads(threads)
            .ours({
                let set = &ours_set;
                move || run(&|what| ours(set, what))
            })
            .rival(FAST_STM, {
                let set = &fast_set;
                move || run(&|what| fast(set, what))
            })
            .rival(STM_CORE, {
                let set = &core_set;
                move || run(&|what| core(set, what))
            })
            .rival("dashmap", {
                let set = &dash;
                move || {
                    run(&|what| match *what {
                        Do::Contains(key) => set.contains(&key),
                        Do::Insert(key) => set.insert(key),
                        Do::Remove(key) => set.remove(&key).is_some(),
                    })
                }
            })
            .rival(ONE_LOCK, {
                let set = &whole;
                move || {
                    run(&|what| match *what {
                        Do::Contains(key) => set.lock().contains(&key),
                        Do::Insert(key) => set.lock().insert(key),
                        Do::Remove(key) => set.lock().remove(&key),
                    })
                }
            })
    });
    Contest::together(contests.collect(), ROUNDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sets_do_what_a_set_does() {
        let (a, b, c): (Vec<_>, Vec<_>, Vec<_>) = (
            filled().into_iter().map(TVar::new).collect(),
            filled().into_iter().map(fast_stm::TVar::new).collect(),
            filled().into_iter().map(stm_core::TVar::new).collect(),
        );
        let mut set: HashSet<u32> = (0..KEYS as u32).step_by(2).collect();
        let mut random = Random::of_thread(0);
        for step in 0..50_000 {
            let what = draw(&mut random);
            let expected = match what {
                Do::Contains(key) => set.contains(&key),
                Do::Insert(key) => set.insert(key),
                Do::Remove(key) => set.remove(&key),
            };
            assert_eq!([ours(&a, &what), fast(&b, &what), core(&c, &what)], [expected; 3], "step {step}");
        }
    }

    #[test]
    fn no_bucket_is_crowded() {
        let longest = filled().iter().map(|bucket| bucket.len()).max();
        assert!(longest.is_some_and(|longest| longest <= 8), "{longest:?}");
    }
}
