//! Starting a program under a seccomp filter whose listener comes to this process.
//!
//! ```text
//! this process                     child
//!   socketpair, fork ────────────▶   signal mask, preparations, no_new_privs
//!   receive the listener  ◀───────   seccomp(NEW_LISTENER), send the listener
//!   serve                            execvp: the socket closes, or sends the errno
//! ```

use super::last_errno;
use std::ffi::{CString, c_char};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// What the child does before the filter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prepare {
    /// unshare(2) with these flags.
    Unshare(i32),
    /// Writes text into a file that exists.
    Write(CString, CString),
    /// Creates or truncates a file, and writes text into it.
    Create(CString, CString),
    /// mount(2): source, target, type, flags, data.
    Mount(CString, CString, CString, u64, CString),
    /// As the last, but a target that does not exist is left out.
    MountIfThere(CString, CString, CString, u64, CString),
    /// Sends an `O_PATH` descriptor of this directory to the other side.
    Send(CString),
}

impl Prepare {
    /// The call, and what it is about, for messages.
    pub(crate) fn name(&self) -> String {
        let text = |name: &str, of: &CString| format!("{name} of {}", of.to_string_lossy());
        match self {
            Prepare::Unshare(_) => "unshare(2)".to_owned(),
            Prepare::Write(path, _) | Prepare::Create(path, _) => text("write(2)", path),
            Prepare::Mount(_, path, ..) | Prepare::MountIfThere(_, path, ..) => {
                text("mount(2)", path)
            }
            Prepare::Send(path) => text("open(2)", path),
        }
    }
}

/// How far the child came: the first number of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// One of the preparations, by index.
    Prepared(usize),
    /// prctl(PR_SET_NO_NEW_PRIVS).
    NoNewPrivs,
    /// seccomp(2).
    Filter,
    /// sendmsg(2) of the listener.
    Send,
    /// execvp(3).
    Exec,
}

const NO_NEW_PRIVS: u32 = 1 << 16;
const FILTER: u32 = NO_NEW_PRIVS + 1;
const SEND: u32 = NO_NEW_PRIVS + 2;
const EXEC: u32 = NO_NEW_PRIVS + 3;
/// A descriptor of a directory travels with it.
const DIRECTORY: u32 = NO_NEW_PRIVS + 4;
/// The listener travels with it.
const LISTENER: u32 = NO_NEW_PRIVS + 5;

impl Stage {
    fn of(code: u32) -> Self {
        match code {
            NO_NEW_PRIVS => Stage::NoNewPrivs,
            FILTER => Stage::Filter,
            EXEC => Stage::Exec,
            code if code < NO_NEW_PRIVS => Stage::Prepared(code as usize),
            _ => Stage::Send,
        }
    }
}

/// A child that got as far as its listener.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its number.
    pub(crate) pid: i32,
    /// The listener of its filter.
    pub(crate) listener: OwnedFd,
    /// The directories that were sent, in order.
    pub(crate) directories: Vec<OwnedFd>,
    /// Closes when the program runs; until then `exec_error` may come.
    pub(crate) socket: OwnedFd,
}

/// What stopped a child, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// Where.
    pub(crate) stage: Stage,
    /// The positive error number.
    pub(crate) number: i32,
}

/// All that the child needs, made before it exists: it must not allocate.
struct Plan<'a> {
    argv: Vec<*const c_char>,
    prepare: &'a [Prepare],
    filter: libc::sock_fprog,
    socket: RawFd,
    mask: libc::sigset_t,
}

/// Starts `argv` (found through `PATH`) under `filter`. The environment is this process's own;
/// `mask` is the signal mask that the program gets.
///
/// # Errors
/// What stopped the child before its listener came; it has been waited for.
pub(crate) fn spawn(
    argv: &[CString],
    prepare: &[Prepare],
    filter: &mut [libc::sock_filter],
    mask: libc::sigset_t,
) -> Result<Started, Stopped> {
    let failed = |number| Stopped { stage: Stage::Send, number };
    let (ours, theirs) = socket_pair().map_err(failed)?;
    let mut pointers: Vec<*const c_char> = argv.iter().map(|arg| arg.as_ptr()).collect();
    pointers.push(ptr::null());
    let len = u16::try_from(filter.len()).map_err(|_| failed(libc::E2BIG))?;
    let filter = libc::sock_fprog { len, filter: filter.as_mut_ptr() };
    let socket = theirs.as_raw_fd();
    let plan = Plan { argv: pointers, prepare, filter, socket, mask };
    // SAFETY: 1. The child calls only functions that are safe after fork in a process with
    // threads: system calls and execvp of the C library, which allocates nothing on the heap.
    // 2. It never returns from `child`.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        child(&plan);
    }
    drop(theirs);
    if pid < 0 {
        return Err(failed(last_errno()));
    }
    started(pid, ours)
}

