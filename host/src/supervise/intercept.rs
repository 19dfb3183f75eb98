//! System calls other than bpf(2) that loaders make: uname, statfs, fdinfo, perf events, attaching.
//!
//! What is not about the simulated machine goes on to the kernel of this one. A path is read twice
//! then, here and there, and the program could change it in between: it fools nobody but itself.

use super::overlay::uname_release;
use super::pins::Pins;
use super::serve::Supervisor;
use super::target::Target;
use super::{fdinfo, filter::When};
use crate::sys::{Listener, Notification, Reply, own};
use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::Task;
use bpfsim_syscall::bpffs::MOUNT;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsFd;

/// `BPF_FS_MAGIC`. Source: `include/uapi/linux/magic.h`.
const BPF_FS_MAGIC: i64 = 0xcafe_4a11;

/// Bytes of a field of `struct new_utsname`, and where `release` is.
const UTS: u64 = 65;
const UTS_RELEASE: u64 = 2 * UTS;

/// `PERF_EVENT_IOC_SET_BPF`.
const SET_BPF: u32 = 0x4004_2408;

/// `SO_ATTACH_BPF`, `SO_ATTACH_REUSEPORT_EBPF`.
const ATTACH: [u32; 2] = [50, 52];

/// Calls that come here always.
pub(super) const ALWAYS: &[u32] = &[
    libc::SYS_uname as u32,
    libc::SYS_statfs as u32,
    libc::SYS_fstatfs as u32,
    libc::SYS_mount as u32,
    libc::SYS_openat as u32,
    #[cfg(target_arch = "x86_64")]
    {
        libc::SYS_open as u32
    },
    libc::SYS_perf_event_open as u32,
    libc::SYS_sched_setaffinity as u32,
];

/// Calls that come here with these arguments.
pub(super) const WHEN: &[When] = &[
    When { nr: libc::SYS_setsockopt as u32, arg: 2, values: &ATTACH },
    When { nr: libc::SYS_ioctl as u32, arg: 1, values: &[SET_BPF] },
];

impl Supervisor {
    /// Answers a call that is not bpf(2).
    pub(super) fn other(&mut self, listener: &Listener, call: Notification) {
        let [first, second, third, ..] = call.args;
        let reply = match i64::from(call.nr) {
            libc::SYS_uname => self.uname(listener, call, first),
            libc::SYS_statfs | libc::SYS_fstatfs => self.statfs(listener, call),
            libc::SYS_sched_setaffinity => {
                self.tables.moved();
                Reply::Continue
            }
            libc::SYS_mount => self.mount(listener, call),
            libc::SYS_openat => return self.open(listener, call, second, third),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_open => return self.open(listener, call, first, second),
            libc::SYS_perf_event_open => {
                self.note(format!(
                    "process {} wants a perf event; there are none here: ENOSYS, as without \
                     CONFIG_PERF_EVENTS",
                    call.pid
                ));
                Reply::Errno(libc::ENOSYS)
            }
            libc::SYS_setsockopt if first as i32 >= 0 && second as i32 != libc::SOL_SOCKET => {
                Reply::Continue
            }
            libc::SYS_setsockopt => self.attach(listener, call, "setsockopt(2)"),
            libc::SYS_ioctl => self.attach(listener, call, "ioctl(PERF_EVENT_IOC_SET_BPF)"),
            _ => Reply::Errno(libc::ENOSYS),
        };
        // It may be gone.
        let _ = listener.reply(call.id, reply);
    }

    /// A program is to be attached to something of this machine.
    fn attach(&mut self, listener: &Listener, call: Notification, how: &str) -> Reply {
        let fd = match i64::from(call.nr) {
            libc::SYS_ioctl => Some(call.args[2] as u32),
            _ => {
                let mut bytes = [0; 4];
                let read = self.target(listener, call).read(UserAddr(call.args[3]), &mut bytes);
                read.ok().map(|()| u32::from_ne_bytes(bytes))
            }
        };
        let found = fd.and_then(|fd| self.target(listener, call).fd(fd));
        match found {
            // The kernel has the right answer for what is no program.
            None | Some(Err(_)) => Reply::Continue,
            Some(Ok(_)) => {
                self.note(format!(
                    "process {} attaches a program by {how}, which is not modelled: EOPNOTSUPP",
                    call.pid
                ));
                Reply::Errno(libc::EOPNOTSUPP)
            }
        }
    }

