//! What must not compile: a reference into a version that leaves its transaction.
#![cfg(not(loom))]

#[test]
fn a_reference_cannot_leave_its_transaction() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
