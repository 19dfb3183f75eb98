//! Debian's bpftool, unchanged: the same script on the real kernel and under `bpfsim run`, output
//! by output. The real one runs as root in a mount namespace with a bpffs of its own, which ends
//! with it. Skipped, with the reason, where there is no bpftool, no root or no Linux 6.18.

mod run;

use rstest::rstest;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const NOBODY: u32 = 65534;

/// Why nothing is compared.
fn missing() -> Option<String> {
    let output = |program: &str, arg: &str| {
        let output = Command::new(program).arg(arg).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    match (output("bpftool", "version"), output("uname", "-r"), output("id", "-u")) {
        (None, ..) => Some("no bpftool".to_owned()),
        (_, _, Some(user)) if user.trim() != "0" => Some("not root".to_owned()),
        (_, Some(release), _) if release.starts_with("6.18.") => None,
        (_, release, _) => Some(format!("this is Linux {release:?}, not 6.18")),
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(name)
}

/// Standard output of the script on the real kernel.
fn native(name: &str, args: &[&str]) -> Result<String, String> {
    let mount = "mount -t bpf none /sys/fs/bpf && exec sh \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", mount, "sh"]).arg(script(name)).args(args);
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.is_empty() {
        true => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        false => Ok(text),
    }
}

/// The same under the simulator, as nobody: what was printed, and what bpfsim said.
fn simulated(name: &str, args: &[&str]) -> (String, String) {
    let folder = std::env::temp_dir().join(format!("bpfsim-bpftool-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let own = folder.join(format!("bpfsim-{:?}", std::thread::current().id()));
    // A script that is written again while another test reads it is cut short.
    let text = folder.join(format!("{name}-{:?}", std::thread::current().id()));
    // By another process: a child of this one that has the copy open for writing keeps it busy.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_bpfsim")).arg(&own).status();
    assert!(copied.is_ok_and(|status| status.success()), "a copy");
    std::fs::copy(script(name), &text).expect("a copy");
    let possible = std::fs::read_to_string("/sys/devices/system/cpu/possible").expect("a list");
    let cpus = format!("possible={}", possible.trim());
    let mut command = Command::new(own);
    command.args(["run", "--kernel", "6.18", "--cpus", &cpus, "--", "sh"]).arg(text).args(args);
    let output = command.uid(NOBODY).gid(NOBODY).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Without what differs from run to run, and without memlock and process names, which bpftool reads
/// from elsewhere.
fn comparable(text: &str) -> String {
    let line = |line: &str| {
        let line = match line.split_once(": ") {
            Some((id, rest)) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("ID: {rest}")
            }
            _ => line.to_owned(),
        };
        let line = cut(&cut(&line, "  memlock ", "B"), ",\"bytes_memlock\":", "");
        cut(&line, "\"id\":", "")
    };
    text.lines()
        .map(line)
        .filter(|line| !line.trim_start().starts_with("pids "))
        .fold(String::new(), |all, line| all + &line + "\n")
}

/// Takes out `head`, the number behind it, and `tail`.
fn cut(line: &str, head: &str, tail: &str) -> String {
    match line.split_once(head) {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{}", rest.strip_prefix(tail).unwrap_or(rest))
        }
        None => line.to_owned(),
    }
}

/// What bpftool calls the features that a kernel has: one line each.
fn features(real: bool, release: &str) -> Result<String, String> {
    let probe = ["bpftool", "feature", "probe", "kernel"];
    let mut command = match real {
        true => {
            let mut command = Command::new(probe[0]);
            command.args(&probe[1..]);
            command
        }
        false => {
            let args = ["run", "--kernel", release, "--"];
            run::command(&[&args[..], &probe[..]].concat())
        }
    };
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The kinds of programs that a kernel has where its CONFIG says so: `CONFIG_BPF_LIRC_MODE2`.
const BY_CONFIG: &str = "eBPF program_type lirc_mode2 is ";

/// The lines on program types and map types.
fn types(text: &str) -> Vec<&str> {
    let of_types = |line: &&str| {
        let types = line.starts_with("eBPF program_type ") || line.starts_with("eBPF map_type ");
        types && !line.starts_with(BY_CONFIG)
    };
    text.lines().filter(of_types).collect()
}

/// The helpers that each program type has; none for a type that is not there.
fn helpers(text: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut of = "";
    for line in text.lines() {
        match line.strip_prefix("eBPF helpers supported for program type ") {
            Some(name) => of = name.trim_end_matches(':'),
            None => found.extend(line.strip_prefix("\t- ").map(|helper| (of.to_owned(), helper))),
        }
    }
    found
}

#[test]
fn every_type_is_found_where_it_is() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let (real, simulated) = match (features(true, ""), features(false, "6.18")) {
        (Ok(real), Ok(simulated)) => (real, simulated),
        (Err(why), _) | (_, Err(why)) => return println!("skipped: {why}"),
    };
    assert!(types(&real).len() > 60, "{real}");
    assert_eq!(types(&simulated), types(&real));
    let known = helpers(&real);
    let more = |claim: &(String, &str)| claim.0 != "lirc_mode2" && !known.contains(claim);
    let wrong: Vec<_> = helpers(&simulated).into_iter().filter(more).collect();
    assert!(wrong.is_empty(), "helpers that 6.18 has not: {wrong:?}");
}

/// A type or a helper is found from its release on, and not in the one before.
#[rstest]
#[case::percpu_hash("4.4", "4.6", "eBPF map_type percpu_hash is available")]
#[case::queue("4.19", "4.20", "eBPF map_type queue is available")]
#[case::sk_storage("5.0", "5.2", "eBPF map_type sk_storage is available")]
#[case::ringbuf("5.7", "5.8", "eBPF map_type ringbuf is available")]
#[case::inode_storage("5.9", "5.10", "eBPF map_type inode_storage is available")]
#[case::task_storage("5.10", "5.11", "eBPF map_type task_storage is available")]
#[case::bloom_filter("5.15", "5.16", "eBPF map_type bloom_filter is available")]
#[case::user_ringbuf("6.0", "6.1", "eBPF map_type user_ringbuf is available")]
#[case::xdp("4.7", "4.8", "eBPF program_type xdp is available")]
#[case::struct_ops("5.5", "5.6", "eBPF program_type struct_ops is available")]
#[case::syscall("5.13", "5.14", "eBPF program_type syscall is available")]
#[case::jiffies64("5.5", "5.6", "\t- bpf_jiffies64")]
#[case::boot_ns("5.7", "5.8", "\t- bpf_ktime_get_boot_ns")]
#[case::coarse_ns("5.10", "5.11", "\t- bpf_ktime_get_coarse_ns")]
#[case::tai_ns("6.0", "6.1", "\t- bpf_ktime_get_tai_ns")]
fn a_feature_is_found_from_its_release_on(
    #[case] before: &str,
    #[case] since: &str,
    #[case] line: &str,
) {
    if missing().is_some_and(|why| why == "no bpftool") {
        return println!("skipped: no bpftool");
    }
    for (release, want) in [(before, false), (since, true)] {
        match features(false, release) {
            Ok(text) => assert_eq!(text.lines().any(|found| found == line), want, "{release}"),
            Err(why) => return println!("skipped: {why}"),
        }
    }
}

fn compare(name: &str, args: &[&str]) {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let real = match native(name, args) {
        Ok(text) => text,
        Err(why) => return println!("skipped: {why}"),
    };
    let (simulated, said) = simulated(name, args);
    if said.contains("seccomp(2) answers") || said.contains("not modelled: map type") {
        return println!("skipped: {said}");
    }
    assert_eq!(comparable(&simulated), comparable(&real), "{said}");
}

/// Flags 64 are `BPF_F_ZERO_SEED`: the order of keys is the same then.
#[rstest]
#[case::hash("hash", "key 4 value 8", "64")]
#[case::array("array", "key 4 value 8", "0")]
#[case::percpu_hash("percpu_hash", "key 4 value 8", "64")]
#[case::percpu_array("percpu_array", "key 4 value 8", "0")]
#[case::lru_hash("lru_hash", "key 4 value 8", "64")]
#[case::lru_percpu_hash("lru_percpu_hash", "key 4 value 8", "64")]
#[case::lpm_trie("lpm_trie", "key 8 value 8", "1")]
#[case::queue("queue", "key 0 value 8", "0")]
#[case::stack("stack", "key 0 value 8", "0")]
#[case::bloom_filter("bloom_filter", "key 0 value 8", "0")]
fn a_map_from_its_creation_to_its_end(
    #[case] kind: &str,
    #[case] sizes: &str,
    #[case] flags: &str,
) {
    compare("bpftool-map.sh", &[kind, sizes, flags]);
}

#[test]
fn output_is_made_comparable() {
    let text = "7: hash  name m  flags 0x0\n\tkey 4B  value 8B  max_entries 4  memlock 920B\n\
                \tpids sh(1)\n{\"id\":3,\"x\":1,\"bytes_memlock\":920}\n";
    let want = "ID: hash  name m  flags 0x0\n\tkey 4B  value 8B  max_entries 4\n{,\"x\":1}\n";
    assert_eq!(comparable(text), want);
}

/// A map that is made elsewhere is not seen, and nothing is left behind.
#[test]
fn the_real_kernel_has_no_part_in_it() {
    let args = ["run", "--", "bpftool", "-j", "map", "show"];
    let ran = run::finish(&mut run::command(&args));
    if ran.status == 0 {
        assert_eq!(ran.out.trim(), "[]");
    } else {
        println!("skipped: {}", ran.err);
    }
}

/// The folder of the object is one in which everybody may write.
#[rstest]
#[case::percpu_array("isa_v3.bpf.o", "stats")]
fn a_program_from_its_load_to_its_end(#[case] object: &str, #[case] map: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("bpfsim-object-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&folder, open).expect("it is ours");
    let (built, copy) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs"), folder.join(object));
    std::fs::copy(built.join(object), &copy).expect("a copy");
    compare("bpftool-prog.sh", &[copy.to_str().expect("a name in UTF-8"), map]);
    std::fs::remove_dir_all(&folder).expect("it is ours");
}
