//! The programs of an object, with their map references resolved.

use super::elf::{Elf, Relocation, Section, Symbol};
use super::maps::Declared;
use super::section::prog_type_of;
use super::{ObjectError, ProgDef};
use crate::asm::MapRef;
use bpfsim_abi::Insn;
use bpfsim_abi::insn::code;

const INSN_SIZE: u64 = 8;
/// `R_BPF_64_64`: fills the two immediates of `lddw`.
const R_BPF_64_64: u32 = 1;
/// `R_BPF_64_32`: fills the immediate of a call.
const R_BPF_64_32: u32 = 10;
const LDDW: u8 = code::BPF_LD | code::BPF_IMM | code::BPF_DW;
const CALL: u8 = code::BPF_JMP | code::BPF_CALL;

/// All programs by section and place. A function of `.text` is none: programs call those.
pub(super) fn programs(elf: &Elf, maps: &[Declared]) -> Result<Vec<ProgDef>, ObjectError> {
    let mut progs: Vec<ProgDef> = Vec::new();
    for section in elf.sections.iter().filter(|section| section.executable) {
        if section.name == ".text" {
            continue;
        }
        for function in functions(elf, section)? {
            progs.push(program(elf, maps, section, function)?);
        }
    }
    for (at, prog) in progs.iter().enumerate() {
        if progs[..at].iter().any(|other| other.name == prog.name) {
            let what = format!("two programs are named `{}`", prog.name);
            return Err(ObjectError::Malformed(what));
        }
    }
    if progs.is_empty() {
        let what = "no program: expected a function in a section such as \"socket\" or \"xdp\"";
        return Err(ObjectError::Malformed(what.to_owned()));
    }
    Ok(progs)
}

/// The functions of a section, which follow each other without overlap.
fn functions<'e>(elf: &'e Elf, section: &Section) -> Result<Vec<&'e Symbol>, ObjectError> {
    let mut list: Vec<&Symbol> = elf
        .symbols
        .iter()
        .filter(|symbol| symbol.is_function && symbol.section == Some(section.index))
        .collect();
    list.sort_by_key(|symbol| symbol.offset);
    let mut end = 0;
    for function in &list {
        let place = format!("function `{}` of section `{}`", function.name, section.name);
        if function.offset % INSN_SIZE != 0 || function.size % INSN_SIZE != 0 {
            let what = format!("{place} is no whole number of instructions");
            return Err(ObjectError::Malformed(what));
        }
        let next = function.offset.checked_add(function.size);
        match next.filter(|next| *next <= section.data.len() as u64) {
            Some(_) if function.offset < end => {
                return Err(ObjectError::Malformed(format!("{place} overlaps another")));
            }
            Some(next) => end = next,
            None => {
                return Err(ObjectError::Malformed(format!("{place} ends outside the section")));
            }
        }
    }
    Ok(list)
}

fn program(
    elf: &Elf,
    maps: &[Declared],
    section: &Section,
    function: &Symbol,
) -> Result<ProgDef, ObjectError> {
    let prog_type = prog_type_of(&section.name).ok_or_else(|| {
        let (name, section) = (&function.name, &section.name);
        let example =
            "rename it, for example to \"socket\", \"kprobe/NAME\", \"tp/A/B\" or \"xdp\"";
        ObjectError::NotModelled(format!(
            "section `{section}` of program `{name}` says no program type; {example}"
        ))
    })?;
    let (start, size) = (function.offset as usize, function.size as usize);
    let mut insns: Vec<Insn> = section.data[start..start + size]
        .chunks_exact(INSN_SIZE as usize)
        .map(|b| Insn {
            code: b[0],
            regs: b[1],
            off: i16::from_le_bytes([b[2], b[3]]),
            imm: i32::from_le_bytes([b[4], b[5], b[6], b[7]]),
        })
        .collect();
    let mut map_refs = Vec::new();
    let inside = function.offset..function.offset + function.size;
    for relocation in section.relocations.iter().filter(|r| inside.contains(&r.offset)) {
        let pc = ((relocation.offset - function.offset) / INSN_SIZE) as usize;
        let place = format!("instruction {pc} of program `{}`", function.name);
        map_refs.push(relocate(elf, maps, relocation, &mut insns, pc, &place)?);
    }
    refuse_local_calls(elf, section, function, &insns)?;
    map_refs.sort_by_key(|reference: &MapRef| reference.insn);
    Ok(ProgDef {
        name: function.name.clone(),
        section: section.name.clone(),
        prog_type,
        insns,
        map_refs,
    })
}

