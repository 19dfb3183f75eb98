//! Plain calls: what comes back, what it costs, and how that is held against what is expected.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

#[path = "shared/count.rs"]
mod count;
mod shared;

use bpfsim_lab::experiment::plain::{self, Answered, Spent, World, cost_of_run};
use bpfsim_lab::experiment::{Stage, builtin_files};
use bpfsim_lab::scenario::Scenario;
use bpfsim_sim::CopyPlan;
use count::COUNT as COUNT_PROG;
use rstest::rstest;
use shared::{parsed, series};

/// Two CPUs, a per-CPU map of two keys, a plain hash, and programs.
const WORLD: &str = r#"
schema = "interleave/1"
name = "calls"

[machine]
possible = 2

[map.stats]
type = "percpu"
entries = 2
fields = [{ name = "packets", type = "u64" }, { name = "bytes", type = "u64" }]

[map.plain]
type = "hash"
empty = true
entries = 2
value_size = 8

[prog.wild]
asm = "exit"
[prog.wild.for.ming-lei]
object = "wild_ming_lei.bpf.o"

[prog.loop]
asm = """
  r0 = 0
again:
  r0 += 1
  if r0 != 4 goto again
  exit
"""
"#;

fn scenario(calls: &str) -> Scenario {
    parsed("calls.toml", &format!("{WORLD}{COUNT_PROG}\n{calls}"))
}

/// Every `do` as a call, in one series: what came back from the last.
fn last(name: &str, deeds: &[&str]) -> Answered {
    let calls: String = deeds.iter().map(|deed| format!("[[call]]\n{deed}\n")).collect();
    let mut all = plain::run(&scenario(&calls), series(name), &builtin_files);
    assert_eq!(all.len(), deeds.len());
    all.pop().expect("a call")
}

const UPDATE_1: &str = "do = { update = \"stats\", key = 1, cpu = 1, value = [3, 192] }";
const READ_1: &str = "do = { lookup = \"stats\", key = 1, cpu = 1 }";
const OFF: &str = "do = { offline = 1 }";
const ON: &str = "do = { online = 1 }";
const COUNT: &str = "do = { run = \"count\", cpu = 1 }";
const READ_0: &str = "do = { lookup = \"stats\", key = 0, cpu = 1 }";

#[rstest]
#[case::one_slot("ming-lei", &[UPDATE_1, READ_1], "[3, 192]")]
#[case::one_slot_by_flags("f-cpu", &[UPDATE_1, READ_1], "[3, 192]")]
#[case::one_slot_by_key("keyed", &[UPDATE_1, READ_1], "[3, 192]")]
#[case::no_such_write("merged", &[UPDATE_1],
    "no such operation: merged has no update of one CPU")]
#[case::all_slots("merged",
    &["do = { update = \"stats\", key = 1, cpu = \"all\", value = [[1, 2], [3, 4]] }",
      "do = { lookup = \"stats\", key = 1, cpu = \"all\" }"], "[1, 2] [3, 4]")]
#[case::all_slots_one_by_one("martin-lau",
    &[COUNT, "do = { lookup = \"stats\", key = 0, cpu = \"all\" }"], "[0, 0] [1, 64]")]
#[case::own_slot("martin-lau",
    &["do = { update = \"stats\", key = 0, cpu = \"self\", value = [5, 6] }\non = 1", READ_0],
    "[5, 6]")]
#[case::no_cpu_that_high("merged", &["do = { lookup = \"stats\", key = 0, cpu = 9 }"],
    "no such operation: merged has no lookup of one CPU")]
#[case::no_cpu_by_attr("ming-lei", &["do = { lookup = \"stats\", key = 0, cpu = 9 }"], "EINVAL")]
#[case::no_cpu_by_flags("f-cpu", &["do = { lookup = \"stats\", key = 0, cpu = 9 }"], "ERANGE")]
#[case::off_line("martin-lau", &[OFF, READ_1], "ENXIO")]
#[case::off_line_is_read("ming-lei", &[OFF, READ_1], "[0, 0]")]
#[case::back_on_line("martin-lau", &[OFF, ON, READ_1], "[0, 0]")]
#[case::runs_nowhere("merged", &[OFF, "do = { run = \"count\", cpu = 1 }"], "ENXIO")]
#[case::absent("merged", &["do = { lookup = \"plain\", key = 7 }"], "ENOENT")]
#[case::full("merged", &[
    "do = { update = \"plain\", key = 1, value = [1] }",
    "do = { update = \"plain\", key = 2, value = [1] }",
    "do = { update = \"plain\", key = 3, value = [1] }"], "E2BIG")]
