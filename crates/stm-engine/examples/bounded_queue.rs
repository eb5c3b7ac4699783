//! A bounded queue: who takes waits while it is empty, who puts waits while it is full. Neither knows of the other.
//!
//! `cargo run --release -p stm-engine --example bounded_queue`

use std::thread;

use stm_engine::{Abort, TVar, Txn, atomically};

/// A ring of places. Every part is a variable, so that putting and taking meet only when they must.
struct Queue<T> {
    places: Vec<TVar<Option<T>>>,
    first: TVar<usize>,
    end: TVar<usize>,
}

impl<T: Clone + Send + Sync + 'static> Queue<T> {
    fn new(capacity: usize) -> Self {
        let places = (0..capacity).map(|_| TVar::new(None)).collect();
        Self { places, first: TVar::new(0), end: TVar::new(0) }
    }

    /// Part of any transaction: it can put into two queues, or into one and take from another, at once.
    fn put(&self, tx: &Txn<'_>, item: T) -> Result<(), Abort> {
        let end = *tx.get(&self.end)?;
        let place = &self.places[end % self.places.len()];
        if tx.get(place)?.is_some() {
            return tx.retry(); // full: sleep until somebody takes
        }
        tx.set(place, Some(item))?;
        tx.set(&self.end, end + 1)
    }

    fn take(&self, tx: &Txn<'_>) -> Result<T, Abort> {
        let first = *tx.get(&self.first)?;
        let place = &self.places[first % self.places.len()];
        let Some(item) = tx.replace(place, None)? else {
            return tx.retry(); // empty: sleep until somebody puts
        };
        tx.set(&self.first, first + 1)?;
        Ok(item.clone())
    }
}

fn main() {
    const ITEMS: u64 = 20_000;
    let (urgent, normal) = (Queue::new(4), Queue::new(16));
    let sum: u64 = thread::scope(|scope| {
        scope.spawn(|| (0..ITEMS).for_each(|i| atomically(|tx| normal.put(tx, i))));
        scope.spawn(|| (0..ITEMS).step_by(10).for_each(|i| atomically(|tx| urgent.put(tx, i))));
        let taker = scope.spawn(|| {
            // The urgent ones first, else a normal one, else sleep until there is either.
            let next = || atomically(|tx| tx.or_else(|tx| urgent.take(tx), |tx| normal.take(tx)));
            (0..ITEMS + ITEMS / 10).map(|_| next()).sum()
        });
        taker.join().expect("the taker does not panic")
    });
    assert_eq!(sum, (0..ITEMS).sum::<u64>() + (0..ITEMS).step_by(10).sum::<u64>());
    println!("everything arrived, once: {sum}");
}
