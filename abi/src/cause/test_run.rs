//! `BPF_PROG_TEST_RUN`.

use super::{causes, since};

causes! { "BPF_PROG_TEST_RUN";
    TEST_CTX_SIZES "test-run-ctx": EINVAL, "test.ctx_size_in", since(5, 2);
    rule "A context has a size exactly where it has a pointer, on the way in and out.";
    avoid "pass both or none";
    source "kernel/bpf/syscall.c", "bpf_prog_test_run";

    TEST_NOT_SUPPORTED "test-run-not-supported": ENOTSUPP, "test.prog_fd", since(4, 12);
    rule "Not every program type can be run by hand.";
    avoid "run the program where it belongs, or test its logic in a socket filter";
    source "kernel/bpf/syscall.c", "bpf_prog_test_run";

    TEST_ARGUMENTS "test-run-arguments": EINVAL, "test.flags", since(5, 10);
    rule "A run on a packet takes no cpu and no batch_size, and no flags up to v6.11.";
    avoid "leave the fields zero";
    source "net/bpf/test_run.c", "bpf_prog_test_run_skb";

    TEST_DATA_SIZE "test-run-data-size": EINVAL, "test.data_size_in", since(4, 12);
    rule "A packet has at least the 14 bytes of an Ethernet header, and fits into a page with the \
          room around it.";
    avoid "pass a whole Ethernet frame";
    source "net/bpf/test_run.c", "bpf_test_init";

    TEST_DATA_UNREADABLE "test-run-data-unreadable": EFAULT, "test.data_in", since(4, 12);
    rule "The pointer data_in leads to data_size_in readable bytes.";
    avoid "pass the size of the packet that is there";
    source "net/bpf/test_run.c", "bpf_test_init";

    TEST_HEADER_CUT_OFF "test-run-header-cut-off": EINVAL, "test.data_in", since(7, 1);
    rule "A frame that says it is IPv4 or IPv6 has a whole IP header.";
    avoid "pass at least 34 bytes for IPv4, 54 for IPv6; stable kernels ask for it too";
    source "net/bpf/test_run.c", "bpf_prog_test_run_skb";

    TEST_OUT_UNWRITABLE "test-run-out-unwritable": EFAULT, "test.data_out", since(4, 12);
    rule "The pointer data_out leads to room for the packet that comes back, and the results in \
          attr are writable. Up to v4.20 data_size_out is no limit.";
    avoid "make data_out as large as data_in";
    source "net/bpf/test_run.c", "bpf_test_finish";

    TEST_OUT_TOO_SMALL "test-run-out-too-small": ENOSPC, "test.data_size_out", since(5, 0);
    rule "data_size_out is 0, or large enough for the packet that comes back. What fits has been \
          copied, and data_size_out says how much there was.";
    avoid "make data_out larger, or pass 0 for no limit";
    source "net/bpf/test_run.c", "bpf_test_finish";
}
