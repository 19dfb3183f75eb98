//! The commands on one element of a map, and what the map says.

use super::{causes, since};

causes! { "the commands on elements of maps";
    LOOKUP_FLAGS_UNKNOWN "lookup-flags-unknown": EINVAL, "flags", since(5, 1);
    rule "A lookup takes BPF_F_LOCK alone, and from v7.0 on BPF_F_CPU. Up to v6.18 this is looked \
          at before the fd.";
    avoid "pass 0";
    source "kernel/bpf/syscall.c", "map_lookup_elem";

    UPDATE_FLAGS_UNKNOWN "update-flags-unknown": EINVAL, "flags", since(3, 18);
    rule "An update takes BPF_ANY, BPF_NOEXIST or BPF_EXIST, one of them, and no flag that the \
          release or the map type does not know.";
    avoid "pass 0, 1 or 2";
    source "kernel/bpf/hashtab.c", "htab_map_update_elem";

    LOCK_WITHOUT_SPIN_LOCK "lock-without-spin-lock": EINVAL, "flags", since(5, 1);
    rule "BPF_F_LOCK needs a map whose BTF says where in its value the struct bpf_spin_lock is.";
    avoid "create the map with the BTF of a value that has a lock, or leave the flag out";
    source "kernel/bpf/syscall.c", "bpf_map_check_op_flags";

    CPU_WITHOUT_FLAG "cpu-without-flag": EINVAL, "flags", since(7, 0);
    rule "The upper half of the flags names a CPU, and is zero without BPF_F_CPU.";
    avoid "set BPF_F_CPU too, or leave the upper half zero";
    source "include/linux/bpf.h", "bpf_map_check_op_flags";

    CPU_FLAG_WITHOUT_PERCPU "cpu-flag-without-percpu": EINVAL, "flags", since(7, 0);
    rule "BPF_F_CPU and BPF_F_ALL_CPUS are for per-CPU maps.";
    avoid "leave the flag out: the map has one value for all CPUs";
    source "include/linux/bpf.h", "bpf_map_check_op_flags";

    CPU_AND_ALL_CPUS "cpu-and-all-cpus": EINVAL, "flags", since(7, 0);
    rule "BPF_F_CPU and BPF_F_ALL_CPUS exclude each other.";
    avoid "pass one of the two";
    source "include/linux/bpf.h", "bpf_map_check_op_flags";

    CPU_NOT_POSSIBLE "cpu-not-possible": ERANGE, "flags", since(7, 0);
    rule "The CPU in the upper half of the flags is a possible one.";
    avoid "take CPU numbers from /sys/devices/system/cpu/possible";
    source "include/linux/bpf.h", "bpf_map_check_op_flags";

    KEY_UNREADABLE "key-unreadable": EFAULT, "key", since(3, 18);
    rule "The pointer key leads to key_size readable bytes.";
    avoid "pass a pointer to the key, not the key, with room for all of key_size; NULL is for \
           BPF_MAP_GET_NEXT_KEY alone (v4.12)";
    source "kernel/bpf/syscall.c", "__bpf_copy_key";

    KEY_WHERE_NONE_IS "key-where-none-is": EINVAL, "key", since(4, 20);
    rule "A map without keys (key_size 0) is asked with a NULL key.";
    avoid "pass NULL";
    source "kernel/bpf/syscall.c", "__bpf_copy_key";

    VALUE_UNREADABLE "value-unreadable": EFAULT, "value", since(3, 18);
    rule "The pointer value leads to as many readable bytes as the kernel takes: value_size; for all values \
          of a per-CPU map, value_size rounded up to 8 for each possible CPU.";
    avoid "make the buffer as large as the kernel reads, counting possible CPUs, not online ones";
    source "kernel/bpf/syscall.c", "map_update_elem";

    VALUE_UNWRITABLE "value-unwritable": EFAULT, "value", since(3, 18);
    rule "The pointer value leads to as many writable bytes as the kernel gives: value_size; for all values \
          of a per-CPU map, value_size rounded up to 8 for each possible CPU. On a real machine \
          what lies behind a buffer that is too short is overwritten, if it is mapped.";
    avoid "make the buffer as large as the kernel writes, counting possible CPUs, not online ones";
    source "kernel/bpf/syscall.c", "map_lookup_elem";

    NEXT_KEY_UNWRITABLE "next-key-unwritable": EFAULT, "next_key", since(3, 18);
    rule "The pointer next_key leads to key_size writable bytes.";
    avoid "pass a buffer for a whole key";
    source "kernel/bpf/syscall.c", "map_get_next_key";

    KEY_NOT_FOUND "key-not-found": ENOENT, "key", since(3, 18);
    rule "What is looked up or deleted has to be in the map.";
    avoid "take it as an answer: there is no such key now";
    source "kernel/bpf/hashtab.c", "htab_map_delete_elem";

    INDEX_PAST_END "index-past-end": ENOENT, "key", since(3, 18);
    rule "A lookup in an array has an index below max_entries.";
    avoid "keep the index, a u32 in the caller's byte order, below max_entries";
    source "kernel/bpf/arraymap.c", "array_map_lookup_elem";

    UPDATE_INDEX_PAST_END "update-index-past-end": E2BIG, "key", since(3, 18);
    rule "An update of an array has an index below max_entries.";
    avoid "keep the index, a u32 in the caller's byte order, below max_entries";
    source "kernel/bpf/arraymap.c", "array_map_update_elem";

    MAP_FULL "map-full": E2BIG, "key", since(3, 18);
    rule "A map holds max_entries elements; a new key needs room. Up to v4.5 replacing one needed \
          it too.";
    avoid "make max_entries larger, delete first, or use an LRU map (v4.10)";
    source "kernel/bpf/hashtab.c", "alloc_htab_elem";

    KEY_EXISTS "key-exists": EEXIST, "flags", since(3, 18);
    rule "With BPF_NOEXIST the key must not be in the map yet.";
    avoid "take it as an answer, or pass BPF_ANY";
    source "kernel/bpf/hashtab.c", "check_flags";

    ARRAY_ELEMENTS_EXIST "array-elements-exist": EEXIST, "flags", since(3, 18);
    rule "All elements of an array exist from the start, so that BPF_NOEXIST always fails.";
    avoid "pass BPF_ANY or BPF_EXIST";
    source "kernel/bpf/arraymap.c", "array_map_update_elem";

    KEY_TO_REPLACE_NOT_FOUND "key-to-replace-not-found": ENOENT, "flags", since(3, 18);
    rule "With BPF_EXIST the key must be in the map.";
    avoid "take it as an answer, or pass BPF_ANY";
    source "kernel/bpf/hashtab.c", "check_flags";

    ARRAY_DELETE "array-delete": EINVAL, "map_fd", since(3, 18);
    rule "Nothing is ever deleted from an array.";
    avoid "write zeros instead";
    source "kernel/bpf/arraymap.c", "array_map_delete_elem";

    NO_NEXT_KEY "no-next-key": ENOENT, "key", since(3, 18);
    rule "Behind the last key there is none: the walk is over, or the map is empty.";
    avoid "take it as the end of the walk";
    source "kernel/bpf/syscall.c", "map_get_next_key";

    QUEUE_EMPTY "queue-empty": ENOENT, "map_fd", since(4, 20);
    rule "A queue or stack has a value only when one was pushed.";
    avoid "take it as an answer: nothing is there now";
    source "kernel/bpf/queue_stack_maps.c", "__queue_map_get";

    QUEUE_FULL "queue-full": E2BIG, "map_fd", since(4, 20);
    rule "A queue or stack holds max_entries values; a push onto a full one fails unless BPF_EXIST \
          lets it take the place of the oldest.";
    avoid "pop first, or push with BPF_EXIST";
    source "kernel/bpf/queue_stack_maps.c", "queue_stack_map_push_elem";

    NO_KEYS_TO_DELETE_OR_WALK "no-keys-to-delete-or-walk": EINVAL, "map_fd", since(4, 20);
    rule "Queues and stacks have no keys: nothing can be deleted by key or walked.";
    avoid "pop values with BPF_MAP_LOOKUP_AND_DELETE_ELEM";
    source "kernel/bpf/queue_stack_maps.c", "queue_stack_map_delete_elem";

    OPERATION_NOT_SUPPORTED "map-operation-not-supported": ENOTSUPP, "map_fd", since(3, 18);
    rule "Not every map type has every operation.";
    avoid "look up which commands the map type has (docs/FIDELITY.md), and use those";
    source "kernel/bpf/syscall.c", "bpf_map_copy_value";

    PROPOSED_CPU_NOT_POSSIBLE "proposed-cpu-not-possible": EINVAL, "cpu", since(4, 5);
    rule "In the designs proposed in January 2016 attr->cpu names a possible CPU. No release has \
          the field.";
    avoid "take CPU numbers from /sys/devices/system/cpu/possible";
    source "kernel/bpf/syscall.c", "proposed, never merged";

    PROPOSED_CPU_OFFLINE "proposed-cpu-offline": ENXIO, "cpu", since(4, 5);
    rule "In a design proposed in January 2016 a value is copied by its own CPU, which has to be \
          on line. No release has the field.";
    avoid "ask for CPUs that are on line";
    source "kernel/bpf/syscall.c", "proposed, never merged";

    PROPOSED_WRONG_COMMAND "proposed-wrong-command": EINVAL, "map_fd", since(4, 5);
    rule "In the designs proposed in January 2016 the commands for one CPU's value need a per-CPU \
          map, and in one of them the plain update does not know such a map.";
    avoid "use the plain commands for plain maps, and the design's own for per-CPU ones";
    source "kernel/bpf/syscall.c", "proposed, never merged";

    PROPOSED_NOTHING_FOUND "proposed-nothing-found": ENOENT, "map_fd", since(4, 5);
    rule "In a design proposed in January 2016 the plain lookup finds nothing in a per-CPU map, \
          and the lookup of one CPU's value nothing in a plain one.";
    avoid "use the plain commands for plain maps, and the design's own for per-CPU ones";
    source "kernel/bpf/syscall.c", "proposed, never merged";
}
