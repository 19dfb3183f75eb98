//! The objects of `tests/programs`, embedded: they are there in the browser too.

/// One row per object.
macro_rules! table {
    ($($name:literal,)*) => {
        /// File name and bytes of every object of `tests/programs`, by name.
        pub const BUILTIN: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../../tests/programs/", $name)))),*];
    };
}

table! {
    "count_keyed.bpf.o",
    "count_martin_lau.bpf.o",
    "count_merged.bpf.o",
    "count_ming_lei.bpf.o",
    "delete_martin_lau.bpf.o",
    "delete_merged.bpf.o",
    "delete_merged_hash.bpf.o",
    "foreign_ming_lei.bpf.o",
    "isa_v1.bpf.o",
    "isa_v2.bpf.o",
    "isa_v3.bpf.o",
    "refused_bss.bpf.o",
    "refused_call.bpf.o",
    "refused_data.bpf.o",
    "refused_rodata.bpf.o",
    "sections.bpf.o",
    "sockex1_keyed.bpf.o",
    "sockex1_martin_lau.bpf.o",
    "sockex1_merged.bpf.o",
    "sockex1_ming_lei.bpf.o",
    "sum_percpu.bpf.o",
    "sum_percpu_2.bpf.o",
    "sum_percpu_4.bpf.o",
    "update_martin_lau.bpf.o",
    "update_merged.bpf.o",
    "update_merged_hash.bpf.o",
    "wild_byte_ming_lei.bpf.o",
    "wild_mark_ming_lei.bpf.o",
    "wild_ming_lei.bpf.o",
}

/// The bytes of the object with this file name, as in `count_merged.bpf.o`.
pub fn builtin(name: &str) -> Option<&'static [u8]> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}
