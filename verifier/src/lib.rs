//! bpfsim-verifier
