//! `bpfsim kernels`: which releases there are, and what each brought.

use crate::names;
use crate::report::{Failure, Outcome, Report};
use crate::screen::Screen;
use crate::text::{Cell, counted, paint, table, wrap};
use bpfsim_abi::tables::Entry;
use bpfsim_abi::{Release, attach_type, attr_size, cmd, helper_id, known_releases, link_type};
use bpfsim_abi::{map_type, prog_type};
use clap::Subcommand;

/// List the releases; show what one has, and what lies between two.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/kernels.txt"))]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line for each release.
    #[command(after_help = include_str!("help/kernels.txt"))]
    List,
    /// What a release has, and what it was the first to have.
    #[command(after_help = include_str!("help/kernels.txt"))]
    Show {
        /// The release, as in 5.15.
        #[arg(value_name = "V", value_parser = names::release)]
        kernel: Release,
    },
    /// What the later of two releases has and the earlier has not.
    #[command(after_help = include_str!("help/kernels.txt"))]
    Diff {
        /// A release, as in 4.9.
        #[arg(value_name = "A", value_parser = names::release)]
        from: Release,
        /// A later one, as in 5.15.
        #[arg(value_name = "B", value_parser = names::release)]
        to: Release,
    },
}

/// The tables, with the word for one of their rows.
const TABLES: [(&str, &[Entry]); 6] = [
    ("command", cmd::ALL),
    ("map type", map_type::ALL),
    ("program type", prog_type::ALL),
    ("helper", helper_id::ALL),
    ("attach type", attach_type::ALL),
    ("link type", link_type::ALL),
];

/// One of the three; the list where none is named.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    match &args.verb {
        None | Some(Verb::List) => Ok(Report::good(list(screen))),
        Some(Verb::Show { kernel }) => Ok(Report::good(show(*kernel, screen))),
        Some(Verb::Diff { from, to }) => diff(*from, *to, screen),
    }
}

/// Rows of a table that `release` has; one number counts once.
fn has(entries: &'static [Entry], release: Release) -> impl Iterator<Item = &'static Entry> {
    entries.iter().filter(move |entry| entry.since <= release && !entry.is_alias)
}

fn list(screen: &Screen) -> String {
    let heading = ["release", "attr", "commands", "map types", "prog types", "helpers"];
    let mut rows = vec![heading.map(|text| Cell::painted(paint::HEAD, text)).to_vec()];
    for release in known_releases() {
        let counts = TABLES.iter().take(4).map(|(_, table)| has(table, *release).count());
        let cells = [release.to_string(), attr_size(*release).to_string()].into_iter();
        rows.push(cells.chain(counts.map(|count| count.to_string())).map(Cell::plain).collect());
    }
    table(&rows, 0, screen.width)
}

fn show(release: Release, screen: &Screen) -> String {
    let mut text = format!("{release}: union bpf_attr has {} bytes\n", attr_size(release));
    for (word, entries) in TABLES {
        text += &format!("  {}\n", counted(has(entries, release).count(), word));
    }
    text += "\nnew in it\n";
    text + &news(|entry| entry.since == release, screen)
}

fn diff(from: Release, to: Release, screen: &Screen) -> Outcome {
    if from >= to {
        let what = format!("is not older than {to}; name the earlier release first");
        return Err(Failure::new(from, what));
    }
    let (before, after) = (attr_size(from), attr_size(to));
    let mut text = format!("{from} to {to}: union bpf_attr {before} to {after} bytes\n");
    text += &news(|entry| entry.since > from && entry.since <= to, screen);
    Ok(Report::good(text))
}

/// The rows that `wanted` picks, by table.
fn news(wanted: impl Fn(&Entry) -> bool, screen: &Screen) -> String {
    let mut text = String::new();
    for (word, entries) in TABLES {
        let names: Vec<String> = entries
            .iter()
            .filter(|entry| wanted(entry) && !entry.is_alias)
            .map(|entry| format!("{}={}", entry.name, entry.number))
            .collect();
        if names.is_empty() {
            continue;
        }
        text += &format!("  {}\n", counted(names.len(), word));
        for line in wrap(&names.join(" "), screen.width - 4) {
            text += &format!("    {line}\n");
        }
    }
    if text.is_empty() { "  nothing\n".to_owned() } else { text }
}
