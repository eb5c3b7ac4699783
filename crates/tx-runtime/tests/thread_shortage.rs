//! Where the system refuses threads (`ulimit -u`), the pool goes on with those it got and says so once.
//!
//! No harness, and a child per case: the limit is lowered for the child alone, which is why it must not be root
//! (root has no limit), so as root the child becomes `nobody`, whose other processes are not many.

#[cfg(not(all(target_os = "linux", feature = "parallel")))]
fn main() {}

#[cfg(all(target_os = "linux", feature = "parallel"))]
fn main() {
    if let Some(extra) = std::env::args().nth(1) {
        return child(extra.parse().unwrap());
    }
    for extra in [0, 1, 2, 4] {
        // Another process of the same user can take a place for a moment; not five times.
        let tries: Vec<_> = (0..5).map_while(|_| attempt(extra).err()).collect();
        assert!(tries.len() < 5, "room for {extra} helpers: {tries:#?}");
    }
}

/// One child with room for `extra` helpers; what went wrong, if something did.
#[cfg(all(target_os = "linux", feature = "parallel"))]
fn attempt(extra: usize) -> Result<(), String> {
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .arg(extra.to_string())
        .output()
        .expect("the child starts");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if run.status.success() && out.trim() == "skipped" {
        println!("room for {extra} helpers: skipped, this user's other processes come and go");
        return Ok(());
    }
    // Wanted 4; the limit leaves room for `extra` helpers.
    let obtained = (extra + 1).min(4);
    let told = format!("txarray: only {obtained} of 4 threads could be started (");
    let lines: Vec<_> = err.lines().collect();
    let line_is_right = match lines[..] {
        [] => obtained == 4,
        [line] => obtained < 4 && line.starts_with(&told),
        _ => false,
    };
    if run.status.success() && out.trim() == format!("workers {obtained}") && line_is_right {
        println!("room for {extra} helpers: {}", out.trim());
        Ok(())
    } else {
        Err(format!("{}: {out:?} {err:?}", run.status))
    }
}

/// Under a limit of `extra` more threads than this user has now: how many workers does a pool of 4 get?
#[cfg(all(target_os = "linux", feature = "parallel"))]
fn child(extra: usize) {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tx_runtime::budget::Budget;
    use tx_runtime::pool::Pool;

    const NOBODY: u32 = 65_534;
    // SAFETY: these calls have no preconditions; they change the user of this process, which has one thread.
    let user = unsafe {
        if libc::geteuid() == 0 && (libc::setgid(NOBODY) != 0 || libc::setuid(NOBODY) != 0) {
            println!("skipped");
            return;
        }
        libc::getuid()
    };
    let Some(now) = threads_of(user) else {
        println!("skipped");
        return;
    };
    let limit = libc::rlimit { rlim_cur: (now + extra) as u64, rlim_max: (now + extra) as u64 };
    // SAFETY: the limit outlives the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &limit) }, 0);

    let pool = Pool::new(&Budget::exactly(4).unwrap());
    let (workers, all_here) = (AtomicUsize::new(0), Barrier::new((extra + 1).min(4)));
    for _ in 0..3 {
        workers.store(0, Ordering::Relaxed);
        pool.run(|crew, worker| {
            if worker == 0 {
                (1..crew.threads()).for_each(|_| assert!(crew.enlist()));
            }
            workers.fetch_add(1, Ordering::Relaxed);
            if crew.threads() == (extra + 1).min(4) {
                all_here.wait();
            }
        });
    }
    assert_eq!(pool.threads(), 4, "the bound of the indices stays");
    let workers = workers.into_inner();
    assert_eq!(pool.shortage().map(|s| (s.wanted, s.obtained)), (workers < 4).then_some((4, workers)));
    if threads_of(user) == Some(now + workers - 1) {
        println!("workers {workers}");
    } else {
        println!("skipped"); // somebody else of this user came or went meanwhile
    }
}

/// How many threads this user has, which is what the limit counts; `None` if it changes while we look.
#[cfg(all(target_os = "linux", feature = "parallel"))]
fn threads_of(user: u32) -> Option<usize> {
    use std::os::unix::fs::MetadataExt;
    let count = || -> usize {
        let processes = std::fs::read_dir("/proc").expect("Linux has /proc").flatten();
        let numbered =
            processes.filter(|p| p.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
        let threads =
            |p: std::fs::DirEntry| std::fs::read_dir(p.path().join("task")).map_or(0, Iterator::count);
        let own = numbered.filter(|p| {
            // A process that changed its user is not readable under its own: the status says whose it is.
            let status = std::fs::read_to_string(p.path().join("status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
            let real = line.split_whitespace().next().and_then(|uid| uid.parse().ok());
            real.or_else(|| p.metadata().ok().map(|m| m.uid())) == Some(user)
        });
        own.map(threads).sum()
    };
    let first = count();
    (first == count()).then_some(first)
}
