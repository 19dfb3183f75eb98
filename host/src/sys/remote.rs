//! The memory of another process, copied by the kernel.

use super::last_errno;

/// Copies from address `at` of thread `pid`, as far as it is mapped; how many bytes.
///
/// # Errors
/// `EFAULT` when the first byte is not readable, `ESRCH` when there is no such thread, `EPERM` when
/// its memory may not be read.
pub(crate) fn read(pid: u32, at: u64, out: &mut [u8]) -> Result<usize, i32> {
    let local = libc::iovec { iov_base: out.as_mut_ptr().cast(), iov_len: out.len() };
    let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: out.len() };
    // SAFETY: 1. The kernel writes at most `out.len()` bytes to `out`, borrowed exclusively. 2. The
    // other address is looked up in the other process; it is never followed here.
    let got = unsafe { libc::process_vm_readv(pid as i32, &local, 1, &remote, 1, 0) };
    usize::try_from(got).map_err(|_| last_errno())
}

/// Copies to address `at` of thread `pid`, as far as it is mapped and writable; how many bytes.
///
/// # Errors
/// As [`read`].
pub(crate) fn write(pid: u32, at: u64, bytes: &[u8]) -> Result<usize, i32> {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: 1. The kernel only reads the local bytes, which live until the call returns. 2. The
    // other address is looked up in the other process; it is never followed here.
    let put = unsafe { libc::process_vm_writev(pid as i32, &local, 1, &remote, 1, 0) };
    usize::try_from(put).map_err(|_| last_errno())
}
