//! One type that is wrong among good ones, on both worlds: errno, and the last line of the log.

use super::Loader;
use bpfsim_abi::Errno;
use bpfsim_tests::World;
use bpfsim_tests::bench::Said;
use bpfsim_tests::blob::{Blob, KFLAG, kind};
use rstest::rstest;

fn good(blob: &mut Blob) {
    blob.start().ptr(1).array(1, 1, 4).record("s", 24, &[("a", &[1, 0]), ("p", &[2, 64])]);
}

fn check(world: World, build: fn(&mut Blob), expected: Said, last: &str) {
    let Some(bench) = world.bench() else { return };
    let (said, log) = Loader::new(bench).judge(&Blob::of(build).bytes()).expect("an answer");
    let line = log.lines().last().unwrap_or_default();
    assert_eq!((said, line), (expected, last), "{log}");
}

/// For rows that are long enough.
type B<'a> = &'a mut Blob;

const BAD: Said = Err(Errno::EINVAL);

#[rstest]
#[case::good(good, Ok(0), "\tp type_id=2 bits_offset=64")]
#[case::vlen(|b: B| { b.raw("i", kind::INT << 24 | 1, 4, &[32]); }, BAD,
    "[1] INT i size=4 bits_offset=0 nr_bits=32 encoding=(none) vlen != 0")]
#[case::kflag(|b: B| { b.raw("i", kind::INT << 24 | KFLAG, 4, &[32]); }, BAD,
    "[1] INT i size=4 bits_offset=0 nr_bits=32 encoding=(none) Invalid btf_info kind_flag")]
#[case::data(|b: B| { b.int("i", 4, 0x1000_0020); }, BAD, "[1] INT i Invalid int_data:10000020")]
#[case::too_wide(|b: B| { b.int("i", 32, 129); }, BAD,
    "[1] INT i size=32 bits_offset=0 nr_bits=129 encoding=(none) nr_bits exceeds 128")]
#[case::wide(|b: B| { b.int("i", 16, 128); }, Ok(0),
    "[1] INT i size=16 bits_offset=0 nr_bits=128 encoding=(none)")]
#[case::short(|b: B| { b.int("i", 4, 33); }, BAD,
    "[1] INT i size=4 bits_offset=0 nr_bits=33 encoding=(none) nr_bits exceeds type_size")]
#[case::offset(|b: B| { b.int("i", 4, 8 << 16 | 25); }, BAD,
    "[1] INT i size=4 bits_offset=8 nr_bits=25 encoding=(none) nr_bits exceeds type_size")]
#[case::encoding(|b: B| { b.int("i", 4, 0x0300_0020); }, Err(Errno::ENOTSUPP),
    "[1] INT i size=4 bits_offset=0 nr_bits=32 encoding=UNKN Unsupported encoding")]
#[case::bool(|b: B| { b.int("b", 1, 0x0400_0008); }, Ok(0),
    "[1] INT b size=1 bits_offset=0 nr_bits=8 encoding=BOOL")]
#[case::anonymous(|b: B| { b.int("", 4, 32); }, Ok(0),
    "[1] INT (anon) size=4 bits_offset=0 nr_bits=32 encoding=(none)")]
#[case::any_name(|b: B| { b.int("an int!", 4, 32); }, Ok(0),
    "[1] INT an int! size=4 bits_offset=0 nr_bits=32 encoding=(none)")]
#[case::cut(|b: B| { b.types.extend([0, kind::INT << 24, 4]); }, BAD,
    "[1] INT (anon) meta_left:0 meta_needed:4")]
#[case::stub(|b: B| { b.types.extend([0, 0]); }, BAD, "[1] meta_left:8 meta_needed:12")]
#[case::info(|b: B| { b.raw("i", kind::INT << 24 | 1 << 16, 4, &[32]); }, BAD,
    "[1] Invalid btf_info:1010000")]
