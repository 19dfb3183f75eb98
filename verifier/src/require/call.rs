//! What a helper call requires: the prototype's arguments, and a map that the helper takes.
//!
//! Source: `check_call()`, `check_func_arg()`, `check_map_func_compatibility()` of v4.4.

use bpfsim_abi::helper::{Arg, HelperProto, Ret};
use bpfsim_abi::insn::Reg;
use bpfsim_abi::{Release, helper_protos};

use super::Cx;
use super::memory::RDONLY_PROG;
use crate::era::v;
use crate::link;
use crate::rules::{self, No};
use crate::state::{Byte, STACK_BYTES, State, Value};

/// Maps and helpers that only go with each other, since a release.
struct Bond {
    since: Release,
    map_types: &'static [u32],
    helpers: &'static [u32],
    /// The map types take no other helper.
    both_ways: bool,
}

/// `check_map_func_compatibility()`: program arrays, perf events, stack traces, control groups,
/// and the lookup of another CPU's value.
const BONDS: &[Bond] = &[
    Bond { since: v(4, 4), map_types: &[PROG_ARRAY], helpers: &[TAIL_CALL], both_ways: true },
    Bond { since: v(4, 4), map_types: &[4], helpers: &[22, 25, 55, 111, 121], both_ways: true },
    Bond { since: v(4, 6), map_types: &[7], helpers: &[27], both_ways: true },
    Bond { since: v(4, 8), map_types: &[8], helpers: &[33, 37], both_ways: true },
    Bond { since: v(4, 20), map_types: KEYLESS, helpers: PUSHERS, both_ways: true },
    Bond { since: v(5, 16), map_types: &[22, 23], helpers: &[88], both_ways: false },
    Bond { since: v(5, 19), map_types: &[5, 6, 10], helpers: &[195], both_ways: false },
];

/// Helpers that write into a map by key: update, delete, push, pop.
const WRITERS: &[u32] = &[2, 3, 87, 88];

/// `BPF_MAP_TYPE_QUEUE`, `_STACK` and, since v5.16, `_BLOOM_FILTER`: values without keys.
const KEYLESS: &[u32] = &[22, 23, BLOOM_FILTER];
const BLOOM_FILTER: u32 = 30;
/// Push, pop and peek.
const PUSHERS: &[u32] = &[87, 88, 89];

/// `BPF_MAP_TYPE_PROG_ARRAY`.
const PROG_ARRAY: u32 = 3;
/// `BPF_FUNC_tail_call`.
const TAIL_CALL: u32 = 12;

/// What a helper does with a buffer and its size, beyond the argument classes of v4.4.
#[derive(Clone, Copy)]
struct Buffer {
    /// It is filled, and need not be initialised; `None` where no table says.
    fills: Option<bool>,
    /// It may be empty; `None` where no table says.
    may_be_empty: Option<bool>,
}

impl Buffer {
    fn of(release: Release, id: u32) -> Buffer {
        let rows = helper_protos::protos().iter();
        let row =
            rows.filter(|row| row.proto.id == id && row.from <= release).max_by_key(|row| row.from);
        let holds = |since: Option<Release>| since.is_some_and(|since| since <= release);
        Buffer {
            fills: row.map(|row| holds(row.uninit_since)),
            may_be_empty: row.map(|row| holds(row.zero_size_since)),
        }
    }

    /// Keys and values: read, and never empty.
    const READ: Buffer = Buffer { fills: Some(false), may_be_empty: Some(false) };
}

/// The arguments' registers.
const ARGS: [u8; 5] = [1, 2, 3, 4, 5];

pub(super) fn check(cx: Cx<'_>, state: &State, id: i32) -> Result<(), No> {
    let proto = link::helper(cx.era, cx.env, id)?;
    if proto.gpl_only && !cx.env.gpl_compatible() {
        return Err(rules::gpl_only());
    }
    let mut map = None;
    for (arg, number) in proto.args.into_iter().zip(ARGS) {
        let Some(reg) = Reg::new(number) else { continue };
        argument(cx, state, &proto, arg, reg, &mut map)?;
    }
    if proto.ret == Ret::MapValueOrNull && map.is_none() {
        return Err(rules::plain("kernel subsystem misconfigured verifier"));
    }
    match map {
        Some(map) => compatible(cx, map, &proto),
        None => Ok(()),
    }
}

