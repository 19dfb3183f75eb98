//! The bpfsim command.
fn main() {}
