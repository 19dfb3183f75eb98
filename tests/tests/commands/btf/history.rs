//! What each release takes: kinds, flags, names, and the probes of loaders.

use super::Loader;
use bpfsim_abi::Errno;
use bpfsim_tests::Bench;
use bpfsim_tests::bench::Said;
use bpfsim_tests::blob::{Blob, KFLAG, kind};
use rstest::rstest;

fn judge(release: &str, blob: &Blob) -> (Said, String) {
    Loader::new(Bench::at(release)).judge(&blob.bytes()).expect("an answer")
}

/// For rows that are long enough.
type B<'a> = &'a mut Blob;

const BAD: Said = Err(Errno::EINVAL);

/// The last release without it, the first with it, and the last line of the log before it.
#[rstest]
#[case::func("4.20", "5.0", |b: B| { b.proto(0, &[]).func("f", 1, 0); }, "[1] Invalid kind:13")]
#[case::global_func("5.5", "5.6", |b: B| { b.proto(0, &[]).func("f", 1, 1); },
    "[2] FUNC f type_id=1 vlen != 0")]
#[case::var("5.1", "5.2", |b: B| { b.start().var("v", 1, 0); }, "[2] Invalid kind:14")]
#[case::section("5.1", "5.2", |b: B| { b.section("s", 4, &[[3, 0, 4]]).start().var("v", 2, 0); },
    "[1] Invalid kind:15")]
#[case::empty_section("5.11", "5.12", |b: B| { b.section("s", 4, &[]); },
    "[1] DATASEC s size=4 vlen=0 vlen == 0")]
#[case::qmark("6.8", "6.9", |b: B| { b.section("?s", 4, &[]); },
    "[1] DATASEC ?s size=4 vlen=0 Invalid name")]
#[case::float("5.12", "5.13", |b: B| { b.plain(kind::FLOAT, "f", 4); },
    "[1] Invalid btf_info:10000000")]
#[case::decl_tag("5.15", "5.16", |b: B| { b.record("s", 4, &[]).decl_tag("t", 1, -1); },
    "[2] Invalid kind:17")]
#[case::type_tag("5.16", "5.17", |b: B| { b.start().plain(kind::TYPE_TAG, "t", 1).ptr(2); },
    "[2] Invalid kind:18")]
#[case::type_tag_flag("6.14", "6.15",
    |b: B| { b.start().raw("t", kind::TYPE_TAG << 24 | KFLAG, 1, &[]).ptr(2); },
    "[2] TYPE_TAG t type_id=1 Invalid btf_info kind_flag")]
#[case::enum64("5.19", "6.0", |b: B| { b.parts(kind::ENUM64, "e", 8, &[("A", &[1, 2])], 0); },
    "[1] Invalid kind:19")]
#[case::signed_enum("5.19", "6.0", |b: B| { b.parts(kind::ENUM, "e", 4, &[("A", &[1])], KFLAG); },
    "[1] ENUM e size=4 vlen=1 Invalid btf_info kind_flag")]
#[case::kflag("4.20", "5.0", |b: B| { b.raw("s", kind::STRUCT << 24 | KFLAG, 4, &[]); },
    "[1] Invalid btf_info:84000000")]
#[case::wide_int("5.0", "5.1", |b: B| { b.int("i", 16, 128); },
    "[1] INT i size=16 bits_offset=0 nr_bits=128 encoding=(none) nr_bits exceeds 64")]
#[case::small_enum("5.3", "5.4", |b: B| { b.parts(kind::ENUM, "e", 1, &[("A", &[1])], 0); },
    "[1] ENUM e size=1 vlen=1 Expected size:4")]
#[case::dots("6.3", "6.4", |b: B| { b.start().plain(kind::TYPEDEF, "a.b", 1); },
    "[2] TYPEDEF a.b type_id=1 Invalid name")]
#[case::void_proto("4.20", "5.0", |b: B| { b.proto(0, &[]).ptr(1); }, "[1] Invalid kind:13")]
fn first(
    #[case] without: &str,
    #[case] with: &str,
    #[case] build: fn(&mut Blob),
    #[case] last: &str,
) {
    // Releases of which nothing is known stand between some of them.
    let blob = Blob::of(build);
    let (said, log) = judge(without, &blob);
    assert_eq!((said, log.lines().last()), (BAD, Some(last)));
    assert_eq!(judge(with, &blob).0, Ok(0));
}

/// What stopped being taken.
#[rstest]
#[case::names("4.19", "4.20", |b: B| { b.start().plain(kind::TYPEDEF, "a-b", 1); }, BAD)]
#[case::tag_late("5.18", "5.19",
    |b: B| { b.start().plain(kind::TYPE_TAG, "t", 1).plain(kind::CONST, "", 2); }, BAD)]
#[case::return_a_var("6.0", "6.1", |b: B| { b.start().var("v", 1, 0).proto(2, &[]); }, BAD)]
#[case::take_a_var("6.1", "6.2",
    |b: B| { b.start().var("v", 1, 0).proto(0, &[("a", &[2])]); }, BAD)]
#[case::two_locks("6.1", "6.2",
    |b: B| {
        b.start().record("bpf_spin_lock", 4, &[("val", &[1, 0])]);
        b.record("s", 8, &[("l", &[2, 0]), ("m", &[2, 32])]);
    }, Err(Errno::E2BIG))]
fn last(
    #[case] with: &str,
    #[case] without: &str,
    #[case] build: fn(&mut Blob),
    #[case] expected: Said,
) {
    let blob = Blob::of(build);
    assert_eq!(judge(with, &blob).0, Ok(0));
    assert_eq!(judge(without, &blob).0, expected);
}

/// A header of 32 bytes with a section of layouts: v7.1.
#[rstest]
#[case("7.0", 4, Err(Errno::E2BIG))]
#[case("7.1", 4, Ok(0))]
#[case("7.1", 2, BAD)]
fn layouts(#[case] release: &str, #[case] layout_len: u32, #[case] expected: Said) {
    let blob = Blob::of(|b| {
        b.start();
    });
    let types = blob.types.len() as u32 * 4;
    let strings = blob.strings.len() as u32;
    let header = [0x0001_eb9f, 32, 0, types, types + layout_len, strings, types, layout_len];
    let mut bytes: Vec<u8> =
        header.iter().chain(&blob.types).flat_map(|word| word.to_le_bytes()).collect();
    bytes.resize(bytes.len() + layout_len as usize, 0);
    bytes.extend(&blob.strings);
    let (said, log) = Loader::new(Bench::at(release)).judge(&bytes).expect("an answer");
    assert_eq!(said, expected, "{log}");
}