#[case::there_already("merged", &[
    "do = { update = \"plain\", key = 1, value = [1] }",
    "do = { update = \"plain\", key = 1, value = [1], flags = [\"noexist\"] }"], "EEXIST")]
#[case::array_keeps_keys("merged", &["do = { delete = \"stats\", key = 1 }"], "EINVAL")]
#[case::hash_gives_keys("martin-lau", &["do = { delete = \"stats\", key = 1 }", READ_1], "ENOENT")]
#[case::next_of_array("merged", &["do = { next = \"stats\", key = 0 }"], "key 1")]
#[case::first_before_null("merged", &["do = { next = \"stats\" }"], "EFAULT")]
#[case::first_by_null("f-cpu", &["do = { next = \"stats\" }"], "key 0")]
#[case::walk_of_array("merged", &["do = { walk = \"stats\", cpu = 1 }"], "keys 0 1")]
#[case::walk_of_nothing("merged", &["do = { walk = \"plain\" }"], "keys ")]
#[case::walk_of_keys_with_cpus("keyed", &["do = { walk = \"stats\" }"],
    "keys (0,1) (1,1) (1,0) (0,0)")]
#[case::wild("ming-lei", &["do = { run = \"wild\", cpu = 0, data = \"000000\" }"],
    "trapped: an access outside every region")]
#[case::back_edge("ming-lei", &["do = { load = \"loop\" }"],
    "the verifier says \"back-edge from insn 2 to 1\"")]
#[case::another_release("merged", &["do = { run = \"loop\" }\nkernel = \"5.3\""], "r0 = 4")]
#[case::what_was_before_is_redone("merged",
    &[COUNT, "do = { lookup = \"stats\", key = 0, cpu = 1 }\nkernel = \"5.19\""], "[1, 64]")]
#[case::each_kernel_has_its_own("merged",
    &["do = { run = \"count\", cpu = 1 }\nkernel = \"5.19\"", READ_0], "[1, 64]")]
#[case::release_is_taken("ming-lei", &["do = { load = \"loop\" }\nkernel = \"4.6\""],
    "ming-lei@v1")]
#[case::raw_by_field("merged",
    &["do = { bpf = \"map_create\", attr = { map_type = 2, key_size = 4, value_size = 8, \
       max_entries = 1 } }"], "5")]
#[case::raw_past_the_last_field("merged",
    &["do = { bpf = \"map_lookup_elem\", attr = { map_fd = \"stats\", flags = 1 } }"], "EINVAL")]
#[case::raw_own_command("ming-lei",
    &[COUNT, "do = { bpf = \"map_lookup_elem_percpu\", attr = { map_fd = \"stats\", \
       key = [0, 0, 0, 0], value = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], cpu = 1 } }"],
    "0")]
#[case::raw_program("merged",
    &["do = { bpf = \"map_lookup_elem\", attr = { map_fd = \"count\" } }"], "EINVAL")]
#[case::raw_by_bytes("merged", &["do = { bpf = 1, attr = \"63000000\" }"], "EBADF")]
#[case::raw_by_number("merged", &["do = { bpf = 99 }"], "EINVAL")]
#[case::raw_by_no_name("merged", &["do = { bpf = \"map_creat\" }"], "no command 'map_creat'")]
#[case::raw_no_field("merged", &["do = { bpf = \"obj_get\", attr = { path = 1 } }"],
    "no field 'path' in this command; there are pathname, bpf_fd, file_flags, path_fd")]
fn answers(#[case] name: &str, #[case] deeds: &[&str], #[case] expected: &str) {
    let answered = last(name, deeds);
    let came = answered.came.to_string();
    match expected {
        // The reason is the profile's: what stands where.
        "ming-lei@v1" => assert!(came.contains("ming-lei does not fit on v4.6"), "{came}"),
        _ => assert_eq!(came, expected),
    }
}

/// What is expected of `READ_0` after a count on CPU 1, and whether it is met.
#[rstest]
#[case::value("value = [1, 64]", true)]
#[case::other_value("value = [1, 65]", false)]
#[case::values("values = [[1, 64]]", true)]
#[case::more_values("values = [[1, 64], [1, 64]]", false)]
#[case::ok("ok = true", true)]
#[case::errno("errno = \"ENOENT\"", false)]
#[case::no_operation("no_operation = true", false)]
fn expectations(#[case] expect: &str, #[case] met: bool) {
    let answered = last("merged", &[COUNT, &format!("{READ_0}\nexpect = {{ {expect} }}")]);
    assert_eq!(answered.is_met(), met, "{answered}");
    assert_eq!(answered.to_string().contains("; expected "), !met);
}

