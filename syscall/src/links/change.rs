//! BPF_LINK_UPDATE, BPF_LINK_DETACH (v5.9), BPF_ITER_CREATE (v5.8).

use crate::attach::{self, Place};
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::link::kind;
use crate::{Answer, Failure, Kernel, Task, fds};
use bpfsim_abi::attr::{IterCreateAttr, LinkDetachAttr, LinkUpdateAttr};
use bpfsim_abi::{Errno, Release};

/// `BPF_F_REPLACE`.
const REPLACE: u32 = 4;

/// link_update(): a new program, if the old one is what the caller thinks it is.
pub(crate) fn update(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: LinkUpdateAttr = attr.arm();
    if arm.flags & !REPLACE != 0 {
        return Err(Errno::EINVAL.into());
    }
    let link = fds::link(task, arm.link_fd)?;
    let new = fds::program(task, arm.new_prog_fd)?;
    let old = match arm.flags & REPLACE {
        0 if arm.old_prog_fd != 0 => return Err(Errno::EINVAL.into()),
        0 => None,
        _ => Some(fds::program(task, arm.old_prog_fd)?),
    };
    replace(kernel, link, new, old)?;
    Ok(0)
}

/// `update_prog` of the kinds of links.
fn replace(kernel: &mut Kernel, handle: u32, new: u32, old: Option<u32>) -> Result<(), Errno> {
    let core = &mut kernel.core;
    let link = core.link(handle).ok_or(Errno::EBADF)?.clone();
    let current = link.program.ok_or(Errno::EINVAL)?;
    let (now, next) = (attach::attachable(core, current)?, attach::attachable(core, new)?);
    let other_old = old.is_some_and(|old| old != current);
    let other_type = now.prog_type != next.prog_type;
    match link.kind {
        kind::CGROUP | kind::XDP | kind::TCX => {
            link.place.as_ref().ok_or(Errno::ENOLINK)?;
            if other_old {
                return Err(Errno::EPERM);
            }
        }
        kind::NETNS => {
            if other_old {
                return Err(Errno::EPERM);
            }
            if other_type {
                return Err(Errno::EINVAL);
            }
        }
        kind::NETFILTER => return Err(Errno::EOPNOTSUPP),
        _ => return Err(Errno::EINVAL),
    }
    let place = link.place.ok_or(Errno::ENOLINK)?;
    match link.kind {
        kind::CGROUP if other_type => return Err(Errno::EINVAL),
        kind::XDP
            if core.profile.release >= Release::new(5, 15)
                && (other_type || now.expected != next.expected) =>
        {
            return Err(Errno::EINVAL);
        }
        _ => {}
    }
    let same = current == new;
    if same && matches!(link.kind, kind::XDP | kind::TCX) {
        return Ok(());
    }
    match place {
        Place::Tcx(..) => attach::update_tcx(core, &place, handle, new)?,
        _ => core.retarget(&place, handle, new),
    }
    core.hold(ObjectId::Link(handle), ObjectId::Prog(new));
    core.let_go(&mut kernel.hw, ObjectId::Link(handle), ObjectId::Prog(current));
    if let Some(link) = kernel.core.link_mut(handle) {
        link.program = Some(new);
    }
    Ok(())
}

/// link_detach(): the link stays, and holds its program. A second time is no error.
pub(crate) fn detach(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: LinkDetachAttr = attr.arm();
    let handle = fds::link(task, arm.link_fd)?;
    let link = kernel.core.link_mut(handle).ok_or(Errno::EBADF)?;
    if !matches!(link.kind, kind::CGROUP | kind::NETNS | kind::XDP | kind::TCX) {
        return Err(Errno::EOPNOTSUPP.into());
    }
    if let Some(place) = link.place.take() {
        kernel.core.hooks.forget(&place, handle);
    }
    Ok(0)
}

/// bpf_iter_create(): no link here is one of an iterator, which needs BTF.
pub(crate) fn iterate(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: IterCreateAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    fds::link(task, arm.link_fd)?;
    Err(Failure::from(Errno::EINVAL))
}
