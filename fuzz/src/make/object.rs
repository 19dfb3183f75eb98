//! Commands about any object: freezing, infos, ids, pins, and calls with bytes of chance.

use super::{Held, Maker, attr, call};
use crate::step::{Call, Image, SLOTS, Slot, Step, What};

fn any_slot(maker: &mut Maker) -> Slot {
    match maker.slot_of(|_| Some(())) {
        Some((slot, ())) if !maker.random.once_in(20) => slot,
        Some(_) | None => maker.random.below(SLOTS as u32) as Slot,
    }
}

/// BPF_MAP_FREEZE.
pub(super) fn freeze(maker: &mut Maker) -> Step {
    let slot = maker.map().map_or(0, |(slot, _)| slot);
    let len = maker.random.pick(&[4, 4, 4, 32]);
    Step::Call(Box::new(call(22, attr(len, &[]).with(0, What::Fd(slot)), vec![])))
}

/// BPF_OBJ_GET_INFO_BY_FD, with lengths around those of the structs.
pub(super) fn info(maker: &mut Maker) -> Step {
    let slot = any_slot(maker);
    let (usual, is_prog) = match maker.slots[usize::from(slot)] {
        Some(Held::Prog) => (232, true),
        Some(Held::Btf) => (32, false),
        Some(Held::Map(_)) | None => (104, false),
    };
    let random = &mut maker.random;
    let len = match random.below(8) {
        0 => random.within(0, 300),
        1 => random.pick(&[0, 1, 4, 5, 8, 31, 64, 80, 88, 100, 104, 105, 4096, 4097]),
        2 => random.within(usual - 8, usual + 8),
        _ => usual,
    };
    let mut info = Image::of(vec![0; len as usize]);
    let mut buffers = vec![];
    if is_prog && len >= 64 && random.once_in(2) {
        // nr_map_ids and map_ids.
        let room = random.below(4);
        info.bytes[52] = random.below(4) as u8;
        info = info.with(56, What::Address(1, 0));
        buffers.push(Image::of(vec![0xee; room as usize * 4]));
    } else if random.once_in(10) && !info.bytes.is_empty() {
        let at = random.below(len) as usize;
        // Where a program's info has pointers, and where both have the id of a BTF, a number of the
        // caller's would be taken for one of the kernel's.
        if (!is_prog && !(64..68).contains(&at)) || at >= 192 {
            info.bytes[at] = 1;
        }
    }
    buffers.insert(0, info);
    let arm = attr(16, &[(4, &len.to_le_bytes())]).with(0, What::Fd(slot));
    let arm = super::elem::point(random, arm, 8, 0);
    Step::Call(Box::new(call(15, arm, buffers)))
}

/// The ids of objects: from the number before one, and an fd for one.
pub(super) fn ids(maker: &mut Maker) -> Step {
    let slot = any_slot(maker);
    let held = maker.slots[usize::from(slot)];
    let (next, by_id) = match held {
        Some(Held::Prog) => (11, 13),
        Some(Held::Btf) => (23, 19),
        Some(Held::Map(_)) | None => (12, 14),
    };
    let random = &mut maker.random;
    let flags = if random.once_in(6) { random.pick(&[8, 16, 24, 1, 1 << 16]) } else { 0 };
    let arm = attr(random.pick(&[12, 12, 16, 8]), &[]);
    if random.once_in(2) || held.is_none() {
        let mut call = call(next, arm.with(0, What::IdBefore(slot)), vec![]);
        if flags != 0 && random.once_in(3) && call.attr.bytes.len() >= 12 {
            call.attr.bytes[8..12].copy_from_slice(&u32::to_le_bytes(flags));
        }
        return Step::Call(Box::new(call));
    }
    let mut arm = arm;
    if arm.bytes.len() >= 12 {
        arm.bytes[8..12].copy_from_slice(&u32::to_le_bytes(flags));
    }
    let mut call = call(by_id, arm.with(0, What::Id(slot)), vec![]);
    if let Some(held) = held {
        call.into = maker.new_slot(held);
    }
    Step::Call(Box::new(call))
}

