//! What the checked-in objects say, restated from their sources.

use super::object;
use crate::asm::{MapRef, NameTable, assemble, to_text};
use crate::object::builtin::BUILTIN;
use crate::object::{FieldDef, MapDef, ObjectFile, prog_type_of};
use bpfsim_abi::insn::{Callee, Op, Size, decode};
use rstest::rstest;

fn counters() -> Vec<FieldDef> {
    let field = |name: &str, offset| FieldDef { name: name.to_owned(), offset, size: 8 };
    vec![field("packets", 0), field("bytes", 8)]
}

/// Type, key size and entries of map `stats`, whose value is the two counters.
#[rstest]
#[case("count_merged", (6, 4, 1))]
#[case("count_martin_lau", (5, 4, 1))]
#[case("count_ming_lei", (5, 4, 1))]
#[case("count_keyed", (1, 8, 4))]
#[case("sockex1_merged", (6, 4, 256))]
#[case("sockex1_martin_lau", (5, 4, 256))]
#[case("sockex1_ming_lei", (5, 4, 256))]
#[case("sockex1_keyed", (1, 8, 1024))]
#[case("foreign_ming_lei", (5, 4, 1))]
#[case("wild_ming_lei", (5, 4, 1))]
#[case("wild_mark_ming_lei", (5, 4, 1))]
#[case("wild_byte_ming_lei", (5, 4, 1))]
#[case("sum_percpu", (6, 4, 1))]
#[case("sum_percpu_2", (6, 4, 1))]
#[case("sum_percpu_4", (6, 4, 1))]
#[case("update_merged", (6, 4, 1))]
#[case("update_merged_hash", (5, 4, 1))]
#[case("update_martin_lau", (5, 4, 1))]
#[case("delete_merged", (6, 4, 1))]
#[case("delete_merged_hash", (5, 4, 1))]
#[case("delete_martin_lau", (5, 4, 1))]
fn map(#[case] name: &str, #[case] (map_type, key_size, max_entries): (u32, u32, u32)) {
    let object = object(&format!("{name}.bpf.o"));
    let expected = MapDef {
        name: "stats".to_owned(),
        map_type,
        key_size,
        value_size: 16,
        max_entries,
        flags: 0,
        value_fields: counters(),
    };
    assert_eq!(object.maps, [expected]);
    assert_eq!((object.license.as_str(), object.version), ("GPL", None));
    assert_eq!((object.progs.len(), object.progs[0].prog_type), (1, 1));
    assert_eq!(object.progs[0].section, "socket");
    assert!(object.progs[0].map_refs.iter().all(|reference| reference.map == "stats"));
}

