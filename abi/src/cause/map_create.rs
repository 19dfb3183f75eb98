//! `BPF_MAP_CREATE`.

use super::{causes, since};

causes! { "BPF_MAP_CREATE";
    MAP_TYPE_UNKNOWN "map-type-unknown": EINVAL, "map_type", since(3, 18);
    rule "The release has a map type with this number, and its configuration has not left it out. \
          v3.18 has none at all.";
    avoid "look up the release of the map type (bpfsim kernels), and do without it on older \
           kernels";
    source "kernel/bpf/syscall.c", "map_create";

    MAP_SIZES "map-sizes": EINVAL, "key_size, value_size, max_entries", since(3, 18);
    rule "The sizes and the number of entries are those that the map type takes: an array has keys \
          of 4 bytes, a queue none, a ring buffer neither keys nor values, a local storage no \
          entries, and where a number counts it is not 0.";
    avoid "look up what the map type takes; max_entries of a ring buffer is a power of two and a \
           multiple of the page size";
    source "kernel/bpf/syscall.c", "map_alloc_check of the map type";

    MAP_FLAGS "map-flags": EINVAL, "map_flags", since(4, 6);
    rule "The map type knows every flag in map_flags, has those that it needs \
          (BPF_F_NO_PREALLOC for tries and local storages), and none that exclude each other.";
    avoid "probe for the flag first, or leave it out on older kernels";
    source "kernel/bpf/syscall.c", "map_alloc_check of the map type";

    MAP_FLAGS_NOT_SUPPORTED "map-flags-not-supported": ENOTSUPP, "map_flags", since(4, 10);
    rule "An LRU hash allocates its elements beforehand: BPF_F_NO_PREALLOC is refused.";
    avoid "leave BPF_F_NO_PREALLOC out";
    source "kernel/bpf/hashtab.c", "htab_map_alloc_check";

    MAP_NUMA_NODE "map-numa-node": EINVAL, "numa_node", since(4, 14);
    rule "With BPF_F_NUMA_NODE the node is there and on line, and the map is not per-CPU.";
    avoid "leave the flag out, or pass a node from /sys/devices/system/node/online";
    source "kernel/bpf/syscall.c", "map_create";

    MAP_EXTRA "map-extra": EINVAL [ERANGE from (6, 9)], "map_extra", since(5, 16);
    rule "map_extra is 0, except for the map types that read it: the hash functions of a bloom \
          filter, the address of an arena, the hints of newer types.";
    avoid "clear the attr before filling it in";
    source "kernel/bpf/syscall.c", "map_create";

    MAP_TOO_LARGE "map-too-large": E2BIG, "key_size, value_size, max_entries", since(3, 18);
    rule "Keys, values and tables stay below the limits of the map type: what kmalloc() gives, \
          32 KiB for one CPU's value, 4 GiB for all of a map up to v5.10.";
    avoid "make values smaller or entries fewer, or spread them over several maps";
    source "kernel/bpf/syscall.c", "map_alloc_check of the map type";

    MAP_COST "map-cost": ENOMEM [EINVAL from (4, 14), E2BIG from (5, 3)],
    "key_size, value_size, max_entries", since(3, 19).until(5, 11);
    rule "All of a map costs less than 4 GiB, per-CPU values counted for each possible CPU. Each \
          map type has its own errno for it up to v5.2; some hide the errno of RLIMIT_MEMLOCK \
          behind it.";
    avoid "make entries fewer, or spread them over several maps";
    source "kernel/bpf/syscall.c", "bpf_map_charge_init";

    STRUCT_OPS_WITHOUT_BTF "struct-ops-without-btf": ENOTSUPP, "btf_vmlinux_value_type_id", since(5, 6);
    rule "A map of struct_ops needs a kernel that has BTF of its own (CONFIG_DEBUG_INFO_BTF); the \
          kernels here have none.";
    avoid "take it as an answer: there are no struct_ops on such a kernel";
    source "kernel/bpf/bpf_struct_ops.c", "bpf_struct_ops_map_alloc";

    MAP_NO_MEMORY "map-no-memory": ENOMEM, "max_entries", since(3, 18);
    rule "There is memory for the map; one map is below 2 GiB here, and one CPU's value below \
          32 KiB.";
    avoid "make values smaller or entries fewer";
    source "kernel/bpf/syscall.c", "map_alloc of the map type";

    MAP_MEMLOCK "map-memlock": EPERM, "", since(3, 18).until(5, 11);
    rule "The maps of a user stay below RLIMIT_MEMLOCK together, per-CPU maps counted for each \
          possible CPU. Capabilities do not help. From v5.11 on memory cgroups count instead.";
    avoid "raise RLIMIT_MEMLOCK before making maps";
    source "kernel/bpf/syscall.c", "bpf_map_charge_init";

    MAP_UNPRIVILEGED "map-unprivileged": EPERM, "map_type", since(4, 4);
    rule "Map types that are not for everybody need CAP_SYS_ADMIN, from v5.8 on CAP_BPF, some \
          CAP_NET_ADMIN; BPF_F_ZERO_SEED needs CAP_SYS_ADMIN; from v6.5 on \
          unprivileged_bpf_disabled is asked here.";
    avoid "give the caller CAP_BPF, and CAP_NET_ADMIN for maps of the network";
    source "kernel/bpf/syscall.c", "map_create";

    MAP_BTF_TYPES "map-btf-types": EINVAL, "btf_key_type_id, btf_value_type_id", since(4, 18);
    rule "Types of keys and values go together: a key type not without a value type (v5.6), a \
          kernel's own value type for BPF_MAP_TYPE_STRUCT_OPS alone, and types where the map type \
          cannot be without.";
    avoid "pass both ids with btf_fd, or none";
    source "kernel/bpf/syscall.c", "map_create";

    MAP_OFFLOAD "map-offload": EINVAL [EOPNOTSUPP from (4, 17)], "map_ifindex", since(4, 16);
    rule "map_ifindex names a network card that keeps maps itself, for an array or a hash.";
    avoid "leave map_ifindex 0";
    source "kernel/bpf/offload.c", "bpf_map_offload_map_alloc";

    MAP_OFFLOAD_UNPRIVILEGED "map-offload-unprivileged": EPERM, "map_ifindex", since(4, 16);
    rule "A map on a network card needs CAP_SYS_ADMIN.";
    avoid "leave map_ifindex 0";
    source "kernel/bpf/offload.c", "bpf_map_offload_map_alloc";

    MAP_TOKEN_NOT_OPEN "map-token-not-open": EBADF, "map_token_fd", since(6, 9);
    rule "With BPF_F_TOKEN_FD map_token_fd is an open fd.";
    avoid "leave the flag out, or pass the fd that BPF_TOKEN_CREATE returned";
    source "kernel/bpf/token.c", "bpf_token_get_from_fd";

    MAP_TOKEN_NO_TOKEN "map-token-no-token": EINVAL, "map_token_fd", since(6, 9);
    rule "With BPF_F_TOKEN_FD map_token_fd is an fd of a token.";
    avoid "leave the flag out, or pass the fd that BPF_TOKEN_CREATE returned";
    source "kernel/bpf/token.c", "bpf_token_get_from_fd";

    INNER_MAP_NESTED "inner-map-nested": EINVAL, "inner_map_fd", since(4, 12);
    rule "A map inside of a map holds no maps itself.";
    avoid "nest once";
    source "kernel/bpf/map_in_map.c", "bpf_map_meta_alloc";

    INNER_MAP_TYPE "inner-map-type": ENOTSUPP, "inner_map_fd", since(4, 12);
    rule "Program arrays, the storages of cgroups and struct_ops cannot be inside of a map.";
    avoid "put plain maps inside";
    source "kernel/bpf/map_in_map.c", "bpf_map_meta_alloc";

    EXCLUSIVE_HASH "exclusive-hash": EINVAL, "excl_prog_hash", since(6, 18);
    rule "The hash of the one program that may use the map has 32 bytes; without a pointer \
          excl_prog_hash_size is 0.";
    avoid "pass both or none";
    source "kernel/bpf/syscall.c", "map_create";

    EXCLUSIVE_HASH_UNREADABLE "exclusive-hash-unreadable": EFAULT, "excl_prog_hash", since(6, 18);
    rule "The pointer excl_prog_hash leads to 32 readable bytes.";
    avoid "pass a pointer to the hash";
    source "kernel/bpf/syscall.c", "map_create";
}
