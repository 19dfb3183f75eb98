//! Runs the race on this machine's kernel and prints what it did.
//!
//! `cargo run --release -p bpfsim-host --example measure -- [reads] [milliseconds] [fields]`

use bpfsim_host::{Options, measure};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let mut options = Options::default();
    let mut numbers = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.parse::<u32>() {
            Ok(number) => numbers.push(number),
            Err(_) => {
                eprintln!("'{arg}' is no number: give reads, milliseconds and fields");
                return ExitCode::from(2);
            }
        }
    }
    if let Some(reads) = numbers.first() {
        options.reads = (*reads).into();
    }
    if let Some(milliseconds) = numbers.get(1) {
        options.budget = Duration::from_millis((*milliseconds).into());
    }
    if let Some(fields) = numbers.get(2) {
        options.fields = *fields;
    }
    match measure(&options) {
        Ok(measurement) => {
            print!("{measurement}");
            ExitCode::SUCCESS
        }
        Err(skipped) => {
            eprintln!("{skipped}");
            ExitCode::FAILURE
        }
    }
}
