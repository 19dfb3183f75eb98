//! BTF as an object: fds, ids, info, and the log of a load.

use super::load;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BtfInfo, BtfLoadAttr, GetIdAttr, InfoAttr, UserAddr};
use bpfsim_tests::bench::Said;
use bpfsim_tests::blob::Blob;
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::{FromBytes, IntoBytes};

fn blob() -> Blob {
    Blob::of(|b| {
        b.start();
    })
}

fn info(bench: &mut Bench, bpf_fd: u32, asked: &BtfInfo, len: u32) -> (Said, BtfInfo) {
    let info = bench.alloc(asked.as_bytes());
    let said = bench.call(cmd::INFO, &InfoAttr { bpf_fd, info_len: len, info });
    let bytes = bench.read(info, 32);
    (said, BtfInfo::read_from_bytes(&bytes).expect("32 bytes"))
}

#[rstest]
fn read_back(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = load(&mut bench, &blob()).expect("a BTF");
    let bytes = blob().bytes();
    let (btf, name) = (bench.room(64), bench.alloc(&[9; 4]));
    let asked = BtfInfo { btf, btf_size: 64, name, name_len: 4, ..BtfInfo::default() };
    let (said, found) = info(&mut bench, fd, &asked, 32);
    assert_eq!(said, Ok(0));
    assert_eq!((found.btf_size as usize, found.name_len), (bytes.len(), 0));
    assert_eq!((found.kernel_btf, found.btf, found.name), (0, btf, name));
    assert_eq!(bench.read(btf, bytes.len()), bytes);
    assert_eq!(bench.read(name, 4), [0, 9, 9, 9]);
    let again = bench.call(cmd::BTF_BY_ID, &GetIdAttr { id: found.id, ..GetIdAttr::default() });
    let again = again.expect("an fd") as u32;
    bench.close(fd);
    assert_eq!(info(&mut bench, again, &asked, 32).1.id, found.id);
}

#[rstest]
#[case::nothing(BtfInfo::default(), 32, Ok(0))]
#[case::short(BtfInfo::default(), 16, Ok(0))]
#[case::cut(BtfInfo { btf_size: 1, ..BtfInfo::default() }, 32, Err(Errno::EFAULT))]
#[case::name_without_room(
    BtfInfo { name: UserAddr(1), ..BtfInfo::default() }, 32, Err(Errno::EINVAL))]
#[case::room_without_name(BtfInfo { name_len: 1, ..BtfInfo::default() }, 32, Err(Errno::EINVAL))]
#[case::bad_name(
    BtfInfo { name: UserAddr(1), name_len: 1, ..BtfInfo::default() }, 32, Err(Errno::EFAULT))]
fn fields(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] asked: BtfInfo,
    #[case] len: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = load(&mut bench, &blob()).expect("a BTF");
    assert_eq!(info(&mut bench, fd, &asked, len).0, expected);
}

/// Names are of v5.11, and so is the larger struct.
#[rstest]
#[case("5.10", 1, Err(Errno::E2BIG))]
#[case("5.11", 1, Err(Errno::EINVAL))]
#[case("4.18", 0, Ok(0))]
fn names_by_release(#[case] release: &str, #[case] name_len: u32, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let fd = load(&mut bench, &blob()).expect("a BTF");
    let asked = BtfInfo { name_len, ..BtfInfo::default() };
    assert_eq!(info(&mut bench, fd, &asked, 32).0, expected);
}

const FIXED: u32 = 8;

/// What the log's fields must be, and what a log that is too long says.
#[rstest]
#[case::none(0, 0, false, Ok(0), 0)]
#[case::plenty(1, 4096, true, Ok(0), 176)]
#[case::counted(1, 0, false, Ok(0), 176)]
#[case::no_level(0, 64, true, Err(Errno::EINVAL), 0)]
#[case::no_buffer(1, 64, false, Err(Errno::EINVAL), 0)]
#[case::no_size(1, 0, true, Err(Errno::EINVAL), 0)]
#[case::bad_level(16, 64, true, Err(Errno::EINVAL), 0)]
#[case::end(1, 32, true, Err(Errno::ENOSPC), 176)]
#[case::beginning(1 | FIXED, 32, true, Err(Errno::ENOSPC), 176)]
fn logs(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] btf_log_level: u32,
    #[case] btf_log_size: u32,
    #[case] buffer: bool,
    #[case] expected: Said,
    #[case] size: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let bytes = blob().bytes();
    let (btf, room) = (bench.alloc(&bytes), bench.room(4096));
    let arm = BtfLoadAttr {
        btf,
        btf_size: bytes.len() as u32,
        btf_log_buf: if buffer { room } else { UserAddr::NULL },
        btf_log_size,
        btf_log_level,
        ..BtfLoadAttr::default()
    };
    let (said, back) = bench.call_back(cmd::BTF_LOAD, &arm);
    assert_eq!(said.map(|_| 0), expected);
    assert_eq!(back[28..32], size.to_le_bytes(), "btf_log_true_size");
    let log = bench.read(room, 4096);
    let text = &log[..log.iter().position(|byte| *byte == 0).expect("a NUL")];
    match (btf_log_level & FIXED, expected) {
        (0, Err(Errno::ENOSPC)) => assert!(text.ends_with(b"nr_bits=32 encoding=SIGNED\n")),
        (FIXED, Err(Errno::ENOSPC)) => assert!(text.starts_with(b"magic: 0xeb9f\nversion: 1\n")),
        _ => {}
    }
}

/// Up to v6.3 only a good BTF is asked whether its log fits, and a buffer has 128 bytes.
#[rstest]
#[case::small("6.3", 127, true, Err(Errno::EINVAL))]
#[case::full("6.3", 128, true, Err(Errno::ENOSPC))]
#[case::bad("6.3", 128, false, Err(Errno::EINVAL))]
#[case::bad_later("6.4", 128, false, Err(Errno::ENOSPC))]
#[case::any_level("5.14", 128, true, Err(Errno::ENOSPC))]
fn old_logs(
    #[case] release: &str,
    #[case] btf_log_size: u32,
    #[case] good: bool,
    #[case] expected: Said,
) {
    let mut bench = Bench::at(release);
    let blob = if good {
        blob()
    } else {
        Blob::of(|b| {
            b.start().ptr(9);
        })
    };
    let bytes = blob.bytes();
    let arm = BtfLoadAttr {
        btf: bench.alloc(&bytes),
        btf_size: bytes.len() as u32,
        btf_log_buf: bench.room(4096),
        btf_log_size,
        btf_log_level: if release == "5.14" { 64 } else { 1 },
        ..BtfLoadAttr::default()
    };
    assert_eq!(bench.call(cmd::BTF_LOAD, &arm).map(|_| 0), expected);
}
