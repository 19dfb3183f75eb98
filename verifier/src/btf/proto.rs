//! Functions and what they take: btf_func_proto_check(), btf_func_check().

use super::kind::{Kind, Type};
use super::{Load, Stop};

impl Load {
    /// What is returned has a size, or is `void`; so has every parameter, and a last one of type
    /// 0 stands for more.
    pub(super) fn check_proto(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        if t.size != 0 {
            // Variables, sections and tags are refused since v6.1 (ea68376c8bed).
            let strict = self.rules().since(6, 1);
            self.check_part(id, t, t.size, strict, "Invalid return type")?;
        }
        let mut count = t.vlen();
        if count > 0 && self.data.param(t, count - 1).1 == 0 {
            if self.data.param(t, count - 1).0 != 0 {
                return self.refuse_type(id, t, &format!("Invalid arg#{count}"));
            }
            count -= 1;
        }
        for index in 0..count {
            let (name, ty) = self.data.param(t, index);
            let why = format!("Invalid arg#{}", index + 1);
            // As above, since v6.2 (f17472d45996).
            let strict = self.rules().since(6, 2);
            let of = self.data.by_id(ty);
            let known = of.is_some_and(|of| !strict || !of.kind().is_source_only());
            let named = name == 0 || self.data.is_name(name) && self.data.is_identifier(name);
            if !known || !named {
                return self.refuse_type(id, t, &why);
            }
            self.check_part(id, t, ty, strict, &why)?;
        }
        Ok(())
    }

    fn check_part(
        &mut self,
        id: u32,
        t: &Type,
        part: u32,
        strict: bool,
        why: &str,
    ) -> Result<(), Stop> {
        let of = self.data.by_id(part).copied();
        let Some(of) = of.filter(|of| !strict || !of.kind().is_source_only()) else {
            return self.refuse_type(id, t, why);
        };
        if self.needs_resolve(&of) && !self.is_resolved(part) {
            self.walk(part, &of)?;
        }
        if self.size_of(part).is_none() {
            return self.refuse_type(id, t, why);
        }
        Ok(())
    }

    /// A function has a prototype, whose parameters have names.
    pub(super) fn check_func(&mut self, id: u32, t: &Type) -> Result<(), Stop> {
        let proto = self.data.by_id(t.size).copied();
        let Some(proto) = proto.filter(|proto| proto.kind() == Kind::FuncProto) else {
            return self.refuse_type(id, t, "Invalid type_id");
        };
        for index in 0..proto.vlen() {
            let (name, ty) = self.data.param(&proto, index);
            if name == 0 && ty != 0 {
                return self.refuse_type(id, t, &format!("Invalid arg#{}", index + 1));
            }
        }
        Ok(())
    }
}