#[case::no_kind(|b: B| { b.plain(0, "", 0); }, BAD, "[1] Invalid kind:0")]
#[case::new_kind(|b: B| { b.plain(20, "", 0); }, BAD, "[1] Invalid kind:20")]
#[case::name(|b: B| { b.types.extend([9, kind::INT << 24, 4, 32]); }, BAD,
    "[1] Invalid name_offset:9")]
fn ints(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] build: fn(&mut Blob),
    #[case] expected: Said,
    #[case] last: &str,
) {
    check(world, build, expected, last);
}

#[rstest]
#[case::void_ptr(|b: B| { b.ptr(0); }, Ok(0), "[1] PTR (anon) type_id=0")]
#[case::no_type(|b: B| { b.ptr(2); }, BAD, "[1] PTR (anon) type_id=2 Invalid type_id")]
#[case::huge(|b: B| { b.ptr(0x10_0000); }, BAD, "[1] PTR (anon) type_id=1048576 Invalid type_id")]
#[case::named_ptr(|b: B| { b.plain(kind::PTR, "p", 0); }, BAD, "[1] PTR p type_id=0 Invalid name")]
#[case::vlen(|b: B| { b.raw("", kind::PTR << 24 | 1, 0, &[]); }, BAD,
    "[1] PTR (anon) type_id=0 vlen != 0")]
#[case::own_ptr(|b: B| { b.ptr(1); }, Err(Errno::EEXIST), "[1] PTR (anon) type_id=1 Loop detected")]
#[case::const_loop(|b: B| { b.plain(kind::CONST, "", 2).ptr(1); }, Err(Errno::EEXIST),
    "[1] CONST (anon) type_id=2 Loop detected")]
#[case::typedef(|b: B| { b.start().plain(kind::TYPEDEF, "t", 1); }, Ok(0),
    "[2] TYPEDEF t type_id=1")]
#[case::no_name(|b: B| { b.start().plain(kind::TYPEDEF, "", 1); }, BAD,
    "[2] TYPEDEF (anon) type_id=1 Invalid name")]
#[case::bad_name(|b: B| { b.start().plain(kind::TYPEDEF, "a b", 1); }, BAD,
    "[2] TYPEDEF a b type_id=1 Invalid name")]
#[case::dots(|b: B| { b.start().plain(kind::TYPEDEF, ".a.b", 1); }, Ok(0),
    "[2] TYPEDEF .a.b type_id=1")]
#[case::digit(|b: B| { b.start().plain(kind::TYPEDEF, "1a", 1); }, BAD,
    "[2] TYPEDEF 1a type_id=1 Invalid name")]
#[case::void_typedef(|b: B| { b.plain(kind::TYPEDEF, "t", 0); }, Ok(0), "[1] TYPEDEF t type_id=0")]
#[case::of_a_func(|b: B| { b.proto(0, &[]).func("f", 1, 0).ptr(2); }, Ok(0),
    "[3] PTR (anon) type_id=2")]
#[case::of_a_proto(|b: B| { b.proto(0, &[]).ptr(1); }, Ok(0), "[2] PTR (anon) type_id=1")]
#[case::of_a_var(|b: B| { b.start().var("v", 1, 0).ptr(2); }, BAD,
    "[3] PTR (anon) type_id=2 Invalid type_id")]
#[case::of_a_fwd(|b: B| { b.plain(kind::FWD, "s", 0).ptr(1); }, Ok(0), "[2] PTR (anon) type_id=1")]
#[case::fwd_named(|b: B| { b.plain(kind::FWD, "", 0); }, BAD, "[1] FWD (anon) struct Invalid name")]
#[case::fwd_type(|b: B| { b.plain(kind::FWD, "s", 1); }, BAD, "[1] FWD s struct type != 0")]
#[case::fwd_union(|b: B| { b.raw("s", kind::FWD << 24 | KFLAG, 0, &[]); }, Ok(0),
    "[1] FWD s union")]
#[case::tag(|b: B| { b.start().plain(kind::TYPE_TAG, "any thing", 1).ptr(2); }, Ok(0),
    "[3] PTR (anon) type_id=2")]
#[case::tag_flag(|b: B| { b.start().raw("t", kind::TYPE_TAG << 24 | KFLAG, 1, &[]).ptr(2); }, Ok(0),
    "[3] PTR (anon) type_id=2")]
