//! Queues and the semaphore, with real threads: in order, exactly once, never beyond the bound, no trace, no deep
//! stack.
#![cfg(not(loom))]

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use stm_engine::{Abort, Engine, Options, TBoundedQueue, TQueue, TSemaphore, TVar, TxError, Txn};

const PRODUCERS: usize = if cfg!(miri) { 2 } else { 4 };
const CONSUMERS: usize = if cfg!(miri) { 2 } else { 3 };
const ITEMS: usize = if cfg!(miri) { 20 } else { 5_000 };
const LONG: usize = if cfg!(miri) { 500 } else { 1_000_000 };

#[derive(Debug, Clone, Copy)]
enum Op {
    Push(u32),
    Pop,
    Peek,
}

/// Transactions of a few operations; one in four is undone.
fn transactions() -> impl Strategy<Value = Vec<(bool, Vec<Op>)>> {
    let op = prop_oneof![3 => any::<u32>().prop_map(Op::Push), 2 => Just(Op::Pop), 1 => Just(Op::Peek)];
    prop::collection::vec((prop::bool::weighted(0.75), prop::collection::vec(op, 0..6)), 0..40)
}

/// What the operations of one transaction answered.
type Answers = Vec<Option<u32>>;

fn on_model(model: &mut VecDeque<u32>, ops: &[Op], capacity: usize) -> Answers {
    ops.iter()
        .map(|op| match *op {
            Op::Push(n) if model.len() < capacity => {
                model.push_back(n);
                None
            }
            Op::Push(n) => Some(n),
            Op::Pop => model.pop_front(),
            Op::Peek => model.front().copied(),
        })
        .collect()
}

