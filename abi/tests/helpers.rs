//! Helper prototypes and permissions, restated from kernel sources.

use bpfsim_abi::helper::{Arg, Ret};
use bpfsim_abi::helper_protos::{Cap, helper_use, proto_row, protos, uses};
use bpfsim_abi::prog_type::*;
use bpfsim_abi::{Release, helper, helper_id};
use rstest::rstest;

fn r(text: &str) -> Release {
    text.parse().expect("a test names a release as X.Y")
}

const SOCKET: u32 = 1;
const KPROBE: u32 = 2;
const CLS: u32 = 3;
const ACT: u32 = 4;
const TRACEPOINT: u32 = 5;
const XDP: u32 = 6;
const PERF: u32 = 7;
const RAW: u32 = 17;

#[rstest]
#[case::lookup(SOCKET, 1, "3.18", "3.19")]
#[case::kprobe_lookup(KPROBE, 1, "4.0", "4.1")]
#[case::socket_prandom(SOCKET, 7, "4.0", "4.1")]
#[case::kprobe_prandom(KPROBE, 7, "4.8", "4.9")]
#[case::socket_ktime(SOCKET, 5, "4.1", "4.2")]
#[case::kprobe_probe_read(KPROBE, 4, "4.0", "4.1")]
#[case::kprobe_smp_id(KPROBE, 8, "4.1", "4.2")]
#[case::socket_load_bytes(SOCKET, 26, "4.10", "4.11")]
#[case::cls_load_bytes(CLS, 26, "4.4", "4.5")]
#[case::act_load_bytes(ACT, 26, "4.4", "4.5")]
#[case::tracepoint(TRACEPOINT, 14, "4.6", "4.7")]
#[case::xdp(XDP, 1, "4.7", "4.8")]
#[case::perf_event(PERF, 2, "4.8", "4.9")]
#[case::raw_tracepoint(RAW, 16, "4.16", "4.17")]
#[case::push_in_filters(SOCKET, 87, "4.19", "4.20")]
#[case::pop_in_tc(CLS, 88, "4.19", "4.20")]
#[case::peek_in_kprobes(KPROBE, 89, "5.0", "5.2")]
#[case::percpu_socket(SOCKET, 195, "5.18", "5.19")]
#[case::percpu_xdp(XDP, 195, "5.18", "5.19")]
#[case::node_in_filters(SOCKET, 42, "4.9", "4.10")]
#[case::node_in_perf_events(PERF, 42, "4.9", "4.10")]
#[case::jiffies_in_tc(CLS, 118, "5.5", "5.6")]
#[case::jiffies_in_kprobes(KPROBE, 118, "5.8", "5.9")]
#[case::boot_time(TRACEPOINT, 125, "5.7", "5.8")]
#[case::coarse_time(SOCKET, 160, "5.10", "5.11")]
#[case::atomic_time(RAW, 208, "6.0", "6.1")]
fn usable_since(#[case] prog: u32, #[case] id: u32, #[case] not: &str, #[case] yes: &str) {
    assert_eq!(helper(prog, id, r(not)), None);
    assert_eq!(helper(prog, id, r(yes)).unwrap().id, id);
    assert_eq!(helper(prog, id, r("6.14")).unwrap().id, id);
}

#[rstest]
#[case::coarse_time_in_kprobes(KPROBE, 160, "5.11", "5.15", "5.16")]
#[case::coarse_time_in_tracepoints(TRACEPOINT, 160, "5.11", "5.15", "5.16")]
fn usable_for_a_while(
    #[case] prog: u32,
    #[case] id: u32,
    #[case] first: &str,
    #[case] last: &str,
    #[case] after: &str,
) {
    assert_eq!(helper(prog, id, r(first)).unwrap().id, id);
    assert_eq!(helper(prog, id, r(last)).unwrap().id, id);
    assert_eq!(helper(prog, id, r(after)), None);
    assert_eq!(helper(prog, id, r("6.18")), None);
}

#[rstest]
#[case::no_probe_read_in_filters(SOCKET, 4)]
#[case::no_skb_in_kprobes(KPROBE, 26)]
#[case::no_comm_in_filters(SOCKET, 16)]
#[case::unknown_helper(SOCKET, 9999)]
#[case::unspec(SOCKET, 0)]
#[case::unknown_program(99, 1)]
fn never_usable_in_6_14(#[case] prog: u32, #[case] id: u32) {
    assert_eq!(helper(prog, id, r("6.14")), None);
}

