//! The pool's promises through its public face: panics, busy pools, foreign pools, recalls.
#![cfg(all(feature = "parallel", not(loom)))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tx_runtime::budget::Budget;
use tx_runtime::pool::Pool;

fn pool(threads: usize) -> Pool {
    Pool::new(&Budget::exactly(threads).unwrap())
}

/// The message of a panic raised with a literal.
fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("not a literal")
}

#[test]
fn at_most_the_budget_is_at_work_and_indices_are_distinct() {
    let threads = 3;
    let at_work: Vec<_> = (0..threads).map(|_| AtomicBool::new(false)).collect();
    let (most, now, tasks) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(3000));
    pool(threads).run(|crew, worker| {
        assert!(!at_work[worker].swap(true, Relaxed), "index {worker} is used twice");
        most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
        // A few tasks per loop, so that loops come and go all the time.
        for _ in 0..3 {
            if tasks.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
                crew.enlist();
                crew.enlist();
            }
        }
        now.fetch_sub(1, Relaxed);
        assert!(at_work[worker].swap(false, Relaxed));
    });
    assert!(most.into_inner() <= threads);
}

#[test]
fn the_caller_is_called_back_by_a_helper_that_finds_work() {
    let pool = pool(2);
    let caller = thread::current().id();
    let (calls, recalled) = (AtomicUsize::new(0), AtomicBool::new(false));
    pool.run(|crew, worker| match worker {
        0 => {
            assert_eq!(thread::current().id(), caller);
            if calls.fetch_add(1, Relaxed) == 0 {
                assert!(crew.enlist());
            } else {
                recalled.store(true, Relaxed);
            }
        }
        _ => {
            // Long enough for the caller to fall asleep.
            thread::sleep(Duration::from_millis(5));
            assert!(crew.enlist(), "the caller is free");
            while !recalled.load(Relaxed) {
                thread::yield_now();
            }
        }
    });
    assert_eq!(calls.into_inner(), 2);
}

#[test]
fn a_helpers_panic_comes_out_of_run_after_all_have_returned() {
    let pool = pool(3);
    for _ in 0..20 {
        let (here, returned) = (Barrier::new(3), AtomicUsize::new(0));
        let panic = catch_unwind(AssertUnwindSafe(|| {
            pool.run(|crew, worker| {
                if worker == 0 {
                    while crew.enlist() {}
                }
                here.wait();
                if worker == 1 {
                    panic!("helper");
                }
                while !crew.has_failed() {
                    thread::yield_now();
                }
                assert!(!crew.enlist(), "nobody is enlisted into a failed run");
                thread::sleep(Duration::from_millis(1));
                returned.fetch_add(1, Relaxed);
            });
        }))
        .unwrap_err();
        assert_eq!(message(&*panic), "helper");
        assert_eq!(returned.into_inner(), 2, "the others had returned");
    }
    let ran = AtomicUsize::new(0);
    pool.run(|_, _| {
        ran.fetch_add(1, Relaxed);
    });
    assert_eq!(ran.into_inner(), 1, "the pool stays usable");
}

#[test]
fn the_callers_panic_waits_for_the_helpers_too() {
    let pool = pool(2);
    let (here, returned) = (Barrier::new(2), AtomicBool::new(false));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        pool.run(|crew, worker| {
            if worker == 0 {
                crew.enlist();
                here.wait();
                panic!("caller");
            }
            here.wait();
            thread::sleep(Duration::from_millis(5));
            returned.store(true, Relaxed);
        });
    }))
    .unwrap_err();
    assert_eq!(message(&*panic), "caller");
    assert!(returned.into_inner());
}

#[test]
fn while_busy_another_thread_runs_on_its_own() {
    let pool = pool(2);
    let (tell, told) = mpsc::channel();
    let told = Mutex::new(told);
    thread::scope(|scope| {
        let pool = &pool;
        pool.run(|crew, worker| {
            assert_eq!(worker, 0);
            assert_eq!(crew.threads(), 2);
            let tell = tell.clone();
            scope.spawn(move || {
                let me = thread::current().id();
                pool.run(|crew, worker| {
                    tell.send((worker, crew.threads(), crew.enlist(), thread::current().id() == me)).unwrap();
                });
            });
            let other = told.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
            assert_eq!(other, (0, 1, false, true));
        });
    });
    pool.run(|crew, _| assert_eq!(crew.threads(), 2, "free again"));
}

#[test]
fn a_run_inside_a_run_is_serial_on_caller_and_helper() {
    let pool = pool(2);
    let inner = AtomicUsize::new(0);
    let here = Barrier::new(2);
    pool.run(|crew, worker| {
        if worker == 0 {
            crew.enlist();
        }
        here.wait();
        pool.run(|crew, worker| {
            assert_eq!((worker, crew.threads(), crew.enlist()), (0, 1, false));
            inner.fetch_add(1, Relaxed);
        });
    });
    assert_eq!(inner.into_inner(), 2);
}

