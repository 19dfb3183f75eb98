//! `assemble(to_text(program))` is `program`, whatever the bytes.

use super::program;
use crate::asm::{MapRef, Program, encode, to_text};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::{Op, decode_at};

/// xorshift64: the same numbers in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn assert_round_trip(insns: Vec<Insn>) -> String {
    let before = Program { insns, ..Program::default() };
    let text = to_text(&before);
    assert_eq!(program(&text).insns, before.insns, "{text}");
    text
}

/// Every opcode byte, every pair of registers, and the offsets and immediates that mean something.
#[test]
fn every_encoding() {
    let offs = [0, 1, -1, 8, 16, 32, i16::MIN, i16::MAX];
    let imms = [0, 1, -1, 0x10, 0x20, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1, 0x100, 0x110]
        .into_iter()
        .chain([64, 195, i32::MIN, i32::MAX]);
    let tail = Insn { code: 0, regs: 0, off: 0, imm: -2 };
    let mut named = 0u32;
    for imm in imms {
        for code in 0..=u8::MAX {
            for off in offs {
                // One program for all registers; jumps of a few instructions stay inside.
                let mut insns = Vec::new();
                for regs in [0x00, 0x21, 0x12, 0xaa, 0x0b, 0xb0, 0x33, 0xf3] {
                    insns.extend([Insn { code, regs, off, imm }, tail]);
                }
                let text = assert_round_trip(insns);
                named += text.lines().filter(|line| !line.contains(".quad")).count() as u32;
            }
        }
    }
    assert!(named > 5_000, "only {named} encodings had a text of their own");
}

/// Whatever decodes and has no unused field set is printed as itself, not as `.quad`.
#[test]
fn canonical_encodings_have_a_text() {
    let mut random = Random(11);
    let mut seen = 0;
    for _ in 0..400_000 {
        let bits = random.next();
        let off = [0, 0, 0, 1, 8, 16, 32][random.below(7) as usize];
        let imm = [0, 1, 16, 0x41, 0xf1, 0x100, 0x110, bits as i32][random.below(8) as usize];
        let insn = Insn { code: (bits >> 40) as u8, regs: (bits >> 48) as u8, off, imm };
        let insns = [insn, Insn::default()];
        let Ok(op) = decode_at(&insns, 0) else { continue };
        let jumps =
            matches!(op, Op::Jump { .. } | Op::Goto { .. } | Op::MayGoto { .. } | Op::Call(_));
        if encode(&op).0 == insn && !jumps {
            seen += 1;
            let text = assert_round_trip(insns.to_vec());
            assert!(!text.starts_with("  .quad"), "{op:?} was printed as {text}");
        }
    }
    assert!(seen > 5_000, "only {seen} encodings were canonical");
}

#[test]
fn random_bytes() {
    let mut random = Random(3);
    for _ in 0..5_000 {
        let length = random.below(24) as usize;
        let insns = (0..length)
            .map(|_| {
                let (a, b) = (random.next(), random.next());
                Insn { code: a as u8, regs: (a >> 8) as u8, off: (a >> 16) as i16, imm: b as i32 }
            })
            .collect();
        assert_round_trip(insns);
    }
}

/// Jumps over the whole range of the field.
#[test]
fn far_jumps() {
    let exit = Insn { code: 0x95, ..Insn::default() };
    let mut insns = vec![exit; 65_537];
    insns[0] = Insn { code: 0x05, regs: 0, off: i16::MAX, imm: 0 };
    insns[1] = Insn { code: 0x06, regs: 0, off: 0, imm: 65_000 };
    insns[65_536] = Insn { code: 0xd6, regs: 1, off: i16::MIN, imm: -5 };
    let text = assert_round_trip(insns);
    assert!(!text.contains(".quad"));
    assert!(text.contains("gotol +65000") && text.contains("if w1 s<= -5 goto -32768"));
}

#[test]
fn map_references_survive() {
    let text = "  r1 = stats ll\n  r2 = stats ll\n  r3 = other.map ll\n  exit\n";
    let before = program(text);
    let refs = [(0, "stats"), (2, "stats"), (4, "other.map")];
    assert_eq!(before.map_refs, refs.map(|(insn, map)| MapRef { insn, map: map.to_owned() }));
    let after = program(&to_text(&before));
    assert_eq!((after.insns, after.map_refs), (before.insns, before.map_refs));
}
