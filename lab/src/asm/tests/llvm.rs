//! The printer against what `llvm-objdump -d` said about the checked-in objects.

use crate::asm::text_at;
use crate::object::ObjectFile;
use crate::object::builtin::builtin;

/// One row per object: its name, and the text in `tests/programs/objdump`.
macro_rules! dumps {
    ($($name:literal),* $(,)?) => {
        &[$((
            concat!($name, ".bpf.o"),
            include_str!(concat!("../../../../tests/programs/objdump/", $name, ".txt")),
        )),*]
    };
}

const DUMPS: &[(&str, &str)] = dumps![
    "count_keyed",
    "count_martin_lau",
    "count_merged",
    "count_ming_lei",
    "delete_martin_lau",
    "delete_merged",
    "delete_merged_hash",
    "foreign_ming_lei",
    "isa_v1",
    "isa_v2",
    "isa_v3",
    "sections",
    "sockex1_keyed",
    "sockex1_martin_lau",
    "sockex1_merged",
    "sockex1_ming_lei",
    "sum_percpu",
    "sum_percpu_2",
    "sum_percpu_4",
    "update_martin_lau",
    "update_merged",
    "update_merged_hash",
    "wild_byte_ming_lei",
    "wild_mark_ming_lei",
    "wild_ming_lei",
];

/// The same with `--mattr=+alu32`.
const ISA_V3: &str = include_str!("../../../../tests/programs/objdump/isa_v3.alu32.txt");

/// Section, position in it, text of every instruction; blanks are single.
fn parse(dump: &str) -> Vec<(String, usize, String)> {
    let mut section = String::new();
    let mut list = Vec::new();
    for line in dump.lines() {
        if let Some(rest) = line.strip_prefix("Disassembly of section ") {
            section = rest.trim_end_matches(':').to_owned();
            continue;
        }
        let Some((pc, text)) = line.split_once(":\t") else { continue };
        // A jump ends in the name of its target.
        let text = text.split(" <LBB").next().unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        list.push((section.clone(), pc.trim().parse().expect("a position"), text));
    }
    list
}

/// Section, position and our text of every instruction of an object. Programs of one section
/// follow each other.
fn ours(name: &str) -> Vec<(String, usize, String)> {
    let object = ObjectFile::parse(builtin(name).expect("it is built in")).expect("it loads");
    let mut list: Vec<(String, usize, String)> = Vec::new();
    let (mut section, mut base) = ("", 0);
    for prog in &object.progs {
        if prog.section != section {
            (section, base) = (&prog.section, 0);
        }
        for pc in 0..prog.insns.len() {
            let mut text = text_at(&prog.insns, pc);
            if pc > 0 && prog.insns[pc - 1].code == 0x18 {
                continue;
            }
            // LLVM has relocated nothing.
            text = text.replace("map_fd(0) ll", "0 ll");
            list.push((section.to_owned(), base + pc, text));
        }
        base += prog.insns.len();
    }
    list
}

#[test]
fn objects_look_as_in_llvm() {
    let mut lines = 0;
    for (name, dump) in DUMPS {
        let (expected, found) = (parse(dump), ours(name));
        assert_eq!(found.len(), expected.len(), "{name}");
        for (expected, found) in expected.iter().zip(&found) {
            if expected.2 != "<unknown>" {
                assert_eq!(found, expected, "{name}");
                lines += 1;
            }
        }
    }
    assert!(lines > 500, "{lines} lines were compared");
}

/// What the plain disassembler does not know, it knows with 32-bit registers.
#[test]
fn what_llvm_knows_with_32_bit_registers_only() {
    let (plain, found) = (parse(DUMPS[10].1), ours("isa_v3.bpf.o"));
    let alu32 = parse(ISA_V3);
    let mut unknown = Vec::new();
    for ((plain, alu32), found) in plain.iter().zip(&alu32).zip(&found) {
        if plain.2 == "<unknown>" {
            assert_eq!(found, alu32);
            unknown.push(found.2.clone());
        }
    }
    assert_eq!(unknown.len(), 3, "{unknown:?}");
}
