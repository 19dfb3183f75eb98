//! The log of `BPF_PROG_LOAD`: what must be given, what comes back.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::programs::{EXIT, arm, returns};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// Level, size and buffer of a log.
#[derive(Clone, Copy, Debug)]
struct Log {
    level: u32,
    size: u32,
    buffer: Buffer,
}

#[derive(Clone, Copy, Debug)]
enum Buffer {
    None,
    Good,
    Unmapped,
}

const GOOD: Log = Log { level: 1, size: 4096, buffer: Buffer::Good };
const NONE: Log = Log { level: 0, size: 0, buffer: Buffer::None };

/// Loads `insns` with a log; the answer, the text, `log_true_size`.
fn load(bench: &mut Bench, insns: &[[u8; 8]], log: Log) -> (Result<(), Errno>, String, u32) {
    let room = bench.alloc(&vec![0xee; log.size.min(4096) as usize]);
    let log_buf = match log.buffer {
        Buffer::None => UserAddr::NULL,
        Buffer::Good => room,
        Buffer::Unmapped => bench.nowhere(),
    };
    let arm = arm(bench, insns);
    let arm = ProgLoadAttr { log_level: log.level, log_size: log.size, log_buf, ..arm };
    let (said, attr) = bench.call_back(cmd::PROG_LOAD, &arm);
    let bytes = bench.read(room, log.size.min(4096) as usize);
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let size = attr[140..144].try_into().expect("four bytes");
    (said.map(|_| ()), text, u32::from_le_bytes(size))
}

const OK: Result<(), Errno> = Ok(());
const INVALID: Result<(), Errno> = Err(Errno::EINVAL);

#[rstest]
#[case::none(NONE, OK)]
#[case::good(GOOD, OK)]
#[case::statistics(Log { level: 4, ..GOOD }, OK)]
#[case::fixed(Log { level: 9, ..GOOD }, OK)]
#[case::unknown_level(Log { level: 16, ..GOOD }, INVALID)]
#[case::level_minus_one(Log { level: u32::MAX, ..GOOD }, INVALID)]
#[case::level_alone(Log { level: 1, ..NONE }, OK)]
#[case::buffer_without_a_level(Log { level: 0, ..GOOD }, INVALID)]
#[case::buffer_without_a_size(Log { size: 0, ..GOOD }, INVALID)]
#[case::size_without_a_buffer(Log { buffer: Buffer::None, ..GOOD }, INVALID)]
#[case::size_alone(Log { size: 1, ..NONE }, INVALID)]
#[case::size_too_large(Log { size: (1 << 30) + 1, ..GOOD }, INVALID)]
#[case::unmapped_buffer(Log { buffer: Buffer::Unmapped, ..GOOD }, Err(Errno::EFAULT))]
fn of_v6_18(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] log: Log,
    #[case] expected: Result<(), Errno>,
) {
    if let Some(mut bench) = world.bench() {
        assert_eq!(load(&mut bench, &returns(0), log).0, expected);
    }
}

/// Up to v6.3 all three belong together, and 128 bytes are the least.
#[rstest]
#[case::none("4.4", NONE, OK)]
#[case::good("4.4", GOOD, OK)]
#[case::level_alone("4.4", Log { level: 1, ..NONE }, INVALID)]
#[case::size_alone("4.4", Log { size: 128, ..NONE }, INVALID)]
#[case::least("4.4", Log { size: 128, ..GOOD }, OK)]
#[case::too_little("4.4", Log { size: 127, ..GOOD }, INVALID)]
#[case::too_little_of_v6_3("6.3", Log { size: 127, ..GOOD }, INVALID)]
#[case::any_level("5.1", Log { level: 99, ..GOOD }, OK)]
#[case::unknown_level_of_v5_2("5.2", Log { level: 8, ..GOOD }, INVALID)]
#[case::too_large_of_v5_1("5.1", Log { size: 1 << 24, ..GOOD }, INVALID)]
#[case::level_alone_of_v6_3("6.3", Log { level: 1, ..NONE }, INVALID)]
#[case::level_alone_of_v6_4("6.4", Log { level: 1, ..NONE }, OK)]
fn by_release(#[case] release: &str, #[case] log: Log, #[case] expected: Result<(), Errno>) {
    let arm_end = release.parse::<bpfsim_abi::Release>().expect("a release");
    let mut bench = Bench::at(release);
    // Before v6.4 the attr ends before log_true_size, and after it zeros are fine.
    let (said, ..) = load(&mut bench, &returns(0), log);
    assert_eq!(said, expected, "{arm_end}");
}

/// The message of a rejected program arrives; a buffer that is too short is ENOSPC, whatever the
/// verdict, and since v6.4 it has the end of the text.
#[rstest]
#[case::whole(GOOD, Err(Errno::EACCES))]
#[case::short(Log { size: 10, ..GOOD }, Err(Errno::ENOSPC))]
#[case::one_byte(Log { size: 1, ..GOOD }, Err(Errno::ENOSPC))]
#[case::short_and_fixed(Log { level: 9, size: 10, ..GOOD }, Err(Errno::ENOSPC))]
fn a_rejected_program(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] log: Log,
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let (_, whole, size) = load(&mut bench, &[EXIT], GOOD);
    assert!(whole.contains("R0 !read_ok"), "{whole}");
    assert_eq!(size as usize, whole.len() + 1, "log_true_size counts the end");
    let (said, text, true_size) = load(&mut bench, &[EXIT], log);
    assert_eq!(said, expected);
    assert_eq!(true_size, size);
    let kept = (log.size as usize - 1).min(whole.len());
    let part = if log.level == 9 { &whole[..kept] } else { &whole[whole.len() - kept..] };
    // The live kernel counts microseconds and states, which differ in length at most.
    assert_eq!(text, part);
}

/// A buffer that fits to the byte: since v6.4 the size that `log_true_size` names is enough.
#[rstest]
fn the_true_size_is_enough(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let (_, whole, size) = load(&mut bench, &[EXIT], GOOD);
    let exact = load(&mut bench, &[EXIT], Log { size, ..GOOD });
    assert_eq!(exact, (Err(Errno::EACCES), whole, size));
    let short = load(&mut bench, &[EXIT], Log { size: size - 1, ..GOOD });
    assert_eq!(short.0, Err(Errno::ENOSPC));
}

/// Without a level nothing is counted, and a caller whose attr ends before the field keeps it.
#[rstest]
fn the_true_size_without_a_log(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(load(&mut bench, &returns(0), NONE).2, 0);
    let (_, _, alone) = load(&mut bench, &[EXIT], Log { level: 1, ..NONE });
    assert!(alone > 20, "counted without a buffer: {alone}");
}
