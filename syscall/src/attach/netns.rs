//! Programs of network namespaces: flow dissectors (v4.20), socket lookup (v5.9).
//!
//! Source: `net/core/flow_dissector.c` up to v5.7, `kernel/bpf/net_namespace.c` since.

use super::hooks::{Entry, Place};
use super::types::{at, prog};
use crate::core::Core;
use crate::{Kernel, Task};
use bpfsim_abi::attr::ProgAttachAttr;
use bpfsim_abi::{Errno, Release};

/// `BPF_FLOW_DISSECTOR`.
pub(crate) const FLOW_DISSECTOR: u32 = 17;

/// The release from which on links are attached as well, and calls are checked.
const LINKS: Release = Release::new(5, 8);

fn own(core: &Core) -> Place {
    Place::NetNs(core.profile.targets.netns, FLOW_DISSECTOR)
}

/// flow_dissector_bpf_prog_attach_check(), v5.5: a dissector of the first namespace is the only
/// one.
fn check_dissectors(core: &Core, netns: u32) -> Result<(), Errno> {
    let first = core.profile.targets.netns;
    let elsewhere = |(place, hook): (&Place, &super::hooks::Hook)| match place {
        Place::NetNs(other, FLOW_DISSECTOR) => {
            *other != netns && (netns == first || *other == first) && !hook.entries.is_empty()
        }
        _ => false,
    };
    if core.hooks.iter().any(elsewhere) { Err(Errno::EEXIST) } else { Ok(()) }
}

/// netns_bpf_prog_attach(): in the caller's own namespace.
pub(crate) fn attach(kernel: &mut Kernel, arm: &ProgAttachAttr, program: u32) -> Result<(), Errno> {
    let core = &mut kernel.core;
    let release = core.profile.release;
    if release >= LINKS && (arm.target_fd | arm.attach_flags | arm.replace_bpf_fd) != 0 {
        return Err(Errno::EINVAL);
    }
    let place = own(core);
    let there = core.hooks.entries(&place).first().copied();
    if there.is_some_and(|entry| entry.link.is_some()) {
        return Err(Errno::EEXIST);
    }
    if release >= Release::new(5, 5) {
        check_dissectors(core, core.profile.targets.netns)?;
    } else if there.is_some() {
        return Err(Errno::EEXIST);
    }
    let entry = Entry { program, link: None, flags: 0 };
    match there {
        Some(there) if there.program == program => return Err(Errno::EINVAL),
        Some(_) => core.exchange(&mut kernel.hw, &place, 0, entry),
        None => core.attach_program(&place, 0, entry),
    }
    Ok(())
}

/// netns_bpf_prog_detach(): up to v5.7 whatever is attached, then the program that is named.
pub(crate) fn detach(
    kernel: &mut Kernel,
    task: &dyn Task,
    arm: &ProgAttachAttr,
) -> Result<(), Errno> {
    let core = &mut kernel.core;
    let place = own(core);
    let there = core.hooks.entries(&place).first().copied();
    if core.profile.release >= LINKS {
        if arm.target_fd != 0 {
            return Err(Errno::EINVAL);
        }
        let program = super::find::program(core, task, arm.attach_bpf_fd, prog::FLOW_DISSECTOR)?;
        if there.is_some_and(|entry| entry.link.is_some()) {
            return Err(Errno::EINVAL);
        }
        if there.is_none_or(|entry| entry.program != program) {
            return Err(Errno::ENOENT);
        }
    }
    there.ok_or(Errno::ENOENT)?;
    core.detach_program(&mut kernel.hw, &place, 0);
    Ok(())
}

/// netns_bpf_link_attach(): one dissector, 64 socket lookups (v5.9).
pub(crate) fn attach_link(core: &mut Core, place: &Place, entry: Entry) -> Result<(), Errno> {
    let Place::NetNs(netns, attach_type) = *place else { return Err(Errno::EINVAL) };
    let entries = core.hooks.entries(place);
    let most = if attach_type == at::SK_LOOKUP { 64 } else { 1 };
    let links = entries.iter().filter(|entry| entry.link.is_some()).count();
    if links >= most {
        return Err(Errno::E2BIG);
    }
    if entries.len() > links {
        return Err(Errno::EEXIST);
    }
    if attach_type == FLOW_DISSECTOR {
        check_dissectors(core, netns)?;
    }
    core.attach_link(place, links, entry);
    Ok(())
}