#[case::no_tag(|b: B| { b.start().plain(kind::TYPE_TAG, "", 1); }, BAD,
    "[2] TYPE_TAG (anon) type_id=1 Invalid name")]
#[case::tag_late(|b: B| { b.start().plain(kind::TYPE_TAG, "t", 1).plain(kind::CONST, "", 2); }, BAD,
    "Type tags don't precede modifiers")]
#[case::restrict_flag(|b: B| { b.raw("", kind::RESTRICT << 24 | KFLAG, 0, &[]); }, BAD,
    "[1] RESTRICT (anon) type_id=0 Invalid btf_info kind_flag")]
fn references(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] build: fn(&mut Blob),
    #[case] expected: Said,
    #[case] last: &str,
) {
    check(world, build, expected, last);
}

#[rstest]
#[case::array(|b: B| { b.start().array(1, 1, 4); }, Ok(0),
    "[2] ARRAY (anon) type_id=1 index_type_id=1 nr_elems=4")]
#[case::named(|b: B| { b.start().raw("a", kind::ARRAY << 24, 0, &[1, 1, 1]); }, BAD,
    "[2] ARRAY a type_id=1 index_type_id=1 nr_elems=1 Invalid name")]
#[case::sized(|b: B| { b.start().raw("", kind::ARRAY << 24, 4, &[1, 1, 1]); }, BAD,
    "[2] ARRAY (anon) type_id=1 index_type_id=1 nr_elems=1 size != 0")]
#[case::of_void(|b: B| { b.start().array(0, 1, 1); }, BAD,
    "[2] ARRAY (anon) type_id=0 index_type_id=1 nr_elems=1 Invalid elem")]
#[case::by_void(|b: B| { b.start().array(1, 0, 1); }, BAD,
    "[2] ARRAY (anon) type_id=1 index_type_id=0 nr_elems=1 Invalid index")]
#[case::by_ptr(|b: B| { b.start().ptr(0).array(1, 2, 1); }, BAD,
    "[3] ARRAY (anon) type_id=1 index_type_id=2 nr_elems=1 Invalid index")]
#[case::of_bits(|b: B| { b.start().int("b", 4, 7).array(2, 1, 1); }, BAD,
    "[3] ARRAY (anon) type_id=2 index_type_id=1 nr_elems=1 Invalid array of int")]
#[case::too_large(|b: B| { b.start().array(1, 1, 0x4000_0000); }, BAD,
    "[2] ARRAY (anon) type_id=1 index_type_id=1 nr_elems=1073741824 Array size overflows U32_MAX")]
#[case::itself(|b: B| { b.start().array(2, 1, 1); }, Err(Errno::EEXIST),
    "[2] ARRAY (anon) type_id=2 index_type_id=1 nr_elems=1 Loop detected")]
#[case::of_fwd(|b: B| { b.start().plain(kind::FWD, "s", 0).array(2, 1, 1); }, BAD,
    "[3] ARRAY (anon) type_id=2 index_type_id=1 nr_elems=1 Invalid elem")]
#[case::union_offset(
    |b: B| { b.start().parts(kind::UNION, "u", 8, &[("a", &[1, 8])], 0); }, BAD,
    "\ta type_id=1 bits_offset=8 Invalid member bits_offset")]
#[case::backwards(|b: B| { b.start().record("s", 8, &[("a", &[1, 32]), ("b", &[1, 0])]); }, BAD,
    "\tb type_id=1 bits_offset=0 Invalid member bits_offset")]
#[case::outside(|b: B| { b.start().record("s", 4, &[("a", &[1, 40])]); }, BAD,
    "\ta type_id=1 bits_offset=40 Member bits_offset exceeds its struct size")]
#[case::over_the_end(|b: B| { b.start().record("s", 4, &[("a", &[1, 8])]); }, BAD,
    "\ta type_id=1 bits_offset=8 Member exceeds struct_size")]
