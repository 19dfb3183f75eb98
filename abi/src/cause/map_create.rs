//! `BPF_MAP_CREATE`.

use super::{causes, since};

causes! { "BPF_MAP_CREATE";
    MAP_TYPE_UNKNOWN "map-type-unknown": EINVAL, "map_type", since(3, 18);
    rule "The release has a map type with this number, and its configuration has not left it out. \
          v3.18 has none at all.";
    avoid "look up the release of the map type (bpfsim kernels), and do without it on older \
           kernels";
    source "kernel/bpf/syscall.c", "map_create";
}
