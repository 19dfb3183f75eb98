//! What `series` and `abi` print, word by word, in `golden/*.txt`. `UPDATE=1 cargo test -p bpfsim
//! --test golden` writes them anew: look at the diff before you commit it.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

mod run;

use rstest::rstest;
use std::path::Path;

#[rstest]
#[case::run_help("run-help", 80, "run --help")]
#[case::list("series-list", 80, "series list")]
#[case::nothing_added("series-show-keyed", 80, "series show keyed")]
#[case::helpers("series-show-ming-lei", 80, "series show ming-lei")]
#[case::helpers_wide("series-show-ming-lei-100", 100, "series show ming-lei")]
#[case::reconstructed("series-show-martin-lau", 80, "series show martin-lau")]
#[case::shipped("series-show-merged", 80, "series show merged")]
#[case::flags("series-show-f-cpu", 80, "series show f-cpu")]
#[case::rivals("series-diff-rivals", 80, "series diff ming-lei martin-lau")]
#[case::rivals_wide("series-diff-rivals-100", 100, "series diff ming-lei martin-lau")]
#[case::variants("series-diff-variants", 80, "series diff martin-lau@v1 martin-lau@v2")]
#[case::ten_years("series-diff-ten-years-100", 100, "series diff merged f-cpu")]
#[case::whole("abi-4.5", 80, "abi --kernel 4.5")]
#[case::whole_overlaid("abi-ming-lei", 80, "abi --series ming-lei")]
#[case::arm_reconstructed("abi-martin-lau-elem", 80, "abi --series martin-lau map_elem")]
#[case::command("abi-elem-7.0", 80, "abi --series f-cpu BPF_MAP_LOOKUP_ELEM")]
#[case::nested("abi-link-create-7.2", 80, "abi --kernel 7.2 link_create")]
#[case::deep("abi-link-info-7.2", 80, "abi --kernel 7.2 bpf_link_info")]
#[case::explain("explain-attr-too-long", 80, "explain attr-too-long")]
#[case::explain_errno("explain-E2BIG", 80, "explain E2BIG")]
#[case::explain_json("explain-map-full-json", 2000, "explain map-full --json")]
#[case::explain_help("explain-help", 80, "explain --help")]
#[case::kernels_help("kernels-show-help", 80, "kernels show --help")]
#[case::load_help("load-help", 80, "load --help")]
#[case::kernels_overlay("kernels-show-lockdown", 80, "kernels show 6.1 --overlay lockdown")]
#[case::padding("abi-map-info-4.18", 80, "abi --kernel 4.18 struct bpf_map_info")]
fn prints(#[case] name: &str, #[case] columns: usize, #[case] line: &str) {
    let args: Vec<&str> = match line.split_once(" struct ") {
        Some((before, _)) => before.split(' ').chain([&line[before.len() + 1..]]).collect(),
        None => line.split(' ').collect(),
    };
    let ran = run::finish(run::command(&args).env("COLUMNS", columns.to_string()));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for line in ran.out.lines() {
        assert!(line.chars().count() <= columns, "longer than {columns}: {line}");
        assert_eq!(line, line.trim_end(), "blanks at the end");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &ran.out).expect("the folder can be written");
    }
    let want = std::fs::read_to_string(&path).expect("UPDATE=1 writes it");
    assert_eq!(ran.out, want, "{} differs; UPDATE=1 writes it anew", path.display());
}

#[test]
fn series_alone_lists_them() {
    let alone = run::finish(&mut run::command(&["series"]));
    let list = run::finish(&mut run::command(&["series", "list"]));
    assert_eq!((alone.status, alone.out), (0, list.out));
}
