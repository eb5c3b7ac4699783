//! A budget of one is one thread: the process never has a second entry in `/proc/self/task`.

#![cfg(target_os = "linux")]

mod common;

use common::{repository, txarray};
use std::{fs, process::Stdio, thread, time::Duration};

/// Runs the command and returns the most threads it was seen with, and how often it was looked at.
fn most_threads(args: &[&str], variable: Option<(&str, &str)>) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = txarray(folder.path());
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((name, value)) = variable {
        command.env(name, value);
    }
    let mut child = command.spawn().unwrap();
    let tasks = format!("/proc/{}/task", child.id());
    let (mut most, mut looks) = (0, 0);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if let Ok(entries) = fs::read_dir(&tasks) {
            most = most.max(entries.count());
            looks += 1;
        }
        thread::sleep(Duration::from_micros(200));
    };
    assert!(status.success());
    (most, looks)
}

#[test]
fn one_thread_means_one_thread_throughout() {
    let script = repository().join("examples/laplace.py");
    let script = script.to_str().unwrap();
    let run = ["run", script, "--set", "n=300", "--set", "steps=200"];
    for variable in [("TXARRAY_NUM_THREADS", "1"), ("TXARRAY_SINGLE_THREAD", "1")] {
        let (most, looks) = most_threads(&run, Some(variable));
        assert_eq!(most, 1);
        assert!(looks > 10, "looked {looks} times only");
    }
    let flag: Vec<&str> = run.iter().copied().chain(["--single-thread"]).collect();
    assert_eq!(most_threads(&flag, None).0, 1);
    let bar = most_threads(&flag, Some(("TXARRAY_PROGRESS", "bar")));
    assert_eq!(bar.0, 1, "the progress bar needs no thread");
    // The same watch sees more where there are more.
    let three: Vec<&str> = run.iter().copied().chain(["--threads", "3"]).collect();
    assert!(most_threads(&three, None).0 > 1);
}
