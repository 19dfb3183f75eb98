//! What a value says: which object an fd stands for, and whether the map takes it.
//!
//! Sources, up to v7.1: `kernel/bpf/arraymap.c` (`bpf_fd_array_map_update_elem`,
//! `prog_fd_array_get_ptr`), `map_in_map.c` (`bpf_map_fd_get_ptr`), `devmap.c`
//! (`__dev_map_update_elem`, `__dev_map_hash_update_elem`), `cpumap.c` (`cpu_map_update_elem`),
//! `reuseport_array.c`, `net/xdp/xskmap.c`, `net/core/sock_map.c`.

use super::{At, New, Stands, owner};
use crate::core::ObjectId;
use crate::map_create::DEVICES;
use crate::task::File;
use crate::{Failure, Task, fds};
use bpfsim_abi::{Errno, Release, attach_type};
use bpfsim_maps::shape::{Inner, Layout};

/// `BPF_NOEXIST` and `BPF_EXIST`.
const NOEXIST: u64 = 1;
const EXIST: u64 = 2;

/// `BPF_MAP_TYPE_DEVMAP_HASH`, `_SOCKMAP`, `_SOCKHASH`, `_XSKMAP`.
const DEVMAP_HASH: u32 = 25;
const SOCKMAP: u32 = 15;
const SOCKHASH: u32 = 18;
const XSKMAP: u32 = 17;

/// `BPF_PROG_TYPE_XDP`.
const XDP: u32 = 6;

/// The longest queue of a CPU.
const LONGEST_QUEUE: u32 = 16384;

/// What an update puts into the map.
///
/// # Errors
/// What the map type answers before it changes anything.
pub(super) fn resolve(at: &At<'_>, task: &dyn Task, stands: Stands) -> Result<New, Failure> {
    match stands {
        Stands::Progs => {
            in_fd_array(at)?;
            let handle = fds::program(task, at.word(0)?)?;
            let owner = Some(owner::take_in(at, handle)?);
            Ok(New { owner, ..by_id(at, ObjectId::Prog(handle)) })
        }
        Stands::Maps => {
            if at.map.shape.layout != Layout::Hash {
                in_fd_array(at)?;
            }
            inner_map(at, task)
        }
        Stands::Events => {
            in_fd_array(at)?;
            Err(no_such_file(task, at.word(0)?, Wanted::Event))
        }
        Stands::Cgroups => {
            in_fd_array(at)?;
            Err(no_such_file(task, at.word(0)?, Wanted::Cgroup))
        }
        Stands::Devices => device(at, task),
        Stands::Queues => queue(at, task),
        Stands::Sockets => Err(socket(at, task)?),
    }
}

/// An object as system calls read it: its id.
fn by_id(at: &At<'_>, object: ObjectId) -> New {
    let id = at.core.meta(object).map_or(0, |meta| meta.id);
    New { object: Some(object), words: [id, 0], owner: None }
}

/// bpf_fd_array_map_update_elem().
fn in_fd_array(at: &At<'_>) -> Result<(), Failure> {
    if at.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    past_the_end(at)
}

fn past_the_end(at: &At<'_>) -> Result<(), Failure> {
    if at.index()? >= at.map.shape.max_entries { Err(Errno::E2BIG.into()) } else { Ok(()) }
}

/// `ARRAY` with `BPF_F_INNER_MAP` (v5.10).
const ARRAY: u32 = 2;
const BPF_F_INNER_MAP: u32 = 4096;

/// bpf_map_meta_equal(): from v5.10 on the number of entries counts for arrays only, and not for
/// those whose programs are told that it does not.
fn like(meta: &Inner, map: &Inner, release: Release) -> bool {
    let counts = match release {
        release if release < Release::new(5, 10) => true,
        _ => {
            meta.map_type == ARRAY && meta.flags & BPF_F_INNER_MAP == 0
                || ENTRIES_COUNT.contains(&meta.map_type)
        }
    };
    let same = Inner { max_entries: map.max_entries, ..*meta } == *map;
    same && (!counts || meta.max_entries == map.max_entries)
}

/// The map types with a `map_meta_equal` that compares `max_entries`: XSKMAP.
const ENTRIES_COUNT: [u32; 1] = [XSKMAP];

/// bpf_map_fd_get_ptr().
fn inner_map(at: &At<'_>, task: &dyn Task) -> Result<New, Failure> {
    let handle = fds::map(task, at.word(0)?)?;
    let map = at.core.map(handle).ok_or(Errno::EBADF)?;
    let fits = at.map.shape.inner.is_some_and(|meta| {
        map.shape.inner.is_none() && like(&meta, &map.shape.as_inner(), at.release())
    });
    if fits { Ok(by_id(at, ObjectId::Map(handle))) } else { Err(Errno::EINVAL.into()) }
}

/// Flags, and where a value may go: an index that has no other value than "something".
fn in_redirect_array(at: &At<'_>) -> Result<(), Failure> {
    if at.flags > EXIST {
        return Err(Errno::EINVAL.into());
    }
    past_the_end(at)?;
    if at.flags == NOEXIST { Err(Errno::EEXIST.into()) } else { Ok(()) }
}

