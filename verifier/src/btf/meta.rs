//! The first pass: each type by itself. btf_check_all_metas() and the `check_meta` of each kind.

use super::kind::{IntData, Kind, Type};
use super::log::Where;
use super::{Load, Stop};
use bpfsim_abi::Errno;

/// `sizeof(struct btf_type)`.
const TYPE: usize = 12;

/// `BTF_FUNC_GLOBAL`; extern functions are for linkers.
const MOST_LINKAGE: u32 = 1;

/// The encodings of integers that a release can print: SIGNED, CHAR, BOOL, or none.
const ENCODINGS: [u32; 4] = [0, 1, 2, 4];

impl Load {
    /// Collects the types between two bytes.
    pub(super) fn all_metas(&mut self, start: usize, end: usize) -> Result<(), Stop> {
        let mut at = start;
        let mut id = 1;
        while at < end {
            let (t, size) = self.meta(id, at, end)?;
            if self.data.types.len() >= self.rules().max_type() as usize {
                self.log.say("Exceeded max num of types");
            } else {
                self.data.types.push(t);
            }
            at += size;
            id += 1;
        }
        Ok(())
    }

    /// btf_check_meta(): the type, and its bytes with all that belongs to it.
    fn meta(&mut self, id: u32, at: usize, end: usize) -> Result<(Type, usize), Stop> {
        let left = end - at;
        if left < TYPE {
            return self.refuse(&format!("[{id}] meta_left:{left} meta_needed:{TYPE}"));
        }
        let word = |index: usize| self.data.word(at + index * 4);
        let t = Type { name_off: word(0), info: word(1), size: word(2), extra: at + TYPE };
        if t.info & !self.rules().info_mask() != 0 {
            return self.refuse(&format!("[{id}] Invalid btf_info:{:x}", t.info));
        }
        let number = t.info >> 24 & 0x1f;
        if Kind::from_number(number).is_none_or(|kind| !self.rules().has(kind)) {
            return self.refuse(&format!("[{id}] Invalid kind:{number}"));
        }
        if !self.data.is_name(t.name_off) {
            return self.refuse(&format!("[{id}] Invalid name_offset:{}", t.name_off));
        }
        let needed = extra_bytes(&t);
        if left - TYPE < needed {
            let left = left - TYPE;
            let why = format!("meta_left:{left} meta_needed:{needed}");
            return self.refuse_basic(id, &t, &why);
        }
        self.meta_of_kind(id, &t)?;
        Ok((t, TYPE + needed))
    }

    fn meta_of_kind(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        match t.kind() {
            Kind::Int => self.int_meta(id, t),
            Kind::Ptr
            | Kind::Typedef
            | Kind::Volatile
            | Kind::Const
            | Kind::Restrict
            | Kind::TypeTag => self.ref_meta(id, t),
            Kind::Array => self.array_meta(id, t),
            Kind::Struct | Kind::Union => self.struct_meta(id, t),
            Kind::Enum | Kind::Enum64 => self.enum_meta(id, t),
            Kind::Fwd => self.fwd_meta(id, t),
            Kind::Func => self.func_meta(id, t),
            Kind::FuncProto => self.proto_meta(id, t),
            Kind::Var => self.var_meta(id, t),
            Kind::Datasec => self.datasec_meta(id, t),
            Kind::Float => self.float_meta(id, t),
            Kind::DeclTag => self.decl_tag_meta(id, t),
            // Refused as a kind that there is not.
            Kind::Void => Ok(()),
        }
    }

    /// A type that is fine so far is a line of the log.
    fn pass(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.log.of_type(&self.data, id, t, true, "");
        Ok(())
    }

    fn no_vlen(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        if t.vlen() == 0 { Ok(()) } else { self.refuse_type(id, t, "vlen != 0") }
    }

    /// Before v5.0 there is no kind flag: the bit is no part of `info`.
    fn no_kflag(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        if t.kflag() { self.refuse_type(id, t, "Invalid btf_info kind_flag") } else { Ok(()) }
    }

    /// Names are looked at since v4.20 (eb04bbb608e6).
    fn name_if(&mut self, id: u32, t: &Type, good: bool) -> Result<(), Stop> {
        let fine = good || !self.rules().since(4, 20);
        if fine { Ok(()) } else { self.refuse_type(id, t, "Invalid name") }
    }

    fn is_named(&self, t: &Type) -> bool {
        t.name_off != 0 && self.data.is_identifier(t.name_off)
    }

    fn is_named_or_not(&self, t: &Type) -> bool {
        t.name_off == 0 || self.data.is_identifier(t.name_off)
    }

    fn is_type_id(&self, id: u32) -> bool {
        id <= self.rules().max_type()
    }

