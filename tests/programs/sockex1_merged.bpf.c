// SPDX-License-Identifier: MIT OR Apache-2.0
// In the manner of the sockex1 sample: counts packets and their bytes for each IP protocol,
// in a per-CPU array as v4.6 merged it.
#include "bpf_api.h"

LEGACY_MAP(stats, MAP_TYPE_PERCPU_ARRAY, u32, struct counters, 256);

SEC("socket")
int count(struct __sk_buff *skb)
{
	u32 key = load_byte(skb, IP_PROTOCOL_AT);
	struct counters *slot = map_lookup_elem(&stats, &key);

	if (slot)
		count_packet(slot, skb->len);
	return 0;
}

LICENSE("GPL");
