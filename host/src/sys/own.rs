//! Small calls about this process itself.

use std::ffi::CStr;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Bytes of `struct new_utsname`: six fields of 65.
const UTSNAME: usize = 6 * 65;

/// uname(2), as the bytes that it writes.
pub(crate) fn uname() -> Option<[u8; UTSNAME]> {
    const { assert!(size_of::<libc::utsname>() == UTSNAME) };
    let mut bytes = [0; UTSNAME];
    // SAFETY: 1. The kernel writes one `struct new_utsname`, which has as many bytes, checked
    // above; it has no alignment.
    let ret = unsafe { libc::uname(bytes.as_mut_ptr().cast()) };
    (ret == 0).then_some(bytes)
}

/// A new file in memory, close-on-exec here.
pub(crate) fn memory_file(name: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: 1. The name is a C string. 2. What comes back is a new descriptor of this process.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: 1. The call has just returned it, and nobody else has taken charge of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
