//! What is refused, in the kernel's order.

use super::*;

#[rstest]
#[case::attach_for_events(ATTACH, &[NONE, SKB, Is(41)], Errno::EINVAL)]
#[case::attach_for_nothing(ATTACH, &[NONE, SKB, Is(99)], Errno::EINVAL)]
#[case::attach_flag(ATTACH, &[NONE, NONE, Is(0), Is(0x8000)], Errno::EINVAL)]
#[case::attach_no_program(ATTACH, &[NONE, NONE, Is(0)], Errno::EBADF)]
#[case::attach_map(ATTACH, &[NONE, Map, Is(0)], Errno::EINVAL)]
#[case::attach_other_type(ATTACH, &[NONE, SOCK, Is(0)], Errno::EINVAL)]
#[case::attach_no_cgroup(ATTACH, &[NONE, SKB, Is(0)], Errno::EBADF)]
#[case::attach_replace(ATTACH, &[NONE, SKB, Is(0), Is(6), NONE], Errno::EBADF)]
#[case::attach_other_attach_type(ATTACH, &[NONE, SOCK, Is(12)], Errno::EINVAL)]
#[case::attach_relative(ATTACH, &[NONE, SKB, Is(0), Is(0), Is(0), Is(5)], Errno::EBADF)]
#[case::attach_tc_no_device(ATTACH, &[NONE, TC, Is(46)], Errno::ENODEV)]
#[case::attach_tc_flag(ATTACH, &[NONE, TC, Is(46), Is(1)], Errno::EINVAL)]
#[case::attach_tc_replace(ATTACH, &[NONE, TC, Is(46), Is(4), NONE], Errno::ENODEV)]
#[case::attach_flow_target(ATTACH, &[Is(5), FLOW, Is(17)], Errno::EINVAL)]
#[case::attach_flow_flags(ATTACH, &[Is(0), FLOW, Is(17), Is(1)], Errno::EINVAL)]
#[case::attach_flow_order(
    ATTACH, &[Is(0), FLOW, Is(17), Is(0), Is(0), Is(1)], Errno::EINVAL
)]
#[case::attach_socket_lookup(ATTACH, &[Is(0), LOOKUP, Is(36)], Errno::EINVAL)]
#[case::attach_xdp(ATTACH, &[Is(1), XDP, Is(37)], Errno::EINVAL)]
#[case::attach_msg_array(ATTACH, &[Map, MSG, Is(7)], Errno::EOPNOTSUPP)]
#[case::attach_msg_no_map(ATTACH, &[NONE, MSG, Is(7)], Errno::EBADF)]
#[case::attach_msg_flags(ATTACH, &[Map, MSG, Is(7), Is(1)], Errno::EINVAL)]
#[case::detach_nothing(DETACH, &[NONE, Is(0), Is(99)], Errno::EINVAL)]
#[case::detach_flags(DETACH, &[NONE, Is(0), Is(0), Is(1)], Errno::EINVAL)]
#[case::detach_no_cgroup(DETACH, &[NONE, Is(0), Is(0)], Errno::EBADF)]
#[case::detach_relative(DETACH, &[NONE, Is(0), Is(0), Is(0), Is(0), Is(1)], Errno::EINVAL)]
#[case::detach_revision(
    DETACH, &[NONE, Is(0), Is(0), Is(0), Is(0), Is(0), Is(7), Is(0)], Errno::EBADF
)]
#[case::detach_flow_target(DETACH, &[Is(5), FLOW, Is(17)], Errno::EINVAL)]
#[case::detach_flow_program(DETACH, &[Is(0), NONE, Is(17)], Errno::EBADF)]
#[case::detach_flow_nothing(DETACH, &[Is(0), FLOW, Is(17)], Errno::ENOENT)]
#[case::detach_tc_no_device(DETACH, &[NONE, Is(0), Is(46)], Errno::ENODEV)]
#[case::detach_tc_program(DETACH, &[Is(1), NONE, Is(46)], Errno::EBADF)]
#[case::detach_tc_nothing(DETACH, &[Is(1), Is(0), Is(46)], Errno::ENOENT)]
#[case::detach_tc_flags(DETACH, &[Is(1), Is(0), Is(46), Is(1)], Errno::EINVAL)]
#[case::detach_tc_replace(DETACH, &[Is(1), Is(0), Is(46), Is(4)], Errno::ENOENT)]
#[case::detach_xdp(DETACH, &[Is(1), XDP, Is(37)], Errno::EINVAL)]
#[case::detach_msg(DETACH, &[Map, MSG, Is(7)], Errno::EOPNOTSUPP)]
#[case::detach_lsm(DETACH, &[NONE, Is(0), Is(43)], Errno::EBADF)]
#[case::detach_lsm_of_all(DETACH, &[NONE, Is(0), Is(27)], Errno::EBADF)]
#[case::query_nothing(QUERY, &[NONE, Is(99)], Errno::EINVAL)]
#[case::query_flags(QUERY, &[NONE, Is(0), Is(2)], Errno::EINVAL)]
#[case::query_no_cgroup(QUERY, &[NONE, Is(0)], Errno::EBADF)]
#[case::query_no_such_cgroup(QUERY, &[Is(0), Is(0)], Errno::EBADF)]
#[case::query_no_namespace(QUERY, &[NONE, Is(17)], Errno::EBADF)]
#[case::query_no_such_namespace(QUERY, &[Is(0), Is(17)], Errno::EINVAL)]
#[case::query_effective_namespace(QUERY, &[Is(0), Is(17), Is(1)], Errno::EINVAL)]
#[case::query_tc_no_device(QUERY, &[NONE, Is(46)], Errno::ENODEV)]
#[case::query_tc_attach_flags(QUERY, &[Is(1), Is(46), Is(0), Is(1)], Errno::EINVAL)]
#[case::query_tc_effective(QUERY, &[Is(1), Is(46), Is(1)], Errno::EINVAL)]
#[case::query_msg(QUERY, &[Map, Is(7)], Errno::EOPNOTSUPP)]
#[case::query_xdp(QUERY, &[Is(1), Is(37)], Errno::EINVAL)]
#[case::query_lsm(QUERY, &[NONE, Is(43)], Errno::EBADF)]
#[case::link_no_program(LINK_CREATE, &[NONE, Is(0), Is(0)], Errno::EBADF)]
#[case::link_cgroup_flags(LINK_CREATE, &[SKB, NONE, Is(0), Is(1)], Errno::EINVAL)]
#[case::link_no_cgroup(LINK_CREATE, &[SKB, NONE, Is(0)], Errno::EBADF)]
#[case::link_other_hook(LINK_CREATE, &[SKB, NONE, Is(2)], Errno::EINVAL)]
#[case::link_other_attach_type(LINK_CREATE, &[SOCK, NONE, Is(12)], Errno::EINVAL)]
#[case::link_xdp_no_device(LINK_CREATE, &[XDP, NONE, Is(37)], Errno::EINVAL)]
#[case::link_xdp_flag(LINK_CREATE, &[XDP, Is(1), Is(37), Is(16)], Errno::EINVAL)]
#[case::link_xdp_two_modes(LINK_CREATE, &[XDP, Is(1), Is(37), Is(6)], Errno::EINVAL)]
#[case::link_xdp_driver(LINK_CREATE, &[XDP, Is(1), Is(37), Is(4)], Errno::EOPNOTSUPP)]
#[case::link_xdp_hardware(LINK_CREATE, &[XDP, Is(1), Is(37), Is(8)], Errno::EOPNOTSUPP)]
#[case::link_xdp_no_hook(LINK_CREATE, &[XDP, Is(1), Is(0)], Errno::EINVAL)]
#[case::link_tc_no_device(LINK_CREATE, &[TC, NONE, Is(46)], Errno::ENODEV)]
#[case::link_tc_no_such_id(LINK_CREATE, &[TC, Is(1), Is(46), Is(32), NONE], Errno::ENOENT)]
#[case::link_tc_revision(
    LINK_CREATE, &[TC, Is(1), Is(46), Is(0), Is(0), Is(0), Is(99), Is(0)], Errno::ESTALE
)]
#[case::link_tc_replace(LINK_CREATE, &[TC, Is(1), Is(46), Is(4)], Errno::ENOENT)]
#[case::link_no_namespace(LINK_CREATE, &[LOOKUP, NONE, Is(36)], Errno::EBADF)]
#[case::link_no_such_namespace(LINK_CREATE, &[LOOKUP, Is(0), Is(36)], Errno::EINVAL)]
#[case::link_namespace_flags(LINK_CREATE, &[LOOKUP, Is(0), Is(36), Is(1)], Errno::EINVAL)]
#[case::link_flow(LINK_CREATE, &[FLOW, Is(0), Is(17)], Errno::EINVAL)]
#[case::link_netfilter_flags(LINK_CREATE, &[NF, Is(0), Is(45), Is(1)], Errno::EINVAL)]
#[case::link_netfilter_family(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(1)], Errno::EAFNOSUPPORT
)]
#[case::link_netfilter_hook(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(5)], Errno::EPROTO
)]
#[case::link_netfilter_flag(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(0), Is(0), Is(2)], Errno::EOPNOTSUPP
)]
#[case::link_netfilter_first(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(0), Is(0x8000_0000)], Errno::ERANGE
)]
#[case::link_netfilter_before_defrag(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(0), Is(-400i32 as u32), Is(1)],
    Errno::ERANGE
)]
#[case::link_event(LINK_CREATE, &[Prog(2, 0), Is(0), Is(41)], Errno::EBADF)]
#[case::link_event_flags(LINK_CREATE, &[Prog(2, 0), Is(0), Is(41), Is(1)], Errno::EINVAL)]
#[case::link_kprobe_elsewhere(LINK_CREATE, &[Prog(2, 0), Is(0), Is(0)], Errno::EINVAL)]
#[case::link_msg(LINK_CREATE, &[MSG, Map, Is(7)], Errno::EINVAL)]
#[case::link_struct_ops(LINK_CREATE, &[Map, Is(0), Is(44)], Errno::EINVAL)]
#[case::link_no_struct_ops(LINK_CREATE, &[NONE, Is(0), Is(44)], Errno::EBADF)]
#[case::link_raw_tracepoint(LINK_CREATE, &[Prog(17, 0), Is(0), Is(23)], Errno::EINVAL)]
fn refused(#[case] command: u32, #[case] attr: &[Word], #[case] expected: Errno) {
    let mut bench = Bench::at("6.18");
    let attr = words(&mut bench, attr);
    assert_eq!(call(&mut bench, command, &attr), Err(expected));
}

/// Rows of `refused` without programs, on both.
#[rstest]
#[case::no_program(ATTACH, &[NOBODY, NOBODY, 0], Errno::EBADF)]
#[case::flag_first(ATTACH, &[NOBODY, NOBODY, 0, 0x8000], Errno::EINVAL)]
#[case::attach_type_first(ATTACH, &[NOBODY, NOBODY, 99], Errno::EINVAL)]
#[case::query_nothing(QUERY, &[NOBODY, 99], Errno::EINVAL)]
#[case::query_no_cgroup(QUERY, &[NOBODY, 0], Errno::EBADF)]
#[case::query_no_namespace(QUERY, &[NOBODY, 17], Errno::EBADF)]
#[case::query_tc_no_device(QUERY, &[NOBODY, 46], Errno::ENODEV)]
#[case::link_no_program(LINK_CREATE, &[NOBODY, 0, 0], Errno::EBADF)]
#[case::link_no_struct_ops(LINK_CREATE, &[NOBODY, 0, 44], Errno::EBADF)]
fn refused_on_both(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] attr: &[u32],
    #[case] expected: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(call(&mut bench, command, attr), Err(expected));
}
