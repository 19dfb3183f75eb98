//! The table of causes: ids that stay, texts that say something.

use bpfsim_abi::cause::{self, Cause};
use bpfsim_abi::{Errno, Refusal, Release, known_releases};
use std::collections::BTreeSet;

/// Ids are for ever: a line may be added here, and none changed or taken away.
const IDS: &str = include_str!("golden/causes.txt");

fn line(cause: &Cause) -> String {
    let errnos: Vec<&str> = cause.errnos().map(Errno::name).collect();
    format!("{} {} {}", cause.id, errnos.join(","), cause.field.unwrap_or("-"))
}

#[test]
fn ids_stay_as_they_are() {
    let mut lines: Vec<String> = cause::all().map(line).collect();
    lines.sort();
    let text = lines.join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/causes.txt");
        std::fs::write(path, &text).expect("the golden file can be written");
        return;
    }
    assert_eq!(text, IDS, "run with UPDATE=1 if causes were added");
}

#[test]
fn ids_are_unique_and_kebab_case() {
    let ids: BTreeSet<&str> = cause::all().map(|cause| cause.id).collect();
    assert_eq!(ids.len(), cause::all().count(), "an id stands twice");
    for id in ids {
        let letters = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let words = id.split('-').all(|word| !word.is_empty());
        assert!(letters && words && id.len() <= 40, "{id}");
        assert_eq!(cause::by_id(id).map(|cause| cause.id), Some(id));
    }
}

#[test]
fn texts_are_sentences_and_spans_are_releases() {
    for cause in cause::all() {
        let Cause { id, rule, avoid, span, .. } = cause;
        assert!(rule.ends_with('.') && rule.len() > 20, "{id}: {rule}");
        assert!(!avoid.ends_with('.') && avoid.len() > 5, "{id}: {avoid}");
        assert!(!rule.contains("  ") && !avoid.contains("  "), "{id}");
        // A sentence may begin with the name of a field.
        let first = rule.split(' ').next().unwrap_or_default();
        let field = first.contains('_') || ["count", "flags"].contains(&first);
        assert!(field || first.starts_with(char::is_uppercase), "{id}: {rule}");
        assert!(cause.file.ends_with(".c") || cause.file.ends_with(".h"), "{id}");
        assert!(known_releases().contains(&span.since), "{id}");
        assert!(span.until.is_none_or(|until| span.since < until), "{id}");
        for (since, _) in cause.later {
            assert!(span.contains(*since) && span.since < *since, "{id}: {since}");
        }
    }
}

#[test]
fn three_e2big_can_be_told_apart() {
    let e2big = [cause::ATTR_TOO_LONG, cause::ATTR_TAIL_NONZERO, cause::INFO_TAIL_NONZERO];
    let ids: BTreeSet<_> = e2big.iter().filter_map(|cause| cause.refusal().id()).collect();
    assert_eq!(ids.len(), 3);
    for cause in e2big {
        assert_eq!(cause.refusal(), Errno::E2BIG);
        assert!(cause::by_errno(Errno::E2BIG).any(|other| other == cause));
    }
}

#[test]
fn a_refusal_shows_its_cause_when_asked() {
    let explained = cause::ATTR_TOO_LONG.refusal();
    assert_eq!(explained.to_string(), "E2BIG (Argument list too long)");
    assert!(format!("{explained:#}").contains("[attr-too-long]: An attr is at most"));
    assert_eq!(format!("{explained:?} {explained:#?}"), "E2BIG E2BIG [attr-too-long]");
    let plain = Refusal::of(Errno::E2BIG);
    assert_eq!((plain, plain.id()), (explained, None));
    assert_eq!(format!("{plain:#} {plain:?}"), "E2BIG (Argument list too long) E2BIG");
    assert_eq!(plain.or_because(explained.cause).id(), Some("attr-too-long"));
}

#[test]
fn spans_name_the_last_release_that_has_the_rule() {
    let span = cause::ATTR_OUTSIDE_USER_SPACE.span;
    assert_eq!(span.to_string(), "v3.18 to v5.7");
    assert!(span.contains(Release::new(5, 7)) && !span.contains(Release::new(5, 8)));
    assert_eq!(cause::ATTR_TOO_LONG.span.to_string(), "since v3.18");
}
