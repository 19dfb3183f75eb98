//! Conformance tables, scenarios, programs and golden outputs of bpfsim.
//!
//! A row of a conformance table runs on a [`Bench`]: the simulator at some release, or the live
//! kernel. Numbers are restated here and in the tables, never taken from the crates under test.
#![forbid(unsafe_code)]

pub mod bench;
pub mod blob;
pub mod cases;
pub mod numbers;
pub mod programs;
pub mod world;

pub use bench::Bench;
pub use world::{World, skipped};
