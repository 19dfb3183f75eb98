//! bpfsim-syscall