/// The map among a call's arguments, when there is one.
pub(crate) fn map_of(state: &State, proto: &HelperProto) -> Option<u16> {
    proto.args.into_iter().zip(ARGS).find_map(|(arg, number)| {
        let value = state.reg(Reg::new(number)?);
        match (arg, value) {
            (Arg::ConstMapPtr, Value::MapPtr { map }) => Some(map),
            _ => None,
        }
    })
}

fn argument(
    cx: Cx<'_>,
    state: &State,
    proto: &HelperProto,
    arg: Arg,
    reg: Reg,
    map: &mut Option<u16>,
) -> Result<(), No> {
    if arg == Arg::None {
        return Ok(());
    }
    super::readable(state, reg)?;
    let value = state.reg(reg);
    if matches!(value, Value::MapValueOrNull { fuzzy: true, .. }) && arg != Arg::Anything {
        return Err(No::not_modelled("an argument that may be null, or not"));
    }
    let size_of = |map: Option<u16>| map.map(|map| cx.maps.shapes[usize::from(map)]);
    match arg {
        Arg::None => Ok(()),
        Arg::Anything if cx.is_secret(state, reg) => Err(rules::leaks(reg, "helper function")),
        Arg::Anything => Ok(()),
        Arg::ConstMapPtr => match value {
            Value::MapPtr { map: index } => {
                *map = Some(index);
                map_is_modelled(cx, index, proto.id)
            }
            _ => Err(rules::argument_type(cx.era, reg, value, "map_ptr")),
        },
        Arg::Ctx => match value {
            Value::Ctx { off: 0 } => Ok(()),
            Value::Ctx { .. } => Err(No::not_modelled("a moved context pointer as argument")),
            _ => Err(rules::argument_type(cx.era, reg, value, "ctx")),
        },
        Arg::MapKey => {
            let shape = size_of(*map).ok_or_else(|| rules::helper_without_map("key"))?;
            pointed_to(cx, value, reg, true)?;
            memory(cx, state, reg, shape.key_size.into(), Buffer::READ)
        }
        Arg::MapValue => {
            let shape = size_of(*map).ok_or_else(|| rules::helper_without_map("value"))?;
            pointed_to(cx, value, reg, true)?;
            memory(cx, state, reg, shape.value_size.into(), Buffer::READ)
        }
        Arg::UninitMapValue => {
            let shape = size_of(*map).ok_or_else(|| rules::helper_without_map("value"))?;
            pointed_to(cx, value, reg, true)?;
            // A filter is asked about a value, and fills nothing.
            let asks = shape.map_type == BLOOM_FILTER;
            let buffer = Buffer { fills: Some(!asks), ..Buffer::READ };
            memory(cx, state, reg, shape.value_size.into(), buffer)
        }
        Arg::Stack => pointed_to(cx, value, reg, false),
        Arg::ConstStackSize => sized(cx, state, reg, Buffer::of(cx.era.release(), proto.id)),
    }
}

/// A pointer argument is of a type that points to memory.
fn pointed_to(cx: Cx<'_>, value: Value, reg: Reg, is_key: bool) -> Result<(), No> {
    let no = rules::argument_type(cx.era, reg, value, rules::memory_types(cx.era));
    match value {
        Value::Stack { .. } => Ok(()),
        Value::Frame if cx.era.ranges() => Ok(()),
        Value::MapValue { .. } if is_key && cx.era.map_value_as_key() => Ok(()),
        Value::MapValue { .. } if !is_key && cx.era.map_value_as_memory() => Ok(()),
        Value::MapValue { .. } => Err(no.before(4, 11)),
        // Null is a buffer of no bytes for some helpers since v4.6.
        Value::Scalar(_) if !is_key => Err(no.before(4, 6)),
        Value::Scalar(_) => Err(no.before(4, 7).or_holds(cx.era.ranges())),
        Value::NotInit
        | Value::Ctx { .. }
        | Value::MapPtr { .. }
        | Value::MapValueOrNull { .. }
        | Value::Frame => Err(no),
    }
}

