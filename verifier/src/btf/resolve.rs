//! The second pass: what types refer to, without going in circles. btf_check_all_types(),
//! btf_resolve() and the `resolve` of each kind.

use super::data::Data;
use super::kind::{Kind, Type};
use super::{Load, Resolved, Stop};
use bpfsim_abi::Errno;

/// `MAX_RESOLVE_DEPTH`.
const DEPTH: usize = 32;

/// Bytes of a pointer.
const POINTER: u32 = 8;

/// Where a walk stops: env_type_is_resolve_sink().
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not decided yet.
    #[default]
    Any,
    /// A pointer is being resolved: pointers lead on.
    Ptr,
    /// A struct or an array is being resolved: pointers do not lead on.
    Struct,
}

/// What a walk is at, and the next member to look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub id: u32,
    pub next: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Visit {
    #[default]
    Not,
    Open,
    Done,
}

/// The state of the second pass.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub resolved: Vec<Resolved>,
    visits: Vec<Visit>,
    pub stack: Vec<Vertex>,
    pub mode: Mode,
}

/// Neither an error nor the end: the walk goes on with what is on top of the stack.
pub(super) type Step = Result<(), Stop>;

impl Load {
    /// btf_check_all_types().
    pub(super) fn all_types(&mut self) -> Step {
        let count = self.data.types.len();
        self.resolve.resolved = vec![Resolved::default(); count];
        self.resolve.visits = vec![Visit::Not; count];
        for id in 1..count as u32 {
            let t = self.data.types[id as usize];
            if self.needs_resolve(&t) && !self.is_resolved(id) {
                self.walk(id, &t)?;
            }
            if t.kind() == Kind::FuncProto {
                self.check_proto(id, &t)?;
            }
            if t.kind() == Kind::Func && !self.rules().since(5, 18) {
                self.check_func(id, &t)?;
            }
        }
        Ok(())
    }

    /// btf_type_needs_resolve(): functions since v5.18 (d7e7b42f4f95).
    pub(super) fn needs_resolve(&self, t: &Type) -> bool {
        let kind = t.kind();
        kind.is_modifier()
            || kind.is_struct()
            || kind.is_source_only()
            || matches!(kind, Kind::Ptr | Kind::Array)
            || kind == Kind::Func && self.rules().since(5, 18)
    }

    pub(super) fn is_resolved(&self, id: u32) -> bool {
        self.resolve.visits.get(id as usize) == Some(&Visit::Done)
    }

    fn is_sink(&self, t: &Type) -> bool {
        let kind = t.kind();
        match self.resolve.mode {
            Mode::Any => !self.needs_resolve(t),
            Mode::Ptr => !kind.is_modifier() && kind != Kind::Ptr,
            Mode::Struct => !kind.is_modifier() && kind != Kind::Array && !kind.is_struct(),
        }
    }

    /// The type must be walked before what refers to it.
    pub(super) fn is_open(&self, id: u32, t: &Type) -> bool {
        !self.is_sink(t) && !self.is_resolved(id)
    }

    pub(super) fn push(&mut self, id: u32, t: &Type) -> Step {
        let state = &mut self.resolve;
        if state.stack.len() == DEPTH {
            return Err(Errno::E2BIG.into());
        }
        if state.visits[id as usize] != Visit::Not {
            return Err(Errno::EEXIST.into());
        }
        state.visits[id as usize] = Visit::Open;
        state.stack.push(Vertex { id, next: 0 });
        if state.mode == Mode::Any {
            state.mode = match t.kind() {
                Kind::Ptr => Mode::Ptr,
                Kind::Struct | Kind::Union | Kind::Array => Mode::Struct,
                _ => Mode::Any,
            };
        }
        Ok(())
    }

    pub(super) fn pop(&mut self, id: u32, size: u32) -> Step {
        if let Some(vertex) = self.resolve.stack.pop() {
            self.resolve.resolved[vertex.id as usize] = Resolved { id, size };
            self.resolve.visits[vertex.id as usize] = Visit::Done;
        }
        Ok(())
    }