#[case::void_member(|b: B| { b.record("s", 4, &[("a", &[0, 0])]); }, BAD,
    "\ta type_id=0 bits_offset=0 Invalid type_id")]
#[case::member_name(|b: B| { b.start().record("s", 4, &[("a-b", &[1, 0])]); }, BAD,
    "\ta-b type_id=1 bits_offset=0 Invalid name")]
#[case::struct_name(|b: B| { b.record("a-b", 4, &[]); }, BAD,
    "[1] STRUCT a-b size=4 vlen=0 Invalid name")]
#[case::in_itself(|b: B| { b.record("s", 4, &[("s", &[1, 0])]); }, Err(Errno::EEXIST),
    "[1] STRUCT s size=4 vlen=1 Loop detected")]
#[case::pointer_to_itself(|b: B| { b.record("s", 8, &[("s", &[2, 0])]).ptr(1); }, Ok(0),
    "[2] PTR (anon) type_id=1")]
#[case::odd_ptr(|b: B| { b.ptr(0).record("s", 16, &[("p", &[1, 4])]); }, BAD,
    "\tp type_id=1 bits_offset=4 Member is not byte aligned")]
#[case::short_ptr(|b: B| { b.ptr(0).record("s", 4, &[("p", &[1, 0])]); }, BAD,
    "\tp type_id=1 bits_offset=0 Member exceeds struct_size")]
#[case::fwd_member(|b: B| { b.plain(kind::FWD, "f", 0).record("s", 4, &[("f", &[1, 0])]); }, BAD,
    "\tf type_id=1 bits_offset=0 Invalid member")]
#[case::var_member(|b: B| { b.start().var("v", 1, 0).record("s", 4, &[("f", &[2, 0])]); }, BAD,
    "\tf type_id=2 bits_offset=0 Invalid member")]
#[case::void_typedef(
    |b: B| { b.plain(kind::TYPEDEF, "t", 0).record("s", 4, &[("f", &[1, 0])]); }, BAD,
    "\tf type_id=1 bits_offset=0 Invalid member")]
#[case::array_member(|b: B| { b.start().array(1, 1, 2).record("s", 4, &[("f", &[2, 0])]); }, BAD,
    "\tf type_id=2 bits_offset=0 Member exceeds struct_size")]
#[case::bits(
    |b: B| { b.start().parts(kind::STRUCT, "s", 4, &[("f", &[1, 5 << 24 | 3])], KFLAG); }, Ok(0),
    "\tf type_id=1 bitfield_size=5 bits_offset=3")]
#[case::many_bits(
    |b: B| { b.start().parts(kind::STRUCT, "s", 8, &[("f", &[1, 33 << 24])], KFLAG); }, BAD,
    "\tf type_id=1 bitfield_size=33 bits_offset=0 Invalid member bitfield_size")]
#[case::odd_int(
    |b: B| { b.start().parts(kind::STRUCT, "s", 8, &[("f", &[1, 3])], KFLAG); }, BAD,
    "\tf type_id=1 bitfield_size=0 bits_offset=3 Invalid member offset")]
#[case::bits_of_bits(
    |b: B| { b.int("b", 4, 7).parts(kind::STRUCT, "s", 8, &[("f", &[1, 3 << 24])], KFLAG); }, BAD,
    "\tf type_id=1 bitfield_size=3 bits_offset=0 Invalid member base type")]
#[case::ptr_bits(
    |b: B| { b.ptr(0).parts(kind::STRUCT, "s", 8, &[("f", &[1, 3 << 24])], KFLAG); }, BAD,
    "\tf type_id=1 bitfield_size=3 bits_offset=0 Invalid member bitfield_size")]
#[case::const_bits(
    |b: B| {
        b.start().plain(kind::CONST, "", 1);
        b.parts(kind::STRUCT, "s", 2, &[("f", &[2, 9 << 24 | 8])], KFLAG);
    }, BAD, "\tf type_id=1 bitfield_size=9 bits_offset=8 Member exceeds struct_size")]
#[case::float(|b: B| { b.plain(kind::FLOAT, "f", 8).record("s", 12, &[("f", &[1, 32])]); }, BAD,
    "\tf type_id=1 bits_offset=32 Member is not properly aligned")]
