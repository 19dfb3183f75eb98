//! Programs of tc (tcx, v6.6) in an order that callers choose: `kernel/bpf/mprog.c` and
//! `kernel/bpf/tcx.c`, v6.6 to v7.1.

use super::find;
use super::flags::{AFTER, BEFORE, ID, LINK, REPLACE};
use super::hooks::{Entry, Hook, Place};
use crate::core::{Core, ObjectId};
use crate::{Kernel, Task};
use bpfsim_abi::Errno;

/// `BPF_MPROG_MAX`.
const MOST: usize = 64;

/// Where in the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// `BPF_F_…`.
    pub flags: u32,
    /// `relative_fd` or `relative_id`.
    pub relative: u32,
    /// `expected_revision`.
    pub revision: u64,
}

/// What a flag refers to: a program, and the link that holds it if a link was named.
#[derive(Clone, Copy, Debug, Default)]
struct Tuple {
    program: Option<u32>,
    link: Option<u32>,
}

impl Tuple {
    /// bpf_mprog_tuple_relative().
    fn relative(
        core: &Core,
        task: &dyn Task,
        order: Order,
        prog_type: Option<u32>,
    ) -> Result<Self, Errno> {
        let by_id = order.flags & ID != 0;
        let tuple = if order.flags & LINK != 0 {
            let link = find::link_by_id_or_fd(core, task, by_id, order.relative)?;
            Self { program: core.link(link).and_then(|link| link.program), link: Some(link) }
        } else if !by_id && order.relative == 0 {
            return Ok(Self::default());
        } else {
            let program = find::by_id_or_fd(core, task, by_id, order.relative)?;
            Self { program: Some(program), link: None }
        };
        let program = tuple.program.and_then(|program| core.program(program));
        let other =
            program.is_some_and(|program| prog_type.is_some_and(|t| t != program.prog_type()));
        if other { Err(Errno::EINVAL) } else { Ok(tuple) }
    }

    fn is(&self, entry: &Entry) -> bool {
        self.program == Some(entry.program) && (self.link.is_none() || self.link == entry.link)
    }
}

/// bpf_mprog_pos_exact().
fn exact(hook: &Hook, program: u32, link: Option<u32>) -> Result<isize, Errno> {
    let index = hook.entries.iter().position(|entry| entry.program == program);
    let index = index.ok_or(Errno::ENOENT)?;
    if hook.entries[index].link == link { Ok(index as isize) } else { Err(Errno::EBUSY) }
}

/// bpf_mprog_pos_before() and bpf_mprog_pos_after(), which must agree with each other and with a
/// position that is known.
fn place(
    hook: &Hook,
    tuple: Tuple,
    flags: u32,
    mut known: Option<isize>,
) -> Result<Option<isize>, Errno> {
    let len = hook.entries.len() as isize;
    for (flag, step, end) in [(BEFORE, -1, -1), (AFTER, 1, len)] {
        if flags & flag == 0 {
            continue;
        }
        let found = hook.entries.iter().position(|entry| tuple.is(entry));
        let at = match (found, tuple.program) {
            (Some(index), _) => index as isize + step,
            (None, Some(_)) => return Err(Errno::ENOENT),
            (None, None) => end,
        };
        if known.is_some_and(|known| known != at) {
            return Err(Errno::ERANGE);
        }
        known = Some(at);
    }
    Ok(known)
}

/// A program, or a link's, into a list: bpf_mprog_attach().
pub(crate) fn attach(
    kernel: &mut Kernel,
    task: &dyn Task,
    at: &Place,
    (entry, replace): (Entry, Option<u32>),
    order: Order,
) -> Result<(), Errno> {
    let core = &mut kernel.core;
    let hook = core.hooks.at(at).cloned().unwrap_or_default();
    let Order { flags, revision, .. } = order;
    if revision != 0 && revision != hook.revision {
        return Err(Errno::ESTALE);
    }
    if hook.entries.iter().any(|there| there.program == entry.program) {
        return Err(Errno::EEXIST);
    }
    let prog_type = core.program(entry.program).map(|program| program.prog_type());
    let tuple = Tuple::relative(core, task, order, prog_type)?;
    let mut known = None;
    if flags & REPLACE != 0 {
        let old = replace.ok_or(Errno::ENOENT)?;
        known = Some(exact(&hook, old, entry.link)?);
    } else if hook.entries.len() == MOST {
        return Err(Errno::ERANGE);
    }
    let index = match place(&hook, tuple, flags, known)? {
        Some(index) => index,
        None if tuple.program.is_some() || flags != 0 => return Err(Errno::EINVAL),
        None => hook.entries.len() as isize,
    };
    if flags & REPLACE != 0 {
        core.exchange(&mut kernel.hw, at, index as usize, entry);
        return Ok(());
    }
    let len = hook.entries.len() as isize;
    let index = if index != len && flags & BEFORE != 0 { index + 1 } else { index };
    match entry.link {
        Some(_) => core.attach_link(at, index as usize, entry),
        None => core.attach_program(at, index as usize, entry),
    }
    Ok(())
}

/// bpf_mprog_detach(): links are let go by themselves only.
pub(crate) fn detach(
    kernel: &mut Kernel,
    task: &dyn Task,
    at: &Place,
    program: Option<u32>,
    order: Order,
) -> Result<(), Errno> {
    let core = &mut kernel.core;
    let hook = core.hooks.at(at).cloned().ok_or(Errno::ENOENT)?;
    let Order { flags, revision, .. } = order;
    if flags & REPLACE != 0 {
        return Err(Errno::EINVAL);
    }
    if revision != 0 && revision != hook.revision {
        return Err(Errno::ESTALE);
    }
    let prog_type = program.and_then(|program| core.program(program)).map(|p| p.prog_type());
    let tuple = Tuple::relative(core, task, order, prog_type)?;
    let known = program.map(|program| exact(&hook, program, None)).transpose()?;
    let len = hook.entries.len() as isize;
    let index = match place(&hook, tuple, flags, known)? {
        Some(index) => index,
        None if tuple.program.is_some() || flags != 0 => return Err(Errno::EINVAL),
        None => len,
    };
    let index = index.clamp(0, len - 1) as usize;
    if hook.entries[index].link.is_some() {
        return Err(Errno::EBUSY);
    }
    core.detach_program(&mut kernel.hw, at, index);
    Ok(())
}

/// tcx_link_update(): the link's program is exchanged where it stands. A program that is in the
/// list already is EEXIST.
pub(crate) fn update_link(
    core: &mut Core,
    at: &Place,
    link: u32,
    program: u32,
) -> Result<(), Errno> {
    if core.hooks.entries(at).iter().any(|entry| entry.program == program) {
        return Err(Errno::EEXIST);
    }
    core.retarget(at, link, program);
    Ok(())
}

impl Core {
    /// The entry of a link runs another program from now on.
    pub(crate) fn retarget(&mut self, at: &Place, link: u32, program: u32) {
        let hook = self.hooks.at_mut(at);
        for entry in hook.entries.iter_mut().filter(|entry| entry.link == Some(link)) {
            entry.program = program;
        }
        hook.revision += 1;
    }

    /// The id of an object.
    pub(crate) fn id_of(&self, object: ObjectId) -> u32 {
        self.meta(object).map_or(0, |meta| meta.id)
    }
}
