//! Attaching programs, links, queries, statistics, tokens.

use super::{causes, since};

causes! { "the commands that attach programs, and those about what is attached";
    ATTACH_FD_NOT_OPEN "attach-fd-not-open": EBADF, "target_fd, attach_bpf_fd", since(4, 10);
    rule "The fds of the program, of the target and of what is replaced are open.";
    avoid "keep target and program open until they are attached";
    source "kernel/bpf/syscall.c", "bpf_prog_attach";

    ATTACH_INVALID "attach-invalid": EINVAL, "attach_type, attach_flags", since(4, 10);
    rule "The attach type is one of the release and fits the program, the fds are those of what it \
          asks for, and the flags are those of the release and go together.";
    avoid "look up the attach type (bpfsim kernels) and the section name that belongs to it";
    source "kernel/bpf/syscall.c", "bpf_prog_attach";

    ATTACH_UNPRIVILEGED "attach-unprivileged": EPERM, "", since(4, 10);
    rule "Attaching and asking what is attached needs CAP_NET_ADMIN or CAP_SYS_ADMIN, as the \
          attach type and the release have it; another program may forbid it.";
    avoid "give the caller CAP_NET_ADMIN, CAP_SYS_ADMIN for other processes' objects";
    source "kernel/bpf/syscall.c", "bpf_prog_attach";

    ATTACH_NOT_SUPPORTED "attach-not-supported": EOPNOTSUPP, "attach_type", since(4, 10);
    rule "The target knows this way of attaching.";
    avoid "use a link, or another attach type";
    source "kernel/bpf/syscall.c", "bpf_prog_detach";

    TRACEPOINT_NAME_UNREADABLE "tracepoint-name-unreadable": EFAULT, "raw_tracepoint.name",
    since(4, 17);
    rule "The pointer name leads to a readable string.";
    avoid "pass the name of the tracepoint; NULL is for programs that name their own target";
    source "kernel/bpf/syscall.c", "bpf_raw_tracepoint_open";

    TASK_FD_QUERY_INVALID "task-fd-query-invalid": EINVAL, "task_fd_query.flags", since(4, 18);
    rule "A query of another process's fd takes no flags.";
    avoid "pass 0";
    source "kernel/bpf/syscall.c", "bpf_task_fd_query";

    TASK_FD_QUERY_OTHER "task-fd-query-other": ENOTSUPP, "task_fd_query.fd", since(4, 18);
    rule "The fd of the other process is a raw tracepoint or a perf event.";
    avoid "look at /proc/PID/fdinfo first";
    source "kernel/bpf/syscall.c", "bpf_task_fd_query";

    STATS_TYPE "stats-type": EINVAL, "enable_stats.type", since(5, 8);
    rule "The only statistics are BPF_STATS_RUN_TIME, 0.";
    avoid "pass 0";
    source "kernel/bpf/syscall.c", "bpf_enable_stats";

    OBJECT_UNPRIVILEGED "object-unprivileged": EPERM, "", since(4, 18);
    rule "Statistics and the fds of other processes need CAP_SYS_ADMIN.";
    avoid "give the caller CAP_SYS_ADMIN";
    source "kernel/bpf/syscall.c", "bpf_enable_stats";

    TOKEN_INVALID "token-invalid": EINVAL, "token_create.bpffs_fd", since(6, 9);
    rule "A token is made of the root of a bpffs that delegates something, without flags.";
    avoid "pass an fd of a bpffs mounted with delegate_* options";
    source "kernel/bpf/token.c", "bpf_token_create";
}