#[case::float_size(|b: B| { b.plain(kind::FLOAT, "f", 3); }, BAD,
    "[1] FLOAT f size=3 Invalid type_size")]
fn aggregates(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] build: fn(&mut Blob),
    #[case] expected: Said,
    #[case] last: &str,
) {
    check(world, build, expected, last);
}

const ENUM_FLAG: u32 = kind::ENUM << 24 | KFLAG | 1;

#[rstest]
#[case::unsigned(|b: B| { b.parts(kind::ENUM, "e", 4, &[("A", &[u32::MAX])], 0); }, Ok(0),
    "\tA val=4294967295")]
#[case::signed(|b: B| { let a = b.name("A"); b.raw("e", ENUM_FLAG, 4, &[a, u32::MAX]); }, Ok(0),
    "\tA val=-1")]
#[case::odd_size(|b: B| { b.parts(kind::ENUM, "e", 3, &[("A", &[1])], 0); }, BAD,
    "[1] ENUM e size=3 vlen=1 Unexpected size")]
#[case::no_size(|b: B| { b.parts(kind::ENUM, "e", 0, &[("A", &[1])], 0); }, BAD,
    "[1] ENUM e size=0 vlen=1 Unexpected size")]
#[case::no_name(|b: B| { b.parts(kind::ENUM, "e", 4, &[("", &[1])], 0); }, BAD,
    "[1] ENUM e size=4 vlen=1 Invalid name")]
#[case::name_past_the_end(|b: B| { b.raw("e", kind::ENUM << 24 | 1, 4, &[99, 1]); }, BAD,
    "\tInvalid name_offset:99")]
#[case::wide(|b: B| { b.parts(kind::ENUM64, "e", 8, &[("A", &[1, 1])], 0); }, Ok(0),
    "\tA val=4294967297")]
#[case::wide_signed(
    |b: B| { b.parts(kind::ENUM64, "e", 8, &[("A", &[u32::MAX, u32::MAX])], KFLAG); }, Ok(0),
    "\tA val=-1")]
#[case::enum_member(
    |b: B| {
        b.parts(kind::ENUM, "e", 4, &[("A", &[1])], 0).record("s", 2, &[("e", &[1, 0])]);
    }, BAD, "\te type_id=1 bits_offset=0 Member exceeds struct_size")]
#[case::proto(|b: B| { b.start().proto(1, &[("a", &[1]), ("", &[0])]); }, Ok(0),
    "[2] FUNC_PROTO (anon) return=1 args=(1 a, vararg)")]
#[case::only_more(|b: B| { b.proto(0, &[("", &[0])]); }, Ok(0),
    "[1] FUNC_PROTO (anon) return=0 args=(vararg)")]
#[case::nothing(|b: B| { b.proto(0, &[]); }, Ok(0), "[1] FUNC_PROTO (anon) return=0 args=(void)")]
#[case::named_more(|b: B| { b.start().proto(0, &[("a", &[1]), ("b", &[0])]); }, BAD,
    "[2] FUNC_PROTO (anon) return=0 args=(1 a, vararg) Invalid arg#2")]
#[case::void_first(|b: B| { b.start().proto(0, &[("a", &[0]), ("b", &[1])]); }, BAD,
    "[2] FUNC_PROTO (anon) return=0 args=(0 a, 1 b) Invalid arg#1")]
#[case::bad_return(|b: B| { b.proto(9, &[]); }, BAD,
    "[1] FUNC_PROTO (anon) return=9 args=(void) Invalid return type")]
#[case::bad_arg(|b: B| { b.start().proto(0, &[("a", &[9])]); }, BAD,
    "[2] FUNC_PROTO (anon) return=0 args=(9 a) Invalid arg#1")]
#[case::arg_name(|b: B| { b.start().proto(0, &[("a b", &[1])]); }, BAD,
    "[2] FUNC_PROTO (anon) return=0 args=(1 a b) Invalid arg#1")]
