//! Reports: who did what, who lost to whom, and how long the longest chain is.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use array_core::{Array, s};
use serde_json::Value;
use stm_engine::TVar;
use tx_scheduler::{AbortCause, Config, Session, Site};

#[test]
fn every_line_has_its_statements_tasks_time_and_bytes() {
    let mut session = Session::new(Config::threads(2).unwrap().tile_elems(2048).inline_effort(0));
    let u = session.array(Array::zeros([64, 1024])).unwrap();
    let line = |line| Some(Site::script("plate.py".into(), line, 1));
    for _ in 0..10 {
        session.set_site(line(3));
        session.assign(&u, u.read() * 0.5 + 1.0).unwrap();
        session.set_site(line(4));
        session.assign(u.at(s![.., 0]), 2.0).unwrap();
    }
    session.finish().unwrap();
    let report = session.report();
    let of = |site: &str| report.lines.iter().find(|l| l.site == site).unwrap();
    let (whole, column) = (of("plate.py:3:1"), of("plate.py:4:1"));
    assert_eq!((whole.statements, whole.tasks), (10, 320));
    assert_eq!(whole.bytes, 10 * 2 * 8 * 64 * 1024, "each element read and written once");
    assert!(whole.seconds > 0.0 && whole.gigabytes_per_second > 0.0);
    assert_eq!((column.statements, column.bytes), (10, 10 * 8 * 64));
    assert_eq!(report.lines.iter().map(|l| l.statements).sum::<u64>(), report.statements);
    assert_eq!(report.lines.iter().map(|l| l.tasks).sum::<u64>(), report.tasks);
    assert_eq!(report.lines.iter().map(|l| l.bytes).sum::<u64>(), report.bytes_moved);
    assert!(report.critical_path.is_none(), "only with a trace");
}

/// The second closure reads before the first commits, and is rolled back.
#[test]
fn a_conflict_names_both_lines_the_cause_and_the_time_lost() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let x = TVar::labelled("balance", 1);
    let speculated = Arc::new(AtomicBool::new(false));
    let (first, seen) = (x.clone(), Arc::clone(&speculated));
    let winner = line!() + 2;
    session
        .dynamic(&[], move |tx| {
            let deadline = Instant::now() + Duration::from_secs(10);
            while !seen.load(Ordering::Acquire) && Instant::now() < deadline {
                std::thread::yield_now();
            }
            tx.set(&first, 2)
        })
        .unwrap();
    let (second, seen) = (x.clone(), Arc::clone(&speculated));
    let loser = line!() + 2;
    session
        .dynamic(&[], move |tx| {
            let value = *tx.get(&second)?;
            seen.store(true, Ordering::Release);
            tx.set(&second, value * 10)
        })
        .unwrap();
    session.finish().unwrap();
    assert_eq!(x.load(), 20);
    let report = session.report();
    assert_eq!(report.aborts, 1, "{report:?}");
    let [conflict] = &report.conflicts[..] else { panic!("{:?}", report.conflicts) };
    assert!(conflict.loser.contains(&format!("reports.rs:{loser}:")), "{conflict:?}");
    let won = conflict.winner.as_deref().unwrap();
    assert!(won.contains(&format!("reports.rs:{winner}:")), "{conflict:?}");
    assert_eq!(
        (conflict.variable, conflict.cause, conflict.times),
        (Some("balance"), AbortCause::StaleRead, 1)
    );
    assert!(conflict.lost_seconds > 0.0);
    let table = report.table();
    assert!(table.contains("lost 1 times to") && table.contains("on `balance`"), "{table}");
}

fn traced(chain: bool) -> (Session, Vec<Value>) {
    let mut session = Session::new(Config::threads(2).unwrap().tile_elems(1 << 14).trace(true));
    let arrays: Vec<_> = (0..8).map(|_| session.array(Array::ones([1 << 14])).unwrap()).collect();
    for i in 0..64 {
        let into = &arrays[if chain { 0 } else { i % 8 }];
        session.assign(into, into.read().sqrt() + 1.0).unwrap();
    }
    session.finish().unwrap();
    let mut text = Vec::new();
    session.write_trace(&mut text).unwrap();
    let Value::Array(events) = serde_json::from_slice(&text).unwrap() else { panic!("a trace is an array") };
    (session, events)
}

#[test]
fn the_critical_path_is_the_whole_of_a_chain_and_a_part_of_independent_work() {
    // Each array's beginning is a task too.
    for (chain, tasks) in [(true, 65), (false, 9)] {
        let (session, events) = traced(chain);
        let reported = session.report().critical_path.unwrap();
        // When each task ends if nothing but dependences holds it, and the tasks of the longest chain up to it: two
        // things, since one task that lost its processor can take longer than all the others.
        let mut until: HashMap<u64, (f64, usize)> = HashMap::new();
        let mut all = 0.0;
        for event in events.iter().filter(|e| e["ph"] == "X") {
            let seconds = event["dur"].as_f64().unwrap() / 1e6;
            let after =
                event["args"]["after"].as_array().unwrap().iter().map(|task| until[&task.as_u64().unwrap()]);
            let (begin, before) = after.fold((0.0, 0), |a: (f64, usize), b| (a.0.max(b.0), a.1.max(b.1)));
            all += seconds;
            until.insert(event["args"]["task"].as_u64().unwrap(), (begin + seconds, before + 1));
        }
        assert_eq!(until.values().map(|end| end.1).max(), Some(tasks), "tasks of the longest chain");
        let longest = until.values().map(|end| end.0).fold(0.0, f64::max);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * b;
        assert!(near(reported.seconds, longest), "{reported:?} {longest:?}");
        assert!(near(reported.speedup, all / longest), "{reported:?} {all} {longest:?}");
    }
}

#[test]
fn a_trace_has_a_named_track_for_each_worker_and_what_each_task_waited_for() {
    let (_, events) = traced(true);
    let (tracks, tasks): (Vec<&Value>, Vec<&Value>) = events.iter().partition(|e| e["ph"] == "M");
    let tids = |events: &[&Value]| {
        let mut tids: Vec<u64> = events.iter().map(|e| e["tid"].as_u64().unwrap()).collect();
        tids.sort_unstable();
        tids.dedup();
        tids
    };
    assert!(tids(&tasks).iter().all(|tid| tids(&tracks).contains(tid)));
    assert_eq!(tids(&tracks), [0, 1], "also for a worker that had nothing to do");
    assert_eq!(tracks[0]["args"]["name"], "worker 0");
    assert_eq!(tasks.len(), 72);
    let started = |task: u64| tasks.iter().position(|e| e["args"]["task"] == task).unwrap();
    let mut edges = 0;
    for (at, event) in tasks.iter().enumerate() {
        for before in event["args"]["after"].as_array().unwrap() {
            assert!(started(before.as_u64().unwrap()) < at, "what a task depends on began before it");
            edges += 1;
        }
        assert!(event["args"]["bytes"].as_u64().unwrap() > 0);
        assert!(event["args"]["site"].as_str().unwrap().contains("reports.rs:"));
    }
    assert_eq!(edges, 64, "each step of the chain waits for the one before");
}
