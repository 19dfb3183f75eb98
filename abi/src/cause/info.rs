//! `BPF_OBJ_GET_INFO_BY_FD`.

use super::{causes, since};

causes! { "BPF_OBJ_GET_INFO_BY_FD";
    INFO_TOO_LONG "info-too-long": E2BIG, "info.info_len", since(4, 14);
    rule "An info struct is at most a page long, 4096 bytes.";
    avoid "pass the size of the struct";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    INFO_TAIL_NONZERO "info-tail-nonzero": E2BIG, "info.info", since(4, 13);
    rule "What the caller's struct has behind the release's own must be zero, on the way in too.";
    avoid "clear the struct before the call";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    INFO_TAIL_UNREADABLE "info-tail-unreadable": EFAULT, "info.info", since(4, 13);
    rule "The bytes of the caller's struct behind the release's own are looked at and have to be \
          readable.";
    avoid "pass the size of the struct that is there in info_len";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    INFO_OUTSIDE_USER_SPACE "info-outside-user-space": EFAULT, "info.info",
    since(4, 14).until(5, 8);
    rule "All of the struct lies in the caller's half of the addresses.";
    avoid "pass a pointer to the caller's own memory";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";
}
