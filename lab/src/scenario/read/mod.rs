//! From nodes to the model, section by section, in the order in which they refer to each other:
//! machine, explore, maps, programs, hotplug, runs, threads, calls, expects, claim.

mod calls;
mod claim;
mod expect;
mod explore;
mod machine;
mod maps;
mod operations;
mod outcome;
mod progs;
mod raw;
mod runs;
mod threads;

use super::lint;
use super::model::*;
use super::names::Model;
use super::node::{Node, Table};
use super::problem::{Log, Problems};
use super::suggest::way_out;
use super::{Claim, Parsed, cpulist};
use toml::de::DeTable;

/// The schema that this reader reads.
pub const SCHEMA: &str = "interleave/1";

/// What is known so far, while a file is read.
pub(super) struct Reader<'a> {
    pub(super) log: Log<'a>,
    /// The series that a file may name.
    known_series: &'a [&'a str],
    pub(super) scenario: Scenario,
    claim: Option<Claim>,
    pub(super) places: Places,
    /// `machine` could be read: CPU numbers can be judged.
    machine_ok: bool,
    /// `explore.series` could be read: what is not in it is not explored.
    series_ok: bool,
}

/// Byte offsets of what later checks complain about, and what only they need.
#[derive(Default)]
pub(super) struct Places {
    /// Of each map.
    pub(super) maps: Vec<usize>,
    /// Of each program.
    pub(super) progs: Vec<usize>,
    /// Of each thread.
    pub(super) threads: Vec<usize>,
    /// Of each `into`: thread number, name, offset.
    pub(super) intos: Vec<(usize, String, usize)>,
    /// Maps that were named but could not be read.
    broken_maps: Vec<String>,
    /// Programs that were named but could not be read.
    broken_progs: Vec<String>,
    /// Programs already reported to lack a body.
    bodiless: Vec<String>,
    /// Programs whose type is written.
    typed_progs: Vec<String>,
    /// Sections that could not be read whole: what refers to them cannot be judged.
    pub(super) incomplete: bool,
}

pub(super) fn parse(text: &str, file: &str, known_series: &[&str]) -> Result<Parsed, Problems> {
    let mut log = Log::new(file, text);
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let span = error.span().unwrap_or(0..0);
        let near = log.slice(span.start, span.end.min(span.start + 40)).lines().next();
        let near = near.filter(|near| !near.trim().is_empty());
        let what = near.map_or(String::new(), |near| format!(" at '{}'", near.trim()));
        let help = match error.message() {
            "duplicate key" => "name each thing and each key once",
            _ => "mend the TOML here",
        };
        log.error(span.start, "", format!("not TOML: {}{what}", error.message()), help);
    }
    if !syntax.is_empty() {
        return Err(Problems(log.finish()));
    }
    let root = Table::new("", 0, document.get_ref());
    let scenario = empty_scenario(known_series);
    let places = Places::default();
    let claim = None;
    let mut reader =
        Reader { log, known_series, scenario, claim, places, machine_ok: true, series_ok: true };
    if reader.read(root) {
        lint::whole_file(&mut reader);
    }
    let failed = reader.log.has_errors();
    let problems = reader.log.finish();
    if failed {
        Err(Problems(problems))
    } else {
        Ok(Parsed { scenario: reader.scenario, claim: reader.claim, warnings: problems })
    }
}

fn empty_scenario(known_series: &[&str]) -> Scenario {
    Scenario {
        name: String::new(),
        question: None,
        cites: None,
        attribution: None,
        machine: Machine::default(),
        maps: vec![],
        progs: vec![],
        runs: vec![],
        threads: vec![],
        calls: vec![],
        hotplug: vec![],
        explore: Explore {
            series: known_series.iter().map(|name| (*name).to_owned()).collect(),
            all_series: true,
            models: vec![Model::Sc],
            copy: vec![],
            limits: Limits::default(),
        },
        expects: vec![],
    }
}

impl<'a> Reader<'a> {
    /// Reads the whole file; false when its schema is another one.
    fn read(&mut self, mut root: Table<'a>) -> bool {
        if !self.schema(&mut root) {
            return false;
        }
        if let Some(node) = root.need(&mut self.log, "name", "write name = \"...\"") {
            self.scenario.name = self.name(&node).unwrap_or_default();
        }
        self.scenario.question = self.optional_text(root.take("question"));
        self.scenario.cites = self.optional_text(root.take("cites"));
        self.scenario.attribution = self.optional_text(root.take("attribution"));
        let (machine, explore) = (root.take("machine"), root.take("explore"));
        let sections = ["map", "prog", "hotplug", "run", "thread", "call", "expect", "claim"];
        let [maps, progs, hotplug, runs, threads, calls, expects, claim] =
            sections.map(|key| root.take(key));
        let errors = self.log.errors();
        root.finish(&mut self.log);
        if self.log.errors() > errors {
            // A section may hide under a wrong name: what refers to it cannot be judged.
            self.places.incomplete = true;
            self.machine_ok = machine.is_some();
            self.series_ok = explore.is_some();
        }
        self.machine(machine);
        self.explore(explore);
        self.maps(maps);
        self.progs(progs);
        self.hotplug(hotplug);
        self.runs(runs);
        self.threads(threads);
        self.calls(calls);
        self.expects(expects);
        self.claim = self.claim(claim);
        true
    }

    fn schema(&mut self, root: &mut Table<'a>) -> bool {
        let help = format!("write schema = \"{SCHEMA}\"");
        let Some(node) = root.need(&mut self.log, "schema", &help) else { return true };
        let found = node.string(&mut self.log);
        if found.is_some_and(|schema| schema != SCHEMA) {
            node.bad(&mut self.log, "no schema that is read here", help);
            return false;
        }
        true
    }

