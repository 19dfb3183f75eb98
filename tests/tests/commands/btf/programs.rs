//! Programs that say what their functions and lines are.

use super::load;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::{GetIdAttr, InfoAttr, ProgInfo, ProgLoadAttr, UserAddr};
use bpfsim_tests::bench::Said;
use bpfsim_tests::blob::Blob;
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::programs::{self, EXIT, mov};
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::{FromBytes, IntoBytes};

/// Types 1 int, 2 prototype, 3 function; strings `int`, `ctx`, `f`.
fn blob() -> Blob {
    Blob::of(|b| {
        b.start().proto(1, &[("ctx", &[1])]).func("f", 2, 1);
    })
}

const PLAIN: [[u8; 8]; 3] = [mov(0, 7), mov(1, 0), EXIT];

/// A load with one function and two lines, and how it is changed.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    /// `prog_btf_fd`; 0 for the good one.
    fd: u32,
    /// Size, count, words.
    funcs: (u32, u32, &'static [u32]),
    /// Size, count, words.
    lines: (u32, u32, &'static [u32]),
}

const GOOD: Wanted =
    Wanted { fd: 0, funcs: (8, 1, &[0, 3]), lines: (16, 2, &[0, 1, 5, 0, 2, 1, 5, 1 << 10]) };

const fn funcs(size: u32, count: u32, words: &'static [u32]) -> Wanted {
    Wanted { funcs: (size, count, words), ..GOOD }
}

const fn lines(size: u32, count: u32, words: &'static [u32]) -> Wanted {
    Wanted { lines: (size, count, words), ..GOOD }
}

fn arm(bench: &mut Bench, wanted: &Wanted) -> ProgLoadAttr {
    let prog_btf_fd = match wanted.fd {
        0 => load(bench, &blob()).expect("a BTF"),
        fd => fd,
    };
    let (funcs, lines) = (wanted.funcs, wanted.lines);
    ProgLoadAttr {
        prog_btf_fd,
        func_info_rec_size: funcs.0,
        func_info_cnt: funcs.1,
        func_info: bench.alloc(funcs.2.as_bytes()),
        line_info_rec_size: lines.0,
        line_info_cnt: lines.1,
        line_info: bench.alloc(lines.2.as_bytes()),
        ..programs::arm(bench, &PLAIN)
    }
}

const BAD: Said = Err(Errno::EINVAL);

/// The answer, and the first line of the log after its first word that matters.
#[rstest]
#[case::good(GOOD, Ok(0), "")]
#[case::no_btf(Wanted { fd: 777, ..GOOD }, Err(Errno::EBADF), "")]
#[case::no_records(Wanted { fd: 777, funcs: (0, 0, &[]), lines: (0, 0, &[]) }, Ok(0), "")]
#[case::only_lines(funcs(0, 0, &[]), Ok(0), "")]
#[case::only_funcs(lines(0, 0, &[]), Ok(0), "")]
#[case::func_size(funcs(4, 1, &[0, 3]), BAD, "invalid func info rec size 4")]
#[case::odd_size(funcs(10, 1, &[0, 3, 0]), BAD, "invalid func info rec size 10")]
#[case::huge(funcs(256, 1, &[0, 3]), BAD, "invalid func info rec size 256")]
#[case::longer(funcs(12, 1, &[0, 3, 0]), Ok(0), "")]
#[case::stray(funcs(12, 1, &[0, 3, 1]), Err(Errno::E2BIG), "nonzero tailing record in func info")]
#[case::short(funcs(8, 2, &[0, 3]), Err(Errno::EFAULT), "")]
#[case::two(funcs(8, 2, &[0, 3, 1, 3]), BAD, "number of funcs in func_info doesn't match")]
#[case::same(funcs(8, 2, &[0, 3, 0, 3]), BAD, "same or smaller insn offset (0) than previous")]
#[case::late(funcs(8, 1, &[1, 3]), BAD, "nonzero insn_off 1 for the first func info record")]
#[case::no_func(funcs(8, 1, &[0, 2]), BAD, "invalid type id 2 in func info")]
#[case::no_type(funcs(8, 1, &[0, 99]), BAD, "invalid type id 99 in func info")]
#[case::line_size(lines(12, 1, &[0, 1, 5]), BAD, "")]
#[case::line_longer(lines(20, 1, &[0, 1, 5, 0, 0]), Ok(0), "")]
#[case::line_stray(
    lines(20, 1, &[0, 1, 5, 0, 9]), Err(Errno::E2BIG), "nonzero tailing record in line_info")]
#[case::line_past_the_end(
    lines(16, 2, &[0, 1, 5, 0, 3, 1, 5, 0]), BAD,
    "Invalid line_info[1].insn_off:3 (prev_offset:0 prog->len:3)")]
