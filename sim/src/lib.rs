//! bpfsim-sim
