//! `struct bpf_btf_info`, v4.18; a name and whose BTF it is, v5.11.

use super::{read, room, write};
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::BtfInfo;
use bpfsim_abi::{Errno, Release};

/// btf_get_info_by_fd(). The struct goes in and out: sizes say how much room there is.
pub(super) fn info(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, handle: u32) -> Answer {
    let room = room(kernel, task, attr, "struct bpf_btf_info")?;
    let mut info: BtfInfo = read(task, &room)?;
    let core = &kernel.core;
    let data = core.btf(handle).ok_or(Errno::EBADF)?.bytes();
    info.id = core.meta(ObjectId::Btf(handle)).map_or(0, |meta| meta.id);
    let copied = (info.btf_size as usize).min(data.len());
    task.write(info.btf, &data[..copied])?;
    info.btf_size = data.len() as u32;
    if core.profile.release >= Release::new(5, 11) {
        name(task, &mut info)?;
    }
    write(task, attr, &room, &info)
}

/// What user space loads has no name: its NUL fits into every buffer.
fn name(task: &mut dyn Task, info: &mut BtfInfo) -> Result<(), Failure> {
    info.kernel_btf = 0;
    let room = std::mem::take(&mut info.name_len);
    if info.name.is_null() != (room == 0) {
        return Err(Errno::EINVAL.into());
    }
    if !info.name.is_null() {
        task.write(info.name, &[0])?;
    }
    Ok(())
}
