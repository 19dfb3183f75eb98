//! The maps that an object declares.

use super::btf::Btf;
use super::elf::{Elf, Section, Symbol};
use super::{MapDef, ObjectError};

/// The five words of `struct bpf_map_def` in `samples/bpf/bpf_load.h` of v4.6; v4.4 had four.
const DEF_WORDS: usize = 5;
const DEF_WORDS_MIN: usize = 4;
/// Bytes of `struct bpf_map_def` that we know.
const DEF_SIZE: usize = DEF_WORDS * 4;

/// A map, and what relocations call it.
#[derive(Debug)]
pub(super) struct Declared {
    /// Index of its section.
    pub(super) section: usize,
    /// Its place there, in bytes.
    pub(super) offset: u64,
    pub(super) def: MapDef,
}

/// All maps, by section and place.
pub(super) fn declared(elf: &Elf, btf: Option<&Btf>) -> Result<Vec<Declared>, ObjectError> {
    let mut maps = Vec::new();
    for section in &elf.sections {
        let symbols = variables(elf, section)?;
        match section.name.as_str() {
            "maps" => legacy(section, &symbols, btf, &mut maps)?,
            ".maps" => described(section, &symbols, btf, &mut maps)?,
            _ => {}
        }
    }
    for (at, map) in maps.iter().enumerate() {
        if maps[..at].iter().any(|other| other.def.name == map.def.name) {
            let what = format!("two maps are named `{}`", map.def.name);
            return Err(ObjectError::Malformed(what));
        }
    }
    Ok(maps)
}

/// The variables of a map section by place; nothing for other sections.
fn variables<'e>(elf: &'e Elf, section: &Section) -> Result<Vec<&'e Symbol>, ObjectError> {
    if !matches!(section.name.as_str(), "maps" | ".maps") {
        return Ok(Vec::new());
    }
    let mut list: Vec<&Symbol> = elf
        .symbols
        .iter()
        .filter(|symbol| symbol.section == Some(section.index) && !symbol.is_section)
        .filter(|symbol| !symbol.name.is_empty())
        .collect();
    list.sort_by_key(|symbol| symbol.offset);
    if let Some(pair) = list.windows(2).find(|pair| pair[0].offset == pair[1].offset) {
        let (a, b) = (&pair[0].name, &pair[1].name);
        return Err(ObjectError::Malformed(format!("maps `{a}` and `{b}` are in one place")));
    }
    Ok(list)
}

/// Section `maps`: an array of `struct bpf_map_def`, as large as the header of its day had it.
fn legacy(
    section: &Section,
    symbols: &[&Symbol],
    btf: Option<&Btf>,
    maps: &mut Vec<Declared>,
) -> Result<(), ObjectError> {
    let Some(count) = std::num::NonZero::new(symbols.len()) else { return Ok(()) };
    let size = section.data.len() / count;
    if size < DEF_WORDS_MIN * 4 || section.data.len() % count != 0 {
        let bytes = section.data.len();
        let what =
            format!("section maps has {count} maps in {bytes} bytes; expected 16 or 20 each");
        return Err(ObjectError::Malformed(what));
    }
    for symbol in symbols {
        let start = usize::try_from(symbol.offset).unwrap_or(usize::MAX);
        let def = section.data.get(start..).and_then(|rest| rest.get(..size));
        let Some(def) = def else {
            let what = format!("map `{}` is outside section maps", symbol.name);
            return Err(ObjectError::Malformed(what));
        };
        if def.iter().skip(DEF_SIZE).any(|byte| *byte != 0) {
            let what = "has attributes behind map_flags; leave them zero";
            return Err(ObjectError::NotModelled(format!("map `{}` {what}", symbol.name)));
        }
        let mut words = [0; DEF_WORDS];
        for (word, bytes) in words.iter_mut().zip(def.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let [map_type, key_size, value_size, max_entries, flags] = words;
        let value_fields = btf.map_or(Ok(Vec::new()), |btf| btf.annotated(&symbol.name))?;
        let name = symbol.name.clone();
        let def = MapDef { name, map_type, key_size, value_size, max_entries, flags, value_fields };
        maps.push(Declared { section: section.index, offset: symbol.offset, def });
    }
    Ok(())
}

/// Section `.maps`: variables whose types say everything.
fn described(
    section: &Section,
    symbols: &[&Symbol],
    btf: Option<&Btf>,
    maps: &mut Vec<Declared>,
) -> Result<(), ObjectError> {
    for symbol in symbols {
        let Some(btf) = btf else {
            let what = "section .maps needs section .BTF: compile with -g";
            return Err(ObjectError::Malformed(what.to_owned()));
        };
        let def = from_btf(&symbol.name, btf)?;
        maps.push(Declared { section: section.index, offset: symbol.offset, def });
    }
    Ok(())
}

fn from_btf(name: &str, btf: &Btf) -> Result<MapDef, ObjectError> {
    let mut def = MapDef {
        name: name.to_owned(),
        map_type: 0,
        key_size: 0,
        value_size: 0,
        max_entries: 0,
        flags: 0,
        value_fields: Vec::new(),
    };
    for attribute in btf.map_attributes(name)? {
        match attribute.name.as_str() {
            "type" => def.map_type = btf.number(&attribute)?,
            "max_entries" => def.max_entries = btf.number(&attribute)?,
            "map_flags" => def.flags = btf.number(&attribute)?,
            "key_size" => def.key_size = btf.number(&attribute)?,
            "value_size" => def.value_size = btf.number(&attribute)?,
            "key" => def.key_size = btf.size(&attribute)?,
            "value" => {
                def.value_size = btf.size(&attribute)?;
                def.value_fields = btf.fields(&attribute)?;
            }
            // Where a loader puts the map in a file system changes nothing about the map.
            "pinning" => {}
            other => {
                let known = "type, key, value, key_size, value_size, max_entries, map_flags";
                let what = format!("attribute `{other}` of map `{name}`; known are {known}");
                return Err(ObjectError::NotModelled(what));
            }
        }
    }
    Ok(def)
}
