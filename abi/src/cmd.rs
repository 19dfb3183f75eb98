//! Commands of bpf(2): `enum bpf_cmd`.
//!
//! `BPF_COMMON_ATTRS` is a bit beside the command and therefore a constant without a row.

use crate::tables::named_table;

named_table!("cmd.rs");
