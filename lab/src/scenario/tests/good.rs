//! What the good file means, and what is odd but no error.

use super::{GOOD, good, problems, read};
use crate::class::Class;
use crate::scenario::{At, ProgType};
use crate::scenario::{
    Call, CallOp, CopyPlan, Cost, CpuArg, Ctx, Do, Expect, Hotplug, HotplugDo, Irqs, Key, Limits,
    MapDef, MapKind, Outcome, RawAttr, RawCmd, RawValue, Run, Scenario, Source, Value, Verb,
    Verdict,
};
use bpfsim_abi::{Errno, Release};
use rstest::rstest;

#[test]
fn says_nothing() {
    assert_eq!(problems(GOOD), Vec::<String>::new());
}

#[test]
fn machine_and_hotplug() {
    let scenario = good(GOOD);
    assert_eq!(scenario.machine.possible, [0, 1, 4]);
    assert_eq!(scenario.machine.online, [0, 1]);
    let comes = Hotplug { cpu: 4, at: At::Any, action: HotplugDo::Online };
    assert_eq!(scenario.hotplug, [comes]);
}

#[test]
fn maps_have_the_layout_of_a_c_struct() {
    let scenario = good(GOOD);
    let layout = |map: &MapDef| -> Vec<(String, u32)> {
        map.fields.iter().map(|field| (field.name.clone(), field.offset)).collect()
    };
    let stats = scenario.map("stats").expect("is there");
    let named = |list: &[(&str, u32)]| -> Vec<(String, u32)> {
        list.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect()
    };
    assert_eq!(layout(stats), named(&[("packets", 0), ("flag", 8), ("n", 12)]));
    assert_eq!((stats.kind, stats.key_size, stats.value_size), (MapKind::Percpu, 4, 16));
    assert_eq!((stats.entries, stats.empty, stats.max_entries), (2, false, None));
    assert!(stats.holds.as_ref().expect("is checked").eval(&[5, 0, 5]));
    let plain = scenario.map("plain").expect("is there");
    assert_eq!(layout(plain), named(&[("w0", 0), ("w1", 4), ("w2", 8)]));
    assert_eq!((plain.kind, plain.key_size, plain.max_entries), (MapKind::Hash, 8, Some(9)));
}

#[rstest]
#[case::tail_is_padded(&["u64", "u8"], 16)]
#[case::no_hole(&["u32", "u16", "u8", "u8"], 8)]
#[case::holes(&["u8", "u16", "u8", "u32"], 12)]
#[case::bytes(&["u8", "u8", "u8"], 3)]
fn value_size_is_that_of_a_c_struct(#[case] types: &[&str], #[case] size: u32) {
    let field = |(number, ty)| format!("{{ name = \"f{number}\", type = \"{ty}\" }}");
    let fields: Vec<String> = types.iter().enumerate().map(field).collect();
    let text = small(&format!("fields = [{}]", fields.join(", ")));
    assert_eq!(good(&text).maps[0].value_size, size);
}

/// A file with one map, described by `map`, and one call.
fn small(map: &str) -> String {
    let call = "[[call]]\ndo = { walk = \"m\" }\n";
    format!("schema = \"interleave/1\"\nname = \"s\"\n[map.m]\n{map}\n{call}")
}

#[test]
fn programs_by_series() {
    let scenario = good(GOOD);
    let prog = scenario.prog("count").expect("is there");
    assert_eq!(prog.prog_type, ProgType::SOCKET_FILTER);
    let asm = Source::Asm { text: "  r1 = stats ll\n  exit\n".to_owned(), line: 22 };
    assert_eq!(prog.source_for("merged"), Some(&asm));
    assert_eq!(prog.source_for("martin-lau"), Some(&asm));
    assert_eq!(prog.source_for("martin-lau@v1"), None);
    let file = Source::Object { file: "a.bpf.o".into(), program: Some("count".into()) };
    assert_eq!(prog.source_for("ming-lei"), Some(&file));
    assert_eq!(prog.source_for("ming-lei@v1"), Some(&file));
}

