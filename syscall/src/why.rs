//! Why a command on elements was refused, found afterwards.
//!
//! These commands are the ones that callers make by the million, and raise bare errnos. Which
//! check it was follows from what the caller gave: the checks are made again, in the same order,
//! where a call has failed. A refused call leaves the map as it was, so they say the same again.

mod others;

use crate::core::ObjectId;
use crate::elem::BPF_F_LOCK;
use crate::entry::Attr;
use crate::{Failure, Kernel, Task};
use bpfsim_abi::attr::{MapElemCpuAttr, UserAddr};
use bpfsim_abi::{Cause, Errno, Release, cause};
use bpfsim_maps::series::Role;
use bpfsim_maps::{Layout, Map};

/// Map types without keys.
const QUEUE: u32 = 22;
const STACK: u32 = 23;

/// Which command it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Lookup,
    Update,
    Delete,
    NextKey,
    Take,
}

/// The same failure, with its cause where there is none yet.
#[cold]
pub(crate) fn explain(kernel: &Kernel, task: &dyn Task, attr: &Attr, failure: Failure) -> Failure {
    let Failure::Errno(refusal) = failure else { return failure };
    if refusal.cause.is_some() {
        return failure;
    }
    let scene = Scene::of(kernel, task, attr);
    let cause = match scene.and_then(|scene| scene.cause(refusal.errno)) {
        Some(cause) => Some(cause),
        None if refusal.errno == Errno::EMFILE => Some(cause::FDS_EXHAUSTED),
        None => others::cause(kernel, task, attr, refusal.errno),
    };
    let fits = |cause: &&Cause| cause.errnos().any(|errno| errno == refusal.errno);
    Failure::Errno(refusal.or_because(cause.filter(fits)))
}

/// What was asked.
struct Scene<'a> {
    kernel: &'a Kernel,
    task: &'a dyn Task,
    arm: MapElemCpuAttr,
    what: What,
    role: Option<Role>,
    release: Release,
    /// None where the fd is not a map's.
    map: Option<(u32, &'a Map)>,
}

impl<'a> Scene<'a> {
    /// None where the command is not about an element.
    fn of(kernel: &'a Kernel, task: &'a dyn Task, attr: &Attr) -> Option<Self> {
        let profile = &kernel.core.profile;
        let own = profile.series.filter(|_| profile.overlay);
        let role = own.and_then(|series| series.command(attr.cmd));
        let what = match (role, attr.cmd) {
            (Some(Role::Lookup), _) | (None, 1) => What::Lookup,
            (Some(Role::Update), _) | (None, 2) => What::Update,
            (None, 3) => What::Delete,
            (None, 4) => What::NextKey,
            (None, 21) => What::Take,
            (None, _) => return None,
        };
        let arm: MapElemCpuAttr = attr.arm();
        let map = match task.fd(arm.map_fd) {
            Some(Ok(ObjectId::Map(handle))) => kernel.core.map(handle).map(|map| (handle, map)),
            Some(_) | None => None,
        };
        Some(Self { kernel, task, arm, what, role, release: profile.release, map })
    }

