//! Bad values of our own are refused by name, wherever they stand; and what a program may say itself.

use tx_runtime::budget::{Budget, Machine, resolve_from};

#[test]
fn every_bad_value_of_ours_is_refused_by_name() {
    let or_auto = "expected 1 to 65535, or 'auto'";
    let bad = [
        ("abc", format!("not a whole number; {or_auto}")),
        ("0", "zero threads cannot run anything; use 1 for single-threaded".to_owned()),
        ("-1", format!("a negative number; {or_auto}")),
        ("1e9", format!("exponent notation, not a plain whole number; {or_auto}")),
        ("2.5", format!("a fraction, not a whole number; {or_auto}")),
        ("0x4", format!("hexadecimal, not a plain whole number; {or_auto}")),
        ("4,2", format!("a list, not one whole number; {or_auto}")),
        ("+4", format!("a number with a sign; write it without; {or_auto}")),
        ("65536", format!("too many threads; {or_auto}")),
        ("99999999999999999999999", format!("too many threads; {or_auto}")),
        ("AUTO", format!("not a whole number; {or_auto}")),
        ("all", format!("not a whole number; {or_auto}")),
        ("4\u{fffd}", format!("not valid UTF-8; {or_auto}")),
    ];
    // An environment of one variable, written `NAME=value`.
    let message = |flag: Option<&str>, env: &str| {
        let look_up = |name: &str| env.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        resolve_from(flag, &look_up, &Machine::new(8)).unwrap_err().to_string()
    };
    for (value, reason) in &bad {
        assert_eq!(message(Some(value), ""), format!("--threads={value:?}: {reason}"));
        let variable = format!("TXARRAY_NUM_THREADS={value}");
        let expected = format!("TXARRAY_NUM_THREADS={value:?}: {reason}");
        assert_eq!(message(None, &variable), expected);
        assert_eq!(message(Some("3"), &variable), expected, "not hidden by the flag");
        let limit = format!("TXARRAY_THREAD_LIMIT={value}");
        let reason = reason.replace(", or 'auto'", "");
        assert_eq!(message(Some("3"), &limit), format!("TXARRAY_THREAD_LIMIT={value:?}: {reason}"));
    }
    assert_eq!(message(Some(""), ""), format!("--threads=\"\": no value given; {or_auto}"));
    assert_eq!(
        message(None, "TXARRAY_THREAD_LIMIT=auto"),
        "TXARRAY_THREAD_LIMIT=\"auto\": not a whole number; expected 1 to 65535"
    );
    for value in ["yes", "2", "true", "-"] {
        assert_eq!(
            message(None, &format!("TXARRAY_SINGLE_THREAD={value}")),
            format!("TXARRAY_SINGLE_THREAD={value:?}: not a switch; expected 1 (on) or 0 (off)")
        );
    }
}

#[test]
fn a_program_may_say_1_to_65535() {
    for threads in [1, 2, 65_535] {
        let budget = Budget::exactly(threads).unwrap();
        assert_eq!((budget.threads(), budget.source().name()), (threads, "the program"));
        assert!(budget.notices().is_empty());
    }
    assert_eq!(
        Budget::exactly(65_536).unwrap_err().to_string(),
        "threads(65536): too many threads; expected 1 to 65535"
    );
    assert!(Budget::single_thread().is_single());
}

/// The process's own environment, read by a child so that nothing is set in this one.
#[cfg(unix)]
#[test]
fn a_value_of_this_process_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    const CHILD: &str = "BUDGET_VALUES_CHILD";
    if std::env::var_os(CHILD).is_some() {
        println!("[{}]", Budget::resolve(None).map_or_else(|e| e.to_string(), |b| b.threads().to_string()));
        return;
    }
    let told = |value: &[u8]| {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_value_of_this_process_that_is_no_text_is_refused", "--nocapture"])
            .env(CHILD, "1")
            .env_remove("TXARRAY_THREAD_LIMIT")
            .env("TXARRAY_NUM_THREADS", std::ffi::OsStr::from_bytes(value))
            .output()
            .unwrap();
        let text = String::from_utf8(child.stdout).unwrap();
        text.split_once('[').unwrap().1.rsplit_once(']').unwrap().0.to_owned()
    };
    assert_eq!(
        told(b"4\xff"),
        "TXARRAY_NUM_THREADS=\"4\u{fffd}\": not valid UTF-8; expected 1 to 65535, or 'auto'"
    );
    assert_eq!(told(b"3"), "3");
}
