//! The txarray command: runs a NumPy script as parallel transactions.
fn main() {}