#[test]
fn runs_and_threads() {
    let scenario = good(GOOD);
    let prog = || "count".to_owned();
    let (ctx, irqs, data) = (Ctx::Softirq, Irqs::Off, vec![0, 0xff, 0x10]);
    let first = Run { prog: prog(), cpu: 0, ctx, irqs, times: 3, data };
    let (ctx, irqs, data) = (Ctx::Nmi, Irqs::ByEntry, vec![]);
    let second = Run { prog: prog(), cpu: 1, ctx, irqs, times: 1, data };
    assert_eq!(scenario.runs, [first, second]);
    let [reader, writer] = &scenario.threads[..] else { panic!("{:?}", scenario.threads) };
    assert_eq!((reader.name.as_str(), reader.cpu, reader.irqs), ("reader", 1, Irqs::On));
    assert_eq!((writer.name.as_str(), writer.cpu, writer.irqs), ("writer", 0, Irqs::Off));
    let own = &reader.ops_for("keyed")[0];
    assert_eq!((own.cpu, own.into.as_deref()), (Some(CpuArg::Own), Some("x")));
    let all = &writer.ops_for("f-cpu")[0];
    let values = vec![vec![1, 1, 1], vec![2, 2, 2], vec![3, 3, 3]];
    assert_eq!(all.value, Some(Value::PerCpu(values)));
    assert_eq!((all.cpu, all.flags), (Some(CpuArg::All), u64::MAX));
}

#[test]
fn operations() {
    let scenario = good(GOOD);
    let plain = |verb, key: Option<Vec<u8>>| Do {
        verb,
        map: "plain".to_owned(),
        key: key.map(Key),
        cpu: None,
        value: None,
        flags: 0,
        into: None,
    };
    let key = vec![7, 0, 0, 0, 8, 0, 0, 0];
    let update = Do {
        value: Some(Value::Same(vec![1, 2, 3])),
        flags: 3,
        ..plain(Verb::Update, Some(key.clone()))
    };
    let stated = [update, plain(Verb::Delete, Some(key)), plain(Verb::Next, None)];
    assert_eq!(scenario.threads[1].ops_for("merged"), stated);
}

