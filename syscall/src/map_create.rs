//! BPF_MAP_CREATE.

use crate::core::{Core, ObjectId};
use crate::entry::Attr;
use crate::meta::TypeIds;
use crate::task::{Caps, Mode};
use crate::{Answer, Failure, Kernel, Task, btf, elem, fds, name};
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_abi::{Because, Errno, Refusal, Release, cause, map_type};
use bpfsim_maps::Shape;
use bpfsim_maps::create::{self, Around, BPF_F_NUMA_NODE, Cost, Create, Locked, Rights};
use bpfsim_maps::shape::Inner;

/// `BPF_F_TOKEN_FD`, v6.9.
const BPF_F_TOKEN_FD: u32 = 1 << 16;

/// `BPF_F_VTYPE_BTF_OBJ_FD`, v6.9.
const BPF_F_VTYPE_BTF_OBJ_FD: u32 = 1 << 15;

/// `BPF_MAP_TYPE_STRUCT_OPS`.
const STRUCT_OPS: u32 = 26;

/// The map types that read `map_extra`: BLOOM_FILTER, since v6.9 ARENA, since v7.2 RHASH.
const READ_EXTRA: [(u32, Release); 3] =
    [(30, Release::new(5, 16)), (33, Release::new(6, 9)), (35, Release::new(7, 2))];

/// `SHA256_DIGEST_SIZE`.
const HASH_BYTES: u32 = 32;

/// The network devices that there are, by ifindex: `lo`.
pub(crate) const DEVICES: [u32; 1] = [1];

/// `PAGE_SIZE`.
const PAGE: u64 = 4096;

/// Checks in the kernel's order, then the map type's own, then rights, memory, name and an fd.
pub(crate) fn create(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: MapCreateAttr = attr.arm();
    let core = &kernel.core;
    let release = core.profile.release;
    let around = around(core, task);
    check_combinations(&arm, release)?;
    let mode = mode(&arm, release)?;
    let mut args = arguments(&arm, release)?;
    if core.profile.without.map_types.contains(&arm.map_type) {
        return cause::MAP_TYPE_UNKNOWN.refuse();
    }
    create::check(&args, &around)?;
    check_token(&arm, task, release)?;
    check_rights(core, task.caps())?;
    create::right(&args, &around)?;
    check_offload(&arm, task.caps())?;
    if create::takes_inner(&args, &around) {
        args.inner = Some(inner(core, task, arm.inner_map_fd)?);
    }
    check_module(&arm, task, release)?;
    let (shape, cost) = create::alloc(&args, &around)?;
    if !create::is_modelled(args.map_type, &around) {
        return Err(missing(args.map_type, release));
    }
    let map = create::build(&mut kernel.hw.mem, shape, &around).map_err(create::because_of)?;
    let money = (around.locked, cost);
    let types = match after_allocation(&kernel.core, &arm, task, &map.shape, money) {
        Ok(types) => types,
        Err(failure) => {
            map.free(&mut kernel.hw.mem);
            return Err(failure);
        }
    };
    let object = kernel.core.add_map(map);
    if let Some(types) = types {
        kernel.core.give_types(object, types);
    }
    kernel.core.sign(object, name::kept(&arm.map_name, release), task.uid());
    if let Some(meta) = kernel.core.meta_mut(object) {
        meta.locked = cost.pages;
    }
    task.install_as(object, mode)
        .map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
}

/// The type of a struct_ops map may be a module's (`BPF_F_VTYPE_BTF_OBJ_FD`, v6.9): its BTF is
/// looked for before the type is. No BTF here is a module's.
fn check_module(arm: &MapCreateAttr, task: &dyn Task, release: Release) -> Result<(), Errno> {
    let asked = arm.map_flags & BPF_F_VTYPE_BTF_OBJ_FD != 0;
    if arm.map_type != STRUCT_OPS || release < Release::new(6, 9) || !asked {
        return Ok(());
    }
    fds::btf(task, arm.value_type_btf_obj_fd.cast_unsigned())?;
    Err(Errno::EINVAL)
}

fn around<'a>(core: &'a Core, task: &dyn Task) -> Around<'a> {
    let (profile, caps) = (&core.profile, task.caps());
    Around {
        release: profile.release,
        series: profile.series,
        cpus: &profile.cpus,
        nr_cpus: profile.inputs.nr_cpus,
        seed: profile.inputs.hash_seed,
        rights: Rights { sys_admin: caps.sys_admin, bpf: caps.bpf, net_admin: caps.net_admin },
        locked: locked(core, task.uid()),
    }
}

/// What the maps of a user have locked, and what may be.
fn locked(core: &Core, uid: u32) -> Locked {
    let limit = core.profile.inputs.memlock_limit.map(|bytes| bytes / PAGE);
    if limit.is_none() {
        return Locked::default();
    }
    let meta = |(handle, _)| core.meta(ObjectId::Map(handle));
    let own = core.maps().filter_map(meta).filter(|meta| meta.uid == uid);
    Locked { pages: own.map(|meta| meta.locked).sum(), limit }
}

/// Ids of types that do not go together (v5.6), and `map_extra` where no type reads it (v5.16).
fn check_combinations(arm: &MapCreateAttr, release: Release) -> Result<(), Refusal> {
    let typed = arm.btf_key_type_id != 0 || arm.btf_value_type_id != 0;
    if release >= Release::new(5, 6) {
        let of_kernel = arm.btf_vmlinux_value_type_id != 0;
        if of_kernel && (arm.map_type != STRUCT_OPS || typed) {
            return cause::MAP_BTF_TYPES.refuse();
        }
        if !of_kernel && arm.btf_key_type_id != 0 && arm.btf_value_type_id == 0 {
            return cause::MAP_BTF_TYPES.refuse();
        }
    }
    let reads = |(number, since): &(u32, Release)| *number == arm.map_type && *since <= release;
    let reads_extra = READ_EXTRA.iter().any(reads);
    cause::MAP_EXTRA.unless(arm.map_extra == 0 || reads_extra)
}

