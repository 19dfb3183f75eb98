//! Each form of a statement against its bytes, which are restated from the instruction set.

use super::program;
use crate::asm::{MapRef, encode, to_text};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::{Op, decode};
use rstest::rstest;

/// Code, registers, offset, immediate of one instruction.
#[rstest]
#[case::mov("r1 = 5", Insn { code: 0xb7, regs: 0x01, off: 0, imm: 5 })]
#[case::mov32("w1 = w2", Insn { code: 0xbc, regs: 0x21, off: 0, imm: 0 })]
#[case::negative("r2 += -4", Insn { code: 0x07, regs: 0x02, off: 0, imm: -4 })]
#[case::hex("r2 &= 0xff", Insn { code: 0x57, regs: 0x02, off: 0, imm: 255 })]
#[case::all_bits_of_32("w2 ^= 0xffffffff", Insn { code: 0xa4, regs: 0x02, off: 0, imm: -1 })]
#[case::signed_division("r1 s/= r2", Insn { code: 0x3f, regs: 0x21, off: 1, imm: 0 })]
#[case::signed_modulo("w1 s%= 3", Insn { code: 0x94, regs: 0x01, off: 1, imm: 3 })]
#[case::arithmetic_shift("r1 s>>= 3", Insn { code: 0xc7, regs: 0x01, off: 0, imm: 3 })]
#[case::negation("r1 = -r1", Insn { code: 0x87, regs: 0x01, off: 0, imm: 0 })]
#[case::sign_extension("r1 = (s8)r2", Insn { code: 0xbf, regs: 0x21, off: 8, imm: 0 })]
#[case::big_endian("r1 = be16 r1", Insn { code: 0xdc, regs: 0x01, off: 0, imm: 16 })]
#[case::little_endian("r1 = le64 r1", Insn { code: 0xd4, regs: 0x01, off: 0, imm: 64 })]
#[case::swap("r1 = bswap32 r1", Insn { code: 0xd7, regs: 0x01, off: 0, imm: 32 })]
#[case::load("r2 = *(u64 *)(r1 + 8)", Insn { code: 0x79, regs: 0x12, off: 8, imm: 0 })]
#[case::load_tight("r2=*(u64*)(r1+8)", Insn { code: 0x79, regs: 0x12, off: 8, imm: 0 })]
#[case::load_32("w2 = *(u32 *)(r1 - 8)", Insn { code: 0x61, regs: 0x12, off: -8, imm: 0 })]
#[case::load_signed("r2 = *(s16 *)(r1 + 0)", Insn { code: 0x89, regs: 0x12, off: 0, imm: 0 })]
#[case::store("*(u64 *)(r0 + 8) = r2", Insn { code: 0x7b, regs: 0x20, off: 8, imm: 0 })]
#[case::store_imm("*(u32 *)(r10 - 4) = 0", Insn { code: 0x62, regs: 0x0a, off: -4, imm: 0 })]
#[case::store_byte("*(u8 *)(r10 - 4) = w3", Insn { code: 0x73, regs: 0x3a, off: -4, imm: 0 })]
#[case::packet("r0 = *(u8 *)skb[23]", Insn { code: 0x30, regs: 0x00, off: 0, imm: 23 })]
#[case::packet_register("r0 = *(u32 *)skb[r1]", Insn { code: 0x40, regs: 0x10, off: 0, imm: 0 })]
#[case::packet_sum("r0 = *(u16 *)skb[r1 + 4]", Insn { code: 0x48, regs: 0x10, off: 0, imm: 4 })]
#[case::call("call 1", Insn { code: 0x85, regs: 0, off: 0, imm: 1 })]
#[case::call_name("call map_lookup_elem", Insn { code: 0x85, regs: 0, off: 0, imm: 1 })]
#[case::call_long("call bpf_map_lookup_elem", Insn { code: 0x85, regs: 0, off: 0, imm: 1 })]
#[case::call_kfunc("call kfunc 77", Insn { code: 0x85, regs: 0x20, off: 0, imm: 77 })]
#[case::exit("exit", Insn { code: 0x95, regs: 0, off: 0, imm: 0 })]
#[case::xadd("lock *(u64 *)(r1 + 0) += r2", Insn { code: 0xdb, regs: 0x21, off: 0, imm: 0 })]
#[case::xadd_32("lock *(u32 *)(r1 + 4) += w2", Insn { code: 0xc3, regs: 0x21, off: 4, imm: 0 })]
#[case::atomic_and(
    "lock *(u64 *)(r1 + 0) &= r2",
    Insn { code: 0xdb, regs: 0x21, off: 0, imm: 0x50 }
)]
#[case::fetch_add(
    "r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)",
    Insn { code: 0xdb, regs: 0x21, off: 0, imm: 1 }
)]
#[case::lock_fetch_or(
    "lock w2 = atomic_fetch_or((u32 *)(r1 + 0), w2)",
    Insn { code: 0xc3, regs: 0x21, off: 0, imm: 0x41 }
)]
#[case::exchange("r2 = xchg_64(r1 + 0, r2)", Insn { code: 0xdb, regs: 0x21, off: 0, imm: 0xe1 })]
#[case::compare_exchange(
    "w0 = cmpxchg32_32(r1 + 0, w0, w2)",
    Insn { code: 0xc3, regs: 0x21, off: 0, imm: 0xf1 }
)]
#[case::acquire(
    "r2 = load_acquire((u64 *)(r1 + 0))",
    Insn { code: 0xdb, regs: 0x12, off: 0, imm: 0x100 }
)]
#[case::release(
    "store_release((u32 *)(r1 + 0), w2)",
    Insn { code: 0xc3, regs: 0x21, off: 0, imm: 0x110 }
)]
#[case::quad(".quad 0x0000000700080195", Insn { code: 0x95, regs: 1, off: 8, imm: 7 })]
fn one_instruction(#[case] text: &str, #[case] expected: Insn) {
    assert_eq!(program(text).insns, [expected]);
}

