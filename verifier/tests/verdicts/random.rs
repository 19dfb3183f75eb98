//! Programs of random bytes: a verdict for each, the same one each time, and never a panic.

use crate::support::World;
use bpfsim_abi::Insn;
use bpfsim_abi::Release;
use bpfsim_abi::insn::Op;
use bpfsim_verifier::{MapShape, Outcome, Verdict, verify};

/// A multiplicative generator: the same numbers everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Opcodes that mean something somewhere, so that programs get far.
const CODES: [u8; 44] = [
    0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x47, 0x4f, 0x57, 0x67, 0x77, 0x7f, 0x87, 0xa7, 0xaf,
    0xb7, 0xbf, 0xc7, 0x04, 0x0c, 0xb4, 0xbc, 0xdc, 0xd7, 0x61, 0x71, 0x79, 0x91, 0x62, 0x63, 0x7b,
    0xdb, 0xc3, 0x15, 0x1d, 0x55, 0xa5, 0x16, 0x45, 0x05, 0x85, 0x20, 0x40,
];
const IMMS: [i32; 10] = [0, 1, -1, 4, 8, 64, i32::MIN, i32::MAX, 0xe1, 0x100];

fn insn(numbers: &mut Numbers) -> Insn {
    let code = match numbers.below(20) {
        0 => numbers.below(256) as u8,
        _ => CODES[numbers.below(CODES.len() as u64) as usize],
    };
    let reg = |numbers: &mut Numbers| match numbers.below(30) {
        0 => 11,
        _ => numbers.below(11) as u8,
    };
    let (dst, src) = (reg(numbers), if numbers.below(3) == 0 { 0 } else { reg(numbers) });
    let off = match code & 0x07 {
        0x05 | 0x06 => numbers.below(5) as i16 - 1,
        1..=3 => [0, -8, -4, -512, 8, i16::MIN][numbers.below(6) as usize],
        _ => i16::from(numbers.below(30) == 0),
    };
    let imm = match code {
        0x85 => [1, 2, 3, 7, 12, 195, -1][numbers.below(7) as usize],
        _ if code & 0x08 != 0 && code & 0x07 >= 4 => 0,
        _ => IMMS[numbers.below(IMMS.len() as u64) as usize],
    };
    let uses_src = code & 0x08 != 0 || matches!(code & 0x07, 1 | 3);
    let (dst, src) = if matches!(code, 0x85 | 0x05) { (0, 0) } else { (dst, src) };
    Insn::new(code, dst, if uses_src { src } else { 0 }, off, imm)
}

/// A lookup and its null check first, then random instructions, then an exit.
fn program(numbers: &mut Numbers) -> Vec<Insn> {
    let mut program = vec![
        Insn::new(0xbf, 6, 1, 0, 0),
        Insn::new(0x62, 10, 0, -4, 0),
        Insn::new(0xbf, 2, 10, 0, 0),
        Insn::new(0x07, 2, 0, 0, -4),
        Insn::new(0x18, 1, 1, 0, 3),
        Insn::default(),
        Insn::new(0x85, 0, 0, 0, 1),
        Insn::new(0x55, 0, 0, 1, 0),
        Insn::new(0x95, 0, 0, 0, 0),
        Insn::new(0x79, 7, 0, 0, 0),
        Insn::new(0xbf, 8, 7, 0, 0),
    ];
    for _ in 0..numbers.below(12) {
        program.push(insn(numbers));
    }
    program.push(Insn::new(0xb7, 0, 0, 0, 0));
    program.push(Insn::new(0x95, 0, 0, 0, 0));
    program
}

fn judge(program: &[Insn], release: Release, privileged: bool) -> Outcome {
    let shape = MapShape { map_type: 1, key_size: 4, value_size: 64, max_entries: 8, flags: 0 };
    let maps = [(3, shape)];
    let mut world = World { release, prog_type: 1, privileged, gpl: true, maps: &maps };
    verify(program, &mut world, 1)
}

#[test]
fn random_programs_get_a_verdict() {
    let mut numbers = Numbers(1);
    let mut accepted = 0;
    for round in 0..4000 {
        let program = program(&mut numbers);
        for (major, minor) in [(4, 4), (4, 9), (4, 14), (5, 3), (6, 18)] {
            let privileged = round % 4 != 0;
            let outcome = judge(&program, Release::new(major, minor), privileged);
            if let Verdict::Accepted(verified) = outcome.verdict {
                accepted += 1;
                assert_eq!(verified.ops().len(), program.len());
                assert!(verified.stack_depth() <= 512);
                assert!(verified.stack_depth() >= 8);
                let nops = verified.ops().iter().filter(|op| **op == Op::Nop).count();
                assert!(nops >= 1);
            }
        }
    }
    assert!(accepted > 500, "{accepted} programs are accepted");
}
