//! bpfsim-lab

pub mod asm;
pub mod class;
pub mod object;
pub mod scenario;
