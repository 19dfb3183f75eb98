//! What two kernels may answer differently: ids and times are inputs, and some of what a program
//! becomes is not modelled.

use crate::player::{Known, word};
use crate::step::{Call, SLOTS, Slot, What};
use bpfsim_syscall::meta::Kind;

/// What is not compared, and why; for people.
pub const NOT_COMPARED: [&str; 4] = [
    "ids of objects: compared as names of the objects",
    "times: load_time of a program, duration of a test run",
    "what a JIT and the rewriting of instructions leave: jited_prog_len, nr_jited_ksyms, \
     nr_jited_func_lens, xlated_prog_len, verified_insns",
    "text and length of logs: log_buf, log_true_size, btf_log_buf, btf_log_true_size",
];

const PROG_LOAD: u32 = 5;
const TEST_RUN: u32 = 10;
const INFO: u32 = 15;
const BTF_LOAD: u32 = 18;

/// PROG, MAP, BTF and LINK_GET_NEXT_ID.
const NEXT_ID: [(u32, Kind); 4] =
    [(11, Kind::Prog), (12, Kind::Map), (23, Kind::Btf), (31, Kind::Link)];

/// Bytes of `struct bpf_prog_info` that a real machine fills by itself.
const PROG_INFO: [(usize, usize); 5] = [(16, 24), (40, 48), (104, 112), (168, 172), (216, 220)];

/// Commands that read values of a map, with the byte of the attr where its fd is, and where the
/// values go: lookup, lookup and delete, and both as batches.
const READS: [(u32, u32, u32); 4] = [(1, 0, 16), (21, 0, 16), (24, 36, 24), (25, 36, 24)];

/// The slot of the map whose values a call reads.
pub(crate) fn map_read(call: &Call) -> Option<Slot> {
    let (_, fd, _) = READS.iter().find(|(cmd, ..)| *cmd == call.cmd)?;
    call.attr.names.iter().rev().find(|name| name.at == *fd).and_then(|name| match name.what {
        What::Fd(slot) => Some(slot),
        What::Id(_) | What::IdBefore(_) | What::Address(..) | What::Nowhere => None,
    })
}

/// Maps of programs and of maps answer ids: `BPF_MAP_TYPE_PROG_ARRAY`, `ARRAY_OF_MAPS` and
/// `HASH_OF_MAPS`.
fn ids_read(call: &Call, known: &[Option<Known>; SLOTS]) -> Option<Kind> {
    let map = known[usize::from(map_read(call)?)].filter(|known| known.kind == Kind::Map)?;
    match map.of_type {
        3 => Some(Kind::Prog),
        12 | 13 => Some(Kind::Map),
        _ => None,
    }
}

/// Whether a call shows ids.
pub(crate) fn shows_ids(call: &Call, known: &[Option<Known>; SLOTS]) -> bool {
    let asks = call.cmd == INFO || NEXT_ID.iter().any(|(cmd, _)| *cmd == call.cmd);
    asks || ids_read(call, known).is_some()
}

/// Takes out of the attr and the buffers what is no answer of the kernel's rules.
pub(crate) fn apply(
    call: &Call,
    succeeded: bool,
    known: &[Option<Known>; SLOTS],
    kind: Option<Kind>,
    memory: &mut [Vec<u8>],
) {
    match call.cmd {
        PROG_LOAD => log(call, (32, 140), memory),
        BTF_LOAD => log(call, (8, 28), memory),
        TEST_RUN => clear(&mut memory[0], 36, 40),
        INFO if succeeded => info(call, kind, known, memory),
        cmd => {
            if let Some((_, kind)) = NEXT_ID.iter().find(|(next, _)| *next == cmd) {
                // A part of it may have arrived before the fault.
                let len = if succeeded { usize::MAX } else { 0 };
                Ids { known, len }.name(&mut memory[0], 4, *kind);
            }
            if let Some(kind) = ids_read(call, known) {
                values(call, kind, known, memory);
            }
        }
    }
}

fn clear(bytes: &mut [u8], from: usize, to: usize) {
    let end = to.min(bytes.len());
    if from < end {
        bytes[from..end].fill(0);
    }
}

