//! The text of cases: what is read prints the same, and what is wrong is named.

use bpfsim_conform::parse;
use rstest::rstest;

const WHOLE: &str = "\
# Everything that a case can say.
case whole
  source kernel kernel/bpf/syscall.c map_lookup_elem v6.18
  kernels 4.6..5.3, 5.5, 5.7..<6.0
  needs caps=none cpus=4 unprivileged_bpf_disabled=0
  for $type:$bytes in HASH:8 PERCPU_HASH:8*ncpus
  for $cmd in MAP_LOOKUP_ELEM MAP_UPDATE_ELEM
  # A map.
  mem key = u32 1
  mem value = u8 1 2 u64 -1 hex 00ff \"GPL\\0\\x01\" zero $bytes fill 0xaa 4 repeat ncpus ( u64 7 )
  prog p
    | r0 = 0
    | exit
  m = MAP_CREATE map_type=$type key_size=4 value_size=8 max_entries=2 map_name=\"a b\"
  [5.1..] write key = u32 2
  CMD 999 [0..4]=0xff [attr-1]=1 size=attr+1 mapped=size-1 -> EINVAL
  MAP_DELETE_ELEM at=kernel size=16 -> EFAULT ..<5.8, E2BIG or EFAULT
  PROG_LOAD insns=&p insn_cnt=len(p)/8 license=&value+4
  attr log_true_size=0 [0..4]=1
  attr untouched
  let id = value[0..4]
  let next = attr.prog_flags
  expect value[..4] = u32 id
  expect value[4..] untouched
  set key value[0..4] = u32 1, u32 2
  close m
  $cmd map_fd=m key=&key value=&value -> ENOENT 5.1.., 0
  rows
    # One thing each.
    good
    no-key  key=NULL m:key_size=8 -> EFAULT
      expect value untouched
    by-type m:map_type=ARRAY size=24 -> 0 or ENOENT ..5.3, EPERM
";

#[test]
fn prints_what_it_reads() {
    let text = WHOLE;
    let file = parse("a.case", text).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(file.to_string(), text);
    let again = parse("a.case", &file.to_string()).expect("what was printed");
    assert_eq!(again, file);
}

#[test]
fn expands_to_every_combination() {
    let text = WHOLE;
    let file = parse("a.case", text).expect("cases");
    let plain = file.cases[0].expand("a.case").expect("cases");
    assert_eq!(plain.len(), 2 * 2 * 3);
    assert_eq!(plain[0].name, "whole/HASH/MAP_LOOKUP_ELEM/good");
    assert_eq!(plain[11].name, "whole/PERCPU_HASH/MAP_UPDATE_ELEM/by-type");
    let text = plain[11].to_string();
    assert!(text.contains("zero 8*ncpus"), "{text}");
    assert!(text.contains("map_type=ARRAY key_size=4"), "{text}");
    assert!(text.contains("MAP_UPDATE_ELEM map_fd=m"), "{text}");
    assert!(text.contains("size=24 -> 0 or ENOENT ..5.3, EPERM"), "{text}");
    for case in plain {
        let printed = case.to_string();
        let again = parse("plain", &printed).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(again.to_string(), printed);
    }
}

/// A case of one call, with one line more.
fn with(line: &str) -> String {
    format!("case one\n  source live 6.18\n  mem key = u32 1\n  MAP_CREATE map_type=HASH\n  {line}")
}

#[rstest]
#[case::fine("attr map_flags=0", None)]
#[case::command("MAP_CRAETE map_type=1", Some("'MAP_CRAETE' is no command"))]
#[case::suggested("MAP_CRAETE map_type=1", Some("did you mean 'MAP_CREATE'?"))]
#[case::field("MAP_CREATE map_typ=1", Some("has no field 'map_typ'; did you mean 'map_type'?"))]
#[case::constant("MAP_CREATE map_type=HASCH", Some("nothing is called 'HASCH'"))]
#[case::buffer("MAP_DELETE_ELEM key=&kye", Some("no buffer is called 'kye'"))]
#[case::fd("MAP_DELETE_ELEM map_fd=m", Some("nothing is called 'm' up to here"))]
#[case::twice("mem key = u32 1", Some("is a buffer already"))]
#[case::outcome("MAP_CREATE -> EINVALID", Some("did you mean 'EINVAL'?"))]
#[case::no_outcome("MAP_CREATE ->", Some("an outcome is missing"))]
#[case::range("MAP_CREATE -> EINVAL 9.9..", Some("v9.9 is no known release"))]
#[case::comma("MAP_CREATE -> EINVAL 4.6.. fd", Some("a ',' is missing"))]
#[case::image("mem a = 1", Some("'1' begins no piece of an image"))]
#[case::hex("mem a = hex 0", Some("is no hex"))]
#[case::text("mem a = \"GPL", Some("the closing quote is missing"))]
#[case::escape("mem a = \"\\q\"", Some("behind '\\' stands"))]
#[case::repeat("mem a = repeat 2 ( u8 1", Some("')' is missing"))]
#[case::special("mem size = u8 1", Some("'size' is taken"))]
#[case::param("MAP_CREATE map_type=$x", Some("$x has no value"))]
#[case::row("rows\n    bad m:key_size=1", Some("no call makes 'm'"))]
#[case::no_rows("rows", Some("'rows' without a row"))]
#[case::column("x\ncose two", Some("'x' is no command"))]
#[case::need("needs luck=1", Some("'luck=1' cannot be needed"))]
#[case::origin("source somebody", Some("write 'live RELEASE'"))]
#[case::again("close key\ncase one", Some("nothing is called 'key'"))]
fn names_what_is_wrong(#[case] line: &str, #[case] why: Option<&str>) {
    match (parse("b.case", &with(line)), why) {
        (Ok(_), None) => {}
        (Err(problem), Some(why)) => {
            let text = problem.to_string();
            assert!(text.starts_with("b.case:") && text.contains(why), "{text}");
        }
        (parsed, _) => panic!("{parsed:?}"),
    }
}

#[rstest]
#[case::nothing("", 0)]
#[case::a_comment("# only", 0)]
#[case::one("case a\n  source live 6.18\n  MAP_CREATE\n", 1)]
fn counts(#[case] text: &str, #[case] cases: usize) {
    assert_eq!(parse("c.case", text).expect("cases").cases.len(), cases);
}

#[rstest]
#[case::no_case("MAP_CREATE", "begins no case")]
#[case::no_source("case a\n  MAP_CREATE", "says where it comes from")]
#[case::no_call("case a\n  source live 6.18", "calls nothing")]
#[case::same(
    "case a\n  source live 6.18\n  MAP_CREATE\ncase a\n  source live 6.18\n  MAP_CREATE",
    "'a' is already a case, of line 1"
)]
fn refuses(#[case] text: &str, #[case] why: &str) {
    let problem = parse("d.case", text).expect_err("no cases").to_string();
    assert!(problem.contains(why), "{problem}");
}

/// Whatever is cut off or changed, there is an answer and no panic.
#[test]
fn any_prefix_and_any_letter_has_an_answer() {
    for (at, _) in WHOLE.char_indices() {
        parse("cut", &WHOLE[..at]).ok();
        for letter in ["(", "\"", "$", "-", "[", "\u{e4}", "\n"] {
            let text = format!("{}{letter}{}", &WHOLE[..at], &WHOLE[at + 1..]);
            if let Ok(file) = parse("changed", &text) {
                let printed = file.to_string();
                let again = parse("again", &printed);
                let again = again.unwrap_or_else(|problem| panic!("{problem}\n{text}\n{printed}"));
                assert_eq!(again.to_string(), printed);
            }
        }
    }
}