/// Run each transaction on both; compare what it answers, and at the end what is left.
fn against_model(
    engine: &Engine,
    capacity: usize,
    transactions: &[(bool, Vec<Op>)],
    apply: impl Fn(&Txn<'_>, Op) -> Result<Option<u32>, Abort>,
) -> Result<(), TestCaseError> {
    let mut model = VecDeque::new();
    for (commits, ops) in transactions {
        let mut expected = model.clone();
        let answers = on_model(&mut expected, ops, capacity);
        let seen = engine.try_atomically(&Options::new(), |tx| {
            let seen = ops.iter().map(|op| apply(tx, *op)).collect::<Result<Answers, _>>()?;
            assert_eq!(seen, answers);
            if *commits { Ok(()) } else { tx.abort("undone") }
        });
        prop_assert_eq!(seen.is_ok(), *commits);
        if *commits {
            model = expected;
        }
    }
    let left: Answers = (0..=model.len()).map(|_| engine.atomically(|tx| apply(tx, Op::Pop))).collect();
    let expected: Answers = model.into_iter().map(Some).chain([None]).collect();
    prop_assert_eq!(left, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

    #[test]
    fn a_queue_is_a_vec_deque(transactions in transactions()) {
        let engine = Engine::new();
        let queue = TQueue::in_engine(&engine);
        against_model(&engine, usize::MAX, &transactions, |tx, op| match op {
            Op::Push(n) => queue.push(tx, n).map(|()| None),
            Op::Pop => {
                let empty = queue.is_empty(tx)?;
                let item = queue.try_pop(tx)?;
                assert_eq!(empty, item.is_none());
                Ok(item)
            }
            Op::Peek => queue.peek(tx).map(Option::<&u32>::copied),
        })?;
    }

    #[test]
    fn a_bounded_queue_is_a_vec_deque_with_a_bound(transactions in transactions(), capacity in 1_usize..5) {
        let engine = Engine::new();
        let queue = TBoundedQueue::in_engine(&engine, capacity);
        prop_assert_eq!(queue.capacity(), capacity);
        against_model(&engine, capacity, &transactions, |tx, op| match op {
            Op::Push(n) => {
                let (before, rest) = (queue.len(tx)?, queue.try_push(tx, n)?);
                assert_eq!((rest.is_err(), queue.len(tx)?), (before == capacity, capacity.min(before + 1)));
                Ok(rest.err())
            }
            Op::Pop => {
                let empty = queue.is_empty(tx)?;
                let item = queue.try_pop(tx)?;
                assert_eq!(empty, item.is_none());
                Ok(item)
            }
            Op::Peek => queue.peek(tx).map(Option::<&u32>::copied),
        })?;
    }
}

/// Producers push `(who, number)`, consumers pop until all is there: every item arrives exactly once, and each
/// consumer sees the items of each producer in their order.
fn hand_over(push: impl Fn((usize, usize)) + Sync, pop: impl Fn() -> (usize, usize) + Sync) {
    let to_pop = AtomicUsize::new(PRODUCERS * ITEMS);
    let one_more = || to_pop.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
    let consume = || std::iter::from_fn(|| one_more().then(&pop)).collect::<Vec<_>>();
    let taken: Vec<Vec<(usize, usize)>> = thread::scope(|s| {
        for who in 0..PRODUCERS {
            let push = &push;
            s.spawn(move || (0..ITEMS).for_each(|n| push((who, n))));
        }
        let consumers: Vec<_> = (0..CONSUMERS).map(|_| s.spawn(consume)).collect();
        consumers.into_iter().map(|c| c.join().unwrap()).collect()
    });
    for items in &taken {
        for who in 0..PRODUCERS {
            let numbers = items.iter().filter(|item| item.0 == who).map(|item| item.1);
            assert!(numbers.is_sorted_by(|a, b| a < b), "the order of producer {who}");
        }
    }
    let mut all = taken.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq((0..PRODUCERS).flat_map(|who| (0..ITEMS).map(move |n| (who, n)))));
}

#[test]
fn a_queue_hands_every_item_over_exactly_once_and_in_order() {
    let engine = Engine::new();
    let queue = TQueue::in_engine(&engine);
    hand_over(|item| engine.atomically(|tx| queue.push(tx, item)), || engine.atomically(|tx| queue.pop(tx)));
    assert!(engine.atomically(|tx| queue.is_empty(tx)));
    assert_eq!(engine.stats().waiting, 0);
}

#[test]
fn a_bounded_queue_hands_every_item_over_and_never_exceeds_its_bound() {
    const CAPACITY: usize = 3;
    let engine = Engine::new();
    let queue = TBoundedQueue::in_engine(&engine, CAPACITY);
    let (longest, inside) = (AtomicUsize::new(0), engine.tvar(0_usize));
    // `inside` is counted by hand in the same transactions: one that overfills shows it, whatever `len` says.
    hand_over(
        |item| {
            let len = engine.atomically(|tx| {
                queue.push(tx, item)?;
                tx.modify(&inside, |n| n + 1)?;
                assert_eq!(queue.len(tx)?, *tx.get(&inside)?);
                tx.get(&inside).copied()
            });
            longest.fetch_max(len, SeqCst);
        },
        || {
            engine.atomically(|tx| {
                let item = queue.pop(tx)?;
                tx.modify(&inside, |n| n - 1)?;
                Ok(item)
            })
        },
    );
    assert!((1..=CAPACITY).contains(&longest.into_inner()));
    assert_eq!((inside.load(), engine.stats().waiting), (0, 0));
}

#[test]
fn the_ends_of_a_queue_that_is_neither_empty_nor_full_do_not_conflict() {
    let engine = Engine::new();
    let (queue, bounded) = (TQueue::in_engine(&engine), TBoundedQueue::in_engine(&engine, 3));
    for n in [1, 2] {
        engine.atomically(|tx| queue.push(tx, n));
        engine.atomically(|tx| bounded.push(tx, n));
    }
    // Prepared on one state and committed after the other end has moved: stale if they shared a variable.
    let pop = engine.prepare(|tx| Ok((queue.pop(tx)?, bounded.pop(tx)?))).unwrap();
    engine.atomically(|tx| queue.push(tx, 3).and_then(|()| bounded.push(tx, 3)));
    assert_eq!(pop.commit(), Ok((1, 1)));
    let push = engine.prepare(|tx| queue.push(tx, 4).and_then(|()| bounded.push(tx, 4))).unwrap();
    engine.atomically(|tx| queue.pop(tx).and_then(|_| bounded.pop(tx)));
    assert_eq!(push.commit(), Ok(()));
    // Two of the same end do.
    let push = engine.prepare(|tx| queue.push(tx, 9)).unwrap();
    engine.atomically(|tx| queue.push(tx, 5));
    assert!(push.commit().is_err());
    let left = engine.atomically(|tx| Ok([queue.pop(tx)?, queue.pop(tx)?, queue.pop(tx)?]));
    assert_eq!(left, [3, 4, 5]);
}

#[test]
fn a_semaphore_is_never_over_granted() {
    const PERMITS: usize = 3;
    let engine = Engine::new();
    let semaphore = TSemaphore::in_engine(&engine, PERMITS);
    let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|s| {
        for id in 0..PRODUCERS + CONSUMERS {
            let (engine, semaphore, held, most) = (&engine, &semaphore, &held, &most);
            s.spawn(move || {
                for round in 0..ITEMS / 10 {
                    let n = 1 + (id + round) % PERMITS;
                    if round % 4 == 0 {
                        while !engine.atomically(|tx| semaphore.try_acquire_many(tx, n)) {
                            thread::yield_now();
                        }
                    } else {
                        engine.atomically(|tx| semaphore.acquire_many(tx, n));
                    }
                    most.fetch_max(held.fetch_add(n, SeqCst) + n, SeqCst);
                    thread::yield_now();
                    held.fetch_sub(n, SeqCst);
                    engine.atomically(|tx| semaphore.release_many(tx, n));
                }
            });
        }
    });
    assert!((1..=PERMITS).contains(&most.into_inner()));
    assert_eq!(engine.atomically(|tx| semaphore.available(tx)), PERMITS);
    assert_eq!(engine.stats().waiting, 0);
}

