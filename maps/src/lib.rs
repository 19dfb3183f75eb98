//! bpfsim-maps
