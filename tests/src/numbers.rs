//! Numbers of `include/uapi/linux/bpf.h` of v6.18, restated.

/// Commands of bpf(2).
pub mod cmd {
    /// `BPF_MAP_CREATE`.
    pub const MAP_CREATE: u32 = 0;
    /// `BPF_MAP_LOOKUP_ELEM`.
    pub const LOOKUP: u32 = 1;
    /// `BPF_MAP_UPDATE_ELEM`.
    pub const UPDATE: u32 = 2;
    /// `BPF_MAP_DELETE_ELEM`.
    pub const DELETE: u32 = 3;
    /// `BPF_MAP_GET_NEXT_KEY`.
    pub const NEXT_KEY: u32 = 4;
    /// `BPF_PROG_LOAD`.
    pub const PROG_LOAD: u32 = 5;
    /// `BPF_OBJ_PIN`.
    pub const OBJ_PIN: u32 = 6;
    /// `BPF_OBJ_GET`.
    pub const OBJ_GET: u32 = 7;
    /// `BPF_PROG_TEST_RUN`, v4.12.
    pub const TEST_RUN: u32 = 10;
    /// `BPF_PROG_GET_NEXT_ID`, v4.13.
    pub const PROG_NEXT_ID: u32 = 11;
    /// `BPF_MAP_GET_NEXT_ID`, v4.13.
    pub const MAP_NEXT_ID: u32 = 12;
    /// `BPF_PROG_GET_FD_BY_ID`, v4.13.
    pub const PROG_BY_ID: u32 = 13;
    /// `BPF_MAP_GET_FD_BY_ID`, v4.13.
    pub const MAP_BY_ID: u32 = 14;
    /// `BPF_OBJ_GET_INFO_BY_FD`, v4.13.
    pub const INFO: u32 = 15;
    /// `BPF_BTF_LOAD`, v4.18.
    pub const BTF_LOAD: u32 = 18;
    /// `BPF_BTF_GET_FD_BY_ID`, v4.18.
    pub const BTF_BY_ID: u32 = 19;
    /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`, v4.20.
    pub const TAKE: u32 = 21;
    /// `BPF_MAP_FREEZE`, v5.2.
    pub const FREEZE: u32 = 22;
    /// `BPF_BTF_GET_NEXT_ID`, v5.4.
    pub const BTF_NEXT_ID: u32 = 23;
    /// `BPF_MAP_LOOKUP_BATCH`, v5.6.
    pub const LOOKUP_BATCH: u32 = 24;
    /// `BPF_MAP_LOOKUP_AND_DELETE_BATCH`, v5.6.
    pub const TAKE_BATCH: u32 = 25;
    /// `BPF_MAP_UPDATE_BATCH`, v5.6.
    pub const UPDATE_BATCH: u32 = 26;
    /// `BPF_MAP_DELETE_BATCH`, v5.6.
    pub const DELETE_BATCH: u32 = 27;
    /// `BPF_PROG_BIND_MAP`, v5.10.
    pub const BIND_MAP: u32 = 35;
}

/// Map types.
pub mod map {
    /// `BPF_MAP_TYPE_HASH`.
    pub const HASH: u32 = 1;
    /// `BPF_MAP_TYPE_ARRAY`.
    pub const ARRAY: u32 = 2;
    /// `BPF_MAP_TYPE_PERCPU_HASH`, v4.6.
    pub const PERCPU_HASH: u32 = 5;
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`, v4.6.
    pub const PERCPU_ARRAY: u32 = 6;
    /// `BPF_MAP_TYPE_PROG_ARRAY`, v4.2.
    pub const PROG_ARRAY: u32 = 3;
    /// `BPF_MAP_TYPE_PERF_EVENT_ARRAY`, v4.3.
    pub const PERF_EVENT_ARRAY: u32 = 4;
    /// `BPF_MAP_TYPE_STACK_TRACE`, v4.6.
    pub const STACK_TRACE: u32 = 7;
    /// `BPF_MAP_TYPE_CGROUP_ARRAY`, v4.8.
    pub const CGROUP_ARRAY: u32 = 8;
    /// `BPF_MAP_TYPE_LRU_HASH`, v4.10.
    pub const LRU_HASH: u32 = 9;
    /// `BPF_MAP_TYPE_LRU_PERCPU_HASH`, v4.10.
    pub const LRU_PERCPU_HASH: u32 = 10;
    /// `BPF_MAP_TYPE_LPM_TRIE`, v4.11.
    pub const LPM_TRIE: u32 = 11;
    /// `BPF_MAP_TYPE_ARRAY_OF_MAPS`, v4.12.
    pub const ARRAY_OF_MAPS: u32 = 12;
    /// `BPF_MAP_TYPE_HASH_OF_MAPS`, v4.12.
    pub const HASH_OF_MAPS: u32 = 13;
    /// `BPF_MAP_TYPE_DEVMAP`, v4.14.
    pub const DEVMAP: u32 = 14;
    /// `BPF_MAP_TYPE_SOCKMAP`, v4.14.
    pub const SOCKMAP: u32 = 15;
    /// `BPF_MAP_TYPE_CPUMAP`, v4.15.
    pub const CPUMAP: u32 = 16;
    /// `BPF_MAP_TYPE_XSKMAP`, v4.18.
    pub const XSKMAP: u32 = 17;
    /// `BPF_MAP_TYPE_SOCKHASH`, v4.18.
    pub const SOCKHASH: u32 = 18;
    /// `BPF_MAP_TYPE_CGROUP_STORAGE`, v4.19.
    pub const CGROUP_STORAGE: u32 = 19;
    /// `BPF_MAP_TYPE_REUSEPORT_SOCKARRAY`, v4.19.
    pub const REUSEPORT_SOCKARRAY: u32 = 20;
    /// `BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE`, v4.20.
    pub const PERCPU_CGROUP_STORAGE: u32 = 21;
    /// `BPF_MAP_TYPE_QUEUE`, v4.20.
    pub const QUEUE: u32 = 22;
    /// `BPF_MAP_TYPE_STACK`, v4.20.
    pub const STACK: u32 = 23;
    /// `BPF_MAP_TYPE_SK_STORAGE`, v5.2.
    pub const SK_STORAGE: u32 = 24;
    /// `BPF_MAP_TYPE_DEVMAP_HASH`, v5.4.
    pub const DEVMAP_HASH: u32 = 25;
    /// `BPF_MAP_TYPE_RINGBUF`, v5.8.
    pub const RINGBUF: u32 = 27;
    /// `BPF_MAP_TYPE_INODE_STORAGE`, v5.10.
    pub const INODE_STORAGE: u32 = 28;
    /// `BPF_MAP_TYPE_TASK_STORAGE`, v5.11.
    pub const TASK_STORAGE: u32 = 29;
    /// `BPF_MAP_TYPE_BLOOM_FILTER`, v5.16.
    pub const BLOOM_FILTER: u32 = 30;
    /// `BPF_MAP_TYPE_USER_RINGBUF`, v6.1.
    pub const USER_RINGBUF: u32 = 31;
    /// `BPF_MAP_TYPE_CGRP_STORAGE`, v6.2.
    pub const CGRP_STORAGE: u32 = 32;
    /// `BPF_MAP_TYPE_ARENA`, v6.9.
    pub const ARENA: u32 = 33;
    /// `BPF_MAP_TYPE_INSN_ARRAY`, v6.19.
    pub const INSN_ARRAY: u32 = 34;
}

