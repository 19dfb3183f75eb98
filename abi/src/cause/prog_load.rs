//! `BPF_PROG_LOAD`.

use super::{causes, since};

causes! { "BPF_PROG_LOAD";
    PROG_TYPE_UNKNOWN "prog-type-unknown": EINVAL, "prog_type", since(3, 18);
    rule "The release has a program type with this number, which is not 0, and its configuration \
          has not left it out.";
    avoid "look up the release of the program type (bpfsim kernels)";
    source "kernel/bpf/syscall.c", "find_prog_type";
}
