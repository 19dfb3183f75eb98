//! bpfsim-lab

pub mod asm;
pub mod object;
