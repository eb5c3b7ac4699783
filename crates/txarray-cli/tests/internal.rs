//! A defect of ours inside a statement: exit 70, the script's line, and nothing half written.

mod common;

use common::{ended, txarray};
use std::fs;

const SCRIPT: &str = "import numpy as np
u = np.zeros((600, 600))
for i in range(20):
    u[1:-1, 1:-1] = (u[:-2, 1:-1] + u[2:, 1:-1]) * 0.5
    if i == 10:
        np.save('early.npy', u)
np.save('late.npy', u)
print(u.sum())
";

#[test]
fn a_panic_in_a_statement_is_an_internal_error_and_leaves_no_half_written_file() {
    for threads in ["1", "2"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("script.py"), SCRIPT).expect("the script");
        // 46 tiles: one sweep zeroes them, eleven more come before the first save.
        let output = txarray(folder.path())
            .args(["run", "script.py", "--threads", threads, "--out", "out", "--report", "report.json"])
            .env("TXARRAY_FAULT", "panic:700")
            .output()
            .expect("it starts");
        let ended = ended(output);
        assert_eq!(ended.code, 70, "{}", ended.stderr);
        assert!(ended.stderr.contains("script.py:4:5"), "{}", ended.stderr);
        assert!(ended.stderr.contains("internal error"), "{}", ended.stderr);
        assert!(ended.stderr.contains("task 700 was told to panic"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
        let left: Vec<_> = fs::read_dir(folder.path().join("out"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["early.npy"], "what was saved before stays, nothing else appears");
        let report = fs::read_to_string(folder.path().join("report.json")).expect("the report is written");
        assert!(report.contains("\"exit_status\": 70") || report.contains("\"exit_status\":70"), "{report}");
    }
}
