//! Differences that are explained: the release says one thing, the machine's own build another.
//! They are counted and listed, never hidden.

use crate::masks::behind;
use crate::player::{Said, Seen};
use crate::step::{Call, Image};
use bpfsim_abi::Errno;

/// Why a call may differ, if that is known.
pub(crate) fn why(call: &Call, simulated: &Seen, other: &Seen) -> Option<&'static str> {
    padding_of_info(call, simulated, other)
}

/// Stable kernels of v6.18 want the four bytes behind the last field of `struct bpf_map_info` and
/// of `struct bpf_prog_info` to be zero; v6.18.0 does not look at them.
fn padding_of_info(call: &Call, simulated: &Seen, other: &Seen) -> Option<&'static str> {
    /// `offsetofend` of `hash_size` and `attach_btf_id`, and the size of the struct.
    const PADDED: [(usize, usize); 2] = [(100, 104), (228, 232)];
    let info: &Image = call.buffers.get(behind(call, 0, 8)?.checked_sub(1)?)?;
    let dirty = PADDED.iter().any(|(end, size)| {
        let padding = info.bytes.get(*end..info.bytes.len().min(*size));
        padding.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0))
    });
    let refused = other.said == Said::Errno(Errno::E2BIG) && simulated.said != other.said;
    (call.cmd == 15 && dirty && refused).then_some(
        "stable kernels refuse nonzero bytes behind the last field of an info struct (E2BIG)",
    )
}
