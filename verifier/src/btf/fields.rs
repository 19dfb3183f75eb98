//! Special fields of structs: locks, timers, lists, trees. btf_find_field(), btf_parse_fields(),
//! btf_parse_struct_metas(), btf_check_and_fixup_fields().
//!
//! A load looks for them since v6.2, a new map since v5.1. Pointers to kernel objects (kptrs) are
//! not modelled: what they may point to depends on the kernel's own BTF.

use super::data::Data;
use super::find::{Finder, Found, struct_by_name};
use super::kind::{Kind, Type};
use super::rules::Rules;
use super::{Btf, Stop};
use crate::era::v;
use bpfsim_abi::{Errno, Release};
use std::collections::BTreeSet;

/// A field that the kernel gives a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Special {
    /// `struct bpf_spin_lock`, v5.1.
    SpinLock,
    /// `struct bpf_res_spin_lock`, v6.15.
    ResSpinLock,
    /// `struct bpf_timer`, v5.15.
    Timer,
    /// `struct bpf_wq`, v6.10.
    Workqueue,
    /// `struct bpf_task_work`, v6.18.
    TaskWork,
    /// `struct bpf_list_head`, v6.2.
    ListHead,
    /// `struct bpf_list_node`, v6.2.
    ListNode,
    /// `struct bpf_rb_root`, v6.3.
    RbRoot,
    /// `struct bpf_rb_node`, v6.3.
    RbNode,
    /// `struct bpf_refcount`, v6.4.
    Refcount,
}

use Special::{
    ListHead, ListNode, RbNode, RbRoot, Refcount, ResSpinLock, SpinLock, TaskWork, Timer, Workqueue,
};

/// The special fields of a value, each kind once.
pub type Fields = BTreeSet<Special>;

