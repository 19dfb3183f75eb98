//! BPF_OBJ_PIN and BPF_OBJ_GET, v4.4.

use crate::bpffs::{Creds, Dir, Mask, PATH_MAX};
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::task::{File, Mode};
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{ObjAttr, UserAddr};
use bpfsim_abi::{Errno, Release};

/// getname(): a path of at most `PATH_MAX` bytes that is not empty.
fn path(task: &dyn Task, at: UserAddr) -> Result<Vec<u8>, Errno> {
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let mut byte = [0];
        let here = at.checked_add(bytes.len() as u64).ok_or(Errno::EFAULT)?;
        task.read(here, &mut byte).map_err(|_| Errno::EFAULT)?;
        match byte[0] {
            0 if bytes.is_empty() => return Err(Errno::ENOENT),
            0 => return Ok(bytes),
            _ if bytes.len() + 1 >= PATH_MAX => return Err(Errno::ENAMETOOLONG),
            byte => bytes.push(byte),
        }
    }
}

/// `BPF_F_PATH_FD`, v6.5.
const BPF_F_PATH_FD: u32 = 1 << 14;

/// `AT_FDCWD`.
const AT_FDCWD: i32 = -100;

/// `BPF_F_RDONLY` and `BPF_F_WRONLY`.
const ACCESS: u32 = 8 | 16;

/// The flags of OBJ_PIN (`access` 0) and OBJ_GET, v4.15; a directory's fd, v6.5.
fn check_flags(arm: &ObjAttr, release: Release, access: u32) -> Result<(), Errno> {
    let path_fd = if release >= Release::new(6, 5) { BPF_F_PATH_FD } else { 0 };
    let unknown = arm.file_flags & !(access | path_fd) != 0;
    let unused = arm.file_flags & BPF_F_PATH_FD == 0 && arm.path_fd != 0;
    if unknown || unused { Err(Errno::EINVAL) } else { Ok(()) }
}

/// path_init(): where a path begins. The fd counts for relative paths only.
fn start(task: &dyn Task, arm: &ObjAttr, path: &[u8]) -> Result<Dir, Failure> {
    let relative = path.first() != Some(&b'/');
    if !relative || arm.file_flags & BPF_F_PATH_FD == 0 || arm.path_fd == AT_FDCWD {
        return Ok(task.cwd());
    }
    let fd = arm.path_fd as u32;
    match task.fd(fd).ok_or(Errno::EBADF)? {
        Ok(_) => Err(Errno::ENOTDIR.into()),
        Err(_) => match task.file(fd) {
            File::Directory(dir) => Ok(dir),
            File::Other | File::NetNs(_) | File::PerfEvent => Err(Errno::ENOTDIR.into()),
            File::Cgroup(_) | File::Unknown => {
                Err(Failure::NotModelled(format!("a path from fd {fd}: what it is of")))
            }
        },
    }
}

/// bpf_fd_probe_obj(): a BTF cannot be pinned. Up to v5.6 the last kind that was tried says what
/// is wrong; links come with v5.7.
fn probe(task: &dyn Task, fd: u32, release: Release) -> Result<ObjectId, Errno> {
    match task.fd(fd) {
        Some(Ok(ObjectId::Btf(_) | ObjectId::Stats)) => Err(Errno::EINVAL),
        // Up to v5.6 a raw tracepoint is a file of its own.
        Some(Ok(ObjectId::Link(_))) if release < Release::new(5, 7) => Err(Errno::EINVAL),
        Some(Ok(object @ (ObjectId::Map(_) | ObjectId::Prog(_) | ObjectId::Link(_)))) => Ok(object),
        None if release < Release::new(5, 7) => Err(Errno::EBADF),
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
    let from = start(task, &arm, &path)?;
    kernel.core.pins.pin(&Creds::of(task), from, &path, object)?;
    kernel.core.get(object);
    Ok(0)
}

/// What the file must allow: up to v4.14 writing, later what the fd is for.
fn mask(mode: Mode, release: Release) -> Mask {
    match mode {
        _ if release < Release::new(4, 15) => Mask::WRITE,
        Mode::ReadWrite => Mask::BOTH,
        Mode::ReadOnly => Mask::READ,
        Mode::WriteOnly => Mask::WRITE,
    }
}

pub(crate) fn get(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ObjAttr = attr.arm();
    if arm.bpf_fd != 0 {
        return Err(Errno::EINVAL.into());
    }
    let release = kernel.core.profile.release;
    check_flags(&arm, release, ACCESS)?;
    let mode = Mode::from_flags(arm.file_flags)?;
    let path = path(task, arm.pathname)?;
    let (who, from) = (Creds::of(task), start(task, &arm, &path)?);
    let object = kernel.core.pins.get(&who, from, &path, mask(mode, release))?;
    // The mode of a program's fd says nothing; a link's must be both from v5.12 on.
    let is_link = matches!(object, ObjectId::Link(_)) && release >= Release::new(5, 12);
    if is_link && mode != Mode::ReadWrite {
        return Err(Errno::EINVAL.into());
    }
    kernel.core.get(object);
    let fd = match object {
        ObjectId::Map(_) => task.install_as(object, mode),
        ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) | ObjectId::Stats => {
            task.install(object)
        }
    };
    fd.map_err(|errno| {
        kernel.core.put(&mut kernel.hw, object);
        errno.into()
    })
}
