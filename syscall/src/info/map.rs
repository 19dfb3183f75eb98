//! `struct bpf_map_info`.

use super::{read, room, write};
use crate::core::{Core, ObjectId};
use crate::entry::Attr;
use crate::meta::TypeIds;
use crate::{Answer, Failure, Kernel, Task, bytes, digest};
use bpfsim_abi::attr::MapInfo;
use bpfsim_abi::{Because, Release, cause};
use bpfsim_maps::Map;
use bpfsim_maps::map::Words;
use bpfsim_sim::Place;
use zerocopy::FromZeros;

/// `BPF_F_RDONLY` and `BPF_F_WRONLY`.
const ACCESS: u32 = 8 | 16;

/// `SHA256_DIGEST_SIZE`.
const HASH_BYTES: u32 = 32;

/// bpf_map_get_info_by_fd(). From v6.18 on the struct is read first, and what the kernel has
/// nothing to say about stays as the caller left it.
pub(super) fn info(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, handle: u32) -> Answer {
    let room = room(kernel, task, attr, "struct bpf_map_info")?;
    let release = kernel.core.profile.release;
    let hashes = release >= Release::new(6, 18);
    let mut info: MapInfo = if hashes { read(task, &room)? } else { MapInfo::new_zeroed() };
    let map = kernel.core.map(handle).because(cause::MAP_FD_NOT_OPEN)?;
    let meta = kernel.core.meta(ObjectId::Map(handle)).because(cause::MAP_FD_NOT_OPEN)?;
    let shape = &map.shape;
    info.r#type = shape.map_type;
    info.id = meta.id;
    info.key_size = shape.key_size;
    info.value_size = shape.value_size;
    info.max_entries = shape.max_entries;
    info.map_flags = shape.flags & !fd_flags(release);
    info.map_extra = shape.map_extra;
    info.name = meta.name;
    if release >= Release::new(4, 18) {
        types(&kernel.core, &mut info, meta.types);
    }
    if hashes {
        hash(kernel, task, &info, map, meta.frozen)?;
    }
    write(task, attr, &room, &info)
}

/// The types of keys and values, and the id of their BTF. Of a map without types the kernel says
/// nothing.
fn types(core: &Core, info: &mut MapInfo, types: Option<TypeIds>) {
    info.btf_vmlinux_value_type_id = 0;
    let Some(types) = types else { return };
    info.btf_id = core.meta(ObjectId::Btf(types.btf)).map_or(0, |meta| meta.id);
    info.btf_key_type_id = types.key;
    info.btf_value_type_id = types.value;
}

/// From v5.2 on the mode of the fd is no property of the map.
fn fd_flags(release: Release) -> u32 {
    if release >= Release::new(5, 2) { ACCESS } else { 0 }
}

/// v6.18: SHA-256 of the values of an array, if the caller asks. v6.19 wants it frozen.
fn hash(
    kernel: &Kernel,
    task: &mut dyn Task,
    info: &MapInfo,
    map: &Map,
    frozen: bool,
) -> Result<(), Failure> {
    if info.hash.is_null() {
        let stray = info.hash_size != 0;
        return if stray { cause::INFO_HASH.refuse() } else { Ok(()) };
    }
    let Words::Array(array) = &map.words else { return cause::INFO_HASH.refuse() };
    if map.shape.percpu || info.hash_size != HASH_BYTES {
        return cause::INFO_HASH.refuse();
    }
    if kernel.core.profile.release >= Release::new(6, 19) && !frozen {
        return cause::INFO_HASH_NOT_FROZEN.refuse();
    }
    let values = bytes::load(&kernel.hw, Place::new(array.region, 0), array.rank_stride)?;
    task.write(info.hash, &digest::sha256(&values))?;
    Ok(())
}