#[rstest]
#[case(1, Ret::MapValueOrNull, &[Arg::ConstMapPtr, Arg::MapKey], false)]
#[case(2, Ret::Integer, &[Arg::ConstMapPtr, Arg::MapKey, Arg::MapValue, Arg::Anything], false)]
#[case(3, Ret::Integer, &[Arg::ConstMapPtr, Arg::MapKey], false)]
#[case(4, Ret::Integer, &[Arg::Stack, Arg::ConstStackSize, Arg::Anything], true)]
#[case(5, Ret::Integer, &[], true)]
#[case(6, Ret::Integer, &[Arg::Stack, Arg::ConstStackSize], true)]
#[case(8, Ret::Integer, &[], false)]
#[case(12, Ret::Void, &[Arg::Ctx, Arg::ConstMapPtr, Arg::Anything], false)]
#[case(14, Ret::Integer, &[], false)]
#[case(15, Ret::Integer, &[], false)]
#[case(16, Ret::Integer, &[Arg::Stack, Arg::ConstStackSize], false)]
#[case(22, Ret::Integer, &[Arg::ConstMapPtr, Arg::Anything], true)]
fn kprobe_prototypes_of_4_4(
    #[case] id: u32,
    #[case] ret: Ret,
    #[case] args: &[Arg],
    #[case] gpl_only: bool,
) {
    let proto = helper(KPROBE, id, r("4.4")).unwrap();
    assert_eq!((proto.ret, proto.gpl_only), (ret, gpl_only));
    let mut all = [Arg::None; 5];
    all[..args.len()].copy_from_slice(args);
    assert_eq!(proto.args, all);
}

#[test]
fn skb_load_bytes_and_percpu_lookup() {
    let load = helper(CLS, 26, r("4.5")).unwrap();
    assert_eq!(load.name, "skb_load_bytes");
    assert_eq!(load.args, [Arg::Ctx, Arg::Anything, Arg::Stack, Arg::ConstStackSize, Arg::None]);
    let percpu = helper(SOCKET, 195, r("5.19")).unwrap();
    assert_eq!((percpu.name, percpu.ret), ("map_lookup_percpu_elem", Ret::MapValueOrNull));
    let args = [Arg::ConstMapPtr, Arg::MapKey, Arg::Anything, Arg::None, Arg::None];
    assert_eq!((percpu.args, percpu.gpl_only), (args, false));
}

#[rstest]
#[case::trace_printk_4_3(SOCKET, 6, "4.3", Cap::None)]
#[case::trace_printk_4_4(SOCKET, 6, "4.4", Cap::SysAdmin)]
#[case::trace_printk_5_7(SOCKET, 6, "5.7", Cap::SysAdmin)]
#[case::trace_printk_5_8(SOCKET, 6, "5.8", Cap::Perfmon)]
#[case::xdp_trace_printk(XDP, 6, "4.8", Cap::SysAdmin)]
#[case::kprobe_trace_printk(KPROBE, 6, "4.4", Cap::None)]
#[case::tail_call(SOCKET, 12, "4.4", Cap::None)]
#[case::ktime(SOCKET, 5, "4.4", Cap::None)]
#[case::smp_id(SOCKET, 8, "4.4", Cap::None)]
#[case::prandom(SOCKET, 7, "4.4", Cap::None)]
#[case::comm_6_17(SOCKET, 16, "6.17", Cap::Perfmon)]
#[case::jiffies_5_7(SOCKET, 118, "5.7", Cap::SysAdmin)]
#[case::jiffies_5_8(SOCKET, 118, "5.8", Cap::Bpf)]
#[case::jiffies_kprobe(KPROBE, 118, "6.14", Cap::None)]
#[case::boot_time(SOCKET, 125, "5.8", Cap::None)]
fn capabilities(#[case] prog: u32, #[case] id: u32, #[case] release: &str, #[case] cap: Cap) {
    assert_eq!(helper_use(prog, id, r(release)).unwrap().needs_cap, cap);
}

#[test]
fn licenses_change() {
    let gpl = |id, release| helper(KPROBE, id, r(release)).unwrap().gpl_only;
    assert_eq!((gpl(5, "5.7"), gpl(5, "5.8")), (true, false));
    assert_eq!((gpl(22, "4.3"), gpl(22, "4.4")), (false, true));
    assert_eq!(helper(KPROBE, 5, r("5.8")).unwrap().since, r("4.1"));
}

#[test]
fn later_argument_classes_are_dated() {
    let row = proto_row("probe_read", r("4.4")).unwrap();
    assert_eq!((row.uninit_since, row.zero_size_since), (Some(r("4.7")), Some(r("4.15"))));
    assert_eq!(proto_row("trace_printk", r("4.4")).unwrap().uninit_since, None);
}

/// Every use leads to a prototype of that helper, at its first release.
#[test]
fn uses_lead_to_prototypes() {
    for row in uses().iter().filter(|row| row.proto != "none") {
        let proto = helper(row.prog_type, row.id, row.from).expect("the prototype is older");
        assert_eq!(proto.id, row.id);
        assert!(BPF_PROG_TYPE_SOCKET_FILTER <= row.prog_type && !row.source.is_empty());
    }
    for id in (1..=26).chain(87..=89).chain([42, 118, 125, 160, 195, 208]) {
        let row = protos().iter().find(|row| row.proto.id == id).expect("a row for each helper");
        let entry = helper_id::ALL.iter().find(|entry| entry.number == id).unwrap();
        assert_eq!(
            (format!("bpf_{}", row.proto.name), row.proto.since),
            (entry.name.into(), entry.since)
        );
        assert!(uses().iter().any(|row| row.id == id));
    }
}
