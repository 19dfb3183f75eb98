//! Ids of objects: `BPF_*_GET_NEXT_ID` and `BPF_*_GET_FD_BY_ID`, v4.13, of BTF v4.18, of links
//! v5.8. This kernel has no BTF of its own (no CONFIG_DEBUG_INFO_BTF), and so no id for one.

use crate::btf::check_token;
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::meta::Kind;
use crate::task::Mode;
use crate::{Answer, Kernel, Task};
use bpfsim_abi::attr::GetIdAttr;
use bpfsim_abi::{Because, cause};

/// Byte of `next_id` in the attr.
const NEXT_ID: u64 = 4;

/// `BPF_F_RDONLY` and `BPF_F_WRONLY`, v4.15.
const ACCESS: u32 = 8 | 16;

/// The lowest id above `start_id`. CAP_SYS_ADMIN, whatever the release.
pub(crate) fn next(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, kind: Kind) -> Answer {
    let arm: GetIdAttr = attr.arm();
    if arm.id >= i32::MAX as u32 {
        return cause::START_ID_RANGE.refuse();
    }
    if !task.caps().sys_admin {
        return cause::IDS_UNPRIVILEGED.refuse();
    }
    let next = kernel.core.ids.after(kind, arm.id).because(cause::NO_NEXT_ID)?;
    let at = attr.at.checked_add(NEXT_ID).because(cause::NEXT_ID_UNWRITABLE)?;
    task.write(at, &next.to_le_bytes()).because(cause::NEXT_ID_UNWRITABLE)?;
    Ok(0)
}

/// A new fd for a program.
pub(crate) fn program(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: GetIdAttr = attr.arm();
    open(kernel, task, Kind::Prog, arm.id, Mode::ReadWrite)
}

/// A new fd for a map, with a mode of its own.
pub(crate) fn map(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: GetIdAttr = attr.arm();
    if arm.open_flags & !ACCESS != 0 {
        return cause::OPEN_FLAGS_UNKNOWN.refuse();
    }
    if !task.caps().sys_admin {
        return cause::IDS_UNPRIVILEGED.refuse();
    }
    let mode = Mode::from_flags(arm.open_flags).because(cause::OPEN_FLAGS_CONTRADICT)?;
    open(kernel, task, Kind::Map, arm.id, mode)
}

/// A new fd for a BTF. From v6.15 on a token may help; no fd is a token.
pub(crate) fn btf(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: GetIdAttr = attr.arm();
    check_token(task, arm.open_flags, arm.fd_by_id_token_fd)?;
    open(kernel, task, Kind::Btf, arm.id, Mode::ReadWrite)
}

/// A new fd for a link, v5.8.
pub(crate) fn link(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: GetIdAttr = attr.arm();
    open(kernel, task, Kind::Link, arm.id, Mode::ReadWrite)
}

fn open(kernel: &mut Kernel, task: &mut dyn Task, kind: Kind, id: u32, mode: Mode) -> Answer {
    if !task.caps().sys_admin {
        return cause::IDS_UNPRIVILEGED.refuse();
    }
    let object: ObjectId = kernel.core.ids.find(kind, id).because(cause::ID_NOT_FOUND)?;
    kernel.core.get(object);
    let fd = match kind {
        Kind::Map => task.install_as(object, mode),
        Kind::Prog | Kind::Btf | Kind::Link | Kind::Stats => task.install(object),
    };
    fd.map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
}
