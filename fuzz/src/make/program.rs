//! BPF_PROG_LOAD of small programs, and BPF_PROG_TEST_RUN.

use super::{Held, Maker, Shape, attr, call};
use crate::step::{Image, Name, SLOTS, Slot, Step, What};

/// One instruction: code, destination, source, offset, immediate.
const fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> [u8; 8] {
    let (off, imm) = (off.to_le_bytes(), imm.to_le_bytes());
    [code, src << 4 | dst, off[0], off[1], imm[0], imm[1], imm[2], imm[3]]
}

const EXIT: [u8; 8] = insn(0x95, 0, 0, 0, 0);

/// `BPF_ALU64` and `BPF_ALU` with a number: add, sub, mul, div, or, and, lsh, rsh, neg, mod, xor,
/// mov, arsh, to_le.
const ALU: [u8; 22] = [
    0x07, 0x17, 0x27, 0x37, 0x47, 0x57, 0x67, 0x77, 0x87, 0x97, 0xa7, 0xb7, 0xc7, 0x04, 0x14, 0x24,
    0x34, 0x44, 0x54, 0x94, 0xa4, 0xd4,
];

/// `BPF_JMP` with a number, each over the next instruction.
const JUMPS: [u8; 10] = [0x05, 0x15, 0x25, 0x35, 0x45, 0x55, 0x65, 0x75, 0xa5, 0xd5];

/// A program, and where the fds of maps stand in it.
struct Program {
    insns: Vec<[u8; 8]>,
    fds: Vec<(usize, Slot)>,
}

impl Program {
    fn map(&mut self, dst: u8, slot: Slot) {
        self.fds.push((self.insns.len() * 8 + 4, slot));
        self.insns.extend([insn(0x18, dst, 1, 0, 0), insn(0, 0, 0, 0, 0)]);
    }

    fn image(&self) -> Image {
        let names =
            self.fds.iter().map(|(at, slot)| Name { at: *at as u32, what: What::Fd(*slot) });
        Image { names: names.collect(), ..Image::of(self.insns.as_flattened()) }
    }
}

pub(super) fn load(maker: &mut Maker) -> Step {
    let mut program = Program { insns: vec![], fds: vec![] };
    match (maker.random.below(3), maker.map()) {
        (0, Some((slot, shape))) if shape.key <= 16 && shape.value <= 64 => {
            with_map(maker, &mut program, slot, &shape);
        }
        _ => arithmetic(maker, &mut program),
    }
    if maker.random.once_in(12) {
        spoil(maker, &mut program);
    }
    let random = &mut maker.random;
    let prog_type = random.pick(&[1u32, 1, 1, 3, 3, 2, 5, 6, 0, 99]);
    let license: &[u8] = random.pick(&[&b"GPL\0"[..], b"GPL\0", b"GPL\0", b"MIT\0", b"\0", b"GPL"]);
    let name: [u8; 16] = random.pick(&[[0; 16], *b"prog\0\0\0\0\0\0\0\0\0\0\0\0"]);
    let count = program.insns.len() as u32;
    let count = if random.once_in(25) { random.pick(&[0, 1, count + 1, u32::MAX]) } else { count };
    let flags = if random.once_in(15) { 1u32 << random.below(9) } else { 0 };
    let fields: [(usize, &[u8]); 4] = [
        (0, &prog_type.to_le_bytes()),
        (4, &count.to_le_bytes()),
        (44, &flags.to_le_bytes()),
        (48, &name),
    ];
    let arm = attr(random.pick(&[64, 72, 116, 144]), &fields);
    let arm = super::elem::point(random, arm, 8, 0);
    let arm = super::elem::point(random, arm, 16, 1);
    let mut call = call(5, arm, vec![program.image(), Image::of(license)]);
    call.into = maker.new_slot(Held::Prog);
    Step::Call(Box::new(call))
}

/// Numbers, jumps forward and the stack.
fn arithmetic(maker: &mut Maker, program: &mut Program) {
    let random = &mut maker.random;
    let small = random.pick(&[0, 1, 2, -1, 7]);
    program.insns.push(insn(0xb7, 0, 0, 0, small));
    for _ in 0..random.below(6) {
        let number = random.pick(&[0, 1, 2, 3, 7, 31, 32, 63, -1, i32::MAX, i32::MIN]);
        match random.below(5) {
            0 => {
                program.insns.push(insn(random.pick(&JUMPS), 0, 0, 1, number));
                program.insns.push(insn(0x07, 0, 0, 0, 1));
            }
            1 => {
                program.insns.push(insn(0x7b, 10, 0, -8, 0));
                program.insns.push(insn(random.pick(&[0x79, 0x61, 0x69, 0x71]), 0, 10, -8, 0));
            }
            _ => program.insns.push(insn(random.pick(&ALU), 0, 0, 0, number)),
        }
    }
    program.insns.push(EXIT);
}

