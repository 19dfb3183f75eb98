//! `enum bpf_func_id`: `bpf_map_lookup_elem` has the constant `BPF_FUNC_map_lookup_elem`.
#![expect(non_upper_case_globals, reason = "names of the uapi header, verbatim")]

use crate::tables::named_table;

named_table!("helper_id.rs");
