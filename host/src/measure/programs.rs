//! The two programs of the race. Both call `bpf_map_lookup_elem` and no other helper.

use crate::failed::Skipped;
use crate::sys::{NativeMap, OwnProgram};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::code::*;
use std::os::fd::AsRawFd;

/// `BPF_PROG_TYPE_SOCKET_FILTER`.
const SOCKET_FILTER: u32 = 1;
/// `BPF_PROG_TYPE_RAW_TRACEPOINT`, v4.17; under TEST_RUN since v5.10.
const RAW_TRACEPOINT: u32 = 17;
/// `BPF_FUNC_map_lookup_elem`.
const MAP_LOOKUP_ELEM: i32 = 1;

const MOV: u8 = BPF_ALU64 | BPF_MOV;
const ADD: u8 = BPF_ALU64 | BPF_ADD;
const LOAD: u8 = BPF_LDX | BPF_MEM | BPF_DW;
const STORE: u8 = BPF_STX | BPF_MEM | BPF_DW;
const EXIT: Insn = Insn::new(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

/// `r0 = &map[0]`; returns 0 from the program where there is none.
fn lookup(map: &NativeMap) -> [Insn; 9] {
    [
        Insn::new(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),
        Insn::new(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map.as_raw_fd()),
        Insn::new(0, 0, 0, 0, 0),
        Insn::new(MOV | BPF_X, 2, 10, 0, 0),
        Insn::new(ADD | BPF_K, 2, 0, 0, -4),
        Insn::new(BPF_JMP | BPF_CALL, 0, 0, 0, MAP_LOOKUP_ELEM),
        Insn::new(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0),
        Insn::new(MOV | BPF_K, 0, 0, 0, 0),
        EXIT,
    ]
}

/// Adds one to each field of this CPU's slot, in ascending order, with `gap` additions to a
/// register between two fields. Returns 1.
fn writer_insns(slots: &NativeMap, fields: u32, gap: u32) -> Vec<Insn> {
    let mut insns = lookup(slots).to_vec();
    insns.push(Insn::new(MOV | BPF_K, 3, 0, 0, 0));
    for field in 0..fields {
        if field > 0 {
            let idle = Insn::new(ADD | BPF_K, 3, 0, 0, 1);
            insns.extend(std::iter::repeat_n(idle, gap as usize));
        }
        let off = (field * 8) as i16;
        insns.push(Insn::new(LOAD, 1, 0, off, 0));
        insns.push(Insn::new(ADD | BPF_K, 1, 0, 0, 1));
        insns.push(Insn::new(STORE, 0, 1, off, 0));
    }
    insns.extend([Insn::new(MOV | BPF_K, 0, 0, 0, 1), EXIT]);
    insns
}

/// Copies this CPU's slot into the only value of an array, word by word, ascending. Returns 1.
fn copier_insns(slots: &NativeMap, copy: &NativeMap, fields: u32) -> Vec<Insn> {
    let mut insns = lookup(slots).to_vec();
    insns.push(Insn::new(MOV | BPF_X, 6, 0, 0, 0));
    insns.extend(lookup(copy));
    for field in 0..fields {
        let off = (field * 8) as i16;
        insns.push(Insn::new(LOAD, 1, 6, off, 0));
        insns.push(Insn::new(STORE, 0, 1, off, 0));
    }
    insns.extend([Insn::new(MOV | BPF_K, 0, 0, 0, 1), EXIT]);
    insns
}

/// Loads the writer, a socket filter.
pub(super) fn writer(slots: &NativeMap, fields: u32, gap: u32) -> Result<OwnProgram, Skipped> {
    Ok(OwnProgram::load(SOCKET_FILTER, &writer_insns(slots, fields, gap))?)
}

/// Loads the copier, a raw-tracepoint program.
pub(super) fn copier(
    slots: &NativeMap,
    copy: &NativeMap,
    fields: u32,
) -> Result<OwnProgram, Skipped> {
    Ok(OwnProgram::load(RAW_TRACEPOINT, &copier_insns(slots, copy, fields))?)
}