/// Waits for the listener.
fn started(pid: i32, socket: OwnedFd) -> Result<Started, Stopped> {
    let mut directories = vec![];
    loop {
        let stopped = match receive(&socket) {
            Ok(Some((DIRECTORY, _, Some(fd)))) => {
                directories.push(fd);
                continue;
            }
            Ok(Some((LISTENER, _, Some(listener)))) => {
                return Ok(Started { pid, listener, directories, socket });
            }
            Ok(Some((code, number, _))) => Stopped { stage: Stage::of(code), number },
            // It was killed.
            Ok(None) => Stopped { stage: Stage::Send, number: libc::ECHILD },
            Err(number) => Stopped { stage: Stage::Send, number },
        };
        reap(pid);
        return Err(stopped);
    }
}

/// Why the program did not start; `None` when it runs. Blocks until one of them is known.
pub(crate) fn exec_error(socket: &OwnedFd) -> Option<i32> {
    match receive(socket) {
        Ok(Some((_, number, _))) => Some(number),
        Ok(None) => None,
        Err(number) => Some(number),
    }
}

/// Waits for a child.
pub(crate) fn reap(pid: i32) {
    let mut status = 0;
    // SAFETY: 1. `status` is a local that lives until the call returns.
    while unsafe { libc::waitpid(pid, &mut status, 0) } < 0 && last_errno() == libc::EINTR {}
}

fn socket_pair() -> Result<(OwnedFd, OwnedFd), i32> {
    let mut fds = [0; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: 1. The kernel writes two ints to `fds`.
    if unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) } != 0 {
        return Err(last_errno());
    }
    // SAFETY: 1. The call has just returned both, and nobody else has taken charge of them.
    unsafe { Ok((OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1]))) }
}

/// Room for one descriptor beside a message, aligned as a control message must be.
#[repr(C, align(8))]
struct Control([u8; 24]);

/// A message with room for one descriptor.
fn message(iov: &mut libc::iovec, control: &mut Control, with_fd: bool) -> libc::msghdr {
    // SAFETY: 1. All bits zero is a value of this struct: null pointers and zero lengths.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = iov;
    header.msg_iovlen = 1;
    if with_fd {
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = control.0.len() as _;
    }
    header
}

/// Two numbers and perhaps a descriptor; `None` at the end. Allocates nothing.
fn send(socket: RawFd, code: u32, number: i32, fd: Option<RawFd>) -> Result<(), i32> {
    let mut words = [code, number as u32];
    let mut iov = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: 8 };
    let mut control = Control([0; 24]);
    let header = message(&mut iov, &mut control, fd.is_some());
    if let Some(fd) = fd {
        // SAFETY: 1. The control buffer has room for a header and one int, and is aligned.
        // 2. CMSG_FIRSTHDR of a buffer that large is not null.
        unsafe {
            let part = libc::CMSG_FIRSTHDR(&header);
            (*part).cmsg_level = libc::SOL_SOCKET;
            (*part).cmsg_type = libc::SCM_RIGHTS;
            (*part).cmsg_len = libc::CMSG_LEN(4) as _;
            libc::CMSG_DATA(part).cast::<i32>().write_unaligned(fd);
        }
    }
    // SAFETY: 1. The header points to locals that live until the call returns.
    let sent = unsafe { libc::sendmsg(socket, &header, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(last_errno()) } else { Ok(()) }
}

/// A message: code, number, descriptor.
type Message = (u32, i32, Option<OwnedFd>);

fn receive(socket: &OwnedFd) -> Result<Option<Message>, i32> {
    let mut words = [0u32; 2];
    let mut control = Control([0; 24]);
    let mut iov = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: 8 };
    let mut header = message(&mut iov, &mut control, true);
    let got = loop {
        let flags = libc::MSG_CMSG_CLOEXEC;
        // SAFETY: 1. The header points to locals that live until the call returns.
        let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut header, flags) };
        if got >= 0 || last_errno() != libc::EINTR {
            break got;
        }
    };
    if got < 0 {
        return Err(last_errno());
    }
    // SAFETY: 1. The kernel has filled the control buffer and set its length. 2. A part of type
    // SCM_RIGHTS holds a descriptor that this process now has, and nobody took charge of it.
    let fd = unsafe {
        let part = libc::CMSG_FIRSTHDR(&header);
        let rights = !part.is_null()
            && (*part).cmsg_type == libc::SCM_RIGHTS
            && (*part).cmsg_len as usize >= libc::CMSG_LEN(4) as usize;
        rights.then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(part).cast::<i32>().read_unaligned()))
    };
    Ok((got == 8).then_some((words[0], words[1] as i32, fd)))
}

