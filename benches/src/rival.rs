//! Rivals in other languages: a child process that answers each job with the seconds it took.
//!
//! The child stays for the whole run, so interpreters and compilers warm up once, and it works only while it is asked:
//! turns alternate with ours. A rival that cannot be had (no compiler, a module that is not installed) is absent and said so
//! on standard error; nothing fails.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// A process that answers jobs.
#[derive(Debug)]
pub struct Rival {
    name: String,
    child: Child,
    jobs: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rival {
    /// Start `command` on the first `threads` processors, and wait until it says that it is ready.
    pub fn start(name: &str, threads: usize, command: &mut Command) -> Option<Self> {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        // Some have no setting that keeps them to one thread; the system's affinity does.
        let mut pinned = Command::new("taskset");
        pinned.arg("--cpu-list").arg(format!("0-{}", threads - 1)).arg(program).args(arguments);
        for variable in ["OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            pinned.env(variable, threads.to_string());
        }
        // Large arrays lie in huge pages, as ours and NumPy's do: beside faster faults, a virtual machine may have small and huge
        // pages from different memory (measured: 15.6 and 10.7 GB/s by one thread, whoever reads), and then that is what is compared.
        pinned.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
        let started = pinned.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let rival = started.ok().and_then(|mut child| {
            let (jobs, answers) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
            let mut rival = Self { name: name.to_owned(), child, jobs, answers };
            (rival.line()? == "ready").then_some(rival)
        });
        if rival.is_none() {
            eprintln!("{name}: not there, left out");
        }
        rival
    }

    /// Its name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Do `job` once; how long it took, or `None` if it has no such job or is gone.
    pub fn turn(&mut self, job: &str) -> Option<Duration> {
        writeln!(self.jobs, "{job}").and_then(|()| self.jobs.flush()).ok()?;
        let seconds: f64 = self.line()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of the rivals' sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals")
}

/// Where what was built and installed for rivals is kept.
fn built() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/rivals")
}

/// Compile `rivals/SOURCE.c` with full optimisation, with OpenMP for more than one thread, and start it.
pub fn c(source: &str, threads: usize) -> Option<Rival> {
    if threads > 1 { c_with(source, "c-openmp", threads, &["-fopenmp"]) } else { c_with(source, "c", 1, &[]) }
}

/// The same under another name, with more flags of gcc.
pub fn c_with(source: &str, name: &str, threads: usize, flags: &[&str]) -> Option<Rival> {
    let binary = built().join(format!("{source}-{name}"));
    std::fs::create_dir_all(built()).ok()?;
    let mut gcc = Command::new("gcc");
    gcc.args(["-O3", "-march=native"]).args(flags);
    gcc.arg("-o").arg(&binary).arg(sources().join(format!("{source}.c"))).arg("-lm");
    if !gcc.status().is_ok_and(|status| status.success()) {
        eprintln!("{name}: no C compiler, left out");
        return None;
    }
    Rival::start(name, threads, &mut Command::new(binary))
}

/// Start `rivals/SOURCE.py KIND THREADS` with the Python of `target/rivals/venv`, or the system's.
pub fn python(source: &str, kind: &str, threads: usize) -> Option<Rival> {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let own = built().join("venv/bin/python");
        if own.exists() { own } else { "python3".into() }
    });
    let script = sources().join(format!("{source}.py"));
    Rival::start(kind, threads, Command::new(python).arg(script).arg(kind).arg(threads.to_string()))
}
