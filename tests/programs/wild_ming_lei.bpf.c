// SPDX-License-Identifier: MIT OR Apache-2.0
// Takes the CPU number from the packet: the ming-lei helper never compares it with the number of
// CPUs, so the slot may be anywhere. WILD_CPU is the expression.
#include "bpf_api.h"

#ifndef WILD_CPU
#define WILD_CPU (skb->len)
#endif

LEGACY_MAP(stats, MAP_TYPE_ARRAY_PERCPU, u32, struct counters, 1);

SEC("socket")
int count(struct __sk_buff *skb)
{
	u32 key = 0;
	struct counters *slot = map_lookup_elem_percpu(&stats, &key, WILD_CPU);

	if (slot)
		count_packet(slot, BYTES);
	return 0;
}

LICENSE("GPL");
