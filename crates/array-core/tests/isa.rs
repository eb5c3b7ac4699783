//! `TXARRAY_ISA` chooses the kernels of a process.

use array_core::{Array, Isa};
use std::process::{Command, Output};

/// Runs a test of this file in a process of its own.
fn under(isa: &str, test: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("TXARRAY_ISA", isa).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once("active: "));
    line.unwrap_or_else(|| panic!("{text}")).1.to_owned()
}

#[test]
#[ignore = "run by the others, with a variable set"]
fn tell() {
    let x = Array::linspace(0.1, 9.0, 1000);
    let sum = (x.sin() * &x + x.sqrt()).sum().item::<f64>().unwrap();
    println!("active: {} {:016x}", Isa::active(), sum.to_bits());
}

#[test]
fn the_variable_lowers_the_choice_and_no_bit_changes() {
    let widest = said(&under("", "tell"));
    let bits = widest.split_once(' ').unwrap().1;
    assert!(widest.starts_with(Isa::available().last().unwrap().name()), "{widest}");
    for isa in Isa::available() {
        assert_eq!(said(&under(isa.name(), "tell")), format!("{isa} {bits}"));
    }
}

#[test]
fn a_name_that_is_none_is_told_once_and_changes_nothing() {
    let output = under("avx3", "tell");
    assert!(said(&output).starts_with(Isa::available().last().unwrap().name()));
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.matches("TXARRAY_ISA=\"avx3\" is unknown").count(), 1, "{told}");
}
