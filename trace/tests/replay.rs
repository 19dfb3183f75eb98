//! Traces that are recorded on one profile and replayed on another.

use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_syscall::{Caps, Kernel, Process, Profile};
use bpfsim_trace::{Header, Recorder, Replayed, Trace, replay};
use rstest::rstest;
use zerocopy::{Immutable, IntoBytes};

fn profile(release: &str) -> Profile {
    Profile::release(release.parse().expect("a release")).expect("a known release")
}

/// Records calls of one process.
struct Session {
    kernel: Kernel,
    process: Process,
    recorder: Recorder,
    text: String,
}

impl Session {
    fn at(release: &str) -> Self {
        let profile = profile(release);
        let text = Header::new(&profile, Caps::ROOT).to_json();
        let (kernel, process) = (Kernel::new(profile), Process::default());
        Self { kernel, process, recorder: Recorder::default(), text }
    }

    fn call<T: IntoBytes + Immutable>(&mut self, cmd: u32, arm: &T) -> Option<u32> {
        let (at, size) = (self.process.alloc(arm.as_bytes()), size_of::<T>() as u32);
        let (answer, line) = self.recorder.call(&mut self.kernel, &mut self.process, cmd, at, size);
        self.text += &line.to_json();
        answer.ok()
    }

    fn map(&mut self, map_type: u32, value_size: u32, map_flags: u32) -> u32 {
        let arm = MapCreateAttr {
            map_type,
            key_size: 4,
            value_size,
            max_entries: 4,
            map_flags,
            ..MapCreateAttr::default()
        };
        self.call(0, &arm).expect("a map")
    }

    fn elem(&mut self, cmd: u32, map_fd: u32, key: UserAddr, value: UserAddr, flags: u64) {
        let arm = MapElemAttr { map_fd, key, value, flags, ..MapElemAttr::default() };
        self.call(cmd, &arm);
    }

    fn close(&mut self, fd: u32) {
        self.text += &self.recorder.closed(fd).to_json();
        let object = self.process.close(fd).expect("an open fd");
        self.kernel.release(object);
    }

    fn trace(&self) -> Trace {
        Trace::parse(&self.text).expect("a trace")
    }
}

/// Two maps, an update, lookups with and without a fault, a closed fd whose number comes back.
fn recorded(release: &str) -> Session {
    let mut session = Session::at(release);
    let hash = session.map(1, 8, 0);
    let array = session.map(2, 8, 0);
    let (key, value) = (session.process.alloc(&[1, 0, 0, 0]), session.process.alloc(&[7; 8]));
    let (short, room) = (session.process.alloc(&[0; 4]), session.process.alloc(&[0; 8]));
    session.elem(2, hash, key, value, 0);
    session.elem(1, hash, key, room, 0);
    session.elem(1, hash, key, short, 0);
    session.elem(1, hash, UserAddr::NULL, room, 0);
    session.elem(4, array, UserAddr::NULL, room, 0);
    session.close(hash);
    session.elem(1, hash, key, room, 0);
    let again = session.map(1, 8, 0);
    assert_eq!(again, hash);
    session.elem(1, again, key, room, 0);
    session
}

#[rstest]
fn same_release_same_calls(#[values("3.19", "4.4", "5.15", "6.18", "7.2")] release: &str) {
    let session = recorded(release);
    let trace = session.trace();
    assert_eq!(trace.to_text(), session.text);
    assert_eq!(replay(&trace, profile(release)), Ok(Replayed::Same(10)));
}

/// v4.12 lets a NULL key ask for the first; before, it could not be read.
#[test]
fn first_difference_between_releases() {
    let trace = recorded("6.18").trace();
    let Ok(Replayed::Different(difference)) = replay(&trace, profile("4.11")) else {
        panic!("a NULL key is EFAULT there");
    };
    assert_eq!(difference.call, 7);
    assert_eq!(difference.line, 8);
    assert_eq!(difference.name, "BPF_MAP_GET_NEXT_KEY");
    assert_eq!(difference.field, "answer");
    assert_eq!((difference.recorded.as_str(), difference.replayed.as_str()), ("0", "EFAULT"));
}

