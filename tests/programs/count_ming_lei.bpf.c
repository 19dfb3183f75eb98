// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in a per-CPU array of the ming-lei series: the program asks which CPU it is on
// and passes the number to the lookup.
#include "bpf_api.h"

LEGACY_MAP(stats, MAP_TYPE_ARRAY_PERCPU, u32, struct counters, 1);

SEC("socket")
int count(struct __sk_buff *skb)
{
	u32 key = 0;
	u32 cpu = get_smp_processor_id();
	struct counters *slot = map_lookup_elem_percpu(&stats, &key, cpu);

	if (slot)
		count_packet(slot, BYTES);
	return 0;
}

LICENSE("GPL");