#[test]
fn what_waits_is_woken_by_the_other_end() {
    let engine = Engine::new();
    let (bounded, gate) = (TBoundedQueue::in_engine(&engine, 1), TSemaphore::in_engine(&engine, 0));
    let (queue, start) = (TQueue::<u8>::in_engine(&engine), Instant::now());
    engine.atomically(|tx| bounded.push(tx, 1));
    let wait_for = |sleepers: usize| {
        while engine.stats().waiting < sleepers && start.elapsed() < Duration::from_secs(20) {
            thread::yield_now();
        }
    };
    thread::scope(|s| {
        let full = s.spawn(|| engine.atomically(|tx| bounded.push(tx, 2)));
        let closed = s.spawn(|| engine.atomically(|tx| gate.acquire(tx)));
        let empty = s.spawn(|| engine.atomically(|tx| queue.pop(tx)));
        wait_for(3);
        assert_eq!(engine.atomically(|tx| bounded.pop(tx)), 1);
        full.join().unwrap();
        engine.atomically(|tx| gate.release(tx));
        closed.join().unwrap();
        engine.atomically(|tx| queue.push(tx, 3));
        assert_eq!(empty.join().unwrap(), 3);
    });
    assert_eq!(engine.atomically(|tx| bounded.pop(tx)), 2);
    assert_eq!(engine.atomically(|tx| gate.available(tx)), 0);
    assert_eq!(engine.stats().waiting, 0);
}

#[test]
fn what_is_undone_leaves_no_trace() {
    let engine = Engine::new();
    let (queue, bounded) = (TQueue::in_engine(&engine), TBoundedQueue::in_engine(&engine, 2));
    let (semaphore, value) = (TSemaphore::in_engine(&engine, 1), Arc::new(7));
    engine.atomically(|tx| queue.push(tx, Arc::clone(&value)));
    let everything = |tx: &Txn<'_>| {
        queue.push(tx, Arc::clone(&value))?;
        bounded.push(tx, Arc::clone(&value))?;
        bounded.push(tx, queue.pop(tx)?)?;
        semaphore.acquire(tx)
    };
    // An error, a panic, a nested part, the first of two ways.
    let ended =
        engine.try_atomically(&Options::new(), |tx| everything(tx).and_then(|()| tx.abort::<()>("no")));
    assert!(matches!(ended, Err(TxError::Aborted(_))), "{ended:?}");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        engine.atomically(|tx| everything(tx).map(|()| std::panic::resume_unwind(Box::new(()))))
    }));
    assert!(panicked.is_err());
    engine.atomically(|tx| {
        assert!(tx.nested(|tx| everything(tx).and_then(|()| tx.abort::<()>("no")))?.is_err());
        tx.or_else(|tx| everything(tx).and_then(|()| tx.retry()), |_| Ok(()))
    });
    let state = engine.atomically(|tx| {
        Ok((queue.pop(tx)?, queue.try_pop(tx)?, bounded.len(tx)?, semaphore.available(tx)?))
    });
    assert_eq!(state, (Arc::new(7), None, 0, 1));
    drop(state);
    engine.reclaim();
    assert_eq!(Arc::strong_count(&value), 1, "no item is kept");
}

