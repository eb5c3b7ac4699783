//! The script's text: line and column of a byte, and the picture of an error in it.
//!
//! **Promise** a diagnostic is `file:line:column: message`, then the source line as it stands in the file, then a caret
//! under every character of the span that lies on that line. Lines and columns count from one, columns in characters.

use crate::fault::{Fault, Result, Span};
use std::{fmt::Write as _, path::Path, sync::Arc};

/// A script that was read from a file.
#[derive(Debug)]
pub(crate) struct Source {
    name: Arc<str>,
    text: String,
    line_starts: Vec<u32>,
}

impl Source {
    /// Reads a script; `name` in messages is the path as the user wrote it.
    ///
    /// # Errors
    /// A missing or unreadable file, text that is not UTF-8, a file of 4 GiB or more.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let bytes = std::fs::read(path)
            .map_err(|error| Fault::refused(format!("cannot read the script {name}: {}", plain(&error))))?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(Fault::refused(format!("cannot read the script {name}: it is larger than 4 GiB")));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Fault::refused(format!("cannot read the script {name}: byte {at} is not UTF-8 text"))
        })?;
        Ok(Self::new(name.to_string(), text))
    }

    /// A script from memory.
    pub(crate) fn new(name: impl Into<Arc<str>>, text: String) -> Self {
        let starts = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at as u32 + 1);
        let line_starts = std::iter::once(0).chain(starts).collect();
        Self { name: name.into(), text, line_starts }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from one.
    pub(crate) fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.line_starts.partition_point(|&start| start <= offset).max(1) - 1;
        let start = self.line_starts[line] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |head| head.chars().count());
        (line as u32 + 1, column as u32 + 1)
    }

    /// The error as the user sees it: one line, and the place it happened if it is known.
    pub(crate) fn describe(&self, fault: &Fault) -> String {
        let label = if fault.kind() == crate::fault::Kind::Internal { "internal error: " } else { "" };
        let Some(span) = fault.span() else { return format!("{label}{}", fault.message()) };
        let (line, column) = self.position(span.start().into());
        let mut out = format!("{}:{line}:{column}: {label}{}", self.name, fault.message());
        self.underline(&mut out, span, line as usize - 1);
        out
    }

    fn underline(&self, out: &mut String, span: Span, line: usize) {
        let start = self.line_starts[line] as usize;
        let text = self.text[start..].lines().next().unwrap_or("");
        let (from, to) = (usize::from(span.start()) - start, usize::from(span.end()) - start);
        // A caret line that repeats the tabs of the source line stays aligned whatever a tab is worth.
        let lead: String = text
            .chars()
            .scan(0, |at, c| {
                *at += c.len_utf8();
                Some((*at, c))
            })
            .take_while(|&(at, _)| at <= from)
            .map(|(_, c)| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let marked =
            text.get(from.min(text.len())..to.min(text.len())).map_or(0, |s| s.trim_end().chars().count());
        let _ = write!(out, "\n{text}\n{lead}{}", "^".repeat(marked.max(1)));
    }
}

/// An operating-system error without Rust's "(os error 2)".
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u32, to: u32) -> Span {
        Span::new(from.into(), to.into())
    }

    #[test]
    fn the_caret_stands_under_the_span_and_columns_count_characters() {
        let source = Source::new("w.py", "x = 1\n\té = a + b\n".into());
        let from = source.text().find("a +").unwrap() as u32;
        let fault = Fault::failed("no").at(span(from, from + 5));
        assert_eq!(source.describe(&fault), "w.py:2:6: no\n\té = a + b\n\t    ^^^^^");
    }

    #[test]
    fn a_span_over_several_lines_is_marked_on_its_first_line() {
        let source = Source::new("w.py", "f(1,\n  2)\n".into());
        assert_eq!(source.describe(&Fault::failed("no").at(span(0, 9))), "w.py:1:1: no\nf(1,\n^^^^");
    }

    #[test]
    fn the_end_of_the_file_has_a_place() {
        let source = Source::new("w.py", "x = (".into());
        assert_eq!(source.describe(&Fault::refused("open").at(span(5, 5))), "w.py:1:6: open\nx = (\n     ^");
        assert_eq!(Source::new("e.py", String::new()).position(0), (1, 1));
    }

    #[test]
    fn the_innermost_place_wins() {
        let fault = Fault::failed("no").at(span(1, 2)).at(span(0, 9));
        assert_eq!(fault.span(), Some(span(1, 2)));
    }
}
