// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in a per-CPU hash of the martin-lau series: the plain lookup finds this CPU's
// slot, and a program that misses inserts zeros first.
#include "bpf_api.h"

LEGACY_MAP(stats, MAP_TYPE_PERCPU_HASH, u32, struct counters, 1);

SEC("socket")
int count(struct __sk_buff *skb)
{
	u32 key = 0;
	struct counters *slot = map_lookup_elem(&stats, &key);

	if (!slot) {
		struct counters zero = {};

		map_update_elem(&stats, &key, &zero, UPDATE_NOEXIST);
		slot = map_lookup_elem(&stats, &key);
		if (!slot)
			return 0;
	}
	count_packet(slot, BYTES);
	return 0;
}

LICENSE("GPL");
