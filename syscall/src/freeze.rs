//! BPF_MAP_FREEZE, v5.2: system calls write to the map no more, programs do.

use crate::core::ObjectId;
use crate::elem::{self, Use};
use crate::entry::Attr;
use crate::task::Caps;
use crate::{Answer, Kernel, Task};
use bpfsim_abi::attr::MapElemAttr;
use bpfsim_abi::{Because, Release, cause};

/// From v6.5 on the fd must be good for writing, which that of a frozen map is not: a second
/// freeze was EBUSY before and is EPERM since.
pub(crate) fn freeze(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: MapElemAttr = attr.arm();
    let release = kernel.core.profile.release;
    let handle = if release >= Release::new(6, 5) {
        elem::map_for(&kernel.core, task, arm.map_fd, Use::Write)?.0
    } else {
        elem::map_of(&kernel.core, task, arm.map_fd)?.0
    };
    let meta = kernel.core.meta_mut(ObjectId::Map(handle)).because(cause::MAP_FD_NOT_OPEN)?;
    if meta.frozen {
        return cause::ALREADY_FROZEN.refuse();
    }
    if release < Release::new(6, 5) && !may(task.caps(), release) {
        return cause::FREEZE_UNPRIVILEGED.refuse();
    }
    meta.frozen = true;
    Ok(0)
}

/// CAP_SYS_ADMIN, from v5.8 on CAP_BPF.
fn may(caps: Caps, release: Release) -> bool {
    if release < Release::new(5, 8) { caps.sys_admin } else { caps.privileged() }
}