#[test]
fn calls() {
    let Scenario { calls, .. } = good(GOOD);
    let [lookup, load, run, walk, create, raw]: &[Call; 6] = calls.as_array().expect("six");
    assert_eq!((lookup.on, lookup.kernel), (1, Some(Release::new(5, 19))));
    assert_eq!(lookup.expect_for("merged"), Some(&Outcome::Errno(Errno::ENOENT)));
    assert_eq!(lookup.expect_for("martin-lau@v2"), Some(&Outcome::Errno(Errno::EINVAL)));
    assert_eq!(lookup.op_for("martin-lau"), &lookup.op);
    assert!(lookup.is_in("merged") && lookup.is_in("martin-lau@v1") && !lookup.is_in("keyed"));
    assert!(load.is_in("keyed"));
    assert_eq!(load.op, CallOp::Load { prog: "count".into() });
    assert_eq!(load.expect, Some(Outcome::Accepted));
    assert_eq!(run.op, CallOp::Run { prog: "count".into(), cpu: 1, data: vec![0xff] });
    assert_eq!(run.expect, Some(Outcome::Returns(-22)));
    assert_eq!(walk.expect, Some(Outcome::Keys(vec![vec![0], vec![1, 0]])));
    let fields = [
        ("key", RawValue::Bytes(vec![1, 0])),
        ("map_fd", RawValue::Fd("stats".into())),
        ("map_name", RawValue::Text("x".into())),
        ("map_type", RawValue::Number(5)),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let cmd = RawCmd::Name("map_create".into());
    assert_eq!(create.op, CallOp::Raw { cmd, attr: RawAttr::Fields(fields) });
    let attr = RawAttr::Bytes(vec![0, 0xff]);
    assert_eq!(raw.op, CallOp::Raw { cmd: RawCmd::Number(99), attr });
}

#[test]
fn exploration_and_expectations() {
    let scenario = good(GOOD);
    let explore = &scenario.explore;
    assert_eq!(explore.series, ["merged", "martin-lau", "f-cpu", "keyed"]);
    assert_eq!(explore.limits, Limits { states: 100, preemptions: Some(2) });
    assert_eq!(explore.copy_for("merged"), [CopyPlan::WordAsc, CopyPlan::Desc]);
    assert_eq!(explore.copy_for("keyed"), [CopyPlan::WordAsc]);
    let merged = Expect {
        series: "merged".into(),
        reachable: vec![Class::PreciseFresh, Class::Mixed],
        unreachable: vec![Class::Error(Errno::ENXIO)],
        verify: Some(Verdict::Accepted),
        cost: Some(Cost { calls: Some(1), ipis: Some(0), bytes: None }),
    };
    assert_eq!(scenario.expects[0], merged);
    let verify = Some(Verdict::Message("invalid func".into()));
    assert_eq!(scenario.expects[1].verify, verify);
}

#[test]
fn defaults_of_a_short_file() {
    let text = small("value_size = 8");
    let scenario = good(&text);
    assert_eq!((&scenario.machine.possible[..], scenario.machine.online.len()), (&[0, 1][..], 2));
    assert_eq!(scenario.explore.series, super::SERIES);
    assert!(scenario.explore.all_series);
    assert_eq!(scenario.explore.limits, Limits { states: 5_000_000, preemptions: None });
    let map = &scenario.maps[0];
    assert_eq!((map.kind, map.entries, map.key_size), (MapKind::Percpu, 1, 4));
}

#[rstest]
#[case::count("3", &[0, 1, 2])]
#[case::list("[5, 1]", &[1, 5])]
#[case::cpulist("\"0-1,8\"", &[0, 1, 8])]
fn possible_is_written_in_three_ways(#[case] possible: &str, #[case] cpus: &[u32]) {
    let on = if cpus.contains(&0) { "" } else { "on = 1\n" };
    let text = format!("{}{on}[machine]\npossible = {possible}\n", small("value_size = 8"));
    let machine = good(&text).machine;
    assert_eq!((&machine.possible[..], &machine.online[..]), (cpus, cpus));
}

#[test]
fn variants_of_a_known_series() {
    let text = |series| format!("{}[explore]\nseries = [\"{series}\"]\n", small("value_size = 8"));
    assert_eq!(good(&text("martin-lau@v1")).explore.series, ["martin-lau@v1"]);
    let known = ["martin-lau@v2"];
    let strict = |series| crate::scenario::parse(&text(series), "s.toml", &known).is_ok();
    assert!(strict("martin-lau@v2") && !strict("martin-lau@v1") && !strict("martin-lau"));
}

#[rstest]
#[case::unused_map(
    "[[call]]\ndo = { load = \"p\" }\n[prog.p]\nasm = \"r1 = map ll\"\n[map.m]\nvalue_size = 8",
    "7:6: warning: [map.m]: nothing uses it; use it, or remove it"
)]
#[case::map_of_a_program(
    "[[call]]\ndo = { load = \"p\" }\n[prog.p]\nasm = \"r1 = m ll\"\n[map.m]\nvalue_size = 8",
    ""
)]
#[case::map_perhaps_of_an_object(
    "[[call]]\ndo = { load = \"p\" }\n[prog.p]\nobject = \"p.o\"\n[map.m]\nvalue_size = 8",
    ""
)]
#[case::one_program_alone(
    "[[run]]\nprog = \"p\"\ncpu = 0\n[prog.p]\nasm = \"exit\"",
    "1:1: warning: nobody reads, and nothing else runs; \
     write a [[thread]] with do = [{ lookup = ... }]"
)]
#[case::two_programs(
    "[[run]]\nprog = \"p\"\ncpu = 0\n[[run]]\nprog = \"p\"\ncpu = 0\n[prog.p]\nasm = \"exit\"",
    ""
)]
#[case::thread_off_line(
    "[machine]\nonline = [0]\n[map.m]\nvalue_size = 8\n\
     [[thread]]\nname = \"t\"\ncpu = 1\ndo = [{ next = \"m\" }]",
    "9:7: error: [[thread]] 't': cpu = 1: the CPU is off line; \
     name it in machine.online, or bring it on line with [[hotplug]]"
)]
#[case::last_cpu(
    "[machine]\npossible = 1\n[[hotplug]]\ncpu = 0\ndo = \"offline\"",
    "7:6: error: [[hotplug]] 1: do = \"offline\": CPU 0 is the only one on line: \
     a kernel says EBUSY; start with two CPUs on line"
)]
#[case::nothing(
    "",
    "1:1: error: the scenario does nothing; write [[run]] and [[thread]], or [[call]]"
)]
fn whole_files(#[case] body: &str, #[case] said: &str) {
    let text = format!("schema = \"interleave/1\"\nname = \"s\"\n{body}\n");
    assert_eq!(problems(&text).join("\n"), said);
}

#[test]
fn problems_know_their_place() {
    let text = GOOD.replace("times = 3", "times = 0");
    let problem = read(&text).expect_err("is wrong").0.remove(0);
    assert_eq!((problem.file.as_str(), problem.line, problem.column), ("s.toml", 37, 9));
    assert_eq!(problem.thing, "[[run]] 1");
    assert_eq!(problem.message, "times = 0: out of range");
    assert_eq!(problem.help, "write 1 to 4294967295");
    let crlf = text.replace('\n', "\r\n");
    let there = &read(&crlf).expect_err("is wrong").0[0];
    assert_eq!((there.line, there.column), (37, 9));
}
