//! bpfsim-lab
