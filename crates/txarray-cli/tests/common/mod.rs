//! Driving the built command, and CPython with NumPy beside it.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Names that would change the thread budget of the machine the tests run on.
const ENVIRONMENT: &[&str] = &[
    "TXARRAY_NUM_THREADS",
    "TXARRAY_SINGLE_THREAD",
    "TXARRAY_THREAD_LIMIT",
    "TXARRAY_LOG",
    "TXARRAY_PROGRESS",
    "TXARRAY_ISA",
];

/// The command in `folder`, with a clean environment.
pub(crate) fn txarray(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_txarray"));
    command.current_dir(folder);
    ENVIRONMENT.iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// What a run ended with.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().expect("not killed"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Runs `text` as `script.py` in a folder of its own, without progress and summary.
pub(crate) fn run(text: &str, args: &[&str]) -> (tempfile::TempDir, Ended) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("script.py"), text).expect("the script");
    let output =
        txarray(folder.path()).args(["run", "-q", "script.py"]).args(args).output().expect("it starts");
    (folder, ended(output))
}

/// The standard output of a script that must succeed.
pub(crate) fn prints(text: &str, args: &[&str]) -> String {
    let (_folder, ended) = run(text, args);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{text}");
    ended.stdout
}

/// Files of a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// A Python with NumPy: made once under `target/`. `None`, with a message, where there is no Python or no network.
pub(crate) fn numpy() -> Option<PathBuf> {
    let target = repository().join("target");
    fs::create_dir_all(&target).expect("the target folder");
    let venv = target.join("numpy-venv");
    let python = venv.join("bin/python");
    // Tests run in processes of their own: one makes it, the others wait.
    let lock = File::create(target.join("numpy-venv.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let works = || {
        let check =
            Command::new(&python).args(["-c", "import numpy; assert numpy.__version__ >= '2'"]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if works() {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).status();
    if made.is_ok_and(|status| status.success()) {
        let _ = Command::new(&python).args(["-m", "pip", "install", "-q", "numpy>=2.2"]).status();
    }
    if works() {
        return Some(python);
    }
    eprintln!("SKIPPED: no python3 with NumPy here, and none could be made in {}", venv.display());
    None
}

/// Runs `script` under CPython in `folder`.
pub(crate) fn cpython(python: &Path, script: &Path, folder: &Path) -> Ended {
    ended(Command::new(python).arg(script).current_dir(folder).output().expect("python starts"))
}

/// Asserts that two folders hold the same `.npy` files: shapes, dtypes, integers and bools exactly, floats within
/// `relative`; 0 asks for the same bits.
pub(crate) fn same_arrays(ours: &Path, theirs: &Path, relative: f64) -> usize {
    let arrays =
        |folder: &Path| files(folder).into_iter().filter(|name| name.ends_with(".npy")).collect::<Vec<_>>();
    let names = arrays(ours);
    assert_eq!(names, arrays(theirs));
    for name in &names {
        let ours = txarray::read_npy(ours.join(name)).expect("our file");
        let theirs = txarray::read_npy(theirs.join(name)).expect("their file");
        assert_eq!((ours.shape(), ours.dtype()), (theirs.shape(), theirs.dtype()), "{name}");
        let (ours, theirs) = (ours.scalars().expect("evaluated"), theirs.scalars().expect("evaluated"));
        for (at, (a, b)) in ours.into_iter().zip(theirs).enumerate() {
            let same = match (a, b) {
                (txarray::Scalar::F64(a), txarray::Scalar::F64(b)) => {
                    a.to_bits() == b.to_bits()
                        || (a.is_nan() && b.is_nan())
                        || (a - b).abs() <= relative * b.abs()
                }
                (a, b) => a == b,
            };
            assert!(same, "{name}, element {at}: {a:?} here, {b:?} in NumPy");
        }
    }
    names.len()
}
