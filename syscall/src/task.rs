//! The caller of bpf(2), behind a trait that each front end implements.

use crate::bpffs::Dir;
use crate::core::ObjectId;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;

/// The address is not mapped. Becomes EFAULT, never a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// What the caller may do, as far as bpf(2) asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// CAP_SYS_ADMIN, which before v5.8 is the only one asked for.
    pub sys_admin: bool,
    /// CAP_BPF and CAP_PERFMON (v5.8).
    pub bpf: bool,
    /// CAP_NET_ADMIN.
    pub net_admin: bool,
    /// CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_CHOWN: modes and owners of files do not bind it.
    pub dac_override: bool,
}

impl Caps {
    /// Everything.
    pub const ROOT: Caps = Caps { sys_admin: true, bpf: true, net_admin: true, dac_override: true };
    /// Nothing.
    pub const NONE: Caps =
        Caps { sys_admin: false, bpf: false, net_admin: false, dac_override: false };

    /// bpf_net_capable(), v5.8: CAP_NET_ADMIN, or CAP_SYS_ADMIN instead.
    pub const fn net(self) -> bool {
        self.sys_admin || self.net_admin
    }

    /// May load what ordinary users may not.
    pub const fn privileged(self) -> bool {
        self.sys_admin || self.bpf
    }
}

/// What an fd of a map may be used for by system calls (v4.15): `BPF_F_RDONLY`, `BPF_F_WRONLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Both.
    #[default]
    ReadWrite,
    /// Updates and deletes are EPERM.
    ReadOnly,
    /// Lookups and walks are EPERM.
    WriteOnly,
}

impl Mode {
    /// bpf_get_file_flag(): of `map_flags` or `file_flags`; both bits are EINVAL.
    pub const fn from_flags(flags: u32) -> Result<Mode, Errno> {
        match flags & (BPF_F_RDONLY | BPF_F_WRONLY) {
            0 => Ok(Mode::ReadWrite),
            BPF_F_RDONLY => Ok(Mode::ReadOnly),
            BPF_F_WRONLY => Ok(Mode::WriteOnly),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Lookups and walks may use the fd.
    pub const fn reads(self) -> bool {
        !matches!(self, Mode::WriteOnly)
    }

    /// Updates and deletes may use the fd.
    pub const fn writes(self) -> bool {
        !matches!(self, Mode::ReadOnly)
    }
}

const BPF_F_RDONLY: u32 = 8;
const BPF_F_WRONLY: u32 = 16;

/// A process in a system call: its memory, fds, rights, and the CPU that it is on.
pub trait Task {
    /// Copies from the caller's memory. Reads all or nothing.
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault>;
    /// Copies into the caller's memory, as far as it goes.
    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault>;
    /// Writes in pieces met a fault: all in all `len` bytes were to be written at `at`. Only for
    /// those who keep notes of such things.
    fn wanted(&mut self, at: UserAddr, len: u32) {
        let _ = (at, len);
    }
    /// The object behind an fd; `Err`: there is such an fd, of something else.
    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>>;
    /// A new fd for an object.
    fn install(&mut self, object: ObjectId) -> Result<u32, Errno>;
    /// A new fd for a map that is to be used in this way only. A front end that keeps no modes
    /// gives an fd for everything.
    fn install_as(&mut self, object: ObjectId, mode: Mode) -> Result<u32, Errno> {
        let _ = mode;
        self.install(object)
    }
    /// What the fd may be used for.
    fn mode(&self, fd: u32) -> Mode {
        let _ = fd;
        Mode::ReadWrite
    }
    /// What it may do.
    fn caps(&self) -> Caps;
    /// Its user, as the objects that it makes remember it.
    fn uid(&self) -> u32 {
        0
    }
    /// Its number; none where the front end does not know.
    fn pid(&self) -> Option<u32> {
        None
    }
    /// Its group.
    fn gid(&self) -> u32 {
        0
    }
    /// What the files that it makes do not get.
    fn umask(&self) -> u16 {
        0o022
    }
    /// Where its relative paths begin.
    fn cwd(&self) -> Dir {
        Dir::ROOT
    }
    /// The file behind an fd that is no BPF object. A front end that does not know answers
    /// [`File::Unknown`], and calls that depend on it are not modelled.
    fn file(&self, fd: u32) -> File {
        let _ = fd;
        File::Unknown
    }
    /// Number of the CPU that it runs on.
    fn cpu(&self) -> u32;
}

/// A file that is no BPF object, as far as bpf(2) tells files apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// The front end does not know.
    Unknown,
    /// None of the others: a terminal, a socket, a file on a disk.
    Other,
    /// A directory of bpffs, or one that leads there.
    Directory(Dir),
    /// A directory of cgroup v2, by the cgroup's id.
    Cgroup(u64),
    /// A network namespace, by the number of its inode.
    NetNs(u32),
    /// A perf event.
    PerfEvent,
}

/// An fd of a file that is no BPF object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBpf;
