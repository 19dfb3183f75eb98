//! What the model lacks of a map type that it has.

/// A few words for people; none where nothing is known to be lacking.
pub const fn lacks(number: u32) -> Option<&'static str> {
    match number {
        7 => Some("nothing fills it: bpf_get_stackid() is not modelled"),
        27 => Some("programs and mmap(2): helpers 130 to 134 are not modelled"),
        31 => Some("programs and mmap(2): helper 209 is not modelled"),
        _ => None,
    }
}
