//! Tables of fields, sizes and last fields.

use super::csv::{Bad, Csv, Row, Version, release};
use super::names::of_kind;
use std::fmt::Write;

/// `<=4.1` in attr_fields.csv: iproute2 headers begin there.
const BEFORE_HEADERS: &str = "<=4.1";

fn is_end(row: &Row<'_>) -> Result<bool, Bad> {
    let meaning = row.text("meaning")?;
    match meaning.split([' ', ';']).next() {
        Some("sizeof") => Ok(false),
        Some("end") => Ok(true),
        _ => Err(row.bad(format!("meaning '{meaning}' is neither sizeof nor end of last member"))),
    }
}

/// The first release in which `container` reaches `end`.
fn first_reaching(sizes: &Csv, container: &str, end: u32) -> Result<Option<Version>, Bad> {
    for row in sizes.rows() {
        let same = row.name("container")? == container && is_end(&row)?;
        if same && row.small("bytes")? >= end {
            return row.version("version_from").map(Some);
        }
    }
    Ok(None)
}

/// `FIELDS`, in the order of the file.
pub fn fields(csv: &Csv, sizes: &Csv) -> Result<String, Bad> {
    let mut table = String::from("static FIELDS: &[Field] = &[\n");
    for row in csv.rows() {
        let (container, name) = (row.name("container")?, row.name("field")?);
        let (offset, size) = (row.small("offset")?, row.small("size")?);
        let since = if row.text("first_version")? == BEFORE_HEADERS {
            let end = offset + size;
            first_reaching(sizes, container, end)?
                .ok_or_else(|| row.bad(format!("attr_sizes.csv never reaches byte {end}")))?
        } else {
            row.version("first_version")?
        };
        let (ctype, since) = (row.text("ctype")?, release(since));
        writeln!(
            table,
            "Field {{ container: {container:?}, name: {name:?}, offset: {offset}, size: {size}, \
             ctype: {ctype:?}, since: {since} }},"
        )
        .ok();
    }
    Ok(table + "];\n")
}

/// `SIZES`, in the order of the file.
pub fn sizes(csv: &Csv) -> Result<String, Bad> {
    let mut table = String::from("static SIZES: &[SizeRow] = &[\n");
    for row in csv.rows() {
        let (container, bytes) = (row.name("container")?, row.small("bytes")?);
        let from = release(row.version("version_from")?);
        let measure = if is_end(&row)? { "Measure::End" } else { "Measure::Sizeof" };
        writeln!(
            table,
            "SizeRow {{ container: {container:?}, from: {from}, bytes: {bytes}, \
             measure: {measure} }},"
        )
        .ok();
    }
    Ok(table + "];\n")
}

fn field_end(fields: &Csv, container: &str, field: &str) -> Result<Option<u32>, Bad> {
    for row in fields.rows() {
        if row.text("container")? == container && row.text("field")? == field {
            return Ok(Some(row.small("offset")? + row.small("size")?));
        }
    }
    Ok(None)
}

/// `LAST_FIELDS`, in the order of the file. Each end is checked against the field's.
pub fn last_fields(csv: &Csv, timeline: &Csv, fields: &Csv) -> Result<String, Bad> {
    let commands = of_kind(timeline, "cmd")?;
    let mut table = String::from("static LAST_FIELDS: &[LastField] = &[\n");
    for row in csv.rows() {
        let (cmd, field) = (row.name("cmd")?, row.name("last_field")?);
        let (container, end) = (row.name("container")?, row.small("end")?);
        let mut number = None;
        for command in &commands {
            if command.text("name")? == cmd {
                number = Some(command.small("number")?);
            }
        }
        let number = number.ok_or_else(|| row.bad(format!("{cmd} is not a command")))?;
        match field_end(fields, container, field)? {
            Some(real) if real == end => (),
            Some(real) => return Err(row.bad(format!("{field} ends at {real}, not {end}"))),
            None => return Err(row.bad(format!("{container} has no field {field}"))),
        }
        let (from, source) = (release(row.version("first_version")?), row.text("source")?);
        writeln!(
            table,
            "LastField {{ cmd: {number}, from: {from}, container: {container:?}, \
             field: {field:?}, end: {end}, source: {source:?} }},"
        )
        .ok();
    }
    Ok(table + "];\n")
}
