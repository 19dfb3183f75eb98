//! BTF in bytes, built type by type (`include/uapi/linux/btf.h`, restated).

/// Numbers of `BTF_KIND_*`.
pub mod kind {
    /// An integer.
    pub const INT: u32 = 1;
    /// A pointer.
    pub const PTR: u32 = 2;
    /// An array.
    pub const ARRAY: u32 = 3;
    /// A struct.
    pub const STRUCT: u32 = 4;
    /// A union.
    pub const UNION: u32 = 5;
    /// An enumeration.
    pub const ENUM: u32 = 6;
    /// A forward declaration.
    pub const FWD: u32 = 7;
    /// A typedef.
    pub const TYPEDEF: u32 = 8;
    /// `volatile`.
    pub const VOLATILE: u32 = 9;
    /// `const`.
    pub const CONST: u32 = 10;
    /// `restrict`.
    pub const RESTRICT: u32 = 11;
    /// A function, v5.0.
    pub const FUNC: u32 = 12;
    /// A prototype, v5.0.
    pub const FUNC_PROTO: u32 = 13;
    /// A variable, v5.2.
    pub const VAR: u32 = 14;
    /// A section, v5.2.
    pub const DATASEC: u32 = 15;
    /// A float, v5.13.
    pub const FLOAT: u32 = 16;
    /// A tag of a declaration, v5.16.
    pub const DECL_TAG: u32 = 17;
    /// A tag of a type, v5.17.
    pub const TYPE_TAG: u32 = 18;
    /// An enumeration of 64 bits, v6.0.
    pub const ENUM64: u32 = 19;
}

/// The kind flag, bit 31 of `info`.
pub const KFLAG: u32 = 1 << 31;

/// A BTF that grows.
#[derive(Clone, Debug)]
pub struct Blob {
    /// The section of types, in words.
    pub types: Vec<u32>,
    /// The strings.
    pub strings: Vec<u8>,
}

impl Default for Blob {
    fn default() -> Self {
        Self { types: Vec::new(), strings: vec![0] }
    }
}

impl Blob {
    /// A BTF with these types.
    pub fn of(build: impl FnOnce(&mut Blob)) -> Blob {
        let mut blob = Blob::default();
        build(&mut blob);
        blob
    }

    /// The offset of a name; 0 for none. A name that is there already is not added.
    pub fn name(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let whole = [name.as_bytes(), b"\0"].concat();
        let found = self.strings.windows(whole.len()).position(|bytes| bytes == whole);
        let at = found.unwrap_or(self.strings.len());
        if found.is_none() {
            self.strings.extend(whole);
        }
        at as u32
    }

    /// A type: its name, `info`, its size or what it refers to, and the words that follow.
    pub fn raw(&mut self, name: &str, info: u32, size: u32, extra: &[u32]) -> &mut Self {
        let name = self.name(name);
        self.types.extend([name, info, size]);
        self.types.extend(extra);
        self
    }

    /// A kind without words behind it.
    pub fn plain(&mut self, kind: u32, name: &str, to: u32) -> &mut Self {
        self.raw(name, kind << 24, to, &[])
    }

    /// An integer of `size` bytes, with an encoding.
    pub fn int(&mut self, name: &str, size: u32, data: u32) -> &mut Self {
        self.raw(name, kind::INT << 24, size, &[data])
    }

    /// `int`, the type that most tests begin with.
    pub fn start(&mut self) -> &mut Self {
        self.int("int", 4, 0x0100_0020)
    }

    /// A pointer.
    pub fn ptr(&mut self, to: u32) -> &mut Self {
        self.plain(kind::PTR, "", to)
    }

    /// An array.
    pub fn array(&mut self, of: u32, index: u32, count: u32) -> &mut Self {
        self.raw("", kind::ARRAY << 24, 0, &[of, index, count])
    }

    /// Words for members, parameters or values: each begins with a name.
    fn rows(&mut self, rows: &[(&str, &[u32])]) -> Vec<u32> {
        let mut words = Vec::new();
        for (name, rest) in rows {
            words.push(self.name(name));
            words.extend(*rest);
        }
        words
    }

    /// A type whose name and parts are given; `flags` are or-ed to `info`.
    pub fn parts(
        &mut self,
        kind: u32,
        name: &str,
        size: u32,
        rows: &[(&str, &[u32])],
        flags: u32,
    ) -> &mut Self {
        let words = self.rows(rows);
        self.raw(name, kind << 24 | rows.len() as u32 | flags, size, &words)
    }

    /// A struct: members are name, type, offset in bits.
    pub fn record(&mut self, name: &str, size: u32, rows: &[(&str, &[u32])]) -> &mut Self {
        self.parts(kind::STRUCT, name, size, rows, 0)
    }

    /// A prototype: parameters are name, type.
    pub fn proto(&mut self, returns: u32, rows: &[(&str, &[u32])]) -> &mut Self {
        self.parts(kind::FUNC_PROTO, "", returns, rows, 0)
    }

    /// A function with its linkage.
    pub fn func(&mut self, name: &str, proto: u32, linkage: u32) -> &mut Self {
        self.raw(name, kind::FUNC << 24 | linkage, proto, &[])
    }

    /// A variable with its linkage.
    pub fn var(&mut self, name: &str, of: u32, linkage: u32) -> &mut Self {
        self.raw(name, kind::VAR << 24, of, &[linkage])
    }

    /// A section: variables are type, offset, size.
    pub fn section(&mut self, name: &str, size: u32, rows: &[[u32; 3]]) -> &mut Self {
        self.raw(name, kind::DATASEC << 24 | rows.len() as u32, size, rows.as_flattened())
    }

    /// A tag of a declaration.
    pub fn decl_tag(&mut self, value: &str, of: u32, component: i32) -> &mut Self {
        self.raw(value, kind::DECL_TAG << 24, of, &[component as u32])
    }

    /// Header of 24 bytes, types, strings.
    pub fn bytes(&self) -> Vec<u8> {
        let types = self.types.len() as u32 * 4;
        let header = [0x0001_eb9f, 24, 0, types, types, self.strings.len() as u32];
        let words = header.iter().chain(&self.types).flat_map(|word| word.to_le_bytes());
        words.chain(self.strings.iter().copied()).collect()
    }
}