    /// btf_resolve().
    pub(super) fn walk(&mut self, id: u32, t: &Type) -> Step {
        self.resolve.mode = Mode::Any;
        let mut result = self.push(id, t);
        while result.is_ok() {
            let Some(vertex) = self.resolve.stack.last().copied() else { break };
            let at = self.data.types[vertex.id as usize];
            result = self.step(vertex, &at);
        }
        match result {
            Err(Stop::Errno(errno @ Errno::E2BIG)) => {
                let why = format!("Exceeded max resolving depth:{DEPTH}");
                self.log.of_type(&self.data, id, t, true, &why);
                return Err(errno.into());
            }
            Err(Stop::Errno(errno @ Errno::EEXIST)) => {
                self.log.of_type(&self.data, id, t, true, "Loop detected");
                return Err(errno.into());
            }
            Err(stop) => return Err(stop),
            Ok(()) => {}
        }
        if self.is_sound(id, t) {
            return Ok(());
        }
        self.refuse_type(id, t, "Invalid resolve state")
    }

    /// btf_resolve_valid().
    fn is_sound(&self, id: u32, t: &Type) -> bool {
        let found = self.resolve.resolved[id as usize];
        let kind = t.kind();
        match kind {
            _ if !self.is_resolved(id) => false,
            Kind::Struct | Kind::Union | Kind::Datasec => found == Resolved::default(),
            Kind::DeclTag | Kind::Func => found.id != 0 && found.size == 0,
            Kind::Array => {
                let size = id_size(&self.data, &self.resolve.resolved, self.data.extra(t, 0));
                size.is_some_and(|(elem, size)| {
                    let count = self.data.extra(t, 2);
                    let modifier = self.data.types[elem as usize].kind().is_modifier();
                    !modifier && count.wrapping_mul(size) == found.size
                })
            }
            _ if kind.is_modifier() || matches!(kind, Kind::Ptr | Kind::Var) => {
                let at = self.data.by_id(found.id).map(Type::kind);
                at.is_some_and(|kind| {
                    !kind.is_modifier() && !matches!(kind, Kind::Var | Kind::Datasec)
                })
            }
            _ => false,
        }
    }

    fn step(&mut self, vertex: Vertex, t: &Type) -> Step {
        let id = vertex.id;
        match t.kind() {
            Kind::Typedef | Kind::Volatile | Kind::Const | Kind::Restrict | Kind::TypeTag => {
                self.step_modifier(id, t)
            }
            Kind::Ptr => self.step_ptr(id, t),
            Kind::Array => self.step_array(id, t),
            Kind::Struct | Kind::Union => self.step_struct(vertex, t),
            Kind::Var => self.step_var(id, t),
            Kind::Datasec => self.step_datasec(vertex, t),
            Kind::Func => {
                self.check_func(id, t)?;
                self.pop(t.size, 0)
            }
            Kind::DeclTag => self.step_decl_tag(id, t),
            Kind::Void
            | Kind::Int
            | Kind::Enum
            | Kind::Fwd
            | Kind::FuncProto
            | Kind::Float
            | Kind::Enum64 => self.refuse_basic(id, t, "Unsupported resolve"),
        }
    }

    pub(super) fn size_of(&self, id: u32) -> Option<(u32, u32)> {
        id_size(&self.data, &self.resolve.resolved, id)
    }

    /// The type that a modifier, a pointer or a variable refers to.
    fn target(&mut self, id: u32, t: &Type) -> Result<(u32, Type), Stop> {
        match self.data.by_id(t.size).copied() {
            Some(next) if !next.kind().is_source_only() => Ok((t.size, next)),
            Some(_) | None => self.refuse_type(id, t, "Invalid type_id"),
        }
    }

    /// What a modifier or a pointer ends at, where that has no size: `void`, a forward
    /// declaration, or (v5.0) a function prototype.
    fn unsized_end(&mut self, id: u32, t: &Type, next: u32) -> Result<u32, Stop> {
        let resolved = self.is_resolved(next) || !self.rules().since(5, 0);
        let end = if resolved { self.resolve.resolved[next as usize].id } else { next };
        let kind = self.data.by_id(end).map(Type::kind);
        if matches!(kind, Some(Kind::Void | Kind::Fwd | Kind::FuncProto)) {
            return Ok(end);
        }
        self.refuse_type(id, t, "Invalid type_id")
    }