    fn optional_text(&mut self, node: Option<Node<'a>>) -> Option<String> {
        node?.text(&mut self.log)
    }

    /// A name that messages, tokens and other sections can carry.
    fn name(&mut self, node: &Node<'a>) -> Option<String> {
        let name = node.string(&mut self.log)?;
        if !is_name(name) {
            node.bad(&mut self.log, "no name", NAME_HELP);
            return None;
        }
        Some(name.to_owned())
    }

    /// A table of tables, `[section.NAME]`, in file order. Names are checked.
    fn named_tables(&mut self, node: Option<Node<'a>>, section: &str) -> Vec<(Node<'a>, usize)> {
        let Some(node) = node else { return vec![] };
        if !node.is_table() {
            let help = format!("write [{section}.NAME]");
            node.bad(&mut self.log, "the name is missing", help);
            self.places.incomplete = true;
            return vec![];
        }
        let Some(mut table) = node.table(&mut self.log, &format!("[{section}]")) else {
            return vec![];
        };
        let mut found = vec![];
        let thing = format!("[{section}]");
        for (at, node) in table.take_rest() {
            if !node.is_table() {
                let help = format!("write [{section}.NAME] above it");
                let message = format!("'{}' belongs into a table with a name", node.key);
                self.log.error(at, &thing, message, help);
                self.places.incomplete = true;
            } else if is_name(node.key) {
                found.push((node, at));
            } else {
                self.log.error(at, &thing, format!("'{}' is no name", node.key), NAME_HELP);
                self.places.incomplete = true;
            }
        }
        found
    }

    /// An array of tables, `[[section]]`.
    fn array_tables(&mut self, node: Option<Node<'a>>, section: &str) -> Vec<Table<'a>> {
        let Some(node) = node else { return vec![] };
        if node.is_table() {
            let help = format!("write [[{section}]], once for each, before what belongs to it");
            node.bad(&mut self.log, "a list of tables belongs here", help);
            self.places.incomplete = true;
            return vec![];
        }
        let Some(items) = node.items(&mut self.log) else { return vec![] };
        let tables = items.iter().enumerate().filter_map(|(number, item)| {
            item.table(&mut self.log, &format!("[[{section}]] {}", number + 1))
        });
        tables.collect()
    }

    /// The name of a series that the file may use.
    fn series_name(&mut self, at: usize, thing: &str, name: &str) -> Option<String> {
        let plain = name.split('@').next().unwrap_or(name);
        let variant_of = |known: &&&str| known.split_once('@').is_some_and(|(of, _)| of == plain);
        let variants = self.known_series.iter().filter(variant_of).count();
        let exact = self.known_series.contains(&name);
        let of_known = name != plain && variants == 0 && self.known_series.contains(&plain);
        if exact || (of_known && is_name(&name[plain.len() + 1..])) {
            return Some(name.to_owned());
        }
        let message = format!("no series '{name}'");
        self.log.error(at, thing, message, way_out(name, self.known_series));
        None
    }

    /// The tables under `for`, by series.
    fn for_tables(&mut self, node: Option<Node<'a>>) -> Vec<(String, Table<'a>)> {
        let Some(node) = node else { return vec![] };
        let thing = node.thing.clone();
        let Some(mut table) = node.table(&mut self.log, &thing) else { return vec![] };
        let mut found = vec![];
        for (at, node) in table.take_rest() {
            let Some(series) = self.series_name(at, &thing, node.key) else { continue };
            let thing = format!("{thing} for {series}");
            found.extend(node.table(&mut self.log, &thing).map(|table| (series, table)));
        }
        found
    }

    /// A CPU number that is possible.
    fn cpu(&mut self, node: &Node<'a>) -> Option<u32> {
        let cpu = node.u32(&mut self.log, 0..=u32::MAX)?;
        if self.machine_ok && !self.scenario.machine.possible.contains(&cpu) {
            let possible = cpulist(&self.scenario.machine.possible);
            let help =
                format!("possible are {possible}: name one of these, or widen machine.possible");
            node.bad(&mut self.log, "no such CPU", help);
            return None;
        }
        Some(cpu)
    }

    /// The map called by this node's text; `None` if there is none, which is reported, or if it
    /// could not be read, which was.
    fn map_named(&mut self, node: &Node<'a>) -> Option<MapDef> {
        let name = node.string(&mut self.log)?;
        if let Some(map) = self.scenario.map(name) {
            return Some(map.clone());
        }
        let judged = !self.places.incomplete;
        if judged && !self.places.broken_maps.iter().any(|broken| broken == name) {
            let names: Vec<&str> = self.scenario.maps.iter().map(|map| &*map.name).collect();
            node.bad(&mut self.log, "no such map", way_out(name, &names));
        }
        None
    }

    /// The name of a program that exists.
    fn prog_named(&mut self, node: &Node<'a>) -> Option<String> {
        let name = node.string(&mut self.log)?;
        let broken = self.places.broken_progs.iter().any(|broken| broken == name);
        if self.scenario.prog(name).is_none() && !broken && !self.places.incomplete {
            let names: Vec<&str> = self.scenario.progs.iter().map(|prog| &*prog.name).collect();
            node.bad(&mut self.log, "no such program", way_out(name, &names));
            return None;
        }
        Some(name.to_owned())
    }
}

const NAME_HELP: &str = "write letters, digits, '-', '_' or '.', at most 64";

/// Whether messages, tokens and programs can carry this name.
fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(good)
}

/// Whether expressions and assembler text can carry this name.
fn is_identifier(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=64).contains(&name.len())
        && name.chars().all(good)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
