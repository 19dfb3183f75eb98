//! What programs do with these maps: push, pop and peek (helpers 87 to 89), and lookups that mark.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, ProgLoadAttr, TestRunAttr, UserAddr};
use bpfsim_host::cpus::Pinned;
use bpfsim_sim::Topology;
use bpfsim_tests::bench::Wanted;
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::programs::{
    EXIT, add, arm, call, insn, load, load_map, lookup_helper, mov, mov_reg, update_helper,
};
use bpfsim_tests::world::{profile, skipped};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// Runs a program once; what it returned.
fn run(bench: &mut Bench, program: u32) -> u32 {
    let packet = bench.room(64);
    run_with(bench, program, packet)
}

fn run_with(bench: &mut Bench, program: u32, packet: UserAddr) -> u32 {
    let arm = TestRunAttr {
        prog_fd: program,
        data_size_in: 64,
        data_in: packet,
        ..TestRunAttr::default()
    };
    let (said, attr) = bench.call_back(cmd::TEST_RUN, &arm);
    assert_eq!(said, Ok(0));
    u32::from_le_bytes(attr[4..8].try_into().expect("four bytes"))
}

fn loaded(bench: &mut Bench, insns: &[[u8; 8]]) -> u32 {
    load(bench, insns).expect("a program") as u32
}

/// `helper(map, fp - 16, flags)`. The value there is `value`; its result is returned, or what
/// stands there after a success.
fn keyless(fd: u32, helper: i32, value: Option<i32>, flags: i32) -> Vec<[u8; 8]> {
    let mut insns = Vec::new();
    if let Some(value) = value {
        // *(u64 *)(r10 - 16) = value
        insns.push(insn(0x7a, 10, 0, -16, value));
    }
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -16), mov(3, flags), call(helper)]);
    // if r0 != 0 goto +1; r0 = *(u64 *)(r10 - 16); exit
    insns.extend([insn(0x55, 0, 0, 1, 0), insn(0x79, 0, 10, -16, 0), EXIT]);
    insns
}

const PUSH: i32 = 87;
const POP: i32 = 88;
const PEEK: i32 = 89;

/// A negative errno as a program returns it.
fn minus(errno: Errno) -> u32 {
    (errno.number() as u32).wrapping_neg()
}

#[rstest]
#[case::queue(map::QUEUE, [1, 2])]
#[case::stack(map::STACK, [2, 1])]
fn values_come_and_go(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] order: [u32; 2],
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(Wanted { map_type, key: 0, value: 8, entries: 2, flags: 0 });
    let [one, two, odd] = [(1, 0), (2, 0), (3, 1)]
        .map(|(value, flags)| loaded(&mut bench, &keyless(fd, PUSH, Some(value), flags)));
    let [pop, peek] = [POP, PEEK].map(|helper| loaded(&mut bench, &keyless(fd, helper, None, 0)));
    let mut said = |program| run(&mut bench, program);
    assert_eq!([said(pop), said(peek)], [minus(Errno::ENOENT); 2]);
    assert_eq!([said(odd), said(one), said(two)], [minus(Errno::EINVAL), 1, 2]);
    assert_eq!(said(one), minus(Errno::E2BIG));
    let [first, second] = order;
    assert_eq!(
        [said(peek), said(pop), said(pop), said(pop)],
        [first, first, second, minus(Errno::ENOENT)]
    );
}

#[rstest]
fn filters_are_asked(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let map_type = map::BLOOM_FILTER;
    let flags = create::ZERO_SEED;
    let fd = bench.create(Wanted { map_type, key: 0, value: 8, entries: 99, flags });
    let peek = loaded(&mut bench, &keyless(fd, PEEK, Some(7), 0));
    let push = loaded(&mut bench, &keyless(fd, PUSH, Some(7), 0));
    let other = loaded(&mut bench, &keyless(fd, PEEK, Some(8), 0));
    let mut said = |program| run(&mut bench, program);
    assert_eq!([said(peek), said(push), said(peek)], [minus(Errno::ENOENT), 7, 7]);
    assert_eq!(said(other), minus(Errno::ENOENT));
}

/// The verdict, and the line of the log that gives the reason.
fn verdict(bench: &mut Bench, insns: &[[u8; 8]]) -> Result<(), (Errno, String)> {
    let room = bench.room(4096);
    let arm = arm(bench, insns);
    let arm = ProgLoadAttr { log_level: 1, log_size: 4096, log_buf: room, ..arm };
    bench.call(cmd::PROG_LOAD, &arm).map(|_| ()).map_err(|errno| {
        let text = String::from_utf8_lossy(&bench.read(room, 4096)).into_owned();
        let mut lines =
            text.lines().filter(|line| !line.contains("processed ") && !line.contains('\0'));
        (errno, lines.next_back().unwrap_or_default().to_owned())
    })
}

