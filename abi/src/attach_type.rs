//! `enum bpf_attach_type`.

use crate::tables::named_table;

named_table!("attach_type.rs");
