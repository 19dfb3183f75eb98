//! The element commands of the map types of [`bpfsim_maps::kinds`], where they are no lookup or
//! update of an element: values that are pushed, popped and asked about.

use crate::elem::{self, Desk};
use crate::{Answer, Failure, Kernel, Task, bytes, drive};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::kinds::{self, Lookup, Take, Update, Verb};
use bpfsim_maps::op::Todo;
use bpfsim_maps::{Layout, Map, Op};
use bpfsim_sim::{Hw, Place};

/// Bytes that go to the caller at the end: from here, to there, how many.
pub(crate) type Out = Option<(Place, UserAddr, u32)>;

/// bpf_map_copy_value() where it looks at no element: an operation, and what goes to the caller.
pub(crate) fn lookup(
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    map: &Map,
    (value, len): (UserAddr, u32),
) -> Result<Option<(Todo, Out)>, Failure> {
    let Some(row) = kinds::row_of(map) else { return Ok(None) };
    let buffer = desk.value(hw, map.shape.key_size, len);
    let peek = Todo::Own(Verb::Peek { value: buffer });
    match row.system.lookup {
        Lookup::Element => Ok(None),
        Lookup::Peek => Ok(Some((peek, Some((buffer, value, len))))),
        Lookup::Ask => {
            elem::from_user(hw, task, value, buffer, len)?;
            Ok(Some((peek, None)))
        }
    }
}

/// bpf_map_update_value() where values have no keys, or nothing is ever updated.
pub(crate) fn update(map: &Map, value: Place, flags: u64) -> Option<Todo> {
    match kinds::row_of(map)?.system.update {
        Update::Element => None,
        Update::Push => Some(Todo::Own(Verb::Push { value, flags })),
        Update::Never(errno) => Some(Todo::Refuse(errno)),
    }
}

/// The fix of the errno of a lookup-and-delete whose value nobody takes (v5.7).
const SAYS_EFAULT: Release = Release::new(5, 7);

/// BPF_MAP_LOOKUP_AND_DELETE_ELEM of a queue or stack. The value is lost when the caller's buffer
/// is bad, and up to v5.6 the call succeeds all the same.
pub(crate) fn pop(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    desk: &Desk,
    handle: u32,
    (value, len): (UserAddr, u32),
) -> Answer {
    let out = desk.value(&mut kernel.hw, 0, len);
    let mut op = Op::new(desk.key(), Todo::Own(Verb::Pop { out }));
    drive::op(kernel, &mut op, handle, desk.here)?;
    op.result?;
    match bytes::to_user(&kernel.hw, task, out, value, len) {
        Err(Failure::Errno(_)) if kernel.core.profile.release < SAYS_EFAULT => Ok(0),
        other => other.map(|()| 0),
    }
}

/// How a map answers BPF_MAP_LOOKUP_AND_DELETE_ELEM at a release.
pub(crate) fn take(map: &Map, hashes: Release, release: Release) -> Take {
    match (map.shape.layout, kinds::row_of(map)) {
        // A hash of maps is none of those that the command names.
        (Layout::Hash, _) if release >= hashes && map.shape.inner.is_none() => {
            Take::Element(hashes)
        }
        (Layout::Hash | Layout::Array, _) | (Layout::Own, None) => Take::Never,
        (Layout::Own, Some(row)) => match row.system.take {
            Take::Element(since) if since > release => Take::Never,
            take => take,
        },
    }
}

/// EINVAL for `flags` that a queue or stack has no use for (v5.14).
pub(crate) fn check_take(
    map: &Map,
    flags: u64,
    hashes: Release,
    release: Release,
) -> Result<(), Errno> {
    let pops = take(map, hashes, release) == Take::Pop;
    if pops && release >= hashes && flags != 0 { Err(Errno::EINVAL) } else { Ok(()) }
}
