//! From nodes to an overlay.

use super::Overlay;
use crate::scenario::Problems;
use crate::scenario::cpus::cpu_set;
use crate::scenario::node::{Node, Table};
use crate::scenario::problem::Log;
use crate::scenario::suggest::way_out;
use bpfsim_abi::tables::Entry;
use bpfsim_abi::{Release, cmd, helper_id, known_releases, map_type, prog_type};
use bpfsim_sim::CpuList;
use bpfsim_syscall::Caps;
use toml::de::DeTable;

/// The schema that this reader reads.
pub const SCHEMA: &str = "overlay/1";

/// The capabilities that bpf(2) asks for; CAP_PERFMON goes with CAP_BPF.
const CAPS: [&str; 4] = ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_NET_ADMIN", "CAP_DAC_OVERRIDE"];

pub(super) fn parse(text: &str, file: &str) -> Result<Overlay, Problems> {
    let mut log = Log::new(file, text);
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let at = error.span().map_or(0, |span| span.start);
        log.error(at, "", format!("not TOML: {}", error.message()), "mend the TOML here");
    }
    let overlay = match syntax.is_empty() {
        true => overlay(Table::new("", 0, document.get_ref()), &mut log),
        false => Overlay::default(),
    };
    if log.has_errors() { Err(Problems(log.finish())) } else { Ok(overlay) }
}

fn overlay(mut root: Table<'_>, log: &mut Log) -> Overlay {
    let mut overlay = Overlay::default();
    schema(&mut root, log);
    if let Some(node) = root.need(log, "name", "write name = \"...\"") {
        overlay.name = node.text(log).unwrap_or_default();
    }
    overlay.about = root.take("about").and_then(|node| node.text(log));
    overlay.source = root.take("source").and_then(|node| node.text(log));
    section(&mut root, "kernel", log, |table, log| kernel(table, &mut overlay, log));
    section(&mut root, "cpus", log, |table, log| cpus(table, &mut overlay, log));
    section(&mut root, "caller", log, |table, log| {
        overlay.caps = table.take("caps").and_then(|node| caps(&node, log));
    });
    section(&mut root, "without", log, |table, log| without(table, &mut overlay, log));
    section(&mut root, "inputs", log, |table, log| inputs(table, &mut overlay, log));
    root.finish(log);
    overlay
}

fn schema(root: &mut Table<'_>, log: &mut Log) {
    let help = format!("write schema = \"{SCHEMA}\"");
    let Some(node) = root.need(log, "schema", &help) else { return };
    if node.string(log).is_some_and(|schema| schema != SCHEMA) {
        node.bad(log, "no schema that is read here", help);
    }
}

fn section<'a>(
    root: &mut Table<'a>,
    key: &'static str,
    log: &mut Log,
    read: impl FnOnce(&mut Table<'a>, &mut Log),
) {
    let table = root.take(key).and_then(|node| node.table(log, &format!("[{key}]")));
    if let Some(mut table) = table {
        read(&mut table, log);
        table.finish(log);
    }
}

fn kernel(table: &mut Table<'_>, overlay: &mut Overlay, log: &mut Log) {
    overlay.release = table.take("release").and_then(|node| release(&node, log));
    overlay.from = table.take("from").and_then(|node| release(&node, log));
    let level = table.take("unprivileged_bpf_disabled");
    overlay.unprivileged_bpf_disabled = level.and_then(|node| node.u32(log, 0..=2));
}

fn release(node: &Node<'_>, log: &mut Log) -> Option<Release> {
    let text = node.string(log)?;
    let known = text.parse().ok().filter(|release| known_releases().contains(release));
    if known.is_none() {
        node.bad(log, "no release that is known", "write X.Y, from \"3.18\" to \"7.2\"");
    }
    known
}

fn cpus(table: &mut Table<'_>, overlay: &mut Overlay, log: &mut Log) {
    let list = |node: Option<Node<'_>>, log: &mut Log| cpu_set(&node?, log).map(CpuList::of);
    overlay.possible = list(table.take("possible"), log);
    let online = table.take("online");
    overlay.online = list(online.clone(), log);
    if let (Some(node), Some(possible), Some(online)) = (online, &overlay.possible, &overlay.online)
        && let Some(stray) = online.iter().find(|cpu| !possible.contains(*cpu))
    {
        let help = format!("possible are {possible}; leave it out, or widen possible");
        node.bad(log, format!("CPU {stray} is not possible"), help);
    }
}

fn caps(node: &Node<'_>, log: &mut Log) -> Option<Caps> {
    let mut caps = Caps::NONE;
    for item in node.items(log)? {
        match item.string(log)? {
            "CAP_SYS_ADMIN" => caps.sys_admin = true,
            "CAP_BPF" => caps.bpf = true,
            "CAP_NET_ADMIN" => caps.net_admin = true,
            "CAP_DAC_OVERRIDE" => caps.dac_override = true,
            name => {
                let help = way_out(name, &CAPS);
                item.bad(log, "no capability that is asked for here", help);
            }
        }
    }
    Some(caps)
}

fn without(table: &mut Table<'_>, overlay: &mut Overlay, log: &mut Log) {
    let without = &mut overlay.without;
    let lists = [
        ("commands", "command", cmd::ALL, &mut without.commands),
        ("map_types", "map type", map_type::ALL, &mut without.map_types),
        ("prog_types", "program type", prog_type::ALL, &mut without.prog_types),
        ("helpers", "helper", helper_id::ALL, &mut without.helpers),
    ];
    for (key, what, known, numbers) in lists {
        let Some(items) = table.take(key).and_then(|node| node.items(log)) else { continue };
        numbers.extend(items.iter().filter_map(|item| number(item, what, known, log)));
        numbers.sort_unstable();
        numbers.dedup();
    }
}

/// The number behind a kernel's name.
fn number(node: &Node<'_>, what: &str, known: &[Entry], log: &mut Log) -> Option<u32> {
    let name = node.string(log)?;
    let found = known.iter().find(|entry| entry.name == name);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|entry| entry.name).collect();
        let help = match crate::scenario::suggest::nearest(name, &names) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("write the kernel's name, as in \"{}\"", names[0]),
        };
        node.bad(log, format!("no such {what}"), help);
    }
    found.map(|entry| entry.number)
}

fn inputs(table: &mut Table<'_>, overlay: &mut Overlay, log: &mut Log) {
    let mut wide = |key, log: &mut Log| -> Option<u64> {
        let number = table.take(key)?.integer(log, 0..=i128::from(u64::MAX))?;
        u64::try_from(number).ok()
    };
    overlay.time_ns = wide("time_ns", log);
    overlay.random = wide("random", log);
    overlay.memlock_limit = wide("memlock_limit", log);
    overlay.nr_cpus = table.take("nr_cpus").and_then(|node| node.u32(log, 1..=u32::MAX));
    overlay.hash_seed = table.take("hash_seed").and_then(|node| node.u32(log, 0..=u32::MAX));
}
