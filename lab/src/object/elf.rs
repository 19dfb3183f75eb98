//! ELF through the `object` crate: what the loader needs of it, in a plain shape.

use super::ObjectError;
use object::read::elf::ElfFile64;
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionFlags, SymbolKind,
};

const MAGIC: [u8; 4] = [0x7f, b'E', b'L', b'F'];
const HEADER_SIZE: usize = 64;
const CLASS_AT: usize = 4;
const CLASS_64: u8 = 2;
const ENDIAN_AT: usize = 5;
const LITTLE: u8 = 1;
const TYPE_AT: usize = 16;
const MACHINE_AT: usize = 18;
const SHF_EXECINSTR: u64 = 4;

/// A section.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// Index in the file, which symbols refer to.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) data: &'a [u8],
    pub(super) executable: bool,
    pub(super) relocations: Vec<Relocation>,
}

/// A symbol.
#[derive(Clone, Debug)]
pub(super) struct Symbol {
    pub(super) name: String,
    /// Index of the section that defines it; none for extern and absolute symbols.
    pub(super) section: Option<usize>,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) is_function: bool,
    /// Stands for its whole section.
    pub(super) is_section: bool,
}

/// A relocation of a section.
#[derive(Debug)]
pub(super) struct Relocation {
    /// In bytes, from the start of the section.
    pub(super) offset: u64,
    pub(super) r_type: u32,
    pub(super) symbol: Symbol,
}

/// A BPF object file.
#[derive(Debug)]
pub(super) struct Elf<'a> {
    pub(super) sections: Vec<Section<'a>>,
    pub(super) symbols: Vec<Symbol>,
}

fn malformed(error: object::Error) -> ObjectError {
    ObjectError::Malformed(error.to_string())
}

/// Says what kind of file this is, where it is not ours.
fn check_header(bytes: &[u8]) -> Result<(), ObjectError> {
    let not = |what: String| Err(ObjectError::NotBpf(what));
    if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
        return not(
            "the file does not begin as ELF does; expected what `clang -target bpf -c` writes"
                .into(),
        );
    }
    if bytes.len() < HEADER_SIZE {
        return not(format!("{} bytes are less than an ELF header of 64", bytes.len()));
    }
    if bytes[CLASS_AT] != CLASS_64 {
        return not("32-bit ELF; BPF objects are 64-bit".into());
    }
    if bytes[ENDIAN_AT] != LITTLE {
        return not("big endian; compile with `-target bpfel`".into());
    }
    let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let machine = object::elf::Machine(half(MACHINE_AT));
    if machine != object::elf::EM_BPF {
        let number = machine.0;
        return not(format!("made for machine {number}, not for BPF (247): use `-target bpf`"));
    }
    match half(TYPE_AT) {
        1 => Ok(()),
        other => not(format!("ELF type {other}; expected a relocatable object, type 1")),
    }
}

impl<'a> Elf<'a> {
    /// Reads the tables of an object file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Elf<'a>, ObjectError> {
        check_header(bytes)?;
        let file = ElfFile64::<LittleEndian>::parse(bytes).map_err(malformed)?;
        let symbols = file.symbols().map(|found| symbol(&found)).collect::<Result<_, _>>()?;
        let mut sections = Vec::new();
        for found in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = found.flags() else { continue };
            let executable = sh_flags.0 & SHF_EXECINSTR != 0;
            sections.push(Section {
                index: found.index().0,
                name: found.name().map_err(malformed)?.to_owned(),
                data: found.data().map_err(malformed)?,
                executable,
                relocations: if executable { relocations(&file, &found)? } else { Vec::new() },
            });
        }
        Ok(Elf { sections, symbols })
    }

    /// The first section `name`.
    pub(super) fn section(&self, name: &str) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The section with this index.
    pub(super) fn section_at(&self, index: usize) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.index == index)
    }
}

fn symbol<'a>(found: &impl ObjectSymbol<'a>) -> Result<Symbol, ObjectError> {
    Ok(Symbol {
        name: found.name().map_err(malformed)?.to_owned(),
        section: found.section_index().map(|index| index.0),
        offset: found.address(),
        size: found.size(),
        is_function: found.kind() == SymbolKind::Text && found.size() > 0,
        is_section: found.kind() == SymbolKind::Section,
    })
}

fn relocations<'a>(
    file: &ElfFile64<'a, LittleEndian>,
    section: &impl ObjectSection<'a>,
) -> Result<Vec<Relocation>, ObjectError> {
    let mut list = Vec::new();
    for (offset, found) in section.relocations() {
        let RelocationTarget::Symbol(index) = found.target() else {
            let what = format!("a relocation at byte {offset} has no symbol");
            return Err(ObjectError::Malformed(what));
        };
        let target = file.symbol_by_index(index).map_err(malformed)?;
        let RelocationFlags::Elf { r_type } = found.flags() else {
            let what = format!("a relocation at byte {offset} has no type");
            return Err(ObjectError::Malformed(what));
        };
        list.push(Relocation { offset, r_type: r_type.0, symbol: symbol(&target)? });
    }
    Ok(list)
}
