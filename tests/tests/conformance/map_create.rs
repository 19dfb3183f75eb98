//! `BPF_MAP_CREATE` of v6.18.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapCreateAttr, UserAddr};
use bpfsim_syscall::Failure;
use bpfsim_tests::numbers::{cmd, create, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::IntoBytes;

/// A hash of two 8-byte values.
fn good() -> MapCreateAttr {
    MapCreateAttr {
        map_type: map::HASH,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..MapCreateAttr::default()
    }
}

fn array() -> MapCreateAttr {
    MapCreateAttr { map_type: map::ARRAY, ..good() }
}

fn percpu_hash() -> MapCreateAttr {
    MapCreateAttr { map_type: map::PERCPU_HASH, ..good() }
}

fn percpu_array() -> MapCreateAttr {
    MapCreateAttr { map_type: map::PERCPU_ARRAY, ..good() }
}

fn name(text: &[u8]) -> [u8; 16] {
    let mut name = [0; 16];
    name[..text.len()].copy_from_slice(text);
    name
}

const OK: Result<(), Errno> = Ok(());
const INVALID: Result<(), Errno> = Err(Errno::EINVAL);
const TOO_BIG: Result<(), Errno> = Err(Errno::E2BIG);

fn said(bench: &mut Bench, arm: &MapCreateAttr) -> Result<(), Errno> {
    bench.call(cmd::MAP_CREATE, arm).map(|fd| assert!(fd > 2, "an fd: {fd}"))
}

fn check(world: World, arm: MapCreateAttr, expected: Result<(), Errno>) {
    if let Some(mut bench) = world.bench() {
        assert_eq!(said(&mut bench, &arm), expected);
    }
}

#[rstest]
#[case::good(good(), OK)]
#[case::no_type(MapCreateAttr { map_type: 0, ..good() }, INVALID)]
#[case::no_such_type(MapCreateAttr { map_type: 34, ..good() }, INVALID)]
#[case::type_minus_one(MapCreateAttr { map_type: u32::MAX, ..good() }, INVALID)]
#[case::no_entries(MapCreateAttr { max_entries: 0, ..good() }, INVALID)]
#[case::no_key(MapCreateAttr { key_size: 0, ..good() }, INVALID)]
#[case::no_value(MapCreateAttr { value_size: 0, ..good() }, INVALID)]
#[case::odd_key(MapCreateAttr { key_size: 7, ..good() }, OK)]
#[case::odd_value(MapCreateAttr { value_size: 3, ..good() }, OK)]
#[case::key_longer_than_the_stack(MapCreateAttr { key_size: 513, ..good() }, OK)]
#[case::entries_beyond_the_buckets(
    MapCreateAttr { max_entries: (1 << 27) + 1, map_flags: create::NO_PREALLOC, ..good() },
    TOO_BIG
)]
#[case::entries_with_the_highest_bit(MapCreateAttr { max_entries: 1 << 31, ..good() }, TOO_BIG)]
#[case::entries_minus_one(MapCreateAttr { max_entries: u32::MAX, ..good() }, TOO_BIG)]
// KMALLOC_MAX_SIZE is 4 MiB, struct htab_elem has 48 bytes.
#[case::largest_value(
    MapCreateAttr { value_size: (4 << 20) - 48 - 4 - 1, map_flags: create::NO_PREALLOC, ..good() },
    OK
)]
#[case::one_more_than_the_largest_value(
    MapCreateAttr { value_size: (4 << 20) - 48 - 4, map_flags: create::NO_PREALLOC, ..good() },
    TOO_BIG
)]
#[case::value_minus_one(MapCreateAttr { value_size: u32::MAX, ..good() }, TOO_BIG)]
#[case::percpu(percpu_hash(), OK)]
#[case::largest_percpu_value(MapCreateAttr { value_size: 32 << 10, ..percpu_hash() }, OK)]
#[case::percpu_value_that_rounds_up(
    MapCreateAttr { value_size: (32 << 10) - 7, ..percpu_hash() },
    OK
)]
#[case::percpu_value_too_large(
    MapCreateAttr { value_size: (32 << 10) + 1, ..percpu_hash() },
    TOO_BIG
)]
fn sizes_of_a_hash(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: MapCreateAttr,
    #[case] expected: Result<(), Errno>,
) {
    check(world, arm, expected);
}

#[rstest]
#[case::good(array(), OK)]
#[case::no_entries(MapCreateAttr { max_entries: 0, ..array() }, INVALID)]
#[case::key_of_three(MapCreateAttr { key_size: 3, ..array() }, INVALID)]
#[case::key_of_eight(MapCreateAttr { key_size: 8, ..array() }, INVALID)]
#[case::no_value(MapCreateAttr { value_size: 0, ..array() }, INVALID)]
#[case::value_with_the_highest_bit(MapCreateAttr { value_size: 1 << 31, ..array() }, TOO_BIG)]
#[case::percpu(percpu_array(), OK)]
#[case::largest_percpu_value(MapCreateAttr { value_size: 32 << 10, ..percpu_array() }, OK)]
#[case::percpu_value_too_large(
    MapCreateAttr { value_size: (32 << 10) + 1, ..percpu_array() },
    TOO_BIG
)]
fn sizes_of_an_array(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: MapCreateAttr,
    #[case] expected: Result<(), Errno>,
) {
    check(world, arm, expected);
}

