//! BPF_MAP_CREATE.

use crate::entry::Attr;
use crate::name;
use crate::task::Mode;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_abi::{Errno, Release, cause, map_type};
use bpfsim_maps::create::{self, Around, BPF_F_NUMA_NODE, BPF_F_ZERO_SEED, Create};

/// `BPF_F_TOKEN_FD`, v6.9.
const BPF_F_TOKEN_FD: u32 = 1 << 16;

/// `BPF_MAP_TYPE_STRUCT_OPS`, `_BLOOM_FILTER` and `_ARENA`.
const STRUCT_OPS: u32 = 26;
const BLOOM_FILTER: u32 = 30;
const ARENA: u32 = 33;

/// `SHA256_DIGEST_SIZE`.
const HASH_BYTES: u32 = 32;

/// Checks in the kernel's order, then the map type's own, then rights, memory, name and an fd.
pub(crate) fn create(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: MapCreateAttr = attr.arm();
    let profile = &kernel.core.profile;
    let release = profile.release;
    let around = Around {
        release,
        series: profile.series,
        cpus: &profile.cpus,
        seed: profile.inputs.hash_seed,
    };
    check_combinations(&arm, release)?;
    let mode = mode(&arm, release)?;
    let args = arguments(&arm, release)?;
    if profile.without.map_types.contains(&arm.map_type) {
        return cause::MAP_TYPE_UNKNOWN.refuse();
    }
    check_type(arm.map_type, &around)?;
    if args.flags & BPF_F_ZERO_SEED != 0 {
        check_zero_seed(&arm, task, &around)?;
    }
    let shape = create::check(&args, &around)?;
    check_offload_and_token(&arm, task, release)?;
    let asks = release >= Release::new(6, 5) && profile.unprivileged_disabled;
    if asks && !task.caps().privileged() {
        return Err(Errno::EPERM.into());
    }
    let map = create::build(&mut kernel.hw.mem, shape, &around)?;
    if let Err(failure) = after_allocation(&arm, task, release) {
        map.free(&mut kernel.hw.mem);
        return Err(failure);
    }
    let object = kernel.core.add_map(map);
    kernel.core.sign(object, name::kept(&arm.map_name, release), task.uid());
    task.install_as(object, mode)
        .map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
}

/// Ids of types that do not go together (v5.6), and `map_extra` where no type reads it (v5.16).
fn check_combinations(arm: &MapCreateAttr, release: Release) -> Result<(), Errno> {
    let typed = arm.btf_key_type_id != 0 || arm.btf_value_type_id != 0;
    if release >= Release::new(5, 6) {
        let of_kernel = arm.btf_vmlinux_value_type_id != 0;
        if of_kernel && (arm.map_type != STRUCT_OPS || typed) {
            return Err(Errno::EINVAL);
        }
        if !of_kernel && arm.btf_key_type_id != 0 && arm.btf_value_type_id == 0 {
            return Err(Errno::EINVAL);
        }
    }
    let reads_extra = arm.map_type == BLOOM_FILTER || arm.map_type == ARENA;
    if arm.map_extra != 0 && !reads_extra { Err(Errno::EINVAL) } else { Ok(()) }
}

/// bpf_get_file_flag(), v4.15.
fn mode(arm: &MapCreateAttr, release: Release) -> Result<Mode, Errno> {
    if release < Release::new(4, 15) {
        return Ok(Mode::ReadWrite);
    }
    Mode::from_flags(arm.map_flags)
}

/// What the map type sees. There is one NUMA node here, number 0.
fn arguments(arm: &MapCreateAttr, release: Release) -> Result<Create, Errno> {
    let asked = release >= Release::new(4, 14) && arm.map_flags & BPF_F_NUMA_NODE != 0;
    let numa_node = (asked && arm.numa_node != u32::MAX).then_some(arm.numa_node);
    if numa_node.is_some_and(|node| node != 0) {
        return Err(Errno::EINVAL);
    }
    let token = if release >= Release::new(6, 9) { BPF_F_TOKEN_FD } else { 0 };
    Ok(Create {
        map_type: arm.map_type,
        key_size: arm.key_size,
        value_size: arm.value_size,
        max_entries: arm.max_entries,
        flags: arm.map_flags & !token,
        map_extra: arm.map_extra,
        numa_node,
    })
}

/// A type that the release has and the model has not is no EINVAL.
fn check_type(number: u32, around: &Around<'_>) -> Result<(), Failure> {
    // v3.18 has the names of the types and no code.
    if around.release < Release::new(3, 19) {
        return Err(Errno::EINVAL.into());
    }
    if number == 0 || create::is_modelled(number, around.release, around.series) {
        return Ok(());
    }
    match map_type::by_number(number, around.release) {
        Some(entry) => Err(Failure::NotModelled(format!("map type {number} ({})", entry.name))),
        None => Err(Errno::EINVAL.into()),
    }
}

/// A hash without a random seed is for tests: CAP_SYS_ADMIN, before anything else (v5.0).
fn check_zero_seed(arm: &MapCreateAttr, task: &dyn Task, around: &Around<'_>) -> Result<(), Errno> {
    let known = around.release >= Release::new(5, 0);
    let hash = create::is_hash(arm.map_type, around.release, around.series);
    if known && hash && !task.caps().sys_admin { Err(Errno::EPERM) } else { Ok(()) }
}

/// A map on a network card is not modelled; a token never exists here.
fn check_offload_and_token(
    arm: &MapCreateAttr,
    task: &dyn Task,
    release: Release,
) -> Result<(), Failure> {
    if arm.map_ifindex != 0 {
        return Err(Failure::NotModelled("a map on a network card (map_ifindex)".to_owned()));
    }
    if release >= Release::new(6, 9) && arm.map_flags & BPF_F_TOKEN_FD != 0 {
        let fd = task.fd(arm.map_token_fd as u32);
        return Err(if fd.is_some() { Errno::EINVAL } else { Errno::EBADF }.into());
    }
    Ok(())
}

/// What is looked at once there is a map: its name, its types, who may use it.
fn after_allocation(arm: &MapCreateAttr, task: &dyn Task, release: Release) -> Result<(), Failure> {
    name::check(&arm.map_name, release)?;
    if arm.btf_key_type_id != 0 || arm.btf_value_type_id != 0 {
        return Err(Failure::NotModelled("the BTF of a map".to_owned()));
    }
    if arm.excl_prog_hash.is_null() {
        let stray = arm.excl_prog_hash_size != 0;
        return if stray { Err(Errno::EINVAL.into()) } else { Ok(()) };
    }
    if arm.excl_prog_hash_size != HASH_BYTES {
        return Err(Errno::EINVAL.into());
    }
    task.read(arm.excl_prog_hash, &mut [0; HASH_BYTES as usize])?;
    Err(Failure::NotModelled("a map for one program only (excl_prog_hash)".to_owned()))
}
