//! `struct bpf_prog_info`, as a kernel without a JIT fills it.

use super::{read, room, write};
use crate::btf::{DebugInfo, prog};
use crate::core::{Core, ObjectId};
use crate::entry::Attr;
use crate::task::Caps;
use crate::{Answer, Failure, Kernel, Task, digest};
use bpfsim_abi::attr::{ProgInfo, UserAddr};
use bpfsim_abi::{Because, Insn, Refusal, Release, cause};
use bpfsim_verifier::Verified;
use zerocopy::IntoBytes;

/// `sizeof(struct bpf_func_info)`, `sizeof(struct bpf_line_info)` and a u64.
const RECORDS: [u32; 3] = [8, 16, 8];

/// The release that names maps, programs and their makers.
const NAMES: Release = Release::new(4, 15);

/// bpf_prog_get_info_by_fd(). The struct goes in and out: counts say how much room there is
/// behind the pointers, and come back as how much there is.
pub(super) fn info(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, handle: u32) -> Answer {
    let room = room(kernel, task, attr, "struct bpf_prog_info")?;
    let mut info: ProgInfo = read(task, &room)?;
    let core = &kernel.core;
    let release = core.profile.release;
    let program = core.program(handle).because(cause::PROG_FD_NOT_OPEN)?;
    let meta = core.meta(ObjectId::Prog(handle)).because(cause::PROG_FD_NOT_OPEN)?;
    info.r#type = program.prog_type();
    info.id = meta.id;
    info.tag = tag(program.insns(), release);
    info.load_time = meta.made_ns;
    info.created_by_uid = meta.uid;
    info.name = meta.name;
    // One bit; the others are the caller's.
    info.gpl_compatible = info.gpl_compatible & !1 | u32::from(meta.gpl);
    if release >= NAMES {
        map_ids(core, task, &mut info, handle)?;
    }
    if release >= Release::new(5, 0) {
        record_sizes(&mut info)?;
    }
    info.run_time_ns = meta.run_ns;
    info.run_cnt = meta.runs;
    info.recursion_misses = 0;
    info.verified_insns = program.insns().len() as u32;
    let debug = meta.debug.as_deref();
    if let Some(btf) = debug.and_then(|debug| debug.btf) {
        info.btf_id = core.meta(ObjectId::Btf(btf)).map_or(0, |meta| meta.id);
    }
    if may(task.caps(), release) {
        instructions(task, &mut info, program)?;
        machine_code(task, &mut info, release)?;
        debug_info(task, &mut info, debug)?;
    } else {
        hide(&mut info, release);
    }
    write(task, attr, &room, &info)
}

/// CAP_SYS_ADMIN, from v5.8 on CAP_BPF.
fn may(caps: Caps, release: Release) -> bool {
    if release < Release::new(5, 8) { caps.sys_admin } else { caps.privileged() }
}

/// bpf_prog_calc_tag(): of the instructions with the fds of maps as zero.
fn tag(insns: &[Insn], release: Release) -> [u8; 8] {
    let values = release >= Release::new(5, 2);
    let mut bytes = insns.as_bytes().to_vec();
    let mut second = false;
    for insn in bytes.chunks_mut(8) {
        let loads_map = insn[0] == 0x18 && (insn[1] >> 4 == 1 || values && insn[1] >> 4 == 2);
        let is_rest = second && insn[..4] == [0; 4];
        second = !second && loads_map;
        if second || is_rest {
            insn[4..].fill(0);
        }
    }
    let digest: &[u8] = if release >= Release::new(6, 18) {
        &digest::sha256(&bytes)
    } else {
        &digest::sha1(&bytes)
    };
    std::array::from_fn(|at| digest[at])
}

/// The ids of the maps that the program holds.
fn map_ids(
    core: &Core,
    task: &mut dyn Task,
    info: &mut ProgInfo,
    program: u32,
) -> Result<(), Failure> {
    let held = core.held_maps(program);
    let room = std::mem::replace(&mut info.nr_map_ids, held.len() as u32);
    for (index, map) in held.iter().take(room as usize).enumerate() {
        let id = core.meta(ObjectId::Map(*map)).map_or(0, |meta| meta.id);
        let at = info.map_ids.checked_add(index as u64 * 4).because(cause::INFO_UNWRITABLE)?;
        task.write(at, &id.to_le_bytes()).because(cause::INFO_UNWRITABLE)?;
    }
    Ok(())
}

