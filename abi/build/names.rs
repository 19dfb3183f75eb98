//! Tables of names: enumerators with numbers, and flags with values.

use super::csv::{Bad, Csv, Row, release, version};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How the constant of a row is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As the row says.
    Verbatim,
    /// `bpf_x` becomes `BPF_FUNC_x`, as in `enum bpf_func_id`.
    HelperId,
}

/// Bits from here up modify a command instead of naming one.
const FIRST_MODIFIER: u32 = 1 << 16;

/// The rows of one kind.
pub fn of_kind<'a>(csv: &'a Csv, kind: &str) -> Result<Vec<Row<'a>>, Bad> {
    let mut rows = Vec::new();
    for row in csv.rows() {
        if row.text("kind")? == kind {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn constant(name: &str, style: Style) -> String {
    match style {
        Style::Verbatim => name.to_owned(),
        Style::HelperId => format!("BPF_FUNC_{}", name.strip_prefix("bpf_").unwrap_or(name)),
    }
}

/// `ALL`, sorted by number and release, and one constant per row. Of rows with the same number
/// the oldest is the name and the rest are aliases.
pub fn numbered(csv: &Csv, kind: &str, style: Style) -> Result<String, Bad> {
    let mut entries = BTreeMap::new();
    let mut constants = String::new();
    for row in of_kind(csv, kind)? {
        let (name, number) = (row.name("name")?, row.small("number")?);
        let since = row.version("first_version")?;
        let constant = constant(name, style);
        let doc = format!("`{name}`, since v{}.{}.", since.0, since.1);
        writeln!(constants, "/// {doc}\npub const {constant}: u32 = {number};").ok();
        if number >= FIRST_MODIFIER {
            continue;
        }
        if entries.insert((number, since, name), constant).is_some() {
            return Err(row.bad(format!("{name} stands here twice")));
        }
    }
    let mut table = String::from("pub static ALL: &[Entry] = &[\n");
    let mut before = None;
    for ((number, since, name), constant) in entries {
        let (alias, since) = (before == Some(number), release(since));
        before = Some(number);
        let text = if style == Style::HelperId { name } else { &constant };
        writeln!(
            table,
            "Entry {{ name: {text:?}, number: {number}, since: {since}, is_alias: {alias} }},"
        )
        .ok();
    }
    Ok(format!("/// Every row, by number; aliases follow the name.\n{table}];\n{constants}"))
}

/// `ALL` in the order of the file, and one constant per flag.
pub fn flags(csv: &Csv) -> Result<String, Bad> {
    let mut table = String::from("/// Every flag.\npub static ALL: &[Flag] = &[\n");
    let mut constants = String::new();
    for row in of_kind(csv, "flag")? {
        let (name, value) = (row.name("name")?, row.number("number")?);
        let text = row.text("first_version")?;
        let certain = !text.ends_with('?');
        let since = version(text.trim_end_matches('?'))
            .ok_or_else(|| row.bad(format!("first_version '{text}' is not a release X.Y")))?;
        let doc = format!("`{name}`, since v{}.{}.", since.0, since.1);
        writeln!(constants, "/// {doc}\npub const {name}: u64 = {value:#x};").ok();
        let since = release(since);
        writeln!(
            table,
            "Flag {{ name: {name:?}, value: {value:#x}, since: {since}, is_certain: {certain} }},"
        )
        .ok();
    }
    Ok(format!("{table}];\n{constants}"))
}