/// The child, from fork to exec. Never returns, allocates nothing, takes no lock.
fn child(plan: &Plan<'_>) -> ! {
    let stopped = |code: u32, number: i32, status: i32| -> ! {
        let _ = send(plan.socket, code, number, None);
        // SAFETY: 1. `_exit` runs nothing of this program.
        unsafe { libc::_exit(status) }
    };
    // SAFETY: 1. The mask is a value that lives in `plan`.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &plan.mask, ptr::null_mut()) };
    for (index, step) in plan.prepare.iter().enumerate() {
        if let Err(number) = prepare(step, plan.socket) {
            stopped(index as u32, number, 125);
        }
    }
    // SAFETY: 1. Numbers only.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1u64, 0u64, 0u64, 0u64) } != 0 {
        stopped(NO_NEW_PRIVS, last_errno(), 125);
    }
    let listener = match install(&plan.filter) {
        Ok(fd) => fd,
        Err(number) => stopped(FILTER, number, 125),
    };
    if let Err(number) = send(plan.socket, LISTENER, 0, Some(listener)) {
        stopped(SEND, number, 125);
    }
    // SAFETY: 1. The listener is this process's own, and closed once. 2. Every pointer of `argv`
    // is a C string that lives in the parent's copy of memory, and the last is null.
    unsafe {
        libc::close(listener);
        libc::execvp(plan.argv[0], plan.argv.as_ptr());
    }
    let number = last_errno();
    stopped(EXEC, number, if number == libc::ENOENT { 127 } else { 126 });
}

/// seccomp(2): the listener. Without `WAIT_KILLABLE_RECV` before v5.19.
fn install(filter: &libc::sock_fprog) -> Result<RawFd, i32> {
    let call = |flags: libc::c_ulong| {
        let mode = libc::SECCOMP_SET_MODE_FILTER;
        // SAFETY: 1. The filter and its length belong together, and it lives until the call
        // returns; the kernel copies it.
        let fd = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const *filter) };
        if fd < 0 { Err(last_errno()) } else { Ok(fd as RawFd) }
    };
    let new = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    match call(new | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
        Err(libc::EINVAL) => call(new),
        answer => answer,
    }
}

fn prepare(step: &Prepare, socket: RawFd) -> Result<(), i32> {
    let checked = |ret: i32| if ret < 0 { Err(last_errno()) } else { Ok(ret) };
    // SAFETY: 1. Every pointer is a C string that lives as long as `step`. 2. Descriptors are
    // this process's own, and closed once.
    unsafe {
        match step {
            Prepare::Unshare(flags) => checked(libc::unshare(*flags)).map(drop),
            Prepare::Write(path, text) => {
                fill(checked(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC))?, text)
            }
            Prepare::Create(path, text) => {
                let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC;
                fill(checked(libc::open(path.as_ptr(), flags, 0o444))?, text)
            }
            Prepare::Mount(source, target, kind, flags, data) => {
                mount(source, target, kind, *flags, data)
            }
            Prepare::MountIfThere(source, target, kind, flags, data) => {
                match mount(source, target, kind, *flags, data) {
                    Err(libc::ENOENT | libc::ENOTDIR) => Ok(()),
                    answer => answer,
                }
            }
            Prepare::Send(path) => {
                let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
                let fd = checked(libc::open(path.as_ptr(), flags))?;
                let sent = send(socket, DIRECTORY, 0, Some(fd));
                libc::close(fd);
                sent
            }
        }
    }
}

fn mount(
    source: &CString,
    target: &CString,
    kind: &CString,
    flags: u64,
    data: &CString,
) -> Result<(), i32> {
    // SAFETY: 1. Every pointer is a C string that lives until the call returns.
    let ret = unsafe {
        let data = data.as_ptr().cast();
        libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data)
    };
    if ret < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Writes all of `text` and closes the descriptor.
fn fill(fd: RawFd, text: &CString) -> Result<(), i32> {
    let bytes = text.as_bytes();
    // SAFETY: 1. The bytes live until the call returns. 2. `fd` is this process's own, and this
    // closes it once.
    unsafe {
        let put = libc::write(fd, bytes.as_ptr().cast(), bytes.len());
        let number = last_errno();
        libc::close(fd);
        if put == bytes.len() as isize { Ok(()) } else { Err(number) }
    }
}

/// `PIDFD_THREAD`, v6.9.
const PIDFD_THREAD: i32 = libc::O_EXCL;

/// A pidfd of a process: readable when it has ended (v5.3).
pub(crate) fn pidfd(pid: i32) -> io::Result<OwnedFd> {
    pidfd_open(pid, 0)
}

/// A pidfd of a thread; before v6.9 of the first thread of a process only.
pub(crate) fn thread_pidfd(tid: u32) -> io::Result<OwnedFd> {
    pidfd_open(tid as i32, PIDFD_THREAD).or_else(|_| pidfd_open(tid as i32, 0))
}

fn pidfd_open(pid: i32, flags: i32) -> io::Result<OwnedFd> {
    // SAFETY: 1. Numbers only. 2. What comes back is a new descriptor of this process.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: 1. The call has just returned it, and nobody else has taken charge of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A copy of another process's descriptor (v5.6).
///
/// # Errors
/// `EBADF` where it has no such descriptor, `ESRCH` when it has ended, `EPERM`.
pub(crate) fn copy_of(pidfd: &OwnedFd, fd: u32) -> Result<OwnedFd, i32> {
    // SAFETY: 1. Numbers only. 2. What comes back is a new descriptor of this process.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) };
    if fd < 0 {
        return Err(last_errno());
    }
    // SAFETY: 1. The call has just returned it, and nobody else has taken charge of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}
