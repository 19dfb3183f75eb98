//! The files themselves: their form, and what they cover.

use bpfsim_abi::{cmd, known_releases, map_type};
use bpfsim_conform::ast::{Act, Arg, Cmd, Value};
use bpfsim_conform::{Case, Suite, builtin, parse};
use std::collections::BTreeSet;
use std::path::Path;

/// `UPDATE=1 cargo test -p bpfsim-tests --test cases` prints them anew.
#[test]
fn stand_as_they_are_printed() {
    for (path, text) in builtin() {
        let file = parse(path, text).unwrap_or_else(|problem| panic!("{problem}"));
        let printed = file.to_string();
        if std::env::var_os("UPDATE").is_some() && printed != *text {
            let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(path);
            std::fs::write(&to, &printed).expect("the folder can be written");
        } else {
            assert_eq!(printed, *text, "{path}: UPDATE=1 prints it anew");
        }
        let again = parse(path, &printed).expect("what was printed").to_string();
        assert_eq!(again, printed, "{path}");
    }
}

#[test]
fn there_are_enough_and_each_holds_somewhere() {
    let suite = Suite::builtin().expect("cases");
    let mut ids = BTreeSet::new();
    for named in suite.cases() {
        let holds = known_releases().iter().any(|release| named.case.holds(*release));
        assert!(holds, "{} holds for no release", named.id);
        assert!(ids.insert(named.id.clone()), "{} is there twice", named.id);
    }
    assert!(ids.len() >= 1500, "{} cases", ids.len());
}

fn calls(case: &Case) -> impl Iterator<Item = &bpfsim_conform::ast::Call> {
    case.steps.iter().filter_map(|step| match &step.act {
        Act::Call(call) => Some(call),
        _ => None,
    })
}

/// The names of commands and of types of maps in a case.
fn note(case: &Case, commands: &mut BTreeSet<String>, types: &mut BTreeSet<String>) {
    for call in calls(case) {
        if let Cmd::Named(name, _) = call.cmd {
            commands.insert(format!("BPF_{name}"));
        }
        for arg in &call.args {
            if let Arg::Set(assign) = arg
                && let Value::Number(number) = &assign.value
                && assign.to_string().starts_with("map_type=")
            {
                types.insert(format!("BPF_MAP_TYPE_{number}"));
            }
        }
    }
}

/// Every command and every type of map that a release has brought, up to v6.18.
#[test]
fn name_every_command_and_every_type_of_map() {
    let suite = Suite::builtin().expect("cases");
    let (mut commands, mut types) = (BTreeSet::new(), BTreeSet::new());
    for named in suite.cases() {
        note(&named.case, &mut commands, &mut types);
    }
    // The bit of v7.2 is no command.
    let wanted = cmd::ALL.iter().filter(|entry| !entry.is_alias && entry.number < 1 << 16);
    let missing: Vec<_> = wanted.filter(|entry| !commands.contains(entry.name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let wanted = map_type::ALL.iter().filter(|entry| !entry.is_alias && entry.number > 0);
    let missing: Vec<_> = wanted
        .filter(|entry| entry.since <= bpfsim_tests::world::BOTH && !types.contains(entry.name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
