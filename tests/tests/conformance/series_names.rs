//! A series has one file. Everything else takes a `&Series` and names none.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose Rust files may name a series: the series' own files, tests, examples and benches
/// (scenario data), what is built.
const MAY: [&str; 6] =
    ["maps/src/percpu", "/tests/", "/examples/", "/benches/", "/target/", "/.git"];

/// The kernel's own flags are data of the abi.
const FLAGS_MAY: &str = "/abi/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let text = format!("/{}", path.strip_prefix(root()).expect("below").display());
        if MAY.iter().any(|may| format!("{text}/").contains(may)) {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn is_word(text: &str, at: usize, len: usize) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    !text[..at].ends_with(part) && !text[at + len..].starts_with(part)
}

/// The first name of a series on a line.
fn name_on(line: &str, flags: bool) -> Option<&'static str> {
    // "merged" is a word too, so it counts in quotes only; where the rest of them are no words of
    // English, they count anywhere.
    const NAMES: [&str; 7] =
        ["keyed", "ming-lei", "ming_lei", "martin-lau", "martin_lau", "f-cpu", "f_cpu"];
    const QUOTED: [&str; 2] = ["\"merged\"", "`merged`"];
    const FLAGS: [&str; 2] = ["BPF_F_CPU", "BPF_F_ALL_CPUS"];
    let whole = |name: &&'static str| {
        line.match_indices(*name).any(|(at, _)| is_word(line, at, name.len()))
    };
    let flags = if flags { &FLAGS[..] } else { &[] };
    NAMES
        .iter()
        .chain(flags)
        .find(|name| whole(name))
        .or_else(|| QUOTED.iter().find(|quoted| line.contains(**quoted)))
        .copied()
}

#[test]
fn nobody_names_a_series_outside_its_file() {
    let mut sources = Vec::new();
    files(&root(), &mut sources);
    assert!(sources.len() > 50, "{} files were found", sources.len());
    let mut offenders = Vec::new();
    for path in sources {
        let text = fs::read_to_string(&path).expect("a source");
        let shown = format!("/{}", path.strip_prefix(root()).expect("below").display());
        let flags = !shown.contains(FLAGS_MAY);
        // A test module at the end of a file may use scenario data.
        let own = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (number, line) in own.lines().enumerate() {
            if let Some(name) = name_on(line, flags) {
                offenders.push(format!("{shown}:{}: {name}", number + 1));
            }
        }
    }
    assert!(offenders.is_empty(), "a series is named outside its file:\n{}", offenders.join("\n"));
}

#[test]
fn names_are_found_as_words() {
    assert_eq!(name_on("use crate::percpu::ming_lei;", true), Some("ming_lei"));
    assert_eq!(name_on("by_name(\"merged\")", true), Some("\"merged\""));
    assert_eq!(name_on("two sets are merged here", true), None);
    assert_eq!(name_on("monkeyed, keyed2", true), None);
    assert_eq!(name_on("flags & BPF_F_CPU", true), Some("BPF_F_CPU"));
    assert_eq!(name_on("flags & BPF_F_CPU", false), None);
}