#[test]
fn a_long_queue_is_dropped_without_a_deep_stack() {
    // A frame of recursion per item would need a hundred times as much.
    thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(|| {
            let engine = Engine::new();
            let (queue, value) = (TQueue::in_engine(&engine), Arc::new(()));
            let fill = |n: usize| {
                for _ in 0..n / 100 {
                    engine.atomically(|tx| (0..100).try_for_each(|_| queue.push(tx, Arc::clone(&value))));
                }
            };
            fill(LONG);
            assert_eq!(Arc::strong_count(&value), LONG + 1);
            // Popped ones go while the queue is in use ...
            for _ in 0..LONG / 200 {
                engine.atomically(|tx| (0..100).try_for_each(|_| queue.pop(tx).map(drop)));
            }
            engine.reclaim();
            assert_eq!(Arc::strong_count(&value), LONG / 2 + 1);
            // ... and the rest with it.
            drop(queue);
            engine.reclaim();
            assert_eq!(Arc::strong_count(&value), 1);
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn handles_are_of_one_queue_and_say_what_they_are() {
    let (queue, bounded, semaphore) = (TQueue::default(), TBoundedQueue::new(4), TSemaphore::new(2));
    let (queue_too, bounded_too, semaphore_too) = (queue.clone(), bounded.clone(), semaphore.clone());
    assert_eq!(format!("{queue:?}"), "TQueue { empty: true, .. }");
    stm_engine::atomically(|tx| {
        queue.push(tx, 1)?;
        bounded.push(tx, 1)?;
        semaphore.acquire(tx)
    });
    assert_eq!(format!("{queue_too:?}"), "TQueue { empty: false, .. }");
    assert_eq!(format!("{bounded_too:?}"), "TBoundedQueue { capacity: 4, len: 1, .. }");
    assert_eq!(format!("{semaphore_too:?}"), "TSemaphore { available: 1 }");
    // A queue is a value like any other, also of a variable.
    let current = TVar::new(queue);
    assert_eq!(stm_engine::atomically(|tx| tx.get(&current)?.pop(tx)), 1);
}

#[test]
fn bad_uses_are_refused_in_words() {
    let message = |f: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("refused");
        payload
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_else(|| (*payload.downcast::<&str>().unwrap()).into())
    };
    let none = message(&|| drop(TBoundedQueue::<u8>::new(0)));
    assert_eq!(none, "a bounded queue needs room for at least one item, its capacity is 0");
    let semaphore = TSemaphore::new(usize::MAX);
    let full = message(&|| stm_engine::atomically(|tx| semaphore.release(tx)));
    assert!(full.contains("cannot take 1 more"), "{full}");
    assert_eq!(stm_engine::atomically(|tx| semaphore.available(tx)), usize::MAX);
    let engine = Engine::new();
    let (queue, bounded) = (TQueue::in_engine(&engine), TBoundedQueue::in_engine(&engine, 1));
    let semaphore = TSemaphore::in_engine(&engine, 1);
    let foreign = |body: &dyn for<'tx> Fn(&Txn<'tx>) -> Result<(), Abort>| {
        matches!(stm_engine::try_atomically(&Options::new(), body), Err(TxError::ForeignEngine { .. }))
    };
    assert!(foreign(&|tx| queue.push(tx, 1)) && foreign(&|tx| bounded.push(tx, 1)));
    assert!(foreign(&|tx| semaphore.acquire(tx)));
}