#[case::returns_a_func(|b: B| { b.proto(0, &[]).func("f", 1, 0).proto(2, &[]); }, BAD,
    "[3] FUNC_PROTO (anon) return=2 args=(void) Invalid return type")]
#[case::func_of_int(|b: B| { b.start().func("f", 1, 0); }, BAD,
    "[2] FUNC f type_id=1 Invalid type_id")]
#[case::func_anonymous(|b: B| { b.proto(0, &[]).func("", 1, 0); }, BAD,
    "[2] FUNC (anon) type_id=1 Invalid name")]
#[case::extern_func(|b: B| { b.proto(0, &[]).func("f", 1, 2); }, BAD,
    "[2] FUNC f type_id=1 Invalid func linkage")]
#[case::arg_without_name(|b: B| { b.start().proto(0, &[("", &[1])]).func("f", 2, 0); }, BAD,
    "[3] FUNC f type_id=2 Invalid arg#1")]
fn enums_and_functions(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] build: fn(&mut Blob),
    #[case] expected: Said,
    #[case] last: &str,
) {
    check(world, build, expected, last);
}

#[rstest]
#[case::section(|b: B| { b.start().var("v", 1, 1).section(".data", 4, &[[2, 0, 4]]); }, Ok(0),
    "\t type_id=2 offset=0 size=4")]
#[case::empty(|b: B| { b.start().section(".data", 4, &[]); }, Ok(0),
    "[2] DATASEC .data size=4 vlen=0")]
#[case::no_size(|b: B| { b.start().var("v", 1, 1).section(".data", 0, &[[2, 0, 4]]); }, BAD,
    "[3] DATASEC .data size=0 vlen=1 size == 0")]
#[case::any_name(|b: B| { b.start().section("?a b", 4, &[]); }, Ok(0),
    "[2] DATASEC ?a b size=4 vlen=0")]
#[case::unprintable(|b: B| { b.start().section("a\u{1}", 4, &[]); }, BAD,
    "[2] DATASEC a\u{1} size=4 vlen=0 Invalid name")]
#[case::no_name(|b: B| { b.start().section("", 4, &[]); }, BAD,
    "[2] DATASEC (anon) size=4 vlen=0 Invalid name")]
#[case::not_a_var(|b: B| { b.start().section(".data", 4, &[[1, 0, 4]]); }, BAD,
    "\t type_id=1 offset=0 size=4 Not a VAR kind member")]
#[case::too_small(|b: B| { b.start().var("v", 1, 1).section(".data", 4, &[[2, 0, 2]]); }, BAD,
    "\t type_id=2 offset=0 size=2 Invalid size")]
#[case::offset(|b: B| { b.start().var("v", 1, 1).section(".data", 4, &[[2, 4, 4]]); }, BAD,
    "\t type_id=2 offset=4 size=4 Invalid offset")]
#[case::end(|b: B| { b.start().var("v", 1, 1).section(".data", 6, &[[2, 4, 4]]); }, BAD,
    "\t type_id=2 offset=4 size=4 Invalid offset+size")]
#[case::overlap(
    |b: B| { b.start().var("v", 1, 1).section(".data", 8, &[[2, 0, 4], [2, 2, 4]]); }, BAD,
    "\t type_id=2 offset=2 size=4 Invalid offset")]
#[case::var_linkage(|b: B| { b.start().var("v", 1, 2); }, BAD,
    "[2] VAR v type_id=1 linkage=2 Linkage not supported")]
#[case::void_var(|b: B| { b.var("v", 0, 0); }, BAD,
    "[1] VAR v type_id=0 linkage=0 Invalid type_id")]
#[case::fwd_var(|b: B| { b.plain(kind::FWD, "s", 0).var("v", 1, 0); }, BAD,
    "[2] VAR v type_id=1 linkage=0 Invalid type_id")]
#[case::tag(|b: B| { b.start().record("s", 4, &[("a", &[1, 0])]).decl_tag("t", 2, 0); }, Ok(0),
    "[3] DECL_TAG t type=2 component_idx=0")]
