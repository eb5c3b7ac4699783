//! One event for every task, in the format that Chrome's tracing page and Perfetto read, and the longest chain among them.
//!
//! An event's `args` name the task, the tasks it depends on (`after`), the bytes it moved, and the run in which it was executed
//! (recording happens between runs): enough to replay the graph on another number of cores, which `cargo xtask simulate`
//! does.
//!
//! **Source** the Trace Event Format: complete events (`"ph": "X"`), times in microseconds, one track a worker, idle ones too,
//! named by metadata events (`"ph": "M"`).

use std::collections::HashMap;
use std::io;

use serde::Serialize;

use crate::graph::{StatementSeq, TaskSeq, Work};
use crate::lines::{LineId, Lines};

/// A task that ran.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) task: TaskSeq,
    pub(crate) statement: StatementSeq,
    pub(crate) work: Work,
    pub(crate) worker: u32,
    pub(crate) run: u32,
    pub(crate) bytes: u64,
    /// Since the session began.
    pub(crate) start_ns: u64,
    pub(crate) duration_ns: u64,
}

/// `(before, task)`: a task and one that it depends on, as recorded.
pub(crate) type Dependence = (TaskSeq, TaskSeq);

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
    task: u64,
    after: &'a [u64],
    bytes: u64,
    run: u32,
}

#[derive(Serialize)]
struct Track<'a> {
    name: &'static str,
    ph: &'static str,
    pid: u32,
    tid: u32,
    args: TrackName<'a>,
}

#[derive(Serialize)]
struct TrackName<'a> {
    name: &'a str,
}

/// Write `events` of so many workers as a JSON array; `of[i]` is the line of statement `i`.
pub(crate) fn write(
    mut out: impl io::Write,
    workers: usize,
    events: &[Event],
    dependences: &[Dependence],
    of: &[LineId],
    lines: &Lines,
) -> io::Result<()> {
    let sites: Vec<String> = lines.iter().map(|line| line.site.to_string()).collect();
    let mut dependences: Vec<(TaskSeq, TaskSeq)> =
        dependences.iter().map(|&(before, task)| (task, before)).collect();
    dependences.sort_unstable();
    dependences.dedup();
    let mut after = Vec::new();
    let mut separator: &[u8] = b"\n";
    out.write_all(b"[")?;
    for worker in 0..workers as u32 {
        let name = format!("worker {worker}");
        let args = TrackName { name: &name };
        out.write_all(separator)?;
        separator = b",\n";
        let track = Track { name: "thread_name", ph: "M", pid: 1, tid: worker, args };
        serde_json::to_writer(&mut out, &track)?;
    }
    for event in events {
        let (name, part) = match event.work {
            Work::Tile { tile, .. } | Work::Over { tile, .. } => ("tile", tile),
            Work::Tiles { first_tile, .. } => ("tiles", first_tile),
            Work::Scatter { first_tile, .. } => ("in place", first_tile),
            Work::Node { node, .. } => ("reduce", node),
            Work::Fold => ("fold", 0),
            Work::Speculate => ("speculate", 0),
            Work::Commit => ("commit", 0),
        };
        let first = dependences.partition_point(|&(task, _)| task < event.task);
        after.clear();
        after.extend(dependences[first..].iter().take_while(|d| d.0 == event.task).map(|d| d.1));
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
                site: of.get(event.statement as usize).map_or("", |&line| &sites[line as usize]),
                task: event.task,
                after: &after,
                bytes: event.bytes,
                run: event.run,
            },
        };
        out.write_all(separator)?;
        serde_json::to_writer(&mut out, &line)?;
    }
    out.write_all(b"\n]\n")?;
    out.flush()
}

/// Nanoseconds of the longest chain of dependent tasks.
pub(crate) fn critical_path(events: &[Event], dependences: &[Dependence]) -> u64 {
    let durations: HashMap<TaskSeq, u64> = events.iter().map(|e| (e.task, e.duration_ns)).collect();
    let mut dependences: Vec<(TaskSeq, TaskSeq)> =
        dependences.iter().map(|&(before, task)| (task, before)).collect();
    // Edges follow program order, so a task's predecessors are done before it comes up.
    dependences.sort_unstable();
    let mut ends: HashMap<TaskSeq, u64> = HashMap::with_capacity(durations.len());
    let end_of = |ends: &HashMap<TaskSeq, u64>, task: TaskSeq| -> u64 {
        ends.get(&task).or_else(|| durations.get(&task)).copied().unwrap_or(0)
    };
    let mut longest = durations.values().copied().max().unwrap_or(0);
    for group in dependences.chunk_by(|a, b| a.0 == b.0) {
        let task = group[0].0;
        let begin = group.iter().map(|&(_, before)| end_of(&ends, before)).max().unwrap_or(0);
        let end = begin + durations.get(&task).copied().unwrap_or(0);
        longest = longest.max(end);
        ends.insert(task, end);
    }
    longest
}
