//! `BPF_PROG_LOAD`: the order of its errors, by release and on the live kernel.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};
use bpfsim_tests::bench::Said;
use bpfsim_tests::numbers::{cmd, prog};
use bpfsim_tests::programs::{EXIT, arm, insn, load_map, mov, returns};
use bpfsim_tests::world::profile;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// One change to the good attr: `r0 = 0; exit` as a socket filter under the GPL.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    License(Text),
    Insns,
    Count(u32),
    Type(u32),
    TypeAndInsns(u32),
    Flags(u32),
    Name(&'static [u8]),
    CountAndLicense(u32),
    TypeAndName(u32),
    BtfThatNobodyReads,
    KernelVersion(u32),
    Empty,
    EmptyAndInsaneLog,
}

/// A license string.
#[derive(Clone, Copy, Debug)]
enum Text {
    Unmapped,
    Null,
    Proprietary,
    EndsWithThePage,
}

fn change(bench: &mut Bench, change: Change) -> ProgLoadAttr {
    let good = arm(bench, &returns(0));
    let nowhere = bench.nowhere();
    match change {
        Change::Nothing => good,
        Change::License(text) => {
            let license = match text {
                Text::Unmapped => nowhere,
                Text::Null => UserAddr::NULL,
                Text::Proprietary => bench.alloc(b"none of them\0"),
                Text::EndsWithThePage => bench.alloc(b"GPL"),
            };
            ProgLoadAttr { license, ..good }
        }
        Change::Insns => ProgLoadAttr { insns: nowhere, ..good },
        Change::Count(insn_cnt) => ProgLoadAttr { insn_cnt, ..good },
        Change::Type(prog_type) => ProgLoadAttr { prog_type, ..good },
        Change::TypeAndInsns(prog_type) => ProgLoadAttr { prog_type, insns: nowhere, ..good },
        Change::Flags(prog_flags) => ProgLoadAttr { prog_flags, ..good },
        Change::Name(text) => {
            let mut prog_name = [0; 16];
            prog_name[..text.len()].copy_from_slice(text);
            ProgLoadAttr { prog_name, ..good }
        }
        Change::CountAndLicense(insn_cnt) => ProgLoadAttr { insn_cnt, license: nowhere, ..good },
        Change::TypeAndName(prog_type) => {
            ProgLoadAttr { prog_type, prog_name: *b"-\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ..good }
        }
        Change::BtfThatNobodyReads => ProgLoadAttr { prog_btf_fd: 777, ..good },
        Change::KernelVersion(kern_version) => {
            ProgLoadAttr { prog_type: prog::KPROBE, kern_version, ..good }
        }
        Change::Empty => ProgLoadAttr { insn_cnt: 0, ..good },
        Change::EmptyAndInsaneLog => ProgLoadAttr { insn_cnt: 0, log_level: 1, ..good },
    }
}

fn load(bench: &mut Bench, with: Change) -> Result<(), Errno> {
    let arm = change(bench, with);
    bench.call(cmd::PROG_LOAD, &arm).map(|_| ())
}

const OK: Result<(), Errno> = Ok(());
const INVALID: Result<(), Errno> = Err(Errno::EINVAL);
const TOO_BIG: Result<(), Errno> = Err(Errno::E2BIG);
const FAULT: Result<(), Errno> = Err(Errno::EFAULT);

#[rstest]
#[case::good(Change::Nothing, OK)]
#[case::unknown_flag(Change::Flags(1 << 31), INVALID)]
#[case::no_instructions(Change::Empty, TOO_BIG)]
#[case::a_million_and_one(Change::Count(1_000_001), TOO_BIG)]
#[case::count_minus_one(Change::Count(u32::MAX), TOO_BIG)]
#[case::unmapped_instructions(Change::Insns, FAULT)]
#[case::more_instructions_than_mapped(Change::Count(3), FAULT)]
#[case::unmapped_license(Change::License(Text::Unmapped), FAULT)]
#[case::null_license(Change::License(Text::Null), FAULT)]
#[case::license_without_an_end(Change::License(Text::EndsWithThePage), FAULT)]
#[case::another_license(Change::License(Text::Proprietary), OK)]
#[case::no_type(Change::Type(0), INVALID)]
#[case::no_such_type(Change::Type(33), INVALID)]
#[case::instructions_before_the_type(Change::TypeAndInsns(33), FAULT)]
#[case::count_before_the_license(Change::CountAndLicense(0), TOO_BIG)]
#[case::name(Change::Name(b"a_name.1"), OK)]
#[case::bad_name(Change::Name(b"a-b"), INVALID)]
#[case::name_without_an_end(Change::Name(b"abcdefghijklmnop"), INVALID)]
#[case::btf_without_records(Change::BtfThatNobodyReads, OK)]
#[case::version_of_another_kernel(Change::KernelVersion(1), OK)]
fn errors_in_order(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] with: Change,
    #[case] expected: Result<(), Errno>,
) {
    if let Some(mut bench) = world.bench() {
        assert_eq!(load(&mut bench, with), expected);
    }
}