/// `arm` with these `map_flags`.
fn flagged(arm: MapCreateAttr, map_flags: u32) -> MapCreateAttr {
    MapCreateAttr { map_flags, ..arm }
}

#[rstest]
#[case::no_prealloc(flagged(good(), create::NO_PREALLOC), OK)]
#[case::numa_node_zero(flagged(good(), create::NUMA_NODE), OK)]
#[case::read_only_fd(flagged(good(), create::RDONLY), OK)]
#[case::write_only_fd(flagged(good(), create::WRONLY), OK)]
#[case::neither(flagged(good(), create::RDONLY | create::WRONLY), INVALID)]
#[case::zero_seed(flagged(good(), create::ZERO_SEED), OK)]
#[case::programs_read(flagged(good(), create::RDONLY_PROG), OK)]
#[case::programs_write(flagged(good(), create::WRONLY_PROG), OK)]
#[case::programs_neither(flagged(good(), create::RDONLY_PROG | create::WRONLY_PROG), INVALID)]
#[case::lru_lists_without_lru(flagged(good(), create::NO_COMMON_LRU), INVALID)]
#[case::of_a_stack_map(flagged(good(), create::STACK_BUILD_ID), INVALID)]
#[case::not_mmapable(flagged(good(), create::MMAPABLE), INVALID)]
#[case::not_of_perf_events(flagged(good(), create::PRESERVE_ELEMS), INVALID)]
#[case::no_inner_map(flagged(good(), create::INNER_MAP), INVALID)]
#[case::unknown(flagged(good(), 1 << 31), INVALID)]
#[case::node_on_percpu(flagged(percpu_hash(), create::NUMA_NODE), INVALID)]
#[case::zero_seed_on_percpu(flagged(percpu_hash(), create::ZERO_SEED), OK)]
#[case::array_without(array(), OK)]
#[case::array_no_prealloc(flagged(array(), create::NO_PREALLOC), INVALID)]
#[case::array_zero_seed(flagged(array(), create::ZERO_SEED), INVALID)]
#[case::array_node(flagged(array(), create::NUMA_NODE), OK)]
#[case::array_read_only_fd(flagged(array(), create::RDONLY), OK)]
#[case::array_programs_read(flagged(array(), create::RDONLY_PROG), OK)]
#[case::array_programs_neither(
    flagged(array(), create::RDONLY_PROG | create::WRONLY_PROG),
    INVALID
)]
#[case::array_mmapable(flagged(array(), create::MMAPABLE), OK)]
#[case::array_preserve(flagged(array(), create::PRESERVE_ELEMS), INVALID)]
#[case::array_inner_map(flagged(array(), create::INNER_MAP), OK)]
#[case::percpu_array_mmapable(flagged(percpu_array(), create::MMAPABLE), INVALID)]
#[case::percpu_array_inner_map(flagged(percpu_array(), create::INNER_MAP), INVALID)]
#[case::percpu_array_node(flagged(percpu_array(), create::NUMA_NODE), INVALID)]
#[case::percpu_array_read_only_fd(flagged(percpu_array(), create::RDONLY), OK)]
fn flags(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: MapCreateAttr,
    #[case] expected: Result<(), Errno>,
) {
    check(world, arm, expected);
}

#[rstest]
#[case::node_without_the_flag(MapCreateAttr { numa_node: 77, ..good() }, OK)]
#[case::node_that_is_not_there(
    MapCreateAttr { numa_node: 77, ..flagged(good(), create::NUMA_NODE) },
    INVALID
)]
#[case::no_node(MapCreateAttr { numa_node: u32::MAX, ..flagged(good(), create::NUMA_NODE) }, OK)]
#[case::no_node_on_percpu(
    MapCreateAttr { numa_node: u32::MAX, ..flagged(percpu_hash(), create::NUMA_NODE) },
    OK
)]
#[case::inner_map_of_a_plain_map(MapCreateAttr { inner_map_fd: 77, ..good() }, OK)]
#[case::btf_that_nobody_asks_for(MapCreateAttr { btf_fd: 77, ..good() }, OK)]
#[case::key_type_without_value_type(MapCreateAttr { btf_key_type_id: 1, ..good() }, INVALID)]
#[case::type_of_the_kernel(MapCreateAttr { btf_vmlinux_value_type_id: 1, ..good() }, INVALID)]
#[case::extra(MapCreateAttr { map_extra: 1, ..good() }, INVALID)]
#[case::types_without_btf(MapCreateAttr { btf_value_type_id: 1, btf_fd: 0, ..good() }, INVALID)]
#[case::types_of_no_fd(
    MapCreateAttr { btf_value_type_id: 1, btf_fd: 777, ..good() },
    Err(Errno::EBADF)
)]
#[case::name_before_types(
    MapCreateAttr { btf_value_type_id: 1, btf_fd: 777, map_name: name(b"-"), ..good() },
    INVALID
)]
#[case::on_a_card_that_is_none(
    MapCreateAttr { map_ifindex: 1, ..good() },
    Err(Errno::EOPNOTSUPP)
)]
#[case::on_a_card_that_is_not_there(MapCreateAttr { map_ifindex: 77_777, ..good() }, INVALID)]
#[case::percpu_on_a_card(MapCreateAttr { map_ifindex: 1, ..percpu_array() }, INVALID)]
#[case::size_before_the_card(MapCreateAttr { map_ifindex: 1, key_size: 0, ..good() }, INVALID)]
#[case::token_without_the_flag(MapCreateAttr { map_token_fd: 77, ..good() }, OK)]
#[case::token_that_is_none(
    MapCreateAttr { map_token_fd: 777, ..flagged(good(), 1 << 16) },
    Err(Errno::EBADF)
)]
#[case::type_fd_without_the_flag(MapCreateAttr { value_type_btf_obj_fd: 77, ..good() }, OK)]
#[case::hash_size_without_a_hash(MapCreateAttr { excl_prog_hash_size: 32, ..good() }, INVALID)]
#[case::hash_of_a_wrong_size(
    MapCreateAttr { excl_prog_hash: UserAddr(8), excl_prog_hash_size: 31, ..good() },
    INVALID
)]
#[case::hash_that_is_not_mapped(
    MapCreateAttr { excl_prog_hash: UserAddr(8), excl_prog_hash_size: 32, ..good() },
    Err(Errno::EFAULT)
)]
fn fields_behind_the_flags(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: MapCreateAttr,
    #[case] expected: Result<(), Errno>,
) {
    check(world, arm, expected);
}

