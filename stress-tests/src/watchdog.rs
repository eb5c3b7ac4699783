//! Ends the process when a round hangs: a deadlock must not wait for CI's own patience, and must be named.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// The exit code of a run that hung.
pub(crate) const HUNG: i32 = 3;

/// A thread that expects to be told of each round's end within `patience` of its start.
#[derive(Debug)]
pub(crate) struct Watchdog {
    tell: Sender<Option<String>>,
}

impl Watchdog {
    pub(crate) fn new(patience: Duration) -> Self {
        let (tell, hear) = channel();
        thread::spawn(move || watch(&hear, patience));
        Self { tell }
    }

    /// A round starts; `what` is said if it does not end in time.
    pub(crate) fn start(&self, what: String) {
        // The watchdog only goes away with its sender or with the process.
        let _ = self.tell.send(Some(what));
    }

    /// The round has ended.
    pub(crate) fn done(&self) {
        let _ = self.tell.send(None);
    }
}

fn watch(hear: &Receiver<Option<String>>, patience: Duration) {
    while let Ok(message) = hear.recv() {
        let Some(what) = message else { continue };
        match hear.recv_timeout(patience) {
            Ok(_) => {}
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                eprintln!("HUNG: {what}: not finished after {patience:?}");
                std::process::exit(HUNG);
            }
        }
    }
}
