//! `bpfsim kernels`: figures restated from the kernel's headers, and bad input.

use rstest::rstest;
use std::process::{Command, Output};

fn bpfsim(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpfsim")).args(args).output().expect("it starts")
}

fn text(args: &[&str]) -> String {
    let output = bpfsim(args);
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[rstest]
#[case::first_maps("v3.19", "40", "6")]
#[case::pins("v4.4", "48", "8")]
#[case::attach("v4.10", "48", "10")]
#[case::today("v6.18", "168", "38")]
fn lists_sizes_and_commands(#[case] release: &str, #[case] attr: &str, #[case] commands: &str) {
    let list = text(&["kernels", "list"]);
    let line = list.lines().find(|line| line.split_whitespace().next() == Some(release));
    let cells: Vec<&str> = line.expect("the release").split_whitespace().collect();
    assert_eq!((cells[1], cells[2]), (attr, commands));
}

#[test]
fn lists_every_release() {
    assert_eq!(text(&["kernels"]).lines().count(), 1 + 66);
}

#[rstest]
#[case::percpu(&["kernels", "show", "4.6"], "BPF_MAP_TYPE_PERCPU_HASH=5 BPF_MAP_TYPE_PERCPU_ARRAY=6")]
#[case::batch(&["kernels", "diff", "5.5", "v5.6"], "BPF_MAP_LOOKUP_BATCH=24")]
#[case::nothing(&["kernels", "show", "6.3"], "new in it")]
#[case::root(&["kernels", "show", "4.3"], "CAP_SYS_ADMIN alone may call bpf(2)")]
#[case::sysctl(&["kernels", "show", "5.15"], "unprivileged_bpf_disabled is 0")]
#[case::overlay(&["kernels", "show", "5.15", "--overlay", "rhel"], "unprivileged_bpf_disabled is set")]
#[case::left_out(&["kernels", "show", "6.1", "--overlay", "lockdown"], "left out of it 5 helpers bpf_probe_read ")]
#[case::overlays(&["kernels", "overlays"], "lockdown v5.15 on lockdown=confidentiality")]
#[case::overlay_text(&["kernels", "overlays", "rhel"], "schema = \"overlay/1\" name = \"rhel\"")]
fn names_what_is_new(#[case] args: &[&str], #[case] expected: &str) {
    let found = text(args).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(found.contains(expected), "{found}");
}

#[rstest]
#[case::backwards(&["kernels", "diff", "5.6", "5.5"], "name the earlier release first")]
#[case::unknown(&["kernels", "show", "9.9"], "no known release")]
#[case::stable(&["kernels", "show", "5.15.3"], "not a kernel release")]
#[case::overlay(&["kernels", "overlays", "rhell"], "did you mean 'rhel'?")]
#[case::too_old(&["kernels", "show", "5.4", "--overlay", "lockdown"], "lockdown fits v5.15 and later")]
#[case::no_file(&["kernels", "show", "5.4", "--overlay", "no.toml"], "cannot be read")]
fn refuses(#[case] args: &[&str], #[case] why: &str) {
    let output = bpfsim(args);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.starts_with("bpfsim: ") && text.contains(why), "{text}");
}
