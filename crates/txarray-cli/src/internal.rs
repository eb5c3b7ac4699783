//! Panics: defects of ours that must not look like the user's, and must not leave half a file.
//!
//! The hook keeps the message instead of printing it: it is reported once, with the script's line where it is known.

use crate::fault::{Fault, Kind, Result};
use std::{
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
};

/// Message and place of the last panic, from whichever thread.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics from printing by themselves.
pub(crate) fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".into());
        let place = info.location().map_or(String::new(), |at| format!(" ({}:{})", at.file(), at.line()));
        if let Ok(mut last) = LAST.lock() {
            *last = Some(format!("{message}{place}"));
        }
    }));
}

/// Runs `f`; a panic becomes an error of kind [`Kind::Internal`].
pub(crate) fn catch<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    // What `f` was changing is only looked at to report the failure.
    panic::catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| {
        let message = LAST.lock().ok().and_then(|mut last| last.take());
        Err(Fault::new(Kind::Internal, message.unwrap_or_else(|| "a panic".into())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error_with_its_place() {
        install_hook();
        let fault = catch(|| -> Result<()> { panic!("tile {} is gone", 7) }).unwrap_err();
        let _ = panic::take_hook();
        assert_eq!(fault.kind().exit_code(), 70);
        assert!(
            fault.message().starts_with("tile 7 is gone (crates/txarray-cli/src/internal.rs:"),
            "{}",
            fault.message()
        );
    }
}
