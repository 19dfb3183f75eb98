//! Commands about links and tokens where there are none, and what is looked at first.

use bpfsim_abi::Errno;
use bpfsim_syscall::Failure;
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::map;
use bpfsim_tests::{Bench, World, programs};
use rstest::rstest;

const RAW_TRACEPOINT_OPEN: u32 = 17;
const TASK_FD_QUERY: u32 = 20;
const LINK_CREATE: u32 = 28;
const LINK_UPDATE: u32 = 29;
const LINK_BY_ID: u32 = 30;
const LINK_NEXT_ID: u32 = 31;
const ENABLE_STATS: u32 = 32;
const ITER_CREATE: u32 = 33;
const LINK_DETACH: u32 = 34;
const TOKEN_CREATE: u32 = 36;
const STREAM_READ: u32 = 37;
const ASSOC_STRUCT_OPS: u32 = 38;

/// An fd in an attr of words.
#[derive(Clone, Copy, Debug)]
enum Word {
    Is(u32),
    Map,
    Prog,
}

fn call(bench: &mut Bench, command: u32, words: &[Word]) -> Result<i64, Failure> {
    let map = bench.create(wanted(map::ARRAY, 8, 1));
    let prog = programs::load(bench, &programs::returns(0)).expect("a program") as u32;
    let word = |word: &Word| match *word {
        Word::Is(number) => number,
        Word::Map => map,
        Word::Prog => prog,
    };
    let attr: Vec<u8> = words.iter().flat_map(|one| word(one).to_le_bytes()).collect();
    bench.try_call(command, &attr)
}

use Word::{Is, Map, Prog};

#[rstest]
#[case::no_fd(ITER_CREATE, &[Is(777), Is(0)], Errno::EBADF)]
#[case::no_link(ITER_CREATE, &[Map, Is(0)], Errno::EINVAL)]
#[case::flags_first(ITER_CREATE, &[Is(777), Is(1)], Errno::EINVAL)]
#[case::no_token_fd(TOKEN_CREATE, &[Is(0), Is(777)], Errno::EBADF)]
#[case::no_bpffs(TOKEN_CREATE, &[Is(0), Map], Errno::EINVAL)]
#[case::token_flags_first(TOKEN_CREATE, &[Is(1), Is(777)], Errno::EINVAL)]
#[case::no_such_link(LINK_BY_ID, &[Is(0x7fff_0000)], Errno::ENOENT)]
#[case::zero(LINK_BY_ID, &[Is(0)], Errno::ENOENT)]
#[case::past_the_last(LINK_NEXT_ID, &[Is(i32::MAX as u32 - 1)], Errno::ENOENT)]
#[case::no_id(LINK_NEXT_ID, &[Is(i32::MAX as u32)], Errno::EINVAL)]
#[case::query_flags(TASK_FD_QUERY, &[Is(1), Is(0), Is(1)], Errno::EINVAL)]
#[case::no_stream_fd(STREAM_READ, &[Is(0), Is(0), Is(0), Is(0), Is(777)], Errno::EBADF)]
#[case::no_program(STREAM_READ, &[Is(0), Is(0), Is(0), Is(0), Map], Errno::EINVAL)]
#[case::not_yet(ASSOC_STRUCT_OPS, &[Map, Prog, Is(0)], Errno::EINVAL)]
fn on_both(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] words: &[Word],
    #[case] expected: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(call(&mut bench, command, words), Err(Failure::from(expected)));
}

/// What the oracle never asks the live kernel.
#[rstest]
#[case::update("6.18", LINK_UPDATE, &[Map, Prog, Is(0), Is(0)], Err(Errno::EINVAL))]
#[case::update_flags("6.18", LINK_UPDATE, &[Is(777), Prog, Is(1), Is(0)], Err(Errno::EINVAL))]
#[case::update_fd("6.18", LINK_UPDATE, &[Is(777), Prog, Is(4), Is(0)], Err(Errno::EBADF))]
#[case::detach("6.18", LINK_DETACH, &[Map], Err(Errno::EINVAL))]
#[case::detach_fd("6.18", LINK_DETACH, &[Is(777)], Err(Errno::EBADF))]
#[case::create_fd("6.18", LINK_CREATE, &[Is(777)], Err(Errno::EBADF))]
#[case::create_map("6.18", LINK_CREATE, &[Map], Err(Errno::EINVAL))]
#[case::create_socket_filter("6.18", LINK_CREATE, &[Prog], Err(Errno::EINVAL))]
#[case::create_of_v5_9("5.9", LINK_CREATE, &[Is(777)], Err(Errno::EBADF))]
#[case::own_fd("6.18", TASK_FD_QUERY, &[Is(1), Is(0)], Err(Errno::ENOTSUPP))]
#[case::own_map("6.18", TASK_FD_QUERY, &[Is(1), Map], Err(Errno::ENOTSUPP))]
#[case::own_none("6.18", TASK_FD_QUERY, &[Is(1), Is(777)], Err(Errno::EBADF))]
#[case::stdout("6.18", STREAM_READ, &[Is(0), Is(0), Is(8), Is(1), Prog], Ok(0))]
#[case::no_such_stream("6.18", STREAM_READ, &[Is(0), Is(0), Is(8), Is(3), Prog], Err(Errno::ENOENT))]
#[case::name_first("5.4", RAW_TRACEPOINT_OPEN, &[Is(0), Is(0), Is(777)], Err(Errno::EFAULT))]
#[case::no_cgroup("6.18", 16, &[Is(0)], Err(Errno::EBADF))]
#[case::no_statistics("6.18", ENABLE_STATS, &[Is(1)], Err(Errno::EINVAL))]
#[case::tracepoint("6.18", RAW_TRACEPOINT_OPEN, &[Is(0), Is(0), Prog], Err(Errno::EINVAL))]
#[case::no_tracepoint("6.18", RAW_TRACEPOINT_OPEN, &[Is(0), Is(0), Is(777)], Err(Errno::EBADF))]
#[case::flags("7.0", ASSOC_STRUCT_OPS, &[Map, Prog, Is(1)], Err(Errno::EINVAL))]
#[case::fd("7.0", ASSOC_STRUCT_OPS, &[Map, Is(777), Is(0)], Err(Errno::EBADF))]
#[case::no_struct_ops("7.0", ASSOC_STRUCT_OPS, &[Map, Prog, Is(0)], Err(Errno::EINVAL))]
fn simulated(
    #[case] release: &str,
    #[case] command: u32,
    #[case] words: &[Word],
    #[case] expected: Said,
) {
    let said = call(&mut Bench::at(release), command, words);
    assert_eq!(said, expected.map_err(Failure::from));
}

/// What depends on something that is not modelled says so.
#[rstest]
#[case::another_process("6.18", TASK_FD_QUERY, &[Is(2), Is(0)])]
fn never_faked(#[case] release: &str, #[case] command: u32, #[case] words: &[Word]) {
    let said = call(&mut Bench::at(release), command, words);
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
}
