//! `cargo xtask simulate TRACE --cores 1..1024`: replay a recorded task graph on any number of cores. A model, and it says so.
//!
//! **The model** a trace names for each task its duration, the tasks it depends on, the bytes it moved and the run it was part of.
//! Within a run, whichever core is free takes the ready task that comes first in the program; a task takes what it took when
//! it was recorded plus the overhead of a task, which is what is left of the recorded runs. Between runs one thread records: that time
//! passes as it did. With `--bandwidth`, a run takes no less time than its bytes at that rate.
//!
//! **What it leaves out** caches (a task on another core than its operands takes longer), the order in which real workers take
//! tasks, the waking of helpers, and that a window which is right for one core may be small for many. So it tells what the
//! dependences allow, not what a machine does; `--measured` puts a run of the same program beside it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shell::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A trace of `txarray run --trace FILE` or `Session::write_trace`, best of one thread
    trace: PathBuf,
    /// Core counts: `FIRST..LAST` doubles from the first to the last, or a list
    #[arg(long, default_value = "1..1024")]
    cores: String,
    /// GB/s that all cores together get from memory
    #[arg(long)]
    bandwidth: Option<f64>,
    /// Traces of the same program on other thread counts, to compare with
    #[arg(long)]
    measured: Vec<PathBuf>,
}

/// One task of a run.
#[derive(Debug, Clone)]
struct Task {
    id: u64,
    us: f64,
    bytes: f64,
    after: Vec<u64>,
}

/// The tasks between two recordings.
#[derive(Debug, Clone, Default)]
struct Run {
    tasks: Vec<Task>,
    begin: f64,
    end: f64,
}

/// A recorded program.
#[derive(Debug)]
struct Graph {
    runs: Vec<Run>,
    workers: usize,
    /// Microseconds of a task beside its own.
    overhead: f64,
}

pub(crate) fn run(options: &Options) -> Outcome {
    let graph = load(&options.trace)?;
    let one = graph.simulate(1, options.bandwidth);
    let tasks: usize = graph.runs.iter().map(|run| run.tasks.len()).sum();
    println!(
        "a model, not a measurement: {tasks} tasks in {} runs, recorded on {} worker{}, {:.2} us a task beside its own time",
        graph.runs.len(),
        graph.workers,
        if graph.workers == 1 { "" } else { "s" },
        graph.overhead
    );
    println!("{:>6} {:>12} {:>9} {:>11}", "cores", "ms", "speed-up", "efficiency");
    for cores in counts(&options.cores)? {
        let time = graph.simulate(cores, options.bandwidth);
        let speedup = one / time;
        println!("{cores:>6} {:>12.3} {speedup:>9.2} {:>10.0}%", time / 1e3, 100.0 * speedup / cores as f64);
    }
    for path in std::iter::once(&options.trace).chain(&options.measured) {
        let other = load(path)?;
        let (model, real) = (graph.simulate(other.workers, options.bandwidth), other.measured());
        println!(
            "{}: measured {:.3} ms on {} worker{}; the model says {:.3} ms ({:+.0}%)",
            path.display(),
            real / 1e3,
            other.workers,
            if other.workers == 1 { "" } else { "s" },
            model / 1e3,
            100.0 * (model / real - 1.0)
        );
    }
    Ok(())
}

/// `1..8` as 1, 2, 4, 8; `1,3` as it stands.
fn counts(text: &str) -> Outcome<Vec<usize>> {
    let number = |text: &str| match text.trim().parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("--cores: {text:?} is no number of cores")),
    };
    let Some((first, last)) = text.split_once("..") else { return text.split(',').map(number).collect() };
    let (first, last): (usize, usize) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("--cores: {first} is more than {last}"));
    }
    let mut all: Vec<usize> =
        std::iter::successors(Some(first), |n| n.checked_mul(2)).take_while(|&n| n < last).collect();
    all.push(last);
    Ok(all)
}