#[test]
fn on_a_foreign_rayon_thread_a_run_is_serial_and_steals_nothing() {
    let foreign = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let (one, two) = (pool(1), pool(2));
    for pool in [&one, &two] {
        foreign.install(|| {
            let inside = AtomicBool::new(false);
            rayon::scope(|scope| {
                inside.store(true, Relaxed);
                let me = rayon::current_thread_index();
                for _ in 0..100 {
                    let inside = &inside;
                    // Tasks that must not run on this thread while it is inside a run.
                    scope.spawn(move |_| {
                        assert!(!(inside.load(Relaxed) && rayon::current_thread_index() == me), "stolen");
                    });
                }
                pool.run(|crew, worker| {
                    assert_eq!((worker, crew.threads(), crew.enlist()), (0, 1, false));
                    thread::sleep(Duration::from_millis(1));
                });
                inside.store(false, Relaxed);
            });
        });
    }
    two.run(|crew, _| assert_eq!(crew.threads(), 2, "elsewhere it is parallel"));
}

#[test]
fn runs_from_many_threads_all_finish() {
    let pool = pool(3);
    let (done, parallel) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let tasks = AtomicUsize::new(20);
                    pool.run(|crew, worker| {
                        if worker == 0 && crew.threads() > 1 {
                            parallel.fetch_add(1, Relaxed);
                        }
                        while tasks.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
                            crew.enlist();
                            done.fetch_add(1, Relaxed);
                        }
                    });
                }
            });
        }
    });
    assert_eq!(done.into_inner(), 4 * 200 * 20);
    assert!(parallel.into_inner() > 0);
}

/// Helpers that stay awake after a run look at the next one, never again at the last.
#[test]
fn runs_that_follow_at_once_or_later_each_have_their_own_work() {
    let pool = pool(3);
    let mut helped = 0;
    for round in 0..3000_usize {
        let tasks = vec![round; 40];
        let (next, seen) = (AtomicUsize::new(0), AtomicUsize::new(0));
        pool.run(|crew, worker| {
            while let Some(&task) = tasks.get(next.fetch_add(1, Relaxed)) {
                crew.enlist();
                assert_eq!(task, round);
                seen.fetch_add(if worker == 0 { 1 } else { 1 << 32 }, Relaxed);
                std::hint::spin_loop();
            }
        });
        let seen = seen.into_inner();
        helped += seen >> 32;
        assert_eq!((seen >> 32) + (seen & 0xffff_ffff), tasks.len());
        if round % 100 == 0 {
            // Until all have gone to sleep.
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(helped > 0, "helpers have helped");
}

/// A run whose work is done does without helpers that sleep, and they take no part in it when they are awake, nor twice in the next.
#[test]
fn who_is_called_off_is_not_waited_for_and_may_be_called_again() {
    let pool = pool(3);
    let (mut enlisted, mut came) = (0, 0);
    for round in 0..600_usize {
        let subject = Box::new(round);
        let (asked, loops) = (AtomicUsize::new(0), AtomicUsize::new(0));
        pool.run(|crew, worker| {
            assert_eq!(*subject, round);
            if worker != 0 {
                loops.fetch_add(1, Relaxed);
                return;
            }
            while crew.enlist() && asked.fetch_add(1, Relaxed) < 1 {}
            if round % 3 != 0 {
                crew.call_off();
            }
        });
        let (asked, loops) = (asked.into_inner(), loops.into_inner());
        assert!(loops <= asked, "{loops} loops of {asked} in round {round}");
        assert!(round % 3 != 0 || loops == asked, "nobody was called off in round {round}");
        enlisted += asked;
        came += loops;
        if round % 20 == 0 {
            // Until all have gone to sleep.
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(came < enlisted, "{came} came of {enlisted}: nobody was called off");
}

/// Whoever calls off and whoever enlists, at once and in any order: an index has one loop at a time, and no task is lost.
#[test]
fn all_may_enlist_and_call_off_at_once() {
    let pool = pool(4);
    for round in 0..300_usize {
        let at_work: Vec<_> = (0..4).map(|_| AtomicBool::new(false)).collect();
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        pool.run(|crew, worker| {
            assert!(!at_work[worker].swap(true, Relaxed), "index {worker} is used twice");
            loop {
                let task = next.fetch_add(1, Relaxed);
                if task >= 60 {
                    break;
                }
                match (task + round) % 3 {
                    0 => crew.call_off(),
                    _ => _ = crew.enlist(),
                }
                done.fetch_add(1, Relaxed);
            }
            assert!(at_work[worker].swap(false, Relaxed));
        });
        assert_eq!(done.into_inner(), 60);
        if round % 30 == 0 {
            // Until all have gone to sleep.
            thread::sleep(Duration::from_millis(1));
        }
    }
}
