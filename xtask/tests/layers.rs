//! The layers check turns red for each kind of broken rule, names the edge, and passes the workspace as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A workspace of empty crates: name, the rest of its manifest, its source.
fn workspace(name: &str, crates: &[(&str, &str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&root);
    for (package, manifest, source) in crates {
        let folder = root.join("crates").join(package);
        fs::create_dir_all(folder.join("src")).unwrap();
        let head = format!("[package]\nname = {package:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        fs::write(folder.join("Cargo.toml"), head + manifest).unwrap();
        fs::write(folder.join("src/lib.rs"), source).unwrap();
    }
    fs::write(root.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n").unwrap();
    root.join("Cargo.toml")
}

fn layers(manifest: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["layers", "--manifest-path"]).arg(manifest).output().unwrap()
}

#[track_caller]
fn check_refused(manifest: &Path, message: &str) {
    let output = layers(manifest);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "a broken rule passed: {said}");
    assert!(said.contains(message), "expected {message:?} in {said}");
    assert!(said.contains("1 broken rule(s)"), "one mistake, one message: {said}");
}

#[test]
fn this_workspace_keeps_its_rules() {
    let output = layers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_import_down_passes() {
    let down = "[dependencies]\ntx-runtime = { path = \"../tx-runtime\" }\n";
    let manifest = workspace("down", &[("tx-runtime", "", ""), ("array-core", down, "")]);
    let output = layers(&manifest);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_upward_import_is_refused_by_name() {
    let up = "[dependencies]\narray-core = { path = \"../array-core\" }\n";
    let manifest = workspace("upward", &[("tx-runtime", up, ""), ("array-core", "", "")]);
    check_refused(&manifest, "upward: tx-runtime -> array-core: floor 1 may not import floor 2");
}

#[test]
fn an_upward_import_for_tests_is_refused_too() {
    let up = "[dev-dependencies]\ntx-collections = { path = \"../tx-collections\" }\n";
    let manifest = workspace("upward-dev", &[("stm-engine", up, ""), ("tx-collections", "", "")]);
    check_refused(
        &manifest,
        "upward: stm-engine -> tx-collections (for tests): floor 2 may not import floor 4",
    );
}

#[test]
fn an_import_on_one_platform_only_is_refused_too() {
    let up = "[target.'cfg(windows)'.dependencies]\nstm-engine = { path = \"../stm-engine\" }\n";
    let manifest = workspace("upward-platform", &[("tx-runtime", up, ""), ("stm-engine", "", "")]);
    check_refused(&manifest, "upward: tx-runtime -> stm-engine");
}

#[test]
fn neighbours_never_name_each_other() {
    let across = "[dependencies]\nstm-engine = { path = \"../stm-engine\" }\n";
    let manifest = workspace("sideways", &[("array-core", across, ""), ("stm-engine", "", "")]);
    check_refused(&manifest, "sideways: array-core -> stm-engine: floor 2 may not import floor 2");
}

#[test]
fn lists_know_no_transactions_though_they_live_above_them() {
    let across = "[dependencies]\nstm-engine = { path = \"../stm-engine\" }\n";
    let manifest = workspace("neighbour", &[("strategy-lists", across, ""), ("stm-engine", "", "")]);
    check_refused(&manifest, "not its neighbour: strategy-lists -> stm-engine");
}

#[test]
fn a_dependency_enters_by_its_door() {
    let manifest = workspace("door", &[("array-core", "[dependencies]\nrayon = \"1\"\n", "")]);
    check_refused(&manifest, "around the door: array-core -> rayon: rayon* belongs to tx-runtime");
    let manifest =
        workspace("door-bench", &[("stm-engine", "[dev-dependencies]\ncriterion = \"0.8\"\n", "")]);
    check_refused(&manifest, "around the door: stm-engine -> criterion (for tests)");
    let manifest = workspace("door-tests", &[("stm-engine", "[dev-dependencies]\nloom = \"0.7\"\n", "")]);
    assert!(layers(&manifest).status.success(), "loom is open to everybody's tests");
}

#[test]
fn a_crate_without_a_floor_is_refused() {
    let manifest = workspace("stranger", &[("tx-attic", "", "")]);
    check_refused(&manifest, "tx-attic has no floor");
}

#[test]
fn a_room_that_breaks_its_vow_is_named_with_the_line() {
    let protocol = "//! A static in prose is none.\nuse std::sync::atomic::AtomicBool;\n";
    let manifest = workspace("vow-shim", &[("stm-engine", "", protocol)]);
    check_refused(&manifest, "broken vow: stm-engine/src/lib.rs:2: `std::sync::atomic`: R5");
    let manifest =
        workspace("vow-static", &[("stm-engine", "", "fn f(_: &'static str) {}\nstatic CLOCK: u8 = 0;\n")]);
    check_refused(&manifest, "broken vow: stm-engine/src/lib.rs:2: `static `: R5");
    let manifest = workspace("vow-serial", &[("array-core", "", "use tx_runtime::pool::Pool;\n")]);
    check_refused(&manifest, "broken vow: array-core/src/lib.rs:1: `tx_runtime::pool`: R1");
    let tests = "#[cfg(test)]\nmod tests {\n    use std::sync::atomic::AtomicBool;\n}\n";
    let manifest = workspace("vow-tests", &[("stm-engine", "", tests)]);
    assert!(layers(&manifest).status.success(), "unit tests may use what they like");
}
