//! The batch commands, v5.6.

use super::{causes, since};

causes! { "the batch commands";
    BATCH_NOT_SUPPORTED "batch-not-supported": ENOTSUPP, "batch.map_fd", since(5, 6);
    rule "The map type has the batch command: hashes have all four, arrays lookup and update, \
          per-CPU arrays since v5.13.";
    avoid "go element by element";
    source "kernel/bpf/syscall.c", "bpf_map_do_batch";

    BATCH_ELEM_FLAGS "batch-elem-flags": EINVAL, "batch.elem_flags", since(5, 6);
    rule "elem_flags takes BPF_F_LOCK where the value has a lock, and from v7.0 on the flags for \
          one CPU's values, not where elements are deleted.";
    avoid "pass 0";
    source "kernel/bpf/syscall.c", "generic_map_lookup_batch";

    BATCH_FLAGS "batch-flags": EINVAL, "batch.flags", since(5, 6);
    rule "flags of a batch is 0.";
    avoid "pass 0";
    source "kernel/bpf/hashtab.c", "__htab_map_lookup_and_delete_batch";

    BATCH_END "batch-end": ENOENT, "batch.in_batch", since(5, 6);
    rule "The end of the map was reached; count says how many elements came before it.";
    avoid "take it as the end of the walk, and use what count says";
    source "kernel/bpf/hashtab.c", "__htab_map_lookup_and_delete_batch";

    BATCH_BUCKET_TOO_LARGE "batch-bucket-too-large": ENOSPC, "batch.count", since(5, 6);
    rule "A bucket of a hash is copied whole or not at all: count has room for the first one.";
    avoid "pass a larger count and buffers";
    source "kernel/bpf/hashtab.c", "__htab_map_lookup_and_delete_batch";

    BATCH_COUNT_UNWRITABLE "batch-count-unwritable": EFAULT, "batch.count", since(5, 6);
    rule "count in attr says how far the batch came, and has to be writable.";
    avoid "pass an attr in writable memory";
    source "kernel/bpf/syscall.c", "generic_map_update_batch";

    BATCH_CURSOR_UNREADABLE "batch-cursor-unreadable": EFAULT, "batch.in_batch", since(5, 6);
    rule "The pointer in_batch is NULL, or leads to the cursor that the last call wrote: 4 bytes \
          for a hash, a key for an array.";
    avoid "pass NULL at first, then what out_batch got";
    source "kernel/bpf/hashtab.c", "__htab_map_lookup_and_delete_batch";

    BATCH_CURSOR_UNWRITABLE "batch-cursor-unwritable": EFAULT, "batch.out_batch", since(5, 6);
    rule "The pointer out_batch leads to room for the cursor: 4 bytes for a hash, a key for an \
          array.";
    avoid "pass a buffer of at least 4 bytes and of key_size";
    source "kernel/bpf/hashtab.c", "__htab_map_lookup_and_delete_batch";

    BATCH_KEYS "batch-keys": EFAULT, "batch.keys", since(5, 6);
    rule "The pointer keys leads to count keys of key_size bytes, writable for lookups.";
    avoid "make the buffer as large as count says";
    source "kernel/bpf/syscall.c", "generic_map_update_batch";

    BATCH_VALUES "batch-values": EFAULT, "batch.values", since(5, 6);
    rule "The pointer values leads to count values, writable for lookups; of a per-CPU map each is \
          value_size rounded up to 8 for each possible CPU.";
    avoid "make the buffer as large as count says, counting possible CPUs";
    source "kernel/bpf/syscall.c", "generic_map_update_batch";
}
