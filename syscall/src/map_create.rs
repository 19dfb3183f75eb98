//! BPF_MAP_CREATE.

use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_abi::{Errno, Release, map_type};
use bpfsim_maps::create::{self, Around, Create};

/// Checks in the kernel's order, then the map type's own, then an fd.
pub(crate) fn create(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: MapCreateAttr = attr.arm();
    let profile = &kernel.core.profile;
    let release = profile.release;
    let args = Create {
        map_type: arm.map_type,
        key_size: arm.key_size,
        value_size: arm.value_size,
        max_entries: arm.max_entries,
        flags: arm.map_flags,
    };
    let around = Around {
        release,
        series: profile.series,
        cpus: &profile.cpus,
        seed: profile.inputs.hash_seed,
    };
    check_type(arm.map_type, release, &around)?;
    if release >= Release::new(4, 12) && beyond_the_model(&arm) {
        return Err(Failure::NotModelled("names, BTF, NUMA nodes or tokens of a map".to_owned()));
    }
    let map = create::create(&mut kernel.hw.mem, &args, &around)?;
    if release >= Release::new(5, 8) && profile.unprivileged_disabled && !task.caps().privileged() {
        map.free(&mut kernel.hw.mem);
        return Err(Errno::EPERM.into());
    }
    let object = kernel.core.add_map(map);
    task.install(object).map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
}

/// A type that the release has and the model has not is no EINVAL.
fn check_type(number: u32, release: Release, around: &Around<'_>) -> Result<(), Failure> {
    if number == 0 || create::is_modelled(number, around.series) {
        return Ok(());
    }
    match map_type::by_number(number, release) {
        Some(entry) => Err(Failure::NotModelled(format!("map type {number} ({})", entry.name))),
        None => Err(Errno::EINVAL.into()),
    }
}

/// Fields that decide something which is not modelled. A name alone decides nothing.
fn beyond_the_model(arm: &MapCreateAttr) -> bool {
    let numbers = [
        arm.inner_map_fd,
        arm.numa_node,
        arm.map_ifindex,
        arm.btf_fd,
        arm.btf_key_type_id,
        arm.btf_value_type_id,
        arm.btf_vmlinux_value_type_id,
        arm.value_type_btf_obj_fd as u32,
        arm.map_token_fd as u32,
        arm.excl_prog_hash_size,
    ];
    numbers.iter().any(|number| *number != 0) || arm.map_extra != 0
}