    pub(super) fn target<'a>(
        &'a mut self,
        listener: &'a Listener,
        call: Notification,
    ) -> Target<'a> {
        let (caps, online) = (self.options.caps, &self.options.profile.cpus.online);
        Target::new(listener, call, &self.objects, &mut self.tables, caps, online)
    }

    /// uname(2): the release is that of the simulated kernel.
    fn uname(&mut self, listener: &Listener, call: Notification, at: u64) -> Reply {
        let Some(fields) = own::uname() else { return Reply::Continue };
        let mut bytes = fields.to_vec();
        let release = uname_release(self.options.profile.release);
        let field = &mut bytes[UTS_RELEASE as usize..][..UTS as usize];
        field.fill(0);
        field[..release.len()].copy_from_slice(release.as_bytes());
        match self.target(listener, call).write(UserAddr(at), &bytes) {
            Ok(()) => Reply::Value(0),
            Err(_) => Reply::Errno(libc::EFAULT),
        }
    }

    /// statfs(2) and fstatfs(2) of bpffs.
    fn statfs(&mut self, listener: &Listener, call: Notification) -> Reply {
        let Some(device_of_pins) = self.pins.as_ref().map(Pins::device) else {
            return Reply::Continue;
        };
        let [what, at, ..] = call.args;
        let mut target = self.target(listener, call);
        let device = match i64::from(call.nr) {
            libc::SYS_statfs => target.device_of_path(what),
            _ => target.device_of(what as u32),
        };
        match device {
            Some(device) if device == device_of_pins => {
                // simple_statfs(): f_type, f_bsize, nothing to count, f_namelen at byte 64.
                let mut words = [0i64; 15];
                (words[0], words[1], words[8]) = (BPF_FS_MAGIC, 4096, 255);
                words[9] = 4096;
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
                match target.write(UserAddr(at), &bytes) {
                    Ok(()) => Reply::Value(0),
                    Err(_) => Reply::Errno(libc::EFAULT),
                }
            }
            Some(_) | None => Reply::Continue,
        }
    }

    /// mount(2) of a bpffs: there is one, and another would be this machine's.
    fn mount(&mut self, listener: &Listener, call: Notification) -> Reply {
        let target = self.target(listener, call);
        if target.path(call.args[2]).as_deref() != Some(b"bpf") {
            return Reply::Continue;
        }
        drop(target);
        self.note(format!(
            "process {} mounts a bpffs, which is not modelled beside the one at {MOUNT}: EPERM",
            call.pid
        ));
        Reply::Errno(libc::EPERM)
    }

    /// open(2) of `/proc/PID/fdinfo/N`, where N is an object; everything else goes on.
    fn open(&mut self, listener: &Listener, call: Notification, path: u64, flags: u64) {
        let target = self.target(listener, call);
        let asked = target.path(path).and_then(|path| fdinfo::parse(&path, call.pid));
        let found = asked.and_then(|(pid, fd)| Some((pid, fd, target.object_of(pid, fd)?)));
        drop(target);
        let Some((pid, fd, object)) = found else {
            // It may be gone.
            let _ = listener.reply(call.id, Reply::Continue);
            return;
        };
        let text = fdinfo::text(&self.kernel, object, pid, fd);
        let answer = own::memory_file(c"fdinfo").and_then(|file| {
            let mut file = File::from(file);
            file.write_all(text.as_bytes())?;
            file.rewind()?;
            Ok(file)
        });
        let cloexec = flags as i32 & libc::O_CLOEXEC != 0;
        let given = match &answer {
            Ok(file) => listener.reply_fd(call.id, file.as_fd(), cloexec).map(drop),
            Err(_) => Err(libc::ENFILE),
        };
        if let Err(number) = given {
            let _ = listener.reply(call.id, Reply::Errno(number));
        }
    }
}
