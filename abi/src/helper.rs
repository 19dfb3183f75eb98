//! Helper prototypes: what a program may call, and what it must put into r1 to r5.
//!
//! Source: `struct bpf_func_proto` in `include/linux/bpf.h` (v4.4 and later).

use crate::release::Release;

/// What a helper requires of one argument. The names follow `enum bpf_arg_type` of v4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// `ARG_DONTCARE`: unused.
    None,
    /// `ARG_CONST_MAP_PTR`.
    ConstMapPtr,
    /// `ARG_PTR_TO_MAP_KEY`: `key_size` initialised bytes of stack.
    MapKey,
    /// `ARG_PTR_TO_MAP_VALUE`: `value_size` initialised bytes of stack.
    MapValue,
    /// `ARG_PTR_TO_UNINIT_MAP_VALUE`, v4.20: `value_size` bytes of stack that the helper fills.
    UninitMapValue,
    /// `ARG_PTR_TO_STACK`: bytes of stack, as many as the next argument says.
    Stack,
    /// `ARG_CONST_STACK_SIZE`: a known size above zero.
    ConstStackSize,
    /// `ARG_PTR_TO_CTX`.
    Ctx,
    /// `ARG_ANYTHING`: any initialised value.
    Anything,
}

/// What a helper leaves in r0. The names follow `enum bpf_return_type` of v4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// `RET_INTEGER`.
    Integer,
    /// `RET_VOID`.
    Void,
    /// `RET_PTR_TO_MAP_VALUE_OR_NULL`.
    MapValueOrNull,
}

/// One helper as one release (or one patch series) declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelperProto {
    /// Number in `enum bpf_func_id`.
    pub id: u32,
    /// Name without the `BPF_FUNC_` prefix, as in `map_lookup_elem`.
    pub name: &'static str,
    /// r1 to r5.
    pub args: [Arg; 5],
    /// r0.
    pub ret: Ret,
    /// Only for programs whose license is compatible with the GPL.
    pub gpl_only: bool,
    /// The release that brought it; for a series, the release it stands on.
    pub since: Release,
}
