//! `BPF_PROG_LOAD`.

use super::{causes, since};

causes! { "BPF_PROG_LOAD";
    PROG_TYPE_UNKNOWN "prog-type-unknown": EINVAL, "prog_type", since(3, 18);
    rule "The release has a program type with this number, which is not 0, and its configuration \
          has not left it out.";
    avoid "look up the release of the program type (bpfsim kernels)";
    source "kernel/bpf/syscall.c", "find_prog_type";

    PROG_FLAGS_UNKNOWN "prog-flags-unknown": EINVAL, "prog_flags", since(4, 12);
    rule "Every bit of prog_flags has a meaning in the release.";
    avoid "probe for the flag first, or leave it out on older kernels";
    source "kernel/bpf/syscall.c", "bpf_prog_load";

    LICENSE_UNREADABLE "license-unreadable": EFAULT, "license", since(3, 18);
    rule "The pointer license leads to a readable string, of which at most 127 bytes are read. Up \
          to v6.4 this comes before the number of instructions, later after them.";
    avoid "pass a pointer to a string that ends with a NUL";
    source "kernel/bpf/syscall.c", "bpf_prog_load";

    INSNS_UNREADABLE "insns-unreadable": EFAULT, "insns", since(3, 18);
    rule "The pointer insns leads to insn_cnt readable instructions of 8 bytes.";
    avoid "count instructions, not bytes; a 64-bit load counts as two";
    source "kernel/bpf/syscall.c", "bpf_prog_load";

    INSN_COUNT "insn-count": EINVAL [E2BIG from (4, 10)], "insn_cnt", since(3, 18);
    rule "A program has at least one instruction and at most 4096, from v5.2 on a million for who \
          has CAP_BPF or CAP_SYS_ADMIN.";
    avoid "split the program (tail calls, v4.2), or load it with CAP_BPF on v5.2 or later";
    source "kernel/bpf/syscall.c", "bpf_prog_load";

    INSNS_NONE "insns-none": E2BIG, "insn_cnt", since(3, 18).until(4, 10);
    rule "A program has at least one instruction: the verifier says so.";
    avoid "pass the number of instructions in insn_cnt";
    source "kernel/bpf/verifier.c", "bpf_check";

    KERN_VERSION "kern-version": EINVAL, "kern_version", since(4, 1).until(5, 0);
    rule "A kprobe program names the version of the kernel that runs, LINUX_VERSION_CODE.";
    avoid "fill in kern_version from uname(2), with the stable number; from v5.0 on nobody looks";
    source "kernel/bpf/syscall.c", "bpf_prog_load";

    PROG_LOAD_UNPRIVILEGED "prog-load-unprivileged": EPERM, "prog_type", since(4, 4);
    rule "Without CAP_SYS_ADMIN, from v5.8 on CAP_BPF, only socket filters and cgroup/skb programs \
          (v4.10) may be loaded, and from v6.5 on nothing while unprivileged_bpf_disabled is not 0.";
    avoid "give the loader CAP_BPF, and what the program type asks for beside";
    source "kernel/bpf/syscall.c", "bpf_prog_load";

    PROG_LOAD_NET_ADMIN "prog-load-net-admin": EPERM, "prog_type", since(5, 8);
    rule "Programs of the network need CAP_NET_ADMIN beside CAP_BPF; CAP_SYS_ADMIN stands for \
          both.";
    avoid "give the loader CAP_NET_ADMIN";
    source "kernel/bpf/syscall.c", "is_net_admin_prog_type";

    LOG_ARGUMENTS "log-arguments": EINVAL, "log_level", since(3, 18);
    rule "log_level, log_size and log_buf go together: all zero for no log; otherwise a level that \
          the release knows, a buffer, and a size of at least 128 up to v6.3 and below 16 MiB up \
          to v5.1, 1 GiB later.";
    avoid "pass all three, or none; ask for levels 1 and 2 alone on older kernels";
    source "kernel/bpf/log.c", "bpf_vlog_init";

    LOG_FULL "log-full": ENOSPC, "log_size", since(3, 18);
    rule "The whole log fits into log_buf. This is said even where the program was accepted up to \
          the end of the log.";
    avoid "pass a larger buffer; from v6.4 on log_true_size says how large";
    source "kernel/bpf/log.c", "bpf_vlog_finalize";

    LOG_UNWRITABLE "log-unwritable": EFAULT, "log_buf", since(3, 18);
    rule "The pointer log_buf leads to log_size writable bytes, and log_true_size is writable.";
    avoid "pass the size of the buffer that is there";
    source "kernel/bpf/log.c", "bpf_vlog_finalize";

    VERIFIER_EINVAL "verifier-invalid": EINVAL, "insns", since(3, 18);
    rule "The verifier rejects the program: an instruction, a call or the shape of the whole is \
          not allowed. The log says where and why.";
    avoid "load with log_level 1 or 2 and read the last lines of the log (bpfsim load shows them)";
    source "kernel/bpf/verifier.c", "bpf_check";

    VERIFIER_EACCES "verifier-access": EACCES, "insns", since(3, 18);
    rule "The verifier cannot prove that the program touches only what it may: a register or a \
          stack slot that was not written, a pointer out of its bounds or of the wrong kind.";
    avoid "load with log_level 1 or 2 and read the last lines of the log (bpfsim load shows them)";
    source "kernel/bpf/verifier.c", "do_check";

    VERIFIER_E2BIG "verifier-too-big": E2BIG, "insns", since(3, 18);
    rule "The verifier gives up: too many instructions on all paths, or too many maps.";
    avoid "make loops and branches fewer; from v5.2 on a million instructions are walked";
    source "kernel/bpf/verifier.c", "do_check";

    VERIFIER_EPERM "verifier-not-permitted": EPERM, "insns", since(4, 4);
    rule "The program does what only a privileged loader may, or calls a GPL helper without a GPL \
          license; the log says which.";
    avoid "load it with CAP_BPF and CAP_PERFMON, or under a license that fits";
    source "kernel/bpf/verifier.c", "do_check";

    VERIFIER_MAP_FD "verifier-map-fd": EBADF, "insns", since(3, 18);
    rule "A 64-bit load that stands for a map names an open fd.";
    avoid "create the map first, and put its fd into the instruction";
    source "kernel/bpf/verifier.c", "replace_map_fd_with_map_ptr";
}
