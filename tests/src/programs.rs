//! Small programs as bytes, assembled by hand from the instruction set of v4.4.

use crate::bench::{Bench, Said};
use crate::numbers::{cmd, prog};
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};

/// One instruction: code, destination, source, offset, immediate.
pub const fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> [u8; 8] {
    let (off, imm) = (off.to_le_bytes(), imm.to_le_bytes());
    [code, src << 4 | dst, off[0], off[1], imm[0], imm[1], imm[2], imm[3]]
}

/// `BPF_ALU64 | BPF_MOV | BPF_K`.
pub const fn mov(dst: u8, imm: i32) -> [u8; 8] {
    insn(0xb7, dst, 0, 0, imm)
}

/// `BPF_ALU64 | BPF_MOV | BPF_X`.
pub const fn mov_reg(dst: u8, src: u8) -> [u8; 8] {
    insn(0xbf, dst, src, 0, 0)
}

/// `BPF_ALU64 | BPF_ADD | BPF_K`.
pub const fn add(dst: u8, imm: i32) -> [u8; 8] {
    insn(0x07, dst, 0, 0, imm)
}

/// `BPF_LD | BPF_DW | BPF_IMM` of a map's fd: two instructions.
pub const fn load_map(dst: u8, fd: u32) -> [[u8; 8]; 2] {
    [insn(0x18, dst, 1, 0, fd as i32), insn(0, 0, 0, 0, 0)]
}

/// `BPF_JMP | BPF_CALL` of a helper.
pub const fn call(helper: i32) -> [u8; 8] {
    insn(0x85, 0, 0, 0, helper)
}

/// `BPF_JMP | BPF_EXIT`.
pub const EXIT: [u8; 8] = insn(0x95, 0, 0, 0, 0);

/// `r0 = value; exit`.
pub const fn returns(value: i32) -> [[u8; 8]; 2] {
    [mov(0, value), EXIT]
}

/// Stores `value` under the 4-byte `key` with the plain update helper, and returns its result.
pub fn update_helper(fd: u32, key: i32, value: i32) -> Vec<[u8; 8]> {
    let mut insns = vec![
        // *(u32 *)(r10 - 4) = key; *(u64 *)(r10 - 16) = value
        insn(0x62, 10, 0, -4, key),
        insn(0x7a, 10, 0, -16, value),
    ];
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -4), mov_reg(3, 10), add(3, -16), mov(4, 0)]);
    insns.extend([call(2), EXIT]);
    insns
}

/// Reads the first word under the 4-byte `key` with the plain lookup helper; -1 where there is
/// none.
pub fn lookup_helper(fd: u32, key: i32) -> Vec<[u8; 8]> {
    let mut insns = vec![insn(0x62, 10, 0, -4, key)];
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -4), call(1)]);
    // if r0 != 0 goto +2; r0 = -1; exit; r0 = *(u64 *)(r0 + 0); exit
    insns.extend([insn(0x55, 0, 0, 2, 0), mov(0, -1), EXIT, insn(0x79, 0, 0, 0, 0), EXIT]);
    insns
}

/// PROG_LOAD of a socket filter under the GPL, without a log.
pub fn load(bench: &mut Bench, insns: &[[u8; 8]]) -> Said {
    let arm = arm(bench, insns);
    bench.call(cmd::PROG_LOAD, &arm)
}

/// The arm that loads a socket filter under the GPL, without a log.
pub fn arm(bench: &mut Bench, insns: &[[u8; 8]]) -> ProgLoadAttr {
    let (at, license) = (bench.alloc(insns.as_flattened()), bench.alloc(b"GPL\0"));
    ProgLoadAttr {
        prog_type: prog::SOCKET_FILTER,
        insn_cnt: insns.len() as u32,
        insns: at,
        license,
        log_buf: UserAddr::NULL,
        ..ProgLoadAttr::default()
    }
}
