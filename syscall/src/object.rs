//! BPF_OBJ_PIN and BPF_OBJ_GET.

use crate::core::ObjectId;
use crate::entry::Attr;
use crate::task::Mode;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{ObjAttr, UserAddr};
use bpfsim_abi::{Errno, Release};

/// `PATH_MAX`, the NUL included.
const PATH_MAX: usize = 4096;

/// getname(): a path of at most `PATH_MAX` bytes that is not empty.
fn path(task: &dyn Task, at: UserAddr) -> Result<String, Errno> {
    let mut bytes: Vec<u8> = Vec::new();
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

/// `BPF_F_PATH_FD`, v6.5.
const BPF_F_PATH_FD: u32 = 1 << 14;

/// `BPF_F_RDONLY` and `BPF_F_WRONLY`.
const ACCESS: u32 = 8 | 16;

/// The flags of OBJ_PIN (`access` 0) and OBJ_GET, v4.15; a directory fd, v6.5.
fn check_flags(arm: &ObjAttr, release: Release, access: u32) -> Result<(), Failure> {
    let path_fd = if release >= Release::new(6, 5) { BPF_F_PATH_FD } else { 0 };
    if arm.file_flags & !(access | path_fd) != 0 {
        return Err(Errno::EINVAL.into());
    }
    if arm.file_flags & BPF_F_PATH_FD != 0 {
        return Err(Failure::NotModelled("a path from a directory's fd (path_fd)".to_owned()));
    }
    if arm.path_fd != 0 { Err(Errno::EINVAL.into()) } else { Ok(()) }
}

/// bpf_fd_probe_obj(): a BTF cannot be pinned. Up to v5.7 the last kind that was tried says what is wrong.
fn probe(task: &dyn Task, fd: u32, release: Release) -> Result<ObjectId, Errno> {
    match task.fd(fd) {
        Some(Ok(ObjectId::Btf(_))) => Err(Errno::EINVAL),
        Some(Ok(object @ (ObjectId::Map(_) | ObjectId::Prog(_) | ObjectId::Link(_)))) => Ok(object),
        None if release < Release::new(5, 8) => Err(Errno::EBADF),
        Some(Err(_)) | None => Err(Errno::EINVAL),
    }
}

pub(crate) fn pin(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ObjAttr = attr.arm();
    let release = kernel.core.profile.release;
    check_flags(&arm, release, 0)?;
    // Up to v5.5 the path is read first.
    let (object, path) = if release < Release::new(5, 6) {
        let path = path(task, arm.pathname)?;
        (probe(task, arm.bpf_fd, release)?, path)
    } else {
        let object = probe(task, arm.bpf_fd, release)?;
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
    check_flags(&arm, kernel.core.profile.release, ACCESS)?;
    let mode = Mode::from_flags(arm.file_flags)?;
    let path = path(task, arm.pathname)?;
    let object = kernel.core.pins.get(&path)?;
    // The mode of a program's fd says nothing; a link's must be both.
    if matches!(object, ObjectId::Link(_)) && mode != Mode::ReadWrite {
        return Err(Errno::EINVAL.into());
    }
    kernel.core.get(object);
    let fd = match object {
        ObjectId::Map(_) => task.install_as(object, mode),
        ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) => task.install(object),
    };
    fd.map_err(|errno| {
        kernel.core.put(&mut kernel.hw, object);
        errno.into()
    })
}