/// An XDP program that was loaded for this place; an fd of 0 or less is none.
fn program_behind(at: &At<'_>, task: &dyn Task, place: &str) -> Result<Option<u32>, Errno> {
    let fd = at.word(1).map_err(|_| Errno::EINVAL)?;
    if fd as i32 <= 0 {
        return Ok(None);
    }
    let handle = fds::program(task, fd)?;
    let meta = at.core.meta(ObjectId::Prog(handle));
    let is_xdp = at.core.program(handle).is_some_and(|program| program.prog_type() == XDP);
    let wanted = attach_type::by_name(place).map(|entry| entry.number);
    let for_it = meta.map(|meta| meta.attach_type) == wanted;
    if is_xdp && for_it { Ok(Some(handle)) } else { Err(Errno::EINVAL) }
}

fn with_program(at: &At<'_>, first: u32, program: Option<u32>) -> New {
    let object = program.map(ObjectId::Prog);
    let id = object.and_then(|object| at.core.meta(object)).map_or(0, |meta| meta.id);
    New { object, words: [first, id], owner: None }
}

fn device(at: &At<'_>, task: &dyn Task) -> Result<New, Failure> {
    let ifindex = at.word(0)?;
    if at.map.shape.map_type == DEVMAP_HASH {
        if at.flags > EXIST || ifindex == 0 {
            return Err(Errno::EINVAL.into());
        }
        if at.flags == NOEXIST && at.present()?.is_some() {
            return Err(Errno::EEXIST.into());
        }
    } else {
        in_redirect_array(at)?;
        if ifindex == 0 {
            let stray = at.word(1)? as i32 > 0;
            let nothing = New { object: None, words: [0, 0], owner: None };
            return if stray { Err(Errno::EINVAL.into()) } else { Ok(nothing) };
        }
    }
    if !DEVICES.contains(&ifindex) {
        return Err(Errno::EINVAL.into());
    }
    let program =
        program_behind(at, task, "BPF_XDP_DEVMAP").map_err(|_| Failure::from(Errno::EINVAL))?;
    Ok(with_program(at, ifindex, program))
}

/// A queue that cannot be made is ENOMEM up to v6.19, whatever is wrong with its program.
fn queue(at: &At<'_>, task: &dyn Task) -> Result<New, Failure> {
    in_redirect_array(at)?;
    let size = at.word(0)?;
    if size > LONGEST_QUEUE {
        return Err(Errno::EOVERFLOW.into());
    }
    if !at.core.profile.cpus.possible.contains(at.index()?) {
        return Err(Errno::ENODEV.into());
    }
    if size == 0 {
        return Ok(New { object: None, words: [0, 0], owner: None });
    }
    let says_why = at.release() >= Release::new(7, 0);
    let program = program_behind(at, task, "BPF_XDP_CPUMAP")
        .map_err(|errno| if says_why { errno } else { Errno::ENOMEM })?;
    Ok(with_program(at, size, program))
}

/// A file that some map types want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Socket,
    Event,
    Cgroup,
    Task,
}

/// Why a file is not taken: `errno` where it is of another kind. What is wanted can be there and
/// does nothing here.
pub(super) fn no_such_file(task: &dyn Task, fd: u32, wanted: Wanted) -> Failure {
    let other = match wanted {
        Wanted::Socket => Errno::ENOTSOCK,
        Wanted::Event | Wanted::Cgroup | Wanted::Task => Errno::EBADF,
    };
    match task.fd(fd) {
        None => return Errno::EBADF.into(),
        Some(Ok(_)) => return other.into(),
        Some(Err(_)) => {}
    }
    match (task.file(fd), wanted) {
        (File::Unknown, _)
        // Sockets are among the others.
        | (File::Other, Wanted::Socket)
        | (File::PerfEvent, Wanted::Event)
        | (File::Cgroup(_), Wanted::Cgroup) => {
            Failure::NotModelled(format!("a file that is no BPF object (fd {fd}) in a map"))
        }
        (
            File::Other
            | File::Directory(_)
            | File::Cgroup(_)
            | File::NetNs(_)
            | File::PerfEvent,
            _,
        ) => other.into(),
    }
}

/// Why the fd of a socket is refused: none is a socket.
fn socket(at: &At<'_>, task: &dyn Task) -> Result<Failure, Failure> {
    let kind = at.map.shape.map_type;
    let sock = kind == SOCKMAP || kind == SOCKHASH;
    if !sock {
        if at.flags > EXIST {
            return Err(Errno::EINVAL.into());
        }
        past_the_end(at)?;
    }
    if kind == XSKMAP && at.flags == NOEXIST && at.release() < Release::new(5, 4) {
        return Err(Errno::EEXIST.into());
    }
    // An fd of eight bytes has to fit an int; since v5.7 sock maps say so of four bytes too.
    let wide = at.map.shape.value_size == 8;
    let checked = wide || sock && at.release() >= Release::new(5, 7);
    let too_much = at.word(0)? > i32::MAX as u32 || at.word(1)? != 0;
    if checked && too_much {
        return Err(Errno::EINVAL.into());
    }
    Ok(no_such_file(task, at.word(0)?, Wanted::Socket))
}
