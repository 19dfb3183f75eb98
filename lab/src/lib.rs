//! bpfsim-lab

pub mod asm;
