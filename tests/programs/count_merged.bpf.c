// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in a per-CPU array as v4.6 merged it: the plain lookup finds this CPU's slot.
// The f-cpu series changes nothing for programs, so this is its program too.
#include "bpf_api.h"

BTF_MAP(stats, MAP_TYPE_PERCPU_ARRAY, u32, struct counters, 1);

SEC("socket")
int count(struct __sk_buff *skb)
{
	u32 key = 0;
	struct counters *slot = map_lookup_elem(&stats, &key);

	if (slot)
		count_packet(slot, BYTES);
	return 0;
}

LICENSE("GPL");
