//! BPF_OBJ_PIN and BPF_OBJ_GET.

use crate::entry::Attr;
use crate::{Answer, Kernel, Task};
use bpfsim_abi::attr::{ObjAttr, UserAddr};
use bpfsim_abi::{Errno, Release};

/// `PATH_MAX`, the NUL included.
const PATH_MAX: usize = 4096;

/// getname(): a path of at most `PATH_MAX` bytes that is not empty.
fn path(task: &dyn Task, at: UserAddr) -> Result<String, Errno> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        let here = at.checked_add(bytes.len() as u64).ok_or(Errno::EFAULT)?;
        task.read(here, &mut byte).map_err(|_| Errno::EFAULT)?;
        match byte[0] {
            0 if bytes.is_empty() => return Err(Errno::ENOENT),
            0 => return String::from_utf8(bytes).map_err(|_| Errno::ENOENT),
            _ if bytes.len() + 1 >= PATH_MAX => return Err(Errno::ENAMETOOLONG),
            byte => bytes.push(byte),
        }
    }
}

pub(crate) fn pin(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ObjAttr = attr.arm();
    let release = kernel.core.profile.release;
    if arm.file_flags != 0 && release >= Release::new(4, 15) {
        return Err(Errno::EINVAL.into());
    }
    let object = |task: &dyn Task| match task.fd(arm.bpf_fd) {
        Some(Ok(object)) => Ok(object),
        Some(Err(_)) => Err(Errno::EINVAL),
        None => Err(Errno::EBADF),
    };
    // v4.4 to v5.1 read the path first; later ones look at the fd first, and any bad one is
    // EINVAL.
    let (object, path) = if release < Release::new(5, 2) {
        let path = path(task, arm.pathname)?;
        (object(task)?, path)
    } else {
        let object = object(task).map_err(|_| Errno::EINVAL)?;
        (object, path(task, arm.pathname)?)
    };
    kernel.core.pins.pin(&path, object)?;
    kernel.core.get(object);
    Ok(0)
}

pub(crate) fn get(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ObjAttr = attr.arm();
    if arm.bpf_fd != 0 {
        return Err(Errno::EINVAL.into());
    }
    let path = path(task, arm.pathname)?;
    let object = kernel.core.pins.get(&path)?;
    kernel.core.get(object);
    task.install(object).map_err(|errno| {
        kernel.core.put(&mut kernel.hw, object);
        errno.into()
    })
}
