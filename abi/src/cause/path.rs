//! Paths and pins, BTF: commands whose refusals follow from the errno.

use super::{causes, since};

causes! { "BPF_OBJ_PIN and BPF_OBJ_GET";
    PATH_UNREADABLE "path-unreadable": EFAULT, "pathname", since(4, 4);
    rule "The pointer pathname leads to a readable string with a NUL at its end.";
    avoid "pass a pointer to the path";
    source "fs/namei.c", "getname_flags";

    PATH_NOT_FOUND "path-not-found": ENOENT, "pathname", since(4, 4);
    rule "The path is not empty, its directories are there, and BPF_OBJ_GET finds a file.";
    avoid "mount bpffs, make the directories, and look the name up";
    source "fs/namei.c", "path_lookupat";

    PATH_NO_DIRECTORY "path-no-directory": ENOTDIR, "pathname, path_fd", since(4, 4);
    rule "Every part of the path but the last is a directory; path_fd too (v6.5).";
    avoid "look each part of the path up";
    source "fs/namei.c", "link_path_walk";

    PATH_TOO_LONG "path-too-long": ENAMETOOLONG, "pathname", since(4, 4);
    rule "A path has at most 4095 bytes, a name in it 255.";
    avoid "shorten the path";
    source "fs/namei.c", "getname_flags";

    PATH_LOOP "path-loop": ELOOP, "pathname", since(4, 4);
    rule "At most 40 symbolic links are followed.";
    avoid "name the file itself";
    source "fs/namei.c", "step_into";

    PATH_NO_ACCESS "path-no-access": EACCES, "pathname", since(4, 4);
    rule "Directories on the way may be searched, the last one written for a pin, and a pinned \
          object read or written as the caller wants to use it.";
    avoid "check owners and modes of the path, or pass BPF_F_RDONLY";
    source "fs/namei.c", "inode_permission";

    PATH_EXISTS "path-exists": EEXIST, "pathname", since(4, 4);
    rule "BPF_OBJ_PIN makes a new file.";
    avoid "unlink the old pin first, or pin under another name";
    source "kernel/bpf/inode.c", "bpf_obj_do_pin";

    PATH_NOT_PERMITTED "path-not-permitted": EPERM, "pathname", since(4, 4);
    rule "Pins live in a bpffs, under names without a dot, and only what may be pinned is.";
    avoid "pin below a mount of bpffs (/sys/fs/bpf), without '.' in the name";
    source "kernel/bpf/inode.c", "bpf_obj_do_pin";

    PIN_FD_NOT_OPEN "pin-fd-not-open": EBADF, "bpf_fd", since(4, 4);
    rule "The number in bpf_fd is an open fd (up to v5.6 said so, EINVAL later), and so is the one \
          in path_fd (v6.5).";
    avoid "keep the object open until it is pinned";
    source "kernel/bpf/syscall.c", "bpf_obj_pin";

    PIN_INVALID "pin-invalid": EINVAL, "file_flags, bpf_fd, path_fd", since(4, 4);
    rule "The flags are those of the release (BPF_F_RDONLY, BPF_F_WRONLY v4.15, BPF_F_PATH_FD \
          v6.5), path_fd is 0 without its flag, and bpf_fd is a map, program or link to be pinned; \
          BPF_OBJ_GET has bpf_fd 0.";
    avoid "clear the attr before filling it in, and pass an fd of a BPF object";
    source "kernel/bpf/syscall.c", "bpf_obj_pin";
}
