//! bpf(2) as it is: a command by name or number, an attr by bytes or by field.

use super::Came;
use super::cost::{self, Spent};
use super::world::World;
use crate::scenario::{RawAttr, RawCmd, RawValue};
use bpfsim_abi::attr::{
    FieldAt, Layout, MapCreateAttr, MapElemCpuAttr, ObjAttr, ProgLoadAttr, TestRunAttr,
};
use bpfsim_abi::{cmd, sizes};
use bpfsim_maps::series::Addition;
use bpfsim_syscall::{ObjectId, Process, Task};

/// Makes the call.
pub(super) fn call(
    world: &mut World<'_>,
    cmd: &RawCmd,
    attr: &RawAttr,
    on: u32,
    spent: &mut Spent,
) -> Came {
    let Some(number) = number(world, cmd) else {
        return Came::Broken(format!("no command '{}'", name_of(cmd)));
    };
    let bytes = match attr {
        RawAttr::Bytes(bytes) => Ok(bytes.clone()),
        RawAttr::Fields(fields) => by_field(world, number, fields),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(what) => return Came::Broken(what),
    };
    let answer = world.with(on, |kernel, task| cost::raw_call(kernel, task, number, &bytes, spent));
    answer.map_or_else(Came::from, Came::Done)
}

/// As a file writes it.
pub(super) fn name_of(cmd: &RawCmd) -> String {
    match cmd {
        RawCmd::Name(name) => name.clone(),
        RawCmd::Number(number) => number.to_string(),
    }
}

/// The series' own commands first.
fn number(world: &World<'_>, asked: &RawCmd) -> Option<u32> {
    let name = match asked {
        RawCmd::Number(number) => return Some(*number),
        RawCmd::Name(name) => format!("BPF_{}", name.to_ascii_uppercase()),
    };
    let own = world.stage.series.adds.iter().find_map(|added| match added.what {
        Addition::Command { name: known, number, .. } if known == name => Some(number),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Helper { .. }
        | Addition::Flag { .. } => None,
    });
    own.or_else(|| cmd::by_name(&name).map(|entry| entry.number))
}

/// The fields of a command's arm; `next_key` stands where `value` does.
fn arm(world: &World<'_>, number: u32) -> Option<Vec<FieldAt>> {
    if world.stage.series.command(number).is_some() {
        return Some(MapElemCpuAttr::fields());
    }
    match number {
        0 => Some(MapCreateAttr::fields()),
        1..=4 => Some(MapElemCpuAttr::fields()),
        5 => Some(ProgLoadAttr::fields()),
        6 | 7 => Some(ObjAttr::fields()),
        10 => Some(TestRunAttr::fields()),
        _ => None,
    }
}

/// An attr of the release's size, zero but for these fields.
fn by_field(
    world: &mut World<'_>,
    number: u32,
    fields: &[(String, RawValue)],
) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; sizes::attr_size(world.stage.core.profile.release) as usize];
    if fields.is_empty() {
        return Ok(bytes);
    }
    let known = arm(world, number).ok_or_else(|| {
        format!("the fields of command {number} are not known here; write attr as hex bytes")
    })?;
    for (name, value) in fields {
        let asked = if name == "next_key" { "value" } else { name };
        let field = known.iter().find(|field| field.name == asked).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|field| field.name).collect();
            format!("no field '{name}' in this command; there are {}", names.join(", "))
        })?;
        let value = encode(world, field, value)?;
        let room = bytes
            .get_mut(field.offset..field.offset + field.size)
            .ok_or_else(|| format!("field '{name}' lies past the end of this release's attr"))?;
        let len = room.len().min(value.len());
        room[..len].copy_from_slice(&value[..len]);
    }
    Ok(bytes)
}

fn encode(world: &mut World<'_>, field: &FieldAt, value: &RawValue) -> Result<Vec<u8>, String> {
    let task = &mut world.stage.task;
    let pointer = |task: &mut Process, bytes: &[u8]| task.alloc(bytes).0.to_le_bytes().to_vec();
    Ok(match value {
        RawValue::Number(number) => number.to_le_bytes()[..field.size.min(16)].to_vec(),
        RawValue::Text(text) if field.size > 8 => text.as_bytes().to_vec(),
        RawValue::Text(text) => pointer(task, &[text.as_bytes(), b"\0"].concat()),
        RawValue::Bytes(bytes) => pointer(task, bytes),
        RawValue::Fd(name) => fd(world, name)?.to_le_bytes().to_vec(),
    })
}

/// The fd of a map, or of a program, which is loaded first where it is not.
fn fd(world: &mut World<'_>, name: &str) -> Result<u32, String> {
    if let Ok((_, fd, _)) = world.stage.map_named(name) {
        return Ok(fd);
    }
    let handle = world.load(name).map_err(|error| error.to_string())?;
    let task = &world.stage.task;
    let object = Some(Ok(ObjectId::Prog(handle)));
    (0..).take(1 << 16).find(|fd| task.fd(*fd) == object).ok_or(format!("{name} has no fd"))
}