/// The size argument, and the memory that the argument before it points to.
fn sized(cx: Cx<'_>, state: &State, reg: Reg, buffer: Buffer) -> Result<(), No> {
    let value = state.reg(reg);
    let before = Reg::new(reg.index() as u8 - 1).filter(|&before| before != Reg::R0);
    let Some(before) = before else {
        return Err(rules::plain_access("ARG_CONST_STACK_SIZE cannot be first argument"));
    };
    let bytes = match value {
        Value::Scalar(scalar) => match scalar.value() {
            Some(bytes) => i64::from(bytes as i32),
            None if !cx.era.ranges() => {
                return Err(rules::argument_type(cx.era, reg, value, "imm").before(4, 11));
            }
            None if scalar.smin < 0 && !scalar.fuzzy => {
                return Err(rules::size_may_be_negative(reg));
            }
            None if scalar.umin > 0 && scalar.umax < 1 << 29 => scalar.umax as i64,
            None => return Err(No::not_modelled("a size argument without bounds")),
        },
        _ => {
            let expected = if cx.era.ranges() { "inv" } else { "imm" };
            return Err(rules::argument_type(cx.era, reg, value, expected));
        }
    };
    memory(cx, state, before, bytes, buffer)
}

/// `size` bytes that a helper reads, or that it fills.
fn memory(cx: Cx<'_>, state: &State, reg: Reg, size: i64, buffer: Buffer) -> Result<(), No> {
    let value = state.reg(reg);
    if size == 0 && buffer.may_be_empty != Some(false) {
        return Err(No::not_modelled("a buffer of no bytes as argument"));
    }
    let Some(off) = value.stack_offset() else { return map_memory(cx, value, reg, size) };
    let fills = buffer.fills.unwrap_or(false);
    if !(-STACK_BYTES..0).contains(&off) || off + size > 0 || size <= 0 {
        return Err(rules::argument_stack_bounds(cx.era, reg, off, size, fills));
    }
    match (0..size).find(|i| !is_initialised(cx, state, off + i)) {
        None => Ok(()),
        Some(_) if fills => Ok(()),
        Some(at) => {
            let no = rules::argument_uninit_stack(cx.era, reg, off, at, size);
            // Helpers fill buffers that need not be initialised since v4.7 (435faee1aae9).
            Err(if buffer.fills.is_none() { no.before(4, 7) } else { no })
        }
    }
}

fn is_initialised(cx: Cx<'_>, state: &State, off: i64) -> bool {
    match state.byte(off) {
        Byte::Misc => true,
        Byte::Invalid => cx.era.reads_uninit_stack(),
        // Spilled numbers since v5.3, spilled pointers since v5.11 (cd17d38f8b28).
        Byte::Spill if state.slot(off).spilled.is_pointer() => {
            cx.era.since(5, 11) && cx.era.privileged()
        }
        Byte::Spill => cx.era.ranges(),
    }
}

fn map_memory(cx: Cx<'_>, value: Value, reg: Reg, size: i64) -> Result<(), No> {
    let Value::MapValue { map, lo, hi, fuzzy } = value else {
        return Err(rules::argument_type(cx.era, reg, value, rules::memory_types(cx.era)));
    };
    let room = i64::from(cx.maps.shapes[usize::from(map)].value_size);
    if lo >= 0 && size > 0 && hi + size <= room {
        return Ok(());
    }
    if fuzzy || size <= 0 || lo != hi {
        return Err(No::not_modelled("a map value argument whose bounds are not tracked"));
    }
    Err(rules::map_bounds(cx.era, reg, room as u32, lo, size as u32))
}

/// Maps of maps (v4.12), redirect targets, storage and rings have rules of their own.
fn map_is_modelled(cx: Cx<'_>, map: u16, helper: u32) -> Result<(), No> {
    let map_type = cx.maps.shapes[usize::from(map)].map_type;
    let pushes = KEYLESS.contains(&map_type) && PUSHERS.contains(&helper);
    if map_type >= 12 && cx.era.since(4, 12) && !pushes {
        return Err(No::not_modelled(format!("helpers on maps of type {map_type}")));
    }
    Ok(())
}

fn compatible(cx: Cx<'_>, map: u16, proto: &HelperProto) -> Result<(), No> {
    let shape = cx.maps.shapes[usize::from(map)];
    if proto.id == TAIL_CALL && shape.map_type != PROG_ARRAY {
        return Err(rules::tail_call_map(cx.era, shape.map_type));
    }
    for bond in BONDS.iter().filter(|bond| cx.era.release() >= bond.since) {
        let (map_in, helper_in) =
            (bond.map_types.contains(&shape.map_type), bond.helpers.contains(&proto.id));
        if helper_in && !map_in || map_in && !helper_in && bond.both_ways {
            return Err(rules::wrong_map_type(cx.era, shape.map_type, proto.name, proto.id));
        }
    }
    if cx.era.since(5, 2) && shape.flags & RDONLY_PROG != 0 && WRITERS.contains(&proto.id) {
        return Err(rules::plain_access("write into map forbidden"));
    }
    Ok(())
}
