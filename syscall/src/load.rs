//! BPF_PROG_LOAD: the order of its errors, the verifier, the log.

use crate::core::{Core, ObjectId};
use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};
use bpfsim_abi::helper::HelperProto;
use bpfsim_abi::{Errno, Insn, Release, helper_protos};
use bpfsim_verifier::{Env, MapShape, Outcome, RejectKind, Verdict, verify};
use zerocopy::{FromZeros, IntoBytes};

/// `BPF_MAXINSNS`.
const BPF_MAXINSNS: u32 = 4096;

/// `BPF_COMPLEXITY_LIMIT_INSNS` of v5.2 and later, for those who may.
const MOST_INSNS: u32 = 1_000_000;

const SOCKET_FILTER: u32 = 1;
const KPROBE: u32 = 2;

/// What the verifier asks of the kernel about one program.
pub struct Surroundings<'a> {
    core: &'a Core,
    task: &'a dyn Task,
    prog_type: u32,
    gpl: bool,
}

impl<'a> Surroundings<'a> {
    /// A program of `prog_type`, loaded by `task`.
    pub fn new(core: &'a Core, task: &'a dyn Task, prog_type: u32, gpl: bool) -> Self {
        Self { core, task, prog_type, gpl }
    }
}

impl Env for Surroundings<'_> {
    fn release(&self) -> Release {
        self.core.profile.release
    }

    fn prog_type(&self) -> u32 {
        self.prog_type
    }

    fn privileged(&self) -> bool {
        self.task.caps().privileged()
    }

    fn gpl_compatible(&self) -> bool {
        self.gpl
    }

    fn map(&mut self, fd: i32) -> Result<(u32, MapShape), Errno> {
        match self.task.fd(fd as u32).ok_or(Errno::EBADF)? {
            Ok(ObjectId::Map(handle)) => {
                let shape = self.core.map(handle).ok_or(Errno::EBADF)?.shape;
                let shape = MapShape {
                    map_type: shape.map_type,
                    key_size: shape.key_size,
                    value_size: shape.value_size,
                    max_entries: shape.max_entries,
                    flags: shape.flags,
                };
                Ok((handle, shape))
            }
            Ok(ObjectId::Prog(_)) | Err(_) => Err(Errno::EINVAL),
        }
    }

    /// The series' own helpers first; those of the release as far as they run here.
    fn helper(&self, id: i32) -> Option<HelperProto> {
        let release = self.core.profile.release;
        let series = self.core.profile.series.and_then(|series| series.helper(id));
        match series {
            Some((proto, _)) => (proto.since <= release).then_some(proto),
            None => {
                let id = u32::try_from(id).ok()?;
                helper_protos::helper(self.prog_type, id, release).copied()
            }
        }
    }
}

/// License strings that count as compatible with the GPL (`include/linux/license.h`).
pub fn gpl_compatible(license: &str) -> bool {
    matches!(
        license,
        "GPL"
            | "GPL v2"
            | "GPL and additional rights"
            | "Dual BSD/GPL"
            | "Dual MIT/GPL"
            | "Dual MPL/GPL"
    )
}

pub(crate) fn load(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgLoadAttr = attr.arm();
    let release = kernel.core.profile.release;
    let modern = release >= Release::new(5, 2);
    if arm.prog_flags != 0 {
        return Err(Failure::NotModelled("prog_flags of PROG_LOAD".to_owned()));
    }
    let license = if modern {
        check_count(&arm, task, modern)?;
        None
    } else {
        let license = read_license(task, arm.license)?;
        check_count(&arm, task, modern)?;
        Some(license)
    };
    if arm.prog_type == KPROBE
        && release < Release::new(5, 0)
        && arm.kern_version != version(release)
    {
        return Err(Errno::EINVAL.into());
    }
    if arm.prog_type != SOCKET_FILTER && !task.caps().privileged() {
        return Err(Errno::EPERM.into());
    }
    if modern && kernel.core.profile.unprivileged_disabled && !task.caps().privileged() {
        return Err(Errno::EPERM.into());
    }
    let mut insns = vec![Insn::new_zeroed(); arm.insn_cnt as usize];
    task.read(arm.insns, insns.as_mut_bytes())?;
    let license = match license {
        Some(license) => license,
        None => read_license(task, arm.license)?,
    };
    if bpfsim_abi::prog_type::by_number(arm.prog_type, release).is_none() || arm.prog_type == 0 {
        return Err(Errno::EINVAL.into());
    }
    check_log(&arm, release)?;
    let gpl = gpl_compatible(&license);
    let mut env = Surroundings::new(&kernel.core, task, arm.prog_type, gpl);
    let outcome = verify(&insns, &mut env, arm.log_level);
    finish(kernel, task, &arm, outcome)
}

fn check_count(arm: &ProgLoadAttr, task: &dyn Task, modern: bool) -> Result<(), Errno> {
    if modern {
        let most = if task.caps().privileged() { MOST_INSNS } else { BPF_MAXINSNS };
        return if arm.insn_cnt == 0 || arm.insn_cnt > most { Err(Errno::E2BIG) } else { Ok(()) };
    }
    if arm.insn_cnt >= BPF_MAXINSNS { Err(Errno::EINVAL) } else { Ok(()) }
}

/// `LINUX_VERSION_CODE` of X.Y.0.
fn version(release: Release) -> u32 {
    u32::from(release.major) << 16 | u32::from(release.minor) << 8
}

/// strncpy_from_user(): at most 127 bytes.
fn read_license(task: &dyn Task, at: UserAddr) -> Result<String, Errno> {
    let mut license = String::new();
    for offset in 0..127 {
        let mut byte = [0];
        let here = at.checked_add(offset).ok_or(Errno::EFAULT)?;
        task.read(here, &mut byte).map_err(|_| Errno::EFAULT)?;
        match byte[0] {
            0 => break,
            byte => license.push(byte.into()),
        }
    }
    Ok(license)
}

/// Before v6.4 a log of less than 128 bytes was insane.
fn check_log(arm: &ProgLoadAttr, release: Release) -> Result<(), Errno> {
    let least = if release < Release::new(6, 4) { 128 } else { 1 };
    let most = if release < Release::new(5, 2) { u32::MAX >> 8 } else { u32::MAX >> 2 };
    if arm.log_level == 0 {
        let strict = release >= Release::new(5, 0);
        let set = arm.log_size != 0 || !arm.log_buf.is_null();
        return if strict && set { Err(Errno::EINVAL) } else { Ok(()) };
    }
    let insane = arm.log_size < least || arm.log_size > most || arm.log_buf.is_null();
    if insane { Err(Errno::EINVAL) } else { Ok(()) }
}

/// The log goes out whatever the verdict; one that does not fit is ENOSPC instead of it.
fn finish(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    arm: &ProgLoadAttr,
    outcome: Outcome,
) -> Answer {
    let mut full = false;
    if arm.log_level > 0 {
        let mut bytes = outcome.log.clone().into_bytes();
        full = bytes.len() >= arm.log_size as usize;
        bytes.truncate(arm.log_size as usize - 1);
        bytes.push(0);
        task.write(arm.log_buf, &bytes)?;
    }
    match outcome.verdict {
        Verdict::Rejected(reject) if reject.kind == RejectKind::NotModelled => {
            Err(Failure::NotModelled(reject.message))
        }
        _ if full => Err(Errno::ENOSPC.into()),
        Verdict::Rejected(reject) => Err(reject.errno.into()),
        Verdict::Accepted(program) => {
            let object = kernel.core.add_program(program);
            task.install(object)
                .map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
        }
    }
}