/// What other releases answer (`bpf_prog_load()` of v4.4 to v6.5, `bpf_check()` of v4.4).
#[rstest]
#[case::good("4.4", Change::Nothing, OK)]
#[case::license_first("4.4", Change::CountAndLicense(4096), FAULT)]
#[case::license_first_of_v6_4("6.4", Change::CountAndLicense(0), FAULT)]
#[case::license_last_from_v6_5("6.5", Change::CountAndLicense(0), TOO_BIG)]
#[case::too_many("4.4", Change::Count(4096), INVALID)]
#[case::too_many_of_v4_9("4.9", Change::Count(4097), INVALID)]
#[case::too_many_of_v4_10("4.10", Change::Count(4097), TOO_BIG)]
#[case::as_many_as_v4_10_takes("4.10", Change::Count(4096), FAULT)]
#[case::too_many_of_v5_1("5.1", Change::Count(4097), TOO_BIG)]
#[case::more_from_v5_2("5.2", Change::Count(4097), FAULT)]
#[case::none_is_for_the_verifier("4.4", Change::Empty, TOO_BIG)]
#[case::before_the_log("4.4", Change::EmptyAndInsaneLog, TOO_BIG)]
#[case::none_before_the_license_is_read("4.9", Change::CountAndLicense(0), FAULT)]
#[case::another_version("4.4", Change::KernelVersion(0), INVALID)]
#[case::its_own_version("4.4", Change::KernelVersion(0x0004_0400), OK)]
#[case::its_own_version_of_v4_20("4.20", Change::KernelVersion(0x0004_1400), OK)]
#[case::another_version_of_v4_20("4.20", Change::KernelVersion(0), INVALID)]
#[case::any_version_from_v5_0("5.0", Change::KernelVersion(0), OK)]
#[case::type_of_a_later_release("4.4", Change::Type(5), INVALID)]
#[case::type_before_the_name("4.15", Change::TypeAndName(99), INVALID)]
#[case::name_behind_the_attr("4.14", Change::Name(b"ab"), TOO_BIG)]
#[case::name_of_v4_15("4.15", Change::Name(b"ab"), OK)]
#[case::dot_of_v5_1("5.1", Change::Name(b"a.b"), INVALID)]
#[case::dot_of_v5_2("5.2", Change::Name(b"a.b"), OK)]
#[case::flags_too_early("4.11", Change::Flags(1), INVALID)]
#[case::flag_of_a_later_release("5.2", Change::Flags(4), INVALID)]
fn by_release(#[case] release: &str, #[case] with: Change, #[case] expected: Result<(), Errno>) {
    assert_eq!(load(&mut Bench::at(release), with), expected);
}

/// A caller without rights.
#[rstest]
#[case::socket_filter("4.4", false, Change::Nothing, OK)]
#[case::other_types("4.4", false, Change::Type(3), Err(Errno::EPERM))]
#[case::count_before_the_type("4.4", false, Change::Count(4096), INVALID)]
#[case::few_instructions("5.2", false, Change::Count(4097), TOO_BIG)]
#[case::forbidden("6.18", true, Change::Nothing, Err(Errno::EPERM))]
#[case::flags_before_rights("6.18", true, Change::Flags(1 << 31), INVALID)]
#[case::rights_before_count("6.18", true, Change::Empty, Err(Errno::EPERM))]
#[case::license_before_rights("6.4", false, Change::License(Text::Null), FAULT)]
fn without_rights(
    #[case] release: &str,
    #[case] disabled: bool,
    #[case] with: Change,
    #[case] expected: Result<(), Errno>,
) {
    let mut profile = profile(release);
    profile.unprivileged_disabled = disabled;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = bpfsim_syscall::Caps::NONE;
    assert_eq!(load(&mut bench, with), expected);
}

/// Maps that a program names by fd.
#[rstest]
#[case::of_this_caller(None, OK)]
#[case::no_such_fd(Some(777), Err(Errno::EBADF))]
#[case::fd_of_something_else(Some(0), INVALID)]
fn maps_of_a_program(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] fd: Option<u32>,
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let map = bench.create(bpfsim_tests::bench::wanted(bpfsim_tests::numbers::map::ARRAY, 8, 1));
    let mut insns = load_map(1, fd.unwrap_or(map)).to_vec();
    insns.extend(returns(0));
    let said: Said = bpfsim_tests::programs::load(&mut bench, &insns);
    assert_eq!(said.map(|_| ()), expected);
}

/// What the verifier says as an errno.
#[rstest]
#[case::exit_without_a_result(&[EXIT], Err(Errno::EACCES))]
#[case::no_exit(&[mov(0, 0)], INVALID)]
#[case::forever(&[mov(0, 0), insn(0x05, 0, 0, -2, 0), EXIT], INVALID)]
#[case::no_such_code(&[insn(0xff, 0, 0, 0, 0), EXIT], INVALID)]
#[case::write_into_the_frame_pointer(&[mov(10, 0), mov(0, 0), EXIT], Err(Errno::EACCES))]
fn rejected(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] insns: &[[u8; 8]],
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let said: Said = bpfsim_tests::programs::load(&mut bench, insns);
    assert_eq!(said.map(|_| ()), expected);
}

/// A program holds its maps: closing the map's fd takes nothing from it.
#[rstest]
fn a_program_keeps_its_maps(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let map = bench.create(bpfsim_tests::bench::wanted(bpfsim_tests::numbers::map::ARRAY, 8, 1));
    assert_eq!(bench.update(map, &[0; 4], &5u64.to_le_bytes(), 0), Ok(0));
    let insns = bpfsim_tests::programs::lookup_helper(map, 0);
    let program = bpfsim_tests::programs::load(&mut bench, &insns).expect("a program") as u32;
    bench.close(map);
    assert_eq!(crate::test_run::run(&mut bench, program, &[0; 14]), Ok(5));
}