/// A row: the field, its struct, the release, bytes, alignment, and whether there may be one only.
pub(super) type Row = (Special, &'static str, Release, u32, u32, bool);

/// In the order in which the kernel compares names.
pub(super) const ROWS: [Row; 10] = [
    (SpinLock, "bpf_spin_lock", v(5, 1), 4, 4, true),
    (ResSpinLock, "bpf_res_spin_lock", v(6, 15), 4, 4, true),
    (Timer, "bpf_timer", v(5, 15), 16, 8, true),
    (Workqueue, "bpf_wq", v(6, 10), 16, 8, true),
    (TaskWork, "bpf_task_work", v(6, 18), 8, 8, true),
    (ListHead, "bpf_list_head", v(6, 2), 16, 8, false),
    (ListNode, "bpf_list_node", v(6, 2), 24, 8, false),
    (RbRoot, "bpf_rb_root", v(6, 3), 16, 8, false),
    (RbNode, "bpf_rb_node", v(6, 3), 32, 8, false),
    (Refcount, "bpf_refcount", v(6, 4), 4, 4, false),
];

/// What a load looks for.
const IN_STRUCTS: [Special; 7] =
    [SpinLock, ResSpinLock, ListHead, ListNode, RbRoot, RbNode, Refcount];

/// The structs whose presence makes a load look; a lock of the new kind alone does not.
const TELLTALE: [Special; 6] = [SpinLock, ListHead, ListNode, RbRoot, RbNode, Refcount];

/// What a new map looks for.
const IN_MAPS: [Special; 8] =
    [SpinLock, ResSpinLock, Timer, Workqueue, TaskWork, ListHead, RbRoot, Refcount];

/// Nodes of lists and trees know their owner since v6.5 (c3c510ce431c); before, they are shorter.
pub(super) fn bytes(rules: Rules, row: &Row) -> u32 {
    if matches!(row.0, ListNode | RbNode) && !rules.since(6, 5) { row.3 - 8 } else { row.3 }
}

/// btf_parse_fields(): what was found, unless it overlaps or lacks its lock.
fn parse(
    data: &Data,
    id: u32,
    mask: &[Special],
    kptrs: bool,
    size: u32,
) -> Result<Vec<Found>, Stop> {
    let mut finder = Finder { data, mask, kptrs, found: Vec::new() };
    finder.all(id)?;
    let found = finder.found;
    let mut end = 0;
    for one in &found {
        if one.off.wrapping_add(one.bytes) > size {
            return Err(Errno::EFAULT.into());
        }
        if one.off < end {
            return Err(Errno::EEXIST.into());
        }
        end = one.off + one.bytes;
        if let Some((holds, node)) = &one.holds {
            check_node(data, one.special, *holds, node)?;
        }
    }
    let has = |special| found.iter().any(|one| one.special == special);
    let root = has(ListHead) || has(RbRoot);
    let locks = u32::from(has(SpinLock)) + u32::from(has(ResSpinLock));
    let counted = has(Refcount) && data.rules.since(6, 4);
    if locks == 2 || root && locks == 0 || has(ListNode) && has(RbNode) && !counted {
        return Err(Errno::EINVAL.into());
    }
    Ok(found)
}

/// btf_parse_graph_root(): the node is there, once, and is a node of the right kind.
fn check_node(data: &Data, root: Special, holds: u32, node: &[u8]) -> Result<(), Stop> {
    let wanted: &[u8] = if root == ListHead { b"bpf_list_node" } else { b"bpf_rb_node" };
    let t = data.types[holds as usize];
    let mut seen = false;
    for index in 0..t.vlen() {
        let member = data.member(&t, index);
        if data.display_name(member.name_off) != node {
            continue;
        }
        let n = data.by_id(member.r#type).copied().unwrap_or(Type::VOID);
        let right = n.kind() == Kind::Struct && data.display_name(n.name_off) == wanted;
        // The kernel asks the node whether it has the kind flag.
        let bits = member.bit_offset(n.kflag());
        if seen || !right || !bits.is_multiple_of(64) {
            return Err(Errno::EINVAL.into());
        }
        seen = true;
    }
    if seen { Ok(()) } else { Err(Errno::ENOENT.into()) }
}

/// What a load checks since v6.2: every struct with a member that is special.
pub(super) fn check_structs(data: &Data) -> Result<(), Stop> {
    let deep = data.rules.since(6, 12);
    let is_late = |special: &Special| {
        ROWS.iter().any(|row| row.0 == *special && row.2 <= data.rules.release())
    };
    let names = ROWS.iter().filter(|row| TELLTALE.contains(&row.0) && is_late(&row.0));
    let mut telltale: BTreeSet<u32> =
        names.filter_map(|row| struct_by_name(data, row.1.as_bytes())).collect();
    if deep {
        let finder = Finder { data, mask: &[], kptrs: true, found: Vec::new() };
        let all = 1..data.types.len() as u32;
        telltale.extend(all.filter(|id| finder.is_kptr(*id) == Ok(true)));
    }
    if telltale.is_empty() {
        return Ok(());
    }
    let mut structs = Vec::new();
    for id in 1..data.types.len() as u32 {
        let t = data.types[id as usize];
        let special = |index| telltale.contains(&data.member(&t, index).r#type);
        if t.kind() != Kind::Struct || !(0..t.vlen()).any(special) {
            continue;
        }
        let found = parse(data, id, &IN_STRUCTS, deep, t.size)?;
        if found.is_empty() {
            return Err(Errno::EFAULT.into());
        }
        structs.push((id, found));
    }
    structs.iter().try_for_each(|(_, found)| check_owners(found, &structs))
}

/// btf_check_and_fixup_fields(): nothing may own itself by way of lists and trees.
fn check_owners(found: &[Found], structs: &[(u32, Vec<Found>)]) -> Result<(), Stop> {
    let is_node = |one: &Found| matches!(one.special, ListNode | RbNode);
    for one in found {
        let Some((holds, _)) = one.holds else { continue };
        let Some((_, held)) = structs.iter().find(|(id, _)| *id == holds) else {
            return Err(Errno::EFAULT.into());
        };
        if found.iter().any(is_node) && held.iter().any(|one| one.holds.is_some()) {
            return Err(Errno::ELOOP.into());
        }
    }
    Ok(())
}

impl Btf {
    /// The special fields of the values of a new map, and whether what owns what is wrong. A
    /// value in which they cannot be found counts as one without.
    ///
    /// Errors: those of btf_check_and_fixup_fields(); "not modelled" for kptrs.
    pub fn fields_of(&self, value: u32, size: u32) -> Result<Fields, Stop> {
        let rules = self.data.rules;
        if !rules.since(5, 1) {
            return Ok(Fields::new());
        }
        let found = match parse(&self.data, value, &IN_MAPS, rules.since(5, 19), size) {
            Ok(found) => found,
            Err(Stop::Errno(_)) => return Ok(Fields::new()),
            Err(stop) => return Err(stop),
        };
        if found.iter().any(|one| one.holds.is_some()) {
            return Err(Stop::NotModelled("lists and trees in values (bpf_list_head)"));
        }
        Ok(found.iter().map(|one| one.special).collect())
    }
}
