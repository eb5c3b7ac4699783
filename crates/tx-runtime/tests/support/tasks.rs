//! The threads of this process, as the kernel lists them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many threads this process has now, without those that have left user space for good.
///
/// Joining a thread waits until the kernel has marked it as exiting and given up its memory; it stays listed for up to
/// some milliseconds more (proc_pid_stat(5): field 9, `PF_EXITING`; seen after 264 of 20 000 joins).
pub(crate) fn count() -> usize {
    const PF_EXITING: u64 = 4;
    let alive = |stat: &String| {
        let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
        let flags: u64 = fields.split_whitespace().nth(6).expect("nine fields").parse().expect("a number");
        flags & PF_EXITING == 0
    };
    // One that cannot be read was taken off the list just now.
    tasks().filter_map(|task| fs::read_to_string(task.path().join("stat")).ok()).filter(alive).count()
}

fn tasks() -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir("/proc/self/task").expect("Linux has /proc").map(|task| task.expect("Linux lists them"))
}

/// What a watcher saw.
pub(crate) struct Seen {
    /// The largest number of threads.
    pub(crate) most: usize,
    /// How often it looked.
    pub(crate) looks: usize,
}

/// Looks at the threads of process `$1` once a millisecond until it is told to stop, or its listener is gone: `read`
/// ends with more than 128 when time is up, with 1 at the end of input.
const WATCHER: &str = r#"
most=0; looks=0; pid=$1; echo ready
while read -r -t 0.001 stop; (( $? > 128 )); do
    tasks=(/proc/$pid/task/*)
    (( ${#tasks[@]} > most )) && most=${#tasks[@]}
    (( looks++ ))
done
echo $most $looks
"#;

/// Watch the number of threads from outside while `body` runs here: from a child process, so that watching adds none.
pub(crate) fn watched<R>(body: impl FnOnce() -> R) -> (R, Seen) {
    // The watcher counts what is listed: threads of earlier have to be off the list.
    let patience = Instant::now() + Duration::from_secs(10);
    while tasks().count() > count() {
        assert!(Instant::now() < patience, "threads that are exiting stay listed");
        thread::yield_now();
    }
    let mut child = Command::new("bash")
        .args(["-c", WATCHER, "watcher", &std::process::id().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash is there");
    let mut words = BufReader::new(child.stdout.take().expect("piped")).lines().map(Result::unwrap);
    assert_eq!(words.next().as_deref(), Some("ready"));
    let result = body();
    child.stdin.take().expect("piped").write_all(b"stop\n").expect("the watcher listens");
    let numbers = words.next().expect("the watcher answers");
    assert!(child.wait().expect("the watcher ends").success());
    let (most, looks) = numbers.split_once(' ').expect("two numbers");
    (result, Seen { most: most.parse().unwrap(), looks: looks.parse().unwrap() })
}
