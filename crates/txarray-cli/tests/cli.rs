//! The command line: flags, exit codes, settings, output folder, report, trace, progress.

mod common;

use common::{ended, files, prints, run, txarray};
use std::{fs, io::Read as _, process::Stdio};

#[test]
fn a_misspelt_flag_is_named_with_a_suggestion() {
    let folder = tempfile::tempdir().unwrap();
    for (args, hint) in [(&["run", "--thread", "2", "x.py"][..], "--threads"), (&["inof"][..], "info")] {
        let ended = ended(txarray(folder.path()).args(args).output().unwrap());
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains(hint), "{}", ended.stderr);
    }
}

#[test]
fn a_script_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let ended = ended(txarray(folder.path()).args(["run", "no.py"]).output().unwrap());
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (2, "cannot read the script no.py: No such file or directory\n")
    );
}

#[test]
fn bad_thread_counts_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, variable, message) in [
        (Some("0"), None, "zero threads cannot run anything"),
        (Some("-1"), None, "\"-1\""),
        (
            None,
            Some("abc"),
            "TXARRAY_NUM_THREADS=\"abc\": not a whole number; expected 1 to 65535, or 'auto'\n",
        ),
    ] {
        let mut command = txarray(folder.path());
        command.arg("info");
        flag.map(|flag| command.args(["--threads", flag]));
        variable.map(|value| command.env("TXARRAY_NUM_THREADS", value));
        let ended = ended(command.output().unwrap());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}

#[test]
fn info_tells_the_budget_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let ended = ended(txarray(folder.path()).args(["info", "--json", "--single-thread"]).output().unwrap());
    let info: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["threads"], 1);
    for key in ["threads_source", "isa"] {
        assert!(info[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert!(info["notices"].is_array());
}

#[test]
fn a_setting_replaces_the_first_assignment_and_only_that() {
    let script = "n = 1000\nname = 'a'\nt = (1, 2)\nprint(n, name, t)\nn = 5\nprint(n)\ndef f():\n    n = 7\n    return n\nprint(f())\n";
    assert_eq!(prints(script, &[]), "1000 a (1, 2)\n5\n7\n");
    assert_eq!(prints(script, &["--set", "n=-3", "--set", "name='b'", "--set", "t=[0]"]), "-3 b [0]\n5\n7\n");
}

#[test]
fn a_setting_that_cannot_be_is_refused() {
    for (setting, message) in [
        (
            "stpes=1",
            "--set stpes: the script has no assignment 'stpes = ...' outside a def; did you mean 'steps'?\n",
        ),
        ("steps", "--set steps: expected NAME=VALUE\n"),
        (
            "steps=ten",
            "--set steps=ten: 'ten' is not a Python literal (a number, True, False, None, a quoted text, or a list or tuple of these)\n",
        ),
    ] {
        let (_folder, ended) = run("steps = 10\nprint(steps)\n", &["--set", setting]);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (2, "", message));
    }
}

#[test]
fn relative_files_go_to_the_output_folder_and_are_read_back_from_there() {
    let script =
        "import numpy as np\nnp.save('a.npy', np.arange(3))\nprint(np.load('a.npy'), np.load('b.npy'))\n";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.py"), script).unwrap();
    let mut b = Vec::new();
    txarray::write_npy(&mut b, &txarray::Array::arange(0, 2, 1)).unwrap();
    fs::write(folder.path().join("b.npy"), b).unwrap();
    let run =
        txarray(folder.path()).args(["run", "-q", "script.py", "--out", "new/results"]).output().unwrap();
    let run = ended(run);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "[0 1 2] [0 1]\n", ""));
    assert_eq!(files(folder.path()), ["b.npy", "new", "script.py"]);
    assert_eq!(files(&folder.path().join("new/results")), ["a.npy"]);
}

#[test]
fn the_report_is_written_whatever_happened() {
    let report = |script: &str| {
        let (folder, ended) = run(script, &["--report", "r.json"]);
        let text = fs::read_to_string(folder.path().join("r.json")).unwrap();
        (ended.code, serde_json::from_str::<serde_json::Value>(&text).unwrap())
    };
    let (code, good) = report("import numpy as np\na = np.zeros((200, 200))\na[1:-1] += 1\nprint(a.sum())\n");
    assert_eq!((code, &good["exit_status"], &good["error"]), (0, &0.into(), &serde_json::Value::Null));
    assert_eq!(good["script"], "script.py");
    assert!(good["statements"].as_u64().unwrap() >= 2);
    for key in ["tasks", "commits", "aborts", "threads", "seconds", "kernel_seconds", "bytes_moved"] {
        assert!(good[key].is_number(), "{key}");
    }
    assert!(good["threads_source"].is_string());
    let (code, failed) = report("x = 1 / 0\n");
    assert_eq!((code, &failed["exit_status"], &failed["error"]), (1, &1.into(), &"division by zero".into()));
    let (code, refused) = report("x = {}\n");
    assert_eq!((code, &refused["exit_status"]), (2, &2.into()));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_folder_that_takes_no_files_is_told_before_the_script_runs() {
    // Nobody makes files there, root neither.
    let (_, ended) = run("print(1)\n", &["--out", "/proc"]);
    let message = "cannot write to the output folder /proc: No such file or directory\n";
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (74, "", message));
}

