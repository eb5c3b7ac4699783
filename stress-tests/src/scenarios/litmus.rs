//! Small programs whose outcomes tell a serial order from its imitations.

use std::collections::{BTreeMap, BTreeSet};

use stm_engine::TVar;

use crate::{Round, Scenario};

pub(crate) const WRITE_SKEW: Scenario = Scenario {
    name: "write-skew",
    about: "two bodies that each read what the other writes, both committed on the state before",
    round: write_skew,
};

pub(crate) const POP_APPEND: Scenario = Scenario {
    name: "pop-append",
    about: "l1.pop() -> l2.append() beside l2.pop() -> l1.append(): swapped tops, lost items, deadlock",
    round: pop_append,
};

pub(crate) const POP_ONCE: Scenario = Scenario {
    name: "pop-once",
    about: "an item popped from a shared list by two threads, or by none",
    round: pop_once,
};

pub(crate) const UPDATE_RING: Scenario = Scenario {
    name: "update-ring",
    about: "three sets updated from each other in a ring: in any serial order one gets all",
    round: update_ring,
};

pub(crate) const UPDATE_EACH_OTHER: Scenario = Scenario {
    name: "update-each-other",
    about: "d1.update(d2) beside d2.update(d1): a deadlock, or an outcome of neither order",
    round: update_each_other,
};

const ROUNDS: u64 = 200;

/// `x + y` starts at 1; a thread may take 1 from its own variable while the sum allows it.
fn write_skew(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    for turn in 0..ROUNDS {
        let vars: Vec<_> = (0..round.threads).map(|i| engine.tvar(i64::from(i == 0))).collect();
        let sum = |vars: &[TVar<i64>]| vars.iter().map(TVar::load).sum::<i64>();
        let taken: usize = (round.spawn(|index| {
            engine.atomically(|tx| {
                let mut sum = 0;
                for var in &vars {
                    sum += *tx.get(var)?;
                }
                if sum > 0 {
                    tx.modify(&vars[index], |x| x - 1)?;
                }
                Ok(usize::from(sum > 0))
            })
        }))
        .into_iter()
        .sum();
        if taken != 1 || sum(&vars) != 0 {
            return Err(format!(
                "turn {turn}: {taken} threads took the one there was; the sum is {}",
                sum(&vars)
            ));
        }
    }
    Ok(ROUNDS * round.threads as u64)
}

/// One thread moves the top of the first list to the second, the next one back, and so on: in every serial order
/// as many moves each way leave the lists as they were.
fn pop_append(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let (first, second): (Vec<u32>, Vec<u32>) = ((0..5).collect(), (10..15).collect());
    let lists = [engine.tvar(first.clone()), engine.tvar(second.clone())];
    let threads = round.threads - round.threads % 2;
    round.spawn(|index| {
        if index >= threads {
            return;
        }
        let (from, to) = (&lists[index % 2], &lists[1 - index % 2]);
        for _ in 0..ROUNDS {
            engine.atomically(|tx| {
                let mut source = tx.get(from)?.clone();
                // An empty list waits for the other direction to bring something.
                let Some(item) = source.pop() else { return tx.retry() };
                tx.set(from, source)?;
                tx.modify(to, |items| items.iter().copied().chain([item]).collect())
            });
        }
    });
    let (a, b) = engine.atomically(|tx| Ok((tx.get(&lists[0])?.clone(), tx.get(&lists[1])?.clone())));
    // Tops travel, but a stack gives back what was put on it last: nothing below ever changes places.
    if (&a, &b) != (&first, &second) {
        return Err(format!("{first:?}, {second:?} became {a:?}, {b:?}"));
    }
    Ok(ROUNDS * threads as u64)
}

fn pop_once(round: &Round) -> Result<u64, String> {
    const ITEMS: u32 = 500;
    let engine = round.engine();
    let list = engine.tvar((0..ITEMS).collect::<Vec<_>>());
    let pop = || {
        engine.atomically(|tx| {
            let mut items = tx.get(&list)?.clone();
            let item = items.pop();
            if item.is_some() {
                tx.set(&list, items)?;
            }
            Ok(item)
        })
    };
    let mut popped: Vec<u32> = round.spawn(|_| std::iter::from_fn(pop).collect::<Vec<_>>()).concat();
    popped.sort_unstable();
    if popped.iter().copied().ne(0..ITEMS) {
        return Err(format!("{} pops of {ITEMS} items: {popped:?}", popped.len()));
    }
    Ok(u64::from(ITEMS))
}

