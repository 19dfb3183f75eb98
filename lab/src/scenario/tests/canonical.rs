//! The digest: what does not matter, what does.

use super::{GOOD, changed, good};
use rstest::rstest;

/// Like `changed`, and still a good file.
fn after(from: &str, to: &str) -> crate::scenario::Scenario {
    good(&changed(from, to))
}

#[rstest]
#[case::comment("[machine]", "# the machine\n[machine] # here")]
#[case::blanks("times = 3", "times   =    3\n\n")]
#[case::other_spelling("times = 3", "times = 0b11")]
#[case::name("\"good\"", "\"better\"")]
#[case::question("\"What is read?\"", "\"What else?\"")]
#[case::why("\"there is no key 9\"", "\"because\"")]
#[case::default_written("[map.plain]", "[map.plain]\nentries = 1")]
#[case::cpu_list("\"0-1,4\"", "[4, 1, 0]")]
#[case::asm_comment("  exit", "   exit   # done")]
#[case::asm_blank_line("  exit", "\n\n  exit")]
#[case::holds_spelling("packets >= n", "packets>=n")]
#[case::hex_blanks("\"00ff 10\"", "\"00 FF 10\"")]
#[case::key_spelling("\"0700000008000000\"", "[7, 8]")]
#[case::class_order("\"mixed\", \"precise-fresh\"", "\"precise-fresh\", \"mixed\"")]
#[case::keys_of_a_table(
    "{ load = \"count\" }\nexpect = { accepted = true }",
    "{ load = \"count\" }\nexpect.accepted = true"
)]
fn does_not_matter(#[case] from: &str, #[case] to: &str) {
    let other = after(from, to);
    assert_eq!(other.canonical_text(), good(GOOD).canonical_text());
    assert_eq!(other.digest(), good(GOOD).digest());
}

#[rstest]
#[case::preempt("online = [0, 1]", "online = [0, 1]\npreempt = \"full\"")]
#[case::entries("entries = 2", "entries = 3")]
#[case::field_name("name = \"flag\"", "name = \"flags\"")]
#[case::field_type("type = \"u8\"", "type = \"u16\"")]
#[case::holds("packets >= n", "packets > n")]
#[case::max_entries("max_entries = 9", "max_entries = 8")]
#[case::asm("  exit", "  r0 = 1\n  exit")]
#[case::object("\"a.bpf.o\"", "\"b.bpf.o\"")]
#[case::times("times = 3", "times = 4")]
#[case::irqs("irqs = \"off\"\ntimes", "irqs = \"on\"\ntimes")]
#[case::ctx("ctx = \"nmi\"", "ctx = \"hardirq\"")]
#[case::data("\"00ff 10\"", "\"00ff 11\"")]
#[case::key("key = [7, 8]", "key = [7, 9]")]
#[case::value("[2, 2, 2]", "[2, 2, 1]")]
#[case::flags("\"noexist\", \"exist\"", "\"exist\"")]
#[case::into("into = \"x\" }, {", "into = \"y\" }, {")]
#[case::cpu("cpu = 4, into", "cpu = \"self\", into")]
#[case::override_removed("[thread.reader.for.keyed]", "[thread.reader.for.merged]")]
#[case::hotplug("[[hotplug]]\ncpu = 4\ndo = \"online\"", "")]
fn matters(#[case] from: &str, #[case] to: &str) {
    let other = after(from, to);
    assert_ne!(other.digest(), good(GOOD).digest());
    assert_ne!(other.canonical_text(), good(GOOD).canonical_text());
}

#[rstest]
#[case::expectation("\"mixed\", \"precise-fresh\"", "\"mixed\"")]
#[case::limit("states = 100", "states = 101")]
#[case::copy("\"word-asc\", \"desc\"", "\"desc\"")]
#[case::call("{ returns = -22 }", "{ returns = 1 }")]
#[case::attr("map_type = 5", "map_type = 6")]
#[case::kernel("\"5.19\"", "\"6.0\"")]
fn matters_but_not_to_a_token(#[case] from: &str, #[case] to: &str) {
    let other = after(from, to);
    assert_eq!(other.digest(), good(GOOD).digest());
    assert_ne!(other.canonical_text(), good(GOOD).canonical_text());
}

#[test]
fn series_may_come_in_any_order() {
    let (one, two) = ("[prog.count.for.ming-lei]", "[prog.count.for.\"martin-lau@v1\"]");
    let body = "\nobject = \"a.bpf.o\"\nprogram = \"count\"\n\n";
    let there = format!("{one}{body}{two}");
    let other = after(&there, &format!("{two}\n{one}{body}"));
    assert_eq!(other.canonical_text(), good(GOOD).canonical_text());
}

#[test]
fn digests_stay() {
    // Tokens carry them: a change here makes every token of these scenarios invalid.
    let digest = |name| {
        let text = crate::scenario::builtin::builtin(name).expect("is built in");
        format!("{:016x}", good(text).digest())
    };
    assert_eq!(digest("default"), "5f38197ef2b4cef9");
    assert_eq!(digest("ipi-mid-update"), "7ada68fde5087146");
}
