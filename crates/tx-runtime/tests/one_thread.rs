//! A budget of one is one thread of the operating system, throughout, whatever is asked of the pool.
//!
//! No harness: libtest runs tests on a thread of its own. The count is watched from a child process while the work
//! runs, and looked at from inside at every step.

#[cfg(target_os = "linux")]
#[path = "support/tasks.rs"]
mod tasks;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    let ((), tasks::Seen { most, looks }) = tasks::watched(everything);
    assert!(looks >= 20, "the watcher looked {looks} times");
    assert_eq!(most, 1, "threads seen from outside");
    println!("one thread throughout, {looks} looks from outside");
}

#[cfg(target_os = "linux")]
fn everything() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    use tx_runtime::backoff::Backoff;
    use tx_runtime::budget::{Budget, Machine, resolve_from};
    use tx_runtime::counters::Counter;
    use tx_runtime::park::Parker;
    use tx_runtime::pool::Pool;

    let alone = |step: &str| assert_eq!(tasks::count(), 1, "{step}");
    alone("at the start");

    let budgets = [
        Budget::single_thread(),
        Budget::exactly(1).unwrap(),
        Budget::resolve(Some("1")).unwrap(),
        resolve_from(None, &|name| (name == "TXARRAY_SINGLE_THREAD").then(|| "1".into()), &Machine::new(64))
            .unwrap(),
    ];
    let until = Instant::now() + Duration::from_millis(200);
    let mut rounds = 0;
    while Instant::now() < until {
        for budget in &budgets {
            let pool = Pool::new(budget);
            alone("with a pool");
            let (todo, done) = (AtomicUsize::new(100), Counter::new(pool.threads()));
            pool.run(|crew, worker| {
                while todo.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
                    assert!(!crew.enlist(), "nobody to enlist");
                    done.add(worker, 1);
                }
                assert_eq!((worker, crew.threads()), (0, 1));
                pool.run(|inner, worker| assert_eq!((worker, inner.enlist()), (0, false)));
                alone("in a run");
            });
            assert_eq!(done.sum(), 100);
            assert!(pool.shortage().is_none());
        }
        rounds += 1;
    }
    assert!(rounds > 1);

    // Nor does what else is in here start one.
    let parker = Parker::new();
    assert!(!parker.park_timeout(Duration::from_millis(2)));
    let mut backoff = Backoff::new();
    while !backoff.is_exhausted() {
        backoff.snooze();
    }
    // A larger budget starts nothing either, until there is work.
    {
        let _larger = Pool::new(&Budget::exactly(8).unwrap());
        alone("with a larger pool that nobody has used");
    }
    alone("at the end");
}
