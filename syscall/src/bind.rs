//! BPF_PROG_BIND_MAP, v5.10: a program holds a map that it does not use.

use crate::core::ObjectId;
use crate::elem;
use crate::entry::Attr;
use crate::{Answer, Kernel, Task};
use bpfsim_abi::Errno;
use bpfsim_abi::attr::ProgBindMapAttr;

/// A map that the program holds already is fine.
pub(crate) fn bind(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgBindMapAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    let Ok(ObjectId::Prog(program)) = task.fd(arm.prog_fd).ok_or(Errno::EBADF)? else {
        return Err(Errno::EINVAL.into());
    };
    let (map, _) = elem::map_of(&kernel.core, task, arm.map_fd)?;
    if !kernel.core.held_maps(program).contains(&map) {
        kernel.core.bind(program, map);
    }
    Ok(0)
}