/// Where pins are.
const BPFFS: &str = "/sys/fs/bpf/";

/// BPF_OBJ_PIN and BPF_OBJ_GET in a bpffs that nobody else sees.
pub(super) fn pins(maker: &mut Maker) -> Step {
    if !maker.world.pins {
        return info(maker);
    }
    let slot = any_slot(maker);
    let random = &mut maker.random;
    let name =
        random.pick(&["a", "b", "c", "a", "b", "c", "", "a.b", "no/such", "a/", "a/b", ".."]);
    let mut path = format!("{BPFFS}{name}").into_bytes();
    match random.below(30) {
        0 => path = b"/tmp/no.such.name.of.the.fuzzer".to_vec(),
        1 => path.clear(),
        2 => path = b"/sys/fs/bpf".to_vec(),
        3 => path.extend([b'x'; 260]),
        _ => {}
    }
    if !random.once_in(30) {
        path.push(0);
    }
    let flags = if random.once_in(8) { random.pick(&[8, 16, 24, 1, 1 << 14]) } else { 0 };
    let arm = attr(random.pick(&[16, 16, 20, 24]), &[(12, &u32::to_le_bytes(flags))]);
    let arm = super::elem::point(random, arm, 0, 0);
    let pin = random.once_in(2);
    let (cmd, arm) = match pin {
        true => (6, arm.with(8, What::Fd(slot))),
        false => (7, arm),
    };
    let mut call = call(cmd, arm, vec![Image::of(path)]);
    if !pin && let Some(held) = maker.slots[usize::from(slot)] {
        call.into = maker.new_slot(held);
    }
    Step::Call(Box::new(call))
}

/// Commands that make nothing of bytes that mean nothing: the ones above, `LINK_GET_FD_BY_ID`,
/// `ITER_CREATE`, `TOKEN_CREATE`, `PROG_STREAM_READ_BY_FD`, and numbers that are no command.
const ODD: [u32; 24] = [
    1,
    2,
    3,
    4,
    10,
    15,
    18,
    21,
    22,
    24,
    25,
    26,
    27,
    30,
    33,
    35,
    36,
    37,
    38,
    39,
    40,
    63,
    64,
    u32::MAX,
];

/// A command with few bytes that mean nothing, and an fd in front.
pub(super) fn odd(maker: &mut Maker) -> Step {
    if maker.random.once_in(3) {
        return bind(maker);
    }
    let slot = any_slot(maker);
    let random = &mut maker.random;
    let cmd = random.pick(&ODD);
    let mut bytes = vec![0; random.below(80) as usize];
    for _ in 0..random.below(3) {
        if !bytes.is_empty() {
            let at = random.below(bytes.len() as u32) as usize;
            bytes[at] = random.word() as u8;
        }
    }
    // BTF_LOAD and LINK_GET_FD_BY_ID take no fd there, and an id of somebody else's is no test.
    let named = !matches!(cmd, 18 | 30);
    if !named && bytes.len() >= 4 {
        bytes[..4].fill(0xff);
    }
    let image = Image::of(bytes);
    let image = if named { image.with(0, What::Fd(slot)) } else { image };
    let slot = SLOTS as Slot - 1;
    maker.slots[usize::from(slot)] = None;
    let call = Call { into: slot, ..call(cmd, image, vec![]) };
    Step::Call(Box::new(call))
}

/// BPF_PROG_BIND_MAP.
fn bind(maker: &mut Maker) -> Step {
    let prog = maker.slot_of(|held| match held {
        Held::Prog => Some(()),
        Held::Map(_) | Held::Btf => None,
    });
    let prog = prog.map_or(0, |(slot, ())| slot);
    let map = any_slot(maker);
    let flags = u32::from(maker.random.once_in(20));
    let arm = attr(12, &[(8, &flags.to_le_bytes())]);
    let arm = arm.with(0, What::Fd(prog)).with(4, What::Fd(map));
    Step::Call(Box::new(call(35, arm, vec![])))
}
