//! Differences that are explained: the release says one thing, the machine's own build another.
//! They are counted and listed, never hidden.

use crate::masks::behind;
use crate::player::{Said, Seen};
use crate::step::{Call, Image};
use bpfsim_abi::Errno;

/// Why a call may differ, if that is known.
pub(crate) fn why(call: &Call, simulated: &Seen, other: &Seen) -> Option<&'static str> {
    padding_of_map_info(call, simulated, other)
}

/// Stable kernels of v6.18 want the four bytes behind `hash_size` of `struct bpf_map_info` to be
/// zero; v6.18.0 does not look at them.
fn padding_of_map_info(call: &Call, simulated: &Seen, other: &Seen) -> Option<&'static str> {
    const END: usize = 100;
    let info: &Image = call.buffers.get(behind(call, 0, 8)?.checked_sub(1)?)?;
    let behind = info.bytes.get(END..info.bytes.len().min(104))?;
    let dirty = behind.iter().any(|byte| *byte != 0);
    let refused = other.said == Said::Errno(Errno::E2BIG) && simulated.said != other.said;
    (call.cmd == 15 && dirty && refused).then_some(
        "stable kernels refuse nonzero bytes behind hash_size of struct bpf_map_info (E2BIG)",
    )
}
