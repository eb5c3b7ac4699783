//! Standard output: results, and nothing else.
//!
//! **Promise** buffered, flushed at the end, before an error is reported, and at each print when a person is watching.

use crate::{
    fault::{Fault, Kind, Result},
    progress::Bar,
    source::plain,
};
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

/// The script's standard output.
#[derive(Debug)]
pub(crate) struct Output {
    out: BufWriter<Stdout>,
    watched: bool,
    /// The progress bar that has to step aside while text is written to the same screen.
    bar: Bar,
}

impl Output {
    pub(crate) fn new(bar: Bar) -> Self {
        let stdout = io::stdout();
        Self { watched: stdout.is_terminal(), out: BufWriter::with_capacity(1 << 16, stdout), bar }
    }

    /// # Errors
    /// [`Kind::Output`]: the other end is closed, the disk is full.
    pub(crate) fn write(&mut self, text: &str) -> Result<()> {
        if self.watched {
            let out = &mut self.out;
            return self
                .bar
                .aside(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
                .map_err(fault);
        }
        self.out.write_all(text.as_bytes()).map_err(fault)
    }

    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(fault)
    }
}

fn fault(error: io::Error) -> Fault {
    Fault::new(Kind::Output, format!("cannot write to standard output: {}", plain(&error)))
}