/// Three threads add the next one's set to their own. Some serial order of the updates has to explain the outcome; so
/// at least one set has all three items at the end.
fn update_ring(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let all: BTreeSet<usize> = (1..=3).collect();
    let round = round.with_threads(all.len());
    for turn in 0..ROUNDS {
        let sets: Vec<_> = all.iter().map(|&i| engine.tvar(BTreeSet::from([i]))).collect();
        round.spawn(|index| {
            let other = &sets[(index + 1) % sets.len()];
            engine.atomically(|tx| {
                let other = tx.get(other)?;
                tx.modify(&sets[index], |own| own | other)
            });
        });
        let sets: Vec<_> = sets.iter().map(TVar::load).collect();
        if !sets.contains(&all) || !reachable(&sets, &all) {
            return Err(format!("turn {turn}: no serial order of the updates gives {sets:?}"));
        }
    }
    Ok(ROUNDS * round.threads as u64)
}

/// Two maps take over each other's entries. Whoever is first keeps nothing of its own where both have a key.
fn update_each_other(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let of = |value: char, keys: std::ops::Range<u32>| -> BTreeMap<u32, char> {
        keys.map(|key| (key, value)).collect()
    };
    let (first, second) = (of('a', 0..6), of('b', 3..9));
    let update = |own: &BTreeMap<u32, char>, other: &BTreeMap<u32, char>| -> BTreeMap<u32, char> {
        own.iter().chain(other).map(|(&key, &value)| (key, value)).collect()
    };
    let first_then_second = update(&first, &second);
    let first_then_second = (first_then_second.clone(), update(&second, &first_then_second));
    let second_then_first = update(&second, &first);
    let second_then_first = (update(&first, &second_then_first), second_then_first);
    let round = round.with_threads(2);
    for turn in 0..ROUNDS {
        let maps = [engine.tvar(first.clone()), engine.tvar(second.clone())];
        round.spawn(|index| {
            engine.atomically(|tx| {
                let other = tx.get(&maps[1 - index])?;
                tx.modify(&maps[index], |own| update(own, other))
            });
        });
        let found = (maps[0].load(), maps[1].load());
        if found != first_then_second && found != second_then_first {
            return Err(format!("turn {turn}: neither order of the updates gives {found:?}"));
        }
    }
    Ok(2 * ROUNDS)
}

/// Whether some order of the updates gives these sets.
fn reachable(found: &[BTreeSet<usize>], all: &BTreeSet<usize>) -> bool {
    fn search(sets: &mut Vec<BTreeSet<usize>>, left: &BTreeSet<usize>, found: &[BTreeSet<usize>]) -> bool {
        if left.is_empty() {
            return sets == found;
        }
        left.iter().any(|&index| {
            let own = sets[index].clone();
            sets[index] = &own | &sets[(index + 1) % found.len()];
            let mut rest = left.clone();
            rest.remove(&index);
            let yes = search(sets, &rest, found);
            sets[index] = own;
            yes
        })
    }
    let mut sets: Vec<_> = all.iter().map(|&i| BTreeSet::from([i])).collect();
    let indices = (0..sets.len()).collect();
    search(&mut sets, &indices, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_of_three_allows_what_serial_orders_give_and_no_more() {
        let all = BTreeSet::from([1, 2, 3]);
        let sets = |items: [&[usize]; 3]| items.map(|set| set.iter().copied().collect());
        // In the order third, second, first everything arrives at the first set.
        assert!(reachable(&sets([&[1, 2, 3], &[1, 2, 3], &[1, 3]]), &all));
        assert!(reachable(&sets([&[1, 2], &[2, 3], &[1, 2, 3]]), &all));
        // Each update on the first state: a write skew of three.
        assert!(!reachable(&sets([&[1, 2], &[2, 3], &[1, 3]]), &all));
        assert!(!reachable(&sets([&[1, 2, 3], &[1, 2, 3], &[1, 2, 3]]), &all));
    }
}
