//! Makes a table of the case files, so that the command has them wherever it runs.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "case") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let root = variable("CARGO_MANIFEST_DIR")?.join("../tests/cases");
    let mut found = Vec::new();
    collect(&root, &mut found)?;
    found.sort();
    let mut table = String::from("static FILES: &[(&str, &str)] = &[\n");
    for path in found {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.strip_prefix(&root).map_err(io::Error::other)?.to_string_lossy();
        let name = name.replace('\\', "/");
        table += &format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string());
    }
    fs::write(variable("OUT_DIR")?.join("cases.rs"), table + "];\n")
}
