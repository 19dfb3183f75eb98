//! The bytes of a BTF: words, types, names.

use super::kind::{Member, Type};
use super::rules::Rules;

/// The bytes, and what the first passes found in them.
#[derive(Clone, Debug)]
pub(super) struct Data {
    pub rules: Rules,
    pub bytes: Vec<u8>,
    /// By id; `void` is the first.
    pub types: Vec<Type>,
    /// Byte at which the strings begin.
    pub strings: usize,
    /// Bytes of the strings.
    pub str_len: u32,
}

impl Data {
    /// The word at a byte; zero past the end.
    pub fn word(&self, at: usize) -> u32 {
        let bytes = at.checked_add(4).and_then(|end| self.bytes.get(at..end));
        bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
    }

    /// A word behind a type.
    pub fn extra(&self, t: &Type, index: u32) -> u32 {
        self.word(t.extra + index as usize * 4)
    }

    /// A member of a struct.
    pub fn member(&self, t: &Type, index: u32) -> Member {
        let word = |at| self.extra(t, index * 3 + at);
        Member { name_off: word(0), r#type: word(1), offset: word(2) }
    }

    /// Name and type of a parameter.
    pub fn param(&self, t: &Type, index: u32) -> (u32, u32) {
        (self.extra(t, index * 2), self.extra(t, index * 2 + 1))
    }

    /// Type, offset and size of a variable in a section.
    pub fn variable(&self, t: &Type, index: u32) -> [u32; 3] {
        std::array::from_fn(|at| self.extra(t, index * 3 + at as u32))
    }

    /// The type with this id.
    pub fn by_id(&self, id: u32) -> Option<&Type> {
        self.types.get(id as usize)
    }

    /// The string at an offset, without its NUL; none past the end.
    pub fn string(&self, offset: u32) -> Option<&[u8]> {
        if offset >= self.str_len {
            return None;
        }
        let rest = self.bytes.get(self.strings + offset as usize..)?;
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        Some(&rest[..end])
    }

    /// As the log writes a name.
    pub fn display_name(&self, offset: u32) -> &[u8] {
        match offset {
            0 => b"(anon)",
            offset => self.string(offset).unwrap_or(b"(invalid-name-offset)"),
        }
    }

    /// btf_name_offset_valid().
    pub fn is_name(&self, offset: u32) -> bool {
        offset <= self.rules.max_name_offset() && offset < self.str_len
    }

    /// btf_name_valid_identifier(): dots since v6.4 (9724160b3942).
    pub fn is_identifier(&self, offset: u32) -> bool {
        self.is_word(offset, self.rules.since(6, 4))
    }

    /// Names of variables and, up to v6.8, of sections: dots since v5.2.
    pub fn is_dotted(&self, offset: u32) -> bool {
        self.is_word(offset, true)
    }

    fn is_word(&self, offset: u32, dots: bool) -> bool {
        let name = self.string(offset).unwrap_or_default();
        let fits = |(at, byte): (usize, &u8)| {
            is_letter(*byte)
                || at > 0 && byte.is_ascii_digit()
                || *byte == b'_'
                || dots && *byte == b'.'
        };
        !name.is_empty() && name.len() <= self.rules.max_name() && name.iter().enumerate().all(fits)
    }

    /// btf_name_valid_section(): what can be printed since v6.9 (bd70a8fb7ca4); the first byte is
    /// looked at since v6.12 (bb6705c3f93b).
    pub fn is_section(&self, offset: u32) -> bool {
        if !self.rules.since(6, 9) {
            return self.is_dotted(offset);
        }
        let name = self.string(offset).unwrap_or_default();
        let first = self.rules.since(6, 12);
        if first && name.is_empty() {
            return false;
        }
        let checked = if first { name } else { name.get(1..).unwrap_or_default() };
        name.len() <= self.rules.max_name() && checked.iter().all(|byte| is_print(*byte))
    }
}

/// isalpha() of `lib/ctype.c`: the letters of Latin-1.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7)
}

/// isprint() of `lib/ctype.c`.
const fn is_print(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e | 0xa0..)
}
