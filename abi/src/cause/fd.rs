//! The file descriptors that commands name.

use super::{causes, since};

causes! { "every command that names an object by an fd";
    MAP_FD_NOT_OPEN "map-fd-not-open": EBADF, "map_fd", since(3, 18);
    rule "The number in map_fd is an open file descriptor of the caller.";
    avoid "pass the fd that BPF_MAP_CREATE, BPF_OBJ_GET or BPF_MAP_GET_FD_BY_ID returned, and keep \
           it open";
    source "kernel/bpf/syscall.c", "__bpf_map_get";

    MAP_FD_NO_MAP "map-fd-no-map": EINVAL, "map_fd", since(3, 18);
    rule "The number in map_fd is an fd of a map, not of another object or file.";
    avoid "pass the fd of a map; fd 0 in a cleared attr is standard input";
    source "kernel/bpf/syscall.c", "__bpf_map_get";

    MAP_FD_WRITE_ONLY "map-fd-write-only": EPERM, "map_fd", since(4, 15);
    rule "What reads a map needs an fd that was not opened with BPF_F_WRONLY.";
    avoid "open the map without BPF_F_WRONLY";
    source "kernel/bpf/syscall.c", "map_get_sys_perms";

    MAP_FD_READ_ONLY "map-fd-read-only": EPERM, "map_fd", since(4, 15);
    rule "What writes a map needs an fd that was not opened with BPF_F_RDONLY.";
    avoid "open the map without BPF_F_RDONLY";
    source "kernel/bpf/syscall.c", "map_get_sys_perms";

    MAP_FROZEN "map-frozen": EPERM, "map_fd", since(5, 2);
    rule "After BPF_MAP_FREEZE system calls do not write to the map any more.";
    avoid "write all values before the map is frozen; programs may still write";
    source "kernel/bpf/syscall.c", "map_get_sys_perms";

    PROG_FD_NOT_OPEN "prog-fd-not-open": EBADF, "prog_fd", since(3, 18);
    rule "The number in prog_fd is an open file descriptor of the caller.";
    avoid "pass the fd that BPF_PROG_LOAD, BPF_OBJ_GET or BPF_PROG_GET_FD_BY_ID returned, and keep \
           it open";
    source "kernel/bpf/syscall.c", "____bpf_prog_get";

    PROG_FD_NO_PROG "prog-fd-no-prog": EINVAL, "prog_fd", since(3, 18);
    rule "The number in prog_fd is an fd of a program, not of another object or file.";
    avoid "pass the fd of a program; fd 0 in a cleared attr is standard input";
    source "kernel/bpf/syscall.c", "____bpf_prog_get";

    BTF_FD_NOT_OPEN "btf-fd-not-open": EBADF, "btf_fd", since(4, 18);
    rule "The number in btf_fd is an open file descriptor of the caller.";
    avoid "pass the fd that BPF_BTF_LOAD returned, and keep it open";
    source "kernel/bpf/btf.c", "btf_get_by_fd";

    BTF_FD_NO_BTF "btf-fd-no-btf": EINVAL, "btf_fd", since(4, 18);
    rule "The number in btf_fd is an fd of a BTF, not of another object or file.";
    avoid "pass the fd of a BTF; fd 0 in a cleared attr is standard input";
    source "kernel/bpf/btf.c", "btf_get_by_fd";

    LINK_FD_NOT_OPEN "link-fd-not-open": EBADF, "link_fd", since(5, 7);
    rule "The number in link_fd is an open file descriptor of the caller.";
    avoid "pass the fd that BPF_LINK_CREATE, BPF_OBJ_GET or BPF_LINK_GET_FD_BY_ID returned, and \
           keep it open";
    source "kernel/bpf/syscall.c", "bpf_link_get_from_fd";

    LINK_FD_NO_LINK "link-fd-no-link": EINVAL, "link_fd", since(5, 7);
    rule "The number in link_fd is an fd of a link, not of another object or file.";
    avoid "pass the fd of a link; fd 0 in a cleared attr is standard input";
    source "kernel/bpf/syscall.c", "bpf_link_get_from_fd";
}
