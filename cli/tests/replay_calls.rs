//! `bpfsim replay-calls`: the four exit statuses, and what is printed beside them.

mod run;

use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_syscall::{Caps, Kernel, Process, Profile};
use bpfsim_trace::{Header, Recorder};
use rstest::rstest;
use run::{command, finish};
use std::path::PathBuf;
use zerocopy::IntoBytes;

/// An array, and the first key of it by a NULL key, which v4.12 was the first to answer.
fn trace() -> String {
    let release = "6.18".parse().expect("a release");
    let profile = Profile::release(release).expect("a known release");
    let mut text = Header::new(&profile, Caps::ROOT).to_json();
    let (mut kernel, mut process) = (Kernel::new(profile), Process::default());
    let mut recorder = Recorder::default();
    let create = MapCreateAttr {
        map_type: 2,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..MapCreateAttr::default()
    };
    let value = process.alloc(&[0xff; 4]);
    let next = MapElemAttr { map_fd: 3, value, ..MapElemAttr::default() };
    for (cmd, attr) in [(0, &create.as_bytes()[..16]), (4, next.as_bytes())] {
        let at: UserAddr = process.alloc(attr);
        let size = attr.len() as u32;
        let (answer, line) = recorder.call(&mut kernel, &mut process, cmd, at, size);
        answer.expect("v6.18 answers");
        text += &line.to_json();
    }
    text
}

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the folder for temporary files can be written");
    path.to_str().expect("text").to_owned()
}

const DIFFERENT: &str = "call 2 (line 3) BPF_MAP_GET_NEXT_KEY: answer
  recorded, v6.18  0
  replayed, v4.11  EFAULT";

#[rstest]
#[case::same("", 0, "2 calls, recorded on v6.18: v6.18 answers the same\n")]
#[case::later("--kernel 7.2", 0, "2 calls, recorded on v6.18: v7.2 answers the same\n")]
#[case::earlier("--kernel 4.11", 1, DIFFERENT)]
#[case::json("--kernel 4.12 --json", 0, "{\n  \"detail\": {\n    \"calls\": 2\n  }")]
fn verdicts(#[case] options: &str, #[case] status: i32, #[case] want: &str) {
    let path = file(&format!("replay-{}.jsonl", options.replace([' ', '-'], "")), &trace());
    let args: Vec<&str> =
        ["replay-calls", &path].into_iter().chain(options.split_whitespace()).collect();
    let ran = finish(&mut command(&args));
    assert_eq!((ran.status, ran.err.as_str()), (status, ""));
    assert!(ran.out.starts_with(want), "{}", ran.out);
}

#[test]
fn a_bad_line_is_named() {
    let path = file("replay-bad.jsonl", &(trace() + "{\"call\":3}\n"));
    let ran = finish(&mut command(&["replay-calls", &path]));
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let want = format!("bpfsim: {path}:4: missing field `cmd`");
    assert!(ran.err.starts_with(&want), "{}", ran.err);
    assert!(ran.err.contains("a trace is what `bpfsim run --record FILE` writes"), "{}", ran.err);
}
