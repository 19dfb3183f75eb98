//! Objects: their names, ids, maps and state.

use super::{causes, since};

causes! { "the commands about objects";
    NAME_WITHOUT_END "name-without-end": EINVAL, "map_name, prog_name", since(4, 15);
    rule "A name has at most 15 bytes, and a NUL behind them.";
    avoid "cut the name off";
    source "kernel/bpf/syscall.c", "bpf_obj_name_cpy";

    NAME_CHARACTER "name-character": EINVAL, "map_name, prog_name", since(4, 15);
    rule "A name has letters, digits and '_', from v5.2 on '.' too.";
    avoid "replace other characters with '_'";
    source "kernel/bpf/syscall.c", "bpf_obj_name_cpy";

    FDS_EXHAUSTED "fds-exhausted": EMFILE, "", since(3, 18);
    rule "The caller has room for one more open file (RLIMIT_NOFILE).";
    avoid "close what is not needed, or raise the limit";
    source "fs/file.c", "alloc_fd";

    OPEN_FLAGS_CONTRADICT "open-flags-contradict": EINVAL, "map_flags, file_flags, open_flags",
    since(4, 15);
    rule "BPF_F_RDONLY and BPF_F_WRONLY exclude each other.";
    avoid "pass one of them, or none for both ways";
    source "kernel/bpf/syscall.c", "bpf_get_file_flag";

    OPEN_FLAGS_UNKNOWN "open-flags-unknown": EINVAL, "open_flags", since(4, 15);
    rule "open_flags takes BPF_F_RDONLY and BPF_F_WRONLY, and from v6.9 on BPF_F_TOKEN_FD where \
          the command has a token.";
    avoid "pass 0";
    source "kernel/bpf/syscall.c", "bpf_map_get_fd_by_id";

    START_ID_RANGE "start-id-range": EINVAL, "start_id", since(4, 13);
    rule "A walk over ids starts below INT_MAX.";
    avoid "start with 0, then pass the id that came back";
    source "kernel/bpf/syscall.c", "bpf_obj_get_next_id";

    IDS_UNPRIVILEGED "ids-unprivileged": EPERM, "", since(4, 13);
    rule "Finding objects by their ids needs CAP_SYS_ADMIN: CAP_BPF does not help.";
    avoid "pin objects and open them by path, or give the caller CAP_SYS_ADMIN";
    source "kernel/bpf/syscall.c", "bpf_obj_get_next_id";

    NO_NEXT_ID "no-next-id": ENOENT, "start_id", since(4, 13);
    rule "No object of this kind has a higher id: the walk is over.";
    avoid "take it as the end of the walk";
    source "kernel/bpf/syscall.c", "bpf_obj_get_next_id";

    NEXT_ID_UNWRITABLE "next-id-unwritable": EFAULT, "next_id", since(4, 13);
    rule "The field next_id of the caller's attr is written: attr has to be writable, and 8 bytes \
          long whatever size says.";
    avoid "pass an attr in writable memory";
    source "kernel/bpf/syscall.c", "bpf_obj_get_next_id";

    ID_NOT_FOUND "id-not-found": ENOENT, "id", since(4, 13);
    rule "An object of this kind has the id now.";
    avoid "take it as an answer: the object is gone";
    source "kernel/bpf/syscall.c", "bpf_map_get_fd_by_id";

    ALREADY_FROZEN "already-frozen": EBUSY, "map_fd", since(5, 2).until(6, 5);
    rule "A map is frozen once. From v6.5 on the fd of a frozen map is not good for writing, and \
          freezing it again is EPERM.";
    avoid "take it as an answer: the map is frozen";
    source "kernel/bpf/syscall.c", "map_freeze";

    FREEZE_UNPRIVILEGED "freeze-unprivileged": EPERM, "", since(5, 2).until(6, 5);
    rule "Freezing needs CAP_SYS_ADMIN, from v5.8 on CAP_BPF. From v6.5 on a writable fd is \
          enough.";
    avoid "freeze with the rights of whoever made the map";
    source "kernel/bpf/syscall.c", "map_freeze";

    BIND_FLAGS "bind-flags": EINVAL, "flags", since(5, 10);
    rule "BPF_PROG_BIND_MAP takes no flags.";
    avoid "pass 0";
    source "kernel/bpf/syscall.c", "bpf_prog_bind_map";
}
