//! Looking for special fields: btf_find_field(), and what it finds in arrays and structs.

use super::Stop;
use super::data::Data;
use super::fields::{Fields, ROWS, Row, Special, bytes};
use super::kind::{Kind, Type};
use Special::{ListHead, RbRoot};
use bpfsim_abi::Errno;

/// `MAX_RESOLVE_DEPTH`.
const DEPTH: u32 = 32;

/// A field that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub special: Special,
    /// In bytes.
    pub off: u32,
    pub bytes: u32,
    /// Of a list or a tree: the struct that it holds, and the name of the node in it.
    pub holds: Option<(u32, Vec<u8>)>,
}

/// Looks for special fields in one struct or section.
pub(super) struct Finder<'a> {
    pub data: &'a Data,
    pub mask: &'a [Special],
    pub kptrs: bool,
    pub found: Vec<Found>,
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
    pub fn all(&mut self, id: u32) -> Result<(), Stop> {
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

    pub fn is_kptr(&self, id: u32) -> Result<bool, Stop> {
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
pub(super) fn struct_by_name(data: &Data, name: &[u8]) -> Option<u32> {
    let is = |t: &Type| t.kind() == Kind::Struct && data.string(t.name_off) == Some(name);
    let at = data.types.iter().skip(1).position(is)?;
    Some(at as u32 + 1)
}
