//! Models of the queues and the semaphore: what waits at one end is woken by the other, nothing comes twice, gets lost
//! or is granted to two.
#![cfg(loom)]

mod model;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;
use model::{Model, engine};
use stm_engine::{Mutant, TBoundedQueue, TQueue, TSemaphore};

#[test]
fn a_queue_hands_over_to_one_who_waits() {
    Model::new("queue").mutants(&[Mutant::WakeNobody, Mutant::SleepOnChanged]).check(|| {
        let engine = engine();
        let queue = TQueue::in_engine(&engine);
        let giver = {
            let (engine, queue) = (engine.clone(), queue.clone());
            thread::spawn(move || engine.atomically(|tx| queue.push(tx, 1)))
        };
        assert_eq!(engine.atomically(|tx| queue.pop(tx)), 1);
        giver.join().unwrap();
        assert_eq!(engine.atomically(|tx| queue.try_pop(tx)), None);
        assert_eq!(engine.stats().waiting, 0);
    });
}

#[test]
fn both_ends_of_a_bounded_queue_wait_for_the_other() {
    Model::new("bounded_queue").mutants(&[Mutant::WakeNobody, Mutant::SleepOnChanged]).check(|| {
        let engine = engine();
        let queue = TBoundedQueue::in_engine(&engine, 1);
        engine.atomically(|tx| queue.push(tx, 1));
        let giver = {
            let (engine, queue) = (engine.clone(), queue.clone());
            thread::spawn(move || engine.atomically(|tx| queue.push(tx, 2)))
        };
        assert_eq!(engine.atomically(|tx| queue.pop(tx)), 1);
        assert_eq!(engine.atomically(|tx| queue.pop(tx)), 2);
        giver.join().unwrap();
        assert!(engine.atomically(|tx| queue.is_empty(tx)));
        assert_eq!(engine.stats().waiting, 0);
    });
}

#[test]
fn a_semaphore_of_one_lets_one_in() {
    Model::new("semaphore").mutants(&[Mutant::WakeNobody, Mutant::SleepOnChanged]).check(|| {
        let engine = engine();
        let (semaphore, inside) = (TSemaphore::in_engine(&engine, 1), Arc::new(AtomicUsize::new(0)));
        let visit = {
            let (engine, semaphore) = (engine.clone(), semaphore.clone());
            move || {
                engine.atomically(|tx| semaphore.acquire(tx));
                assert_eq!(inside.swap(1, SeqCst), 0, "somebody else is inside");
                inside.store(0, SeqCst);
                engine.atomically(|tx| semaphore.release(tx));
            }
        };
        let other = thread::spawn(visit.clone());
        visit();
        other.join().unwrap();
        assert_eq!(engine.atomically(|tx| semaphore.available(tx)), 1);
        assert_eq!(engine.stats().waiting, 0);
    });
}