#[rstest]
#[case::pop_from_a_filter(
    map::BLOOM_FILTER,
    POP,
    Some(1),
    "cannot pass map_type 30 into func bpf_map_pop_elem#88"
)]
#[case::push_into_a_hash(
    map::HASH,
    PUSH,
    Some(1),
    "cannot pass map_type 1 into func bpf_map_push_elem#87"
)]
#[case::peek_into_an_array(
    map::ARRAY,
    PEEK,
    Some(1),
    "cannot pass map_type 2 into func bpf_map_peek_elem#89"
)]
fn wrong_maps(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] helper: i32,
    #[case] value: Option<i32>,
    #[case] text: &str,
) {
    let Some(mut bench) = world.bench() else { return };
    let key = if map_type == map::BLOOM_FILTER { 0 } else { 4 };
    let fd = bench.create(Wanted { map_type, key, value: 8, entries: 2, flags: 0 });
    let insns = keyless(fd, helper, value, 0);
    assert_eq!(verdict(&mut bench, &insns), Err((Errno::EINVAL, text.to_owned())));
}

/// Programs have the helpers since v4.20, filters since v5.16.
#[rstest]
#[case("4.20", true)]
#[case("6.18", true)]
fn releases(#[case] release: &str, #[case] known: bool) {
    let mut bench = Bench::at(release);
    let fd = bench.create(Wanted { map_type: map::QUEUE, key: 0, value: 8, entries: 2, flags: 0 });
    assert_eq!(verdict(&mut bench, &keyless(fd, POP, None, 0)).is_ok(), known);
}

/// A program's lookup marks an element, and an update that replaces it too; a system call's does
/// not. What stays in a small map is the same on both sides.
#[rstest]
#[case::plain(map::LRU_HASH, 0)]
#[case::percpu(map::LRU_PERCPU_HASH, 0)]
#[case::own_lists(map::LRU_HASH, create::NO_COMMON_LRU)]
fn marks(#[case] map_type: u32, #[case] flags: u32) {
    let Some(native) = World::Native.bench() else { return };
    let Ok(_here) = Pinned::to(0).inspect_err(skipped) else { return };
    let mut profile = profile("6.18");
    profile.cpus = Topology::all_online(native.cpus() as u32);
    let kept = [Bench::simulated(profile), native].map(|mut bench| {
        let flags = flags | create::ZERO_SEED;
        let fd = bench.create(Wanted { map_type, key: 4, value: 8, entries: 12, flags });
        let find = [0, 3, 5].map(|key| loaded(&mut bench, &lookup_helper(fd, key)));
        let renew = loaded(&mut bench, &update_helper(fd, 4, 9));
        let (key, packet) = (bench.room(4), bench.room(64));
        let value = bench.room(8 * bench.cpus());
        let elem = |bench: &mut Bench, cmd: u32, number: u32| {
            bench.write(key, &number.to_le_bytes());
            let arm = MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() };
            bench.call(cmd, &arm)
        };
        let mut kept = Vec::new();
        for round in 0..60u32 {
            assert_eq!(elem(&mut bench, cmd::UPDATE, round), Ok(0));
            kept.push(run_with(&mut bench, find[round as usize % 3], packet));
            if round % 7 == 0 {
                assert_eq!(run_with(&mut bench, renew, packet), 0);
            }
            let from = round.saturating_sub(14);
            let there = (from..=round).chain([0, 3, 4, 5]);
            kept.extend(there.filter(|key| elem(&mut bench, cmd::LOOKUP, *key).is_ok()));
        }
        kept
    });
    assert_eq!(kept[0], kept[1]);
}

/// A program finds the longest prefix.
#[rstest]
fn prefixes(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let flags = create::NO_PREALLOC;
    let fd = bench.create(Wanted { map_type: map::LPM_TRIE, key: 8, value: 8, entries: 3, flags });
    for (bits, byte, value) in [(8u32, 0u8, 8u8), (16, 1, 16)] {
        let key = [&bits.to_le_bytes()[..], &[10, byte, 0, 0]].concat();
        assert_eq!(bench.update(fd, &key, &[value, 0, 0, 0, 0, 0, 0, 0], flag::ANY), Ok(0));
    }
    for (address, expected) in [([10, 1, 2, 3], 16), ([10, 2, 2, 3], 8), ([9, 1, 2, 3], u32::MAX)] {
        let mut insns = vec![
            // The key at fp - 8: 32 bits of this address.
            insn(0x62, 10, 0, -8, 32),
            insn(0x62, 10, 0, -4, i32::from_le_bytes(address)),
        ];
        insns.extend(load_map(1, fd));
        insns.extend([mov_reg(2, 10), add(2, -8), call(1)]);
        insns.extend([insn(0x55, 0, 0, 2, 0), mov(0, -1), EXIT, insn(0x79, 0, 0, 0, 0), EXIT]);
        let program = loaded(&mut bench, &insns);
        assert_eq!(run(&mut bench, program), expected, "{address:?}");
    }
}
