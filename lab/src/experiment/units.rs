//! What a thread does, as system calls: each `do` item becomes the calls of the series' own
//! wrapper, with their memory in place.

use super::error::SetupError;
use super::setup::Stage;
use crate::scenario::{CpuArg, Do, FieldType, MapDef, Value, Verb};
use bpfsim_abi::attr::{MapElemCpuAttr, UserAddr};
use bpfsim_maps::Map;
use bpfsim_maps::series::{Answer, Ask, UserCall, Whose};
use bpfsim_maps::update::Want;
use bpfsim_syscall::{Attr, ObjectId, Process};
use zerocopy::IntoBytes;

/// A slot that a lookup is judged by, and where its value lies in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Index among the watched slots.
    pub slot: usize,
    /// Bytes from the start of the buffer.
    pub offset: u32,
}

/// What a call makes of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Index among the watched slots.
    pub slot: usize,
    /// The new content; none for a delete.
    pub to: Option<Vec<u64>>,
    /// Whether the key must be absent or present.
    pub want: Want,
}

/// One system call of a thread.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What it is.
    pub verb: Verb,
    /// Its attr.
    pub attr: Attr,
    /// The map's handle.
    pub map: u32,
    /// The slots whose values it returns.
    pub judged: Vec<Judged>,
    /// What it makes of which slots, if it succeeds.
    pub changes: Vec<Change>,
    /// For people: `into`, or what it does.
    pub name: String,
}

/// What a `do` item needs besides itself.
pub struct Desk<'a> {
    /// The stage so far.
    pub stage: &'a mut Stage,
    /// The caller.
    pub task: &'a mut Process,
    /// Number of the CPU that it is on.
    pub cpu: u32,
}

/// The calls of one `do` item under the stage's series.
pub fn calls(desk: &mut Desk<'_>, item: &Do) -> Result<Vec<Unit>, SetupError> {
    let (def, fd, handle) = desk.stage.map_named(&item.map)?;
    let map = desk.stage.core.map(handle).cloned().ok_or_else(|| no_operation(item, desk))?;
    let write = matches!(item.verb, Verb::Update | Verb::Delete);
    let whose = item.cpu.map(|cpu| match cpu {
        CpuArg::One(cpu) => Whose::Cpu(cpu),
        CpuArg::All => Whose::All,
        CpuArg::Own => Whose::Own,
    });
    let composite = desk.stage.is_composite(&def);
    let calls = match whose {
        Some(whose) if desk.stage.is_percpu(&def) => {
            let cpus = &desk.stage.core.profile.cpus;
            let user = desk.stage.series.user;
            let calls = user(whose, &map.shape, cpus, desk.cpu, write && item.verb == Verb::Update);
            match (calls, item.verb) {
                // A delete names the key alone, where keys have no CPU in them.
                (_, Verb::Delete) if !composite => vec![plain(item, &map)],
                (Some(calls), _) => calls,
                (None, _) => return Err(no_operation(item, desk)),
            }
        }
        Some(Whose::Own) | None => vec![plain(item, &map)],
        Some(Whose::Cpu(_) | Whose::All) => return Err(no_operation(item, desk)),
    };
    let build = |call: &UserCall| unit(desk, item, &def, fd, handle, &map, call);
    calls.iter().map(build).collect()
}

fn no_operation(item: &Do, desk: &Desk<'_>) -> SetupError {
    let whose = match item.cpu {
        Some(CpuArg::One(_)) => " of one CPU",
        Some(CpuArg::All) => " of all CPUs",
        Some(CpuArg::Own) => " of the caller's CPU",
        None => "",
    };
    SetupError::NoOperation(format!(
        "no such operation: {} has no {}{whose}",
        desk.stage.series.base_name(),
        item.verb.name()
    ))
}

/// The plain command, without any CPU.
fn plain(item: &Do, map: &Map) -> UserCall {
    let cmd = match item.verb {
        Verb::Lookup | Verb::Walk => 1,
        Verb::Update => 2,
        Verb::Delete => 3,
        Verb::Next => 4,
    };
    let buffer = map.shape.stride() * map.shape.ranks;
    UserCall { cmd, flags: 0, cpu: 0, composite: None, buffer, offset: None }
}

