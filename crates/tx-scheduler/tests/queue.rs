//! The unordered queue: every item once, some serial order, nobody waits for nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stm_engine::{TVar, atomically};
use tx_scheduler::{Config, SessionError, TransactionQueue};

fn queue(threads: usize) -> TransactionQueue {
    TransactionQueue::new(&Config::threads(threads).unwrap())
}

#[test]
fn every_item_runs_once_and_money_is_neither_made_nor_lost() {
    for threads in [1, 2, 3, 8] {
        let accounts: Vec<TVar<i64>> = (0..10).map(|_| TVar::new(100)).collect();
        let commits = TVar::new(0);
        let mut queue = queue(threads);
        for i in 0..2000 {
            let (from, to) = (accounts[i * 7 % 10].clone(), accounts[(i * 3 + 1) % 10].clone());
            let commits = commits.clone();
            queue.add(move |tx| {
                tx.modify(&from, |n| n - 1)?;
                tx.modify(&to, |n| n + 1)?;
                tx.modify(&commits, |n| n + 1)
            });
        }
        assert_eq!(queue.len(), 2000);
        queue.run().unwrap();
        assert!(queue.is_empty());
        assert_eq!(commits.load(), 2000);
        assert_eq!(accounts.iter().map(TVar::load).sum::<i64>(), 1000);
    }
}

#[test]
fn an_item_that_waits_is_woken_by_one_that_was_added_after_it() {
    for threads in [1, 2, 8] {
        let steps: Vec<TVar<bool>> = (0..100).map(|_| TVar::new(false)).collect();
        let mut queue = queue(threads);
        // Each waits for the next one's, the last for nothing.
        for i in 0..100 {
            let (mine, next) = (steps[i].clone(), steps.get(i + 1).cloned());
            queue.add(move |tx| match &next {
                Some(next) if !*tx.get(next)? => tx.retry(),
                _ => tx.set(&mine, true),
            });
        }
        queue.run().unwrap();
        assert!(steps.iter().all(TVar::load));
    }
}

#[test]
fn items_that_all_wait_are_an_error_that_names_a_line_and_stay() {
    for threads in [1, 2] {
        let (a, b, c) = (TVar::new(false), TVar::new(false), TVar::new(0));
        let mut queue = queue(threads);
        for (wanted, given) in [(a.clone(), b.clone()), (b.clone(), a.clone())] {
            queue.add(move |tx| if *tx.get(&wanted)? { tx.set(&given, true) } else { tx.retry() });
        }
        let count = c.clone();
        queue.add(move |tx| tx.modify(&count, |n| n + 1));
        queue.add(|tx| tx.retry());
        let error = queue.run().unwrap_err();
        assert!(matches!(&error, SessionError::WaitsForever { .. }), "{error}");
        assert!(error.to_string().contains("queue.rs:"), "{error}");
        assert_eq!((queue.len(), c.load()), (3, 1), "the one that could has committed");
        // Somebody outside breaks the circle; the item that waits for nothing at all stays.
        atomically(|tx| tx.set(&a, true));
        assert!(matches!(queue.run(), Err(SessionError::WaitsForever { .. })));
        assert_eq!((queue.len(), b.load(), c.load()), (1, true, 1));
    }
}

#[test]
fn a_failing_item_ends_the_run_without_a_trace_and_the_rest_can_go_on() {
    for threads in [1, 2] {
        let (x, fail) = (TVar::new(0), TVar::new(true));
        let mut queue = queue(threads);
        for i in 0..50 {
            let (x, fail) = (x.clone(), fail.clone());
            queue.add(move |tx| {
                tx.modify(&x, |n| n + 1)?;
                match i {
                    20 if *tx.get(&fail)? => Err(std::io::Error::other("no more paper").into()),
                    _ => Ok(()),
                }
            });
        }
        let error = queue.run().unwrap_err();
        assert!(matches!(&error, SessionError::Closure { message, .. } if message == "no more paper"));
        assert_eq!(x.load() + queue.len(), 50, "what has not committed is still there");
        atomically(|tx| tx.set(&fail, false));
        queue.run().unwrap();
        assert_eq!(x.load(), 50);

        queue.add(|_| panic!("a bug"));
        let error = queue.run().unwrap_err();
        assert!(matches!(&error, SessionError::Panicked { message, .. } if message == "a bug"));
    }
}

#[test]
fn items_and_threads_of_the_program_serialise() {
    let x = TVar::new(0u64);
    let attempts = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        let free = x.clone();
        scope.spawn(move || (0..500).for_each(|_| atomically(|tx| tx.modify(&free, |n| n + 1))));
        let mut queue = queue(2);
        for _ in 0..500 {
            let (x, attempts) = (x.clone(), Arc::clone(&attempts));
            queue.add(move |tx| {
                attempts.fetch_add(1, Ordering::Relaxed);
                tx.modify(&x, |n| n + 1)
            });
        }
        queue.run().unwrap();
    });
    assert_eq!(x.load(), 1000);
    assert!(attempts.load(Ordering::Relaxed) >= 500);
}
