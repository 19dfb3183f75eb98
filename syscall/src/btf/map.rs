//! What MAP_CREATE says of the types of keys and values, v4.18: map_check_btf().

use super::Btf;
use crate::core::Core;
use crate::meta::TypeIds;
use crate::{Failure, Task, fds};
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Shape;
use bpfsim_verifier::btf::{Kind, Special};

/// `BPF_F_RDONLY_PROG` and `BPF_F_WRONLY_PROG`, v5.2.
const RDONLY_PROG: u32 = 1 << 7;
const WRONLY_PROG: u32 = 1 << 8;

/// Numbers of `enum bpf_map_type`.
mod kind {
    pub const HASH: u32 = 1;
    pub const ARRAY: u32 = 2;
    pub const PROG_ARRAY: u32 = 3;
    pub const PERCPU_HASH: u32 = 5;
    pub const PERCPU_ARRAY: u32 = 6;
    pub const LRU_HASH: u32 = 9;
    pub const LRU_PERCPU_HASH: u32 = 10;
    pub const LPM_TRIE: u32 = 11;
    pub const CGROUP_STORAGE: u32 = 19;
    pub const SK_STORAGE: u32 = 24;
    pub const INODE_STORAGE: u32 = 28;
    pub const TASK_STORAGE: u32 = 29;
    pub const BLOOM_FILTER: u32 = 30;
    pub const CGRP_STORAGE: u32 = 32;
}

/// What a map type says of types: its `map_check_btf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Nothing, but there must be a key.
    Any,
    /// The key is a u32, or there is none and the only value is a section.
    Array,
    /// The key is a struct.
    Trie,
    /// The key is `int` or `unsigned int`.
    Storage,
    /// There is no key.
    Keyless,
    /// No types at all.
    None,
}

impl Rule {
    fn of(map_type: u32, release: Release) -> Rule {
        match map_type {
            kind::HASH | kind::PERCPU_HASH | kind::LRU_HASH | kind::LRU_PERCPU_HASH => Rule::Any,
            kind::PROG_ARRAY if release >= Release::new(4, 20) => Rule::Any,
            // Queues and stacks, rings, sockets by reuse: nothing is said there.
            20 | 22 | 23 | 26 | 27 | 31 => Rule::Any,
            kind::ARRAY => Rule::Array,
            kind::PERCPU_ARRAY => Rule::Array,
            kind::LPM_TRIE => Rule::Trie,
            kind::SK_STORAGE | kind::INODE_STORAGE | kind::TASK_STORAGE | kind::CGRP_STORAGE => {
                Rule::Storage
            }
            kind::BLOOM_FILTER => Rule::Keyless,
            _ => Rule::None,
        }
    }
}

/// The types of a new map, if it is given any.
pub(crate) fn check(
    core: &Core,
    task: &dyn Task,
    arm: &MapCreateAttr,
    shape: &Shape,
) -> Result<Option<TypeIds>, Failure> {
    let release = core.profile.release;
    let (key, value) = (arm.btf_key_type_id, arm.btf_value_type_id);
    if key == 0 && value == 0 && arm.btf_vmlinux_value_type_id == 0 {
        return Ok(None);
    }
    // v4.18 prints arrays only, and looks at no other types.
    if release < Release::new(4, 19) && shape.map_type != kind::ARRAY {
        return Ok(None);
    }
    if value == 0 || key == 0 && release < Release::new(5, 2) {
        return Err(Errno::EINVAL.into());
    }
    let handle = fds::btf(task, arm.btf_fd)?;
    let btf = core.btf(handle).ok_or(Errno::EBADF)?;
    let rule = Rule::of(shape.map_type, release);
    let key_id = check_sizes(btf, key, value, shape, rule)?;
    let (value_id, _, _) = btf.size_of(value).ok_or(Errno::EINVAL)?;
    let special = check_fields(btf, value_id, shape, release)?;
    check_rule(btf, rule, key_id, value_id, shape)?;
    // Nothing ever hangs on a socket, an inode, a task or a cgroup here: no value is locked.
    let empty = rule == Rule::Storage;
    match special {
        Some(Special::SpinLock) if empty => {
            Ok(Some(TypeIds { btf: handle, key, value, locks: true }))
        }
        Some(special) => Err(Failure::NotModelled(format!("values with a field ({special:?})"))),
        None => Ok(Some(TypeIds { btf: handle, key, value, locks: false })),
    }
}