/// `flags` of an update.
pub mod flag {
    /// `BPF_ANY`.
    pub const ANY: u64 = 0;
    /// `BPF_NOEXIST`.
    pub const NOEXIST: u64 = 1;
    /// `BPF_EXIST`.
    pub const EXIST: u64 = 2;
    /// `BPF_F_LOCK`, v5.1.
    pub const LOCK: u64 = 4;
    /// `BPF_F_CPU`, v7.0.
    pub const CPU: u64 = 8;
    /// `BPF_F_ALL_CPUS`, v7.0.
    pub const ALL_CPUS: u64 = 16;
}

/// `map_flags` of MAP_CREATE.
pub mod create {
    /// `BPF_F_NO_PREALLOC`, v4.6.
    pub const NO_PREALLOC: u32 = 1;
    /// `BPF_F_NO_COMMON_LRU`, v4.10.
    pub const NO_COMMON_LRU: u32 = 2;
    /// `BPF_F_NUMA_NODE`, v4.14.
    pub const NUMA_NODE: u32 = 4;
    /// `BPF_F_RDONLY`, v4.15.
    pub const RDONLY: u32 = 8;
    /// `BPF_F_WRONLY`, v4.15.
    pub const WRONLY: u32 = 16;
    /// `BPF_F_STACK_BUILD_ID`, v4.17.
    pub const STACK_BUILD_ID: u32 = 32;
    /// `BPF_F_ZERO_SEED`, v5.0.
    pub const ZERO_SEED: u32 = 64;
    /// `BPF_F_RDONLY_PROG`, v5.2.
    pub const RDONLY_PROG: u32 = 128;
    /// `BPF_F_WRONLY_PROG`, v5.2.
    pub const WRONLY_PROG: u32 = 256;
    /// `BPF_F_MMAPABLE`, v5.5.
    pub const MMAPABLE: u32 = 1024;
    /// `BPF_F_PRESERVE_ELEMS`, v5.10.
    pub const PRESERVE_ELEMS: u32 = 2048;
    /// `BPF_F_INNER_MAP`, v5.10.
    pub const INNER_MAP: u32 = 4096;
}

/// Program types.
pub mod prog {
    /// `BPF_PROG_TYPE_SOCKET_FILTER`.
    pub const SOCKET_FILTER: u32 = 1;
    /// `BPF_PROG_TYPE_KPROBE`.
    pub const KPROBE: u32 = 2;
    /// `BPF_PROG_TYPE_SCHED_CLS`.
    pub const SCHED_CLS: u32 = 3;
}
