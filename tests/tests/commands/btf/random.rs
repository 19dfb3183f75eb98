//! Good BTFs with a few words or bytes changed: errno and log of the simulator at v6.18 against
//! those of the live kernel. The changes come from a fixed seed.

use super::Loader;
use bpfsim_tests::blob::{Blob, KFLAG, kind};
use bpfsim_tests::{Bench, World};

/// Changed BTFs for each good one.
const ROUNDS: u64 = 400;

/// BTFs for one caller: its fds are closed with it.
const BATCH: u64 = 100;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }
}

fn data(b: &mut Blob) {
    b.start().ptr(1).array(1, 1, 4);
    b.record("s", 40, &[("a", &[1, 0]), ("p", &[2, 64]), ("v", &[3, 128]), ("e", &[7, 256])]);
    b.plain(kind::TYPEDEF, "s_t", 4).plain(kind::CONST, "", 5);
    b.parts(kind::ENUM, "e", 4, &[("A", &[1]), ("B", &[2])], 0);
    b.parts(kind::UNION, "u", 8, &[("x", &[1, 0]), ("y", &[2, 0])], 0);
    b.plain(kind::FWD, "f", 0).ptr(9).plain(kind::VOLATILE, "", 10);
    b.parts(kind::STRUCT, "bits", 8, &[("m", &[1, 3 << 24]), ("n", &[1, 9 << 24 | 3])], KFLAG);
    b.array(4, 1, 2).plain(kind::FLOAT, "double", 8).int("c", 1, 0x0200_0008);
    b.record("t", 24, &[("d", &[14, 0]), ("u", &[8, 64]), ("c", &[15, 128]), ("w", &[11, 128])]);
}

fn code(b: &mut Blob) {
    b.start().ptr(0).proto(1, &[("a", &[1]), ("b", &[2]), ("", &[0])]).func("f", 3, 1);
    b.proto(0, &[]).func("g", 5, 0).ptr(3);
    b.var("x", 1, 1).var("y", 2, 0).section(".bss", 16, &[[8, 0, 4], [9, 8, 8]]);
    b.decl_tag("tag", 4, 1).decl_tag("all", 8, -1);
    b.plain(kind::TYPE_TAG, "user", 1).ptr(13).plain(kind::RESTRICT, "", 14);
    b.parts(kind::ENUM64, "w", 8, &[("Z", &[1, 2])], KFLAG);
    b.var("z", 16, 0).section("maps", 8, &[[17, 0, 8]]).plain(kind::TYPEDEF, "w_t", 16);
    b.proto(19, &[("h", &[7])]).func("k", 20, 0);
}

fn chains(b: &mut Blob) {
    b.start();
    for at in 2..12 {
        b.plain([kind::PTR, kind::CONST, kind::VOLATILE][at % 3], "", at as u32 - 1);
    }
    b.array(11, 1, 3).array(12, 1, 2);
    b.record("bpf_spin_lock", 4, &[("val", &[1, 0])]);
    b.record("s", 96, &[("a", &[13, 0]), ("l", &[14, 384]), ("next", &[16, 448])]).ptr(15);
    b.record("o", 192, &[("i", &[15, 0]), ("j", &[12, 768])]).plain(kind::TYPEDEF, "o_t", 17);
    b.var("v", 18, 1).section(".data", 200, &[[19, 0, 192]]);
}

/// Changes one to three words or bytes, or the length.
fn change(random: &mut Random, bytes: &mut Vec<u8>, types: usize) {
    for _ in 0..=random.below(3) {
        let at = 24 + random.below(types) * 4;
        let word = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a word"));
        let new = match random.below(9) {
            0 => word.wrapping_add(1),
            1 => word.wrapping_sub(1),
            2 => word ^ 1 << random.below(32),
            3 => random.below(22) as u32,
            4 => (random.below(20) as u32) << 24 | random.below(3) as u32,
            5 => word ^ KFLAG,
            6 => 0,
            7 => word.wrapping_mul(2),
            _ => (random.below(64) * 8) as u32,
        };
        bytes[at..at + 4].copy_from_slice(&new.to_le_bytes());
    }
    match random.below(40) {
        0 => {
            let at = random.below(24);
            bytes[at] = bytes[at].wrapping_add(random.below(5) as u8);
        }
        1 => {
            let at = bytes.len() - 1 - random.below(12);
            bytes[at] = random.below(256) as u8;
        }
        2 => bytes.truncate(bytes.len() - random.below(4)),
        _ => {}
    }
}

#[test]
fn agree_with_the_live_kernel() {
    let mut unknown = 0;
    for (seed, build) in [data, code, chains].into_iter().enumerate() {
        let blob = Blob::of(build);
        let mut random = Random(seed as u64 + 1);
        for _ in 0..ROUNDS / BATCH {
            let Some(native) = World::Native.bench() else { return };
            let (mut native, mut ours) = (Loader::new(native), Loader::new(Bench::at("6.18")));
            for _ in 0..BATCH {
                let mut bytes = blob.bytes();
                change(&mut random, &mut bytes, blob.types.len());
                let theirs = native.judge(&bytes).expect("the live kernel answers");
                match ours.judge(&bytes) {
                    Some(said) => assert_eq!(said, theirs, "{bytes:?}"),
                    None => unknown += 1,
                }
            }
        }
    }
    assert!(unknown < ROUNDS / 10, "{unknown} BTFs are not judged");
}
