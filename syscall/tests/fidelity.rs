//! `docs/FIDELITY.md` says of every command and map type how well it is supported, and is generated
//! from their tables: `UPDATE=1 cargo test -p bpfsim-syscall --test fidelity` writes it anew.

use bpfsim_abi::{Release, cmd, known_releases, map_type};
use bpfsim_maps::create::{Around, Locked, Rights, is_modelled};
use bpfsim_maps::{kinds, percpu};
use bpfsim_sim::Topology;
use bpfsim_syscall::command::{COMMANDS, Support, by_number};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "\
# Fidelity

How well each command of bpf(2) is answered. `full` means: as the release does, for the map and
program types that are modelled. A call that the model cannot answer says \"not modelled\" and why;
it never pretends. `since` is the first release whose header has the command; before it, the answer
is EINVAL. What comes before a command (size, tail, rights) holds for all of them.

This file is generated from `syscall/src/command.rs` and `maps/src/kinds/`:
`UPDATE=1 cargo test -p bpfsim-syscall --test fidelity` writes it.

| number | command | since | support |
|---:|---|---|---|
";

/// The newest release.
fn newest() -> Release {
    *known_releases().last().expect("some release")
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut counts = [0; 4];
    for entry in cmd::ALL.iter().filter(|entry| !entry.is_alias) {
        let row = by_number(entry.number);
        let support = row.map_or("not modelled".to_owned(), |row| row.support.to_string());
        let at = match row.map(|row| row.support) {
            Some(Support::Full) => 0,
            Some(Support::Partial(_)) => 1,
            Some(Support::Errors(_)) => 2,
            None => 3,
        };
        counts[at] += 1;
        writeln!(page, "| {} | `{}` | {} | {support} |", entry.number, entry.name, entry.since)
            .expect("a string takes everything");
    }
    let [full, partial, errors, none] = counts;
    writeln!(page, "\n{full} full, {partial} partial, {errors} errors only, {none} not modelled.")
        .expect("a string takes everything");
    map_types(&mut page);
    page
}

const MAP_TYPES: &str = "
## Map types

Of the types that the newest release has. `made` means: create rules, element commands and batches as the release has
them, and what programs may do with the type, apart from what the text names.

| number | map type | since | support |
|---:|---|---|---|
";

fn map_types(page: &mut String) {
    let around = Around {
        release: newest(),
        series: percpu::shipped(newest()),
        cpus: &Topology::all_online(2),
        nr_cpus: 2,
        seed: 0,
        rights: Rights { sys_admin: true, bpf: true, net_admin: true },
        locked: Locked::default(),
    };
    page.push_str(MAP_TYPES);
    let types = map_type::ALL.iter().filter(|entry| !entry.is_alias && entry.number != 0);
    for entry in types {
        let support = match (is_modelled(entry.number, &around), kinds::lacks(entry.number)) {
            (false, _) => "create rules only".to_owned(),
            (true, None) => "made".to_owned(),
            (true, Some(what)) => format!("made; {what}"),
        };
        writeln!(page, "| {} | `{}` | {} | {support} |", entry.number, entry.name, entry.since)
            .expect("a string takes everything");
    }
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/FIDELITY.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(&path).expect("UPDATE=1 writes it");
    assert!(written == page, "docs/FIDELITY.md is stale; UPDATE=1 writes it anew");
}

/// A row's number and name are those of the header.
#[test]
fn rows_are_commands() {
    for row in COMMANDS {
        let entry = cmd::by_number(row.number, newest()).expect("a command");
        assert_eq!(entry.name, row.name, "command {}", row.number);
        assert_eq!(by_number(row.number).map(|row| row.name), Some(row.name));
    }
    let ascend = COMMANDS.windows(2).all(|pair| pair[0].number < pair[1].number);
    assert!(ascend, "the rows ascend by number");
}