fn unit(
    desk: &mut Desk<'_>,
    item: &Do,
    def: &MapDef,
    fd: u32,
    handle: u32,
    map: &Map,
    call: &UserCall,
) -> Result<Unit, SetupError> {
    let mut key = item.key.as_ref().map_or_else(Vec::new, |key| key.0.clone());
    if let Some(cpu) = call.composite {
        key.resize(def.key_size as usize, 0);
        key.extend_from_slice(&cpu.to_le_bytes());
    }
    // Without a CPU, a key may be given as long as the map has it.
    key.resize(map.shape.key_size as usize, 0);
    let cmd = match item.verb {
        Verb::Delete => 3,
        Verb::Next | Verb::Walk => 4,
        Verb::Lookup | Verb::Update => call.cmd,
    };
    let bytes = match item.verb {
        Verb::Update => value_bytes(item, def, map, call),
        Verb::Lookup | Verb::Delete | Verb::Next | Verb::Walk => {
            vec![0; call.buffer.max(map.shape.key_size) as usize]
        }
    };
    let no_value = item.verb == Verb::Delete;
    let no_key = item.key.is_none() && matches!(item.verb, Verb::Next | Verb::Walk);
    let arm = MapElemCpuAttr {
        map_fd: fd,
        key: if no_key { UserAddr(0) } else { desk.task.alloc(&key) },
        value: if no_value { UserAddr(0) } else { desk.task.alloc(&bytes) },
        flags: call.flags | item.flags,
        cpu: call.cpu,
        ..MapElemCpuAttr::default()
    };
    let answer = desk.answer(map, cmd, &arm);
    let (mut judged, mut changes) = (Vec::new(), Vec::new());
    if let Some(Answer { moves: Ok(plan), want, .. }) = answer {
        for rank in plan.first..plan.end {
            let offset = (rank - plan.first) * plan.buffer_stride;
            let wanted = call.offset.is_none_or(|wanted| wanted == offset);
            if item.verb == Verb::Lookup && wanted {
                judged.push(Judged { slot: desk.stage.watch_slot(handle, &key, rank), offset });
            }
            if item.verb == Verb::Update {
                let Ok(want) = want else { continue };
                let slot = desk.stage.watch_slot(handle, &key, rank);
                let to = Some(content(map, bytes.get(offset as usize..).unwrap_or(&[])));
                changes.push(Change { slot, to, want });
            }
        }
    }
    if item.verb == Verb::Delete {
        let ranks = if map.shape.percpu { map.shape.ranks } else { 1 };
        changes.extend((0..ranks).map(|rank| {
            let slot = desk.stage.watch_slot(handle, &key, rank);
            Change { slot, to: None, want: Want::Any }
        }));
    }
    let name = item.into.clone().unwrap_or_else(|| format!("{} {}", item.verb.name(), item.map));
    let size = if call.cpu == 0 { 32 } else { 36 };
    let attr = Attr::new(cmd, &arm.as_bytes()[..size]);
    Ok(Unit { verb: item.verb, attr, map: handle, judged, changes, name })
}

/// What an update writes: the same value to every slot of the buffer, or one for each CPU.
fn value_bytes(item: &Do, def: &MapDef, map: &Map, call: &UserCall) -> Vec<u8> {
    let stride = map.shape.stride() as usize;
    let mut bytes = vec![0; (call.buffer as usize).max(stride)];
    for (rank, slot) in bytes.chunks_mut(stride).enumerate() {
        let fields = match &item.value {
            Some(Value::Same(fields)) => fields,
            Some(Value::PerCpu(all)) => match all.get(rank) {
                Some(fields) => fields,
                None => continue,
            },
            None => continue,
        };
        let value = encode_fields(def, fields);
        let len = value.len().min(slot.len());
        slot[..len].copy_from_slice(&value[..len]);
    }
    bytes.truncate(call.buffer as usize);
    bytes
}

/// The words of a value in a buffer; padding is no part of it.
fn content(map: &Map, bytes: &[u8]) -> Vec<u64> {
    let value = &bytes[..bytes.len().min(map.shape.value_size as usize)];
    let word = |word: &[u8]| word.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let mut words: Vec<u64> = value.chunks(8).map(word).collect();
    words.resize(map.shape.stride() as usize / 8, 0);
    words
}

/// A value from its fields, little endian.
pub fn encode_fields(def: &MapDef, fields: &[u64]) -> Vec<u8> {
    let mut value = vec![0; def.value_size as usize];
    for (field, number) in def.fields.iter().zip(fields) {
        let (at, len) = (field.offset as usize, field_bytes(field.ty));
        value[at..at + len].copy_from_slice(&number.to_le_bytes()[..len]);
    }
    value
}

/// The fields of a value.
pub fn decode_fields(def: &MapDef, value: &[u8]) -> Vec<u64> {
    let field = |field: &crate::scenario::Field| {
        let (at, len) = (field.offset as usize, field_bytes(field.ty));
        let mut bytes = [0; 8];
        if let Some(found) = value.get(at..at + len) {
            bytes[..len].copy_from_slice(found);
        }
        u64::from_le_bytes(bytes)
    };
    def.fields.iter().map(field).collect()
}

/// Bytes of a scalar.
pub const fn field_bytes(ty: FieldType) -> usize {
    match ty {
        FieldType::U8 => 1,
        FieldType::U16 => 2,
        FieldType::U32 => 4,
        FieldType::U64 => 8,
    }
}

impl Desk<'_> {
    /// What the release and the series will do with a lookup or an update.
    fn answer(&self, map: &Map, cmd: u32, arm: &MapElemCpuAttr) -> Option<Answer> {
        let profile = &self.stage.core.profile;
        let role = profile.series.filter(|_| profile.overlay).and_then(|s| s.command(cmd));
        let ask = Ask {
            role,
            flags: arm.flags,
            cpu: arm.cpu,
            here: profile.cpus.possible.rank(self.cpu).unwrap_or(0) as u32,
            shape: &map.shape,
            cpus: &profile.cpus,
            plan: profile.plan,
            release: profile.release,
        };
        let writes = match (role, cmd) {
            (Some(bpfsim_maps::series::Role::Update), _) | (None, 2) => true,
            (Some(bpfsim_maps::series::Role::Lookup), _) | (None, 1) => false,
            (None, _) => return None,
        };
        if !map.shape.percpu && role.is_none() {
            return Some(Answer::one(&ask, 0, bpfsim_maps::mover::Where::Caller));
        }
        let series = map.series?;
        if writes { (series.write)(&ask).ok() } else { (series.read)(&ask).ok() }
    }
}

impl Stage {
    /// A map by its name in the scenario: its definition, the fd that callers have, its handle.
    pub(super) fn map_named(&self, name: &str) -> Result<(MapDef, u32, u32), SetupError> {
        let found = self.maps.iter().find(|map| map.def.name == name);
        let map = found.ok_or_else(|| SetupError::NoMap(name.to_owned()))?;
        let ObjectId::Map(handle) = map.object else {
            return Err(SetupError::NoMap(name.to_owned()));
        };
        Ok((map.def.clone(), map.fd, handle))
    }
}
