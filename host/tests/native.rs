//! Rows of bpf(2) on this machine's kernel, where it answers. Sizes and numbers are restated from
//! `include/uapi/linux/bpf.h`, not taken from the code under test.

use bpfsim_abi::insn::code::*;
use bpfsim_abi::{Errno, Insn};
use bpfsim_host::{Caller, MapKind, Native, Skipped};
use rstest::rstest;

const MAP_CREATE: u32 = 0;
const LOOKUP: u32 = 1;
const PERCPU_ARRAY: u32 = 6;
/// `round_up(12, 8)`.
const SLOT: usize = 16;

/// Prints why, and ends the test, where the kernel was not asked.
macro_rules! ask {
    ($answer:expr) => {
        match $answer {
            Ok(value) => value,
            Err(skipped) => return println!("{skipped}"),
        }
    };
}

/// A caller with a per-CPU array of one entry of twelve bytes, and its descriptor.
fn with_map(native: &Native) -> Result<(Caller, i64), Skipped> {
    let mut caller = native.caller()?;
    let mut attr: Vec<u8> = [PERCPU_ARRAY, 4, 12, 1].iter().flat_map(|w| w.to_ne_bytes()).collect();
    let fd = caller.call(MAP_CREATE, &mut attr)?;
    Ok((caller, fd.map_err(|e| Skipped::new(e.to_string()))?))
}

/// One change to a good lookup.
#[derive(Clone, Copy)]
enum Change {
    None,
    BadFd,
    Key([u8; 4]),
    UnmappedKey,
    KeyAtPageEnd,
    UnmappedValue,
    ReadOnlyValue,
    ValueTooShortForTheLastSlot,
    WildValue,
    Flags(u64),
    Size(usize),
    Byte(usize),
}

#[rstest]
#[case::found(Change::None, Ok(0))]
#[case::bad_fd(Change::BadFd, Err(Errno::EBADF))]
#[case::no_such_index(Change::Key([9, 0, 0, 0]), Err(Errno::ENOENT))]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::key_is_four_bytes(Change::KeyAtPageEnd, Ok(0))]
#[case::unmapped_value(Change::UnmappedValue, Err(Errno::EFAULT))]
#[case::read_only_value(Change::ReadOnlyValue, Err(Errno::EFAULT))]
#[case::all_slots_are_written(Change::ValueTooShortForTheLastSlot, Err(Errno::EFAULT))]
#[case::kernel_address(Change::WildValue, Err(Errno::EFAULT))]
#[case::no_such_flag(Change::Flags(1), Err(Errno::EINVAL))]
#[case::flags_may_be_left_out(Change::Size(24), Ok(0))]
#[case::zero_tail(Change::Size(160), Ok(0))]
#[case::past_the_last_field(Change::Byte(40), Err(Errno::EINVAL))]
#[case::longer_than_a_page(Change::Size(4097), Err(Errno::E2BIG))]
#[case::hole_is_never_read(Change::Byte(4), Ok(0))]
fn lookup_elem_of_a_percpu_array(#[case] change: Change, #[case] expected: Result<i64, Errno>) {
    let native = ask!(Native::probe());
    let (mut caller, fd) = ask!(with_map(&native));
    let bytes = SLOT * native.possible().len();
    let memory = caller.memory();
    let mut key = memory.alloc(4).expect("room");
    // The value ends with its page: the kernel writes exactly this much.
    let mut value = memory.alloc_at_page_end(bytes).expect("room");
    let (mut fd, mut flags, mut size) = (fd as u32, 0, 32);
    match change {
        Change::None | Change::Size(_) | Change::Byte(_) => {}
        Change::BadFd => fd = 9999,
        Change::Key(bytes) => memory.write(key, &bytes).expect("room"),
        Change::UnmappedKey => key = memory.unmapped(),
        Change::KeyAtPageEnd => key = memory.alloc_at_page_end(4).expect("room"),
        Change::UnmappedValue => value = memory.unmapped(),
        Change::ReadOnlyValue => value = memory.alloc_read_only(bytes).expect("room"),
        Change::ValueTooShortForTheLastSlot => value += 1,
        Change::WildValue => value = 0xffff_8880_0000_0000,
        Change::Flags(bits) => flags = bits,
    }
    if let Change::Size(len) = change {
        size = len;
    }
    let mut attr = vec![0; size.max(if matches!(change, Change::Byte(_)) { 64 } else { 0 })];
    let fields = [u64::from(fd), key, value, flags];
    for (place, field) in attr.chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_ne_bytes());
    }
    if let Change::Byte(at) = change {
        attr[at] = 1;
    }
    let answer = ask!(caller.call(LOOKUP, &mut attr));
    assert_eq!(answer, expected);
}

