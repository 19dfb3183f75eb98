//! `enum bpf_prog_type`.

use crate::tables::named_table;

named_table!("prog_type.rs");
