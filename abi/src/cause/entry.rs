//! Before a command is looked at.

use super::{causes, since};

causes! { "every command";
    ROOT_ONLY "root-only": EPERM, "", since(3, 18).until(4, 4);
    rule "All of bpf(2) needs CAP_SYS_ADMIN.";
    avoid "run as root, or on v4.4 or later";
    source "kernel/bpf/syscall.c", "SYSCALL_DEFINE3(bpf)";

    UNPRIVILEGED "unprivileged-bpf-disabled": EPERM, "", since(4, 4);
    rule "While the sysctl kernel.unprivileged_bpf_disabled is not 0, a caller needs \
          CAP_SYS_ADMIN, from v5.8 on CAP_BPF will do: for the whole of bpf(2) up to v5.18, since \
          v5.19 for making maps and loading programs only.";
    avoid "give the caller CAP_BPF, or set the sysctl to 0 where the machine allows it";
    source "kernel/bpf/syscall.c", "__sys_bpf";

    UNKNOWN_COMMAND "unknown-command": EINVAL, "cmd", since(3, 18);
    rule "The release has no command with this number.";
    avoid "look up the release of the command (bpfsim abi), and do without it on older kernels";
    source "kernel/bpf/syscall.c", "__sys_bpf";

    ATTR_TOO_LONG "attr-too-long": E2BIG, "size", since(3, 18);
    rule "An attr is at most a page long, 4096 bytes, whatever is in it.";
    avoid "pass sizeof(union bpf_attr) or less";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    ATTR_TAIL_NONZERO "attr-tail-nonzero": E2BIG, "attr", since(3, 18);
    rule "What lies behind the union bpf_attr of the release must be zero: a nonzero byte there \
          asks for something that this kernel does not know.";
    avoid "leave newer fields zero on older kernels, and clear the attr before filling it in";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    ATTR_TAIL_UNREADABLE "attr-tail-unreadable": EFAULT, "attr", since(3, 18);
    rule "The bytes behind the release's union bpf_attr, up to size, are looked at and have to be \
          readable.";
    avoid "pass the size of the attr that is there";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    ATTR_OUTSIDE_USER_SPACE "attr-outside-user-space": EFAULT, "attr", since(3, 18).until(5, 8);
    rule "The attr lies in the caller's half of the addresses: its first byte up to v4.13, all of \
          it from v4.14 on. This is looked at before anything is read.";
    avoid "pass a pointer to the caller's own memory";
    source "kernel/bpf/syscall.c", "bpf_check_uarg_tail_zero";

    ATTR_UNREADABLE "attr-unreadable": EFAULT, "attr", since(3, 18);
    rule "The bytes of attr that the release knows, at most size of them, have to be readable.";
    avoid "pass a pointer to size bytes of the caller's own memory";
    source "kernel/bpf/syscall.c", "__sys_bpf";

    ATTR_PAST_LAST_FIELD "attr-past-last-field": EINVAL, "attr", since(3, 18);
    rule "Each command has a last field (CHECK_ATTR): behind it every byte of union bpf_attr must \
          be zero. Where it ends moves with the releases.";
    avoid "clear the attr before filling it in; a field of a newer release is no part of the \
           command here (bpfsim abi shows its fields)";
    source "kernel/bpf/syscall.c", "CHECK_ATTR";
}
