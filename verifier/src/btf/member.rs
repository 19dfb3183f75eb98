//! Whether a member fits into its struct: the `check_member` and `check_kflag_member` of each
//! kind.

use super::kind::{IntData, Kind, Member, Type};
use super::log::Where;
use super::{Load, Stop};

impl Load {
    /// A member of type `id`. Structs with the kind flag have bit fields.
    pub(super) fn check_member(
        &mut self,
        at: Where,
        t: &Type,
        member: &Member,
        id: u32,
    ) -> Result<(), Stop> {
        let Some(of) = self.data.by_id(id).copied() else {
            return self.refuse_member(at, t, member, "Invalid member");
        };
        if of.kind().is_modifier() {
            let Some((end, _)) = self.size_of(member.r#type) else {
                return self.refuse_member(at, t, member, "Invalid member");
            };
            let member = Member { r#type: end, ..*member };
            return self.check_plain(at, t, &member, &self.data.types[end as usize].clone());
        }
        self.check_plain(at, t, member, &of)
    }

    fn check_plain(&mut self, at: Where, t: &Type, member: &Member, of: &Type) -> Result<(), Stop> {
        let why = match of.kind() {
            Kind::Int if t.kflag() => self.int_field(t, member, of),
            Kind::Int => self.int_member(t, member, of),
            Kind::Enum | Kind::Enum64 if t.kflag() => enum_field(t, member),
            Kind::Enum | Kind::Enum64 => {
                let size = if self.rules().since(5, 6) { of.size } else { 4 };
                whole_bytes(t, member, size)
            }
            Kind::Ptr | Kind::Array | Kind::Struct | Kind::Union | Kind::Float => {
                self.whole_member(t, member, of)
            }
            Kind::Void
            | Kind::Fwd
            | Kind::Typedef
            | Kind::Volatile
            | Kind::Const
            | Kind::Restrict
            | Kind::Func
            | Kind::FuncProto
            | Kind::Var
            | Kind::Datasec
            | Kind::DeclTag
            | Kind::TypeTag => {
                let kflag = if t.kflag() { "kflag_" } else { "" };
                let why = format!("Unsupported check_{kflag}member");
                return self.refuse_basic(at.id, t, &why);
            }
        };
        match why {
            None => Ok(()),
            Some(why) => self.refuse_member(at, t, member, &why),
        }
    }

    fn whole_member(&self, t: &Type, member: &Member, of: &Type) -> Option<String> {
        if t.kflag() && member.bitfield_size() != 0 {
            return Some("Invalid member bitfield_size".to_owned());
        }
        match of.kind() {
            Kind::Ptr => whole_bytes(t, member, 8),
            Kind::Array => whole_bytes(t, member, self.size_of(member.r#type)?.1),
            Kind::Float => float_member(t, member, of),
            _ => whole_bytes(t, member, of.size),
        }
    }

    fn int_member(&self, t: &Type, member: &Member, of: &Type) -> Option<String> {
        let int = IntData(self.data.extra(of, 0));
        let Some(offset) = member.offset.checked_add(int.offset()) else {
            return Some("bits_offset exceeds U32_MAX".to_owned());
        };
        self.bits(t, offset, int.bits())
    }

    fn int_field(&self, t: &Type, member: &Member, of: &Type) -> Option<String> {
        if !self.is_regular_int(member.r#type) {
            return Some("Invalid member base type".to_owned());
        }
        let offset = member.bit_offset(true);
        let whole = IntData(self.data.extra(of, 0)).bits();
        let bits = match member.bitfield_size() {
            0 if !offset.is_multiple_of(8) => return Some("Invalid member offset".to_owned()),
            0 => whole,
            bits if bits > whole => return Some("Invalid member bitfield_size".to_owned()),
            bits => bits,
        };
        self.bits(t, offset, bits)
    }

    /// The bits, with those before them in their first byte, lie in the struct.
    fn bits(&self, t: &Type, offset: u32, bits: u32) -> Option<String> {
        let (start, copied) = (offset / 8, bits + offset % 8);
        let most = self.rules().max_bits();
        if copied > most {
            return Some(format!("nr_copy_bits exceeds {most}"));
        }
        let fits = t.size.checked_sub(start).is_some_and(|room| room >= copied.div_ceil(8));
        if fits { None } else { Some("Member exceeds struct_size".to_owned()) }
    }
}

/// A member of `size` bytes at a byte.
fn whole_bytes(t: &Type, member: &Member, size: u32) -> Option<String> {
    if !member.offset.is_multiple_of(8) {
        return Some("Member is not byte aligned".to_owned());
    }
    // The first pass has seen that it begins inside.
    let room = t.size.wrapping_sub(member.offset / 8);
    if room < size { Some("Member exceeds struct_size".to_owned()) } else { None }
}

fn enum_field(t: &Type, member: &Member) -> Option<String> {
    const INT: u32 = 32;
    let offset = member.bit_offset(true);
    let bits = match member.bitfield_size() {
        0 if !offset.is_multiple_of(8) => return Some("Member is not byte aligned".to_owned()),
        0 => INT,
        bits if bits > INT => return Some("Invalid member bitfield_size".to_owned()),
        bits => bits,
    };
    let end = (offset + bits).div_ceil(8);
    if t.size < end { Some("Member exceeds struct_size".to_owned()) } else { None }
}

/// The smallest alignment that any CPU asks for.
fn float_member(t: &Type, member: &Member, of: &Type) -> Option<String> {
    let align = of.size.min(8) * 8;
    if !member.offset.is_multiple_of(align) {
        return Some("Member is not properly aligned".to_owned());
    }
    let end = u64::from(member.offset / 8) + u64::from(of.size);
    if end > u64::from(t.size) { Some("Member exceeds struct_size".to_owned()) } else { None }
}