/// The types are as large as keys and values; the type that has the size of a key.
fn check_sizes(btf: &Btf, key: u32, value: u32, shape: &Shape, rule: Rule) -> Result<u32, Errno> {
    let sized = |id: u32, bytes: u32| match btf.size_of(id) {
        Some((end, _, size)) if size == bytes => Ok(end),
        Some(_) | None => Err(Errno::EINVAL),
    };
    let key_id = match key {
        0 if rule == Rule::Any => return Err(Errno::EINVAL),
        0 => 0,
        key => sized(key, shape.key_size)?,
    };
    sized(value, shape.value_size)?;
    Ok(key_id)
}

/// Locks, timers and the like: the first, if all may be there. Up to v6.1 the kinds are looked
/// for one by one.
fn check_fields(
    btf: &Btf,
    value: u32,
    shape: &Shape,
    release: Release,
) -> Result<Option<Special>, Failure> {
    let fields = btf.fields_of(value, shape.value_size)?;
    let new = release >= Release::new(6, 2);
    for special in &fields {
        let forbidden = if new { RDONLY_PROG | WRONLY_PROG } else { RDONLY_PROG };
        if shape.flags & forbidden != 0 {
            return Err(Errno::EACCES.into());
        }
        if !may_hold(*special, shape.map_type) {
            let lock = *special == Special::SpinLock && !new;
            return Err(if lock { Errno::ENOTSUPP } else { Errno::EOPNOTSUPP }.into());
        }
    }
    Ok(fields.first().copied())
}

/// The map types whose values may have such a field.
fn may_hold(special: Special, map_type: u32) -> bool {
    let storage = [kind::SK_STORAGE, kind::INODE_STORAGE, kind::TASK_STORAGE, kind::CGRP_STORAGE];
    let plain = map_type == kind::HASH || map_type == kind::ARRAY;
    match special {
        Special::SpinLock | Special::ResSpinLock => {
            plain || map_type == kind::CGROUP_STORAGE || storage.contains(&map_type)
        }
        Special::Timer | Special::Workqueue | Special::TaskWork => {
            plain || map_type == kind::LRU_HASH
        }
        Special::ListHead | Special::RbRoot => plain || map_type == kind::LRU_HASH,
        Special::Refcount => {
            let others =
                [kind::PERCPU_HASH, kind::LRU_HASH, kind::LRU_PERCPU_HASH, kind::PERCPU_ARRAY];
            plain || others.contains(&map_type) || storage.contains(&map_type)
        }
        Special::ListNode | Special::RbNode => false,
    }
}

/// The map type's own rule, for the types that have the sizes.
fn check_rule(btf: &Btf, rule: Rule, key: u32, value: u32, shape: &Shape) -> Result<(), Errno> {
    let kind = |id: u32| btf.by_id(id).map_or(Kind::Void, |t| t.kind());
    let is_int = || {
        let int = btf.by_id(key).filter(|t| t.kind() == Kind::Int).map(|t| btf.int_data(t));
        int.is_some_and(|int| int.bits() == 32 && int.offset() == 0)
    };
    let good = match rule {
        Rule::Any => true,
        Rule::Array if key == 0 => {
            let only = shape.map_type == kind::ARRAY && shape.max_entries == 1;
            only && kind(value) == Kind::Datasec
        }
        Rule::Array | Rule::Storage => is_int(),
        Rule::Trie => kind(key) == Kind::Struct,
        Rule::Keyless => key == 0,
        Rule::None => return Err(Errno::ENOTSUPP),
    };
    if good { Ok(()) } else { Err(Errno::EINVAL) }
}
