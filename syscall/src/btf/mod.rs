//! Commands about BTF: BPF_BTF_LOAD, v4.18, and what maps and programs are told of types.
//!
//! What a BTF must look like is in `bpfsim_verifier::btf`. This kernel has no BTF of its own.

pub(crate) mod map;
pub(crate) mod prog;

pub use prog::DebugInfo;

use crate::entry::Attr;
use crate::task::Caps;
use crate::verifier_log::{self, Wanted};
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::BtfLoadAttr;
use bpfsim_abi::{Errno, Release};
use bpfsim_verifier::btf::{self, Stop};
use std::ops::Deref;
use std::sync::Arc;

/// `BTF_MAX_SIZE`.
const MOST: u32 = 16 << 20;

/// `BPF_F_TOKEN_FD`, v6.9.
const BPF_F_TOKEN_FD: u32 = 1 << 16;

/// A BTF as an object: shared, since it never changes.
#[derive(Clone, Debug)]
pub struct Btf(Arc<btf::Btf>);

impl Deref for Btf {
    type Target = btf::Btf;

    fn deref(&self) -> &btf::Btf {
        &self.0
    }
}

impl From<btf::Btf> for Btf {
    fn from(types: btf::Btf) -> Self {
        Self(Arc::new(types))
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Errno(errno) => errno.into(),
            Stop::NotModelled(what) => Failure::NotModelled(what.to_owned()),
        }
    }
}

/// CAP_SYS_ADMIN, from v5.8 on CAP_BPF.
fn may(caps: Caps, release: Release) -> bool {
    if release < Release::new(5, 8) { caps.sys_admin } else { caps.privileged() }
}

/// A flag for a token; no fd is a token.
pub(crate) fn check_token(task: &dyn Task, flags: u32, fd: i32) -> Result<(), Errno> {
    match flags {
        0 => Ok(()),
        BPF_F_TOKEN_FD if task.fd(fd as u32).is_none() => Err(Errno::EBADF),
        _ => Err(Errno::EINVAL),
    }
}

/// BPF_BTF_LOAD: rights, size, log, bytes, types, an fd.
pub(crate) fn load(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: BtfLoadAttr = attr.arm();
    let release = kernel.core.profile.release;
    check_token(task, arm.btf_flags, arm.btf_token_fd)?;
    if !may(task.caps(), release) {
        return Err(Errno::EPERM.into());
    }
    if arm.btf_size > MOST {
        return Err(Errno::E2BIG.into());
    }
    let wanted = Wanted::of_btf(&arm);
    verifier_log::check(&wanted, release)?;
    let mut data = vec![0; arm.btf_size as usize];
    let read = task.read(arm.btf, &mut data).map_err(Failure::from);
    let (result, log) = match read {
        Ok(()) => {
            let parsed = btf::parse(data, release, wanted.is_on());
            (parsed.result.map_err(Failure::from), parsed.log)
        }
        Err(fault) => (Err(fault), Vec::new()),
    };
    if let Err(Failure::NotModelled(what)) = result {
        return Err(Failure::NotModelled(what));
    }
    let written = verifier_log::write(task, attr, &wanted, &log, release);
    let types = judged(result, written, release)?;
    let object = kernel.core.add_btf(types.into());
    kernel.core.sign(object, [0; 16], task.uid());
    task.install(object).map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
}

/// Since v6.4 a log that could not be handed out comes before the verdict. Up to v6.3 only the
/// log of a good BTF is asked whether it fits, and one that cannot be written is let go.
fn judged(
    result: Result<btf::Btf, Failure>,
    written: Result<(), Failure>,
    release: Release,
) -> Result<btf::Btf, Failure> {
    if release >= verifier_log::ROLLING {
        written?;
        return result;
    }
    let types = result?;
    match written {
        Err(Failure::Errno(refusal)) if refusal.errno == Errno::ENOSPC => Err(Errno::ENOSPC.into()),
        Err(_) | Ok(()) => Ok(types),
    }
}
