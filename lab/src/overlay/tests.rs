//! What files say, and what is wrong with them.

use super::*;
use rstest::rstest;

const WHOLE: &str = r#"
schema = "overlay/1"
name = "mine"

[kernel]
release = "5.15"
from = "5.13"
unprivileged_bpf_disabled = 1

[cpus]
possible = "0-3,8"
online = "0-1"

[caller]
caps = ["CAP_BPF"]

[without]
commands = ["BPF_MAP_LOOKUP_BATCH"]
map_types = ["BPF_MAP_TYPE_LPM_TRIE", "BPF_MAP_TYPE_HASH"]
prog_types = ["BPF_PROG_TYPE_KPROBE"]
helpers = ["bpf_probe_read"]

[inputs]
time_ns = 5
random = 6
hash_seed = 7
memlock_limit = 65536
nr_cpus = 64
"#;

#[test]
fn changes_what_it_names() {
    let overlay = Overlay::parse(WHOLE, "mine.toml").expect("a good file");
    assert_eq!(overlay.release, Some(Release::new(5, 15)));
    let mut profile = Profile::release(Release::new(5, 15)).expect("known");
    assert!(!profile.unprivileged_disabled);
    overlay.apply(&mut profile).expect("it fits");
    assert!(profile.unprivileged_disabled);
    assert_eq!(profile.cpus.possible.to_string(), "0-3,8");
    assert_eq!(profile.cpus.online.to_string(), "0-1");
    assert_eq!(profile.without.map_types, [1, 11]);
    assert_eq!(profile.without.commands, [24]);
    let inputs = profile.inputs;
    assert_eq!((inputs.time_ns, inputs.random, inputs.hash_seed), (5, 6, 7));
    assert_eq!((inputs.memlock_limit, inputs.nr_cpus), (Some(65536), 64));
    assert_eq!(overlay.caps, Some(Caps { bpf: true, ..Caps::NONE }));
}

#[test]
fn what_is_not_named_stays() {
    let overlay = Overlay::parse("schema = \"overlay/1\"\nname = \"x\"", "x").expect("good");
    let plain = Profile::release(Release::new(6, 18)).expect("known");
    let mut profile = plain.clone();
    overlay.apply(&mut profile).expect("it fits");
    assert_eq!(format!("{profile:?}"), format!("{plain:?}"));
}

#[test]
fn does_not_fit_older_releases() {
    let overlay = Overlay::parse(WHOLE, "mine.toml").expect("a good file");
    let mut profile = Profile::release(Release::new(5, 12)).expect("known");
    let error = overlay.apply(&mut profile).expect_err("too old");
    assert_eq!(error.to_string(), "mine fits v5.13 and later, not v5.12; name a later release");
}

#[test]
fn built_in_ones_are_good_and_say_where_from() {
    for (name, text) in BUILTIN {
        let overlay = Overlay::parse(text, name).expect("a good file");
        assert_eq!(&overlay.name, name);
        assert!(overlay.about.is_some() && overlay.source.is_some(), "{name}");
        let mut profile = Profile::release(Release::new(7, 2)).expect("known");
        overlay.apply(&mut profile).expect("it fits");
    }
    assert!(builtin("nothing").is_none());
}

#[rstest]
#[case::toml("x = [", "mine.toml:1:", "not TOML")]
#[case::schema("schema = \"overlay/2\"\nname = \"x\"", "mine.toml:1:10", "write schema = ")]
#[case::no_name("schema = \"overlay/1\"", "mine.toml:1:1", "'name' is missing")]
#[case::key("[kernel]\nrelese = \"5.4\"", "mine.toml:4:1", "did you mean 'release'?")]
#[case::release("[kernel]\nrelease = \"5.4.3\"", "mine.toml:4:11", "write X.Y")]
#[case::level("[kernel]\nunprivileged_bpf_disabled = 3", "mine.toml:4:29", "write 0 to 2")]
#[case::cpus("[cpus]\nonline = \"0-\"", "mine.toml:4:10", "as in \"0-3,8\"")]
#[case::stray("[cpus]\npossible = 1\nonline = 2", "mine.toml:5:10", "CPU 1 is not possible")]
#[case::cap("[caller]\ncaps = [\"CAP_BFP\"]", "mine.toml:4:9", "did you mean 'CAP_BPF'?")]
#[case::helper("[without]\nhelpers = [\"bpf_prob_read\"]", "mine.toml:4:12", "'bpf_probe_read'?")]
#[case::far("[without]\ncommands = [\"x\"]", "mine.toml:4:13", "as in \"BPF_MAP_CREATE\"")]
fn errors_name_place_and_way_out(#[case] text: &str, #[case] at: &str, #[case] why: &str) {
    let head = if text.contains("schema") || text == "x = [" {
        String::new()
    } else {
        "schema = \"overlay/1\"\nname = \"x\"\n".to_owned()
    };
    let problems = Overlay::parse(&format!("{head}{text}"), "mine.toml").expect_err("bad");
    let text = problems.to_string();
    assert!(text.starts_with(at) && text.contains(why), "{text}");
}