/// A lookup, an update or a delete under a key on the stack; its answer is returned.
fn with_map(maker: &mut Maker, program: &mut Program, slot: Slot, shape: &Shape) {
    let random = &mut maker.random;
    let key = random.pick(&[0, 1, 2, 3, -1]);
    // *(u64 *)(r10 - 8) = key; *(u64 *)(r10 - 16) = 0, and so on for the value.
    for word in 1..=10i16 {
        program.insns.push(insn(0x7a, 10, 0, -8 * word, if word == 2 { key } else { 0x11 }));
    }
    program.map(1, slot);
    program.insns.extend([insn(0xbf, 2, 10, 0, 0), insn(0x07, 2, 0, 0, -16)]);
    let helper = random.pick(&[1, 1, 2, 3]);
    if helper == 2 {
        program.insns.extend([insn(0xbf, 3, 10, 0, 0), insn(0x07, 3, 0, 0, -80)]);
        program.insns.push(insn(0xb7, 4, 0, 0, random.pick(&[0, 0, 1, 2, 3])));
    }
    program.insns.push(insn(0x85, 0, 0, 0, helper));
    if helper == 1 {
        // if r0 != 0 goto +2; r0 = -1; exit; r0 = *(r0 + 0)
        program.insns.extend([insn(0x55, 0, 0, 2, 0), insn(0xb7, 0, 0, 0, -1), EXIT]);
        let load = if shape.value >= 8 { 0x79 } else { 0x71 };
        program.insns.push(insn(load, 0, 0, 0, 0));
    }
    program.insns.push(EXIT);
}

/// One bit of one instruction is another. Not its registers: a privileged program may compare the
/// address of its context, which is another on each machine. And not where a program uses its
/// stack: a privileged one may read bytes there that nobody has written (v6.4), and nobody knows
/// what these are.
fn spoil(maker: &mut Maker, program: &mut Program) {
    let on_stack = |insn: &[u8; 8]| insn[1] & 15 == 10 || insn[1] >> 4 == 10;
    if program.insns.iter().any(on_stack) {
        return;
    }
    let at = maker.random.below(program.insns.len() as u32) as usize;
    let byte = maker.random.pick(&[0, 2, 3, 4, 5, 6, 7]);
    program.insns[at][byte] ^= 1 << maker.random.below(8);
}

/// BPF_PROG_TEST_RUN with a packet, or with too little of one.
pub(super) fn run(maker: &mut Maker) -> Step {
    let prog = maker.slot_of(|held| match held {
        Held::Prog => Some(()),
        Held::Map(_) | Held::Btf => None,
    });
    let Some((slot, ())) = prog else { return load(maker) };
    let random = &mut maker.random;
    let given = random.pick(&[14u32, 14, 64, 64, 64, 13, 0, 15]);
    let out = random.pick(&[0u32, 0, 64, 64, 13, 80]);
    let repeat = random.pick(&[0u32, 1, 1, 2, 5]);
    let flags = if random.once_in(20) { 1u32 << random.below(4) } else { 0 };
    let fields: [(usize, &[u8]); 4] = [
        (8, &given.to_le_bytes()),
        (12, &out.to_le_bytes()),
        (32, &repeat.to_le_bytes()),
        (64, &flags.to_le_bytes()),
    ];
    let arm = attr(random.pick(&[72, 80, 80]), &fields);
    let slot = if random.once_in(20) { random.below(SLOTS as u32) as Slot } else { slot };
    let arm = super::elem::point(random, arm.with(0, What::Fd(slot)), 16, 0);
    let arm = if out == 0 { arm } else { super::elem::point(random, arm, 24, 1) };
    // An Ethernet frame of an unknown protocol.
    let mut packet = vec![0x22; given as usize];
    if let Some(protocol) = packet.get_mut(12..14) {
        protocol.copy_from_slice(&[0x88, 0xb5]);
    }
    let buffers = vec![Image::of(packet), Image::of(vec![0xee; out as usize])];
    Step::Call(Box::new(call(10, arm, buffers)))
}