#[test]
fn bytes_that_differ_are_shown() {
    let mut session = recorded("6.18");
    session.text = session.text.replacen("0707070707070707", "0707070107070707", 1);
    let trace = session.trace();
    let Ok(Replayed::Different(difference)) = replay(&trace, profile("6.18")) else {
        panic!("another byte was stored");
    };
    assert_eq!((difference.call, difference.name.as_str()), (4, "BPF_MAP_LOOKUP_ELEM"));
    assert!(difference.field.starts_with("memory at 0x"), "{}", difference.field);
    assert_eq!(difference.recorded, "07 07 07 07 07");
    assert_eq!(difference.replayed, "01 07 07 07 07");
}

/// Ids are inputs: those of a busy machine come back.
#[test]
fn ids_are_those_of_the_trace() {
    let mut session = recorded("6.18");
    session.text = session.text.replace("\"map1\"", "\"map4711\"");
    assert_eq!(replay(&session.trace(), profile("6.18")), Ok(Replayed::Same(10)));
}

/// A call that the simulator has no answer to says nothing about the next ones.
#[test]
fn what_is_not_modelled_on_both_is_passed_over() {
    let mut session = recorded("6.18");
    let program = [0u8; 8];
    let insns = session.process.alloc(&program);
    // prog_flags 8 is a flag of v6.18 that is not modelled.
    let mut attr = [0u8; 48];
    (attr[0], attr[4], attr[44]) = (1, 1, 8);
    attr[8..16].copy_from_slice(&insns.0.to_le_bytes());
    let answer = session.call(5, &attr);
    assert_eq!(answer, None);
    session.map(2, 8, 0);
    let trace = session.trace();
    match replay(&trace, profile("6.18")) {
        Ok(Replayed::Same(calls)) => assert_eq!(calls, 12),
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case::empty("", 1, "the trace is empty")]
#[case::no_header("{}", 1, "no schema where a header")]
#[case::other_schema("{\"schema\":\"bpfsim.trace/9\"}", 1, "schema 'bpfsim.trace/9' where")]
#[case::no_json("HEADER\n{", 2, "EOF while parsing")]
#[case::field("HEADER\n{\"call\":1,\"cmmd\":0}", 2, "unknown field `cmmd`")]
#[case::address("HEADER\n\n{\"call\":1,\"cmd\":0,\"attr\":\"16\"}", 3, "'16' is no address")]
#[case::close("HEADER\n{\"close\":-1}", 2, "invalid value: integer `-1`")]
fn bad_lines(#[case] text: &str, #[case] line: usize, #[case] want: &str) {
    let header = Header::new(&profile("6.18"), Caps::ROOT).to_json();
    let error = Trace::parse(&text.replace("HEADER", header.trim())).expect_err("no trace");
    assert_eq!(error.line, line, "{error}");
    assert!(error.what.contains(want), "{error}");
}

#[test]
fn an_object_from_nowhere_is_bad() {
    let mut session = recorded("6.18");
    let second = session.text.find("{\"call\":2").expect("a second call");
    let first = session.text.find("{\"call\":1").expect("a first call");
    session.text.replace_range(first..second, "");
    let error = replay(&session.trace(), profile("6.18")).expect_err("no such object");
    assert_eq!(error.line, 3);
    assert!(error.what.contains("map1, which no call before has made"), "{error}");
}

#[rstest]
#[case::no_list("x", "0", "is not a list of CPUs")]
#[case::not_possible("0-1", "0,2", "CPU 2 is on line and not possible")]
fn bad_cpus(#[case] possible: &str, #[case] online: &str, #[case] want: &str) {
    let mut header = Header::new(&profile("6.18"), Caps::NONE);
    (header.possible, header.online) = (possible.to_owned(), online.to_owned());
    let error = header.furnish(&mut profile("6.18")).expect_err("bad CPUs");
    assert!(error.what.contains(want), "{error}");
}
