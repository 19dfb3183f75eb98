//! Loads BPF object files as clang writes them: bytes in, maps and programs out. No OS.
//!
//! ```text
//! bytes --elf--> sections, symbols, relocations --btf, maps--> MapDef
//!                                               --progs------> ProgDef
//! ```
//!
//! Maps are read from section `maps` (`struct bpf_map_def`, as objects of 2015 to 2020 have it) and
//! from `.maps` (described by BTF). Programs are the functions of sections whose names say a
//! program type. What would need more than filling in map fds is refused by name: calls between
//! functions, global data, extern symbols, CO-RE relocations, maps in maps.

mod btf;
pub mod builtin;
mod elf;
mod maps;
mod progs;
mod section;

use crate::asm::{MapRef, Program};
use bpfsim_abi::Insn;
use std::fmt;

pub use section::prog_type_of;

/// A scalar in the value of a map, from BTF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDef {
    /// Name of the member; members of nested structs are `outer.inner`. A value that is one scalar
    /// has one field, `value`.
    pub name: String,
    /// In bytes, from the start of the value.
    pub offset: u32,
    /// In bytes: 1, 2, 4 or 8, as far as C goes.
    pub size: u32,
}

/// A map that an object declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapDef {
    /// Name of the variable.
    pub name: String,
    /// Number in `enum bpf_map_type` of the kernel that the object is for.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// Number of elements.
    pub max_entries: u32,
    /// `map_flags` of `BPF_MAP_CREATE`.
    pub flags: u32,
    /// The scalars of the value by ascending offset; empty where BTF does not describe it. Unions,
    /// arrays and bit fields are left out.
    pub value_fields: Vec<FieldDef>,
}

/// A program of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgDef {
    /// Name of the function.
    pub name: String,
    /// Section that it is in.
    pub section: String,
    /// Number in `enum bpf_prog_type`, from the section's name.
    pub prog_type: u32,
    /// The instructions; map references have source register `BPF_PSEUDO_MAP_FD` and immediate 0.
    pub insns: Vec<Insn>,
    /// Where map fds are to be filled in, ascending.
    pub map_refs: Vec<MapRef>,
}

impl ProgDef {
    /// The program as the assembler would have it, without source lines.
    pub fn program(&self) -> Program {
        Program { insns: self.insns.clone(), map_refs: self.map_refs.clone(), lines: Vec::new() }
    }
}

/// What an object file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFile {
    /// In the order of the file.
    pub maps: Vec<MapDef>,
    /// In the order of the file.
    pub progs: Vec<ProgDef>,
    /// Section `license` up to its NUL; empty when there is none.
    pub license: String,
    /// Section `version`: `LINUX_VERSION_CODE`, which old releases want to be theirs for kprobes.
    pub version: Option<u32>,
}

/// Why bytes are no object that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectError {
    /// Some other kind of file. The text says which, and what would do.
    NotBpf(String),
    /// A BPF object that contradicts itself. The text says where.
    Malformed(String),
    /// A BPF object that uses what is not modelled. The text names it, and a way out.
    NotModelled(String),
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectError::NotBpf(what) => write!(f, "not a BPF object: {what}"),
            ObjectError::Malformed(what) => write!(f, "malformed BPF object: {what}"),
            ObjectError::NotModelled(what) => write!(f, "not modelled: {what}"),
        }
    }
}

impl std::error::Error for ObjectError {}

impl ObjectFile {
    /// Reads an object file: ELF, 64 bits, little endian, for BPF, relocatable.
    ///
    /// Errors: see [`ObjectError`]. Any bytes give an object or an error.
    pub fn parse(bytes: &[u8]) -> Result<ObjectFile, ObjectError> {
        let elf = elf::Elf::parse(bytes)?;
        let btf = btf::Btf::of(&elf)?;
        let declared = maps::declared(&elf, btf.as_ref())?;
        let progs = progs::programs(&elf, &declared)?;
        Ok(ObjectFile {
            maps: declared.into_iter().map(|map| map.def).collect(),
            progs,
            license: license(&elf),
            version: version(&elf),
        })
    }

    /// The map `name`.
    pub fn map(&self, name: &str) -> Option<&MapDef> {
        self.maps.iter().find(|map| map.name == name)
    }

    /// The program `name`.
    pub fn prog(&self, name: &str) -> Option<&ProgDef> {
        self.progs.iter().find(|prog| prog.name == name)
    }
}

fn license(elf: &elf::Elf) -> String {
    let data = elf.section("license").map_or(&[][..], |section| section.data);
    let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn version(elf: &elf::Elf) -> Option<u32> {
    elf.section("version")?.data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
