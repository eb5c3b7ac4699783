//! After `fork()` the child runs serially, gets the same answer and ends; a pool's threads do not survive a fork.
//!
//! No harness: a fork of a process with libtest's threads is a different test.

#[cfg(not(all(unix, feature = "parallel")))]
fn main() {}

#[cfg(all(unix, feature = "parallel"))]
fn main() {
    use std::time::{Duration, Instant};

    use tx_runtime::budget::Budget;
    use tx_runtime::pool::Pool;

    let used = Pool::new(&Budget::exactly(3).unwrap());
    let unused = Pool::new(&Budget::exactly(3).unwrap());
    let expected = sum(&used, 3);
    assert_eq!(expected, (0..1000).sum());

    // SAFETY: no other thread of this process holds a lock: the helpers are asleep or about to be, and the child
    // neither waits for them nor touches what they use.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    if pid == 0 {
        let serial = [&used, &unused].map(|pool| sum(pool, 1));
        // A pool made in the child is the child's own.
        let own = sum(&Pool::new(&Budget::exactly(2).unwrap()), 2);
        drop((used, unused)); // must not wait for threads that are not there
        let same = serial == [expected; 2] && own == expected;
        std::process::exit(if same { 0 } else { 1 });
    }
    let until = Instant::now() + Duration::from_secs(20);
    let mut status = 0;
    loop {
        // SAFETY: `pid` is a child of this process that has not been waited for; `status` outlives the call.
        match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } {
            0 if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
            0 => {
                // SAFETY: as above, the child has not been waited for.
                unsafe { libc::kill(pid, libc::SIGKILL) };
                panic!("the child hangs");
            }
            done => break assert_eq!(done, pid, "waitpid: {}", std::io::Error::last_os_error()),
        }
    }
    assert!(libc::WIFEXITED(status), "the child was killed: {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child got another answer");
    assert_eq!(sum(&used, 3), expected, "the parent goes on");
    println!("the child ran serially and got the same answer");
}

/// A sum by all the hands there are, of which there must be `hands`.
#[cfg(all(unix, feature = "parallel"))]
fn sum(pool: &tx_runtime::pool::Pool, hands: usize) -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let (next, sum) = (AtomicU64::new(0), AtomicU64::new(0));
    pool.run(|crew, _| {
        assert_eq!(crew.threads(), hands);
        while let n @ ..1000 = next.fetch_add(1, Relaxed) {
            crew.enlist();
            sum.fetch_add(n, Relaxed);
        }
    });
    sum.into_inner()
}
