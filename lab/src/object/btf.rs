//! BTF through the `btfparse` crate: the sizes and scalars of types, and the maps of `.maps`.
//!
//! Types are chased with a budget, since nothing stops a file from letting them form a cycle or
//! nest without end.

use super::elf::Elf;
use super::{FieldDef, ObjectError};
use btfparse::{Error, ErrorKind, Offset, Readable, TypeInformation, TypeVariant};

const MAGIC: u16 = 0xeb9f;
const HEADER_SIZE: usize = 24;
/// `KSYM_NAME_LEN` less its NUL: no kernel takes longer names. It bounds what a file can make us
/// copy.
const LONGEST_NAME: usize = 511;
/// Types looked at for one question.
const BUDGET: u32 = 4096;
const POINTER_SIZE: u32 = 8;

/// The types of an object.
pub(super) struct Btf {
    types: TypeInformation,
}

fn malformed(what: impl std::fmt::Display) -> ObjectError {
    ObjectError::Malformed(format!("section .BTF: {what}"))
}

struct Bytes<'a>(&'a [u8]);

impl Readable for Bytes<'_> {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> btfparse::Result<()> {
        let start = usize::try_from(offset).ok();
        let found = start.and_then(|start| self.0.get(start..)?.get(..buffer.len()));
        match found {
            Some(found) => {
                buffer.copy_from_slice(found);
                Ok(())
            }
            None => Err(Error::new(ErrorKind::EOF, "a read past the end")),
        }
    }
}

/// The header's sizes, before anything believes them. Source: `struct btf_header`.
fn check_header(data: &[u8]) -> Result<(), ObjectError> {
    let Some(header) = data.first_chunk::<HEADER_SIZE>() else {
        return Err(malformed(format!("{} bytes are less than its header of 24", data.len())));
    };
    if u16::from_le_bytes([header[0], header[1]]) != MAGIC {
        return Err(malformed("the magic number is not 0xeb9f"));
    }
    let word = |at: usize| u64::from(u32::from_le_bytes([0, 1, 2, 3].map(|i| header[at + i])));
    let (length, types, strings) = (word(4), word(8) + word(12), word(16) + word(20));
    if length < HEADER_SIZE as u64 || length + types.max(strings) > data.len() as u64 {
        return Err(malformed("its header says more bytes than there are"));
    }
    let first = (length + word(16)) as usize;
    let names = &data[first..first + word(20) as usize];
    if names.split(|byte| *byte == 0).any(|name| name.len() > LONGEST_NAME) {
        return Err(malformed(format!("a name is longer than {LONGEST_NAME} bytes")));
    }
    Ok(())
}

/// A member of the struct that describes a map.
pub(super) struct Attribute {
    /// As in the source: `type`, `key`, `max_entries`.
    pub(super) name: String,
    /// The type that the member points to.
    target: u32,
}

impl Btf {
    /// The BTF of an object, if it has any.
    pub(super) fn of(elf: &Elf) -> Result<Option<Btf>, ObjectError> {
        if let Some(section) = elf.section(".BTF.ext") {
            refuse_core(section.data)?;
        }
        let Some(section) = elf.section(".BTF") else { return Ok(None) };
        check_header(section.data)?;
        let types = TypeInformation::new(&Bytes(section.data))
            .map_err(|error| malformed(error.message()))?;
        Ok(Some(Btf { types }))
    }

    fn get(&self, id: u32) -> Option<&TypeVariant> {
        self.types.get().get(&id)
    }

    /// `id` without typedefs and qualifiers.
    fn plain(&self, mut id: u32) -> Result<(u32, &TypeVariant), ObjectError> {
        for _ in 0..BUDGET {
            let found = self.get(id).ok_or_else(|| malformed(format!("there is no type {id}")))?;
            id = match found {
                TypeVariant::Typedef(t) => *t.tid(),
                TypeVariant::Const(t) => *t.tid(),
                TypeVariant::Volatile(t) => *t.tid(),
                TypeVariant::Restrict(t) => *t.tid(),
                TypeVariant::TypeTag(t) => *t.tid(),
                _ => return Ok((id, found)),
            };
        }
        Err(malformed(format!("type {id} is made of itself")))
    }

    /// The attributes of the map variable `name`.
    pub(super) fn map_attributes(&self, name: &str) -> Result<Vec<Attribute>, ObjectError> {
        let var = self.types.get().values().find_map(|found| match found {
            TypeVariant::Var(var) if var.name().as_deref() == Some(name) => Some(*var.tid()),
            _ => None,
        });
        let Some(var) = var else { return Err(malformed(format!("no variable `{name}`"))) };
        let TypeVariant::Struct(description) = self.plain(var)?.1 else {
            return Err(malformed(format!("map `{name}` is no struct")));
        };
        let mut attributes = Vec::new();
        for member in description.member_list() {
            let attribute = member.name().unwrap_or_default();
            let TypeVariant::Ptr(pointer) = self.plain(member.tid())?.1 else {
                let what = format!("`{attribute}` of map `{name}` is no pointer");
                return Err(ObjectError::NotModelled(what));
            };
            attributes.push(Attribute { name: attribute, target: *pointer.tid() });
        }
        Ok(attributes)
    }

