//! A budget of N is N threads of the operating system: the caller and N - 1 helpers, gone with the pool.
//!
//! No harness: libtest runs tests on a thread of its own.

#[cfg(all(target_os = "linux", feature = "parallel"))]
#[path = "support/tasks.rs"]
mod tasks;

#[cfg(not(all(target_os = "linux", feature = "parallel")))]
fn main() {}

#[cfg(all(target_os = "linux", feature = "parallel"))]
fn main() {
    use std::collections::HashSet;
    use std::sync::{Barrier, Mutex};
    use std::thread::{self, ThreadId};
    use std::time::{Duration, Instant};

    use tx_runtime::budget::Budget;
    use tx_runtime::pool::Pool;

    for threads in [2, 3, 8] {
        let (seen, tasks::Seen { most, looks }) = tasks::watched(|| {
            let pool = Pool::new(&Budget::exactly(threads).unwrap());
            assert_eq!(tasks::count(), 1, "none before the first run");
            let seen = Mutex::new(HashSet::<(usize, ThreadId)>::new());
            let until = Instant::now() + Duration::from_millis(200);
            let mut runs = 0;
            while runs < 50 || Instant::now() < until {
                runs += 1;
                // All at once, so that each loop needs a thread of its own; one more than `threads` would hang here.
                let all_here = Barrier::new(threads);
                pool.run(|crew, worker| {
                    if worker == 0 {
                        while crew.enlist() {}
                    }
                    seen.lock().unwrap().insert((worker, thread::current().id()));
                    all_here.wait();
                    assert_eq!(tasks::count(), threads, "in a run");
                    all_here.wait();
                });
                assert_eq!(tasks::count(), threads, "between runs");
            }
            drop(pool);
            assert_eq!(tasks::count(), 1, "gone with the pool");
            seen.into_inner().unwrap()
        });
        assert_eq!(most, threads, "threads seen from outside in {looks} looks");
        let ids: HashSet<_> = seen.iter().map(|(_, thread)| thread).collect();
        assert_eq!(ids.len(), threads, "the caller and {} helpers", threads - 1);
        let workers: HashSet<_> = seen.iter().map(|(worker, _)| worker).collect();
        assert_eq!(workers.len(), threads);
        let caller: HashSet<_> = seen.iter().filter(|(worker, _)| *worker == 0).map(|(_, id)| *id).collect();
        assert_eq!(caller, HashSet::from([thread::current().id()]), "worker 0 is the caller");
        println!("{threads} workers are {most} threads");
    }
}
