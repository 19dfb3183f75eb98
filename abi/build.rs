//! Turns `data/*.csv` into const tables, one file per subject in `OUT_DIR`.
//!
//! A malformed row stops the build with its file and line.

#[path = "build/csv.rs"]
mod csv;
#[path = "build/helpers.rs"]
mod helpers;
#[path = "build/layout.rs"]
mod layout;
#[path = "build/names.rs"]
mod names;

use csv::{Bad, Csv};
use std::path::Path;
use std::{env, fs, process};

/// The files under `data/` that the tables are made of, parsed.
struct Data {
    timeline: Csv,
    extra: Csv,
    fields: Csv,
    sizes: Csv,
    last_fields: Csv,
    protos: Csv,
    uses: Csv,
}

fn read(file: &str) -> Result<Csv, Bad> {
    println!("cargo::rerun-if-changed=data/{file}");
    let name = format!("data/{file}");
    let text = fs::read_to_string(&name).map_err(|error| Bad {
        file: name.clone(),
        line: 0,
        why: error.to_string(),
    })?;
    csv::parse(&name, &text)
}

fn read_all() -> Result<Data, Bad> {
    Ok(Data {
        timeline: read("kernel_timeline.csv")?,
        extra: read("kernel_timeline_extra.csv")?,
        fields: read("attr_fields.csv")?,
        sizes: read("attr_sizes.csv")?,
        last_fields: read("cmd_last_field.csv")?,
        protos: read("helper_protos.csv")?,
        uses: read("helper_use.csv")?,
    })
}

fn generate() -> Result<Vec<(&'static str, String)>, Bad> {
    let data = read_all()?;
    Ok(vec![
        ("cmd.rs", names::numbered(&data.timeline, "cmd", names::Style::Verbatim)?),
        ("map_type.rs", names::numbered(&data.timeline, "map", names::Style::Verbatim)?),
        ("prog_type.rs", names::numbered(&data.timeline, "prog", names::Style::Verbatim)?),
        ("attach_type.rs", names::numbered(&data.extra, "attach", names::Style::Verbatim)?),
        ("link_type.rs", names::numbered(&data.extra, "link", names::Style::Verbatim)?),
        ("helper_id.rs", names::numbered(&data.timeline, "helper", names::Style::HelperId)?),
        ("flag.rs", names::flags(&data.timeline)?),
        ("layout.rs", layout::fields(&data.fields, &data.sizes)?),
        ("sizes.rs", layout::sizes(&data.sizes)?),
        ("check_attr.rs", layout::last_fields(&data.last_fields, &data.timeline, &data.fields)?),
        ("helper_protos.rs", helpers::protos(&data.protos, &data.timeline)?),
        ("helper_use.rs", helpers::uses(&data.uses, &data.protos, &data.timeline)?),
    ])
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    let tables = match generate() {
        Ok(tables) => tables,
        Err(bad) => {
            println!("cargo::error={bad}");
            process::exit(1);
        }
    };
    for (file, text) in tables {
        let path = Path::new(&out).join(file);
        if let Err(error) = fs::write(&path, text) {
            println!("cargo::error={}: {error}", path.display());
            process::exit(1);
        }
    }
}
