//! BPF_PROG_BIND_MAP, v5.10: a program holds a map that it does not use.

use crate::core::ObjectId;
use crate::entry::Attr;
use crate::{Answer, Kernel, Task, elem, fds};
use bpfsim_abi::attr::ProgBindMapAttr;
use bpfsim_abi::cause;

/// A map that the program holds already is fine.
pub(crate) fn bind(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgBindMapAttr = attr.arm();
    if arm.flags != 0 {
        return cause::BIND_FLAGS.refuse();
    }
    let program = fds::program(task, arm.prog_fd)?;
    let (map, _) = elem::map_of(&kernel.core, task, arm.map_fd)?;
    if !kernel.core.held_maps(program).contains(&map) {
        kernel.core.hold(ObjectId::Prog(program), ObjectId::Map(map));
    }
    Ok(0)
}
