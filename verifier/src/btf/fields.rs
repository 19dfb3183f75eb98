//! Special fields of structs: locks, timers, lists, trees. btf_find_field(), btf_parse_fields(),
//! btf_parse_struct_metas(), btf_check_and_fixup_fields().
//!
//! A load looks for them since v6.2, a new map since v5.1. Pointers to kernel objects (kptrs) are
//! not modelled: what they may point to depends on the kernel's own BTF.

use super::data::Data;
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
type Row = (Special, &'static str, Release, u32, u32, bool);

/// In the order in which the kernel compares names.
const ROWS: [Row; 10] = [
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

/// `MAX_RESOLVE_DEPTH`.
const DEPTH: u32 = 32;

/// Nodes of lists and trees know their owner since v6.5 (c3c510ce431c); before, they are shorter.
fn bytes(rules: Rules, row: &Row) -> u32 {
    if matches!(row.0, ListNode | RbNode) && !rules.since(6, 5) { row.3 - 8 } else { row.3 }
}

/// A field that was found.
#[derive(Clone, Debug)]
struct Found {
    special: Special,
    /// In bytes.
    off: u32,
    bytes: u32,
    /// Of a list or a tree: the struct that it holds, and the name of the node in it.
    holds: Option<(u32, Vec<u8>)>,
}

/// Looks for special fields in one struct or section.
struct Finder<'a> {
    data: &'a Data,
    mask: &'a [Special],
    kptrs: bool,
    found: Vec<Found>,
}

/// Where a field may lie.
#[derive(Clone, Copy)]
struct Spot {
    /// The type that has it, and the number of the member; -1 for a variable.
    owner: (u32, i32),
    ty: u32,
    off: u32,
    /// The size that a section says; 0 for any.
    expected: u32,
    level: u32,
}

impl Finder<'_> {
    /// `BTF_FIELDS_MAX`: how many there may be.
    fn most(&self) -> usize {
        if self.data.rules.since(6, 4) { 11 } else { 10 }
    }

    /// Arrays and structs in structs are looked into since v6.11 (64e8ee814819).
    fn deep(&self) -> bool {
        self.data.rules.since(6, 11)
    }

    /// btf_find_field().
    fn all(&mut self, id: u32) -> Result<(), Stop> {
        let t = self.data.types[id as usize];
        match t.kind() {
            Kind::Struct => self.members(id, &t, 0),
            Kind::Datasec => self.variables(&t),
            _ => Err(Errno::EINVAL.into()),
        }
    }

    fn members(&mut self, id: u32, t: &Type, level: u32) -> Result<(), Stop> {
        let mut seen = Fields::new();
        for index in 0..t.vlen() {
            let member = self.data.member(t, index);
            let bits = member.bit_offset(t.kflag());
            let owner = (id, index as i32);
            let spot = Spot { owner, ty: member.r#type, off: bits / 8, expected: 0, level };
            if self.deep() && !bits.is_multiple_of(8) {
                return Err(Errno::EINVAL.into());
            }
            self.one(spot, &mut seen, bits)?;
        }
        Ok(())
    }

    fn variables(&mut self, t: &Type) -> Result<(), Stop> {
        let mut seen = Fields::new();
        for index in 0..t.vlen() {
            let [var, off, expected] = self.data.variable(t, index);
            let ty = self.data.by_id(var).map_or(0, |var| var.size);
            let spot = Spot { owner: (var, -1), ty, off, expected, level: 0 };
            self.one(spot, &mut seen, 0)?;
        }
        Ok(())
    }

    /// btf_find_field_one().
    fn one(&mut self, spot: Spot, seen: &mut Fields, bits: u32) -> Result<(), Stop> {
        let mut id = spot.ty;
        let mut count = 1u32;
        let mut depth = 0;
        while self.deep() && self.kind(id) == Kind::Array {
            let t = self.data.types[id as usize];
            count = count.wrapping_mul(self.data.extra(&t, 2));
            id = self.data.extra(&t, 0);
            depth += 1;
            if depth == DEPTH {
                return Err(Errno::E2BIG.into());
            }
        }
        if count == 0 {
            return Ok(());
        }
        let Some(t) = self.data.by_id(id).copied() else { return Ok(()) };
        let row = self.row(&t, seen)?;
        let Some(row) = row else {
            return match t.kind() {
                Kind::Struct if self.deep() => self.nested(spot, id, &t, count),
                Kind::Struct => Ok(()),
                _ if self.kptrs => self.kptr(id),
                _ => Ok(()),
            };
        };
        if !bits.is_multiple_of(8) {
            return Err(Errno::EINVAL.into());
        }
        let size = bytes(self.data.rules, row);
        let unfit = spot.expected != 0 && spot.expected != size.wrapping_mul(count);
        if unfit || !spot.off.is_multiple_of(row.4) {
            return Ok(());
        }
        if t.kind() != Kind::Struct || t.size != size {
            return Ok(());
        }
        let holds = match row.0 {
            ListHead | RbRoot => Some(self.contents(spot.owner)?),
            _ => None,
        };
        if self.found.len() >= self.most() {
            return Err(Errno::E2BIG.into());
        }
        let first = self.found.len();
        self.found.push(Found { special: row.0, off: spot.off, bytes: size, holds });
        self.repeat(first, count, size)
    }

    fn kind(&self, id: u32) -> Kind {
        self.data.by_id(id).map_or(Kind::Void, Type::kind)
    }

    /// btf_get_field_type(): by the name of the type, whatever it is.
    fn row(&self, t: &Type, seen: &mut Fields) -> Result<Option<&'static Row>, Stop> {
        let name = self.data.display_name(t.name_off);
        let fits = |row: &&Row| {
            self.mask.contains(&row.0)
                && row.2 <= self.data.rules.release()
                && row.1.as_bytes() == name
        };
        let row = ROWS.iter().find(fits);
        match row {
            Some(row) if row.5 && !seen.insert(row.0) => Err(Errno::E2BIG.into()),
            row => Ok(row),
        }
    }

    /// btf_find_nested_struct().
    fn nested(&mut self, spot: Spot, id: u32, t: &Type, count: u32) -> Result<(), Stop> {
        if spot.expected != 0 && spot.expected != t.size.wrapping_mul(count) {
            return Ok(());
        }
        if spot.level + 1 >= DEPTH {
            return Err(Errno::E2BIG.into());
        }
        let first = self.found.len();
        self.members(id, t, spot.level + 1)?;
        for found in &mut self.found[first..] {
            found.off = found.off.wrapping_add(spot.off);
        }
        if self.found.len() == first { Ok(()) } else { self.repeat(first, count, t.size) }
    }

    /// btf_repeat_fields(): only lists and trees may be in arrays.
    fn repeat(&mut self, first: usize, count: u32, size: u32) -> Result<(), Stop> {
        if count <= 1 {
            return Ok(());
        }
        let fields = self.found[first..].to_vec();
        if fields.iter().any(|one| !matches!(one.special, ListHead | RbRoot)) {
            return Err(Errno::EINVAL.into());
        }
        let all = u64::from(count) * fields.len() as u64;
        if all > (self.most() - first) as u64 {
            return Err(Errno::E2BIG.into());
        }
        for index in 1..count {
            let shifted = fields.iter().map(|one| Found {
                off: one.off.wrapping_add(index.wrapping_mul(size)),
                ..one.clone()
            });
            self.found.extend(shifted);
        }
        Ok(())
    }

    /// btf_find_kptr(): [volatile] pointer, one tag, a struct.
    fn kptr(&self, id: u32) -> Result<(), Stop> {
        if self.is_kptr(id)? {
            return Err(Stop::NotModelled("pointers to kernel objects in values (kptr)"));
        }
        Ok(())
    }

    fn is_kptr(&self, id: u32) -> Result<bool, Stop> {
        let rules = self.data.rules;
        let step = |id: u32| self.data.by_id(id).map_or(0, |t| t.size);
        let id = if self.kind(id) == Kind::Volatile { step(id) } else { id };
        if self.kind(id) != Kind::Ptr {
            return Ok(false);
        }
        let tag = step(id);
        let Some(t) = self.data.by_id(tag).copied() else { return Ok(false) };
        if t.kind() != Kind::TypeTag || t.kflag() && rules.since(6, 15) {
            return Ok(false);
        }
        if self.kind(t.size) == Kind::TypeTag {
            return Err(Errno::EINVAL.into());
        }
        let known: &[&str] = match () {
            () if rules.since(6, 13) => &["kptr_untrusted", "kptr", "percpu_kptr", "uptr"],
            () if rules.since(6, 7) => &["kptr_untrusted", "kptr", "percpu_kptr"],
            () if rules.since(6, 4) => &["kptr_untrusted", "kptr"],
            () => &["kptr", "kptr_ref"],
        };
        let name = self.data.display_name(t.name_off);
        if !known.iter().any(|one| one.as_bytes() == name) {
            return Err(Errno::EINVAL.into());
        }
        let mut end = t.size;
        while self.kind(end).is_modifier() {
            end = step(end);
        }
        if self.kind(end) == Kind::Struct { Ok(true) } else { Err(Errno::EINVAL.into()) }
    }

    /// The struct that a list or a tree holds, as its one tag `contains:STRUCT:NODE` says.
    fn contents(&self, owner: (u32, i32)) -> Result<(u32, Vec<u8>), Stop> {
        const KEY: &[u8] = b"contains:";
        let tag = |t: &&Type| {
            t.kind() == Kind::DeclTag
                && t.size == owner.0
                && self.data.extra(t, 0) as i32 == owner.1
                && self.data.display_name(t.name_off).starts_with(KEY)
        };
        let mut tags = self.data.types.iter().filter(tag);
        let (Some(one), None) = (tags.next(), tags.next()) else {
            return Err(Errno::EINVAL.into());
        };
        let value = &self.data.display_name(one.name_off)[KEY.len()..];
        let Some(colon) = value.iter().position(|byte| *byte == b':') else {
            return Err(Errno::EINVAL.into());
        };
        let id = struct_by_name(self.data, &value[..colon]).ok_or(Errno::ENOENT)?;
        let node = &value[colon + 1..];
        if node.is_empty() { Err(Errno::EINVAL.into()) } else { Ok((id, node.to_vec())) }
    }
}

/// btf_find_by_name_kind() of a struct.
fn struct_by_name(data: &Data, name: &[u8]) -> Option<u32> {
    let is = |t: &Type| t.kind() == Kind::Struct && data.string(t.name_off) == Some(name);
    let at = data.types.iter().skip(1).position(is)?;
    Some(at as u32 + 1)
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