/// Makes the `lddw` at `pc` load a map, or says why not.
fn relocate(
    elf: &Elf,
    maps: &[Declared],
    relocation: &Relocation,
    insns: &mut [Insn],
    pc: usize,
    place: &str,
) -> Result<MapRef, ObjectError> {
    let symbol = &relocation.symbol;
    let Some(section) = symbol.section.and_then(|index| elf.section_at(index)) else {
        let what = format!("{place} refers to extern symbol `{}`", symbol.name);
        return Err(ObjectError::NotModelled(what));
    };
    match relocation.r_type {
        R_BPF_64_64 if !section.executable => {}
        R_BPF_64_32 | R_BPF_64_64 => {
            let imm = i64::from(insns.get(pc).map_or(0, |insn| insn.imm));
            let calls = relocation.r_type == R_BPF_64_32;
            let beyond = if calls { imm.wrapping_add(1) * INSN_SIZE as i64 } else { imm };
            let offset = symbol.offset.wrapping_add_signed(beyond);
            return Err(call_refused(elf, section, offset, place));
        }
        other => {
            let what = format!("{place} has relocation type {other}; expected 1 (R_BPF_64_64)");
            return Err(ObjectError::Malformed(what));
        }
    }
    let Some([low, high]) = insns.get_mut(pc..).and_then(|rest| rest.first_chunk_mut()) else {
        return Err(ObjectError::Malformed(format!("{place} is half of a 64-bit immediate")));
    };
    if low.code != LDDW || high.code != 0 || !relocation.offset.is_multiple_of(INSN_SIZE) {
        let what = format!("{place} is relocated and loads no 64-bit immediate");
        return Err(ObjectError::Malformed(what));
    }
    // A symbol that stands for the section leaves the place in it to the immediate.
    let offset = symbol.offset.wrapping_add(u64::from(low.imm as u32));
    let map = maps.iter().find(|map| map.section == section.index && map.offset == offset);
    let Some(map) = map else {
        return Err(data_refused(place, &section.name, &symbol.name));
    };
    *low = Insn::new(LDDW, low.dst(), code::BPF_PSEUDO_MAP_FD, 0, 0);
    *high = Insn::default();
    Ok(MapRef { insn: pc, map: map.def.name.clone() })
}

/// `place` calls or points to the function at byte `offset` of `section`.
fn call_refused(elf: &Elf, section: &Section, offset: u64, place: &str) -> ObjectError {
    let callee = elf
        .symbols
        .iter()
        .find(|s| s.is_function && s.section == Some(section.index) && s.offset == offset)
        .map_or_else(|| format!("byte {offset} of section {}", section.name), |s| s.name.clone());
    let way_out = "declare it `static inline __attribute__((always_inline))`";
    ObjectError::NotModelled(format!("{place} calls function `{callee}`; {way_out}"))
}

fn data_refused(place: &str, section: &str, symbol: &str) -> ObjectError {
    let symbol = if symbol.is_empty() { section } else { symbol };
    if matches!(section, "maps" | ".maps") {
        let what = format!("{place} refers to `{symbol}` in section {section}, which is no map");
        return ObjectError::Malformed(what);
    }
    let way_out = "keep it in a map or on the stack";
    ObjectError::NotModelled(format!(
        "{place} uses global data `{symbol}` of section {section}; {way_out}"
    ))
}

/// Calls within a section need no relocation.
fn refuse_local_calls(
    elf: &Elf,
    section: &Section,
    function: &Symbol,
    insns: &[Insn],
) -> Result<(), ObjectError> {
    let local = |insn: &Insn| insn.code == CALL && insn.src() == code::BPF_PSEUDO_CALL;
    let Some(pc) = insns.iter().position(local) else { return Ok(()) };
    let distance = (pc as i64 + 1 + i64::from(insns[pc].imm)) * INSN_SIZE as i64;
    let offset = function.offset.wrapping_add_signed(distance);
    let place = format!("instruction {pc} of program `{}`", function.name);
    Err(call_refused(elf, section, offset, &place))
}
