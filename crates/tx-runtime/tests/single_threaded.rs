//! The C library's word on how many threads there are, and what is counted by it, in a process that starts with one.
//!
//! No harness: libtest runs tests on a thread of its own, so there the word is always no.

// Miri has no such word.
#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
fn main() {}

#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
fn main() {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use tx_runtime::owners::Owners;
    use tx_runtime::single_threaded::is_single_threaded;

    const THREADS: usize = 3;
    const TURNS: usize = 100_000;

    // glibc has it since 2.32; before, the counts are as with threads.
    // SAFETY: a question, with a name that ends in zero.
    let has_word = unsafe { !libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr()).is_null() };
    assert_eq!(is_single_threaded(), has_word, "one thread");
    let owners = Owners::one();
    for _ in 0..TURNS {
        owners.join();
        assert!(!owners.is_alone() && !owners.leave() && owners.is_alone());
    }
    // Owners for the threads to come, made while there were none.
    (0..THREADS).for_each(|_| owners.join());

    let last = AtomicU32::new(0);
    let leave = || {
        if owners.leave() {
            last.fetch_add(1, Relaxed);
        }
    };
    let all_here = Barrier::new(THREADS + 1);
    let turns = || {
        assert!(!is_single_threaded(), "several threads");
        all_here.wait();
        for _ in 0..TURNS {
            owners.join();
            leave();
        }
        leave();
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|_| drop(scope.spawn(turns)));
        turns();
    });
    assert_eq!(last.into_inner(), 1, "of all that left one was the last");
    println!(
        "counted alone ({}) and among {THREADS} threads",
        if has_word { "by load and store" } else { "as among threads" }
    );
}
