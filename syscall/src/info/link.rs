//! `struct bpf_link_info`, v5.8: what all types of links have, and what each type adds.

use super::{Room, read, room, write};
use crate::attach::Place;
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::link::{Link, kind};
use crate::links::put_text;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{LinkInfo, UserAddr};
use bpfsim_abi::{Errno, Release};

/// bpf_link_get_info_by_fd(). The struct goes in and out; what a type of link does not fill stays
/// as the caller left it.
pub(super) fn info(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, handle: u32) -> Answer {
    let room: Room = room(kernel, task, attr, "struct bpf_link_info")?;
    let mut info: LinkInfo = read(task, &room)?;
    let core = &kernel.core;
    let link = core.link(handle).ok_or(Errno::EBADF)?.clone();
    info.r#type = link.kind;
    info.id = core.id_of(ObjectId::Link(handle));
    if let Some(program) = link.program {
        info.prog_id = core.id_of(ObjectId::Prog(program));
    }
    details(task, &mut info, &link, core.profile.release)?;
    write(task, attr, &room, &info)
}

/// Two words of 32 bits in one of 64.
const fn words(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

/// fill_link_info() of each type. A link that was detached has zeros for its place.
fn details(
    task: &mut dyn Task,
    info: &mut LinkInfo,
    link: &Link,
    release: Release,
) -> Result<(), Failure> {
    let keep_high = |old: u64, low: u32| words(low, (old >> 32) as u32);
    match (link.kind, &link.place) {
        (kind::CGROUP, place) => {
            info.detail[0] = match place {
                Some(Place::Cgroup(id, _)) => *id,
                _ => 0,
            };
            info.detail[1] = keep_high(info.detail[1], link.attach_type);
        }
        (kind::NETNS, Some(Place::NetNs(number, _))) | (kind::TCX, Some(Place::Tcx(number, _))) => {
            info.detail[0] = words(*number, link.attach_type);
        }
        (kind::NETNS | kind::TCX, _) => info.detail[0] = words(0, link.attach_type),
        (kind::XDP, Some(Place::Xdp(ifindex))) => {
            info.detail[0] = keep_high(info.detail[0], *ifindex);
        }
        (kind::XDP, _) => info.detail[0] = keep_high(info.detail[0], 0),
        (kind::NETFILTER, Some(Place::Netfilter(hook))) => {
            info.detail[0] = words(hook.pf, hook.hooknum);
            info.detail[1] = words(hook.priority as u32, hook.flags);
        }
        (kind::RAW_TRACEPOINT, Some(Place::Tracepoint(name))) => {
            tracepoint(task, info, name, link.cookie, release)?;
        }
        _ => {}
    }
    Ok(())
}

/// bpf_raw_tp_link_fill_link_info(): the name goes where the caller says, and the cookie comes
/// with v6.16.
fn tracepoint(
    task: &mut dyn Task,
    info: &mut LinkInfo,
    name: &str,
    cookie: u64,
    release: Release,
) -> Result<(), Failure> {
    let (at, room) = (UserAddr(info.detail[0]), info.detail[1] as u32);
    let alone = room == 0 && !at.is_null() && release >= Release::new(5, 9);
    if room != 0 && at.is_null() || alone {
        return Err(Errno::EINVAL.into());
    }
    info.detail[1] = words(name.len() as u32 + 1, (info.detail[1] >> 32) as u32);
    if release >= Release::new(6, 16) {
        info.detail[2] = cookie;
    }
    if at.is_null() {
        return Ok(());
    }
    Ok(put_text(task, at, name, room)?)
}
