//! The context that a program gets in r1: which bytes it may read and write.
//!
//! Source: `sk_filter_is_valid_access()` and `tc_cls_act_is_valid_access()` in
//! `net/core/filter.c`, `kprobe_prog_is_valid_access()` and its like in
//! `kernel/trace/bpf_trace.c`, `struct __sk_buff` in `include/uapi/linux/bpf.h`.

use crate::era::Era;

/// May the access happen?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// A later release may allow it, or give more than a number; the text says what.
    NotModelled(&'static str),
}

/// Whether a program may look into packets with `LD_ABS` and `LD_IND`: socket filters and the two
/// kinds of traffic control programs.
pub(crate) const fn reads_packets(prog_type: u32) -> bool {
    matches!(prog_type, SOCKET_FILTER | SCHED_CLS | SCHED_ACT)
}

const SOCKET_FILTER: u32 = 1;
const KPROBE: u32 = 2;
const SCHED_CLS: u32 = 3;
const SCHED_ACT: u32 = 4;
const TRACEPOINT: u32 = 5;
const XDP: u32 = 6;
const PERF_EVENT: u32 = 7;
const RAW_TRACEPOINT: u32 = 17;
const TRACING: u32 = 26;
const LSM: u32 = 29;

/// Programs whose context and helpers are known here.
pub(crate) const fn is_modelled(prog_type: u32) -> bool {
    matches!(prog_type, SOCKET_FILTER..=PERF_EVENT | RAW_TRACEPOINT)
}

/// Programs that are judged as long as they neither look at their context nor call helpers beyond
/// those of every type. The others need BTF: tracing, struct_ops, extensions, LSM.
pub(crate) const fn is_judged(prog_type: u32) -> bool {
    !matches!(prog_type, TRACING..=LSM)
}

/// One access: `off` and `size` in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub off: i64,
    pub size: u32,
    pub write: bool,
}

/// Bytes of `struct pt_regs` on x86-64.
const PT_REGS: i64 = 168;
/// `PERF_MAX_TRACE_SIZE`.
const TRACE_BYTES: i64 = 2048;
/// Twelve arguments of eight bytes (`MAX_BPF_FUNC_ARGS`).
const RAW_TRACEPOINT_BYTES: i64 = 12 * 8;

/// May a program of this type access its context like this?
pub(crate) fn access(era: Era, prog_type: u32, access: Access) -> Answer {
    let Access { off, size, write } = access;
    let aligned = off >= 0 && off % i64::from(size) == 0;
    let read_within = |end: i64| match aligned && !write && off + i64::from(size) <= end {
        true => Answer::Yes,
        false => Answer::No,
    };
    match prog_type {
        SOCKET_FILTER => skb(era, access, SKB_FILTER_WRITES, false),
        SCHED_CLS | SCHED_ACT => skb(era, access, SKB_TC_WRITES, true),
        KPROBE => read_within(PT_REGS),
        // The first eight bytes of a tracepoint's record are the kernel's own.
        TRACEPOINT if off < 8 => Answer::No,
        TRACEPOINT => read_within(TRACE_BYTES),
        RAW_TRACEPOINT => read_within(RAW_TRACEPOINT_BYTES),
        XDP => xdp(access),
        _ => Answer::NotModelled("this access to the context of this program type"),
    }
}

/// `struct __sk_buff` as v4.4 ends it; what follows came later.
const SKB_V4_4_END: i64 = 76;
/// `cb[0]` to `cb[4]`.
const SKB_CB: std::ops::Range<i64> = 48..68;
const SKB_TC_CLASSID: i64 = 72;
/// `data` and `data_end` (v4.7).
const SKB_DATA: std::ops::Range<i64> = 76..84;

const SKB_FILTER_WRITES: &[i64] = &[48, 52, 56, 60, 64];
/// mark, priority, tc_index, `cb[]`, tc_classid.
const SKB_TC_WRITES: &[i64] = &[8, 32, 44, 48, 52, 56, 60, 64, SKB_TC_CLASSID];