    fn cause(&self, errno: Errno) -> Option<&'static Cause> {
        match errno {
            Errno::EBADF => Some(cause::MAP_FD_NOT_OPEN),
            Errno::EINVAL => self.invalid(),
            Errno::EPERM => self.not_permitted(),
            Errno::EFAULT => self.fault(),
            Errno::ENOENT => self.not_found(),
            Errno::E2BIG => self.full(),
            Errno::EEXIST => Some(match self.map?.1.shape.layout {
                Layout::Array => cause::ARRAY_ELEMENTS_EXIST,
                Layout::Hash | Layout::Own => cause::KEY_EXISTS,
            }),
            Errno::ENXIO => Some(cause::PROPOSED_CPU_OFFLINE),
            Errno::ENOTSUPP | Errno::EOPNOTSUPP => Some(cause::OPERATION_NOT_SUPPORTED),
            _ => None,
        }
    }

    fn keyless(&self) -> bool {
        self.map.is_some_and(|(_, map)| map.shape.key_size == 0)
    }

    fn not_permitted(&self) -> Option<&'static Cause> {
        let mode = self.task.mode(self.arm.map_fd);
        let reads = matches!(self.what, What::Lookup | What::NextKey | What::Take);
        let writes = matches!(self.what, What::Update | What::Delete | What::Take);
        let frozen = |handle| self.kernel.core.meta(ObjectId::Map(handle)).map(|meta| meta.frozen);
        match () {
            () if writes && !mode.writes() => Some(cause::MAP_FD_READ_ONLY),
            () if writes && frozen(self.map?.0) == Some(true) => Some(cause::MAP_FROZEN),
            () if reads && !mode.reads() => Some(cause::MAP_FD_WRITE_ONLY),
            () => None,
        }
    }

    /// In the order of the handlers: early flags, the fd, late flags, the key, the map's own.
    fn invalid(&self) -> Option<&'static Cause> {
        let flags = if self.role.is_some() { 0 } else { self.arm.flags };
        let lookup = self.what == What::Lookup;
        let early = (Release::new(5, 1)..Release::new(6, 19)).contains(&self.release);
        if lookup && early && flags & !BPF_F_LOCK != 0 {
            return Some(cause::LOOKUP_FLAGS_UNKNOWN);
        }
        let Some((_, map)) = self.map else { return Some(cause::MAP_FD_NO_MAP) };
        let checks_flags = matches!(self.what, What::Lookup | What::Update | What::Take);
        if checks_flags && let Some(cause) = self.flags(flags) {
            return Some(cause);
        }
        if map.shape.key_size == 0 && !self.arm.key.is_null() {
            return Some(cause::KEY_WHERE_NONE_IS);
        }
        let possible = &self.kernel.core.profile.cpus.possible;
        if self.role.is_some() && map.shape.percpu && !possible.contains(self.arm.cpu) {
            return Some(cause::PROPOSED_CPU_NOT_POSSIBLE);
        }
        self.invalid_for_map(flags, map)
    }

    /// Flags that are refused before the key is read.
    fn flags(&self, flags: u64) -> Option<&'static Cause> {
        let late = self.release >= Release::new(6, 19) || self.what == What::Take;
        match () {
            () if self.release >= Release::new(5, 1) && flags & BPF_F_LOCK != 0 => {
                Some(cause::LOCK_WITHOUT_SPIN_LOCK)
            }
            () if self.what != What::Update && late && flags != 0 => {
                Some(cause::LOOKUP_FLAGS_UNKNOWN)
            }
            () => None,
        }
    }

    /// What the map operation refuses.
    fn invalid_for_map(&self, flags: u64, map: &Map) -> Option<&'static Cause> {
        let shape = &map.shape;
        let queue = matches!(shape.map_type, QUEUE | STACK) && shape.layout == Layout::Own;
        let proposed = self.kernel.core.profile.overlay && shape.percpu != self.role.is_some();
        match self.what {
            What::Update if flags > 2 => Some(cause::UPDATE_FLAGS_UNKNOWN),
            What::Update if queue => Some(cause::UPDATE_FLAGS_UNKNOWN),
            What::Lookup | What::Update if proposed => Some(cause::PROPOSED_WRONG_COMMAND),
            What::Delete if shape.layout == Layout::Array => Some(cause::ARRAY_DELETE),
            What::Delete | What::NextKey if queue => Some(cause::NO_KEYS_TO_DELETE_OR_WALK),
            What::Take if flags != 0 => Some(cause::LOOKUP_FLAGS_UNKNOWN),
            What::Lookup | What::Update | What::Delete | What::NextKey | What::Take => None,
        }
    }

    fn readable(&self, at: UserAddr, len: u32) -> bool {
        self.task.read(at, &mut vec![0; len as usize]).is_ok()
    }

    fn fault(&self) -> Option<&'static Cause> {
        let key_size = self.map?.1.shape.key_size;
        let first = self.what == What::NextKey && self.arm.key.is_null();
        let first = first && self.release >= Release::new(4, 12);
        if !first && key_size > 0 && !self.readable(self.arm.key, key_size) {
            return Some(cause::KEY_UNREADABLE);
        }
        Some(match self.what {
            What::Update => cause::VALUE_UNREADABLE,
            What::NextKey => cause::NEXT_KEY_UNWRITABLE,
            What::Lookup | What::Take => cause::VALUE_UNWRITABLE,
            What::Delete => cause::KEY_UNREADABLE,
        })
    }

    fn not_found(&self) -> Option<&'static Cause> {
        let shape = &self.map?.1.shape;
        Some(match (self.what, shape.layout) {
            (What::NextKey, _) => cause::NO_NEXT_KEY,
            (What::Lookup | What::Take, Layout::Own) if self.keyless() => cause::QUEUE_EMPTY,
            (What::Lookup, _) if self.finds_nothing() => cause::PROPOSED_NOTHING_FOUND,
            (What::Lookup, Layout::Array) => cause::INDEX_PAST_END,
            (What::Lookup | What::Take, _) | (What::Delete, _) => cause::KEY_NOT_FOUND,
            (What::Update, _) => cause::KEY_TO_REPLACE_NOT_FOUND,
        })
    }

    /// A design whose plain commands and own commands do not see each other's maps.
    fn finds_nothing(&self) -> bool {
        let profile = &self.kernel.core.profile;
        let Some((_, map)) = self.map else { return false };
        let nothing = |series: &&bpfsim_maps::Series| {
            series.programs == bpfsim_maps::series::ProgramView::Nothing
        };
        let own = profile.series.filter(|_| profile.overlay).filter(nothing);
        own.is_some() && map.shape.percpu != self.role.is_some()
    }

    fn full(&self) -> Option<&'static Cause> {
        let shape = &self.map?.1.shape;
        Some(match shape.layout {
            Layout::Array => cause::UPDATE_INDEX_PAST_END,
            Layout::Hash => cause::MAP_FULL,
            Layout::Own if self.keyless() => cause::QUEUE_FULL,
            Layout::Own => cause::MAP_FULL,
        })
    }
}
