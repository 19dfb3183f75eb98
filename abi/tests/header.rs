//! The tables against the uapi header that this machine has, where it has one.

use bpfsim_abi::tables::Entry;
use bpfsim_abi::{attach_type, cmd, flag, helper_id, link_type, map_type, prog_type};
use std::collections::BTreeMap;

const HEADER: &str = "/usr/include/linux/bpf.h";

/// The header, or none with a word about it.
fn header() -> Option<String> {
    let text = std::fs::read_to_string(HEADER);
    if let Err(error) = &text {
        eprintln!("SKIPPED: {HEADER}: {error}; install linux-libc-dev to compare with it");
    }
    text.ok()
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    let text = text.trim_end_matches("ULL").trim_end_matches('U');
    if let Some((one, shift)) = text.split_once("<<") {
        return number(one).zip(number(shift)).and_then(|(one, by)| one.checked_shl(by as u32));
    }
    match text.trim().strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.trim().parse().ok(),
    }
}

/// The enumerators of `enum name {`, numbered as C numbers them.
fn enumerators(text: &str, name: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let Some((_, body)) = text.split_once(&format!("enum {name} {{")) else { return found };
    let body = body.split_once('}').map_or(body, |(body, _)| body);
    let mut next = 0;
    for item in body.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let name = name.trim();
        next = number(value).or_else(|| found.get(value.trim()).copied()).unwrap_or(next);
        found.insert(name.to_owned(), next);
        next += 1;
    }
    found
}

/// Names of both agree in number; the header has no name that the table lacks; and of the
/// table's names the header lacks only younger ones than its youngest.
fn compare(theirs: &BTreeMap<String, u64>, ours: &[Entry]) {
    assert!(!theirs.is_empty(), "the header has the enum");
    let mut youngest = ours[0].since;
    for (name, number) in theirs {
        if name.starts_with("__MAX") || name.starts_with("MAX_") {
            continue;
        }
        let entry = ours.iter().find(|entry| entry.name == name);
        let entry = entry.unwrap_or_else(|| panic!("{name} = {number} is not in the table"));
        assert_eq!(u64::from(entry.number), *number, "{name}");
        youngest = youngest.max(entry.since);
    }
    for entry in ours.iter().filter(|entry| entry.since < youngest) {
        assert!(theirs.contains_key(entry.name), "{} is older than the header", entry.name);
    }
}

#[test]
fn enums_agree() {
    let Some(text) = header() else { return };
    let text = without_comments(&text);
    compare(&enumerators(&text, "bpf_cmd"), cmd::ALL);
    compare(&enumerators(&text, "bpf_map_type"), map_type::ALL);
    compare(&enumerators(&text, "bpf_prog_type"), prog_type::ALL);
    compare(&enumerators(&text, "bpf_attach_type"), attach_type::ALL);
    compare(&enumerators(&text, "bpf_link_type"), link_type::ALL);
}

#[test]
fn helper_numbers_agree() {
    let Some(text) = header() else { return };
    let text = without_comments(&text);
    let (_, list) = text.split_once("_BPF_FUNC_MAPPER(FN").expect("the header lists helpers");
    let mut theirs = BTreeMap::new();
    for (index, item) in list.split("FN(").skip(1).enumerate() {
        let item = item.split(')').next().unwrap_or_default();
        let mut words = item.split(',').map(str::trim);
        let name = words.next().unwrap_or_default();
        let id = words.next().and_then(number).unwrap_or(index as u64);
        if theirs.insert(format!("bpf_{name}"), id).is_some() || name == "x" {
            break;
        }
    }
    theirs.remove("bpf_x");
    assert!(theirs.len() > 100, "only {} helpers found", theirs.len());
    compare(&theirs, helper_id::ALL);
}

#[test]
fn flag_values_agree() {
    let Some(text) = header() else { return };
    let text = without_comments(&text);
    let mut compared = 0;
    for line in text.lines() {
        let define =
            line.trim().strip_prefix("#define ").and_then(|l| l.split_once(char::is_whitespace));
        let assigned = line.trim().trim_end_matches(',').split_once('=');
        let Some((name, value)) = define.or(assigned) else { continue };
        let (Some(flag), Some(value)) = (flag::by_name(name.trim()), number(value)) else {
            continue;
        };
        assert_eq!(flag.value, value, "{}", flag.name);
        compared += 1;
    }
    assert!(compared > 50, "only {compared} flags found");
}