    fn int_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.no_vlen(id, t)?;
        self.no_kflag(id, t)?;
        let int = IntData(self.data.extra(t, 0));
        if int.0 & !0x0fff_ffff != 0 {
            return self.refuse_basic(id, t, &format!("Invalid int_data:{:x}", int.0));
        }
        let bits = int.bits() + int.offset();
        let most = self.rules().max_bits();
        if bits > most {
            return self.refuse_type(id, t, &format!("nr_bits exceeds {most}"));
        }
        if bits.div_ceil(8) > t.size {
            return self.refuse_type(id, t, "nr_bits exceeds type_size");
        }
        if !ENCODINGS.contains(&int.encoding()) {
            self.log.of_type(&self.data, id, t, true, "Unsupported encoding");
            return Err(Errno::ENOTSUPP.into());
        }
        self.pass(id, t)
    }

    /// btf_ref_type_check_meta().
    fn ref_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.no_vlen(id, t)?;
        // A tag may have the flag since v6.15 (53ee0d66d7a6).
        if t.kind() != Kind::TypeTag || !self.rules().since(6, 15) {
            self.no_kflag(id, t)?;
        }
        if !self.is_type_id(t.size) {
            return self.refuse_type(id, t, "Invalid type_id");
        }
        let good = match t.kind() {
            Kind::Typedef => self.is_named(t),
            Kind::TypeTag => self.data.string(t.name_off).is_some_and(|name| !name.is_empty()),
            _ => t.name_off == 0,
        };
        self.name_if(id, t, good)?;
        self.pass(id, t)
    }

    fn fwd_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.no_vlen(id, t)?;
        if t.size != 0 {
            return self.refuse_type(id, t, "type != 0");
        }
        let good = self.is_named(t);
        self.name_if(id, t, good)?;
        self.pass(id, t)
    }

    fn array_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.name_if(id, t, t.name_off == 0)?;
        self.no_vlen(id, t)?;
        self.no_kflag(id, t)?;
        if t.size != 0 {
            return self.refuse_type(id, t, "size != 0");
        }
        for (index, why) in [(0, "Invalid elem"), (1, "Invalid index")] {
            let of = self.data.extra(t, index);
            if of == 0 || !self.is_type_id(of) {
                return self.refuse_type(id, t, why);
            }
        }
        self.pass(id, t)
    }

    fn struct_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        let good = self.is_named_or_not(t);
        self.name_if(id, t, good)?;
        self.pass(id, t)?;
        let at = Where { id, resolving: false };
        let mut last = 0;
        for index in 0..t.vlen() {
            let member = self.data.member(t, index);
            let offset = member.bit_offset(t.kflag());
            if let Some(why) = self.bad_member(t, &member, offset, last) {
                return self.refuse_member(at, t, &member, &why);
            }
            self.log.member(&self.data, at, t, &member, "");
            last = offset;
        }
        Ok(())
    }

    /// What is wrong with a member by itself.
    fn bad_member(
        &self,
        t: &Type,
        member: &super::Member,
        offset: u32,
        last: u32,
    ) -> Option<String> {
        let rules = self.rules();
        let name = member.name_off;
        if !self.data.is_name(name) {
            return Some(format!("Invalid member name_offset:{name}"));
        }
        if rules.since(4, 20) && name != 0 && !self.data.is_identifier(name) {
            return Some("Invalid name".to_owned());
        }
        if member.r#type == 0 || !self.is_type_id(member.r#type) {
            return Some("Invalid type_id".to_owned());
        }
        // Not before the one before it; "equal" is for empty arrays.
        if t.kind() == Kind::Union && offset != 0 || last > offset {
            return Some("Invalid member bits_offset".to_owned());
        }
        if offset.div_ceil(8) > t.size {
            let member = if rules.since(5, 0) { "Member" } else { "Memmber" };
            return Some(format!("{member} bits_offset exceeds its struct size"));
        }
        None
    }

    fn enum_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        // Signed values have the flag since v6.0 (6089fb325cf7).
        if !self.rules().since(6, 0) {
            self.no_kflag(id, t)?;
        }
        if !self.rules().since(5, 4) {
            if t.size != 4 {
                return self.refuse_type(id, t, "Expected size:4");
            }
        } else if t.size > 8 || !t.size.is_power_of_two() {
            return self.refuse_type(id, t, "Unexpected size");
        }
        let good = self.is_named_or_not(t);
        self.name_if(id, t, good)?;
        self.pass(id, t)?;
        let words = if t.kind() == Kind::Enum64 { 3 } else { 2 };
        for index in 0..t.vlen() {
            let name = self.data.extra(t, index * words);
            if !self.data.is_name(name) {
                return self.refuse(&format!("\tInvalid name_offset:{name}"));
            }
            let good = name != 0 && self.data.is_identifier(name);
            self.name_if(id, t, good)?;
            let value = self.enum_value(t, index);
            let mut line = b"\t".to_vec();
            line.extend(self.data.display_name(name));
            line.extend(format!(" val={value}\n").into_bytes());
            self.log.print(&line);
        }
        Ok(())
    }

    /// Since v6.0 the kind flag says whether values are signed; before, all are.
    fn enum_value(&self, t: &Type, index: u32) -> i128 {
        let signed = t.kflag() || !self.rules().since(6, 0);
        if t.kind() == Kind::Enum64 {
            let word = |at| u64::from(self.data.extra(t, index * 3 + at));
            let value = word(2) << 32 | word(1);
            return if signed { i128::from(value as i64) } else { i128::from(value) };
        }
        let value = self.data.extra(t, index * 2 + 1);
        if signed { i128::from(value as i32) } else { i128::from(value) }
    }

    fn func_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        let good = self.is_named(t);
        self.name_if(id, t, good)?;
        // The linkage stands in vlen since v5.6 (51c39bb1d5d1).
        if !self.rules().since(5, 6) {
            self.no_vlen(id, t)?;
        } else if t.vlen() > MOST_LINKAGE {
            return self.refuse_type(id, t, "Invalid func linkage");
        }
        self.no_kflag(id, t)?;
        self.pass(id, t)
    }

    fn proto_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.name_if(id, t, t.name_off == 0)?;
        self.no_kflag(id, t)?;
        self.pass(id, t)
    }

    fn var_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.no_vlen(id, t)?;
        self.no_kflag(id, t)?;
        let good = t.name_off != 0 && self.data.is_dotted(t.name_off);
        self.name_if(id, t, good)?;
        if t.size == 0 || !self.is_type_id(t.size) {
            return self.refuse_type(id, t, "Invalid type_id");
        }
        // Static and global, but not extern.
        if self.data.extra(t, 0) > 1 {
            return self.refuse_type(id, t, "Linkage not supported");
        }
        self.pass(id, t)
    }

    fn datasec_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        // A section may be empty since v5.12 (13ca51d5eb35).
        if !self.rules().since(5, 12) && t.vlen() == 0 {
            return self.refuse_type(id, t, "vlen == 0");
        }
        if t.size == 0 {
            return self.refuse_type(id, t, "size == 0");
        }
        self.no_kflag(id, t)?;
        let good = t.name_off != 0 && self.data.is_section(t.name_off);
        self.name_if(id, t, good)?;
        self.pass(id, t)?;
        let at = Where { id, resolving: false };
        let mut end = 0;
        for index in 0..t.vlen() {
            let vsi = self.data.variable(t, index);
            let [ty, offset, size] = vsi;
            let last = u64::from(offset.wrapping_add(size));
            let why = match () {
                () if ty == 0 || !self.is_type_id(ty) => "Invalid type_id",
                () if u64::from(offset) < end || offset >= t.size => "Invalid offset",
                () if size == 0 || size > t.size => "Invalid size",
                () if last > u64::from(t.size) => "Invalid offset+size",
                () => "",
            };
            if !why.is_empty() {
                return self.refuse_variable(at, t, vsi, why);
            }
            end = last;
            self.log.variable(&self.data, at, t, vsi, "");
        }
        self.sum_of_sizes(id, t)
    }

    fn sum_of_sizes(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        let sizes = (0..t.vlen()).map(|index| u64::from(self.data.variable(t, index)[2]));
        if u64::from(t.size) < sizes.sum() {
            return self.refuse_type(id, t, "Invalid btf_info size");
        }
        Ok(())
    }

    fn float_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        self.no_vlen(id, t)?;
        self.no_kflag(id, t)?;
        if ![2, 4, 8, 12, 16].contains(&t.size) {
            return self.refuse_type(id, t, "Invalid type_size");
        }
        self.pass(id, t)
    }

    fn decl_tag_meta(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        if self.data.string(t.name_off).is_none_or(<[u8]>::is_empty) {
            return self.refuse_type(id, t, "Invalid value");
        }
        self.no_vlen(id, t)?;
        // A tag may have the flag since v6.15 (53ee0d66d7a6).
        if !self.rules().since(6, 15) {
            self.no_kflag(id, t)?;
        }
        if (self.data.extra(t, 0) as i32) < -1 {
            return self.refuse_type(id, t, "Invalid component_idx");
        }
        self.pass(id, t)
    }
}

/// Bytes that follow a type.
fn extra_bytes(t: &Type) -> usize {
    let vlen = t.vlen() as usize;
    match t.kind() {
        Kind::Int | Kind::Var | Kind::DeclTag => 4,
        Kind::Array => 12,
        Kind::Struct | Kind::Union | Kind::Enum64 | Kind::Datasec => vlen * 12,
        Kind::Enum | Kind::FuncProto => vlen * 8,
        Kind::Void
        | Kind::Ptr
        | Kind::Fwd
        | Kind::Typedef
        | Kind::Volatile
        | Kind::Const
        | Kind::Restrict
        | Kind::Func
        | Kind::Float
        | Kind::TypeTag => 0,
    }
}
