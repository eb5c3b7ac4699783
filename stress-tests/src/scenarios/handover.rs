//! Producers and consumers: every item arrives once, in the order of its producer, and nobody sleeps for ever.

use stm_engine::{Abort, TBoundedQueue, TQueue, TVar, Txn};

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "producer-consumer",
    about: "an item lost or doubled on its way through queues, out of order, or a wake-up that never comes",
    round,
};

const ITEMS: u32 = 400;

/// Who made it, and which of theirs it is.
type Item = (usize, u32);

/// Three ways from producers to consumers: a place for one, a bounded queue and an unbounded one.
struct Ways {
    place: TVar<Option<Item>>,
    bounded: TBoundedQueue<Item>,
    unbounded: TQueue<Item>,
    /// Items that are still to be taken.
    left: TVar<u32>,
}

impl Ways {
    fn send(&self, tx: &Txn<'_>, way: usize, item: Item) -> Result<(), Abort> {
        match way {
            0 if tx.get(&self.place)?.is_some() => tx.retry(),
            0 => tx.set(&self.place, Some(item)),
            1 => self.bounded.push(tx, item),
            _ => self.unbounded.push(tx, item),
        }
    }

    fn receive(&self, tx: &Txn<'_>, way: usize) -> Result<Item, Abort> {
        match way {
            0 => match tx.replace(&self.place, None)? {
                Some(item) => Ok(*item),
                None => tx.retry(),
            },
            1 => self.bounded.pop(tx),
            _ => self.unbounded.pop(tx),
        }
    }

    /// From whichever has one; nothing when all have been taken.
    fn take(&self, tx: &Txn<'_>, first: usize) -> Result<Option<Item>, Abort> {
        let left = *tx.get(&self.left)?;
        if left == 0 {
            return Ok(None);
        }
        let item = tx.or_else(
            |tx| self.receive(tx, first),
            |tx| tx.or_else(|tx| self.receive(tx, (first + 1) % 3), |tx| self.receive(tx, (first + 2) % 3)),
        )?;
        tx.set(&self.left, left - 1)?;
        Ok(Some(item))
    }
}

fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let producers = (round.threads / 2).max(1);
    let capacity = 1 + round.rng(usize::MAX).below(4);
    let ways = Ways {
        place: engine.tvar(None),
        bounded: TBoundedQueue::in_engine(&engine, capacity),
        unbounded: TQueue::in_engine(&engine),
        left: engine.tvar(ITEMS * producers as u32),
    };
    let taken = round.spawn(|index| {
        let mut rng = round.rng(index);
        if index < producers {
            // Each producer keeps to one way, so its items stay in order.
            let way = (index + rng.below(3)) % 3;
            (0..ITEMS).for_each(|n| engine.atomically(|tx| ways.send(tx, way, (index, n))));
            return Vec::new();
        }
        let next = || {
            let first = rng.below(3);
            engine.atomically(|tx| ways.take(tx, first))
        };
        std::iter::from_fn(next).collect()
    });
    for (index, items) in taken.iter().enumerate() {
        for producer in 0..producers {
            let theirs = items.iter().filter(|item| item.0 == producer).map(|item| item.1);
            if !theirs.is_sorted_by(|a, b| a < b) {
                return Err(format!("consumer {index} got the items of producer {producer} out of order"));
            }
        }
    }
    let mut all = taken.concat();
    all.sort_unstable();
    let made = (0..producers).flat_map(|producer| (0..ITEMS).map(move |n| (producer, n)));
    if !all.iter().copied().eq(made) {
        return Err(format!("{} items taken of {}", all.len(), ITEMS as usize * producers));
    }
    match engine.stats().waiting {
        0 => Ok(all.len() as u64),
        waiting => Err(format!("{waiting} still in line when all have left")),
    }
}
