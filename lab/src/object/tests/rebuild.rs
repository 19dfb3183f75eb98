//! The checked-in objects are what the sources compile to, where the same compiler is at hand.

use crate::object::ObjectFile;
use crate::object::builtin::BUILTIN;
use std::path::Path;
use std::process::Command;

/// The compiler that wrote the objects.
const MAJOR: &str = "14";

/// The suffix under which the tools of that version are installed, or why they are not there.
fn tools() -> Result<&'static str, String> {
    let suffix = [format!("-{MAJOR}"), String::new()];
    for suffix in suffix {
        let Ok(output) = Command::new(format!("clang{suffix}")).arg("--version").output() else {
            continue;
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let same = text
            .split_whitespace()
            .any(|word| word.split('.').next() == Some(MAJOR) && word.contains('.'));
        let strip = Command::new(format!("llvm-strip{suffix}")).arg("--version").output();
        let dump = Command::new(format!("llvm-objdump{suffix}")).arg("--version").output();
        if same && strip.is_ok() && dump.is_ok() {
            return Ok(if suffix.is_empty() { "" } else { "-14" });
        }
    }
    Err(format!("clang, llvm-strip and llvm-objdump of LLVM {MAJOR} are not all installed"))
}

/// Every object of `tests/programs` is embedded.
#[test]
fn the_table_is_complete() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".o"))
        .collect();
    files.sort();
    let embedded: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, embedded);
}

#[test]
fn sources_compile_to_the_checked_in_objects() {
    let suffix = match tools() {
        Ok(suffix) => suffix,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            return;
        }
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs");
    let out = std::env::temp_dir().join(format!("bpfsim-rebuild-{}", std::process::id()));
    let built = Command::new("sh").arg(folder.join("build.sh")).arg(&out).arg(suffix).output();
    let built = built.expect("there is a shell");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for (name, bytes) in BUILTIN {
        let rebuilt = std::fs::read(out.join(name)).expect("build.sh wrote it");
        let [before, after] = [bytes, &rebuilt[..]].map(ObjectFile::parse);
        assert_eq!(before, after, "{name} differs from its source: run tests/programs/build.sh");
    }
    std::fs::remove_dir_all(&out).expect("it is ours");
}
