// SPDX-License-Identifier: MIT OR Apache-2.0
// One program for each way to name a section, two maps, a version: what the object loader reads.
#include "bpf_api.h"

LEGACY_MAP(first, MAP_TYPE_ARRAY, u32, u64, 2);
LEGACY_MAP(second, MAP_TYPE_HASH, u64, struct counters, 8);

#define PROGRAM(SECTION, NAME, MAP, KEY)                                                \
	SEC(SECTION) int NAME(void *ctx)                                                \
	{                                                                               \
		KEY key = 0;                                                            \
		return map_lookup_elem(&MAP, &key) != 0;                                \
	}

PROGRAM("socket1", in_socket1, first, u32)
PROGRAM("kprobe/sys_write", in_kprobe, second, u64)
PROGRAM("kretprobe/sys_write", in_kretprobe, first, u32)
PROGRAM("tp/sched/sched_switch", in_tp, second, u64)
PROGRAM("tracepoint/sched/sched_wakeup", in_tracepoint, first, u32)
PROGRAM("raw_tp/sched_switch", in_raw_tp, second, u64)
PROGRAM("xdp", in_xdp, first, u32)
PROGRAM("tc", in_tc, second, u64)
PROGRAM("classifier", in_classifier, first, u32)
PROGRAM("action", in_action, second, u64)
PROGRAM("perf_event", in_perf_event, first, u32)
/* Two programs of one section. */
PROGRAM("socket/pair", pair_one, first, u32)
PROGRAM("socket/pair", pair_two, second, u64)

SEC("version") u32 _version = 0x00040400;
LICENSE("Dual MIT/GPL");
