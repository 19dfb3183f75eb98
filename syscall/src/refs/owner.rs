//! What the programs of one PROG_ARRAY have in common.
//!
//! The first one decides. Source: `kernel/bpf/core.c` (`bpf_prog_array_compatible`,
//! `bpf_prog_map_compatible`), v4.2 to v7.1. Whether a program is compiled is the same for all
//! here.

use super::{At, Stands, of_handle};
use crate::Failure;
use crate::core::{Core, ObjectId};
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::kinds::{Kind, Slots};
use bpfsim_maps::map::Words;
use bpfsim_sim::Hw;

/// `BPF_PROG_TYPE_EXT`.
const EXT: u32 = 28;

/// From v6.18 on `expected_attach_type` counts too (4540aed51b12).
const ATTACH_TYPES: Release = Release::new(6, 18);

/// The owner that the map has from now on.
///
/// # Errors
/// EINVAL where the program is not like the first.
pub(super) fn take_in(at: &At<'_>, program: u32) -> Result<u64, Failure> {
    let is_ext = at.core.program(program).is_some_and(|program| program.prog_type() == EXT);
    if is_ext && at.release() >= Release::new(6, 13) {
        return Err(Errno::EINVAL.into());
    }
    agree(at.core, at.hw, at.handle, program)
}

/// What a program is, in the words of [`Slots::owner`].
fn what(core: &Core, program: u32) -> u64 {
    let kind = core.program(program).map_or(0, |program| program.prog_type());
    let attach = core.meta(ObjectId::Prog(program)).map_or(0, |meta| meta.attach_type);
    let counts = core.profile.release >= ATTACH_TYPES;
    u64::from(kind + 1) | if counts { u64::from(attach) << 32 } else { 0 }
}

fn agree(core: &Core, hw: &Hw, map: u32, program: u32) -> Result<u64, Failure> {
    let Some(slots) = slots(core, map) else { return Err(Errno::EBADF.into()) };
    let (owner, own) = (slots.owner(&hw.mem)?, what(core, program));
    if owner == 0 || owner == own { Ok(own) } else { Err(Errno::EINVAL.into()) }
}

fn slots(core: &Core, map: u32) -> Option<&Slots> {
    match &core.map(map)?.words {
        Words::Own(Kind::Slots(slots)) => Some(slots),
        _ => None,
    }
}

/// Notes whose programs a PROG_ARRAY takes.
///
/// # Errors
/// The map is gone.
pub(super) fn note(core: &Core, hw: &mut Hw, map: u32, owner: u64) -> Result<(), Failure> {
    match slots(core, map) {
        Some(slots) => Ok(slots.set_owner(&mut hw.mem, owner)?),
        None => Ok(()),
    }
}

/// bpf_check_tail_call(), v4.2: a new program must go with each PROG_ARRAY that it names, and
/// decides for those that are nobody's yet.
///
/// # Errors
/// EINVAL where it does not.
pub(crate) fn join(core: &Core, hw: &mut Hw, object: ObjectId) -> Result<(), Failure> {
    let ObjectId::Prog(program) = object else { return Ok(()) };
    let held = core.holds(object).iter();
    let maps = core.maps().map(|(map, _)| map).filter(|map| {
        of_handle(core, *map) == Some(Stands::Progs)
            && held.clone().any(|one| *one == ObjectId::Map(*map))
    });
    for map in maps.collect::<Vec<_>>() {
        let owner = agree(core, hw, map, program)?;
        note(core, hw, map, owner)?;
    }
    Ok(())
}
