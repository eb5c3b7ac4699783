//! Commands that print themselves before they run, in a form that can be pasted into a shell.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a task returns: nothing, or the sentence that says what failed.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// One command line with the environment it adds.
#[derive(Debug)]
pub(crate) struct Shell {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
}

impl Shell {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new() }
    }

    /// The cargo that runs this task.
    pub(crate) fn cargo() -> Self {
        Self::new("cargo")
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Run it with our own standard streams.
    pub(crate) fn run(self) -> Outcome {
        eprintln!("$ {self}");
        let status = self.command().status().map_err(|e| format!("`{self}` did not start: {e}"))?;
        if status.success() { Ok(()) } else { Err(format!("`{self}` ended with {status}")) }
    }

    /// Run it, hand over every line of its standard output as it comes, say whether it succeeded. Its standard
    /// error is shown only if it did not.
    pub(crate) fn lines(self, mut line: impl FnMut(&str)) -> Outcome<bool> {
        eprintln!("$ {self}");
        let start = |e| format!("`{self}` did not start: {e}");
        let mut child =
            self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(start)?;
        let errors = child.stderr.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                pipe.read_to_end(&mut text).map(|_| text).unwrap_or_default()
            })
        });
        if let Some(out) = child.stdout.take() {
            for text in BufReader::new(out).lines() {
                line(&text.map_err(|e| format!("reading from `{self}`: {e}"))?);
            }
        }
        let success = child.wait().map_err(|e| format!("waiting for `{self}`: {e}"))?.success();
        let errors = errors.and_then(|reader| reader.join().ok()).unwrap_or_default();
        if !success {
            eprint!("{}", String::from_utf8_lossy(&errors));
        }
        Ok(success)
    }

    /// Run it silently; its standard output, or `None` when it is absent or fails.
    pub(crate) fn probe(self) -> Option<String> {
        let done = self.command().stdin(Stdio::null()).output().ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    fn command(&self) -> Command {
        // `cargo run` names the exact cargo in CARGO; a bare "cargo" could be another one.
        let program = match (self.program.as_os_str(), std::env::var_os("CARGO")) {
            (name, Some(cargo)) if name == OsStr::new("cargo") => cargo,
            (name, _) => name.to_owned(),
        };
        let mut command = Command::new(program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .current_dir(crate::workspace::root());
        command
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&quoted(&self.program))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Whether `program` can be started with `--version`.
pub(crate) fn has_cargo_command(name: &str) -> bool {
    Shell::cargo().args([name, "--version"]).probe().is_some()
}

/// `path` as text for messages, relative to `root` where it lies below it.
pub(crate) fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_it_would_be_typed() {
        let shell = Shell::cargo().args(["test", "--test", "loom_*"]).env("RUSTFLAGS", "--cfg loom");
        assert_eq!(shell.to_string(), "RUSTFLAGS='--cfg loom' cargo test --test 'loom_*'");
    }

    #[test]
    fn a_command_that_fails_is_named_in_the_error() {
        let error = Shell::new("false").run().unwrap_err();
        assert!(error.starts_with("`false` ended with"), "{error}");
        let error = Shell::new("no-such-program-anywhere").run().unwrap_err();
        assert!(error.contains("did not start"), "{error}");
    }
}