#[test]
fn the_attr_itself_may_be_unmapped_or_cut_short() {
    let native = ask!(Native::probe());
    let mut caller = ask!(native.caller());
    let nowhere = caller.memory().unmapped();
    assert_eq!(ask!(caller.call_at(LOOKUP, nowhere, 32)), Err(Errno::EFAULT));
    let cut = caller.memory().alloc_at_page_end(24).expect("room");
    assert_eq!(ask!(caller.call_at(LOOKUP, cut, 32)), Err(Errno::EFAULT));
    let all = vec![0xff; 24];
    caller.memory().write(cut, &all).expect("room");
    assert_eq!(ask!(caller.call_at(LOOKUP, cut, 24)), Err(Errno::EBADF));
}

#[test]
fn an_address_of_this_process_is_not_written() {
    let native = ask!(Native::probe());
    let (mut caller, fd) = ask!(with_map(&native));
    let bystander = vec![7u8; SLOT * native.possible().len()];
    let key = caller.memory().alloc(4).expect("room");
    let fields = [fd as u64, key, bystander.as_ptr() as u64, 0];
    let mut attr: Vec<u8> = fields.iter().flat_map(|field| field.to_ne_bytes()).collect();
    assert_eq!(ask!(caller.call(LOOKUP, &mut attr)), Ok(0), "the copy is written");
    assert!(bystander.iter().all(|byte| *byte == 7), "{bystander:?}");
}

#[test]
fn no_command_attaches_and_unknown_ones_are_the_kernels_to_refuse() {
    let native = ask!(Native::probe());
    let mut caller = ask!(native.caller());
    for cmd in [6, 8, 9, 17, 28, 29, 32, 34] {
        let skipped = caller.call(cmd, &mut [0; 64]).expect_err("refused here");
        assert!(skipped.reason.contains("attaches or pins"), "{skipped}");
    }
    assert_eq!(ask!(caller.call(9999, &mut [0; 32])), Err(Errno::EINVAL));
}

#[test]
fn descriptors_belong_to_the_caller_and_close_with_it() {
    let native = ask!(Native::probe());
    let (mut caller, fd) = ask!(with_map(&native));
    let link = format!("/proc/self/fd/{fd}");
    let name = std::fs::read_link(&link).expect("the descriptor is in this process");
    assert_eq!(name.to_string_lossy(), "anon_inode:bpf-map");
    assert!(caller.close(fd));
    assert!(!caller.close(fd), "closed once");
}

#[test]
fn a_map_keeps_what_an_update_wrote() {
    let native = ask!(Native::probe());
    for kind in [MapKind::Array, MapKind::PercpuArray, MapKind::Hash, MapKind::PercpuHash] {
        let map = ask!(native.map(kind, 8, 4).map_err(Skipped::from));
        let cpus = if kind.is_percpu() { native.possible().len() } else { 1 };
        assert_eq!(map.value_bytes(), 8 * cpus, "{kind:?}");
        let value: Vec<u8> = (1..=8 * cpus as u8).collect();
        map.update(3, &value, 0).expect("an update");
        let mut read = Vec::new();
        map.lookup(3, &mut read).expect("a lookup");
        assert_eq!(read, value, "{kind:?}");
        let short = map.update(3, &value[1..], 0).expect_err("too short");
        assert_eq!(short.errno(), Some(Errno::EINVAL));
        assert_eq!(map.lookup(4, &mut read).expect_err("absent").errno(), Some(Errno::ENOENT));
    }
}

const EXIT: Insn = Insn::new(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
const R0_ZERO: Insn = Insn::new(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);

#[rstest]
#[case::accepted(&[R0_ZERO, EXIT], 1, Ok("processed 2 insns"))]
#[case::no_log_at_level_0(&[R0_ZERO, EXIT], 0, Ok(""))]
#[case::r0_is_not_set(&[EXIT], 1, Err((Errno::EACCES, "R0 !read_ok")))]
#[case::rejected_without_a_log(&[EXIT], 0, Err((Errno::EACCES, "")))]
#[case::no_program(&[], 1, Err((Errno::E2BIG, "")))]
fn the_verifier_answers_with_its_log(
    #[case] insns: &[Insn],
    #[case] level: u32,
    #[case] expected: Result<&str, (Errno, &str)>,
) {
    let native = ask!(Native::probe());
    match (native.verify(insns, 1, level), expected) {
        (Ok((_fd, log)), Ok(part)) => assert!(log.contains(part), "{log}"),
        (Err(rejected), Err((errno, part))) => {
            assert_eq!(rejected.errno(), Some(errno));
            assert!(rejected.log.contains(part), "{}", rejected.log);
        }
        (got, want) => panic!("{got:?}, but expected {want:?}"),
    }
}

#[test]
fn a_log_longer_than_the_first_buffer_is_whole() {
    let native = ask!(Native::probe());
    let mut insns = vec![R0_ZERO; 3000];
    insns.push(EXIT);
    let (_fd, log) = native.verify(&insns, 1, 2).expect("accepted");
    assert!(log.len() > 65536, "{} bytes", log.len());
    assert!(log.contains("2999: ") && log.contains("processed 3001 insns"));
}
