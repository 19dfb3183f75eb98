//! bpfsim-host