    /// Up to v4.20 nothing comes after `void` and forward declarations.
    fn ends_early(&self, next: &Type) -> bool {
        !self.rules().since(5, 0) && matches!(next.kind(), Kind::Void | Kind::Fwd)
    }

    fn step_modifier(&mut self, id: u32, t: &Type) -> Step {
        let (next_id, next) = self.target(id, t)?;
        if self.ends_early(&next) {
            return self.pop(next_id, 0);
        }
        if self.is_open(next_id, &next) {
            return self.push(next_id, &next);
        }
        match self.size_of(next_id) {
            // The size is kept with the modifier up to v5.2 (1acc5d5c5832).
            Some((end, size)) if !self.rules().since(5, 3) => self.pop(end, size),
            Some((end, _)) => self.pop(end, 0),
            None => {
                let end = self.unsized_end(id, t, next_id)?;
                self.pop(end, 0)
            }
        }
    }

    /// A modifier that was resolved for a struct may have stopped at a pointer: a walk along
    /// pointers goes on there. True when it does.
    fn goes_on(&mut self, next_id: u32, next: &Type) -> Result<bool, Stop> {
        if !next.kind().is_modifier() {
            return Ok(false);
        }
        let end = self.resolve.resolved[next_id as usize].id;
        let Some(at) = self.data.by_id(end).copied() else { return Ok(false) };
        if at.kind() != Kind::Ptr || !self.is_open(end, &at) {
            return Ok(false);
        }
        self.push(end, &at)?;
        Ok(true)
    }

    fn step_ptr(&mut self, id: u32, t: &Type) -> Step {
        let (next_id, next) = self.target(id, t)?;
        if self.ends_early(&next) {
            return self.pop(next_id, 0);
        }
        if self.is_open(next_id, &next) {
            return self.push(next_id, &next);
        }
        if self.goes_on(next_id, &next)? {
            return Ok(());
        }
        let end = match self.size_of(next_id) {
            Some((end, _)) => end,
            None => self.unsized_end(id, t, next_id)?,
        };
        self.pop(end, 0)
    }

    fn step_var(&mut self, id: u32, t: &Type) -> Step {
        let (next_id, next) = self.target(id, t)?;
        if self.is_open(next_id, &next) {
            return self.push(next_id, &next);
        }
        if self.goes_on(next_id, &next)? {
            return Ok(());
        }
        match self.size_of(next_id) {
            Some((end, size)) if !self.rules().since(5, 3) => self.pop(end, size),
            Some((end, _)) => self.pop(end, 0),
            None => self.refuse_type(id, t, "Invalid type_id"),
        }
    }
}

/// btf_type_nosize(): tags since v6.5.
pub(super) fn nosize(data: &Data, id: u32, t: &Type) -> bool {
    id == 0
        || matches!(t.kind(), Kind::Fwd | Kind::Func | Kind::FuncProto)
        || t.kind() == Kind::DeclTag && data.rules.since(6, 5)
}

/// btf_type_id_size(): the type that has the size, and the size in bytes.
pub(super) fn id_size(data: &Data, resolved: &[Resolved], id: u32) -> Option<(u32, u32)> {
    let own = |id: u32, t: &Type| match t.kind() {
        kind if kind.has_size() => Some((id, t.size)),
        Kind::Array => Some((id, resolved.get(id as usize)?.size)),
        Kind::Ptr => Some((id, POINTER)),
        _ => None,
    };
    let t = data.by_id(id)?;
    if nosize(data, id, t) {
        return None;
    }
    if !t.kind().is_modifier() && t.kind() != Kind::Var {
        return own(id, t);
    }
    let found = *resolved.get(id as usize)?;
    let end = data.by_id(found.id)?;
    if nosize(data, found.id, end) {
        return None;
    }
    if data.rules.since(5, 3) { own(found.id, end) } else { Some((found.id, found.size)) }
}