/// bpf_get_file_flag(), v4.15.
fn mode(arm: &MapCreateAttr, release: Release) -> Result<Mode, Refusal> {
    if release < Release::new(4, 15) {
        return Ok(Mode::ReadWrite);
    }
    Mode::from_flags(arm.map_flags).because(cause::OPEN_FLAGS_CONTRADICT)
}

/// What the map type sees. There is one NUMA node here, number 0.
fn arguments(arm: &MapCreateAttr, release: Release) -> Result<Create, Refusal> {
    let asked = release >= Release::new(4, 14) && arm.map_flags & BPF_F_NUMA_NODE != 0;
    let numa_node = (asked && arm.numa_node != u32::MAX).then_some(arm.numa_node);
    if numa_node.is_some_and(|node| node != 0) {
        return cause::MAP_NUMA_NODE.refuse();
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
        btf_key: arm.btf_key_type_id,
        btf_value: arm.btf_value_type_id,
        btf_vmlinux_value: arm.btf_vmlinux_value_type_id,
        inner: None,
    })
}

/// A type that the release has and the model has not is no EINVAL.
fn missing(number: u32, release: Release) -> Failure {
    let name = map_type::by_number(number, release).map_or("unknown", |entry| entry.name);
    Failure::NotModelled(format!("map type {number} ({name})"))
}

/// A token never exists here (v6.9).
fn check_token(arm: &MapCreateAttr, task: &dyn Task, release: Release) -> Result<(), Refusal> {
    if release < Release::new(6, 9) || arm.map_flags & BPF_F_TOKEN_FD == 0 {
        return Ok(());
    }
    let fd = task.fd(arm.map_token_fd as u32);
    let why = if fd.is_some() { cause::MAP_TOKEN_NO_TOKEN } else { cause::MAP_TOKEN_NOT_OPEN };
    why.refuse()
}

/// `unprivileged_bpf_disabled` keeps others from making maps, from v6.5 on here.
fn check_rights(core: &Core, caps: Caps) -> Result<(), Refusal> {
    let asks = core.profile.release >= Release::new(6, 5) && core.profile.unprivileged_disabled;
    cause::MAP_UNPRIVILEGED.unless(!asks || caps.privileged())
}

/// bpf_map_offload_map_alloc(), v4.16: a map on a network card. `lo` is none.
fn check_offload(arm: &MapCreateAttr, caps: Caps) -> Result<(), Refusal> {
    if arm.map_ifindex == 0 {
        return Ok(());
    }
    if !caps.sys_admin {
        return cause::MAP_OFFLOAD_UNPRIVILEGED.refuse();
    }
    let plain = arm.map_type == 1 || arm.map_type == 2;
    let there = DEVICES.contains(&arm.map_ifindex);
    let errno = if plain && there { Errno::EOPNOTSUPP } else { Errno::EINVAL };
    Err(Refusal::of(errno).or_because(Some(cause::MAP_OFFLOAD)))
}

/// The map types without `map_meta_equal`, which cannot be inside of another map: PROG_ARRAY, the
/// storages of cgroups, STRUCT_OPS, INSN_ARRAY. Up to v5.9 the same ones are named.
const NOT_INSIDE: [u32; 5] = [3, 19, 21, 26, 34];

/// bpf_map_meta_alloc(), `kernel/bpf/map_in_map.c` of v4.12 to v7.1.
fn inner(core: &Core, task: &dyn Task, fd: u32) -> Result<Inner, Failure> {
    let (handle, map) = elem::map_of(core, task, fd)?;
    if let Some(TypeIds { locks: true, .. }) =
        core.meta(ObjectId::Map(handle)).and_then(|meta| meta.types)
    {
        return Err(Failure::NotModelled("an inner map whose values have a lock".to_owned()));
    }
    match map.shape.inner {
        Some(_) => cause::INNER_MAP_NESTED.refuse(),
        None if NOT_INSIDE.contains(&map.shape.map_type) => cause::INNER_MAP_TYPE.refuse(),
        None => Ok(map.shape.as_inner()),
    }
}

/// What is looked at once there is a map: its name, its types, what it costs, who may use it.
fn after_allocation(
    core: &Core,
    arm: &MapCreateAttr,
    task: &dyn Task,
    shape: &Shape,
    (locked, cost): (Locked, Cost),
) -> Result<Option<TypeIds>, Failure> {
    let release = core.profile.release;
    name::check(&arm.map_name, release)?;
    let types = btf::map::check(core, task, arm, shape)?;
    check_exclusive(arm, task)?;
    // bpf_map_charge_memlock(): v4.4 to v5.2.
    if release < Release::new(5, 3) {
        locked.charge(cost)?;
    }
    Ok(types)
}

/// A map for one program only (v6.18).
fn check_exclusive(arm: &MapCreateAttr, task: &dyn Task) -> Result<(), Failure> {
    if arm.excl_prog_hash.is_null() {
        let stray = arm.excl_prog_hash_size != 0;
        return Ok(cause::EXCLUSIVE_HASH.unless(!stray)?);
    }
    if arm.excl_prog_hash_size != HASH_BYTES {
        return cause::EXCLUSIVE_HASH.refuse();
    }
    let hash = task.read(arm.excl_prog_hash, &mut [0; HASH_BYTES as usize]);
    hash.because(cause::EXCLUSIVE_HASH_UNREADABLE)?;
    Err(Failure::NotModelled("a map for one program only (excl_prog_hash)".to_owned()))
}