fn skb(era: Era, access: Access, writes: &[i64], is_tc: bool) -> Answer {
    let Access { off, size, write } = access;
    let size = i64::from(size);
    if off < 0 || off % size != 0 {
        return Answer::No;
    }
    if off >= SKB_V4_4_END {
        return match era.release() {
            release if release < crate::era::v(4, 7) => Answer::No,
            _ if SKB_DATA.contains(&off) && !is_tc => Answer::No,
            _ => Answer::NotModelled("fields of struct __sk_buff after tc_classid (v4.7)"),
        };
    }
    let field = off - off % 4;
    if field == SKB_TC_CLASSID && !is_tc {
        return Answer::No;
    }
    let in_cb = SKB_CB.contains(&off) && off + size <= SKB_CB.end;
    let size_is_right = match size {
        4 => true,
        // v4.11 (62c7989b24db).
        _ if in_cb => era.since(4, 11),
        // v4.13 (31fd85816dbe): parts of a field may be read.
        1 | 2 => !write && era.since(4, 13),
        _ => false,
    };
    match size_is_right && (!write || writes.contains(&field)) {
        true => Answer::Yes,
        false => Answer::No,
    }
}

fn xdp(access: Access) -> Answer {
    let Access { off, size, write } = access;
    if off < 0 || off % 4 != 0 || size != 4 || write || off >= 24 {
        return match (0..24).contains(&off) && write {
            true => Answer::NotModelled("writes to struct xdp_md"),
            false => Answer::No,
        };
    }
    if off < 12 {
        return Answer::NotModelled("packet pointers (v4.7)");
    }
    Answer::NotModelled("struct xdp_md after data_meta (v4.16)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::v;
    use rstest::rstest;

    const GOOD: Access = Access { off: 0, size: 4, write: false };

    /// A socket filter of v4.4.
    #[rstest]
    #[case::len(GOOD, Answer::Yes)]
    #[case::hash(Access { off: 68, ..GOOD }, Answer::Yes)]
    #[case::tc_classid(Access { off: 72, ..GOOD }, Answer::No)]
    #[case::past_the_end(Access { off: 76, ..GOOD }, Answer::No)]
    #[case::before(Access { off: -4, ..GOOD }, Answer::No)]
    #[case::misaligned(Access { off: 2, ..GOOD }, Answer::No)]
    #[case::narrow(Access { size: 2, ..GOOD }, Answer::No)]
    #[case::wide(Access { size: 8, ..GOOD }, Answer::No)]
    #[case::writes_len(Access { write: true, ..GOOD }, Answer::No)]
    #[case::writes_cb(Access { off: 64, write: true, ..GOOD }, Answer::Yes)]
    #[case::writes_mark(Access { off: 8, write: true, ..GOOD }, Answer::No)]
    fn filters_v4_4(#[case] what: Access, #[case] want: Answer) {
        assert_eq!(access(Era::new(v(4, 4), true), SOCKET_FILTER, what), want);
    }

    #[rstest]
    #[case::narrow(Access { size: 1, ..GOOD }, Answer::Yes)]
    #[case::wide_cb(Access { off: 48, size: 8, ..GOOD }, Answer::Yes)]
    #[case::wide_past_cb(Access { off: 64, size: 8, ..GOOD }, Answer::No)]
    #[case::data(Access { off: 76, ..GOOD }, Answer::No)]
    #[case::napi_id(Access { off: 84, ..GOOD },
        Answer::NotModelled("fields of struct __sk_buff after tc_classid (v4.7)"))]
    fn filters_v6_18(#[case] what: Access, #[case] want: Answer) {
        assert_eq!(access(Era::new(v(6, 18), true), SOCKET_FILTER, what), want);
    }

    #[rstest]
    #[case::tc_writes_mark(SCHED_CLS, Access { off: 8, write: true, ..GOOD }, Answer::Yes)]
    #[case::tc_writes_classid(SCHED_ACT, Access { off: 72, write: true, ..GOOD }, Answer::Yes)]
    #[case::kprobe_reads_the_last(KPROBE, Access { off: 160, size: 8, ..GOOD }, Answer::Yes)]
    #[case::kprobe_reads_past(KPROBE, Access { off: 168, size: 8, ..GOOD }, Answer::No)]
    #[case::kprobe_writes(KPROBE, Access { write: true, size: 8, ..GOOD }, Answer::No)]
    #[case::tracepoint_head(TRACEPOINT, Access { size: 8, ..GOOD }, Answer::No)]
    #[case::raw_tracepoint(RAW_TRACEPOINT, Access { off: 88, size: 8, ..GOOD }, Answer::Yes)]
    #[case::raw_tracepoint_past(RAW_TRACEPOINT, Access { off: 96, size: 8, ..GOOD }, Answer::No)]
    fn other_types(#[case] prog_type: u32, #[case] what: Access, #[case] want: Answer) {
        assert_eq!(access(Era::new(v(4, 17), true), prog_type, what), want);
    }
}
