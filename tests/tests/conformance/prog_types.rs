//! Program types: what each may be loaded to be attached for, what it may return, and who may
//! load it.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::ProgLoadAttr;
use bpfsim_syscall::{Caps, Failure};
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::programs::{EXIT, arm, insn, mov, mov_reg};
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::IntoBytes;

/// One more than the last attach type of v6.18.
const ATTACH_TYPES: u32 = 58;

fn load(
    bench: &mut Bench,
    prog_type: u32,
    expected_attach_type: u32,
    insns: &[[u8; 8]],
) -> Result<i64, Failure> {
    let arm = ProgLoadAttr { prog_type, expected_attach_type, ..arm(bench, insns) };
    bench.try_call(cmd::PROG_LOAD, arm.as_bytes())
}

fn returns(value: i32) -> [[u8; 8]; 2] {
    [mov(0, value), EXIT]
}

/// Attach types that a program type may be loaded for; no row for types that do not ask.
#[rstest]
#[case::cgroup_skb(8, &[0, 1])]
#[case::cgroup_sock(9, &[0, 2, 12, 13, 34])]
#[case::cgroup_sock_addr(18, &[
    8, 9, 10, 11, 14, 15, 19, 20, 29, 30, 31, 32, 49, 50, 51, 52, 53,
])]
#[case::sk_reuseport(21, &[0, 39, 40])]
#[case::cgroup_sockopt(25, &[21, 22])]
#[case::sk_lookup(30, &[36])]
#[case::netfilter(32, &[45])]
fn attach_types_at_load(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] prog_type: u32,
    #[case] fits: &[u32],
) {
    let Some(mut bench) = world.bench() else { return };
    for attach_type in 0..ATTACH_TYPES {
        let said = load(&mut bench, prog_type, attach_type, &returns(1)).map(drop);
        let expected = if fits.contains(&attach_type) { Ok(()) } else { Err(Errno::EINVAL) };
        assert_eq!(said, expected.map_err(Failure::from), "attach type {attach_type}");
    }
}

/// Types that take whatever the caller writes there.
#[rstest]
fn attach_types_that_nobody_reads(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 19, 22, 23, 24)] prog_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    for attach_type in [0, 1, 45, 99] {
        let said = load(&mut bench, prog_type, attach_type, &returns(1)).map(drop);
        assert_eq!(said, Ok(()), "attach type {attach_type}");
    }
}

#[rstest]
#[case::ingress(8, 0, 2, false)]
#[case::egress(8, 1, 3, true)]
#[case::egress_past(8, 1, 4, false)]
#[case::negative(8, 1, -1, false)]
#[case::sock(9, 2, 2, false)]
#[case::sock_ops(13, 3, 2, false)]
#[case::device(15, 6, 2, false)]
#[case::bind(18, 8, 3, true)]
#[case::bind_past(18, 9, 4, false)]
#[case::connect(18, 10, 2, false)]
#[case::recvmsg_cannot_refuse(18, 19, 0, false)]
#[case::recvmsg(18, 20, 1, true)]
#[case::getpeername(18, 29, 0, false)]
#[case::unix_getsockname(18, 53, 0, false)]
#[case::sysctl(23, 18, 2, false)]
#[case::sockopt(25, 21, -5, false)]
#[case::kprobe(2, 0, 2, true)]
#[case::kprobe_session(2, 56, 2, false)]
#[case::uprobe_session(2, 57, 1, true)]
#[case::sk_lookup(30, 36, 2, false)]
#[case::netfilter(32, 45, 2, false)]
#[case::xdp(6, 37, 77, true)]
fn what_programs_return(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] prog_type: u32,
    #[case] attach_type: u32,
    #[case] value: i32,
    #[case] accepted: bool,
) {
    let Some(mut bench) = world.bench() else { return };
    let said = load(&mut bench, prog_type, attach_type, &returns(value)).map(drop);
    let expected = if accepted { Ok(()) } else { Err(Errno::EINVAL) };
    assert_eq!(said, expected.map_err(Failure::from));
}

/// r0 is no number: privileged programs may return pointers, but not of these types.
#[rstest]
fn pointers(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let said = load(&mut bench, 8, 0, &[mov_reg(0, 10), EXIT]);
    assert_eq!(said, Err(Errno::EINVAL.into()));
}

/// Helpers of cgroup programs beyond those of maps are in no table, and nothing is said of them.
#[test]
fn helpers_without_a_table() {
    let insns = [insn(0x85, 0, 0, 0, 5), mov(0, 0), EXIT];
    let said = load(&mut Bench::at("6.18"), 8, 0, &insns);
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
}

