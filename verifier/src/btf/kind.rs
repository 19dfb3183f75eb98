//! Kinds of types (`include/uapi/linux/btf.h`), and one type as it lies in the data.

/// `BTF_KIND_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `void`, number 0: the type that no BTF contains.
    Void,
    /// An integer.
    Int,
    /// A pointer.
    Ptr,
    /// An array.
    Array,
    /// A struct.
    Struct,
    /// A union.
    Union,
    /// An enumeration of up to 32 bits.
    Enum,
    /// A struct or union without members.
    Fwd,
    /// A typedef.
    Typedef,
    /// `volatile`.
    Volatile,
    /// `const`.
    Const,
    /// `restrict`.
    Restrict,
    /// A function, v5.0.
    Func,
    /// What a function takes and returns, v5.0.
    FuncProto,
    /// A variable, v5.2.
    Var,
    /// A section of variables, v5.2.
    Datasec,
    /// A floating point number, v5.13.
    Float,
    /// An attribute of a declaration, v5.16.
    DeclTag,
    /// An attribute of a type, v5.17.
    TypeTag,
    /// An enumeration of up to 64 bits, v6.0.
    Enum64,
}

/// Every kind, at its number.
const KINDS: [Kind; 20] = [
    Kind::Void,
    Kind::Int,
    Kind::Ptr,
    Kind::Array,
    Kind::Struct,
    Kind::Union,
    Kind::Enum,
    Kind::Fwd,
    Kind::Typedef,
    Kind::Volatile,
    Kind::Const,
    Kind::Restrict,
    Kind::Func,
    Kind::FuncProto,
    Kind::Var,
    Kind::Datasec,
    Kind::Float,
    Kind::DeclTag,
    Kind::TypeTag,
    Kind::Enum64,
];

impl Kind {
    /// The kind with this number.
    pub fn from_number(number: u32) -> Option<Kind> {
        KINDS.get(number as usize).copied()
    }

    /// As the log of a load writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Void => "UNKNOWN",
            Kind::Int => "INT",
            Kind::Ptr => "PTR",
            Kind::Array => "ARRAY",
            Kind::Struct => "STRUCT",
            Kind::Union => "UNION",
            Kind::Enum => "ENUM",
            Kind::Fwd => "FWD",
            Kind::Typedef => "TYPEDEF",
            Kind::Volatile => "VOLATILE",
            Kind::Const => "CONST",
            Kind::Restrict => "RESTRICT",
            Kind::Func => "FUNC",
            Kind::FuncProto => "FUNC_PROTO",
            Kind::Var => "VAR",
            Kind::Datasec => "DATASEC",
            Kind::Float => "FLOAT",
            Kind::DeclTag => "DECL_TAG",
            Kind::TypeTag => "TYPE_TAG",
            Kind::Enum64 => "ENUM64",
        }
    }

    /// A typedef or a qualifier: its size is that of what it refers to.
    pub const fn is_modifier(self) -> bool {
        matches!(
            self,
            Kind::Typedef | Kind::Volatile | Kind::Const | Kind::Restrict | Kind::TypeTag
        )
    }

    /// A struct or a union.
    pub const fn is_struct(self) -> bool {
        matches!(self, Kind::Struct | Kind::Union)
    }

    /// Nothing may refer to it in its turn.
    pub const fn is_source_only(self) -> bool {
        matches!(self, Kind::Var | Kind::DeclTag | Kind::Datasec)
    }

    /// The size stands in the type itself.
    pub const fn has_size(self) -> bool {
        matches!(
            self,
            Kind::Int
                | Kind::Struct
                | Kind::Union
                | Kind::Enum
                | Kind::Datasec
                | Kind::Float
                | Kind::Enum64
        )
    }
}

/// `struct btf_type`, and where what follows it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Offset of the name in the strings.
    pub name_off: u32,
    /// Kind, kind flag and `vlen`.
    pub info: u32,
    /// The size in bytes, or the type that it refers to.
    pub size: u32,
    /// Byte of the data at which members, parameters and the like begin.
    pub extra: usize,
}

impl Type {
    /// `void`.
    pub const VOID: Type = Type { name_off: 0, info: 0, size: 0, extra: 0 };

    /// Its kind.
    pub fn kind(&self) -> Kind {
        Kind::from_number(self.info >> 24 & 0x1f).unwrap_or(Kind::Void)
    }

    /// How many members, parameters or values follow.
    pub const fn vlen(&self) -> u32 {
        self.info & 0xffff
    }

    /// Bit 31 of `info`, v5.0.
    pub const fn kflag(&self) -> bool {
        self.info >> 31 == 1
    }
}

/// `struct btf_member`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Offset of the name in the strings.
    pub name_off: u32,
    /// Its type.
    pub r#type: u32,
    /// In bits; with the kind flag the size of a bit field in the high byte.
    pub offset: u32,
}

impl Member {
    /// Where it begins, in bits.
    pub const fn bit_offset(&self, kflag: bool) -> u32 {
        if kflag { self.offset & 0xff_ffff } else { self.offset }
    }

    /// Bits of a bit field, where the struct has the kind flag.
    pub const fn bitfield_size(&self) -> u32 {
        self.offset >> 24
    }
}

/// What follows a type of kind INT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntData(pub u32);

impl IntData {
    /// Signed, char, bool.
    pub const fn encoding(self) -> u32 {
        self.0 >> 24 & 0xf
    }

    /// Bits before the value.
    pub const fn offset(self) -> u32 {
        self.0 >> 16 & 0xff
    }

    /// Bits of the value.
    pub const fn bits(self) -> u32 {
        self.0 & 0xff
    }
}
