//! BPF_MAP_LOOKUP_AND_DELETE_ELEM, v4.20: of the maps that are modelled, hashes answer it since
//! v5.14 (3e87f192b405), and arrays never do.

use crate::elem::{self, BPF_F_LOCK, Use};
use crate::entry::Attr;
use crate::{Answer, Kernel, Task, bytes, drive, own};
use bpfsim_abi::attr::MapElemCpuAttr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Op;
use bpfsim_maps::kinds::Take;
use bpfsim_maps::op::Todo;
use bpfsim_maps::update::Delete;

/// The release whose hashes have the command, and whose flags are looked at.
const HASHES: Release = Release::new(5, 14);

/// An element that cannot be handed out is lost all the same.
pub(crate) fn lookup_and_delete(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: MapElemCpuAttr = attr.arm();
    let (core, hw) = (&kernel.core, &mut kernel.hw);
    let release = core.profile.release;
    if release >= HASHES && arm.flags & !BPF_F_LOCK != 0 {
        return Err(Errno::EINVAL.into());
    }
    let (handle, map) = elem::map_for(core, task, arm.map_fd, Use::Write)?;
    if release >= Release::new(5, 7) {
        elem::map_for(core, task, arm.map_fd, Use::Read)?;
    }
    own::check_take(map, arm.flags, HASHES, release)?;
    if release >= HASHES && arm.flags & BPF_F_LOCK != 0 {
        // There is no spin lock in the values here.
        return Err(Errno::EINVAL.into());
    }
    let desk = elem::desk(core, task);
    let key = elem::read_key(hw, &desk, task, map, arm.key)?;
    let how = own::take(map, HASHES, release);
    match how {
        Take::Element(_) => {}
        Take::Never => return Err(Errno::ENOTSUPP.into()),
        Take::Pop => {
            let buffer = (arm.value, map.shape.value_size);
            return own::pop(kernel, task, &desk, handle, buffer);
        }
    }
    let answer = elem::read_answer(map, &elem::ask(core, desk.here, map, &arm, None))?;
    let value = desk.value(hw, map.shape.key_size, answer.wire);
    for mut op in
        [Op::read(key, answer.moves?, value), Op::new(key, Todo::Delete(Delete::default()))]
    {
        drive::op(kernel, &mut op, handle, desk.here)?;
        op.result?;
    }
    bytes::to_user(&kernel.hw, task, value, arm.value, answer.wire)?;
    Ok(0)
}