fn load(path: &Path) -> Outcome<Graph> {
    let complaint = |what: &str| format!("{}: {what}", path.display());
    let text = fs::read_to_string(path).map_err(|error| complaint(&error.to_string()))?;
    let events: Value = serde_json::from_str(&text).map_err(|error| complaint(&error.to_string()))?;
    let events = events.as_array().ok_or_else(|| complaint("not a trace: no array of events"))?;
    let mut runs: BTreeMap<u64, Run> = BTreeMap::new();
    // Also of those that had nothing to do: their tracks are named.
    let workers =
        events.iter().filter_map(|event| event["tid"].as_u64()).max().map_or(0, |tid| tid as usize + 1);
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let field = |name: &str| event["args"][name].as_u64();
        let (Some(id), Some(run), Some(us), Some(ts)) =
            (field("task"), field("run"), event["dur"].as_f64(), event["ts"].as_f64())
        else {
            return Err(complaint("an event without task, run, ts or dur: written by an older version?"));
        };
        let after =
            event["args"]["after"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        let bytes = field("bytes").unwrap_or(0) as f64;
        let run = runs.entry(run).or_insert_with(|| Run { begin: f64::MAX, ..Run::default() });
        run.tasks.push(Task { id, us, bytes, after });
        (run.begin, run.end) = (run.begin.min(ts), run.end.max(ts + us));
    }
    let mut runs: Vec<Run> = runs.into_values().collect();
    if runs.is_empty() {
        return Err(complaint("no tasks in it"));
    }
    runs.iter_mut().for_each(|run| run.tasks.sort_by_key(|task| task.id));
    let busy: f64 = runs.iter().flat_map(|run| &run.tasks).map(|task| task.us).sum();
    let wall: f64 = runs.iter().map(|run| run.end - run.begin).sum();
    let count: usize = runs.iter().map(|run| run.tasks.len()).sum();
    // Only where one worker did everything is what is left of the time overhead, and not waiting.
    let overhead = if workers == 1 { (wall - busy).max(0.0) / count as f64 } else { 0.0 };
    Ok(Graph { runs, workers, overhead })
}

impl Graph {
    /// Microseconds from the first task to the last, as recorded.
    fn measured(&self) -> f64 {
        self.runs[self.runs.len() - 1].end - self.runs[0].begin
    }

    /// Microseconds from the first task to the last on `cores` cores.
    fn simulate(&self, cores: usize, bandwidth: Option<f64>) -> f64 {
        let recording: f64 = self.runs.windows(2).map(|pair| (pair[1].begin - pair[0].end).max(0.0)).sum();
        let running: f64 = self
            .runs
            .iter()
            .map(|run| {
                let bytes: f64 = run.tasks.iter().map(|task| task.bytes).sum();
                let floor = bandwidth.map_or(0.0, |gigabytes| bytes / gigabytes / 1e3);
                run.makespan(cores, self.overhead).max(floor)
            })
            .sum();
        recording + running
    }
}