#[rstest]
#[case::none(b"", OK)]
#[case::letters(b"a_Map.09", OK)]
#[case::fifteen(b"abcdefghijklmno", OK)]
#[case::sixteen_without_an_end(b"abcdefghijklmnop", INVALID)]
#[case::dash(b"a-b", INVALID)]
#[case::blank(b"a b", INVALID)]
#[case::slash(b"/", INVALID)]
#[case::control(b"\x01", INVALID)]
#[case::nothing_behind_the_end_counts(b"ab\0-", OK)]
#[case::a_letter_of_latin_1(b"\xe9", OK)]
#[case::the_sign_between_the_letters(b"\xd7", INVALID)]
#[case::a_mark_of_latin_1(b"\xa7", INVALID)]
fn names(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] text: &[u8],
    #[case] expected: Result<(), Errno>,
) {
    check(world, MapCreateAttr { map_name: name(text), ..good() }, expected);
}

/// Two things are wrong; the first in the kernel's order answers.
#[rstest]
#[case::extra_before_access(
    MapCreateAttr { map_extra: 1, max_entries: 1 << 31, ..good() }, INVALID
)]
#[case::size_before_token(
    MapCreateAttr { map_token_fd: 777, max_entries: 0, ..flagged(good(), 1 << 16) }, INVALID
)]
#[case::token_before_buckets(
    MapCreateAttr { map_token_fd: 777, max_entries: 1 << 31, ..flagged(good(), 1 << 16) },
    Err(Errno::EBADF)
)]
#[case::buckets_before_name(
    MapCreateAttr { max_entries: 1 << 31, map_name: name(b"-"), ..good() }, TOO_BIG
)]
#[case::access_before_buckets(
    MapCreateAttr { max_entries: 1 << 31, ..flagged(good(), create::RDONLY | create::WRONLY) },
    INVALID
)]
fn order(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: MapCreateAttr,
    #[case] expected: Result<(), Errno>,
) {
    check(world, arm, expected);
}

/// What the release has and the model has not is said, never answered with an errno.
#[test]
fn not_modelled() {
    let arm = MapCreateAttr { map_type: 35, map_flags: create::NO_PREALLOC, ..good() };
    let answer = Bench::at("7.2").try_call(cmd::MAP_CREATE, arm.as_bytes());
    let Err(Failure::NotModelled(text)) = answer else { panic!("{answer:?}") };
    assert!(text.contains("RHASH"), "{text}");
}

/// Ordinary users: arguments are judged before rights, and maps are for others (sysctl 2).
#[rstest]
#[case::good(good(), Err(Errno::EPERM))]
#[case::bad_type(MapCreateAttr { map_type: 0, ..good() }, INVALID)]
#[case::bad_flags(flagged(good(), 1 << 31), INVALID)]
#[case::bad_size(MapCreateAttr { key_size: 0, ..good() }, INVALID)]
#[case::memory_comes_later(MapCreateAttr { max_entries: 1 << 31, ..good() }, Err(Errno::EPERM))]
#[case::zero_seed_comes_before(
    MapCreateAttr { key_size: 0, ..flagged(good(), create::ZERO_SEED) }, Err(Errno::EPERM)
)]
fn without_rights(#[case] arm: MapCreateAttr, #[case] expected: Result<(), Errno>) {
    let mut bench = Bench::at("6.18");
    bench.parts().1.caps = bpfsim_syscall::Caps::NONE;
    assert_eq!(said(&mut bench, &arm), expected);
}
