//! One event for every task, in the format that Chrome's tracing page and Perfetto read.
//!
//! **Source** the Trace Event Format: complete events (`"ph": "X"`), times in microseconds, one track a worker.

use std::io;

use serde::Serialize;

use crate::graph::{StatementSeq, Work};
use crate::site::Site;

/// A task that ran.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) statement: StatementSeq,
    pub(crate) work: Work,
    pub(crate) worker: u32,
    /// Since the session began.
    pub(crate) start_ns: u64,
    pub(crate) duration_ns: u64,
}

#[derive(Serialize)]
struct Complete<'a> {
    name: &'static str,
    cat: &'static str,
    ph: &'static str,
    pid: u32,
    tid: u32,
    ts: f64,
    dur: f64,
    args: Args<'a>,
}

#[derive(Serialize)]
struct Args<'a> {
    statement: u64,
    part: u32,
    site: &'a str,
}

/// Write `events` as a JSON array; `sites[i]` is where statement `i` stands.
pub(crate) fn write(mut out: impl io::Write, events: &[Event], sites: &[Site]) -> io::Result<()> {
    let sites: Vec<String> = sites.iter().map(Site::to_string).collect();
    out.write_all(b"[\n")?;
    for (i, event) in events.iter().enumerate() {
        let (name, part) = match event.work {
            Work::Tile { tile, .. } => ("tile", tile),
            Work::Scatter { first_tile, .. } => ("in place", first_tile),
            Work::Node { node, .. } => ("reduce", node),
            Work::Fold => ("fold", 0),
            Work::Speculate => ("speculate", 0),
            Work::Commit => ("commit", 0),
        };
        let line = Complete {
            name,
            cat: "task",
            ph: "X",
            pid: 1,
            tid: event.worker,
            ts: event.start_ns as f64 / 1e3,
            dur: event.duration_ns as f64 / 1e3,
            args: Args {
                statement: event.statement,
                part,
                site: sites.get(event.statement as usize).map_or("", String::as_str),
            },
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(if i + 1 < events.len() { b",\n" } else { b"\n" })?;
    }
    out.write_all(b"]\n")?;
    out.flush()
}