/// set_info_rec_size(): the size of a record must be right where records are asked for.
fn record_sizes(info: &mut ProgInfo) -> Result<(), Refusal> {
    let [func, line, jited] = RECORDS;
    let fits = |asked: u32, given: u32, size: u32| asked == 0 && given == 0 || given == size;
    let all = fits(info.nr_func_info, info.func_info_rec_size, func)
        && fits(info.nr_line_info, info.line_info_rec_size, line)
        && fits(info.nr_jited_line_info, info.jited_line_info_rec_size, jited);
    (info.func_info_rec_size, info.line_info_rec_size) = (func, line);
    info.jited_line_info_rec_size = jited;
    cause::INFO_RECORD_SIZE.unless(all)
}

/// What those who may not see code get.
fn hide(info: &mut ProgInfo, release: Release) {
    info.jited_prog_len = 0;
    info.xlated_prog_len = 0;
    info.nr_jited_ksyms = 0;
    if release >= Release::new(4, 20) {
        info.nr_jited_func_lens = 0;
    }
    info.nr_func_info = 0;
    info.nr_line_info = 0;
    info.nr_jited_line_info = 0;
}

/// The instructions, where the kernel does not rewrite them.
fn instructions(
    task: &mut dyn Task,
    info: &mut ProgInfo,
    program: &Verified,
) -> Result<(), Failure> {
    let bytes = program.insns().as_bytes();
    let room = std::mem::replace(&mut info.xlated_prog_len, bytes.len() as u32) as usize;
    if room == 0 {
        return Ok(());
    }
    if !program.insns().as_bytes().chunks(8).all(|insn| stays(insn[0], insn[1] & 15)) {
        return Err(Failure::NotModelled(
            "the instructions of a program after the kernel's rewrites (xlated_prog_insns)"
                .to_owned(),
        ));
    }
    task.write(info.xlated_prog_insns, &bytes[..room.min(bytes.len())])?;
    Ok(())
}

/// Arithmetic without division, stores to the stack and the exit: nothing that a release patches,
/// inlines or throws away.
fn stays(code: u8, dst: u8) -> bool {
    const EXIT: u8 = 0x95;
    let (class, op) = (code & 7, code & 0xf0);
    match class {
        2 | 3 => code & 0xe0 == 0x60 && dst == 10,
        4 | 7 => op != 0x30 && op != 0x90,
        _ => code == EXIT,
    }
}

/// Nothing was translated: one function, of no bytes, at an address that nobody can know.
fn machine_code(task: &mut dyn Task, info: &mut ProgInfo, release: Release) -> Result<(), Failure> {
    info.jited_prog_len = 0;
    let functions = u32::from(release >= Release::new(4, 20));
    let asked = std::mem::replace(&mut info.nr_jited_ksyms, functions);
    if functions != 0 && asked != 0 {
        return Err(Failure::NotModelled("addresses of functions (jited_ksyms)".to_owned()));
    }
    let asked = std::mem::replace(&mut info.nr_jited_func_lens, functions);
    if functions != 0 && asked != 0 {
        task.write(info.jited_func_lens, &0u32.to_le_bytes())?;
    }
    Ok(())
}

/// Functions and lines, none of translated code, and one tag. Without a BTF its id stays as the
/// caller left it.
fn debug_info(
    task: &mut dyn Task,
    info: &mut ProgInfo,
    debug: Option<&DebugInfo>,
) -> Result<(), Failure> {
    let none = DebugInfo::default();
    let debug = debug.unwrap_or(&none);
    let (funcs, lines) = (&debug.funcs, &debug.lines);
    info.nr_func_info = records(task, info.func_info, info.nr_func_info, funcs, prog::FUNC)?;
    info.nr_line_info = records(task, info.line_info, info.nr_line_info, lines, prog::LINE)?;
    info.nr_jited_line_info = 0;
    info.attach_btf_id = 0;
    let asked = std::mem::replace(&mut info.nr_prog_tags, 1);
    if asked != 0 {
        task.write(info.prog_tags, &info.tag)?;
    }
    Ok(())
}

/// As many records as there is room for, and how many there are.
fn records(
    task: &mut dyn Task,
    at: UserAddr,
    room: u32,
    records: &[u8],
    size: u32,
) -> Result<u32, Failure> {
    let count = records.len() as u32 / size;
    let copied = (room.min(count) * size) as usize;
    task.write(at, &records[..copied])?;
    Ok(count)
}
