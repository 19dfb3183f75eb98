//! `enum bpf_map_type`. Whether a release can create a type is not said here: v3.18 knows the names
//! of none.

use crate::tables::named_table;

named_table!("map_type.rs");