/// The helpers that the program calls, in order.
#[rstest]
#[case("count_merged", "count", &[1])]
#[case("count_martin_lau", "count", &[1, 2, 1])]
#[case("count_ming_lei", "count", &[8, 27])]
#[case("count_keyed", "count", &[8, 1])]
#[case("sockex1_merged", "count", &[1])]
#[case("sockex1_martin_lau", "count", &[1, 2, 1])]
#[case("sockex1_ming_lei", "count", &[8, 27])]
#[case("sockex1_keyed", "count", &[8, 1, 2, 1])]
#[case("foreign_ming_lei", "count", &[27])]
#[case("wild_ming_lei", "count", &[27])]
#[case("sum_percpu", "sum", &[195])]
#[case("sum_percpu_2", "sum", &[195, 195])]
#[case("sum_percpu_4", "sum", &[195, 195, 195, 195])]
#[case("update_merged", "update", &[2])]
#[case("delete_martin_lau", "delete", &[3])]
fn calls(#[case] file: &str, #[case] prog: &str, #[case] expected: &[i32]) {
    let object = object(&format!("{file}.bpf.o"));
    let ops = decode(&object.prog(prog).expect("it is there").insns).expect("it decodes");
    let calls: Vec<i32> = ops
        .iter()
        .filter_map(|op| match op {
            Op::Call(Callee::Helper(id)) => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(calls, expected);
}

/// The two counters are two loads and two stores, packets first: what the explorers count on.
#[rstest]
fn fields_are_updated_in_order(
    #[values("merged", "martin_lau", "ming_lei", "keyed")] series: &str,
    #[values("count", "sockex1")] kind: &str,
) {
    let object = object(&format!("{kind}_{series}.bpf.o"));
    let ops = decode(&object.progs[0].insns).expect("it decodes");
    let slot: Vec<(char, i16)> = ops
        .iter()
        .filter_map(|op| match *op {
            Op::Load { size: Size::Dw, src, off, .. } if src.index() == 0 => Some(('r', off)),
            Op::Store { size: Size::Dw, dst, off, .. } if dst.index() == 0 => Some(('w', off)),
            _ => None,
        })
        .collect();
    assert_eq!(slot, [('r', 0), ('w', 0), ('r', 8), ('w', 8)]);
}

/// v4.4 knows neither 32-bit jumps nor `<` nor immediate moves wider than 32 bits without `lddw`.
#[test]
fn level_one_uses_no_later_instruction() {
    for (name, bytes) in BUILTIN {
        let later = ["sum_percpu.bpf.o", "isa_v2.bpf.o", "isa_v3.bpf.o"];
        if later.contains(name) || name.starts_with("refused") {
            continue;
        }
        let object = ObjectFile::parse(bytes).expect("it loads");
        for insn in object.progs.iter().flat_map(|prog| &prog.insns) {
            let jump = insn.class() == 5;
            assert_ne!(insn.class(), 6, "{name}: 32-bit jump");
            assert!(!jump || insn.code & 0xf0 < 0xa0, "{name}: jump of v4.14");
        }
    }
}

#[test]
fn sections_and_their_types() {
    let object = object("sections.bpf.o");
    let found: Vec<(&str, &str, u32, &str)> = object
        .progs
        .iter()
        .map(|p| (p.name.as_str(), p.section.as_str(), p.prog_type, p.map_refs[0].map.as_str()))
        .collect();
    let expected = [
        ("in_socket1", "socket1", 1, "first"),
        ("in_kprobe", "kprobe/sys_write", 2, "second"),
        ("in_kretprobe", "kretprobe/sys_write", 2, "first"),
        ("in_tp", "tp/sched/sched_switch", 5, "second"),
        ("in_tracepoint", "tracepoint/sched/sched_wakeup", 5, "first"),
        ("in_raw_tp", "raw_tp/sched_switch", 17, "second"),
        ("in_xdp", "xdp", 6, "first"),
        ("in_tc", "tc", 3, "second"),
        ("in_classifier", "classifier", 3, "first"),
        ("in_action", "action", 4, "second"),
        ("in_perf_event", "perf_event", 7, "first"),
        ("pair_one", "socket/pair", 1, "first"),
        ("pair_two", "socket/pair", 1, "second"),
    ];
    assert_eq!(found, expected);
    assert_eq!((object.license.as_str(), object.version), ("Dual MIT/GPL", Some(0x0004_0400)));
    let [first, second] = [object.map("first"), object.map("second")].map(|map| map.expect("is"));
    assert_eq!((first.map_type, first.key_size, first.value_size, first.max_entries), (2, 4, 8, 2));
    let value = FieldDef { name: "value".to_owned(), offset: 0, size: 8 };
    assert_eq!(first.value_fields, [value]);
    assert_eq!((second.map_type, second.key_size, second.max_entries), (1, 8, 8));
    assert_eq!(second.value_fields, counters());
}

#[rstest]
#[case("socket", Some(1))]
#[case("socket42", Some(1))]
#[case("sockops", Some(13))]
#[case("tp_btf/sched_switch", Some(26))]
#[case("raw_tp.w/sched_switch", Some(24))]
#[case("xdp_drop", Some(6))]
#[case("cgroup/skb", Some(8))]
#[case("tcp", None)]
#[case("prog", None)]
fn section_names(#[case] section: &str, #[case] expected: Option<u32>) {
    assert_eq!(prog_type_of(section), expected);
}

/// Every program decodes, prints and assembles again, map references included.
#[test]
fn programs_survive_text() {
    let mut programs = 0;
    for (name, bytes) in BUILTIN.iter().filter(|(name, _)| !name.starts_with("refused")) {
        let object = ObjectFile::parse(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let maps: Vec<&str> = object.maps.iter().map(|map| map.name.as_str()).collect();
        for prog in &object.progs {
            assert!(decode(&prog.insns).is_ok(), "{name}: {}", prog.name);
            let text = to_text(&prog.program());
            assert!(!text.contains(".quad"), "{name}: {text}");
            let again = assemble(&text, &NameTable::new(&[], &maps)).expect("it assembles");
            assert_eq!((&again.insns, &again.map_refs), (&prog.insns, &prog.map_refs), "{name}");
            programs += 1;
        }
    }
    assert_eq!(programs, 24 + 13, "one program per object, and those of sections.bpf.o");
}

#[test]
fn the_text_of_one_program() {
    let prog = object("count_merged.bpf.o").progs.remove(0);
    assert_eq!(prog.name, "count");
    assert_eq!(prog.map_refs, [MapRef { insn: 4, map: "stats".to_owned() }]);
    let expected = "
  r1 = 0
  *(u32 *)(r10 - 4) = r1
  r2 = r10
  r2 += -4
  r1 = stats ll
  call 1
  if r0 == 0 goto +6
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  r1 = *(u64 *)(r0 + 8)
  r1 += 64
  *(u64 *)(r0 + 8) = r1
  r0 = 0
  exit
";
    assert_eq!(format!("\n{}", to_text(&prog.program())), expected);
}
