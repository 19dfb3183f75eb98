//! What happens before a command is looked at: size, tail, rights, CHECK_ATTR.

use crate::command;
use crate::process::TASK_SIZE_MAX;
use crate::why;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Because, Cause, Errno, Refusal, Release, cause, cmd};
use zerocopy::{FromBytes, IntoBytes};

/// Bytes of the largest `union bpf_attr`, rounded up.
const MOST: usize = 176;

/// `BPF_MAP_CREATE`.
const MAP_CREATE: u32 = 0;

/// `BPF_PROG_LOAD`.
const PROG_LOAD: u32 = 5;

/// `PAGE_SIZE`.
const PAGE: u32 = 4096;

/// The caller's attr, as much of it as the kernel knows; what it left out is zero.
#[derive(Clone, Copy, Debug)]
pub struct Attr {
    bytes: [u8; MOST],
    /// Where the caller has it.
    pub at: UserAddr,
    /// How many bytes the caller gave.
    pub size: u32,
    /// Number of the command.
    pub cmd: u32,
}

impl Attr {
    /// An attr that holds `bytes`; more than the largest is cut off.
    pub fn new(cmd: u32, bytes: &[u8]) -> Self {
        let mut attr = Self { bytes: [0; MOST], at: UserAddr(0), size: bytes.len() as u32, cmd };
        let len = bytes.len().min(MOST);
        attr.bytes[..len].copy_from_slice(&bytes[..len]);
        attr
    }

    /// As many bytes as the caller gave.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..(self.size as usize).min(MOST)]
    }

    /// The attr as one of its arms.
    #[inline]
    pub fn arm<T: FromBytes + IntoBytes>(&self) -> T {
        bpfsim_abi::attr::read_arm(&self.bytes)
    }
}

/// bpf(2) of `kernel/bpf/syscall.c`.
pub fn bpf(kernel: &mut Kernel, task: &mut dyn Task, cmd: u32, at: UserAddr, size: u32) -> Answer {
    at_the_door(kernel, task, cmd)?;
    let mut attr = Attr { bytes: [0; MOST], at, size, cmd };
    copy_attr(kernel, task, &mut attr)?;
    dispatch(kernel, task, &attr)
}

/// Root only up to v4.3. Then `unprivileged_bpf_disabled`: the whole call up to v5.18, then only what makes objects; from
/// v6.5 on the commands ask for themselves.
fn at_the_door(kernel: &Kernel, task: &dyn Task, cmd: u32) -> Result<(), Refusal> {
    let profile = &kernel.core.profile;
    let release = profile.release;
    let asked = match release {
        release if release < Release::new(5, 19) => true,
        release if release < Release::new(6, 5) => cmd == MAP_CREATE || cmd == PROG_LOAD,
        _ => false,
    };
    if !asked {
        return Ok(());
    }
    let caps = task.caps();
    if if release < Release::new(5, 8) { caps.sys_admin } else { caps.privileged() } {
        return Ok(());
    }
    cause::ROOT_ONLY.unless(release >= Release::new(4, 4))?;
    cause::UNPRIVILEGED.unless(!profile.unprivileged_disabled)
}

/// The order of "too long" and "not the caller's": up to v4.13 the first byte is looked at before
/// the size, up to v5.7 all of them after it, later only what is read.
fn copy_attr(kernel: &Kernel, task: &dyn Task, attr: &mut Attr) -> Result<(), Refusal> {
    let (at, size) = (attr.at, attr.size);
    let release = kernel.core.profile.release;
    if release < Release::new(4, 14) {
        access_ok(at, 1, cause::ATTR_OUTSIDE_USER_SPACE)?;
    }
    if size > PAGE {
        return cause::ATTR_TOO_LONG.refuse();
    }
    if release < Release::new(5, 8) {
        access_ok(at, size, cause::ATTR_OUTSIDE_USER_SPACE)?;
    }
    let known = kernel.core.attr_size;
    if size > known {
        let tail = at.checked_add(known.into()).because(ATTR_TAIL.unreadable)?;
        check_tail(task, tail, size - known, ATTR_TAIL)?;
    }
    let copied = size.min(known) as usize;
    task.read(at, &mut attr.bytes[..copied]).because(cause::ATTR_UNREADABLE)
}

