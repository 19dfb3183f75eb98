//! What types are made of, in the second pass: elements, members, variables, and what a tag is on.

use super::Load;
use super::kind::{IntData, Kind, Type};
use super::log::Where;
use super::resolve::{Mode, Step, Vertex, nosize};
use bpfsim_abi::Errno;

impl Load {
    /// A type that an array, a struct or a function may be made of.
    pub(super) fn part(&self, id: u32) -> Option<Type> {
        let t = self.data.by_id(id).copied()?;
        (!nosize(&self.data, id, &t) && !t.kind().is_source_only()).then_some(t)
    }

    pub(super) fn step_array(&mut self, id: u32, t: &Type) -> Step {
        let [elem_id, index_id, count] = std::array::from_fn(|at| self.data.extra(t, at as u32));
        let Some(index) = self.part(index_id) else {
            return self.refuse_type(id, t, "Invalid index");
        };
        if self.is_open(index_id, &index) {
            return self.push(index_id, &index);
        }
        if !self.size_of(index_id).is_some_and(|(end, _)| self.is_regular_int(end)) {
            return self.refuse_type(id, t, "Invalid index");
        }
        let Some(elem) = self.part(elem_id) else {
            return self.refuse_type(id, t, "Invalid elem");
        };
        if self.is_open(elem_id, &elem) {
            return self.push(elem_id, &elem);
        }
        let Some((end, size)) = self.size_of(elem_id) else {
            return self.refuse_type(id, t, "Invalid elem");
        };
        if self.data.types[end as usize].kind() == Kind::Int && !self.is_regular_int(end) {
            return self.refuse_type(id, t, "Invalid array of int");
        }
        match size.checked_mul(count) {
            Some(bytes) => self.pop(end, bytes),
            None => self.refuse_type(id, t, "Array size overflows U32_MAX"),
        }
    }

    /// btf_type_int_is_regular(): 1, 2, 4, 8 bytes, or 16 since v5.1, and nothing before them.
    pub(super) fn is_regular_int(&self, id: u32) -> bool {
        let Some(t) = self.data.by_id(id) else { return false };
        let int = IntData(self.data.extra(t, 0));
        let widths: &[u32] =
            if self.rules().since(5, 1) { &[8, 16, 32, 64, 128] } else { &[8, 16, 32, 64] };
        t.kind() == Kind::Int && int.offset() == 0 && widths.contains(&int.bits())
    }

    pub(super) fn step_struct(&mut self, vertex: Vertex, t: &Type) -> Step {
        let at = Where { id: vertex.id, resolving: true };
        if vertex.next > 0 {
            let member = self.data.member(t, vertex.next - 1);
            // A number of 16 bits up to v6.0 (a37a32583e28).
            let wide = self.rules().since(6, 1);
            let id = if wide { member.r#type } else { member.r#type & 0xffff };
            if !self.is_resolved(id) {
                return Err(Errno::EINVAL.into());
            }
            self.check_member(at, t, &member, id)?;
        }
        for index in vertex.next..t.vlen() {
            let member = self.data.member(t, index);
            let Some(of) = self.part(member.r#type) else {
                return self.refuse_member(at, t, &member, "Invalid member");
            };
            if self.is_open(member.r#type, &of) {
                self.set_next(index + 1);
                return self.push(member.r#type, &of);
            }
            self.check_member(at, t, &member, member.r#type)?;
        }
        self.pop(0, 0)
    }

    /// A number of 16 bits.
    fn set_next(&mut self, next: u32) {
        if let Some(top) = self.resolve.stack.last_mut() {
            top.next = next & 0xffff;
        }
    }

    pub(super) fn step_datasec(&mut self, vertex: Vertex, t: &Type) -> Step {
        // What was walked before must not decide, since v6.3 (9b459804ff99).
        if self.rules().since(6, 3) {
            self.resolve.mode = Mode::Any;
        }
        let at = Where { id: vertex.id, resolving: true };
        for index in vertex.next..t.vlen() {
            let vsi = self.data.variable(t, index);
            let var = self.data.by_id(vsi[0]).copied();
            let Some(var) = var.filter(|var| var.kind() == Kind::Var) else {
                return self.refuse_variable(at, t, vsi, "Not a VAR kind member");
            };
            if self.is_open(vsi[0], &var) {
                self.set_next(index + 1);
                return self.push(vsi[0], &var);
            }
            match self.size_of(var.size) {
                None => return self.refuse_variable(at, t, vsi, "Invalid type"),
                Some((_, size)) if vsi[2] < size => {
                    return self.refuse_variable(at, t, vsi, "Invalid size");
                }
                Some(_) => {}
            }
        }
        self.pop(0, 0)
    }

    pub(super) fn step_decl_tag(&mut self, id: u32, t: &Type) -> Step {
        let next = self.data.by_id(t.size).copied();
        let target = |t: &Type| {
            t.kind().is_struct() || matches!(t.kind(), Kind::Func | Kind::Var | Kind::Typedef)
        };
        let Some(next) = next.filter(target) else {
            return self.refuse_type(id, t, "Invalid type_id");
        };
        if self.is_open(t.size, &next) {
            return self.push(t.size, &next);
        }
        let component = self.data.extra(t, 0);
        if component as i32 != -1 {
            let count = match next.kind() {
                Kind::Var | Kind::Typedef => 0,
                Kind::Func => self.data.by_id(next.size).map_or(0, Type::vlen),
                _ => next.vlen(),
            };
            if component >= count {
                return self.refuse_type(id, t, "Invalid component_idx");
            }
        }
        self.pop(t.size, 0)
    }
}