#[case::whole(|b: B| { b.start().record("s", 4, &[("a", &[1, 0])]).decl_tag("t", 2, -1); }, Ok(0),
    "[3] DECL_TAG t type=2 component_idx=-1")]
#[case::component(|b: B| { b.start().record("s", 4, &[("a", &[1, 0])]).decl_tag("t", 2, 1); }, BAD,
    "[3] DECL_TAG t type=2 component_idx=1 Invalid component_idx")]
#[case::negative(|b: B| { b.start().decl_tag("t", 1, -2); }, BAD,
    "[2] DECL_TAG t type=1 component_idx=-2 Invalid component_idx")]
#[case::tag_of_int(|b: B| { b.start().decl_tag("t", 1, -1); }, BAD,
    "[2] DECL_TAG t type=1 component_idx=-1 Invalid type_id")]
#[case::no_value(|b: B| { b.record("s", 4, &[]).decl_tag("", 1, -1); }, BAD,
    "[2] DECL_TAG (anon) type=1 component_idx=-1 Invalid value")]
#[case::parameter(
    |b: B| { b.start().proto(0, &[("a", &[1])]).func("f", 2, 0).decl_tag("t", 3, 0); }, Ok(0),
    "[4] DECL_TAG t type=3 component_idx=0")]
#[case::no_parameter(
    |b: B| { b.start().proto(0, &[("a", &[1])]).func("f", 2, 0).decl_tag("t", 3, 1); }, BAD,
    "[4] DECL_TAG t type=3 component_idx=1 Invalid component_idx")]
#[case::of_a_var(|b: B| { b.start().var("v", 1, 0).decl_tag("t", 2, 0); }, BAD,
    "[3] DECL_TAG t type=2 component_idx=0 Invalid component_idx")]
fn sections_and_tags(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] build: fn(&mut Blob),
    #[case] expected: Said,
    #[case] last: &str,
) {
    check(world, build, expected, last);
}

/// Locks, lists and trees in structs (v6.2): no line in the log says what is wrong.
#[rstest]
#[case::lock(&[("l", [2, 0])], 4, Ok(0))]
#[case::two_locks(&[("l", [2, 0]), ("m", [2, 32])], 8, Err(Errno::E2BIG))]
#[case::odd_lock(&[("l", [2, 8])], 8, Err(Errno::EFAULT))]
#[case::list_without_lock(&[("h", [3, 0])], 16, Err(Errno::EINVAL))]
#[case::node(&[("n", [4, 0])], 24, Ok(0))]
#[case::array_of_locks(&[("l", [2, 0]), ("a", [5, 32])], 12, Err(Errno::E2BIG))]
fn special(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] members: &[(&str, [u32; 2])],
    #[case] size: u32,
    #[case] expected: Said,
) {
    let Some(bench) = world.bench() else { return };
    let blob = Blob::of(|b| {
        b.start().record("bpf_spin_lock", 4, &[("val", &[1, 0])]);
        b.record("bpf_list_head", 16, &[]).record("bpf_list_node", 24, &[]);
        let members: Vec<(&str, &[u32])> =
            members.iter().map(|(name, words)| (*name, &words[..])).collect();
        b.array(2, 1, 2).record("s", size, &members);
    });
    let (said, log) = Loader::new(bench).judge(&blob.bytes()).expect("an answer");
    assert_eq!(said, expected, "{log}");
}

/// 32 types may be on the way.
#[rstest]
#[case::deep(32, Ok(0))]
#[case::too_deep(33, Err(Errno::E2BIG))]
fn depth(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] pointers: u32,
    #[case] expected: Said,
) {
    let Some(bench) = world.bench() else { return };
    let blob = Blob::of(|b| {
        for to in 2..=pointers {
            b.ptr(to);
        }
        b.ptr(0);
    });
    let (said, log) = Loader::new(bench).judge(&blob.bytes()).expect("an answer");
    assert_eq!(said, expected, "{log}");
    if expected.is_err() {
        let last = "[1] PTR (anon) type_id=2 Exceeded max resolving depth:32";
        assert_eq!(log.lines().last(), Some(last));
    }
}
