// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in a plain hash whose key holds the CPU: what a program could do before any
// series. Every key of every CPU is an element of its own, so there are as many as entries x CPUs.
#include "bpf_api.h"

struct key_and_cpu {
	u32 key;
	u32 cpu;
};

#define CPUS 4

LEGACY_MAP(stats, MAP_TYPE_HASH, struct key_and_cpu, struct counters, 1 * CPUS);

SEC("socket")
int count(struct __sk_buff *skb)
{
	struct key_and_cpu key = {.key = 0, .cpu = get_smp_processor_id()};
	struct counters *slot = map_lookup_elem(&stats, &key);

	if (slot)
		count_packet(slot, BYTES);
	return 0;
}

LICENSE("GPL");
