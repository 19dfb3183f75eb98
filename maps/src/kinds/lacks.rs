//! What the model lacks of a map type that it has.

/// A few words for people; none where nothing is known to be lacking.
pub const fn lacks(number: u32) -> Option<&'static str> {
    match number {
        3 => Some("programs: bpf_tail_call() is not modelled"),
        4 | 8 => Some("nothing fills it: perf events and cgroups are not modelled"),
        7 => Some("nothing fills it: bpf_get_stackid() is not modelled"),
        12 | 13 => Some("programs: lookups of maps in maps are not modelled"),
        14 | 16 | 25 => Some("nothing is redirected; ifindex 1 (lo) is the only device"),
        15 | 17 | 18 | 20 => Some("nothing fills it: sockets are not modelled"),
        19 | 21 => Some("no cgroup has storage: nothing is attached to cgroups"),
        24 | 29 | 32 => Some("nothing fills it: sockets, tasks and cgroups have no storage"),
        26 => Some("no id names a struct_ops type, as without BTF of the kernel"),
        27 => Some("programs and mmap(2): helpers 130 to 134 are not modelled"),
        28 => Some("nothing fills it: storing on an inode is not modelled"),
        31 => Some("programs and mmap(2): helper 209 is not modelled"),
        33 => Some("mmap(2) and programs: an arena has no pages"),
        34 => Some("no program says where its instructions went"),
        _ => None,
    }
}
