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

    INFO_FD_NOT_OPEN "info-fd-not-open": EBADFD, "info.bpf_fd", since(4, 13);
    rule "The number in bpf_fd is an open file descriptor of the caller. This command alone says \
          EBADFD.";
    avoid "pass the fd of a map, program, BTF or link, and keep it open";
    source "kernel/bpf/syscall.c", "bpf_obj_get_info_by_fd";

    INFO_FD_OTHER "info-fd-other": EINVAL, "info.bpf_fd", since(4, 13);
    rule "The fd is that of an object that the release has an info struct for.";
    avoid "pass the fd of a map, program, BTF (v4.18) or link (v5.8)";
    source "kernel/bpf/syscall.c", "bpf_obj_get_info_by_fd";

    INFO_UNREADABLE "info-unreadable": EFAULT, "info.info", since(4, 13);
    rule "The struct is read before it is filled in: info_len bytes of it are readable.";
    avoid "pass a pointer to the whole struct";
    source "kernel/bpf/syscall.c", "bpf_prog_get_info_by_fd";

    INFO_UNWRITABLE "info-unwritable": EFAULT, "info.info", since(4, 13);
    rule "The struct, the arrays that it points to, and info_len in attr are writable.";
    avoid "pass pointers to as much room as the counts in the struct say";
    source "kernel/bpf/syscall.c", "bpf_prog_get_info_by_fd";

    INFO_RECORD_SIZE "info-record-size": EINVAL, "info.info", since(5, 0);
    rule "Where func_info, line_info or jited_line_info are asked for, the size of a record is the \
          kernel's own.";
    avoid "ask with the counts 0 first: the sizes come back";
    source "kernel/bpf/syscall.c", "set_info_rec_size";

    INFO_HASH "info-hash": EINVAL, "info.info", since(6, 18);
    rule "The hash of a map goes into 32 bytes, and only arrays with one value for all CPUs have \
          one; without a pointer hash_size is 0.";
    avoid "pass hash and hash_size 32 for plain arrays, 0 and 0 otherwise";
    source "kernel/bpf/syscall.c", "bpf_map_get_info_by_fd";

    INFO_HASH_NOT_FROZEN "info-hash-not-frozen": EPERM, "info.info", since(6, 19);
    rule "The hash is of a map that is frozen.";
    avoid "call BPF_MAP_FREEZE first";
    source "kernel/bpf/syscall.c", "bpf_map_get_info_by_fd";
}
