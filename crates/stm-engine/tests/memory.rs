//! What is superseded goes soon, whoever sleeps meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;

use stm_engine::{Engine, TVar};

/// Counts its living copies.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Relaxed);
        Self(Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Replace the value `times` times; the greatest number of versions that were alive at once.
fn most_alive(engine: &Engine, var: &TVar<Counted>, alive: &Arc<AtomicUsize>, times: usize) -> usize {
    let mut most = 0;
    for _ in 0..times {
        engine.atomically(|tx| tx.set(var, Counted::new(alive)));
        most = most.max(alive.load(Relaxed));
    }
    most
}

#[test]
fn a_thread_that_sleeps_after_a_transaction_holds_nothing_back() {
    let engine = Engine::new();
    let alive = Arc::default();
    let var = engine.tvar(Counted::new(&alive));
    let (slept, sleeps) = mpsc::channel();
    let (wake, woken) = mpsc::channel::<()>();
    let sleeper = {
        let (engine, var) = (engine.clone(), var.clone());
        thread::spawn(move || {
            for _ in 0..3 {
                // The first transactions of a thread begin in different ways.
                for _ in 0..5 {
                    engine.atomically(|tx| tx.get(&var).map(|_| ()));
                }
                slept.send(()).unwrap();
                woken.recv().unwrap();
            }
        })
    };
    for _ in 0..3 {
        sleeps.recv().unwrap();
        let most = most_alive(&engine, &var, &alive, 5000);
        assert!(most < 1000, "{most} versions at once");
        wake.send(()).unwrap();
    }
    sleeper.join().unwrap();
}

#[test]
fn a_transaction_holds_back_what_it_may_read_and_no_longer() {
    let engine = Engine::new();
    let alive = Arc::default();
    let var = engine.tvar(Counted::new(&alive));
    let (begun, begins) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let reader = {
        let (engine, var) = (engine.clone(), var.clone());
        thread::spawn(move || {
            // So that the next one does not begin afresh.
            engine.snapshot(|s| s.get(&var).0.load(Relaxed));
            engine.snapshot(|s| {
                let first = s.get(&var);
                begun.send(()).unwrap();
                ends.recv().unwrap();
                // Still there.
                assert!(std::ptr::eq(first, s.get(&var)) && first.0.load(Relaxed) > 0);
            });
            begun.send(()).unwrap();
            ends.recv().unwrap();
        })
    };
    begins.recv().unwrap();
    let most = most_alive(&engine, &var, &alive, 5000);
    assert!(most >= 5000, "{most} versions while a snapshot may need any of them");
    end.send(()).unwrap();
    begins.recv().unwrap();
    engine.reclaim();
    assert!(alive.load(Relaxed) < 10, "{} versions after it", alive.load(Relaxed));
    end.send(()).unwrap();
    reader.join().unwrap();
}

/// A list of variables: each value holds the only handle of the next.
struct Link {
    _next: Option<TVar<Link>>,
    _counted: Counted,
}

#[test]
fn a_chain_goes_although_another_thread_sleeps() {
    let engine = Engine::new();
    let alive = Arc::default();
    let (slept, sleeps) = mpsc::channel();
    let (wake, woken) = mpsc::channel::<()>();
    let sleeper = {
        let engine = engine.clone();
        thread::spawn(move || {
            engine.snapshot(|_| ());
            slept.send(()).unwrap();
            woken.recv().unwrap();
        })
    };
    sleeps.recv().unwrap();
    let chain = (0..10_000)
        .fold(None, |next, _| Some(engine.tvar(Link { _next: next, _counted: Counted::new(&alive) })));
    drop(chain);
    let other = engine.tvar(0);
    for n in 0..1000 {
        engine.atomically(|tx| tx.set(&other, n));
    }
    assert_eq!(alive.load(Relaxed), 0);
    wake.send(()).unwrap();
    sleeper.join().unwrap();
}
