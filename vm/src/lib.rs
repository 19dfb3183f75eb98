//! bpfsim-vm
