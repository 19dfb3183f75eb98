//! The files that loaders read beside bpf(2), as the simulated machine would have them.
//!
//! ```text
//! unshare ── tmpfs on /sys/fs/bpf ── files in it ── bound over the real ones ── another tmpfs
//!                                                                                 on top: pins
//! ```
//!
//! Mounts in a namespace of the program's own: nothing of this machine changes. An ordinary user
//! gets the right to mount from a user namespace, in which its number is what it was.

use crate::sys::spawn::Prepare;
use bpfsim_abi::Release;
use bpfsim_syscall::Profile;
use bpfsim_syscall::bpffs::MOUNT;
use nix::unistd::{getegid, geteuid};
use std::ffi::CString;
use std::path::Path;

/// How the program gets mounts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// Only root may do that.
    Mount,
    /// A user namespace allows it.
    User,
}

impl Namespace {
    /// What to try, the best first.
    pub(super) fn to_try() -> &'static [Namespace] {
        if geteuid().is_root() { &[Namespace::Mount, Namespace::User] } else { &[Namespace::User] }
    }
}

/// The release as uname(2) has it.
pub(super) fn uname_release(release: Release) -> String {
    format!("{}.{}.0", release.major, release.minor)
}

/// One file: where it is for the program, and what it says.
struct File {
    path: &'static str,
    text: String,
}

/// What the machine of `profile` says of itself.
fn files(profile: &Profile) -> Vec<File> {
    let cpus = &profile.cpus;
    let release = uname_release(profile.release);
    let file = |path, text: String| File { path, text: text + "\n" };
    let mut files = vec![
        file("/sys/devices/system/cpu/possible", cpus.possible.to_string()),
        file("/sys/devices/system/cpu/present", cpus.possible.to_string()),
        file("/sys/devices/system/cpu/online", cpus.online.to_string()),
        file("/proc/version", format!("Linux version {release} (bpfsim)")),
        file("/proc/sys/kernel/osrelease", release),
    ];
    // From v5.13 on 2 means that it can be changed back.
    let disabled = match (profile.unprivileged_disabled, profile.release >= Release::new(5, 13)) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    };
    files.push(file("/proc/sys/kernel/unprivileged_bpf_disabled", disabled.to_string()));
    // The model interprets.
    files.push(file("/proc/sys/net/core/bpf_jit_enable", "0".to_owned()));
    files
}

fn c(text: impl Into<Vec<u8>>) -> CString {
    // What is written here has no NUL.
    CString::new(text).unwrap_or_default()
}

fn mount(source: &str, target: &str, kind: &str, flags: u64, data: &str) -> Prepare {
    Prepare::Mount(c(source), c(target), c(kind), flags, c(data))
}

/// All steps; none where there is no place for them.
pub(super) fn steps(profile: &Profile, namespace: Namespace) -> Vec<Prepare> {
    if !Path::new(MOUNT).is_dir() {
        return Vec::new();
    }
    let mut steps = match namespace {
        Namespace::Mount => vec![Prepare::Unshare(libc::CLONE_NEWNS)],
        Namespace::User => user_namespace(),
    };
    let (uid, gid) = (geteuid(), getegid());
    let private = libc::MS_REC | libc::MS_PRIVATE;
    let tmpfs = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    steps.push(mount("none", "/", "none", private, ""));
    steps.push(mount("bpfsim", MOUNT, "tmpfs", tmpfs, "mode=0755"));
    for (index, file) in files(profile).into_iter().enumerate() {
        let staged = c(format!("{MOUNT}/{index}"));
        steps.push(Prepare::Create(staged.clone(), c(file.text)));
        let (none, flags) = (c("none"), libc::MS_BIND);
        steps.push(Prepare::MountIfThere(staged, c(file.path), none, flags, c("")));
    }
    if Path::new(BTF).is_dir() {
        steps.push(mount("bpfsim", BTF, "tmpfs", tmpfs, "mode=0755"));
    }
    let data = format!("mode=1777,uid={uid},gid={gid}");
    steps.push(mount("bpf", MOUNT, "tmpfs", tmpfs, &data));
    steps.push(Prepare::Send(c(MOUNT)));
    steps
}

/// The machine's own types are not those of the simulated kernel.
const BTF: &str = "/sys/kernel/btf";

/// A namespace in which the user is who it was.
fn user_namespace() -> Vec<Prepare> {
    let write = |path: &str, text: String| Prepare::Write(c(path), c(text));
    let (uid, gid) = (geteuid(), getegid());
    vec![
        Prepare::Unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS),
        write("/proc/self/setgroups", "deny".to_owned()),
        write("/proc/self/uid_map", format!("{uid} {uid} 1")),
        write("/proc/self/gid_map", format!("{gid} {gid} 1")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfsim_sim::Topology;
    use rstest::rstest;

    #[rstest]
    #[case::old(Release::new(4, 9), false, "4.9.0", "0")]
    #[case::disabled(Release::new(5, 10), true, "5.10.0", "1")]
    #[case::can_be_changed(Release::new(6, 18), true, "6.18.0", "2")]
    fn files_are_of_the_simulated_machine(
        #[case] release: Release,
        #[case] disabled: bool,
        #[case] uname: &str,
        #[case] sysctl: &str,
    ) {
        let cpus = Topology {
            possible: "0-3,8".parse().expect("a list"),
            online: "0-1".parse().expect("a list"),
        };
        let profile = Profile::release(release).expect("known");
        let profile = Profile { cpus, unprivileged_disabled: disabled, ..profile };
        let files = files(&profile);
        let text = |name: &str| {
            let file = files.iter().find(|file| file.path.ends_with(name)).expect("there");
            file.text.trim_end_matches('\n')
        };
        assert_eq!((text("/possible"), text("/online")), ("0-3,8", "0-1"));
        assert_eq!((text("/osrelease"), text("_disabled")), (uname, sysctl));
    }
}
