//! The threads of this process, as the kernel lists them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// How many threads this process has now.
pub(crate) fn count() -> usize {
    std::fs::read_dir("/proc/self/task").expect("Linux has /proc").count()
}

/// What a watcher saw.
pub(crate) struct Seen {
    /// The largest number of threads.
    pub(crate) most: usize,
    /// How often it looked.
    pub(crate) looks: usize,
}

/// Looks at the threads of process `$1` once a millisecond until it is told to stop.
const WATCHER: &str = r#"
most=0; looks=0; pid=$1; echo ready
while ! read -r -t 0.001 stop; do
    tasks=(/proc/$pid/task/*)
    (( ${#tasks[@]} > most )) && most=${#tasks[@]}
    (( looks++ ))
done
echo $most $looks
"#;

/// Watch the number of threads from outside while `body` runs here: from a child process, so that watching adds none.
pub(crate) fn watched<R>(body: impl FnOnce() -> R) -> (R, Seen) {
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
