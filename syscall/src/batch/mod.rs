//! The four batch commands, v5.6.
//!
//! Hashes are read bucket by bucket, and their cursor is the number of a bucket; arrays are read
//! key by key, and their cursor is the last key. Updates and deletes go element by element and
//! keep what they did when one fails. `count` goes in as room and comes out as what was done.
//! Source: `kernel/bpf/syscall.c` and `hashtab.c`, v5.6 to v7.1.

mod each;
mod hash;
mod table;

use crate::core::Core;
use crate::elem::{self, Desk, Use};
use crate::entry::Attr;
use crate::{Answer, Kernel, Task};
use bpfsim_abi::attr::{BatchAttr, MapElemCpuAttr, UserAddr};
use bpfsim_abi::{Errno, Refusal, Release, cause};
use bpfsim_maps::kinds;
use bpfsim_maps::map::Words;
use bpfsim_maps::{Map, series};
use table::Table;

/// Byte of `batch.count` in the attr.
const COUNT: u64 = 32;

/// Which of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    Lookup,
    LookupAndDelete,
    Update,
    Delete,
}

/// A batch after its checks.
struct Job {
    arm: BatchAttr,
    /// Where the caller has the attr.
    at: UserAddr,
    handle: u32,
    map: Map,
    desk: Desk,
    release: Release,
    /// How one value crosses.
    value: series::Answer,
}

impl Job {
    fn put_count(&self, task: &mut dyn Task, count: u32) -> Result<(), Errno> {
        let at = self.at.checked_add(COUNT).ok_or(Errno::EFAULT)?;
        task.write(at, &count.to_le_bytes()).map_err(|_| Errno::EFAULT)
    }

    /// Where key number `index` is.
    fn key_at(&self, index: u32) -> Result<UserAddr, Errno> {
        slot(self.arm.keys, index, self.map.shape.key_size)
    }

    /// Where value number `index` is.
    fn value_at(&self, index: u32) -> Result<UserAddr, Errno> {
        slot(self.arm.values, index, self.value.wire)
    }
}

fn slot(base: UserAddr, index: u32, size: u32) -> Result<UserAddr, Errno> {
    base.checked_add(u64::from(index) * u64::from(size)).ok_or(Errno::EFAULT)
}

/// bpf_map_do_batch(): the fd and its mode, whether the map type has the command, its flags, and
/// then the batch itself unless it is empty.
pub(crate) fn batch(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr, what: Batch) -> Answer {
    let arm: BatchAttr = attr.arm();
    let core = &kernel.core;
    let release = core.profile.release;
    let (handle, map) = match what {
        Batch::Lookup => elem::map_for(core, task, arm.map_fd, Use::Read)?,
        Batch::Update | Batch::Delete => elem::map_for(core, task, arm.map_fd, Use::Write)?,
        Batch::LookupAndDelete => {
            elem::map_for(core, task, arm.map_fd, Use::Read)?;
            elem::map_for(core, task, arm.map_fd, Use::Write)?
        }
    };
    check_supported(map, what, release)?;
    let desk = elem::desk(core, task);
    let value = judge(core, &desk, map, &arm, what)?;
    let job = Job { arm, at: attr.at, handle, map: map.clone(), desk, release, value };
    match (what, &job.map.words) {
        (Batch::Lookup, Words::Array(_)) => each::lookup(kernel, task, &job),
        (Batch::Lookup, Words::Hash(table)) => {
            hash::lookup(kernel, task, &job, Table::Hash(table), false)
        }
        (Batch::LookupAndDelete, Words::Hash(table)) => {
            hash::lookup(kernel, task, &job, Table::Hash(table), true)
        }
        (Batch::Lookup | Batch::LookupAndDelete, Words::Own(own)) => {
            let take = what == Batch::LookupAndDelete;
            match own.whole().buckets() {
                Some(_) => hash::lookup(kernel, task, &job, Table::Own(own.whole()), take),
                None if take => Err(Errno::ENOTSUPP.into()),
                None => each::lookup(kernel, task, &job),
            }
        }
        (Batch::LookupAndDelete, Words::Array(_)) => Err(Errno::ENOTSUPP.into()),
        (Batch::Update, _) => each::update(kernel, task, &job),
        (Batch::Delete, _) => each::delete(kernel, task, &job),
    }
}

/// Nothing is ever deleted from an array; per-CPU arrays came with v5.13 (f008d732ab18).
fn check_supported(map: &Map, what: Batch, release: Release) -> Result<(), Refusal> {
    let has = match &map.words {
        // Maps of maps: 9263dddc7b6f.
        Words::Hash(_) => map.shape.inner.is_none() || release >= Release::new(5, 19),
        Words::Array(_) if map.shape.percpu && release < Release::new(5, 13) => false,
        Words::Array(_) => matches!(what, Batch::Lookup | Batch::Update),
        Words::Own(_) => own_batch(map, what).is_some_and(|since| since <= release),
    };
    cause::BATCH_NOT_SUPPORTED.unless(has)
}

fn own_batch(map: &Map, what: Batch) -> Option<Release> {
    let [lookup, take, update, delete] = kinds::row_of(map)?.system.batch;
    match what {
        Batch::Lookup => lookup,
        Batch::LookupAndDelete => take,
        Batch::Update => update,
        Batch::Delete => delete,
    }
}

/// `elem_flags`: none but those that the release has for per-CPU values, and those not where
/// elements are deleted. `BPF_F_LOCK` needs a spin lock in the value, which never is here.
fn judge(
    core: &Core,
    desk: &Desk,
    map: &Map,
    arm: &BatchAttr,
    what: Batch,
) -> Result<series::Answer, Refusal> {
    let flags = arm.elem_flags;
    let shipped = map.series.filter(|series| series.shipped.is_some());
    let known = match what {
        Batch::Lookup | Batch::Update => shipped.map_or(0, |series| series.flag_bits()),
        Batch::LookupAndDelete | Batch::Delete => 0,
    };
    if flags != 0 && (known == 0 || flags & 0xffff_ffff & !known != 0) {
        return cause::BATCH_ELEM_FLAGS.refuse();
    }
    let elem = MapElemCpuAttr { flags, ..MapElemCpuAttr::default() };
    let ask = elem::ask(core, desk.here, map, &elem, None);
    match what {
        Batch::Update => elem::write_answer(map, &ask),
        Batch::Lookup | Batch::LookupAndDelete | Batch::Delete => elem::read_answer(map, &ask),
    }
}
