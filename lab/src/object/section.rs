//! Section names to program types.

/// Section name, number in `enum bpf_prog_type`. Sources: `samples/bpf/bpf_load.c` of v4.4 to
/// v4.8, and the table in libbpf's documentation ("Program Types and ELF Sections").
const TYPES: &[(&str, u32)] = &[
    ("socket", 1),
    ("kprobe", 2),
    ("kretprobe", 2),
    ("uprobe", 2),
    ("uretprobe", 2),
    ("ksyscall", 2),
    ("kretsyscall", 2),
    ("usdt", 2),
    ("tc", 3),
    ("tcx", 3),
    ("netkit", 3),
    ("classifier", 3),
    ("action", 4),
    ("tracepoint", 5),
    ("tp", 5),
    ("xdp", 6),
    ("perf_event", 7),
    ("cgroup_skb", 8),
    ("cgroup/skb", 8),
    ("cgroup/sock", 9),
    ("lwt_in", 10),
    ("lwt_out", 11),
    ("lwt_xmit", 12),
    ("sockops", 13),
    ("sk_skb", 14),
    ("cgroup/dev", 15),
    ("sk_msg", 16),
    ("raw_tracepoint", 17),
    ("raw_tp", 17),
    ("lirc_mode", 20),
    ("sk_reuseport", 21),
    ("flow_dissector", 22),
    ("cgroup/sysctl", 23),
    ("raw_tracepoint.w", 24),
    ("raw_tp.w", 24),
    ("cgroup/getsockopt", 25),
    ("cgroup/setsockopt", 25),
    ("fentry", 26),
    ("fexit", 26),
    ("fmod_ret", 26),
    ("tp_btf", 26),
    ("iter", 26),
    ("struct_ops", 27),
    ("freplace", 28),
    ("lsm", 29),
    ("sk_lookup", 30),
    ("syscall", 31),
    ("netfilter", 32),
];

/// The number in `enum bpf_prog_type` of programs in section `name`: the longest known beginning
/// that no letter continues, so that `socket1`, `kprobe/sys_write` and `xdp_drop` are all known.
pub fn prog_type_of(name: &str) -> Option<u32> {
    TYPES
        .iter()
        .filter(|(known, _)| {
            let rest = name.strip_prefix(known);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        })
        .max_by_key(|(known, _)| known.len())
        .map(|(_, number)| *number)
}