impl Run {
    /// List scheduling: a free core takes the first ready task of the program.
    fn makespan(&self, cores: usize, overhead: f64) -> f64 {
        let at: HashMap<u64, usize> = self.tasks.iter().enumerate().map(|(i, task)| (task.id, i)).collect();
        let mut waiting = vec![0_usize; self.tasks.len()];
        let mut then: Vec<Vec<usize>> = vec![Vec::new(); self.tasks.len()];
        for (i, task) in self.tasks.iter().enumerate() {
            // What a task depends on from earlier runs is done.
            for before in task.after.iter().filter_map(|before| at.get(before)) {
                then[*before].push(i);
                waiting[i] += 1;
            }
        }
        let mut ready: BinaryHeap<Reverse<usize>> =
            (0..self.tasks.len()).filter(|&i| waiting[i] == 0).map(Reverse).collect();
        // Ends of running tasks, in nanoseconds so that they have an order.
        let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut now = 0_u64;
        loop {
            while running.len() < cores
                && let Some(Reverse(task)) = ready.pop()
            {
                let ns = ((self.tasks[task].us + overhead) * 1e3).round() as u64;
                running.push(Reverse((now + ns, task)));
            }
            let Some(Reverse((end, task))) = running.pop() else { break };
            now = end;
            for &next in &then[task] {
                waiting[next] -= 1;
                if waiting[next] == 0 {
                    ready.push(Reverse(next));
                }
            }
        }
        now as f64 / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(tasks: &[(u64, f64, &[u64])]) -> Graph {
        let tasks = tasks.iter().map(|&(id, us, after)| Task { id, us, bytes: 8e3, after: after.to_vec() });
        let run = Run { tasks: tasks.collect(), begin: 0.0, end: 100.0 };
        Graph { runs: vec![run], workers: 1, overhead: 0.0 }
    }

    #[test]
    fn a_chain_gains_nothing_and_independent_tasks_gain_all() {
        let chain = graph(&[(1, 10.0, &[]), (2, 10.0, &[1]), (3, 10.0, &[2])]);
        assert_eq!([1, 2, 64].map(|cores| chain.simulate(cores, None)), [30.0; 3]);
        let apart = graph(&[(1, 10.0, &[]), (2, 10.0, &[]), (3, 10.0, &[]), (4, 10.0, &[])]);
        assert_eq!([1, 2, 3, 4, 9].map(|cores| apart.simulate(cores, None)), [40.0, 20.0, 20.0, 10.0, 10.0]);
    }

    #[test]
    fn a_diamond_waits_for_both_of_its_sides() {
        let diamond = graph(&[(1, 1.0, &[]), (2, 5.0, &[1]), (3, 3.0, &[1]), (4, 1.0, &[2, 3])]);
        assert_eq!([1, 2].map(|cores| diamond.simulate(cores, None)), [10.0, 7.0]);
    }

    #[test]
    fn recording_between_runs_passes_as_it_did_and_dependences_on_earlier_runs_are_met() {
        let mut graph = graph(&[(1, 10.0, &[]), (2, 10.0, &[])]);
        graph.runs[0].end = 20.0;
        let tasks = vec![Task { id: 3, us: 10.0, bytes: 0.0, after: vec![1, 2] }];
        graph.runs.push(Run { tasks, begin: 25.0, end: 35.0 });
        assert_eq!([1, 2].map(|cores| graph.simulate(cores, None)), [35.0, 25.0]);
        assert_eq!(graph.measured(), 35.0);
    }

    #[test]
    fn memory_is_a_floor() {
        let apart = graph(&[(1, 10.0, &[]), (2, 10.0, &[])]);
        // 16 kB at 2 GB/s take 8 us, at 1 GB/s 16.
        assert_eq!([2.0, 1.0].map(|rate| apart.simulate(2, Some(rate))), [10.0, 16.0]);
    }

    #[test]
    fn core_counts_double_or_stand_in_a_list() {
        assert_eq!(counts("1..1024").unwrap().len(), 11);
        assert_eq!(counts("3..20"), Ok(vec![3, 6, 12, 20]));
        assert_eq!(counts("1,3"), Ok(vec![1, 3]));
        assert!(counts("0..4").is_err() && counts("many").is_err() && counts("4..2").is_err());
    }

    #[test]
    fn a_trace_is_read_and_what_is_none_is_refused() {
        let folder = std::env::temp_dir().join(format!("txarray-simulate-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("t.json");
        let event = |id: u32, ts: f64, after: &str| {
            format!(
                r#"{{"ph":"X","tid":0,"ts":{ts},"dur":10,"args":{{"task":{id},"after":[{after}],"bytes":8,"run":0}}}}"#
            )
        };
        let text = format!(r#"[{{"ph":"M","tid":0}},{},{}]"#, event(1, 0.0, ""), event(2, 11.0, "1"));
        fs::write(&path, text).unwrap();
        let graph = load(&path).unwrap();
        assert_eq!((graph.workers, graph.overhead, graph.measured()), (1, 0.5, 21.0));
        assert_eq!(graph.simulate(4, None), 21.0);
        for bad in ["{}", "[]", "not json", r#"[{"ph":"X","ts":1}]"#] {
            fs::write(&path, bad).unwrap();
            assert!(load(&path).is_err(), "{bad}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
