//! BPF_RAW_TRACEPOINT_OPEN, v4.17: a program at a tracepoint. What it makes became a link with
//! v5.7.

use super::settle;
use crate::attach::{self, Entry, Place, prog};
use crate::entry::Attr;
use crate::link::{Link, kind};
use crate::{Answer, Failure, Kernel, Task, fds};
use bpfsim_abi::attr::{RawTracepointAttr, UserAddr};
use bpfsim_abi::{Errno, Release};

/// Bytes of the kernel's buffer for the name, without its end.
const NAME: u64 = 127;

/// Up to v5.4 the name comes first, and one kind of program does not fit the other.
pub(crate) fn raw_tracepoint(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: RawTracepointAttr = attr.arm();
    let release = kernel.core.profile.release;
    let early = if release < Release::new(5, 5) {
        let name = read_name(task, arm.name)?;
        find(kernel, &name)?;
        Some(name)
    } else {
        None
    };
    let program = fds::program(task, arm.prog_fd)?;
    let attachable = attach::attachable(&kernel.core, program)?;
    match attachable.prog_type {
        prog::RAW_TRACEPOINT | prog::RAW_TRACEPOINT_WRITABLE => {}
        prog::TRACING | prog::EXT | prog::LSM if release >= Release::new(5, 5) => {
            return Err(Failure::NotModelled("programs of kernel functions (BTF)".to_owned()));
        }
        _ => return Err(Errno::EINVAL.into()),
    }
    let name = match early {
        Some(name) => name,
        None => read_name(task, arm.name)?,
    };
    let args = find(kernel, &name)?;
    check_context(kernel, program, args)?;
    let place = Place::Tracepoint(name);
    let link = Link {
        kind: kind::RAW_TRACEPOINT,
        program: Some(program),
        attach_type: attachable.expected,
        place: Some(place.clone()),
        cookie: arm.cookie,
    };
    settle(kernel, task, link, |kernel, _, handle| {
        let entries = kernel.core.hooks.entries(&place);
        // Up to v6.9 a tracepoint calls programs, not links, and each of them once.
        let twice = entries.iter().any(|entry| entry.program == program);
        if twice && release < Release::new(6, 10) {
            return Err(Errno::EEXIST.into());
        }
        let index = entries.len();
        let entry = Entry { program, link: Some(handle), flags: 0 };
        kernel.core.attach_link(&place, index, entry);
        Ok(())
    })
}

/// strncpy_from_user(): a longer name is cut off.
fn read_name(task: &dyn Task, at: UserAddr) -> Result<String, Errno> {
    let mut bytes = Vec::new();
    for offset in 0..NAME {
        let mut byte = [0];
        let here = at.checked_add(offset).ok_or(Errno::EFAULT)?;
        task.read(here, &mut byte).map_err(|_| Errno::EFAULT)?;
        match byte[0] {
            0 => break,
            byte => bytes.push(byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// bpf_get_raw_tracepoint(): how many arguments it has. A name that is no identifier is none of a
/// tracepoint; of others that are not listed nobody knows.
fn find(kernel: &Kernel, name: &str) -> Result<u32, Failure> {
    let tracepoints = &kernel.core.profile.targets.tracepoints;
    if let Some(found) = tracepoints.iter().find(|tracepoint| tracepoint.name == name) {
        return Ok(found.args);
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let identifier = !name.is_empty() && name.chars().all(letter);
    if identifier && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Failure::NotModelled(format!(
            "tracepoint {name}: it is not among the targets"
        )));
    }
    Err(Errno::ENOENT.into())
}

/// `max_ctx_offset` of bpf_probe_register(): arguments that the tracepoint does not have. The
/// verifier keeps no account of them, so any load past them could be one.
fn check_context(kernel: &Kernel, program: u32, args: u32) -> Result<(), Failure> {
    use bpfsim_abi::insn::{Op, Reg};
    let Some(program) = kernel.core.program(program) else { return Err(Errno::EBADF.into()) };
    let past = |op: &Op| match op {
        Op::Load { src, off, .. } => *src != Reg::R10 && i64::from(*off) >= i64::from(args) * 8,
        _ => false,
    };
    if program.ops().iter().any(past) {
        return Err(Failure::NotModelled("which arguments of a tracepoint are read".to_owned()));
    }
    Ok(())
}
