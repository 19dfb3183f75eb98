//! Tracepoints, rights, statistics and tokens.

use super::*;

fn open_tracepoint(bench: &mut Bench, program: u32, name: &str) -> Result<u32, Failure> {
    let name = bench.alloc(&[name.as_bytes(), &[0]].concat());
    let words = [name.0 as u32, (name.0 >> 32) as u32, program];
    bench.try_call(RAW_TRACEPOINT_OPEN, words.as_bytes()).map(|fd| fd as u32)
}

#[rstest]
#[case::known("6.18", "sys_enter", Ok(()))]
#[case::empty("6.18", "", Err(Errno::ENOENT))]
#[case::no_identifier("6.18", "sys.enter", Err(Errno::ENOENT))]
#[case::known_of_v4_17("4.17", "sched_switch", Ok(()))]
fn tracepoints(#[case] release: &str, #[case] name: &str, #[case] said: Result<(), Errno>) {
    let mut bench = Bench::at(release);
    let program = words(&mut bench, &[Prog(17, 0)])[0];
    let answer = open_tracepoint(&mut bench, program, name).map(drop);
    assert_eq!(answer, said.map_err(Failure::from));
}

/// Names that are not listed are not modelled; a program is called twice from v6.10 on.
#[rstest]
#[case("6.9", Err(Errno::EEXIST))]
#[case("6.10", Ok(()))]
fn programs_of_a_tracepoint(#[case] release: &str, #[case] twice: Result<(), Errno>) {
    let mut bench = Bench::at(release);
    let program = words(&mut bench, &[Prog(17, 0)])[0];
    let said = open_tracepoint(&mut bench, program, "some_tracepoint");
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
    let link = open_tracepoint(&mut bench, program, "sys_exit").expect("a link");
    let again = open_tracepoint(&mut bench, program, "sys_exit").map(drop);
    assert_eq!(again, twice.map_err(Failure::from));
    assert_eq!(call(&mut bench, LINK_DETACH, &[link]), Err(Errno::EOPNOTSUPP));
    assert_eq!(call(&mut bench, LINK_UPDATE, &[link, program, 0, 0]), Err(Errno::EINVAL));
    let name = bench.room(16);
    let at = [name.0 as u32, (name.0 >> 32) as u32];
    let words = [1, link, 0, 16, at[0], at[1], 0, 0, 0, 0, 0, 0];
    let (said, attr) = bench.call_back(TASK_FD_QUERY, &words);
    assert_eq!((said, attr[12], attr[24]), (Ok(0), 8, 1));
    assert_eq!(bench.read(name, 9), b"sys_exit\0");
    let words = [1, link, 0, 4, at[0], at[1], 0, 0, 0, 0, 0, 0];
    assert_eq!(call(&mut bench, TASK_FD_QUERY, &words), Err(Errno::ENOSPC));
    assert_eq!(bench.read(name, 4), b"sys\0");
}

/// CAP_NET_ADMIN: before everything else up to v5.7, and for queries; of a cgroup_skb program at
/// the attach (v5.8), which PROG_ATTACH says as EINVAL.
#[rstest]
#[case::attach("5.7", ATTACH, &[NOBODY, NOBODY, 99], Err(Errno::EPERM))]
#[case::attach_attr_first("5.8", ATTACH, &[NOBODY, NOBODY, 99], Err(Errno::EINVAL))]
#[case::before_the_attr("5.7", ATTACH, &[0, 0, 0, 0, 0, 1], Err(Errno::EPERM))]
#[case::query("6.18", QUERY, &[NOBODY, 99], Err(Errno::EPERM))]
fn rights(#[case] release: &str, #[case] command: u32, #[case] words: &[u32], #[case] said: Said) {
    let mut bench = Bench::at(release);
    bench.parts().1.caps = Caps { bpf: true, ..Caps::NONE };
    bench.parts().0.core.profile.unprivileged_disabled = false;
    assert_eq!(call(&mut bench, command, words), said);
}

#[rstest]
#[case::link(LINK_CREATE, 0, 1, Errno::EPERM)]
#[case::attach(ATTACH, 1, 0, Errno::EINVAL)]
fn rights_of_a_program(
    #[case] command: u32,
    #[case] program_at: usize,
    #[case] group_at: usize,
    #[case] expected: Errno,
) {
    let mut tree = Tree::new("5.8");
    let mut words = [0; 4];
    words[program_at] = tree.skb();
    words[group_at] = tree.groups[1];
    tree.bench.parts().1.caps = Caps { bpf: true, ..Caps::NONE };
    assert_eq!(call(&mut tree.bench, command, &words), Err(expected));
}

/// Runs count while somebody keeps statistics on, and take as long as the input says.
#[test]
fn statistics() {
    let mut profile = profile("6.18");
    profile.inputs.run_ns = 40;
    let mut bench = Bench::simulated(profile);
    let program = program(&mut bench, 1, 0);
    let counts = |bench: &mut Bench| {
        let (kernel, process) = bench.parts();
        let Some(Ok(object)) = bpfsim_syscall::Task::fd(process, program) else { panic!("an fd") };
        let meta = kernel.core.meta(object).expect("a program");
        (meta.runs, meta.run_ns)
    };
    assert!(bench.run_on(program, 0).is_ok());
    assert_eq!(counts(&mut bench), (0, 0));
    let one = call(&mut bench, ENABLE_STATS, &[0]).expect("an fd");
    let two = call(&mut bench, ENABLE_STATS, &[0]).expect("an fd");
    assert!(bench.run_on(program, 0).is_ok());
    bench.close(one);
    assert!(bench.run_on(program, 0).is_ok());
    bench.close(two);
    assert!(bench.run_on(program, 0).is_ok());
    assert_eq!(counts(&mut bench), (2, 80));
}

/// A token of the root of bpffs, in the first user namespace.
#[rstest]
#[case::the_mount("/sys/fs/bpf", Caps::ROOT, Errno::EOPNOTSUPP)]
#[case::without_cap_bpf("/sys/fs/bpf", Caps { bpf: false, ..Caps::ROOT }, Errno::EPERM)]
#[case::another_directory("/sys/fs", Caps::ROOT, Errno::EINVAL)]
fn tokens(#[case] path: &str, #[case] caps: Caps, #[case] expected: Errno) {
    let mut bench = Bench::at("6.18");
    let (kernel, process) = bench.parts();
    let dir = kernel.open_directory(process, path.as_bytes()).expect("a directory");
    let fd = process.open(File::Directory(dir)).expect("an fd");
    process.caps = caps;
    assert_eq!(call(&mut bench, TOKEN_CREATE, &[0, fd]), Err(expected));
}
