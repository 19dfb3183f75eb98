//! Bytes from the kernel's memory to the caller's.

use crate::{Failure, Task};
use bpfsim_abi::attr::UserAddr;
use bpfsim_sim::{Hw, Place};

/// Copies `len` bytes out. Errors: EFAULT where the caller has no memory.
#[inline]
pub(crate) fn to_user(
    hw: &Hw,
    task: &mut dyn Task,
    from: Place,
    to: UserAddr,
    len: u32,
) -> Result<(), Failure> {
    hw.mem.with_bytes(from, len as usize, |bytes| task.write(to, bytes))??;
    Ok(())
}

/// The bytes at a place.
pub(crate) fn load(hw: &Hw, from: Place, len: u32) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; len as usize];
    hw.mem.read(from, &mut bytes)?;
    Ok(bytes)
}
