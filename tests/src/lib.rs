//! Conformance tables, scenarios, programs and golden outputs of bpfsim.
