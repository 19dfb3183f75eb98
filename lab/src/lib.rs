//! bpfsim-lab

pub mod asm;
pub mod class;
pub mod experiment;
pub mod object;
pub mod scenario;
