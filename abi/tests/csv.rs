//! The build script's reader: a malformed row is refused with its file and line.

#[path = "../build/csv.rs"]
#[expect(dead_code, reason = "the build script uses all of it")]
mod csv;
#[path = "../build/names.rs"]
#[expect(dead_code, reason = "the build script uses all of it")]
mod names;

use rstest::rstest;

const GOOD: &str = "kind,name,number,first_version,source\ncmd,BPF_X,7,4.4,\"a,b\"";

fn build(text: &str) -> Result<String, String> {
    let parsed = csv::parse("data/x.csv", text).map_err(|bad| bad.to_string())?;
    names::numbered(&parsed, "cmd", names::Style::Verbatim).map_err(|bad| bad.to_string())
}

#[test]
fn a_good_row_becomes_an_entry_and_a_constant() {
    let text = build(GOOD).unwrap();
    assert!(text.contains("pub const BPF_X: u32 = 7;"), "{text}");
    assert!(text.contains("since: Release::new(4, 4), is_alias: false"), "{text}");
}

#[rstest]
#[case::missing_cell("cmd,BPF_X,7,4.4", "4 cells where the header has 5")]
#[case::open_quote("cmd,BPF_X,7,4.4,\"a", "a quoted cell does not end")]
#[case::no_number("cmd,BPF_X,seven,4.4,a", "number 'seven' is not a number")]
#[case::no_release("cmd,BPF_X,7,4.x,a", "first_version '4.x' is not a release X.Y")]
#[case::no_name("cmd,B-X,7,4.4,a", "name 'B-X' is not a kernel name")]
#[case::twice("cmd,BPF_X,7,4.4,a\ncmd,BPF_X,7,4.4,a", "BPF_X stands here twice")]
fn a_bad_row_is_named(#[case] row: &str, #[case] why: &str) {
    let error = build(&GOOD.replace("cmd,BPF_X,7,4.4,\"a,b\"", row)).unwrap_err();
    let line = 2 + row.matches('\n').count();
    assert_eq!(error, format!("data/x.csv:{line}: {why}"));
}