/// Of runs and loads.
#[rstest]
#[case::returns("do = { run = \"count\", cpu = 1 }\nexpect = { returns = 0 }", true)]
#[case::other_return("do = { run = \"count\", cpu = 1 }\nexpect = { returns = 1 }", false)]
#[case::no_trap("do = { run = \"count\" }\nexpect = { trap = \"wild-pointer\" }", false)]
#[case::accepted("do = { load = \"count\" }\nexpect = { accepted = true }", true)]
#[case::rejected("do = { load = \"loop\" }\nexpect = { accepted = true }", false)]
#[case::message("do = { load = \"loop\" }\nexpect = { verify = \"back-edge\" }", true)]
#[case::other_message("do = { load = \"loop\" }\nexpect = { verify = \"invalid\" }", false)]
#[case::errno("do = { load = \"loop\" }\nexpect = { errno = \"EINVAL\" }", true)]
#[case::keys("do = { walk = \"stats\", cpu = 0 }\nexpect = { keys = [0, 1] }", true)]
#[case::fewer_keys("do = { walk = \"stats\", cpu = 0 }\nexpect = { keys = [0] }", false)]
#[case::key("do = { next = \"stats\", key = 0 }\nexpect = { keys = [1] }", true)]
#[case::other_key("do = { next = \"stats\", key = 0 }\nexpect = { keys = [0] }", false)]
fn expectations_of_others(#[case] call: &str, #[case] met: bool) {
    let answered = last("merged", &[call]);
    assert_eq!(answered.is_met(), met, "{answered}");
}

/// Calls, interrupts and bytes of reading 16-byte values of two CPUs, from CPU 0.
#[rstest]
#[case("keyed", 2, 0, 32)]
#[case("ming-lei", 2, 0, 32)]
#[case::own_cpu_needs_no_interrupt("martin-lau", 2, 1, 32)]
#[case("merged", 1, 0, 32)]
#[case("f-cpu", 1, 0, 32)]
fn reading_all(#[case] name: &str, #[case] calls: u64, #[case] ipis: u64, #[case] bytes: u64) {
    let scenario = scenario("[[call]]\ndo = { load = \"count\" }\n");
    let plan = CopyPlan::default();
    let mut stage = Stage::boot(&scenario, series(name), None, plan).expect("a stage");
    let spent = plain::cost_of_reading_all(&mut stage).expect("a cost");
    assert_eq!(spent, Spent { calls, ipis, bytes, ..Spent::default() });
    assert!(stage.slots.is_empty(), "the stage watches what it watched before");
}

/// Instructions and helpers of one run of what clang made of the same counter, as the
/// disassembly in `tests/programs/objdump` has them.
#[rstest]
#[case("keyed", 17, 2)]
#[case("ming-lei", 17, 2)]
#[case("merged", 15, 1)]
fn one_run(#[case] name: &str, #[case] instructions: u64, #[case] helpers: u64) {
    let scenario = scenario("[[call]]\ndo = { load = \"count\" }\n");
    let mut world = World::new(&scenario, series(name), None, &builtin_files).expect("a world");
    let spent = cost_of_run(&mut world, "count", 1, &[]).expect("a cost");
    assert_eq!(spent, Spent { instructions, helpers, ..Spent::default() });
    let offline = cost_of_run(&mut world, "count", 9, &[]).expect_err("no such CPU");
    assert_eq!(offline, "ENXIO");
}

#[test]
fn a_call_is_made_where_it_is_meant() {
    let calls = "[[call]]\ndo = { load = \"loop\" }\nseries = [\"merged\"]\n\
                 [[call]]\ndo = { load = \"count\" }\n\
                 for = { keyed = { expect = { errno = \"EPERM\" } } }\n";
    let scenario = scenario(calls);
    let indices = |name| {
        let all = plain::run(&scenario, series(name), &builtin_files);
        all.iter().map(|answered| (answered.index, answered.is_met())).collect::<Vec<_>>()
    };
    assert_eq!(indices("merged"), [(0, true), (1, true)]);
    assert_eq!(indices("f-cpu"), [(1, true)]);
    assert_eq!(indices("keyed"), [(1, false)]);
}
