//! Decoding: one encoding per row.

use bpfsim_abi::Insn;
use bpfsim_abi::insn::{Callee, Imm64, Op, Size, decode, decode_at};
use rstest::rstest;

#[rstest]
#[case::exit(Insn::new(0x95, 0, 0, 0, 0), Ok(Op::Exit))]
#[case::call(Insn::new(0x85, 0, 0, 0, 5), Ok(Op::Call(Callee::Helper(5))))]
#[case::call_local(Insn::new(0x85, 0, 1, 0, 5), Ok(Op::Call(Callee::Local(5))))]
#[case::call_by_register(Insn::new(0x8d, 0, 0, 0, 5), Err("unknown jump"))]
#[case::no_register_11(Insn::new(0xb7, 11, 0, 0, 0), Err("the destination is no register"))]
#[case::half_a_lddw(Insn::new(0x18, 0, 0, 0, 0), Err("the second half is missing"))]
#[case::atomic_byte(Insn::new(0xd3, 1, 2, 0, 0), Err("atomic operations take four or eight bytes"))]
fn one_instruction(#[case] insn: Insn, #[case] op: Result<Op, &str>) {
    assert_eq!(decode(&[insn]).map(|ops| ops[0]).map_err(|error| error.why), op);
}

#[test]
fn lddw_takes_two_slots() {
    let ops = decode(&[Insn::new(0x18, 1, 0, 0, -1), Insn::new(0, 0, 0, 0, 1)]).unwrap();
    assert!(matches!(ops[0], Op::LoadImm64 { imm: Imm64::Value(0x1_ffff_ffff), .. }));
    assert_eq!((ops.len(), ops[1]), (2, Op::Nop));
    assert_eq!(Size::Dw.bytes(), 8);
}

#[test]
fn past_the_end_there_is_no_instruction() {
    assert_eq!(decode(&[]), Ok(vec![]));
    let error = decode_at(&[], 3).unwrap_err();
    assert_eq!(error.to_string(), "instruction 3 (opcode 0x00): the program ends before it");
}
