//! Tables of helper prototypes and of who may call them.

use super::csv::{Bad, Csv, Row, Version, release};
use super::names::of_kind;
use std::fmt::Write;

/// Number and first release of the `kind` called `name`.
fn named(row: &Row<'_>, timeline: &Csv, kind: &str, name: &str) -> Result<(u32, Version), Bad> {
    for entry in of_kind(timeline, kind)? {
        if entry.text("name")? == name {
            return Ok((entry.small("number")?, entry.version("first_version")?));
        }
    }
    Err(row.bad(format!("{name} is no {kind} of kernel_timeline.csv")))
}

fn one_of<'a>(row: &Row<'a>, column: &str, allowed: &[&str]) -> Result<&'a str, Bad> {
    let text = row.text(column)?;
    if allowed.contains(&text) {
        return Ok(text);
    }
    Err(row.bad(format!("{column} '{text}' is none of {}", allowed.join(", "))))
}

fn option(version: Option<Version>) -> String {
    version.map_or("None".to_owned(), |version| format!("Some({})", release(version)))
}

const ARGS: &[&str] = &[
    "None",
    "ConstMapPtr",
    "MapKey",
    "MapValue",
    "UninitMapValue",
    "Stack",
    "ConstStackSize",
    "Ctx",
    "Anything",
];

/// `PROTOS`, in the order of the file: of rows with one key, a later one holds from its release.
pub fn protos(csv: &Csv, timeline: &Csv) -> Result<String, Bad> {
    let mut table = String::from("static PROTOS: &[ProtoRow] = &[\n");
    for row in csv.rows() {
        let (key, helper) = (row.name("proto")?, row.name("helper")?);
        let (id, since) = named(&row, timeline, "helper", helper)?;
        let name = helper.strip_prefix("bpf_").unwrap_or(helper);
        let mut args = String::new();
        for column in ["arg1", "arg2", "arg3", "arg4", "arg5"] {
            write!(args, "Arg::{}, ", one_of(&row, column, ARGS)?).ok();
        }
        let ret = one_of(&row, "ret", &["Integer", "Void", "MapValueOrNull"])?;
        let gpl_only = one_of(&row, "gpl_only", &["true", "false"])?;
        let from = release(row.version("first_version")?);
        let since = release(since);
        let uninit = option(row.version_or_none("uninit_since")?);
        let zero = option(row.version_or_none("zero_size_since")?);
        writeln!(
            table,
            "ProtoRow {{ key: {key:?}, from: {from}, uninit_since: {uninit}, \
             zero_size_since: {zero}, proto: HelperProto {{ id: {id}, name: {name:?}, \
             args: [{args}], ret: Ret::{ret}, gpl_only: {gpl_only}, since: {since} }} }},"
        )
        .ok();
    }
    Ok(table + "];\n")
}

/// The release of the first row with `key`.
fn first_row(csv: &Csv, key: &str, row: &Row<'_>) -> Result<Version, Bad> {
    for other in csv.rows() {
        if other.text("proto")? == key {
            return other.version("first_version");
        }
    }
    Err(row.bad(format!("no row of {key}")))
}

/// `USES`, in the order of the file: of rows with one program type and helper, a later one holds
/// from its release.
pub fn uses(csv: &Csv, protos: &Csv, timeline: &Csv) -> Result<String, Bad> {
    let caps = ["none", "CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON"];
    let mut table = String::from("static USES: &[HelperUse] = &[\n");
    for row in csv.rows() {
        let (prog_type, _) = named(&row, timeline, "prog", row.name("prog_type")?)?;
        let (id, _) = named(&row, timeline, "helper", row.name("helper")?)?;
        let key = row.name("proto")?;
        let version = row.version("first_version")?;
        // The permission ends.
        let first = if key == "none" { version } else { first_row(protos, key, &row)? };
        if version < first {
            return Err(row.bad(format!("used before v{}.{}, when {key} came", first.0, first.1)));
        }
        let cap = match one_of(&row, "needs_cap", &caps)? {
            "CAP_SYS_ADMIN" => "Cap::SysAdmin",
            "CAP_BPF" => "Cap::Bpf",
            "CAP_PERFMON" => "Cap::Perfmon",
            _ => "Cap::None",
        };
        let (from, source) = (release(version), row.text("source")?);
        writeln!(
            table,
            "HelperUse {{ prog_type: {prog_type}, id: {id}, from: {from}, proto: {key:?}, \
             needs_cap: {cap}, source: {source:?} }},"
        )
        .ok();
    }
    Ok(table + "];\n")
}
