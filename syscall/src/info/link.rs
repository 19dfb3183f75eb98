//! `struct bpf_link_info`, v5.8: what all types of links have.

use super::{read, room, write};
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::{Answer, Kernel, Task};
use bpfsim_abi::Errno;
use bpfsim_abi::attr::LinkInfo;

/// bpf_link_get_info_by_fd(). The struct goes in and out; what a type of link does not fill stays
/// as the caller left it.
pub(super) fn info(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, handle: u32) -> Answer {
    let room = room(kernel, task, attr, "struct bpf_link_info")?;
    let mut info: LinkInfo = read(task, &room)?;
    let core = &kernel.core;
    let id = |object| core.meta(object).map_or(0, |meta| meta.id);
    let link = core.link(handle).ok_or(Errno::EBADF)?;
    info.r#type = link.kind;
    info.id = id(ObjectId::Link(handle));
    info.prog_id = link.program.map_or(0, |program| id(ObjectId::Prog(program)));
    write(task, attr, &room, &info)
}