#[case::line_twice(
    lines(16, 2, &[0, 1, 5, 0, 0, 1, 5, 0]), BAD,
    "Invalid line_info[1].insn_off:0 (prev_offset:0 prog->len:3)")]
#[case::no_first_line(lines(16, 1, &[1, 1, 5, 0]), BAD, "missing bpf_line_info for func#0")]
#[case::no_file(
    lines(16, 1, &[0, 99, 5, 0]), BAD, "Invalid line_info[0].line_off or .file_name_off")]
#[case::line_nowhere(lines(16, 3, &[0, 1, 5, 0, 2, 1, 5, 0]), Err(Errno::EFAULT), "")]
fn records(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] wanted: Wanted,
    #[case] expected: Said,
    #[case] first: &str,
) {
    let Some(mut bench) = world.bench() else { return };
    let log = bench.room(4096);
    let mut arm = arm(&mut bench, &wanted);
    (arm.log_buf, arm.log_size, arm.log_level) = (log, 4096, 1);
    let (said, attr) = bench.call_back(cmd::PROG_LOAD, &arm);
    let text = String::from_utf8_lossy(&bench.read(log, 4096)).into_owned();
    assert_eq!(said.map(|_| 0), expected, "{text}");
    assert!(text.starts_with(first), "{text}");
    // The right size comes back where a record was too long.
    let sizes = [76, 92].map(|at| u32::from_le_bytes(attr[at..at + 4].try_into().expect("a word")));
    let wrong = expected == Err(Errno::E2BIG);
    let right = [(wanted.funcs.0, 12, 8), (wanted.lines.0, 20, 16)];
    for (size, (given, long, known)) in sizes.into_iter().zip(right) {
        assert_eq!(size, if wrong && given == long { known } else { given });
    }
}

fn info(bench: &mut Bench, bpf_fd: u32, asked: &ProgInfo) -> (Said, ProgInfo) {
    let info = bench.alloc(asked.as_bytes());
    let said = bench.call(cmd::INFO, &InfoAttr { bpf_fd, info_len: 232, info });
    (said, ProgInfo::read_from_bytes(&bench.read(info, 232)).expect("232 bytes"))
}

/// What came in with a load comes out again, as far as there is room, and the BTF stays.
#[rstest]
fn read_back(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let arm = arm(&mut bench, &GOOD);
    let fd = bench.call(cmd::PROG_LOAD, &arm).expect("a program") as u32;
    bench.close(arm.prog_btf_fd);
    let (func_info, line_info) = (bench.room(16), bench.room(16));
    let asked = ProgInfo {
        nr_func_info: 2,
        func_info_rec_size: 8,
        func_info,
        nr_line_info: 1,
        line_info_rec_size: 16,
        line_info,
        ..ProgInfo::default()
    };
    let (said, found) = info(&mut bench, fd, &asked);
    assert_eq!((said, found.nr_func_info, found.nr_line_info), (Ok(0), 1, 2));
    assert_eq!(bench.read(func_info, 16), [0, 3, 0, 0].as_bytes());
    assert_eq!(bench.read(line_info, 16), [0, 1, 5, 0].as_bytes());
    let by_id = GetIdAttr { id: found.btf_id, ..GetIdAttr::default() };
    assert!(bench.call(cmd::BTF_BY_ID, &by_id).is_ok());
    let asked = ProgInfo { func_info: UserAddr(1), ..asked };
    assert_eq!(info(&mut bench, fd, &asked).0, Err(Errno::EFAULT));
}

/// v6.7 looks at the records before it counts functions.
#[rstest]
#[case("6.6", "number of funcs in func_info doesn't match number of subprogs\n")]
#[case("6.8", "invalid type id 99 in func info")]
fn order(#[case] release: &str, #[case] first: &str) {
    let mut bench = Bench::at(release);
    let log = bench.room(4096);
    let mut arm = arm(&mut bench, &funcs(8, 2, &[0, 99, 1, 3]));
    (arm.log_buf, arm.log_size, arm.log_level) = (log, 4096, 1);
    assert_eq!(bench.call(cmd::PROG_LOAD, &arm), BAD);
    assert!(bench.read(log, 4096).starts_with(first.as_bytes()));
}

/// Before v5.0 the attr ends earlier.
#[test]
fn no_records_yet() {
    let mut bench = Bench::at("4.20");
    let arm = ProgLoadAttr { func_info_cnt: 1, ..programs::arm(&mut bench, &PLAIN) };
    assert_eq!(bench.call(cmd::PROG_LOAD, &arm), Err(Errno::E2BIG));
}