    /// The number that an attribute carries as the length of an array.
    pub(super) fn number(&self, attribute: &Attribute) -> Result<u32, ObjectError> {
        match self.plain(attribute.target)?.1 {
            TypeVariant::Array(array) => Ok(*array.element_count()),
            _ => Err(malformed(format!("attribute `{}` is no number", attribute.name))),
        }
    }

    /// The size of the type that an attribute points to, in bytes.
    pub(super) fn size(&self, attribute: &Attribute) -> Result<u32, ObjectError> {
        self.size_of(attribute.target)
    }

    /// The scalars of the type that an attribute points to.
    pub(super) fn fields(&self, attribute: &Attribute) -> Result<Vec<FieldDef>, ObjectError> {
        self.fields_of(attribute.target)
    }

    /// The scalars of member `value` of the struct that old headers declare beside a map.
    pub(super) fn annotated(&self, map: &str) -> Result<Vec<FieldDef>, ObjectError> {
        let annotation = format!("____btf_map_{map}");
        let found = self.types.get().values().find_map(|found| match found {
            TypeVariant::Struct(pair) if pair.name().as_ref() == Some(&annotation) => {
                pair.member_list().iter().find(|member| member.name().as_deref() == Some("value"))
            }
            _ => None,
        });
        found.map_or(Ok(Vec::new()), |value| self.fields_of(value.tid()))
    }

    fn size_of(&self, id: u32) -> Result<u32, ObjectError> {
        let mut id = id;
        let mut count = 1u32;
        for _ in 0..BUDGET {
            let (_, found) = self.plain(id)?;
            if let TypeVariant::Array(array) = found {
                count = count
                    .checked_mul(*array.element_count())
                    .ok_or_else(|| malformed(format!("array {id} is larger than 4 GiB")))?;
                id = *array.element_tid();
                continue;
            }
            let size = sized(found).ok_or_else(|| malformed(format!("type {id} has no size")))?;
            return count
                .checked_mul(size)
                .ok_or_else(|| malformed(format!("type {id} is larger than 4 GiB")));
        }
        Err(malformed(format!("type {id} is made of itself")))
    }

    fn fields_of(&self, id: u32) -> Result<Vec<FieldDef>, ObjectError> {
        let mut fields = Vec::new();
        let mut budget = BUDGET;
        // Last in, first out, so that a struct's members are pushed in reverse.
        let mut open = vec![(String::new(), 0u32, id)];
        while let Some((name, offset, id)) = open.pop() {
            budget = budget
                .checked_sub(1)
                .ok_or_else(|| malformed(format!("a value of more than {BUDGET} members")))?;
            match self.plain(id)?.1 {
                TypeVariant::Struct(found) => {
                    for member in found.member_list().iter().rev() {
                        let Offset::ByteOffset(at) = member.offset() else { continue };
                        let at = offset
                            .checked_add(at)
                            .ok_or_else(|| malformed(format!("`{name}` ends past 4 GiB")))?;
                        open.push((path(&name, member.name()), at, member.tid()));
                    }
                }
                found => {
                    if let Some(size) = scalar(found) {
                        let name = if name.is_empty() { "value".to_owned() } else { name };
                        fields.push(FieldDef { name, offset, size });
                    }
                }
            }
        }
        fields.sort_by_key(|field| field.offset);
        Ok(fields)
    }
}

/// `outer.inner`; an anonymous struct adds nothing.
fn path(outer: &str, inner: Option<String>) -> String {
    match inner {
        None => outer.to_owned(),
        Some(inner) if outer.is_empty() => inner,
        Some(inner) => format!("{outer}.{inner}"),
    }
}

/// Size of a scalar, in bytes.
fn scalar(found: &TypeVariant) -> Option<u32> {
    match found {
        TypeVariant::Int(t) => u32::try_from(*t.size()).ok(),
        TypeVariant::Enum(t) => u32::try_from(*t.size()).ok(),
        TypeVariant::Enum64(t) => u32::try_from(*t.size()).ok(),
        TypeVariant::Float(t) => u32::try_from(*t.size()).ok(),
        TypeVariant::Ptr(_) => Some(POINTER_SIZE),
        _ => None,
    }
}

/// Size of anything but an array, in bytes.
fn sized(found: &TypeVariant) -> Option<u32> {
    match found {
        TypeVariant::Struct(t) => u32::try_from(*t.size()).ok(),
        TypeVariant::Union(t) => u32::try_from(*t.size()).ok(),
        other => scalar(other),
    }
}

/// `core_relo_len` of `struct btf_ext_header`: such an object is to be fitted to a kernel's types.
fn refuse_core(data: &[u8]) -> Result<(), ObjectError> {
    let header_length = data.get(4..8).and_then(|word| word.try_into().ok());
    let header_length = header_length.map_or(0, u32::from_le_bytes);
    let length = data.get(28..32).and_then(|word| word.try_into().ok());
    let length = length.map_or(0, u32::from_le_bytes);
    if header_length < 32 || length == 0 {
        return Ok(());
    }
    let what = "CO-RE relocations, which fit a program to the types of a kernel; compile without \
                preserve_access_index";
    Err(ObjectError::NotModelled(what.to_owned()))
}