#[test]
fn a_report_or_trace_that_cannot_be_written_is_told_before_the_script_runs() {
    let script = "import numpy as np\nprint(1)\nnp.save('a.npy', np.zeros(3))\n";
    for (arguments, code, message) in [
        (&["--report", "no/r.json"][..], 74, "cannot write no/r.json: No such file or directory\n"),
        (&["--trace", "script.py/t"], 74, "cannot write script.py/t: Not a directory\n"),
        (&["--report", "."], 74, "cannot write .: it is a folder\n"),
        (&["--report", "./script.py"], 2, "--report ./script.py: that is the script\n"),
        (&["--trace", "script.py"], 2, "--trace script.py: that is the script\n"),
        (&["--report", "x", "--trace", "./x"], 2, "--trace ./x: that is the file of --report\n"),
        (&["--report", "script.py", "--set", "="], 2, "--report script.py: that is the script\n"),
    ] {
        let (folder, ended) = run(script, arguments);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (code, "", message));
        assert_eq!(files(folder.path()), ["script.py"]);
        assert_eq!(fs::read_to_string(folder.path().join("script.py")).unwrap(), script);
    }
    let (folder, ended) = run(script, &["--out", "new", "--report", "new/r.json", "--trace", "new/t.json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert_eq!(files(&folder.path().join("new")), ["a.npy", "r.json", "t.json"]);
}

#[test]
fn explain_tells_each_line_its_pass_its_kernels_and_what_stood_in_the_way() {
    let (_, ended) = run(
        "import numpy as np\nu = np.ones(500000)\nu[1:] = u[:-1] * 0.5 + u.mean()\nu[0] = 3.0\nprint(u.sum())\n",
        &["--explain", "--threads", "1"],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let told = &ended.stderr;
    for text in [
        "script.py:3:1: 1 statement of",
        "not fused: a reduction in it needs all of its elements first",
        "not parallel: the thread budget is one",
        "kernels for",
        "* 0.5) + ",
        "GB/s",
    ] {
        assert!(told.contains(text), "{text:?} is not in:\n{told}");
    }
}

#[test]
fn the_trace_is_json_with_a_task_for_each_tile() {
    let (folder, ended) = run(
        "import numpy as np\na = np.zeros((400, 400))\nfor i in range(5):\n    a[1:-1] = a[:-2] + 1\nprint(a.sum())\n",
        &["--trace", "t.json"],
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let text = fs::read_to_string(folder.path().join("t.json")).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&text).unwrap();
    let events = trace.as_array().or_else(|| trace["traceEvents"].as_array()).unwrap();
    assert!(events.len() > 10);
    assert!(text.contains("script.py:4"), "the trace names the script's line");
}

#[test]
fn the_summary_is_on_standard_error_unless_quiet() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.py"), "import numpy as np\nprint(np.ones(10).sum())\n").unwrap();
    let loud = ended(txarray(folder.path()).args(["run", "s.py", "--single-thread"]).output().unwrap());
    assert_eq!((loud.code, loud.stdout.as_str()), (0, "10.0\n"));
    assert!(
        loud.stderr.starts_with(' ') && loud.stderr.contains(" rolled back · 1 thread (--single-thread) · ")
            || loud.stderr.contains(" rolled back · 1 thread (--threads) · "),
        "{}",
        loud.stderr
    );
    let quiet =
        ended(txarray(folder.path()).args(["run", "-q", "s.py", "--single-thread"]).output().unwrap());
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("10.0\n", ""));
}

#[test]
fn progress_takes_four_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.py"), "print(1)\n").unwrap();
    for (word, code) in [("auto", 0), ("bar", 0), ("lines", 0), ("off", 0), ("loud", 2)] {
        let run =
            txarray(folder.path()).args(["run", "s.py"]).env("TXARRAY_PROGRESS", word).output().unwrap();
        assert_eq!(ended(run).code, code, "{word}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.py"), "for i in range(100000):\n    print(i)\n").unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = txarray(folder.path()).args(["run", "-q", "s.py"]).stdout(full).output().unwrap();
    let run = ended(run);
    assert_eq!(run.code, 74);
    assert!(
        run.stderr.contains("cannot write to standard output: No space left on device"),
        "{}",
        run.stderr
    );
    // A reader that goes away.
    let mut child = txarray(folder.path())
        .args(["run", "-q", "s.py"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(74));
    assert!(stderr.contains("Broken pipe"), "{stderr}");
}

#[test]
fn the_log_says_what_the_run_uses_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.py"), "print(1)\n").unwrap();
    let log = |value: &str| {
        let mut command = txarray(folder.path());
        ended(
            command.args(["run", "-q", "--threads", "1", "s.py"]).env("TXARRAY_LOG", value).output().unwrap(),
        )
    };
    let told = log("info");
    assert_eq!((told.code, told.stdout.as_str()), (0, "1\n"));
    assert!(told.stderr.contains("1 thread (--threads; ceiling "), "{}", told.stderr);
    assert!(told.stderr.contains(" kernels"), "{}", told.stderr);
    assert_eq!(log("off").stderr, "");
    let refused = log("debug");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert_eq!(refused.stderr, "TXARRAY_LOG=\"debug\": expected 'info' or 'off'\n");
}
