//! `BPF_BTF_LOAD`, and BTF behind ids.

use super::{causes, since};

causes! { "BPF_BTF_LOAD";
    BTF_UNPRIVILEGED "btf-unprivileged": EPERM, "", since(4, 18);
    rule "Loading BTF needs CAP_SYS_ADMIN, from v5.8 on CAP_BPF.";
    avoid "give the loader CAP_BPF";
    source "kernel/bpf/syscall.c", "bpf_btf_load";

    BTF_UNREADABLE "btf-unreadable": EFAULT, "btf", since(4, 18);
    rule "The pointer btf leads to btf_size readable bytes.";
    avoid "pass the size of the BTF that is there";
    source "kernel/bpf/btf.c", "btf_parse";

    BTF_TOO_LARGE "btf-too-large": E2BIG, "btf_size", since(4, 18);
    rule "BTF is at most 16 MiB.";
    avoid "leave out types that nothing refers to";
    source "kernel/bpf/btf.c", "btf_parse";

    BTF_INVALID "btf-invalid": EINVAL, "btf", since(4, 18);
    rule "Header, types and strings of the BTF keep the rules of the release, and the fields for \
          the log go together; the log says what is wrong.";
    avoid "load with btf_log_level 1 and read the log; leave out kinds that the release lacks";
    source "kernel/bpf/btf.c", "btf_parse";

    BTF_NOT_SUPPORTED "btf-not-supported": ENOTSUPP, "btf", since(4, 18);
    rule "The version, the flags and the length of the header are those that the release knows.";
    avoid "write version 1 without flags";
    source "kernel/bpf/btf.c", "btf_parse_hdr";

    BTF_LOG_FULL "btf-log-full": ENOSPC, "btf_log_size", since(4, 18);
    rule "The whole log fits into btf_log_buf.";
    avoid "pass a larger buffer";
    source "kernel/bpf/log.c", "bpf_vlog_finalize";
}
