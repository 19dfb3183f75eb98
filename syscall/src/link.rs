//! A link, v5.7: what ties a program to a hook, as an object of its own.

/// One link. Its program is held by the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Number in `enum bpf_link_type`.
    pub kind: u32,
    /// Handle of the program; struct_ops links have none.
    pub program: Option<u32>,
    /// Number in `enum bpf_attach_type`.
    pub attach_type: u32,
}