/// An address of the kernel's half is refused before anything is read.
pub(crate) fn access_ok(at: UserAddr, len: u32, why: &'static Cause) -> Result<(), Refusal> {
    match at.checked_add(len.into()) {
        Some(end) if end.0 <= TASK_SIZE_MAX => Ok(()),
        Some(_) | None => why.refuse(),
    }
}

/// Why bytes that this kernel does not know are refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) unreadable: &'static Cause,
    pub(crate) nonzero: &'static Cause,
}

const ATTR_TAIL: Tail =
    Tail { unreadable: cause::ATTR_TAIL_UNREADABLE, nonzero: cause::ATTR_TAIL_NONZERO };

/// Bytes that this kernel does not know must be zero. They are read one by one up to v4.20 and in
/// words later; either way the first that is unreadable is EFAULT, the first nonzero E2BIG.
pub(crate) fn check_tail(
    task: &dyn Task,
    at: UserAddr,
    len: u32,
    why: Tail,
) -> Result<(), Refusal> {
    for offset in 0..u64::from(len) {
        let mut byte = [0];
        let here = at.checked_add(offset).because(why.unreadable)?;
        task.read(here, &mut byte).because(why.unreadable)?;
        if byte[0] != 0 {
            return why.nonzero.refuse();
        }
    }
    Ok(())
}

/// Commands that ask for CAP_NET_ADMIN before they look at their attr: those that attach up to
/// v5.7, and BPF_PROG_QUERY, where CAP_SYS_ADMIN will do from v6.9 on.
fn may_at_all(kernel: &Kernel, task: &dyn Task, cmd: u32) -> bool {
    /// BPF_PROG_ATTACH, BPF_PROG_DETACH, BPF_LINK_CREATE, BPF_LINK_UPDATE.
    const ATTACHING: [u32; 4] = [8, 9, 28, 29];
    const QUERY: u32 = 16;
    let release = kernel.core.profile.release;
    match cmd {
        QUERY if release >= Release::new(6, 9) => task.caps().net(),
        QUERY => task.caps().net_admin,
        _ if ATTACHING.contains(&cmd) && release < Release::new(5, 8) => task.caps().net_admin,
        _ => true,
    }
}

/// The row of the command table, and CHECK_ATTR: nothing may stand past the last field.
pub fn dispatch(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let handler = handler(kernel, attr.cmd)?;
    if !may_at_all(kernel, task, attr.cmd) {
        return Err(Errno::EPERM.into());
    }
    let end = kernel.core.attr_ends.get(attr.cmd as usize).copied().flatten();
    let end = end.unwrap_or(0) as usize;
    // Behind what the caller gave there are zeros.
    let given = attr.size.min(kernel.core.attr_size) as usize;
    let past = &attr.bytes[end.min(given)..given];
    if past.iter().fold(0, |all, byte| all | byte) != 0 {
        return cause::ATTR_PAST_LAST_FIELD.refuse();
    }
    handler(kernel, task, attr).map_err(|failure| why::explain(kernel, task, attr, failure))
}

#[inline]
fn handler(kernel: &Kernel, number: u32) -> Result<command::Handler, Failure> {
    let profile = &kernel.core.profile;
    if profile.overlay
        && let Some(role) = profile.series.and_then(|series| series.command(number))
    {
        return Ok(command::of_role(role));
    }
    let end = kernel.core.attr_ends.get(number as usize).copied().flatten();
    let left_out = || profile.without.commands.contains(&number);
    if end.is_none() && (left_out() || !cmd::exists(number, profile.release)) {
        return cause::UNKNOWN_COMMAND.refuse();
    }
    match command::by_number(number) {
        Some(row) => Ok(row.handler),
        None => Err(Failure::NotModelled(format!(
            "command {number} ({})",
            cmd::by_number(number, profile.release).map_or("unknown", |entry| entry.name)
        ))),
    }
}