/// The image behind a pointer of an image: 0 is the attr, then come the buffers.
pub(crate) fn behind(call: &Call, image: usize, at: u32) -> Option<usize> {
    let names = match image {
        0 => &call.attr.names,
        image => &call.buffers.get(image - 1)?.names,
    };
    names.iter().rev().find(|name| name.at == at).and_then(|name| match name.what {
        What::Address(buffer, _) => Some(usize::from(buffer) + 1),
        What::Fd(_) | What::Id(_) | What::IdBefore(_) | What::Nowhere => None,
    })
}

fn log(call: &Call, (buffer, true_size): (u32, usize), memory: &mut [Vec<u8>]) {
    clear(&mut memory[0], true_size, true_size + 4);
    if let Some(text) = behind(call, 0, buffer).and_then(|at| memory.get_mut(at)) {
        text.fill(0);
    }
}

/// The numbers of the objects, and whose are asked for.
struct Ids<'a> {
    known: &'a [Option<Known>; SLOTS],
    /// So many bytes of the info were written.
    len: usize,
}

impl Ids<'_> {
    /// An id becomes the number of the slot whose object has it, from 1; others become `u32::MAX`.
    fn name(&self, bytes: &mut [u8], at: usize, kind: Kind) {
        let end = at + 4;
        if end > self.len || end > bytes.len() {
            // A part of an id says nothing.
            clear(bytes, at, end);
            return;
        }
        let four = &mut bytes[at..end];
        let id = four.iter().rev().fold(0, |id, byte| (id << 8) | u32::from(*byte));
        if id == 0 {
            return;
        }
        let same =
            |known: &Option<Known>| known.is_some_and(|known| known.kind == kind && known.id == id);
        let slot = self.known.iter().position(same);
        let name = slot.map_or(u32::MAX, |slot| slot as u32 + 1);
        four.copy_from_slice(&name.to_le_bytes());
    }
}

/// Every word of the values that were read is an id.
fn values(call: &Call, kind: Kind, known: &[Option<Known>; SLOTS], memory: &mut [Vec<u8>]) {
    let row = READS.iter().find(|(cmd, ..)| *cmd == call.cmd);
    let at = row.and_then(|(_, _, at)| behind(call, 0, *at));
    let Some((at, bytes)) = at.and_then(|at| Some((at, memory.get_mut(at)?))) else { return };
    let before = &call.buffers[at - 1].bytes;
    let ids = Ids { known, len: bytes.len() };
    for start in (0..bytes.len() / 4).map(|index| index * 4) {
        // What was not written is no id.
        if bytes[start..start + 4] != before[start..start + 4] {
            ids.name(bytes, start, kind);
        }
    }
}

fn info(call: &Call, kind: Option<Kind>, known: &[Option<Known>; SLOTS], memory: &mut [Vec<u8>]) {
    let (Some(at), Some(kind)) = (behind(call, 0, 8), kind) else { return };
    let len = word(&memory[0], 4) as usize;
    let ids = Ids { known, len };
    let list = behind(call, at, 56);
    let Some(info) = memory.get_mut(at) else { return };
    match kind {
        Kind::Map => {
            ids.name(info, 4, Kind::Map);
            ids.name(info, 64, Kind::Btf);
        }
        Kind::Prog => {
            ids.name(info, 4, Kind::Prog);
            ids.name(info, 128, Kind::Btf);
            PROG_INFO.iter().for_each(|(from, to)| clear(info, *from, *to));
        }
        Kind::Btf => ids.name(info, 12, Kind::Btf),
        Kind::Link => {
            ids.name(info, 4, Kind::Link);
            ids.name(info, 8, Kind::Prog);
        }
        // It has no info.
        Kind::Stats => {}
    }
    if kind == Kind::Prog
        && let Some(maps) = list.and_then(|at| memory.get_mut(at))
    {
        let ids = Ids { known, len: maps.len() };
        (0..maps.len() / 4).for_each(|index| ids.name(maps, index * 4, Kind::Map));
    }
}