/// When the rules came.
#[rstest]
#[case::no_return_codes("4.14", 8, 0, 7, Ok(()))]
#[case::return_codes("4.15", 8, 0, 7, Err(Errno::EINVAL))]
#[case::no_attach_types("4.14", 9, 0, 1, Ok(()))]
#[case::sock_stands_for_create("4.17", 9, 0, 1, Ok(()))]
#[case::sock_addr_does_not("4.17", 18, 0, 1, Err(Errno::EINVAL))]
#[case::attach_type_of_a_later_release("4.17", 18, 14, 1, Err(Errno::EINVAL))]
#[case::attach_type("4.18", 18, 14, 1, Ok(()))]
#[case::skb_does_not_ask("5.2", 8, 9, 1, Ok(()))]
#[case::skb_asks("5.3", 8, 9, 1, Err(Errno::EINVAL))]
#[case::egress_of_v5_2("5.2", 8, 1, 2, Err(Errno::EINVAL))]
#[case::egress("5.3", 8, 1, 2, Ok(()))]
#[case::recvmsg("5.2", 18, 19, 0, Err(Errno::EINVAL))]
#[case::bind_of_v5_11("5.11", 18, 8, 2, Err(Errno::EINVAL))]
#[case::bind("5.12", 18, 8, 2, Ok(()))]
#[case::reuseport_does_not_ask("5.13", 21, 7, 1, Ok(()))]
#[case::reuseport("5.14", 21, 7, 1, Err(Errno::EINVAL))]
#[case::session("6.9", 2, 56, 2, Ok(()))]
#[case::type_of_a_later_release("4.14", 15, 0, 1, Err(Errno::EINVAL))]
fn by_release(
    #[case] release: &str,
    #[case] prog_type: u32,
    #[case] attach_type: u32,
    #[case] value: i32,
    #[case] expected: Result<(), Errno>,
) {
    let mut bench = Bench::at(release);
    let arm = arm(&mut bench, &returns(value));
    // LINUX_VERSION_CODE counts for kprobes up to v4.20.
    let arm = ProgLoadAttr { prog_type, expected_attach_type: attach_type, ..arm };
    let size = if release == "4.14" { 48 } else { arm.as_bytes().len() };
    let said = bench.try_call(cmd::PROG_LOAD, &arm.as_bytes()[..size]);
    assert_eq!(said.map(drop), expected.map_err(Failure::from));
}

const BPF: Caps = Caps { bpf: true, ..Caps::NONE };

/// v5.8 asks for CAP_NET_ADMIN beside CAP_BPF, unless there is CAP_SYS_ADMIN.
#[rstest]
#[case::xdp("5.8", 6, BPF, Err(Errno::EPERM))]
#[case::xdp_net("5.8", 6, Caps { net_admin: true, ..BPF }, Ok(()))]
#[case::xdp_admin("5.8", 6, Caps { sys_admin: true, ..Caps::NONE }, Ok(()))]
#[case::net_alone("5.8", 6, Caps { net_admin: true, ..Caps::NONE }, Err(Errno::EPERM))]
#[case::reuseport("5.8", 21, BPF, Ok(()))]
#[case::cgroup_skb("5.8", 8, Caps::NONE, Ok(()))]
#[case::lirc("6.3", 20, BPF, Err(Errno::EPERM))]
#[case::lirc_of_v6_4("6.4", 20, BPF, Ok(()))]
#[case::before("5.7", 6, Caps { net_admin: true, ..BPF }, Err(Errno::EPERM))]
fn rights(
    #[case] release: &str,
    #[case] prog_type: u32,
    #[case] caps: Caps,
    #[case] expected: Result<(), Errno>,
) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = caps;
    let said = load(&mut bench, prog_type, 0, &returns(1)).map(drop);
    assert_eq!(said, expected.map_err(Failure::from));
}

/// What needs types of the kernel is not judged.
#[rstest]
fn not_modelled(#[values(26, 28, 29)] prog_type: u32) {
    let said = load(&mut Bench::at("6.18"), prog_type, 0, &returns(0));
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
}

/// A struct_ops program without its struct, and programs of system calls, which have to sleep.
#[rstest]
#[case::struct_ops(27, 0, Err(Errno::ENOTSUPP))]
#[case::syscall(31, 0, Err(Errno::EINVAL))]
#[case::syscall_that_sleeps(31, 16, Ok(()))]
fn programs_of_the_kernels_types(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] prog_type: u32,
    #[case] prog_flags: u32,
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let arm = ProgLoadAttr { prog_type, prog_flags, ..arm(&mut bench, &returns(0)) };
    let said = bench.try_call(cmd::PROG_LOAD, arm.as_bytes()).map(drop);
    assert_eq!(said, expected.map_err(Failure::from));
}

/// Helpers without arguments: get_current_pid_tgid, get_numa_node_id, jiffies64,
/// ktime_get_boot_ns, ktime_get_coarse_ns, ktime_get_tai_ns.
#[rstest]
fn helpers_without_arguments(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(1, 2, 3, 4, 5, 6, 7, 17)] prog_type: u32,
    #[values(14, 42, 118, 125, 160, 208)] helper: i32,
) {
    let Some(mut bench) = world.bench() else { return };
    let of_tracing = matches!(prog_type, 2 | 5 | 7 | 17);
    let allowed = helper != 160 || !of_tracing;
    let insns = [insn(0x85, 0, 0, 0, helper), mov(0, 0), EXIT];
    let said = load(&mut bench, prog_type, 0, &insns).map(drop);
    let expected = if allowed { Ok(()) } else { Err(Errno::EINVAL) };
    assert_eq!(said, expected.map_err(Failure::from));
}

/// jiffies64 asks the loading task for CAP_SYS_ADMIN, later for CAP_BPF; ktime_get_boot_ns for
/// nothing.
#[rstest]
#[case::admin("5.6", 118, Caps::ROOT, Ok(()))]
#[case::nobody_before("5.6", 118, Caps::NONE, Err(Errno::EINVAL))]
#[case::nobody("6.18", 118, Caps::NONE, Err(Errno::EINVAL))]
#[case::bpf("6.18", 118, Caps { bpf: true, ..Caps::NONE }, Ok(()))]
#[case::nothing_asked("6.18", 125, Caps::NONE, Ok(()))]
fn helpers_that_ask_for_rights(
    #[case] release: &str,
    #[case] helper: i32,
    #[case] caps: Caps,
    #[case] expected: Result<(), Errno>,
) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = caps;
    let insns = [insn(0x85, 0, 0, 0, helper), mov(0, 0), EXIT];
    let said = load(&mut bench, 1, 0, &insns).map(drop);
    assert_eq!(said, expected.map_err(Failure::from));
}
