//! `bpfsim kernels`: which releases there are, and what each brought.

use crate::kernel::{self, KernelArgs};
use crate::names;
use crate::report::{Failure, Outcome, Report};
use crate::screen::Screen;
use crate::text::{Cell, counted, paint, table, wrap};
use bpfsim_abi::tables::Entry;
use bpfsim_abi::{Release, attach_type, attr_size, cmd, helper_id, known_releases, link_type};
use bpfsim_abi::{map_type, prog_type};
use bpfsim_lab::overlay;
use bpfsim_syscall::Profile;
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
        /// With what a file changes about it, or a built-in overlay; several are put on top of
        /// each other.
        #[arg(long, value_name = "FILE")]
        overlay: Vec<String>,
    },
    /// The built-in overlays; the file of one.
    #[command(after_help = include_str!("help/kernels.txt"))]
    Overlays {
        /// Print this one, to start a file of your own from.
        #[arg(value_name = "NAME")]
        name: Option<String>,
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
        Some(Verb::Show { kernel, overlay }) => {
            let overlay = overlay.clone();
            let args = KernelArgs { kernel: Some(*kernel), overlay, ..KernelArgs::default() };
            Ok(Report::good(show(&args.choose()?.profile, screen)))
        }
        Some(Verb::Overlays { name: None }) => overlays(screen),
        Some(Verb::Overlays { name: Some(name) }) => match overlay::builtin(name) {
            Some(text) => Ok(Report::good(text.to_owned())),
            None => {
                let known: Vec<&str> = overlay::BUILTIN.iter().map(|(name, _)| *name).collect();
                let way_out = names::way_out(name, &known);
                Err(Failure::new(name, format!("no such overlay is built in; {way_out}")))
            }
        },
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

fn show(profile: &Profile, screen: &Screen) -> String {
    let release = profile.release;
    let without = &profile.without;
    let left_out: [&[u32]; 6] =
        [&without.commands, &without.map_types, &without.prog_types, &without.helpers, &[], &[]];
    let mut text = format!("{release}: union bpf_attr has {} bytes\n", attr_size(release));
    let mut missing = String::new();
    for ((word, entries), left_out) in TABLES.into_iter().zip(left_out) {
        let is_out = |entry: &&Entry| left_out.contains(&entry.number);
        let count = has(entries, release).filter(|entry| !is_out(entry)).count();
        text += &format!("  {}\n", counted(count, word));
        let names: Vec<&str> =
            has(entries, release).filter(is_out).map(|entry| entry.name).collect();
        if !names.is_empty() {
            missing += &format!("  {}\n", counted(names.len(), word));
            for line in wrap(&names.join(" "), screen.width - 4) {
                missing += &format!("    {line}\n");
            }
        }
    }
    let who = match (release < Release::new(4, 4), profile.unprivileged_disabled) {
        (true, _) => "CAP_SYS_ADMIN alone may call bpf(2)",
        (false, true) => "unprivileged_bpf_disabled is set",
        (false, false) => "unprivileged_bpf_disabled is 0",
    };
    text += &format!("  {who}\n");
    if !missing.is_empty() {
        text += &format!("\nleft out of it\n{missing}");
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

/// A line for each overlay: its name, and what it is about.
fn overlays(screen: &Screen) -> Outcome {
    let row = |(name, _): &(&str, &str)| {
        let overlay = kernel::overlay(name)?;
        let from = overlay.from.map_or_else(String::new, |from| format!("{from} on"));
        let about = overlay.about.unwrap_or_default();
        Ok(vec![Cell::plain(*name), Cell::plain(from), Cell::plain(about)])
    };
    let rows = overlay::BUILTIN.iter().map(row).collect::<Result<Vec<_>, Failure>>()?;
    Ok(Report::good(table(&rows, 0, screen.width)))
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
