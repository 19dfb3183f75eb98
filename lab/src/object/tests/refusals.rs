//! What is refused, in which words.

use super::{bytes, object, refusal};
use crate::object::{ObjectError, ObjectFile};
use rstest::rstest;

#[rstest]
#[case::call(
    "refused_call.bpf.o",
    "instruction 2 of program `calls` calls function `helper`; \
     declare it `static inline __attribute__((always_inline))`"
)]
#[case::rodata(
    "refused_rodata.bpf.o",
    "instruction 1 of program `reads` uses global data `limit` of section .rodata; \
     keep it in a map or on the stack"
)]
#[case::data(
    "refused_data.bpf.o",
    "instruction 0 of program `reads` uses global data `limit` of section .data; \
     keep it in a map or on the stack"
)]
#[case::bss(
    "refused_bss.bpf.o",
    "instruction 0 of program `reads` uses global data `limit` of section .bss; \
     keep it in a map or on the stack"
)]
fn not_modelled(#[case] name: &str, #[case] what: &str) {
    assert_eq!(refusal(bytes(name)), ObjectError::NotModelled(what.to_owned()));
}

/// One byte of the header changed.
#[rstest]
#[case::magic(
    0,
    0,
    "the file does not begin as ELF does; expected what `clang -target bpf -c` writes"
)]
#[case::class(4, 1, "32-bit ELF; BPF objects are 64-bit")]
#[case::endian(5, 2, "big endian; compile with `-target bpfel`")]
#[case::linked(16, 2, "ELF type 2; expected a relocatable object, type 1")]
#[case::machine(18, 62, "made for machine 62, not for BPF (247): use `-target bpf`")]
fn not_bpf(#[case] at: usize, #[case] value: u8, #[case] what: &str) {
    let mut bytes = bytes("count_merged.bpf.o").to_vec();
    bytes[at] = value;
    assert_eq!(refusal(&bytes), ObjectError::NotBpf(what.to_owned()));
}

#[test]
fn an_empty_file_and_a_source_file_are_named_as_such() {
    let source = include_bytes!("../../../../tests/programs/count_merged.bpf.c");
    for bytes in [&[][..], source] {
        assert!(matches!(refusal(bytes), ObjectError::NotBpf(_)));
    }
    let header = &bytes("count_merged.bpf.o")[..63];
    let what = "63 bytes are less than an ELF header of 64";
    assert_eq!(refusal(header), ObjectError::NotBpf(what.to_owned()));
}

/// An object in whose string tables the last `from` is `to`, which is as long. Section names may
/// be tails of others, as `.BTF` is of `.rel.BTF`: both change.
fn renamed(object: &str, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes(object).to_vec();
    let at = bytes.windows(from.len()).rposition(|window| window == from.as_bytes());
    let at = at.expect("the name is there");
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn a_section_without_a_type_is_named() {
    let what = "section `packet` of program `count` says no program type; \
                rename it, for example to \"socket\", \"kprobe/NAME\", \"tp/A/B\" or \"xdp\"";
    let bytes = renamed("count_martin_lau.bpf.o", "socket\0", "packet\0");
    assert_eq!(refusal(&bytes), ObjectError::NotModelled(what.to_owned()));
}

#[test]
fn maps_in_a_section_of_another_name_are_data() {
    let error = refusal(&renamed("count_martin_lau.bpf.o", "\0maps\0", "\0mops\0"));
    let what = "instruction 4 of program `count` uses global data `stats` of section mops; \
                keep it in a map or on the stack";
    assert_eq!(error, ObjectError::NotModelled(what.to_owned()));
}

#[test]
fn an_object_without_btf_has_maps_without_fields() {
    let name = "count_martin_lau.bpf.o";
    let object_without =
        ObjectFile::parse(&renamed(name, ".BTF\0", ".XXX\0")).expect("legacy maps need none");
    let mut expected = object(name);
    expected.maps[0].value_fields.clear();
    assert_eq!(object_without, expected);
}

#[test]
fn described_maps_need_btf() {
    let bytes = renamed("count_merged.bpf.o", ".BTF\0", ".XXX\0");
    let what = "section .maps needs section .BTF: compile with -g";
    assert_eq!(refusal(&bytes), ObjectError::Malformed(what.to_owned()));
}