/// Conditional jumps over one instruction.
#[rstest]
#[case::eq("if r0 == 0 goto +1", 0x15, 0x00)]
#[case::ne("if r0 != r3 goto +1", 0x5d, 0x30)]
#[case::gt("if r1 > 0 goto +1", 0x25, 0x01)]
#[case::ge("if r1 >= 0 goto +1", 0x35, 0x01)]
#[case::lt("if r1 < 0 goto +1", 0xa5, 0x01)]
#[case::le("if r1 <= 0 goto +1", 0xb5, 0x01)]
#[case::set("if r1 & r2 goto +1", 0x4d, 0x21)]
#[case::sgt("if w1 s> w7 goto +1", 0x6e, 0x71)]
#[case::sge("if w1 s>= 0 goto +1", 0x76, 0x01)]
#[case::slt("if r1 s< 0 goto +1", 0xc5, 0x01)]
#[case::sle("if r1 s<= 0 goto +1", 0xd5, 0x01)]
#[case::goto("goto +1", 0x05, 0x00)]
#[case::may_goto("may_goto +1", 0xe5, 0x00)]
fn one_jump(#[case] text: &str, #[case] code: u8, #[case] regs: u8) {
    let program = program(&format!("{text}\nexit\nexit"));
    assert_eq!(program.insns[0], Insn { code, regs, off: 1, imm: 0 });
}

#[test]
fn wide_numbers_take_two_slots() {
    let high = |imm| Insn { code: 0, regs: 0, off: 0, imm };
    let low = |regs, imm| Insn { code: 0x18, regs, off: 0, imm };
    let text = "r1 = 5 ll\nr2 = -1 ll\nr3 = 0xffffffffffffffff ll\nr4 = map_value(3, 16) ll";
    let expected = [
        [low(1, 5), high(0)],
        [low(2, -1), high(-1)],
        [low(3, -1), high(-1)],
        [low(0x24, 3), high(16)],
    ];
    assert_eq!(program(text).insns, expected.concat());
}

#[test]
fn labels_maps_comments_and_lines() {
    let text = "start: # the top\n  r1 = stats ll ; a map\n\n  // nothing\n  if r1 == 0 goto out\n\
                goto start\n  call sub\nout: last: exit\nsub:\n  r2 = other.map ll\n  exit";
    let program = program(text);
    let maps = [(0, "stats"), (6, "other.map")];
    let maps = maps.map(|(insn, map)| MapRef { insn, map: map.to_owned() });
    assert_eq!(program.map_refs, maps);
    assert_eq!(program.lines, [2, 2, 5, 6, 7, 8, 10, 10, 11]);
    assert_eq!(program.insns[0].regs, 0x11, "BPF_PSEUDO_MAP_FD");
    assert_eq!(program.insns[2].off, 2, "out");
    assert_eq!(program.insns[3].off, -4, "start");
    assert_eq!(program.insns[4], Insn { code: 0x85, regs: 0x10, off: 0, imm: 1 }, "sub");
}

#[test]
fn maps_are_printed_by_name() {
    let text = "  r1 = stats ll\n  r2 = map_fd(0) ll\n  call 1\n  exit\n";
    assert_eq!(to_text(&program(text)), text);
}

#[test]
fn encode_is_the_inverse_of_decode() {
    let text = "r1 = 5 ll\nw2 s>>= w3\nr1 = *(s8 *)(r2 - 1)\ngotol +1\ncall pc-1\nexit";
    let insns = program(text).insns;
    let ops = decode(&insns).expect("it assembles");
    let again: Vec<Insn> = ops
        .iter()
        .filter(|op| !matches!(op, Op::Nop))
        .flat_map(|op| {
            let (first, second) = encode(op);
            [Some(first), second]
        })
        .flatten()
        .collect();
    assert_eq!(again, insns);
}

#[test]
fn an_empty_text_is_an_empty_program() {
    assert_eq!(program(" \n # nothing\n").insns, []);
}
