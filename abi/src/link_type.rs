//! `enum bpf_link_type`.

use crate::tables::named_table;

named_table!("link_type.rs");
