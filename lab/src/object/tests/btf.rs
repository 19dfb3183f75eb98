//! Types that a compiler never writes.

use crate::object::btf::Btf;
use crate::object::elf::{Elf, Section};
use crate::object::{FieldDef, ObjectError};
use rstest::rstest;

const PTR: u32 = 2;
const ARRAY: u32 = 3;
const STRUCT: u32 = 4;
const TYPEDEF: u32 = 8;
const VAR: u32 = 14;

/// The head of a type: name, kind and number of members, size or type.
fn head(name: u32, kind: u32, members: u32, size_or_type: u32) -> [u32; 3] {
    [name, kind << 24 | members, size_or_type]
}

/// `.BTF` with these types, whose names are offsets in `strings`.
fn section(types: &[u32], strings: &[u8]) -> Vec<u8> {
    let length = types.len() as u32 * 4;
    let header = [0x0001_eb9f, 24, 0, length, length, strings.len() as u32];
    let words = header.iter().chain(types).flat_map(|word| word.to_le_bytes());
    words.chain(strings.iter().copied()).collect()
}

/// Asks for the value fields of a map `m` whose attribute `v` points to `value`; types from 4 on
/// are `more`. Type 1 is the variable, 2 the struct, 3 the pointer.
fn fields(value: u32, more: &[u32]) -> Result<Vec<FieldDef>, ObjectError> {
    let mut types = Vec::new();
    types.extend(head(1, VAR, 0, 2));
    types.push(1);
    types.extend(head(0, STRUCT, 1, 8));
    types.extend([3, 3, 0]);
    types.extend(head(0, PTR, 0, value));
    types.extend(more);
    let data = section(&types, b"\0m\0v\0a\0b\0");
    let section = Section {
        index: 1,
        name: ".BTF".to_owned(),
        data: &data,
        executable: false,
        relocations: Vec::new(),
    };
    let elf = Elf { sections: vec![section], symbols: Vec::new() };
    let btf = Btf::of(&elf)?.expect("there is a section");
    let attributes = btf.map_attributes("m")?;
    let [value] = &attributes[..] else { panic!("one attribute") };
    btf.size(value)?;
    btf.fields(value)
}

fn malformed(what: &str) -> Result<Vec<FieldDef>, ObjectError> {
    Err(ObjectError::Malformed(format!("section .BTF: {what}")))
}

#[rstest]
#[case::typedef_of_itself(&[head(5, TYPEDEF, 0, 4)], "type 4 is made of itself")]
#[case::two_typedefs(
    &[head(5, TYPEDEF, 0, 5), head(7, TYPEDEF, 0, 4)],
    "type 4 is made of itself"
)]
#[case::array_of_itself(
    &[head(0, ARRAY, 0, 0), [4, 4, 1]],
    "type 4 is made of itself"
)]
#[case::huge_array(
    &[head(0, ARRAY, 0, 0), [5, 5, 0x8000_0000], head(0, ARRAY, 0, 0), [3, 3, 2]],
    "array 5 is larger than 4 GiB"
)]
#[case::struct_in_itself(
    &[head(5, STRUCT, 2, 8), [5, 4, 0], [7, 4, 0]],
    "a value of more than 4096 members"
)]
#[case::no_such_type(&[head(5, TYPEDEF, 0, 77)], "there is no type 77")]
fn refused(#[case] types: &[[u32; 3]], #[case] what: &str) {
    assert_eq!(fields(4, &types.concat()), malformed(what));
}

#[test]
fn nested_members_have_paths() {
    // struct { struct { T *a; } b; T *a; }, the inner one at byte 8.
    let types = [head(5, STRUCT, 2, 24), [7, 5, 64], [5, 3, 128], head(0, STRUCT, 1, 8), [5, 3, 0]];
    let field = |name: &str, offset| FieldDef { name: name.to_owned(), offset, size: 8 };
    assert_eq!(fields(4, &types.concat()), Ok(vec![field("b.a", 8), field("a", 16)]));
}

#[test]
fn long_names_are_refused() {
    let data = section(&[], &[b'x'; 512]);
    let section = Section {
        index: 1,
        name: ".BTF".to_owned(),
        data: &data,
        executable: false,
        relocations: Vec::new(),
    };
    let elf = Elf { sections: vec![section], symbols: Vec::new() };
    let error = Btf::of(&elf).err().expect("must be refused");
    let what = "section .BTF: a name is longer than 511 bytes";
    assert_eq!(error, ObjectError::Malformed(what.to_owned()));
}
