// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts into the slot of CPU 1, whatever CPU it runs on: the ming-lei helper lets it, and the
// owner's own counting loses updates.
#include "bpf_api.h"

#define FOREIGN_CPU 1

LEGACY_MAP(stats, MAP_TYPE_ARRAY_PERCPU, u32, struct counters, 1);

SEC("socket")
int count(struct __sk_buff *skb)
{
	u32 key = 0;
	struct counters *slot = map_lookup_elem_percpu(&stats, &key, FOREIGN_CPU);

	if (slot)
		count_packet(slot, BYTES);
	return 0;
}

LICENSE("GPL");
