//! `bpfsim run` on programs in C, as this user and as nobody. Skipped, with the reason, where there
//! is no C compiler.

mod run;

use rstest::rstest;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The user `nobody`.
const NOBODY: u32 = 65534;

/// Who runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    Own,
    Nobody,
}

/// A folder that everybody may enter, with a copy of the command.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("bpfsim-run-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let command = folder.join("bpfsim");
    if !command.exists() {
        let other = folder.join(format!("bpfsim-{:?}", std::thread::current().id()));
        std::fs::copy(env!("CARGO_BIN_EXE_bpfsim"), &other).expect("a copy");
        std::fs::rename(&other, &command).expect("a name");
    }
    folder
}

/// Builds a target; the reason where there is no way to.
fn build(name: &str, flags: &[&str]) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets");
    let built =
        folder().join(format!("{name}-{:?}{}", std::thread::current().id(), flags.concat()));
    let mut command = Command::new("cc");
    command.args(["-O1", "-Wall", "-pthread", "-o"]).arg(&built).args(flags);
    let output = command.arg(source.join(format!("{name}.c"))).output();
    let output = output.map_err(|error| format!("no C compiler: {error}"))?;
    match output.status.success() {
        true => Ok(built),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// `bpfsim run` with these arguments; `None`, said aloud, where it is not possible as that user.
fn supervised(user: User, args: &[&str], program: &Path) -> Option<Output> {
    let mut command = Command::new(folder().join("bpfsim"));
    command.arg("run").args(args).arg("--").arg(program);
    if user == User::Nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
    match command.output() {
        Ok(output) if refused(&output) => {
            println!("skipped: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: as {user:?}: {error}");
            None
        }
    }
}

/// This machine lets nobody supervise.
fn refused(output: &Output) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    output.status.code() == Some(125) && text.contains("seccomp(2) answers")
}

macro_rules! built {
    ($built:expr) => {
        match $built {
            Ok(path) => path,
            Err(why) => return println!("skipped: {why}"),
        }
    };
}

#[rstest]
#[case::plain("plain", &[])]
#[case::static_binary("plain", &["-static"])]
#[case::wild_pointers("wild", &[])]
#[case::forks_and_exec("forks", &[])]
#[case::threads("threads", &[])]
#[case::mapped("mapped", &[])]
#[case::killed_at_random("storm", &[])]
#[case::other_entries("entries", &["-static"])]
fn a_program_finds_a_kernel(
    #[case] name: &str,
    #[case] flags: &[&str],
    #[values(User::Own, User::Nobody)] user: User,
) {
    let program = built!(build(name, flags));
    let Some(output) = supervised(user, &["--kernel", "6.18"], &program) else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    let loud = text.contains("which is not simulated: ENOSYS");
    assert_eq!(loud, name == "entries", "{text}");
}

/// Where mounts are not allowed, what needs none.
#[rstest]
fn it_finds_the_files_of_that_machine(#[values(User::Own, User::Nobody)] user: User) {
    let program = built!(build("files", &[]));
    let machine = ["-v", "--kernel", "5.15", "--cpus", "possible=0-3,8,online=0-1"];
    let Some(probe) = supervised(user, &machine, Path::new("true")) else { return };
    let bare = String::from_utf8_lossy(&probe.stderr).contains("no mounts of its own");
    let mut command = Command::new(folder().join("bpfsim"));
    command.arg("run").args(machine).arg("--").arg(program).args(bare.then_some("bare"));
    if user == User::Nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    assert!(
        text.contains("wants a perf event") && text.contains("attaches a program by"),
        "{text}"
    );
}

#[test]
fn calls_are_traced_and_recorded() {
    let program = built!(build("plain", &[]));
    let record = folder().join("plain.jsonl");
    let path = record.to_str().expect("a path");
    let args = ["--kernel", "6.18", "--trace", "--record", path];
    let Some(output) = supervised(User::Own, &args, &program) else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let created = "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=4, value_size=8, \
                   max_entries=4, map_flags=0, ";
    assert!(lines[0].starts_with(created) && lines[0].ends_with("}, 72) = 3"), "{}", lines[0]);
    assert!(lines[1].starts_with("bpf(BPF_MAP_UPDATE_ELEM, {map_fd=3, key=0x"), "{}", lines[1]);
    assert!(lines[3].contains(" = -1 ENOENT (No such file or directory)"), "{}", lines[3]);
    let replayed = run::finish(&mut run::command(&["replay-calls", path]));
    let want = format!("{} calls, recorded on v6.18: v6.18 answers the same\n", lines.len());
    assert_eq!(replayed.out, want);
}

#[test]
fn other_entries_do_nothing_to_a_real_kernel_either() {
    // The same program on the real kernel ends otherwise: the test above tests something.
    let program = built!(build("plain", &[]));
    let output = Command::new(&program).uid(NOBODY).output();
    assert!(!output.is_ok_and(|output| output.status.success()), "bpf(2) is refused to nobody");
}

#[rstest]
#[case::status("exit 7", Some(7), None)]
#[case::signal("kill -TERM $$", None, Some(15))]
#[case::core("ulimit -c 0; kill -SEGV $$", None, Some(11))]
fn it_ends_as_the_program(
    #[case] script: &str,
    #[case] code: Option<i32>,
    #[case] signal: Option<i32>,
) {
    let mut command = run::command(&["run", "--", "sh", "-c", script]);
    let output = command.output().expect("it starts");
    if !refused(&output) {
        assert_eq!((output.status.code(), output.status.signal()), (code, signal));
    }
}

#[rstest]
#[case::no_program(&["run", "--", "no-such-program"], 127, "no-such-program: no such program")]
#[case::no_executable(&["run", "--", "/etc/passwd"], 126, "/etc/passwd: cannot be executed")]
#[case::no_command(&["run"], 125, "required arguments were not provided")]
#[case::release(&["run", "--kernel", "9.9", "--", "true"], 125, "no known release")]
#[case::cpus(&["run", "--cpus", "possible=0,online=1", "--", "true"], 125, "CPU 1 cannot be online")]
#[case::caps(&["run", "--caps", "cap_bfp", "--", "true"], 125, "'cap_bfp' is no capability")]
fn our_own_failures_have_the_statuses_of_env(
    #[case] args: &[&str],
    #[case] status: i32,
    #[case] why: &str,
) {
    let ran = run::finish(&mut run::command(args));
    if ran.status == 125 && ran.err.contains("seccomp(2) answers") {
        return println!("skipped: {}", ran.err);
    }
    assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{}", ran.err);
    assert!(ran.err.contains(why), "{}", ran.err);
}

#[test]
fn signals_are_passed_on() {
    let mut command = run::command(&[
        "run",
        "--",
        "sh",
        "-c",
        "trap 'exit 5' USR1; echo; while :; do sleep 0.05; done",
    ]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    let mut byte = [0];
    let out = child.stdout.as_mut().expect("a pipe");
    let ready = std::io::Read::read(out, &mut byte).expect("a pipe") == 1;
    if ready {
        let kill = Command::new("kill").args(["-USR1", &child.id().to_string()]).status();
        assert!(kill.is_ok_and(|status| status.success()));
    }
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(if ready { 5 } else { 125 }));
}

#[test]
fn a_second_listener_is_refused_with_the_reason() {
    let own = folder().join("bpfsim");
    let args = ["run", "--", own.to_str().expect("a path"), "run", "--", "true"];
    let output = run::command(&args).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{text}");
    assert!(text.contains("seccomp(2) answers"), "{text}");
}
