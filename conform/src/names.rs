//! Names of the kernel, and what they stand for.

use bpfsim_abi::layout::{self, Field};
use bpfsim_abi::tables::Entry;
use bpfsim_abi::{Release, attach_type, check_attr, cmd, flag, known_releases, link_type};
use bpfsim_abi::{map_type, prog_type};

/// Fields whose enumerators may be written without their prefix.
const PREFIXES: [(&str, &str, &[Entry]); 2] =
    [("map_type", "BPF_MAP_TYPE_", map_type::ALL), ("prog_type", "BPF_PROG_TYPE_", prog_type::ALL)];

/// Constants of the uapi header that are no flags and in no enum of the tables.
const OTHERS: [(&str, i128); 4] =
    [("BPF_ANY", 0), ("BPF_STATS_RUN_TIME", 0), ("BPF_OBJ_NAME_LEN", 16), ("BPF_TAG_SIZE", 8)];

/// What a name of the kernel is as a number, in the field `field`.
pub fn constant(name: &str, field: Option<&str>) -> Option<i128> {
    let short = PREFIXES.iter().find(|(of, _, _)| field == Some(*of)).and_then(|row| {
        let full = |entry: &&Entry| entry.name.strip_prefix(row.1) == Some(name);
        row.2.iter().find(full).map(|entry| i128::from(entry.number))
    });
    let other = || OTHERS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    short
        .or_else(other)
        .or_else(|| flag::by_name(name).map(|flag| i128::from(flag.value)))
        .or_else(|| entry(name).map(|entry| i128::from(entry.number)))
}

fn entry(name: &str) -> Option<&'static Entry> {
    map_type::by_name(name)
        .or_else(|| prog_type::by_name(name))
        .or_else(|| attach_type::by_name(name))
        .or_else(|| link_type::by_name(name))
        .or_else(|| cmd::by_name(name))
}

/// A command by its kernel name, with or without `BPF_`: the name without, and the number.
pub fn command(name: &str) -> Option<(&'static str, u32)> {
    let bare = name.strip_prefix("BPF_").unwrap_or(name);
    let found = cmd::ALL.iter().find(|entry| entry.name.strip_prefix("BPF_") == Some(bare))?;
    Some((found.name.strip_prefix("BPF_")?, found.number))
}

/// Every command, without `BPF_`.
pub fn commands() -> Vec<&'static str> {
    cmd::ALL.iter().filter_map(|entry| entry.name.strip_prefix("BPF_")).collect()
}

/// The newest release that the tables know.
fn newest() -> Release {
    *known_releases().last().expect("the table of releases is not empty")
}

/// The arm of `union bpf_attr` that a command reads, as in `bpf_attr.MAP_CREATE`.
pub fn container(command: u32) -> Option<&'static str> {
    check_attr::rows().iter().find(|row| row.cmd == command).map(|row| row.container)
}

/// A field of a container by the kernel's name, whatever its release: no field ever moved.
pub fn field(container: &str, name: &str) -> Option<&'static Field> {
    layout::fields(container, newest()).find(|field| field.name == name)
}

/// The names of the fields of a container.
pub fn fields(container: &str) -> Vec<&'static str> {
    layout::fields(container, newest()).map(|field| field.name).collect()
}

/// The known name that is nearest to `text`, as `; did you mean 'x'?`, where one is near.
pub fn suggest(text: &str, known: &[&str]) -> String {
    let fold = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let text = fold(text);
    let most = 1 + text.len().min(64) / 4;
    let scored = known.iter().map(|name| (distance(&text, &fold(name)), *name));
    let near = scored.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far);
    near.map_or_else(String::new, |(_, name)| format!("; did you mean '{name}'?"))
}

/// How many letters have to change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::flag("BPF_F_NO_PREALLOC", None, Some(1))]
    #[case::short_type("LRU_HASH", Some("map_type"), Some(9))]
    #[case::long_type("BPF_MAP_TYPE_LRU_HASH", None, Some(9))]
    #[case::short_elsewhere("LRU_HASH", None, None)]
    #[case::program("XDP", Some("prog_type"), Some(6))]
    #[case::zero("BPF_ANY", Some("flags"), Some(0))]
    #[case::none("BPF_NOTHING", None, None)]
    fn constants(#[case] name: &str, #[case] field: Option<&str>, #[case] want: Option<i128>) {
        assert_eq!(constant(name, field), want);
    }

    #[test]
    fn commands_and_their_fields() {
        assert_eq!(command("MAP_CREATE"), Some(("MAP_CREATE", 0)));
        assert_eq!(command("BPF_PROG_LOAD"), Some(("PROG_LOAD", 5)));
        assert_eq!(container(1), Some("bpf_attr.MAP_ELEM"));
        assert_eq!(field("bpf_attr.MAP_ELEM", "flags").map(|field| field.offset), Some(24));
        assert_eq!(suggest("MAP_CRAETE", &commands()), "; did you mean 'MAP_CREATE'?");
        assert_eq!(suggest("colour", &["map_fd"]), "");
    }
}
