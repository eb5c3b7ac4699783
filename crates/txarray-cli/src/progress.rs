//! How far the run has come, on standard error.
//!
//! **Promise** a bar only on a terminal, at most a line a second otherwise; no thread of its own: it is drawn from the
//! session's calls, on the thread that runs the script.

use crate::fault::{Fault, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::Cell,
    io::{self, IsTerminal as _},
    rc::Rc,
    time::{Duration, Instant},
};
use txarray::Progress;

/// The environment variable that chooses.
const VARIABLE: &str = "TXARRAY_PROGRESS";

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Bar,
    /// A line every now and then.
    Lines(Duration),
    Off,
}

impl Mode {
    /// What `TXARRAY_PROGRESS` and `-q` ask for.
    ///
    /// # Errors
    /// A value that is none of auto, bar, lines and off.
    pub(crate) fn from_env(quiet: bool) -> Result<Mode> {
        let word = std::env::var_os(VARIABLE).unwrap_or_default();
        let word = word.to_string_lossy();
        let mode = Self::parse(word.trim(), io::stderr().is_terminal())?;
        Ok(if quiet { Mode::Off } else { mode })
    }

    fn parse(word: &str, terminal: bool) -> Result<Mode> {
        Ok(match word {
            "" | "auto" if terminal => Mode::Bar,
            "" | "auto" => Mode::Lines(Duration::from_secs(10)),
            "bar" => Mode::Bar,
            "lines" => Mode::Lines(Duration::from_secs(1)),
            "off" => Mode::Off,
            other => {
                return Err(Fault::refused(format!(
                    "{VARIABLE}=\"{other}\": expected auto, bar, lines or off"
                )));
            }
        })
    }
}

/// A progress bar, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn none() -> Self {
        Bar(None)
    }

    /// Runs `f` while the bar is off the screen.
    pub(crate) fn aside<T>(&self, f: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(f),
            None => f(),
        }
    }

    /// Takes the bar off the screen for good.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// What a session calls while it runs.
pub(crate) type Callback = Box<dyn FnMut(Progress)>;

/// Rounds done and rounds to do of the script's outermost `for` over a range, while one runs: all that can be known
/// ahead about how long a script takes.
pub(crate) type MainLoop = Rc<Cell<Option<(u64, u64)>>>;

const WITH_END: &str = "{msg} {bar:30} {human_pos}/{human_len}  {elapsed_precise}";
const WITHOUT_END: &str = "{msg} {human_pos} statements  {elapsed_precise}";

/// The bar and the session's callback for a mode; `main_loop` is kept up to date by the interpreter.
pub(crate) fn start(mode: Mode, script: &str, main_loop: MainLoop) -> (Bar, Option<Callback>) {
    let name = script.rsplit('/').next().unwrap_or(script).to_owned();
    match mode {
        Mode::Off => (Bar(None), None),
        Mode::Bar => {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style =
                |template| ProgressStyle::with_template(template).ok().map(|s| s.progress_chars("━━─"));
            let (with_end, without_end) = (style(WITH_END), style(WITHOUT_END));
            without_end.iter().for_each(|style| bar.set_style(style.clone()));
            bar.set_message(name);
            let drawn = bar.clone();
            let mut ending = Some(false);
            let callback = move |progress: Progress| {
                let rounds = main_loop.get();
                if ending != Some(rounds.is_some()) {
                    ending = Some(rounds.is_some());
                    let style = if rounds.is_some() { &with_end } else { &without_end };
                    style.iter().for_each(|style| drawn.set_style(style.clone()));
                }
                match rounds {
                    Some((done, all)) => {
                        drawn.set_length(all);
                        drawn.set_position(done);
                    }
                    None => drawn.set_position(progress.statements_done),
                }
            };
            (Bar(Some(bar)), Some(Box::new(callback)))
        }
        Mode::Lines(every) => {
            let mut last = Instant::now();
            let callback = move |progress: Progress| {
                if last.elapsed() >= every {
                    last = Instant::now();
                    let rounds = main_loop.get().map(|(done, all)| format!("round {done} of {all}, "));
                    eprintln!(
                        "{name}: {}{} statements done",
                        rounds.unwrap_or_default(),
                        progress.statements_done
                    );
                }
            };
            (Bar(None), Some(Box::new(callback)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_needs_a_terminal_or_the_word_for_it() {
        assert_eq!(Mode::parse("", true).unwrap(), Mode::Bar);
        assert!(matches!(Mode::parse("auto", false).unwrap(), Mode::Lines(_)));
        assert_eq!(Mode::parse("bar", false).unwrap(), Mode::Bar);
        assert_eq!(Mode::parse("off", true).unwrap(), Mode::Off);
        let fault = Mode::parse("loud", true).unwrap_err();
        assert_eq!(fault.message(), "TXARRAY_PROGRESS=\"loud\": expected auto, bar, lines or off");
    }
}
